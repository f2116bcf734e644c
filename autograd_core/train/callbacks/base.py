"""Callback: what a run calls, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd_core.train.run import Run


class Callback:
    """Base: override what is needed. A run calls them in the order given.

    `reset`, `check`, then, if all of them found nothing wrong, `start`, `step` and
    `epoch` many times, `end`, `close`. What a run changes in a callback is made in
    `reset`, not in ``__init__`` alone: one callback may serve several runs, as those of
    a cross-validation, and none may see what another has left. ``run.stop(reason)``
    ends the training after the step under way. What a resumed run must know goes into
    `state_dict`. ``last`` callbacks come after all others.

    >>> from autograd_core import train
    >>> class Count(train.Callback):
    ...     def reset(self):
    ...         self.steps = 0
    ...
    ...     def step(self, run):
    ...         self.steps += 1
    """

    last = False

    def has(self, hook: str) -> bool:
        """Whether the hook is one of its own, of its class or set on it."""
        own = getattr(getattr(self, hook), "__func__", None)
        return own is not getattr(Callback, hook)

    @property
    def every_step(self) -> bool:
        """Whether `step` must be called after each one, so that none go together."""
        return self.has("step")

    @property
    def kind(self) -> str:
        """What a resumed run must find again, if there is a state to load."""
        return type(self).__name__

    def reset(self) -> None:
        """A run begins (or is resumed: then `load_state_dict` follows): start anew."""

    def check(self, run: Run) -> None:
        """Before anything is changed: raise what can be known to go wrong later.

        Again after `load_state_dict`.
        """

    def start(self, run: Run) -> None:
        """Before the first step."""

    def step(self, run: Run) -> None:
        """After every step, or some of them: see `every_step`."""

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

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
