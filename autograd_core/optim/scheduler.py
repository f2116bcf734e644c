"""What the learning-rate schedules share. Each is a pure function of the step.

A schedule writes ``group["lr"]``, which kernels read when they run: a Program sees
every change without being recorded again. Call ``step()`` outside of compiled
functions, once per epoch or per optimizer step, as PyTorch's (same names and forms).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from weakref import ref

from autograd_core.foreign.keywords import Answering
from autograd_core.optim.checks import check_names, describe
from autograd_core.optim.optimizer import Optimizer
from autograd_core.optim.settings import Number, Setting, whole

NUMBER = Number(-math.inf, math.inf)


class Scheduler(Answering):
    """Base of the schedules: counts steps and sets each group's learning rate.

    The learning rate that a group of ``optimizer`` has when its schedule is made is the
    ``base`` that `rate` starts from; step 0 is set at once. Before any schedule,
    ``warmup`` steps (default 0) rise linearly, base / warmup, 2 base / warmup, ...,
    base.

    An optimizer has one schedule at a time, because two would overwrite each other's
    rates: raises ValueError for a second one, until the first is closed or nobody has
    it, and for settings out of range; TypeError for what is no optimizer.

    >>> from autograd_core import nn, optim
    >>> opt = optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = optim.StepLR(opt, step_size=2, gamma=0.1, warmup=2)
    >>> rates = []
    >>> for _ in range(6):
    ...     rates.append(round(opt.param_groups[0]["lr"], 2))
    ...     schedule.step()
    >>> rates
    [0.5, 1.0, 1.0, 1.0, 0.1, 0.1]
    """

    def __init__(self, optimizer: Optimizer, *, warmup: int = 0) -> None:
        self.name = type(self).__name__
        check_optimizer(self.name, optimizer)
        self.warmup = int(self._checked(whole(0), "warmup", warmup))
        other = optimizer.schedule and optimizer.schedule()
        if other is not None:
            raise ValueError(
                f"{self.name}: the optimizer has a schedule, {other!r}, and each would "
                "overwrite the other's rates. For a warm-up give any schedule warmup=, "
                "for other combinations use LambdaLR; to replace the first, call its "
                "close()"
            )
        self.optimizer = optimizer
        self.base_lrs: list[float] = [group["lr"] for group in optimizer.param_groups]
        self.last_epoch = 0
        self._write()
        self.closed = False
        optimizer.schedule = ref(self)

    def _checked(self, kind: Setting, name: str, value: Any) -> Any:
        return kind.check(type(self).__name__, name, value)

    def rate(self, step: int, base: float) -> float:
        """The learning rate ``step`` steps after the warm-up, of a group with base."""
        raise NotImplementedError

    def step(self) -> None:
        """Go one step on and set the learning rates."""
        self._check_open()
        self.last_epoch += 1
        self._write()

    def close(self) -> None:
        """Let go of the optimizer: its rates stay, and it may get another schedule."""
        if not self.closed:
            self.closed, self.optimizer.schedule = True, None

    def _check_open(self) -> None:
        groups = len(self.optimizer.param_groups)
        if groups != len(self.base_lrs):
            raise ValueError(
                f"{self.name}.step: made for {len(self.base_lrs)} groups, and the "
                f"optimizer has {groups} now; make a new schedule"
            )
        if self.closed:
            raise RuntimeError(f"{self.name}.step: it was closed; make a new schedule")

    def _write(self) -> None:
        for i, (group, base) in enumerate(
            zip(self.optimizer.param_groups, self.base_lrs, strict=True)
        ):
            group["lr"] = self._rate_now(i, base)

    def _rate_now(self, group: int, base: float) -> float:
        if self.last_epoch < self.warmup:
            return base * (self.last_epoch + 1) / self.warmup
        return self.group_rate(group, self.last_epoch - self.warmup, base)

    def group_rate(self, group: int, step: int, base: float) -> float:
        """`rate`, for schedules that differ between groups."""
        return self.rate(step, base)

    def get_last_lr(self) -> list[float]:
        """The learning rate of every group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers: where the schedule stands, not its shape."""
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`; changes nothing if it raises.

        ValueError or TypeError if it is not of this kind.
        """
        label, mine = f"{self.name}.load_state_dict", self.state_dict()
        check_names(label, state_dict, mine)
        new = {
            name: like(label, name, value, mine[name])
            for name, value in state_dict.items()
        }
        vars(self).update(new)
        self._write()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy, of which the optimizer is a copy too, is that one's schedule."""
        vars(self).update(state)
        if not self.closed:
            self.optimizer.schedule = ref(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(step={self.last_epoch}, lr={self.get_last_lr()})"


def check_optimizer(owner: str, optimizer: Any) -> None:
    """Raise TypeError for what is no Optimizer."""
    if not isinstance(optimizer, Optimizer):
        given = describe(optimizer)
        raise TypeError(f"{owner}: must be an Optimizer, got {given}")


def like(label: str, name: str, value: Any, mine: Any) -> Any:
    """``value`` if it may stand in the place of ``mine``: numbers, or as many."""
    if isinstance(mine, list):
        if not isinstance(value, list) or len(value) != len(mine):
            count = len(value) if isinstance(value, list) else describe(value)
            raise ValueError(
                f"{label}: {name} is for {count} groups, expected {len(mine)}"
            )
        return [like(label, name, v, m) for v, m in zip(value, mine, strict=True)]
    kind = whole(0) if isinstance(mine, int) else NUMBER
    return kind.check(label, name, value)
