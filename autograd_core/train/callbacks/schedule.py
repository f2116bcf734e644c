"""Learning-rate schedules in a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.optim import OneCycleLR, ReduceLROnPlateau, Scheduler
from autograd_core.train.callbacks.base import Callback
from autograd_core.train.monitor import mode_of

if TYPE_CHECKING:
    from autograd_core.train.run import Run


class Schedule(Callback):
    """Steps a learning-rate scheduler after every epoch or every optimizer step.

    ``every`` is "epoch" or "step": of a `OneCycleLR` "step" unless it is given, of all
    others "epoch". `ReduceLROnPlateau` is stepped every epoch (that has a validation)
    with the column ``monitor``. A bare scheduler in the callbacks of `fit` means this.

    Raises ValueError before training if the scheduler is not of the run's optimizer,
    has fewer steps than the run, or seeks the largest of what is better small.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        every: str | None = None,
        monitor: str = "valid_loss",
    ) -> None:
        if not isinstance(scheduler, Scheduler):
            raise TypeError(
                "Schedule: expected a scheduler, as optim.StepLR(opt, 10), got "
                f"{scheduler!r:.60}"
            )
        plateau = isinstance(scheduler, ReduceLROnPlateau)
        allowed = ("epoch",) if plateau else ("step", "epoch")
        if every is None:
            every = "step" if isinstance(scheduler, OneCycleLR) else "epoch"
        if every not in allowed:
            raise ValueError(
                f"Schedule: every is {' or '.join(map(repr, allowed))} for "
                f"{type(scheduler).__name__}, got {every!r}"
            )
        self.scheduler, self.every, self.monitor = scheduler, every, monitor

    @property
    def kind(self) -> str:
        """With the scheduler's."""
        return f"Schedule({type(self.scheduler).__name__}, every={self.every!r})"

    def check(self, run: Run) -> None:
        """Whether the scheduler can do what it is asked."""
        scheduler = self.scheduler
        if scheduler.optimizer is not run.opt:
            raise ValueError(
                f"Schedule: the {type(scheduler).__name__} is of another optimizer "
                "than the run's; make a new one for each optimizer"
            )
        if isinstance(scheduler, ReduceLROnPlateau):
            run.require_column(self.monitor, "Schedule")
            self._check_mode(scheduler)
        if scheduler.closed:
            raise ValueError(f"Schedule: {scheduler!r} was closed; make a new one")
        calls = run.steps if self.every == "step" else run.epochs
        total = getattr(scheduler, "total_steps", calls)
        if isinstance(scheduler, OneCycleLR) and total < calls:
            raise ValueError(
                f"Schedule: the OneCycleLR has total_steps={total} and the run {calls} "
                f"{self.every}s: it would end at a rate of nearly nothing. Give it "
                f"total_steps={calls}"
            )

    def _check_mode(self, scheduler: ReduceLROnPlateau) -> None:
        mode = "min" if scheduler.sign > 0 else "max"
        try:
            expected = mode_of(self.monitor, None, "Schedule")
        except ValueError:  # the scheduler says it, the name does not
            return
        if mode != expected:
            raise ValueError(
                f"Schedule: the ReduceLROnPlateau has mode={mode!r}, but the better "
                f"{self.monitor!r} is the {expected}: give it mode={expected!r}"
            )

    @property
    def every_step(self) -> bool:
        """Whether the scheduler is of steps."""
        return self.every == "step"

    def start(self, run: Run) -> None:
        """A scheduler that has served a run already may have too few steps left."""
        scheduler, by_step = self.scheduler, self.every == "step"
        left = run.steps - run.step if by_step else run.epochs - run.epoch
        total = getattr(scheduler, "total_steps", np.inf) - scheduler.last_epoch
        if isinstance(scheduler, OneCycleLR) and total < left:
            raise ValueError(
                f"Schedule: {scheduler!r} has {total} steps left and the run takes "
                f"{left}: it would train at a rate of nearly nothing. close() it and "
                "make a new one"
            )

    def step(self, run: Run) -> None:
        """Of every optimizer step."""
        if self.every == "step":
            self.scheduler.step()

    def epoch(self, run: Run) -> None:
        """Of every epoch."""
        if isinstance(self.scheduler, ReduceLROnPlateau):
            if run.measured(self.monitor):
                self.scheduler.step(run.history.last(self.monitor))
        elif self.every == "epoch":
            self.scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        """The scheduler's."""
        return self.scheduler.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """The scheduler's."""
        self.scheduler.load_state_dict(state)

    def __repr__(self) -> str:
        monitor = isinstance(self.scheduler, ReduceLROnPlateau)
        more = f", monitor={self.monitor!r}" if monitor else ""
        return f"Schedule({self.scheduler!r}, every={self.every!r}{more})"


def as_callbacks(given: Any) -> list[Callback]:
    """Callbacks, bare schedulers made ones by epoch; TypeError for anything else."""
    if given is None:
        return []
    if isinstance(given, Callback | Scheduler):
        given = [given]
    if isinstance(given, str | Mapping | type) or not hasattr(given, "__iter__"):
        raise TypeError(f"fit: callbacks must be a list, got {given!r:.60}")
    found: list[Callback] = []
    for item in given:
        if isinstance(item, Scheduler):
            item = Schedule(item)
        if isinstance(item, type):
            raise TypeError(
                f"fit: callbacks must be instances, {item.__name__}(...), not the "
                f"class {item.__name__}"
            )
        if not isinstance(item, Callback):
            raise TypeError(
                "fit: a callback must be a train.Callback or a scheduler, got "
                f"{item!r:.60}"
            )
        found.append(item)
    _check_once(found)
    return found


def _check_once(callbacks: list[Callback]) -> None:
    """Raise ValueError for a callback, or a scheduler, that would be called twice."""
    seen: set[int] = set()
    for callback in callbacks:
        what = callback.scheduler if isinstance(callback, Schedule) else callback
        if id(what) in seen:
            raise ValueError(f"fit: callbacks has {what!r} twice")
        seen.add(id(what))
