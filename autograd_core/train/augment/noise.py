"""Noise on every number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train.augment.rows import RowAugmentation, normals


def add_noise(x: Array, std: Any, key: Array, rows: Array) -> Array:
    """``x + std * normal`` in the dtype of ``x`` (rows, numbers)."""
    noise = normals(key, rows, x.shape[1]).astype(x.dtype, copy=False)
    noise *= np.asarray(std, x.dtype)
    noise += x
    return noise


@dataclass(frozen=True)
class Noise(RowAugmentation):
    """Adds normal numbers of standard deviation ``std`` to rows of any shape.

    ``std`` is one for all, or one for each column of a table: 0 keeps a column, such as
    one of a one-hot code, as it is. Raises ValueError for what is negative, not finite,
    or of another length than a row.

    >>> from autograd_core import train
    >>> train.Noise([0.5, 0.0])([[1.0, 2.0], [3.0, 4.0]], 0)[:, 1]
    array([2., 4.])
    """

    std: float | Sequence[float]

    def __post_init__(self) -> None:
        std = np.asarray(self.std)
        numbers = std.ndim < 2 and std.dtype.kind in "fiu"
        if not numbers or not (np.isfinite(std) & (std >= 0)).all():
            raise ValueError(
                "Noise: std must be a finite number >= 0, or one for each column, got "
                f"{self.std!r}"
            )

    def _of(self, x: Array, shape: tuple[int, ...], keys: Array, rows: Array) -> Array:
        std = np.asarray(self.std)
        if std.ndim and std.shape != shape:
            raise ValueError(f"Noise: {std.size} values of std, rows of shape {shape}")
        return add_noise(x, std, keys[:1], rows)
