"""Objects and modules that the cases of several files hold."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_core import nn


class Cfg:
    """A user's object of settings."""

    def __init__(self, k: Any) -> None:
        self.k = k

    def scaled(self, x: Any) -> Any:
        return x * self.k


class Items(list):
    k = 0


class Numbers(np.ndarray):
    k = 0


def own_function() -> Any:
    """A function with an attribute."""

    def f() -> None: ...

    f.k = 0  # type: ignore[attr-defined]
    return f


class Slotted:
    __slots__ = ("k",)


@dataclass
class Data:
    k: Any
    more: Any = None


@dataclass(frozen=True)
class Frozen:
    k: Any


class Level(enum.Enum):
    LOW = 0
    MIDDLE = 1
    HIGH = 2


def module(read: Any, **attributes: Any) -> Any:
    """A Module of a class of its own, which computes ``read(self, x)``."""
    m: Any = type("M", (nn.Module,), {"forward": read})()
    for name, value in attributes.items():
        setattr(m, name, value)
    return m


def linear(seed: int, n: int = 4, m: int = 4) -> nn.Linear:
    """A layer that is always the same for the same seed."""
    layer = nn.Linear(n, m)
    rng = np.random.default_rng(seed)
    for p in layer.parameters():
        p.data[...] = rng.standard_normal(p.shape)
    return layer
