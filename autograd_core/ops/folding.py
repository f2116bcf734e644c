"""Reductions as kernels see them: any axes of any array as (outer, n, inner)."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from functools import lru_cache
from operator import index
from typing import Any, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd_core.hooks import Array
from autograd_core.launch import contiguous, empty, host, launch
from autograd_kernels import reduce as k

CHUNK = 1 << 15  # elements that one unit of a long sum covers
FEW = 256  # results; of so few, each can be worth several threads

Axis = int | Sequence[int] | None
Shape: TypeAlias = SupportsIndex | Sequence[SupportsIndex]
DType: TypeAlias = npt.DTypeLike | None


def whole(n: Any) -> int:
    """An axis, a length or a count; TypeError for what is no integer, bool included.

    OverflowError for what no memory has, which a loop would count to.
    """
    if isinstance(n, bool):
        raise TypeError("expected an integer, got a bool")
    n = index(n)
    if abs(n) > sys.maxsize:
        raise OverflowError(f"an integer of {n.bit_length()} bits is too large here")
    return int(n)


def dims(shape: Any) -> tuple[int, ...]:
    """A shape, or several axes; a single integer counts as one of them."""
    if type(shape) is tuple and all(type(n) is int for n in shape):
        return shape
    if not isinstance(shape, tuple | list):
        if isinstance(shape, bool):
            raise TypeError("expected integers, got a bool")
        try:
            return (index(shape),)
        except TypeError:
            if not hasattr(shape, "__iter__"):
                raise
    return tuple(whole(n) for n in shape)


def unpacked(args: tuple[Any, ...]) -> tuple[int, ...]:
    """``(2, 3)`` from ``f(2, 3)`` and from ``f((2, 3))``."""
    return dims(args[0] if len(args) == 1 else args)


def normalize(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Sorted non-negative axes; None means all of them."""
    if axis is None:
        return tuple(range(ndim))
    given = dims(axis)
    for one in given:
        if not -ndim <= one < ndim:
            text = f"axis {one} is out of range for {ndim} dimensions"
            raise np.exceptions.AxisError(text)
    axes = tuple(sorted(one % ndim for one in given))
    if len(set(axes)) != len(axes):
        raise ValueError(f"an axis is named twice in {axis}")
    return axes


def single(axis: Any, ndim: int) -> int:
    """One axis, not negative."""
    return normalize(whole(axis), ndim)[0]


@lru_cache(4096)
def reduced_shape(
    shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool
) -> tuple[int, ...]:
    """Shape of a reduction of ``shape`` over ``axes``."""
    if keepdims:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def fold(x: Array, axes: tuple[int, ...]) -> Array:
    """``x`` as contiguous (outer, n, inner), where n runs over ``axes``.

    Axes that lie side by side need no copy; others are moved to the end.
    """
    order, shape = _folded(x.shape, axes)
    return contiguous(x.transpose(order) if order else x).reshape(shape)


@lru_cache(4096)
def _folded(
    shape: tuple[int, ...], axes: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, int, int]]:
    """The order of axes to copy in (empty: as they are), and (outer, n, inner)."""
    axes = tuple(i for i in axes if shape[i] != 1)
    if not axes:
        return (), (math.prod(shape), 1, 1)
    order: tuple[int, ...] = ()
    first, last = axes[0], axes[-1]
    if any(i not in axes and shape[i] != 1 for i in range(first, last)):
        kept = [i for i in range(len(shape)) if i not in axes]
        order = (*kept, *axes)
        shape = tuple(shape[i] for i in order)
        first, last = len(kept), len(shape) - 1
    folded = shape[:first], shape[first : last + 1], shape[last + 1 :]
    outer, n, inner = map(math.prod, folded)
    return order, (outer, n, inner)


def sum_over(x: Array, axes: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """Sum of ``x`` over ``axes``, as an array of ``shape``."""
    if x.dtype.kind not in "f":
        return host(lambda a: np.sum(a, axes, a.dtype).reshape(shape), x)
    out = empty(shape, x.dtype)
    if axes == (0,) and x.ndim == 2 and x.size <= CHUNK and x.flags.c_contiguous:
        n = x.shape[1]  # of a small matrix, the usual gradient of a bias
        if n > 1 and out.size == n:
            launch(k.sum_cols, -(-n // k.UNIT), x[None], out.reshape(1, n))
            return out
    rows = fold(x, axes)
    outer, n, inner = rows.shape
    if outer * inner != out.size:
        raise ValueError(f"shape {x.shape} over axes {axes} does not give {shape}")
    step = CHUNK // inner if inner else 0
    if outer * inner <= FEW and n >= 4 * step > 0:
        rows = _partial_sums(rows, step)
    fold_into(k.sum_rows, k.sum_cols, rows, out)
    return out


def _partial_sums(x: Array, step: int) -> Array:
    """Sums of ``step`` steps along the middle axis: work that threads can share."""
    outer, n, inner = x.shape
    whole, rest = divmod(n, step)
    out = empty((outer, whole + (rest > 0), inner), x.dtype)
    for o in range(outer):
        body = x[o, : whole * step].reshape(whole, step, inner)
        fold_into(k.sum_rows, k.sum_cols, body, out[o, :whole])
        if rest:
            fold_into(
                k.sum_rows, k.sum_cols, x[o : o + 1, whole * step :], out[o, whole:]
            )
    return out


def fold_into(rows: Any, cols: Any, x: Array, out: Array) -> None:
    """Reduce (outer, n, inner) into ``out`` by the kernel that fits the layout."""
    outer, n, inner = x.shape
    if inner == 1:
        launch(rows, outer, x.reshape(outer, n), out.reshape(-1))
    else:
        units = outer * -(-inner // k.UNIT)
        launch(cols, units, x, out.reshape(outer, inner))
