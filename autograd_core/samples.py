"""Sample arguments: what tests and benchmarks call each row of the op table with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Arg:
    """A sample argument: what tests and benchmarks draw for it.

    ``kind``: "real" (uniform in low..high), "distinct" (no ties: for max and kinks),
    "int" (low <= i < high), "bool", "probs" (rows that sum to 1), "key" (a Philox key),
    "complex" (of the dtype's precision), "regular" and "complex regular" (matrices with
    positive eigenvalues and singular values, all of them well apart).
    """

    shape: tuple[int, ...]
    low: float = -2.0
    high: float = 2.0
    kind: str = "real"

    def draw(self, rng: np.random.Generator, dtype: Any) -> Array:
        """Random data as described."""
        if self.kind == "int":
            return rng.integers(int(self.low), int(self.high), self.shape)
        if self.kind == "bool":
            return rng.random(self.shape) < 0.5
        if self.kind == "key":
            return rng.integers(0, 1 << 32, self.shape).astype(np.uint64)
        if self.kind.endswith("regular"):
            kind = self.kind.replace("regular", "") or "real"
            plain = Arg(self.shape, self.low, self.high, kind.strip())
            n = max(self.shape[-2:])
            steps = np.diag(3.0 + np.arange(n))[: self.shape[-2], : self.shape[-1]]
            drawn = plain.draw(rng, np.float64) / (2 * max(n, 1)) + steps
            return drawn.astype(plain.draw(rng, dtype).dtype)
        if self.kind == "complex":
            parts = rng.uniform(self.low, self.high, (2, *self.shape))
            return (parts[0] + 1j * parts[1]).astype(
                np.result_type(dtype, np.complex64)
            )
        if self.kind == "distinct":
            size = int(np.prod(self.shape))
            grid = (rng.permutation(size) + 1 / 6) / max(size, 1)  # never half way
            grid = self.low + (self.high - self.low) * grid
            return grid.reshape(self.shape).astype(dtype)
        data = np.asarray(rng.uniform(self.low, self.high, self.shape))
        if self.kind == "probs":
            data = np.exp(data) / np.exp(data).sum(-1, keepdims=True)
        return data.astype(dtype)


@dataclass(frozen=True)
class Sample:
    """One way to call an op in tests and benchmarks.

    ``least`` is the smallest length that its axes can be given together: 1 where an
    empty axis means nothing, 2 where the attributes fix the lengths.
    """

    args: tuple[Any, ...]
    attrs: tuple[tuple[str, Any], ...] = ()
    least: int = 0


def sample(*args: Any, least: int = 0, **attrs: Any) -> Sample:
    """`Sample` written as the call itself; a tuple stands for ``Arg(shape)``."""
    drawn = tuple(Arg(a) if isinstance(a, tuple) else a for a in args)
    return Sample(drawn, tuple(attrs.items()), least)


UNARY = (sample((3, 4)),)
BINARY = (sample((3, 4), (3, 4)), sample((3, 1), (4,)), sample((3, 4), 0.5))
