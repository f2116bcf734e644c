"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from autograd_core.hooks import Array
from autograd_core.optim.group import Group
from autograd_core.optim.optimizer import Optimizer, State
from autograd_core.optim.settings import FLAG, FRACTION, Setting, at_least
from autograd_kernels.optim import rmsprop as k


class RMSprop(Optimizer):
    """Gradients over the root of their mean square (Tieleman & Hinton 2012, lecture 6).

    ``centered`` divides by the standard deviation instead (Graves 2013, section 2.1);
    a variance that rounding made negative counts as 0. eps is outside of the root.

    ``params`` and what is raised: see `Optimizer`.

    Settings:
        lr: [0, inf), default 0.01. The step size.
        alpha: [0, 1], default 0.99. How much of the mean square a step keeps: an
            exponentially weighted average, as `Average` with ``unbiased=False``.
        eps: [0, inf), default 1e-08. Added to the root.
        weight_decay: [0, inf), default 0.0. Adds so much of p to the gradient.
        momentum: [0, inf), default 0.0. How much of the last steps a step keeps.
        centered: True or False, default False. Subtracts the mean's square.
        maximize: True or False, default False. Ascends.
    """

    settings: ClassVar[Mapping[str, Setting]] = {
        "lr": at_least(0),
        "alpha": FRACTION,
        "eps": at_least(0),
        "weight_decay": at_least(0),
        "momentum": at_least(0),
        "centered": FLAG,
        "maximize": FLAG,
    }
    kernels = (k.rmsprop_advance, k.rmsprop)
    reads = k.Settings._fields
    state_names = ("square_avg", "grad_avg", "momentum_buffer")
    optional: ClassVar[Mapping[str, str]] = {
        "grad_avg": "centered",
        "momentum_buffer": "momentum",
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    @staticmethod
    def spec(t: int, p: Array, g: Array, s: State, h: Group) -> Array:
        """Step t = 1, 2, ... in plain arrays: the new p; the state ``s`` is updated."""
        alpha = h["alpha"]
        d = (-g if h["maximize"] else g) + h["weight_decay"] * p
        variance = s["square_avg"] = alpha * s["square_avg"] + (1 - alpha) * d**2
        if h["centered"]:
            s["grad_avg"] = alpha * s["grad_avg"] + (1 - alpha) * d
            variance = np.maximum(variance - s["grad_avg"] ** 2, 0)
        d = d / (np.sqrt(variance) + h["eps"])
        if h["momentum"]:
            d = s["momentum_buffer"] = h["momentum"] * s["momentum_buffer"] + d
        new: Array = p - h["lr"] * d
        return new
