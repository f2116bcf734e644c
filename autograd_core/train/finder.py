"""`find_lr`: which learning rates a model learns with, found in one short sweep.

L. N. Smith, "Cyclical learning rates for training neural networks", WACV 2017, section
3.3; smoothing and end of the sweep as in fastai's ``lr_find``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_core.foreign.keywords import answers
from autograd_core.hooks import Array
from autograd_core.nn import Module
from autograd_core.optim import Optimizer
from autograd_core.tensor import Tensor
from autograd_core.train import plots
from autograd_core.train.aside import (
    as_written,
    batch_at,
    batches_of,
    dtype_of,
    loss_of,
    unchanged,
)
from autograd_core.train.data import Batches
from autograd_core.train.loss import Loss
from autograd_core.train.step import penalty, require_finite

MEMORY = 10  # the average that smooths the losses reaches over this part of the sweep
MARGIN = 10.0  # between the rate that is too high and the one that is suggested
DIVERGED = 4.0  # times the lowest smoothed loss: further on there is nothing to learn


@dataclass(frozen=True, eq=False)
class LearningRates:
    """What `find_lr` found: the loss before each step, and the rate of that step.

    ``lrs`` are the rates, ``smoothed`` exponentially weighted averages of ``losses``,
    without their bias towards 0; all are float64 arrays. ``planned`` steps were to be
    taken; ``diverged`` says that the sweep ended before.
    """

    lrs: Array
    losses: Array
    smoothed: Array
    planned: int
    diverged: bool

    @property
    def suggestion(self) -> float:
        """A tenth of the rate where the smoothed loss is lowest.

        There it begins to rise, as the rate has become too high: fastai's "minimum".
        Raises ValueError if the loss falls nowhere: the sweep began too high, or was
        short.
        """
        lowest = int(self.smoothed.argmin())
        if lowest == 0:
            raise ValueError(
                f"find_lr: the loss falls nowhere in the {len(self.lrs)} steps from lr "
                f"{self.lrs[0]:.3g} to {self.lrs[-1]:.3g}; take a lower `low`, or more "
                "`steps`"
            )
        return float(self.lrs[lowest]) / MARGIN

    def __repr__(self) -> str:
        try:
            found = f"suggestion {self.suggestion:.3g}"
        except ValueError:
            found = "no suggestion: the loss falls nowhere"
        end = ", where it diverged" if self.diverged else ""
        if self.smoothed.argmin() == len(self.lrs) - 1:
            end = ", where it still falls: try a larger `high`"
        return (
            f"LearningRates({found}; {len(self.lrs)} steps from {self.lrs[0]:.3g} to "
            f"{self.lrs[-1]:.3g}{end})"
        )

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Losses by learning rate, the suggestion marked: a Figure."""
        figure, (ax,) = plots.panels(1)
        ax.plot(self.lrs, self.losses, color="tab:blue", alpha=0.3, label="loss")
        ax.plot(self.lrs, self.smoothed, color="tab:blue", label="smoothed")
        try:
            best = self.suggestion
            ax.axvline(best, color="tab:red", ls="--", label=f"suggestion {best:.2g}")
        except ValueError:  # there is none
            pass
        low, high = self.smoothed.min(), self.smoothed[0]
        ax.set_ylim(low - 0.2 * (high - low or 1), high + 0.5 * (high - low or 1))
        ax.set(xscale="log", xlabel="learning rate", ylabel="loss")
        ax.legend(frameon=False)
        return plots.finished(figure, path)


@answers
def find_lr(
    model: Module,
    opt: Optimizer,
    loss: Loss,
    data: Any,
    *,
    low: float = 1e-7,
    high: float = 10.0,
    steps: int = 100,
    batch_size: int = 64,
    seed: int = 0,
    l1: float = 0.0,
    l2: float = 0.0,
) -> LearningRates:
    """Train for ``steps`` with a rate that grows from ``low`` to ``high``, and undo it.

    The rate grows by the same factor each step, the same in all groups of ``opt``. The
    sweep ends early where the smoothed loss is over four times its lowest value, or not
    finite. ``data`` is (x, y), (x, y, sample_weight) or `Batches`; ``batch_size``,
    ``seed``, ``l1`` and ``l2`` are as for `fit`; model, optimizer, gradients, buffers,
    modes and the random generator are as before then, also after an error or Ctrl-C.
    Smith, "Cyclical learning rates for training neural networks", WACV 2017, section
    3.3.

    >>> import numpy as np
    >>> from autograd_core import nn, optim, train
    >>> x = np.random.default_rng(0).standard_normal((256, 4)).astype(np.float32)
    >>> model = nn.Linear(4, 1)
    >>> opt = optim.SGD(model.parameters(), lr=1.0)
    >>> found = train.find_lr(model, opt, nn.functional.mse_loss, (x, x[:, :1]))
    >>> 1e-3 < found.suggestion < 1
    True

    Raises TypeError and ValueError for data that do not fit, an optimizer without a
    learning rate or of another model, and unless 0 < low < high and steps >= 20.
    """
    if not 0 < low < high < math.inf or steps < 20:
        raise ValueError(
            "find_lr: expected 0 < low < high and steps >= 20, got low="
            f"{low}, high={high} and steps={steps}"
        )
    model = as_written(model)
    _check_optimizer(model, opt)
    batches = batches_of(data, batch_size, seed=seed)
    lrs, losses = np.geomspace(low, high, steps), list[float]()
    smoothed, diverged = list[float](), False
    with unchanged(model, opt), np.errstate(all="ignore"):
        model.train()
        for value in _sweep(model, opt, loss, batches, lrs, l1, l2):
            losses.append(value)
            smoothed.append(_average(losses, 1 - MEMORY / steps))
            if diverged := not math.isfinite(value) or _left(smoothed):
                break
    n = sum(map(math.isfinite, losses))
    raw, average = np.array(losses[:n]), np.array(smoothed[:n])
    return LearningRates(lrs[:n], raw, average, steps, diverged)


def _sweep(
    model: Module,
    opt: Optimizer,
    loss: Loss,
    batches: Batches,
    lrs: Array,
    l1: float,
    l2: float,
) -> Iterator[float]:
    """Train a step with each rate: the losses; NaN where there is none any more."""
    dtype = dtype_of(model)
    for i, lr in enumerate(lrs.tolist()):
        for group in opt.param_groups:
            group["lr"] = lr
        x, *rest = batch_at(batches, i, dtype)
        opt.zero_grad()
        output = model(x)
        try:
            value = loss_of(loss, output, *rest)
            require_finite(value)
        except (FloatingPointError, ValueError) as error:
            blown = isinstance(error, FloatingPointError)
            if i == 0 or not (blown or _blown(output)):
                raise
            yield math.nan
            return
        yield value.item()
        total = value + penalty(model, l1, l2) if l1 or l2 else value
        total.backward()
        opt.step()


def _blown(output: Any) -> bool:
    return isinstance(output, Tensor) and not np.isfinite(output._data).all()


def _average(values: list[float], beta: float) -> float:
    """Of all so far, each counting ``beta`` times as much as the one after it."""
    weights = beta ** np.arange(len(values))[::-1]
    return float(np.average(values, weights=weights))


def _left(smoothed: list[float]) -> bool:
    """Whether the loss has left its lowest value for good."""
    lowest = min(smoothed)
    return smoothed[-1] > lowest + (DIVERGED - 1) * abs(lowest)


def _check_optimizer(model: Module, opt: Any) -> None:
    if not isinstance(opt, Optimizer):
        raise TypeError(f"find_lr: expected an optimizer, got {type(opt).__name__}")
    own = {id(p) for p in model.parameters()}
    if not any(id(p) in own for p in opt.state):
        raise ValueError(
            f"find_lr: this {type(opt).__name__} has none of the model's parameters; "
            "make one with model.parameters()"
        )
    if any("lr" not in group for group in opt.param_groups):
        raise ValueError(f"find_lr: {type(opt).__name__} has no setting lr")
