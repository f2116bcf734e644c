"""Stop where nothing gets better, and go back to the best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.nn import check
from autograd_core.train.callbacks.base import Callback
from autograd_core.train.monitor import Best, mode_of

if TYPE_CHECKING:
    from autograd_core.train.run import Run


class EarlyStopping(Callback):
    """Stops when a column has not become better for ``patience`` epochs.

    Better: ``monitor`` is smaller (``mode="min"``) or larger ("max") by more than
    ``min_delta``; NaN never is. The mode follows from a name that says what it is
    (loss, error, ... are small, accuracy, f1, auc, r2, precision, recall, top_5 large);
    a ValueError asks for that of another. The end restores the best weights (averaged
    ones, if the run averages) unless ``restore=False`` or the run was interrupted (a
    resumed one will). Epochs without validation are not judged.

    Raises KeyError before training if there will be no such column. Prechelt: "Early
    stopping - but when?", 1998.
    """

    def __init__(
        self,
        monitor: str = "valid_loss",
        patience: int = 10,
        min_delta: float = 0.0,
        mode: str | None = None,
        restore: bool = True,
    ) -> None:
        self.monitor, self.restore = monitor, bool(restore)
        self.patience = check.size("EarlyStopping: patience", patience)
        delta = check.number("EarlyStopping: min_delta", min_delta, 0.0)
        self._best = Best(monitor, mode_of(monitor, mode, "EarlyStopping"), delta)
        self.weights: dict[str, Any] = {}

    @property
    def best(self) -> float:
        """The best value so far."""
        return self._best.value

    @property
    def best_epoch(self) -> int:
        """The epoch that had it, counted from 1; 0 before any."""
        return self._best.epoch

    def reset(self) -> None:
        """Another run's best is nothing to this one."""
        self._best.forget()
        self.weights = {}

    def check(self, run: Run) -> None:
        """There must be such a column, and the best weights must be the model's."""
        run.require_column(self.monitor, "EarlyStopping")
        if self.weights and kinds(self.weights) != kinds(run.model.state_dict()):
            raise ValueError("EarlyStopping: the best weights are of another model")

    def epoch(self, run: Run) -> None:
        """Judge the epoch."""
        if not run.measured(self.monitor):
            return
        if self._best.take(run.history.last(self.monitor), run.epoch):
            self.weights = run.weights() if self.restore else {}
        elif run.epoch - self.best_epoch >= self.patience:
            best = f"the best was {self.best:.6g} in epoch {self.best_epoch}"
            if not self.best_epoch:
                best = "it was never a number"
            run.stop(f"no better {self.monitor} in {self.patience} epochs; {best}")

    def end(self, run: Run) -> None:
        """Back to the best weights."""
        if self.weights and not run.history.interrupted:
            run.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """Best value, its epoch and its weights."""
        best = self._best
        return {"best": best.value, "best_epoch": best.epoch, "weights": self.weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there; ValueError if it is not a state of this kind."""
        best, epoch, weights = (state[name] for name in self.state_dict())
        numbers = isinstance(best, float) and isinstance(epoch, int)
        if not numbers or not isinstance(weights, Mapping):
            raise ValueError(f"EarlyStopping: not its state: {dict(state)!r:.200}")
        self._best.value, self._best.epoch = best, epoch
        self.weights = dict(weights)

    def __repr__(self) -> str:
        best = f"; best {self.best:.6g} in epoch {self.best_epoch}"
        return (
            f"EarlyStopping({self.monitor!r}, patience={self.patience}, mode="
            f"{self._best.mode!r}{best * bool(self.best_epoch)})"
        )


def kinds(weights: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Shape and dtype of every tensor by name."""
    arrays = {name: np.asarray(value) for name, value in weights.items()}
    return {name: (array.shape, array.dtype) for name, array in arrays.items()}
