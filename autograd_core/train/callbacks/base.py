"""Callback: what a run calls, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from autograd_core.foreign.keywords import Answering

if TYPE_CHECKING:
    from autograd_core.train.run import Run


class Callback(Answering):
    """Base: override what is needed. A run calls them in the order given.

    `reset`, `check`, then, if all of them found nothing wrong, `start`, `step` and
    `epoch` many times, `end`, `close`. ``run.stop(reason)`` ends the training after the
    step under way. What a resumed run must know goes into `state_dict`. ``last``
    callbacks come after all others.

    One callback may serve several runs, as those of a cross-validation, and none sees
    what another has left: before a run each attribute is made what it was before the
    run before, lists, dicts and arrays too, unless somebody has set it in between.
    Three things go on from run to run: attributes named in ``keeps``; containers that
    are arguments of ``__init__`` and attributes of the same name, which are the
    caller's; and the insides of other objects, which `reset` may make anew.

    >>> import numpy as np
    >>> from autograd_core import nn, optim, train
    >>> class Count(train.Callback):
    ...     def __init__(self):
    ...         self.steps = 0
    ...
    ...     def step(self, run):
    ...         self.steps += 1
    >>> count, model, x = Count(), nn.Linear(1, 1), np.ones((100, 1), np.float32)
    >>> opt = optim.SGD(model.parameters(), lr=0.1)
    >>> for _ in range(2):
    ...     history = train.fit(
    ...         model, opt, nn.MSELoss(), (x, x), epochs=3, callbacks=[count]
    ...     )
    >>> count.steps
    6
    """

    last = False
    keeps: tuple[str, ...] = ()

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
        """A run begins, or is resumed (then `load_state_dict` follows).

        Attributes are as before the last run: see above.
        """

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
