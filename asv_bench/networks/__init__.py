"""One training step, written for each library as its users would write it.

Linear + BatchNorm + ReLU + Dropout blocks, a last Linear, mean cross-entropy, Adam. A
file per library has ``build(variant, task)``, which returns a function: one step, and
the loss before it. All begin with the same weights on the same data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Step = Callable[[], Any]
LR, BETA1, BETA2, EPS = 1e-3, 0.9, 0.999, 1e-8  # of Adam
BN_EPS, BN_MOMENTUM = 1e-5, 0.1

SIZES: dict[str, tuple[int, list[int]]] = {
    "XS": (32, [4, 16, 16, 3]),
    "S": (64, [64, 128, 64, 10]),
    "M": (128, [784, 512, 256, 10]),
    "L": (256, [1024, 2048, 2048, 1000]),
}


@dataclass(frozen=True)
class Task:
    """A network, its data, and how it is trained."""

    batch: int
    dims: tuple[int, ...]
    p_drop: float
    threads: int

    @classmethod
    def of(cls, size: str, p_drop: float, threads: int) -> Task:
        """A named size, or ``batch:d0,d1,...,dn``."""
        if size in SIZES:
            batch, dims = SIZES[size]
            return cls(batch, tuple(dims), p_drop, threads)
        first, rest = size.split(":")
        return cls(int(first), tuple(map(int, rest.split(","))), p_drop, threads)

    @property
    def blocks(self) -> int:
        """How many layers have BatchNorm, ReLU and Dropout."""
        return len(self.dims) - 2

    def data(self) -> tuple[Any, Any]:
        """Inputs (batch, d0) float32, and classes (batch,) int64."""
        rng = np.random.default_rng(1)
        x = rng.standard_normal((self.batch, self.dims[0])).astype(np.float32)
        return x, rng.integers(0, self.dims[-1], self.batch)

    def layers(self) -> list[list[Any]]:
        """Per layer: weight (in, out), bias and, but for the last, scale and shift."""
        rng = np.random.default_rng(0)
        layers = []
        for i, (n, m) in enumerate(zip(self.dims, self.dims[1:], strict=False)):
            weight = rng.standard_normal((n, m)) * np.sqrt(2 / n)
            layer = [weight.astype(np.float32), np.zeros(m, np.float32)]
            if i < self.blocks:
                layer += [np.ones(m, np.float32), np.zeros(m, np.float32)]
            layers.append(layer)
        return layers
