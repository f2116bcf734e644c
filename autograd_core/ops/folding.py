"""Reductions as kernels see them: any axes of any array as (outer, n, inner)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd_kernels import reduce as k

from autograd_core.launch import contiguous, empty, launch
from autograd_core.tape import Array

Axis = int | Sequence[int] | None


def normalize(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Sorted non-negative axes; None means all of them."""
    if axis is None:
        return tuple(range(ndim))
    given = (axis,) if isinstance(axis, int) else tuple(axis)
    for one in given:
        if not -ndim <= one < ndim:
            raise ValueError(f"axis {one} is out of range for {ndim} dimensions")
    axes = tuple(sorted(one % ndim for one in given))
    if len(set(axes)) != len(axes):
        raise ValueError(f"an axis is named twice in {axis}")
    return axes


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
    axes = tuple(i for i in axes if x.shape[i] != 1)
    if not axes:
        return contiguous(x).reshape(-1, 1, 1)
    first, last = axes[0], axes[-1]
    between = [i for i in range(first, last) if i not in axes and x.shape[i] != 1]
    if between:
        kept = [i for i in range(x.ndim) if i not in axes]
        x = x.transpose(*kept, *axes)
        first, last = len(kept), x.ndim - 1
    outer = math.prod(x.shape[:first])
    n = math.prod(x.shape[first : last + 1])
    inner = math.prod(x.shape[last + 1 :])
    return contiguous(x).reshape(outer, n, inner)


def sum_over(x: Array, axes: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """Sum of ``x`` over ``axes``, as an array of ``shape``."""
    out = empty(shape, x.dtype)
    fold_into(k.sum_rows, k.sum_cols, fold(x, axes), out)
    return out


def fold_into(rows: Any, cols: Any, x: Array, out: Array) -> None:
    """Reduce (outer, n, inner) into ``out`` by the kernel that fits the layout."""
    outer, n, inner = x.shape
    if inner == 1:
        launch(rows, outer, x.reshape(outer, n), out.reshape(-1))
    else:
        units = outer * -(-inner // k.COLUMNS)
        launch(cols, units, x, out.reshape(outer, inner))
