"""Adamax."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from autograd_core.hooks import Array
from autograd_core.optim.group import Group
from autograd_core.optim.optimizer import Optimizer, State
from autograd_core.optim.settings import BETAS, FLAG, Setting, at_least
from autograd_kernels.optim import adamax as k


class Adamax(Optimizer):
    """`Adam` by the largest gradient of late (Kingma & Ba 2015, Algorithm 2).

    ``params`` and what is raised: see `Optimizer`.

    Settings:
        lr: [0, inf), default 0.002. The step size.
        betas: 2 numbers in [0, 1), default (0.9, 0.999). How much a step keeps of the
            first moment and of the largest gradient.
        eps: [0, inf), default 1e-08. Added to each gradient's size.
        weight_decay: [0, inf), default 0.0. Adds so much of p to the gradient.
        maximize: True or False, default False. Ascends.
    """

    settings: ClassVar[Mapping[str, Setting]] = {
        "lr": at_least(0),
        "betas": BETAS,
        "eps": at_least(0),
        "weight_decay": at_least(0),
        "maximize": FLAG,
    }
    kernels = (k.adamax_advance, k.adamax)
    reads = k.Settings._fields
    state_names = ("exp_avg", "exp_inf")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
        )

    @staticmethod
    def spec(t: int, p: Array, g: Array, s: State, h: Group) -> Array:
        """Step t = 1, 2, ... in plain arrays: the new p; the state ``s`` is updated."""
        beta1, beta2 = h["betas"]
        d = (-g if h["maximize"] else g) + h["weight_decay"] * p
        s["exp_avg"] = beta1 * s["exp_avg"] + (1 - beta1) * d
        s["exp_inf"] = np.maximum(beta2 * s["exp_inf"], np.abs(d) + h["eps"])
        new: Array = p - h["lr"] / (1 - beta1**t) * s["exp_avg"] / s["exp_inf"]
        return new
