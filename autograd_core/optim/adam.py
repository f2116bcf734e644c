"""Adam and its relatives: AdamW, NAdam."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from autograd_core.hooks import Array
from autograd_core.optim.group import Group
from autograd_core.optim.optimizer import Optimizer, State
from autograd_core.optim.settings import BETAS, FLAG, Setting, at_least
from autograd_kernels.optim import adam as k


class Adam(Optimizer):
    """Adaptive moments (Kingma & Ba 2015, Algorithm 1), eps outside the unbiased root.

    ``params`` and what is raised: see `Optimizer`.

    Settings:
        lr: [0, inf), default 0.001. The step size.
        betas: 2 numbers in [0, 1), default (0.9, 0.999). How much of each moment a step
            keeps: exponentially weighted averages, as `Average`, without their bias.
        eps: [0, inf), default 1e-08. Added to the root.
        weight_decay: [0, inf), default 0.0. Adds so much of p to the gradient.
        amsgrad: True or False, default False. Divides by the largest second moment so
            far (Reddi et al. 2018).
        maximize: True or False, default False. Ascends.
        decoupled_weight_decay: True or False, default False. The decay shrinks the
            parameter by lr times it instead (Loshchilov & Hutter 2019), as in `AdamW`.
    """

    settings: ClassVar[Mapping[str, Setting]] = {
        "lr": at_least(0),
        "betas": BETAS,
        "eps": at_least(0),
        "weight_decay": at_least(0),
        "amsgrad": FLAG,
        "maximize": FLAG,
        "decoupled_weight_decay": FLAG,
    }
    kernels = (k.adam_advance, k.adam)
    reads = k.Settings._fields
    state_names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
    optional: ClassVar[Mapping[str, str]] = {"max_exp_avg_sq": "amsgrad"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
            decoupled_weight_decay=decoupled_weight_decay,
        )

    @staticmethod
    def spec(t: int, p: Array, g: Array, s: State, h: Group) -> Array:
        """Step t = 1, 2, ... in plain arrays: the new p; the state ``s`` is updated."""
        p, m, v, _ = moments(p, g, s, h)
        beta1, beta2 = h["betas"]
        if h["amsgrad"]:
            v = s["max_exp_avg_sq"] = np.maximum(s["max_exp_avg_sq"], v)
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        new: Array = p - h["lr"] * m_hat / (np.sqrt(v_hat) + h["eps"])
        return new


class AdamW(Adam):
    """`Adam` with decoupled weight decay (Loshchilov & Hutter 2019, Algorithm 2).

    ``params`` and what is raised: see `Optimizer`.

    Settings:
        lr: [0, inf), default 0.001. The step size.
        betas: 2 numbers in [0, 1), default (0.9, 0.999). How much of each moment a step
            keeps: exponentially weighted averages, as `Average`, without their bias.
        eps: [0, inf), default 1e-08. Added to the root.
        weight_decay: [0, inf), default 0.01. Shrinks by lr times it.
        amsgrad: True or False, default False. Divides by the largest second moment so
            far (Reddi et al. 2018).
        maximize: True or False, default False. Ascends.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            maximize=maximize,
            decoupled_weight_decay=True,
        )


class NAdam(Optimizer):
    """Adam with Nesterov momentum (Dozat 2016), its momentum warmed up.

    ``params`` and what is raised: see `Optimizer`.

    Settings:
        lr: [0, inf), default 0.002. The step size.
        betas: 2 numbers in [0, 1), default (0.9, 0.999). How much of each moment a step
            keeps: exponentially weighted averages, as `Average`, without their bias.
        eps: [0, inf), default 1e-08. Added to the root.
        weight_decay: [0, inf), default 0.0. Adds so much of p to the gradient.
        momentum_decay: [0, inf), default 0.004. The momentum of step t is beta1 (1 -
            0.96^(t momentum_decay) / 2).
        decoupled_weight_decay: True or False, default False. The decay shrinks the
            parameter by lr times it instead, as in `AdamW`.
        maximize: True or False, default False. Ascends.
        amsgrad: True or False, default False. Divides by the largest second moment so
            far (Reddi et al. 2018).
    """

    settings: ClassVar[Mapping[str, Setting]] = {
        **Adam.settings,
        "momentum_decay": at_least(0),
    }
    kernels = (k.nadam_advance, k.adam)
    reads = k.NAdamSettings._fields
    state_names = Adam.state_names
    optional = Adam.optional
    carried = ("mu_product",)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
            amsgrad=amsgrad,
        )

    @staticmethod
    def spec(t: int, p: Array, g: Array, s: State, h: Group) -> Array:
        """Step t = 1, 2, ... in plain arrays: the new p; the state ``s`` is updated."""
        p, m, v, d = moments(p, g, s, h)
        beta1, beta2 = h["betas"]
        if h["amsgrad"]:
            v = s["max_exp_avg_sq"] = np.maximum(s["max_exp_avg_sq"], v)
        mu = beta1 * (1 - 0.5 * 0.96 ** (t * h["momentum_decay"]))
        ahead = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * h["momentum_decay"]))
        product = s["mu_product"] = s.get("mu_product", 1.0) * mu
        m_hat = ahead * m / (1 - product * ahead) + (1 - mu) * d / (1 - product)
        v_hat = v / (1 - beta2**t)
        new: Array = p - h["lr"] * m_hat / (np.sqrt(v_hat) + h["eps"])
        return new


def moments(
    p: Array, g: Array, s: State, h: Group
) -> tuple[Array, Array, Array, Array]:
    """What the specs share: decay, then both moments; returns p, m, v, gradient."""
    beta1, beta2 = h["betas"]
    d = -g if h["maximize"] else g
    if h["decoupled_weight_decay"]:
        p = p * (1 - h["lr"] * h["weight_decay"])
    else:
        d = d + h["weight_decay"] * p
    m = s["exp_avg"] = beta1 * s["exp_avg"] + (1 - beta1) * d
    v = s["exp_avg_sq"] = beta2 * s["exp_avg_sq"] + (1 - beta2) * d**2
    return p, m, v, d
