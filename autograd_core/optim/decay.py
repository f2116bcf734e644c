"""Schedules that go one way: by steps, smoothly, or as a function says."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd_core.optim.checks import describe
from autograd_core.optim.optimizer import Optimizer
from autograd_core.optim.scheduler import Scheduler, check_optimizer
from autograd_core.optim.settings import at_least, whole


class LambdaLR(Scheduler):
    """base * factor(step); ``lr_lambda`` is the function, or one for each group.

    ``optimizer``, ``warmup`` and what is raised: see `Scheduler`; TypeError for what is
    no function, ValueError for another number of them than of groups.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        *,
        warmup: int = 0,
    ) -> None:
        check_optimizer("LambdaLR", optimizer)
        count = len(optimizer.param_groups)
        given: Any = lr_lambda
        several = isinstance(given, Sequence)
        self.factors: list[Any] = list(given) if several else [given] * count
        if not all(map(callable, self.factors)):
            raise TypeError(
                "LambdaLR: lr_lambda must be a function of the step, or a list of "
                f"them, got {describe(lr_lambda)}"
            )
        if len(self.factors) != count:
            raise ValueError(
                f"LambdaLR: got {len(self.factors)} functions for {count} groups"
            )
        super().__init__(optimizer, warmup=warmup)

    def group_rate(self, group: int, step: int, base: float) -> float:
        """The group's own function of the step."""
        factor: float = self.factors[group](step)
        return base * factor


class StepLR(Scheduler):
    """base * gamma^(step // step_size), of a whole number > 0; gamma is 0.1.

    ``optimizer``, ``warmup`` and what is raised: see `Scheduler`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        step_size: int,
        gamma: float = 0.1,
        *,
        warmup: int = 0,
    ) -> None:
        self.step_size: int = self._checked(whole(1), "step_size", step_size)
        self.gamma: float = self._checked(at_least(0), "gamma", gamma)
        super().__init__(optimizer, warmup=warmup)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        return base * self.gamma ** (step // self.step_size)


class MultiStepLR(Scheduler):
    """base * gamma^(number of ``milestones`` reached), whole numbers; gamma is 0.1.

    ``optimizer``, ``warmup`` and what is raised: see `Scheduler`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        *,
        warmup: int = 0,
    ) -> None:
        if isinstance(milestones, str) or not isinstance(milestones, Iterable):
            raise TypeError(
                "MultiStepLR: milestones must be a sequence of whole numbers, got "
                f"{describe(milestones)}"
            )
        self.milestones: list[int] = sorted(
            self._checked(whole(0), "each of milestones", m) for m in milestones
        )
        self.gamma: float = self._checked(at_least(0), "gamma", gamma)
        super().__init__(optimizer, warmup=warmup)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        return base * self.gamma ** bisect_right(self.milestones, step)


class ExponentialLR(Scheduler):
    """base * gamma^step.

    ``gamma``: 0 or more; ``optimizer``, ``warmup`` and what is raised: see `Scheduler`.
    """

    def __init__(self, optimizer: Optimizer, gamma: float, *, warmup: int = 0) -> None:
        self.gamma: float = self._checked(at_least(0), "gamma", gamma)
        super().__init__(optimizer, warmup=warmup)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        return base * self.gamma**step


class InverseTimeLR(Scheduler):
    """base / (1 + decay * step): the classic 1/t (Robbins & Monro 1951).

    ``decay``: 0 or more; ``optimizer``, ``warmup`` and what is raised: see `Scheduler`.
    """

    def __init__(self, optimizer: Optimizer, decay: float, *, warmup: int = 0) -> None:
        self.decay: float = self._checked(at_least(0), "decay", decay)
        super().__init__(optimizer, warmup=warmup)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        return base / (1 + self.decay * step)


class InverseSqrtLR(Scheduler):
    """base / sqrt(1 + decay * step); with decay 1, over the root of 1, 2, 3, ...

    ``warmup=w, decay=1 / w`` is the schedule of Vaswani et al. 2017, section 5.3.
    ``optimizer``, ``warmup`` and what is raised: see `Scheduler`.
    """

    def __init__(
        self, optimizer: Optimizer, decay: float = 1.0, *, warmup: int = 0
    ) -> None:
        self.decay: float = self._checked(at_least(0), "decay", decay)
        super().__init__(optimizer, warmup=warmup)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        return base / math.sqrt(1 + self.decay * step)


class ConstantLR(Scheduler):
    """base * factor for ``total_iters`` steps, then base.

    ``optimizer``, ``warmup`` and what is raised: see `Scheduler`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        *,
        warmup: int = 0,
    ) -> None:
        self.factor: float = self._checked(at_least(0), "factor", factor)
        self.total_iters: int = self._checked(whole(1), "total_iters", total_iters)
        super().__init__(optimizer, warmup=warmup)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        return base * self.factor if step < self.total_iters else base


class LinearLR(Scheduler):
    """base * a factor from ``start_factor`` to ``end_factor`` in ``total_iters`` steps.

    ``optimizer``, ``warmup`` and what is raised: see `Scheduler`. For a rise at the
    start of another schedule give that one a ``warmup``.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        *,
        warmup: int = 0,
    ) -> None:
        self.start_factor: float = self._checked(
            at_least(0), "start_factor", start_factor
        )
        self.end_factor: float = self._checked(at_least(0), "end_factor", end_factor)
        self.total_iters: int = self._checked(whole(1), "total_iters", total_iters)
        super().__init__(optimizer, warmup=warmup)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        done = min(step, self.total_iters) / self.total_iters
        return base * (self.start_factor + (self.end_factor - self.start_factor) * done)


class PolynomialLR(Scheduler):
    """base * (1 - step / total_iters)^power, and 0 after ``total_iters`` steps.

    ``power`` 1 is a straight line (Liu et al., "ParseNet", 2015, have 0.9);
    ``optimizer``, ``warmup`` and what is raised: see `Scheduler`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        total_iters: int = 5,
        power: float = 1.0,
        *,
        warmup: int = 0,
    ) -> None:
        self.total_iters: int = self._checked(whole(1), "total_iters", total_iters)
        self.power: float = self._checked(at_least(0), "power", power)
        super().__init__(optimizer, warmup=warmup)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        left: float = max(0.0, 1 - step / self.total_iters) ** self.power
        return base * left
