"""The schedule that looks at how training goes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.optim.optimizer import Optimizer
from autograd_core.optim.scheduler import NUMBER, Scheduler
from autograd_core.optim.settings import BELOW_ONE, at_least, whole
from autograd_core.tensor import Tensor


class ReduceLROnPlateau(Scheduler):
    """lr * factor whenever the metric has not improved for more than patience steps.

    ``mode`` is "min" or "max"; better means better than the best by ``threshold``, by
    ``threshold_mode`` a fraction ("rel") or an amount ("abs"). After a cut,
    ``cooldown`` steps do not count. Nothing is cut below ``min_lr``, or by less than
    ``eps``. In the ``warmup`` metrics are not judged. ``optimizer`` and what is raised:
    see `Scheduler`.
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
        *,
        warmup: int = 0,
    ) -> None:
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(
                "ReduceLROnPlateau: mode is 'min' or 'max', threshold_mode 'rel' or "
                f"'abs'; got {mode!r}, {threshold_mode!r}"
            )
        self.sign = 1.0 if mode == "min" else -1.0
        self.relative = threshold_mode == "rel"
        self.factor: float = self._checked(BELOW_ONE, "factor", factor)
        self.patience: int = self._checked(whole(0), "patience", patience)
        self.threshold: float = self._checked(at_least(0), "threshold", threshold)
        self.cooldown: int = self._checked(whole(0), "cooldown", cooldown)
        self.min_lr: float = self._checked(at_least(0), "min_lr", min_lr)
        self.eps: float = self._checked(at_least(0), "eps", eps)
        self.best, self.num_bad_epochs, self.cooling = self.sign * math.inf, 0, 0
        super().__init__(optimizer, warmup=warmup)

    def step(self, metrics: Any = None) -> None:
        """Judge the metric of one epoch (a number or a scalar Tensor)."""
        if metrics is None:
            raise TypeError("ReduceLROnPlateau.step: needs the metric, step(loss)")
        value = number(metrics)
        self._check_open()
        self.last_epoch += 1
        if self.last_epoch <= self.warmup:
            self._write()
        else:
            self._judge(value)

    def _judge(self, value: float) -> None:
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
            self._cut()

    def _cut(self) -> None:
        for group in self.optimizer.param_groups:
            lower = max(group["lr"] * self.factor, self.min_lr)
            if group["lr"] - lower > self.eps:
                group["lr"] = lower

    def _write(self) -> None:
        """Only the warm-up and a plateau change the rate."""
        if self.warmup and self.last_epoch <= self.warmup:
            super()._write()

    def rate(self, step: int, base: float) -> float:
        """Where the warm-up ends."""
        return base

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers: where the schedule stands, not its shape."""
        names = ("best", "num_bad_epochs", "cooling")
        return super().state_dict() | {name: getattr(self, name) for name in names}


def number(metric: Any) -> float:
    """The metric as a float; NaN is never better. TypeError for what is no number."""
    if isinstance(metric, Tensor):
        metric = metric.numpy()
    if isinstance(metric, np.ndarray) and metric.ndim == 0:
        metric = metric.item()
    if isinstance(metric, float | np.floating) and math.isnan(metric):
        return math.nan
    return NUMBER.check("ReduceLROnPlateau.step", "the metric", metric)
