"""Lion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from autograd_core.hooks import Array
from autograd_core.optim.group import Group
from autograd_core.optim.optimizer import Optimizer, State
from autograd_core.optim.settings import BETAS, FLAG, Setting, at_least
from autograd_kernels.optim import lion as k


class Lion(Optimizer):
    """Steps of the size lr by the sign of a momentum (Chen et al. 2023, Algorithm 2).

    A sign of 0 is 0, of NaN NaN.

    ``params`` and what is raised: see `Optimizer`.

    Settings:
        lr: [0, inf), default 0.0001. The step size: every element moves by it.
        betas: 2 numbers in [0, 1), default (0.9, 0.99). How much of the momentum the
            direction has, and how much of it a step keeps.
        weight_decay: [0, inf), default 0.0. Shrinks by lr times it: decoupled.
        maximize: True or False, default False. Ascends.
    """

    settings: ClassVar[Mapping[str, Setting]] = {
        "lr": at_least(0),
        "betas": BETAS,
        "weight_decay": at_least(0),
        "maximize": FLAG,
    }
    kernels = (k.lion_advance, k.lion)
    reads = k.Settings._fields
    state_names = ("exp_avg",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            weight_decay=weight_decay,
            maximize=maximize,
        )

    @staticmethod
    def spec(t: int, p: Array, g: Array, s: State, h: Group) -> Array:
        """Step t = 1, 2, ... in plain arrays: the new p; the state ``s`` is updated."""
        beta1, beta2 = h["betas"]
        d = -g if h["maximize"] else g
        update = np.sign(beta1 * s["exp_avg"] + (1 - beta1) * d)
        s["exp_avg"] = beta2 * s["exp_avg"] + (1 - beta2) * d
        new: Array = p * (1 - h["lr"] * h["weight_decay"]) - h["lr"] * update
        return new
