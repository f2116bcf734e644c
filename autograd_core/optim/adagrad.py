"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from autograd_core.hooks import Array
from autograd_core.optim.group import Group
from autograd_core.optim.optimizer import Optimizer, State
from autograd_core.optim.settings import FLAG, Setting, at_least
from autograd_core.tape import TensorBase
from autograd_kernels.optim import adagrad as k


class Adagrad(Optimizer):
    """Gradients over the root of the sum of their squares (Duchi et al. 2011).

    ``params`` and what is raised: see `Optimizer`.

    Settings:
        lr: [0, inf), default 0.01. The step size.
        lr_decay: [0, inf), default 0.0. lr falls as lr / (1 + (t - 1) lr_decay).
        weight_decay: [0, inf), default 0.0. Adds so much of p to the gradient.
        initial_accumulator_value: [0, inf), default 0.0. What the sum starts as; it is
            read when a parameter is added.
        eps: [0, inf), default 1e-10. Added to the root.
        maximize: True or False, default False. Ascends.
    """

    settings: ClassVar[Mapping[str, Setting]] = {
        "lr": at_least(0),
        "lr_decay": at_least(0),
        "weight_decay": at_least(0),
        "initial_accumulator_value": at_least(0),
        "eps": at_least(0),
        "maximize": FLAG,
    }
    kernels = (k.adagrad_advance, k.adagrad)
    reads = k.Settings._fields
    state_names = ("sum",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            maximize=maximize,
        )

    def _new_state(self, p: TensorBase, group: Group) -> State:
        s = super()._new_state(p, group)
        s["sum"][...] = group["initial_accumulator_value"]
        return s

    @staticmethod
    def spec(t: int, p: Array, g: Array, s: State, h: Group) -> Array:
        """Step t = 1, 2, ... in plain arrays: the new p; the state ``s`` is updated."""
        d = (-g if h["maximize"] else g) + h["weight_decay"] * p
        s["sum"] = s["sum"] + d**2
        lr = h["lr"] / (1 + (t - 1) * h["lr_decay"])
        new: Array = p - lr * d / (np.sqrt(s["sum"]) + h["eps"])
        return new
