"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.optim.group import Group
from autograd_core.optim.optimizer import Optimizer, State
from autograd_core.tape import TensorBase
from autograd_kernels import optim as k


class Adagrad(Optimizer):
    """Gradients over the root of the sum of their squares (Duchi et al. 2011).

    lr shrinks as lr / (1 + (t - 1) lr_decay); the sum starts as
    ``initial_accumulator_value``, which is read when a parameter is added.
    """

    kernels = (k.adagrad_advance, k.adagrad)
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
            weight_decay=weight_decay,
            maximize=maximize,
            lr_decay=lr_decay,
            eps=eps,
            initial_accumulator_value=initial_accumulator_value,
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
