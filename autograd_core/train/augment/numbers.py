"""Numbers of any dtype as floats that kernels take, and back; checks of settings."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from autograd_core.hooks import Array

SMALL = 2  # bytes of an integer that float32 holds exactly


def as_floats(who: str, x: Array) -> Array:
    """``x`` in float32, or in float64 if it takes that: native, contiguous, writable.

    It is ``x`` itself where it can be. Raises TypeError for what is not real numbers.
    """
    return np.require(x, float_dtype(who, x), ["C", "A", "W"])


def float_dtype(who: str, x: Array) -> Any:
    """The one of `as_floats`."""
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{who}: x must be real numbers, got dtype {x.dtype}")
    most = 4 if x.dtype.kind == "f" else SMALL
    return np.float32 if x.itemsize <= most else np.float64


def as_before(y: Array, x: Array) -> Array:
    """``y`` in the shape and dtype of ``x``; integers are rounded and saturated."""
    y = y.reshape(x.shape)
    if x.dtype.kind == "f":
        return y.astype(x.dtype, copy=False)
    if x.dtype.kind == "b":
        return y > 0.5
    limits = np.iinfo(x.dtype)
    high = y.dtype.type(limits.max)
    if int(high) > limits.max:
        high = np.nextafter(high, y.dtype.type(0))
    return np.clip(np.rint(y), limits.min, high).astype(x.dtype)


def check_size(who: str, name: str, value: Any, least: int = 1) -> None:
    """Raise ValueError unless it is a whole number of at least so much."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(
            f"{who}: {name} must be a whole number >= {least}, got {value!r}"
        )


def check_range(who: str, name: str, value: Any, low: float, high: float) -> None:
    """Raise ValueError unless it is a finite number from ``low`` to ``high``."""
    kinds = int | float | np.integer | np.floating
    number = isinstance(value, kinds) and not isinstance(value, bool)
    if not (number and np.isfinite(value) and low <= value <= high):
        limits = f"{'(' if low == -inf else '['}{low:g}, {high:g}"
        end = ")" if high == inf else "]"
        raise ValueError(
            f"{who}: {name} must be a number in {limits}{end}, got {value!r}"
        )
