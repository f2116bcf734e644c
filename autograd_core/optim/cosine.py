"""Schedules of cosines: annealing, warm restarts, one cycle."""

from __future__ import annotations

import math

from autograd_core.optim.optimizer import Optimizer
from autograd_core.optim.scheduler import Scheduler
from autograd_core.optim.settings import INSIDE, above, at_least, whole


class CosineAnnealingLR(Scheduler):
    """Half a cosine from base to eta_min in T_max steps, and up again.

    Loshchilov & Hutter, "SGDR", ICLR 2017, equation 5, without restarts. ``eta_min``: 0
    or more; ``optimizer``, ``warmup`` and what is raised: see `Scheduler`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,  # noqa: N803  PyTorch's name
        eta_min: float = 0.0,
        *,
        warmup: int = 0,
    ) -> None:
        self.T_max: int = self._checked(whole(1), "T_max", T_max)
        self.eta_min: float = self._checked(at_least(0), "eta_min", eta_min)
        super().__init__(optimizer, warmup=warmup)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        return cosine(base, self.eta_min, step / self.T_max)


class CosineAnnealingWarmRestarts(Scheduler):
    """From base down to eta_min, again and again (Loshchilov & Hutter 2017, eq. 5).

    The first time takes ``T_0`` steps, each later one ``T_mult`` times as many.
    ``optimizer``, ``warmup`` and what is raised: see `Scheduler`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,  # noqa: N803  PyTorch's names
        T_mult: int = 1,  # noqa: N803
        eta_min: float = 0.0,
        *,
        warmup: int = 0,
    ) -> None:
        self.T_0: int = self._checked(whole(1), "T_0", T_0)
        self.T_mult: int = self._checked(whole(1), "T_mult", T_mult)
        self.eta_min: float = self._checked(at_least(0), "eta_min", eta_min)
        super().__init__(optimizer, warmup=warmup)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        length = self.T_0
        if self.T_mult == 1:
            step %= length
        while step >= length:
            step, length = step - length, length * self.T_mult
        return cosine(base, self.eta_min, step / length)


class OneCycleLR(Scheduler):
    """One cycle up to max_lr and down to nearly nothing (Smith & Topin 2018), cosines.

    From max_lr / div_factor up in ``pct_start`` of the steps, then down to that over
    ``final_div_factor``. Momentum is left as it is, unlike PyTorch's default. It counts
    optimizer steps, ``total_steps`` of them, and not epochs. ``optimizer``, ``warmup``
    and what is raised: see `Scheduler`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        *,
        warmup: int = 0,
    ) -> None:
        self.max_lr: float = self._checked(at_least(0), "max_lr", max_lr)
        self.total_steps: int = self._checked(whole(1), "total_steps", total_steps)
        share = self._checked(INSIDE, "pct_start", pct_start)
        self.peak: float = share * self.total_steps - 1
        self.low: float = max_lr / self._checked(above(0), "div_factor", div_factor)
        final = self._checked(above(0), "final_div_factor", final_div_factor)
        self.final: float = self.low / final
        super().__init__(optimizer, warmup=warmup)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        if step < self.peak:
            return cosine(self.low, self.max_lr, step / self.peak)
        last = self.total_steps - 1
        done = min(1.0, (step - self.peak) / (last - self.peak))
        return cosine(self.max_lr, self.final, done)


def cosine(start: float, end: float, done: float) -> float:
    """Half a cosine from start (done = 0) to end (done = 1)."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
