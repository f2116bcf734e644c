"""Diagonals and triangles: see `numpy_functions`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.launch import constant
from autograd_core.numpy_functions import reductions
from autograd_core.numpy_functions.arguments import operand
from autograd_core.numpy_functions.shapes import moveaxis, ravel
from autograd_core.ops import elementwise as e
from autograd_core.ops import shape as s
from autograd_core.ops.folding import single, whole


def _flat_diagonal(rows: int, columns: int, offset: int) -> slice:
    """Where the diagonal of a matrix lies among its elements, row by row."""
    start = offset if offset >= 0 else -offset * columns
    n = min(rows - max(-offset, 0), columns - max(offset, 0))
    step = columns + 1
    return slice(start, start + (n - 1) * step + 1, step) if n > 0 else slice(0, 0)


def diagonal(a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Any:
    """See `numpy.diagonal`; a view where the layout allows it."""
    a, offset = operand(a), whole(offset)
    ndim = len(a.shape)
    if ndim < 2:
        raise ValueError(f"diagonal: shape {tuple(a.shape)} has less than two axes")
    first, second = single(axis1, ndim), single(axis2, ndim)
    if first == second:
        raise ValueError("diagonal: axis1 and axis2 cannot be the same")
    if (first, second) != (ndim - 2, ndim - 1):
        a = moveaxis(a, (first, second), (-2, -1))
    *lead, rows, columns = a.shape
    a = s.reshape(a, shape=(*lead, rows * columns))
    return s.getitem(a, index=(Ellipsis, _flat_diagonal(rows, columns, offset)))


def trace(
    a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1, dtype: Any = None
) -> Any:
    """See `numpy.trace`."""
    return reductions.sum(diagonal(a, offset, axis1, axis2), -1, dtype)


def diag(v: Any, k: Any = 0) -> Any:
    """See `numpy.diag`."""
    v, k = operand(v), whole(k)
    if len(v.shape) == 2:
        return diagonal(v, k)
    if len(v.shape) != 1:
        raise ValueError(f"diag: expected one or two axes, got shape {tuple(v.shape)}")
    n = v.shape[0] + abs(k)
    if not v.shape[0]:
        return s.full_like(v, fill_value=0, shape=(n, n))
    out = s.scatter(v, index=_flat_diagonal(n, n, k), shape=(n * n,))
    return s.reshape(out, shape=(n, n))


def diagflat(v: Any, k: Any = 0) -> Any:
    """See `numpy.diagflat`."""
    return diag(ravel(v), k)


def tril(m: Any, k: Any = 0) -> Any:
    """See `numpy.tril`."""
    m = operand(m)
    return e.where(_triangle("tril", m, k), m, constant(0, m.dtype))


def triu(m: Any, k: Any = 0) -> Any:
    """See `numpy.triu`."""
    m = operand(m)
    return e.where(_triangle("triu", m, whole(k) - 1), constant(0, m.dtype), m)


def _triangle(name: str, m: Any, k: Any) -> Any:
    """True on and below a diagonal of ``m``."""
    if not m.shape:
        raise ValueError(f"{name}: needs at least one axis")
    rows, columns = m.shape[-2:] if len(m.shape) > 1 else m.shape * 2
    return constant(np.tri(rows, columns, whole(k), bool), bool)
