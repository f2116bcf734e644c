"""Norms of `numpy.linalg`, and condition numbers: see `numpy_functions`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from autograd_core.numpy_functions.arguments import operand
from autograd_core.ops import decompositions as d
from autograd_core.ops import elementwise as e
from autograd_core.ops import linalg as la
from autograd_core.ops import power
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.ops.folding import dims, normalize, reduced_shape, single


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    """See `numpy.linalg.norm`; subgradients are 0 at 0, and ties share."""
    x, keepdims = operand(x), bool(keepdims)
    ndim = len(x.shape)
    axes = tuple(range(ndim)) if axis is None else dims(axis)
    if axis is None and ord is None:
        return la.length(x, keepdims=keepdims)
    if len(axes) == 1:
        return _of_vectors(x, ord, axes, keepdims)
    if len(axes) == 2:
        row, column = (single(axis, ndim) for axis in axes)
        if row == column:
            raise ValueError("Duplicate axes given.")
        return _of_matrices(x, ord, row, column, keepdims)
    raise ValueError("Improper number of dimensions to norm.")


def vector_norm(
    x: Any, /, *, axis: Any = None, keepdims: Any = False, ord: Any = 2
) -> Any:
    """See `numpy.linalg.vector_norm`; over any number of axes."""
    x = operand(x)
    axes = normalize(axis, len(x.shape))
    return _of_vectors(x, ord, axes, bool(keepdims))


def matrix_norm(x: Any, /, *, keepdims: Any = False, ord: Any = "fro") -> Any:
    """See `numpy.linalg.matrix_norm`."""
    return norm(x, ord, (-2, -1), keepdims)


# Vectors -----------------------------------------------------------------------------


def _of_vectors(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if ord is None or ord == 2:
        return la.length(x, axis=axes, keepdims=keepdims)
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")
    sizes = _sizes(x)
    if ord == np.inf:
        return _largest(sizes, axes, keepdims)
    if ord == -np.inf:
        return r.min(sizes, axis=axes, keepdims=keepdims)
    if ord == 0:
        some = e.where(e.not_equal(x, 0.0), 1.0, e.sign(sizes))  # its gradient is 0
        return r.sum(some, axis=axes, keepdims=keepdims)
    if ord == 1:
        return r.sum(sizes, axis=axes, keepdims=keepdims)
    return _power_mean(sizes, float(ord), axes, keepdims)


def _sizes(x: Any) -> Any:
    """Magnitudes, of integers as float64."""
    sizes = e.abs(x)
    return sizes if sizes.dtype.kind == "f" else s.astype(sizes, dtype=np.float64)


def _power_mean(sizes: Any, p: float, axes: tuple[int, ...], keepdims: bool) -> Any:
    """``sum(sizes ** p) ** (1 / p)``; what is 0 gets the gradient 0."""
    powers = _power(sizes, p)
    return _power(r.sum(powers, axis=axes, keepdims=keepdims), 1 / p)


def _power(x: Any, p: float) -> Any:
    zero = e.equal(x, 0.0)
    return e.where(
        zero, 0.0 if p > 0 else math.inf, power.pow(e.where(zero, 1.0, x), p)
    )


def _largest(x: Any, axis: Any, keepdims: bool = False) -> Any:
    """The maximum of what is not negative; 0 of nothing."""
    fold = r.max if r.count(x, axis) else r.sum
    return fold(x, axis=axis, keepdims=keepdims)


# Matrices ----------------------------------------------------------------------------


def _of_matrices(x: Any, ord: Any, row: int, column: int, keepdims: bool) -> Any:
    axes = normalize((row, column), len(x.shape))
    if ord is None or ord in ("fro", "f"):
        return la.length(x, axis=axes, keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        out = _of_singular_values(x, ord, row, column)
    elif ord in (1, -1):
        out = _of_sums(x, ord, row, column)
    elif ord in (np.inf, -np.inf):
        out = _of_sums(x, ord, column, row)
    else:
        raise ValueError("Invalid norm order for matrices.")
    return s.reshape(out, shape=reduced_shape(tuple(x.shape), axes, keepdims))


def _of_singular_values(x: Any, ord: Any, row: int, column: int) -> Any:
    order = [i for i in range(len(x.shape)) if i not in (row, column)]
    values = d.svdvals(s.transpose(x, axes=(*order, row, column)))
    if ord == "nuc":
        return r.sum(values, axis=-1)
    return _largest(values, -1) if ord == 2 else r.min(values, axis=-1)


def _of_sums(x: Any, ord: Any, summed: int, compared: int) -> Any:
    sums = r.sum(_sizes(x), axis=summed, keepdims=True)
    if ord > 0:
        return _largest(sums, compared, True)
    return r.min(sums, axis=compared, keepdims=True)


def cond(x: Any, p: Any = None) -> Any:
    """See `numpy.linalg.cond`."""
    x = operand(x)
    if not all(x.shape[-2:]):
        raise LinAlgError("cond is not defined on empty arrays")
    if p is None or p in (2, -2):
        values = d.svdvals(x)
        ends = [s.getitem(values, index=(..., i)) for i in (0, -1)]
        out = e.div(*(ends[::-1] if p == -2 else ends))
    else:
        la.square("cond", x)
        try:
            inverse = la.inv(x)
        except LinAlgError:
            if len(x.shape) > 2:
                raise
            return s.full_like(norm(x, p, (-2, -1)), fill_value=np.inf)
        out = e.mul(norm(x, p, (-2, -1)), norm(inverse, p, (-2, -1)))
    return e.where(e.equal(out, out), out, np.inf)
