"""Metrics of numbers: outputs and targets of one shape, (rows,) or (rows, columns)."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train.data.forms import as_array


def r2(output: Any, y: Any) -> float:
    """The share of the variance of ``y`` that is explained, 1 - SSE / SST.

    Of several columns, the mean of theirs. scikit-learn's `r2_score`, also where ``y``
    is constant: 1 if it is met exactly, else 0; NaN for one row.

    >>> import numpy as np
    >>> from autograd_core import train
    >>> train.r2(np.array([[1.0], [2.0], [4.0]]), np.array([1.0, 2.0, 3.0]))
    0.5
    """
    output, y = _columns(output, y, "r2")
    if len(y) < 2:
        return float("nan")
    error = np.square(y - output).sum(0)
    total = np.square(y - y.mean(0)).sum(0)
    rounding = len(y) * np.square(4 * np.finfo(np.float64).eps * np.abs(y).max(0))
    constant = total <= rounding
    share = 1 - error / np.where(constant, 1.0, total)
    return float(np.where(constant, error <= rounding, share).mean())


def mean_absolute_error(output: Any, y: Any) -> float:
    """The mean of ``|output - y|``, in the unit of ``y``."""
    output, y = _columns(output, y, "mean_absolute_error")
    return float(np.abs(output - y).mean())


def mean_squared_error(output: Any, y: Any) -> float:
    """The mean of (output - y) ** 2, in the square of the unit of ``y``."""
    output, y = _columns(output, y, "mean_squared_error")
    return float(np.square(output - y).mean())


def _columns(output: Any, y: Any, name: str) -> tuple[Array, Array]:
    """Both as (rows, columns) in float64; ValueError for other shapes, and for NaN."""
    pair, shapes = [], []
    for what, given in (("output", output), ("y", y)):
        values = as_array(given, f"{name}: {what}").astype(np.float64)
        shapes.append(values.shape)
        pair.append(values[:, None] if values.ndim == 1 else values)
        if not values.ndim or not values.size:
            raise ValueError(f"{name}: {what} has no rows, its shape is {values.shape}")
        if np.isnan(values).any():
            row = int(np.argwhere(np.isnan(values))[0, 0])
            raise ValueError(f"{name}: {what} has NaN in row {row}")
    if pair[0].shape != pair[1].shape:
        raise ValueError(
            f"{name}: output and y must have one shape, got {shapes[0]} and {shapes[1]}"
        )
    return pair[0], pair[1]
