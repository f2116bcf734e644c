"""Learning-rate schedules. Each is a pure function of the step, `Scheduler.rate`.

A schedule writes ``group["lr"]``, which kernels read when they run: a Program sees
every change without being recorded again. Call ``step()`` outside of compiled
functions, once per epoch or per optimizer step, as PyTorch's (same names and forms).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from autograd_core.optim.optimizer import Optimizer, check_names, describe


class Scheduler:
    """Base of the schedules: counts steps and sets each group's learning rate.

    The learning rate that a group has when its schedule is made is the ``base`` that
    `rate` starts from; step 0 is set at once.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            name, given = type(self).__name__, describe(optimizer)
            raise TypeError(f"{name}: must be an Optimizer, got {given}")
        self.optimizer = optimizer
        self.base_lrs: list[float] = [group["lr"] for group in optimizer.param_groups]
        self.last_epoch = 0
        self._write()

    def rate(self, step: int, base: float) -> float:
        """The learning rate after ``step`` steps of a group that started with base."""
        raise NotImplementedError

    def step(self) -> None:
        """Go one step on and set the learning rates."""
        self.last_epoch += 1
        self._write()

    def _write(self) -> None:
        groups = self.optimizer.param_groups
        for i, (group, base) in enumerate(zip(groups, self.base_lrs, strict=True)):
            group["lr"] = self.group_rate(i, base)

    def group_rate(self, group: int, base: float) -> float:
        """`rate` now, for schedules that differ between groups."""
        return self.rate(self.last_epoch, base)

    def get_last_lr(self) -> list[float]:
        """The learning rate of every group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers: where the schedule stands, not its shape."""
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`; raises ValueError if it is not of this kind."""
        mine = self.state_dict()
        check_names(f"{type(self).__name__}.load_state_dict", state_dict, mine)
        for name, value in state_dict.items():
            own, label = mine[name], f"{type(self).__name__}.load_state_dict: {name}"
            many = isinstance(own, list)
            if many and (not isinstance(value, list) or len(value) != len(own)):
                count = len(value) if isinstance(value, list) else describe(value)
                raise ValueError(f"{label} is for {count} groups, expected {len(own)}")
            for number in value if many else [value]:
                wanted = int if isinstance(own, int) else int | float
                if isinstance(number, bool) or not isinstance(number, wanted):
                    raise ValueError(f"{label} must be a number, got {number!r}")
        for name, value in state_dict.items():
            setattr(self, name, list(value) if isinstance(value, list) else value)
        self._write()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(step={self.last_epoch}, lr={self.get_last_lr()})"


class LambdaLR(Scheduler):
    """base * factor(step); ``factor`` is a function, or one for each group."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
    ) -> None:
        count = len(optimizer.param_groups)
        self.factors = [lr_lambda] * count if callable(lr_lambda) else list(lr_lambda)
        if len(self.factors) != count:
            raise ValueError(
                f"LambdaLR: got {len(self.factors)} functions for {count} groups"
            )
        super().__init__(optimizer)

    def group_rate(self, group: int, base: float) -> float:
        """The group's own function of the step."""
        return base * self.factors[group](self.last_epoch)


class StepLR(Scheduler):
    """base * gamma^(step // step_size)."""

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1
    ) -> None:
        self.step_size, self.gamma = positive("StepLR", "step_size", step_size), gamma
        super().__init__(optimizer)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        return base * self.gamma ** (step // self.step_size)


class MultiStepLR(Scheduler):
    """base * gamma^(number of milestones reached)."""

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1
    ) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        return base * self.gamma ** bisect_right(self.milestones, step)


class ExponentialLR(Scheduler):
    """base * gamma^step."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        return base * self.gamma**step


class LinearLR(Scheduler):
    """base * a factor that goes from start to end in ``total_iters`` steps."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        self.total_iters = positive("LinearLR", "total_iters", total_iters)
        self.start_factor, self.end_factor = start_factor, end_factor
        super().__init__(optimizer)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        done = min(step, self.total_iters) / self.total_iters
        return base * (self.start_factor + (self.end_factor - self.start_factor) * done)


class CosineAnnealingLR(Scheduler):
    """Half a cosine from base to eta_min in T_max steps, and up again (SGDR, 2017).

    With ``warmup`` steps the rate rises linearly from base / warmup to base before.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,  # noqa: N803  PyTorch's name
        eta_min: float = 0.0,
        *,
        warmup: int = 0,
    ) -> None:
        self.T_max = positive("CosineAnnealingLR", "T_max", T_max)
        self.eta_min, self.warmup = eta_min, warmup
        super().__init__(optimizer)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        if step < self.warmup:
            return base * (step + 1) / self.warmup
        return cosine(base, self.eta_min, (step - self.warmup) / self.T_max)


class OneCycleLR(Scheduler):
    """One cycle up to max_lr and down to nearly nothing (Smith & Topin 2018), cosines.

    From max_lr / div_factor up in ``pct_start`` of the steps, then down to that over
    ``final_div_factor``. Momentum is left as it is, unlike PyTorch's default.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        self.total_steps = positive("OneCycleLR", "total_steps", total_steps)
        if not 0 < pct_start < 1:
            raise ValueError(f"OneCycleLR: pct_start must lie in (0, 1): {pct_start}")
        self.max_lr, self.peak = max_lr, pct_start * total_steps - 1
        self.low = max_lr / div_factor
        self.final = self.low / final_div_factor
        super().__init__(optimizer)

    def rate(self, step: int, base: float) -> float:
        """See the class."""
        if step < self.peak:
            return cosine(self.low, self.max_lr, step / self.peak)
        last = self.total_steps - 1
        done = min(1.0, (step - self.peak) / (last - self.peak))
        return cosine(self.max_lr, self.final, done)


class ReduceLROnPlateau(Scheduler):
    """lr * factor whenever the metric has not improved for more than patience steps.

    ``mode`` is "min" or "max"; better means better than the best by ``threshold``, a
    fraction ("rel") or an amount ("abs"). After a cut, ``cooldown`` steps do not count.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(
                "ReduceLROnPlateau: mode is 'min' or 'max', threshold_mode 'rel' or "
                f"'abs'; got {mode!r}, {threshold_mode!r}"
            )
        if not 0 <= factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must lie in [0, 1): {factor}")
        self.sign = 1.0 if mode == "min" else -1.0
        self.factor, self.patience, self.cooldown = factor, patience, cooldown
        self.threshold, self.relative = threshold, threshold_mode == "rel"
        self.min_lr, self.eps = min_lr, eps
        self.best, self.num_bad_epochs, self.cooling = self.sign * math.inf, 0, 0
        super().__init__(optimizer)

    def step(self, metrics: Any = None) -> None:
        """Judge the metric of one epoch (a number or a scalar Tensor)."""
        if metrics is None:
            raise TypeError("ReduceLROnPlateau.step: needs the metric, step(loss)")
        value = float(metrics)
        self.last_epoch += 1
        margin = abs(self.best) * self.threshold if self.relative else self.threshold
        if math.isinf(self.best):
            margin = 0.0
        if self.sign * (self.best - value) > margin:
            self.best, self.num_bad_epochs = value, 0
        else:
            self.num_bad_epochs += 1
        if self.cooling > 0:
            self.cooling -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.cooling, self.num_bad_epochs = self.cooldown, 0
            for group in self.optimizer.param_groups:
                lower = max(group["lr"] * self.factor, self.min_lr)
                if group["lr"] - lower > self.eps:
                    group["lr"] = lower

    def group_rate(self, group: int, base: float) -> float:
        """Only a plateau changes the rate."""
        rate: float = self.optimizer.param_groups[group]["lr"]
        return rate

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers: where the schedule stands, not its shape."""
        names = ("best", "num_bad_epochs", "cooling")
        return super().state_dict() | {name: getattr(self, name) for name in names}


def cosine(start: float, end: float, done: float) -> float:
    """Half a cosine from start (done = 0) to end (done = 1)."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def positive(owner: str, name: str, value: int) -> int:
    """``value`` if it is a whole number above 0."""
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"{owner}: {name} must be a whole number > 0, got {value!r}")
    return value
