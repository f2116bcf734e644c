"""Values that a fuzzer of state draws from: settings of many kinds, array layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from truth_things import Cfg

import autograd_core as ag
from autograd_core import nn

WIDTH = 5
LAYOUTS = ("C", "F", "strided", "reversed", "locked")
VALUES: dict[str, Callable[[float], Any]] = {
    "float": float,
    "int": lambda v: int(10 * v),
    "bool": lambda v: v > 0.5,
    "np.float32": np.float32,
    "np.int64": lambda v: np.int64(10 * v),
    "array": lambda v: np.full(WIDTH, v, np.float32),
    "Tensor": lambda v: ag.tensor(np.full(WIDTH, v, np.float32)),
    "zero": lambda v: 0.0 if v > 0.5 else -0.0,
    "object": Cfg,
    "list": lambda v: [v],
    "dict": lambda v: {"k": v},
    "lambda": lambda v: lambda: v,
}


class Knob(nn.Module):
    """A user's module with a setting of many kinds."""

    def __init__(self) -> None:
        self.value: Any = 1.0

    def forward(self, x: Any) -> Any:
        return x * number(self.value) + 1.0


def number(value: Any) -> Any:
    """What there is to multiply by in a setting."""
    if isinstance(value, Cfg):
        return value.k
    if isinstance(value, list | dict):
        return value[0] if isinstance(value, list) else value["k"]
    return value() if callable(value) and not isinstance(value, ag.Tensor) else value


def laid_out(x: Any, layout: str) -> Any:
    """The same values in another layout."""
    if layout == "F":
        return np.asfortranarray(x)
    if layout == "strided":
        return np.repeat(x, 2, axis=1)[:, ::2]
    if layout == "reversed":
        return x[::-1].copy()[::-1]
    x = x.copy()
    x.flags.writeable = layout != "locked"
    return x
