"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from autograd_core.hooks import Array
from autograd_core.optim.group import Group
from autograd_core.optim.optimizer import Optimizer, State
from autograd_core.optim.settings import FINITE, FLAG, Setting, at_least
from autograd_kernels.optim import sgd as k


class SGD(Optimizer):
    """Gradient descent with momentum (Polyak 1964) or Nesterov's (Sutskever 2013).

    As PyTorch's: the buffer takes the gradient and not lr times it, and starts as the
    first gradient, undamped. Raises for nesterov without momentum or with dampening.

    ``params`` and what is raised: see `Optimizer`.

    Settings:
        lr: [0, inf), default 0.001. The step size.
        momentum: [0, inf), default 0.0. How much of the buffer a step keeps.
        dampening: (-inf, inf), default 0.0. How much less of a gradient it takes.
        weight_decay: [0, inf), default 0.0. Adds so much of p to the gradient.
        nesterov: True or False, default False. Looks one step of the buffer ahead.
        maximize: True or False, default False. Ascends.
    """

    settings: ClassVar[Mapping[str, Setting]] = {
        "lr": at_least(0),
        "momentum": at_least(0),
        "dampening": FINITE,
        "weight_decay": at_least(0),
        "nesterov": FLAG,
        "maximize": FLAG,
    }
    kernels = (k.sgd_advance, k.sgd)
    reads = k.Settings._fields
    state_names = ("momentum_buffer",)
    optional: ClassVar[Mapping[str, str]] = {"momentum_buffer": "momentum"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def _check_group(self, group: Group) -> None:
        if group["nesterov"] and not (group["momentum"] and group["dampening"] == 0):
            raise ValueError(
                "SGD: nesterov needs momentum > 0 and dampening = 0, got momentum = "
                f"{group['momentum']}, dampening = {group['dampening']}"
            )

    @staticmethod
    def spec(t: int, p: Array, g: Array, s: State, h: Group) -> Array:
        """Step t = 1, 2, ... in plain arrays: the new p; the state ``s`` is updated."""
        d = (-g if h["maximize"] else g) + h["weight_decay"] * p
        if h["momentum"]:
            keep = 1.0 if t == 1 else 1.0 - h["dampening"]
            buffer = h["momentum"] * s["momentum_buffer"] + keep * d
            s["momentum_buffer"] = buffer
            d = d + h["momentum"] * buffer if h["nesterov"] else buffer
        new: Array = p - h["lr"] * d
        return new
