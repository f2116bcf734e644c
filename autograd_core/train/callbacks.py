"""What happens around the steps of a run: schedules, early stopping, checkpoints."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.optim import ReduceLROnPlateau, Scheduler
from autograd_core.train import checkpoint

if TYPE_CHECKING:
    from autograd_core.train.trainer import Run


class Callback:
    """Base: override what is needed. A run calls them in the order given.

    ``run.stop(reason)`` ends the training after the step under way. What a resumed run
    must know goes into `state_dict`. ``last`` callbacks come after all others.
    """

    last = False

    def check(self, run: Run) -> None:
        """Raise for what cannot be; also for a state that a resumed run was given."""

    def start(self, run: Run) -> None:
        """Before the first step."""

    def step(self, run: Run) -> None:
        """After every step."""

    def epoch(self, run: Run) -> None:
        """After every epoch; ``run.history.rows[-1]`` is its row."""

    def end(self, run: Run) -> None:
        """After the last step, also of a run that was stopped or interrupted."""

    def close(self, run: Run) -> None:
        """Always at last, after errors too."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""


class Schedule(Callback):
    """Steps a learning-rate scheduler after every optimizer step, or every epoch.

    `ReduceLROnPlateau` is stepped every epoch with the column ``monitor``.
    """

    def __init__(
        self, scheduler: Scheduler, every: str = "step", monitor: str = "valid_loss"
    ) -> None:
        if every not in ("step", "epoch"):
            raise ValueError(f"Schedule: every is 'step' or 'epoch', got {every!r}")
        self.scheduler, self.monitor = scheduler, monitor
        self.plateau = isinstance(scheduler, ReduceLROnPlateau)
        self.each_step = every == "step" and not self.plateau

    def step(self, run: Run) -> None:
        """Of every optimizer step."""
        if self.each_step:
            self.scheduler.step()

    def epoch(self, run: Run) -> None:
        """Of every epoch."""
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(run.history.last(self.monitor))
        elif not self.each_step:
            self.scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        """The scheduler's."""
        return self.scheduler.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """The scheduler's."""
        self.scheduler.load_state_dict(state)


class EarlyStopping(Callback):
    """Stops when a column has not become better for ``patience`` epochs.

    Better: smaller (``mode="min"``) or larger ("max") by more than ``min_delta``; NaN
    never is. The end restores the best weights unless ``restore=False`` or the run was
    interrupted (a resumed one will).
    """

    def __init__(
        self,
        monitor: str = "valid_loss",
        patience: int = 10,
        min_delta: float = 0.0,
        mode: str = "min",
        restore: bool = True,
    ) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"EarlyStopping: mode is 'min' or 'max', got {mode!r}")
        if patience < 1 or min_delta < 0:
            raise ValueError(
                "EarlyStopping: expected patience >= 1 and min_delta >= 0, got "
                f"{patience} and {min_delta}"
            )
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        self.sign = 1.0 if mode == "min" else -1.0
        self.restore = restore
        self.best = math.inf  # of sign * column
        self.best_epoch = 0
        self.weights: dict[str, Any] = {}

    def check(self, run: Run) -> None:
        """The best weights of a resumed run must be the model's."""
        if self.weights and kinds(self.weights) != kinds(run.model.state_dict()):
            raise ValueError("EarlyStopping: the best weights are of another model")

    def epoch(self, run: Run) -> None:
        """Judge the epoch."""
        value = self.sign * run.history.last(self.monitor)
        if value < self.best - self.min_delta:
            self.best, self.best_epoch = value, run.epoch
            self.weights = run.model.state_dict() if self.restore else {}
        elif run.epoch - self.best_epoch >= self.patience:
            run.stop(
                f"no better {self.monitor} in {self.patience} epochs; the best was "
                f"{self.sign * self.best:.6g} in epoch {self.best_epoch}"
            )

    def end(self, run: Run) -> None:
        """Back to the best weights."""
        if self.weights and not run.history.interrupted:
            run.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """Best value, its epoch and its weights."""
        names = ("best", "best_epoch", "weights")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there; ValueError if it is not a state of this kind."""
        best, epoch, weights = (state[name] for name in self.state_dict())
        kinds = (
            isinstance(best, float),
            isinstance(epoch, int),
            isinstance(weights, dict),
        )
        if not all(kinds):
            raise ValueError(f"EarlyStopping: not its state: {dict(state)!r:.200}")
        self.best, self.best_epoch, self.weights = best, epoch, weights


def kinds(weights: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Shape and dtype of every tensor by name."""
    arrays = {name: np.asarray(value) for name, value in weights.items()}
    return {name: (array.shape, array.dtype) for name, array in arrays.items()}


class Checkpoint(Callback):
    """Saves the whole run every ``every`` epochs, at its end, and when interrupted.

    ``fit(..., resume=path)`` goes on from the file bit for bit, also from the middle of
    an epoch. The file before stays beside it as ``path`` + ".previous", and is used if
    this one is damaged. ``extra`` is kept in the file beside the run.
    """

    last = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: int = 1,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        if every < 1:
            raise ValueError(f"Checkpoint: every must be at least 1, got {every}")
        self.path, self.every, self.extra = path, every, dict(extra or {})

    def epoch(self, run: Run) -> None:
        """Save if it is time."""
        if run.epoch % self.every == 0 or run.done:
            self._save(run)

    def end(self, run: Run) -> None:
        """Save where an interrupt came."""
        if run.history.interrupted:
            self._save(run)

    def _save(self, run: Run) -> None:
        tree = run.state_dict() | {"extra": self.extra}
        checkpoint.save(self.path, tree, keep=True)


class Progress(Callback):
    """A bar on standard error if tqdm is installed, else a line for each epoch."""

    def __init__(self) -> None:
        self.bar: Any = None

    def start(self, run: Run) -> None:
        """Show the bar."""
        try:
            from tqdm import tqdm
        except ImportError:
            return
        self.bar = tqdm(
            total=run.steps, initial=run.step, unit=" steps", dynamic_ncols=True
        )

    def step(self, run: Run) -> None:
        """Move the bar."""
        if self.bar is not None:
            epoch = min(run.epoch + 1, run.epochs)
            self.bar.set_description_str(f"epoch {epoch}/{run.epochs}", refresh=False)
            self.bar.set_postfix_str(shown(run.means()), refresh=False)
            self.bar.update()

    def epoch(self, run: Run) -> None:
        """Without a bar, a line."""
        if self.bar is None:
            row = run.history.rows[-1]
            text = f"epoch {run.epoch}/{run.epochs}: {shown(row)}"
            print(text, file=sys.stderr, flush=True)

    def close(self, run: Run) -> None:
        """Leave the bar as it stands."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def shown(row: Mapping[str, float]) -> str:
    """A row of the history for people: accuracies in percent."""
    return ", ".join(
        f"{name} {value:.1%}" if name.endswith("accuracy") else f"{name} {value:.4g}"
        for name, value in row.items()
    )
