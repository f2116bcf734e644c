"""Adadelta."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from autograd_core.hooks import Array
from autograd_core.optim.group import Group
from autograd_core.optim.optimizer import Optimizer, State
from autograd_core.optim.settings import FLAG, FRACTION, Setting, at_least
from autograd_kernels.optim import adadelta as k


class Adadelta(Optimizer):
    """Steps in the units of the parameter (Zeiler 2012, Algorithm 1).

    ``params`` and what is raised: see `Optimizer`.

    Settings:
        lr: [0, inf), default 1.0. Scales the step.
        rho: [0, 1], default 0.9. How much a step keeps of the averages of squares.
        eps: [0, inf), default 1e-06. Added to both under the root.
        weight_decay: [0, inf), default 0.0. Adds so much of p to the gradient.
        maximize: True or False, default False. Ascends.
    """

    settings: ClassVar[Mapping[str, Setting]] = {
        "lr": at_least(0),
        "rho": FRACTION,
        "eps": at_least(0),
        "weight_decay": at_least(0),
        "maximize": FLAG,
    }
    kernels = (k.adadelta_advance, k.adadelta)
    reads = k.Settings._fields
    state_names = ("square_avg", "acc_delta")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            rho=rho,
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
        )

    @staticmethod
    def spec(t: int, p: Array, g: Array, s: State, h: Group) -> Array:
        """Step t = 1, 2, ... in plain arrays: the new p; the state ``s`` is updated."""
        rho, eps = h["rho"], h["eps"]
        d = (-g if h["maximize"] else g) + h["weight_decay"] * p
        s["square_avg"] = rho * s["square_avg"] + (1 - rho) * d**2
        d = np.sqrt(s["acc_delta"] + eps) / np.sqrt(s["square_avg"] + eps) * d
        s["acc_delta"] = rho * s["acc_delta"] + (1 - rho) * d**2
        new: Array = p - h["lr"] * d
        return new
