"""RAdam."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from autograd_core.hooks import Array
from autograd_core.optim.adam import moments
from autograd_core.optim.group import Group
from autograd_core.optim.optimizer import Optimizer, State
from autograd_core.optim.settings import BETAS, FLAG, Setting, at_least
from autograd_kernels.optim import radam as k


class RAdam(Optimizer):
    """`Adam` that waits for its second moment (Liu et al. 2020, Algorithm 2).

    Until that is known (5 steps by default) it is momentum. As in PyTorch, eps
    is inside of the correction of the bias.

    ``params`` and what is raised: see `Optimizer`.

    Settings:
        lr: [0, inf), default 0.001. The step size.
        betas: 2 numbers in [0, 1), default (0.9, 0.999). How much of each moment a step
            keeps.
        eps: [0, inf), default 1e-08. Added to the root.
        weight_decay: [0, inf), default 0.0. Adds so much of p to the gradient.
        decoupled_weight_decay: True or False, default False. The decay shrinks the
            parameter by lr times it instead, as in `AdamW`.
        maximize: True or False, default False. Ascends.
    """

    settings: ClassVar[Mapping[str, Setting]] = {
        "lr": at_least(0),
        "betas": BETAS,
        "eps": at_least(0),
        "weight_decay": at_least(0),
        "decoupled_weight_decay": FLAG,
        "maximize": FLAG,
    }
    kernels = (k.radam_advance, k.radam)
    reads = k.Settings._fields
    state_names = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    @staticmethod
    def spec(t: int, p: Array, g: Array, s: State, h: Group) -> Array:
        """Step t = 1, 2, ... in plain arrays: the new p; the state ``s`` is updated."""
        p, m, v, _ = moments(p, g, s, h)
        beta1, beta2 = h["betas"]
        step = h["lr"] * m / (1 - beta1**t)
        most = 2 / (1 - beta2) - 1
        known = 1 - beta2**t
        length = most - 2 * t * beta2**t / known
        if length > 5:
            rectify = (length - 4) * (length - 2) * most
            rectify /= (most - 4) * (most - 2) * length
            step = step * np.sqrt(rectify * known) / (np.sqrt(v) + h["eps"])
        new: Array = p - step
        return new
