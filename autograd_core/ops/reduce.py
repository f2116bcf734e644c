"""Reductions over axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import contiguous, empty, host, launch
from autograd_core.op import primitive
from autograd_core.ops.broadcasting import floats
from autograd_core.ops.elementwise import div, equal, exp, mul, sub
from autograd_core.ops.folding import (
    Axis,
    fold,
    fold_into,
    normalize,
    reduced_shape,
    sum_over,
)
from autograd_core.ops.shape import astype, broadcast_to, reshape
from autograd_core.samples import Arg, sample
from autograd_kernels import reduce as k
from autograd_kernels import softmax as softmax_k

REDUCED = (
    sample((3, 4)),
    sample((3, 4), axis=0),
    sample((3, 4), axis=-1, keepdims=True),
    sample((2, 3, 4), axis=(0, 2)),
)


def spread(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """The cotangent of a sum: ``g`` repeated along the reduced axes of ``x``."""
    kept = reduced_shape(x.shape, normalize(axis, len(x.shape)), True)
    if not keepdims and g.shape:  # a single number needs no axes
        g = reshape(g, shape=kept)
    return broadcast_to(g, shape=x.shape)


def count(x: Any, axis: Axis) -> int:
    """How many elements of ``x`` each reduced value covers."""
    return math.prod(x.shape[i] for i in normalize(axis, len(x.shape)))


@primitive(
    lambda g, y, x, axis=None, keepdims=False: spread(g, x, axis, keepdims),
    saves="",
    samples=REDUCED,
)
def sum(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Sum over ``axis``; compensated, in a fixed order. Integers sum as in NumPy."""
    x = np.asarray(x)
    axes = normalize(axis, x.ndim)
    if x.dtype.kind in "iub":
        return host(lambda a: np.sum(a, axis=axes, keepdims=keepdims), x)
    return sum_over(x, axes, reduced_shape(x.shape, axes, keepdims))


@primitive(
    lambda g, y, x, axis=None, keepdims=False: spread(
        div(g, float(count(x, axis))), x, axis, keepdims
    ),
    saves="",
    samples=REDUCED,
)
def mean(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Arithmetic mean over ``axis``; NaN over nothing."""
    x = floats(x)
    axes = normalize(axis, x.ndim)
    total = sum_over(x, axes, reduced_shape(x.shape, axes, keepdims))
    return div.forward(total, float(math.prod([x.shape[i] for i in axes])))


# Spread ----------------------------------------------------------------------------


def _deviations(x: Any, axis: Axis) -> Any:
    return sub(x, mean(x, axis=axis, keepdims=True))


def _divisor(x: Any, axis: Axis, correction: float) -> float:
    return float(np.maximum(count(x, axis) - correction, 0))


@primitive(
    lambda g, y, x, axis=None, correction=0.0, keepdims=False: mul(
        spread(g, x, axis, keepdims),
        mul(_deviations(x, axis), quotient(2.0, _divisor(x, axis, correction))),
    ),
    saves="x",
    samples=(*REDUCED, sample((3, 4), axis=0, correction=1, least=2)),
)
def var(
    x: Any, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Any:
    """Variance over ``axis``, in two passes; 1 / (n - correction), NaN over nothing.

    ``correction`` is NumPy's ``ddof``: 0 as there, where PyTorch takes 1.
    """
    x = floats(x)
    axes = normalize(axis, x.ndim)
    rows = fold(x, axes)
    outer, n, inner = rows.shape
    total = empty((outer, inner), x.dtype)
    fold_into(k.sum_rows, k.sum_cols, rows, total)
    centre = contiguous(div.forward(total, float(n)))
    out = empty(reduced_shape(x.shape, axes, keepdims), x.dtype)
    if inner == 1:
        views = rows.reshape(outer, n), centre.reshape(-1), out.reshape(-1)
        launch(k.sqdev_rows, outer, *views)
    else:
        units = outer * -(-inner // k.COLUMNS)
        launch(k.sqdev_cols, units, rows, centre, out.reshape(outer, inner))
    return div.forward(out, _divisor(x, axis, correction))


def quotient(a: float, b: float) -> float:
    """``a / b`` of non-negative numbers, infinite where b is 0."""
    return a / b if b else math.inf


# Extremes --------------------------------------------------------------------------


def _extreme(
    rows: Any, cols: Any, numpys: Any, x: Any, axis: Axis, keepdims: bool, dtype: Any
) -> Array:
    x = np.asarray(x)
    axes = normalize(axis, x.ndim)
    if math.prod(x.shape[i] for i in axes) == 0:
        raise ValueError(f"nothing to compare along axis {axis} of shape {x.shape}")
    if x.dtype.kind in "iub":
        return host(lambda a: numpys(a, axis=axis, keepdims=keepdims), x)
    x = floats(x)
    out = empty(reduced_shape(x.shape, axes, keepdims), dtype or x.dtype)
    if out.size:
        fold_into(rows, cols, fold(x, axes), out)
    return out


def _shared(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The cotangent of an extreme: in equal parts to all that attain it."""
    attained = astype(equal(x, spread(y, x, axis, keepdims)), dtype=x.dtype)
    parts = div(attained, sum(attained, axis=axis, keepdims=True))
    return mul(parts, spread(g, x, axis, keepdims))


EXTREME = tuple(
    sample(Arg(shape, kind="distinct"), least=1, **attrs)
    for shape, attrs in (
        ((3, 4), {}),
        ((3, 4), {"axis": 0}),
        ((3, 4), {"axis": -1, "keepdims": True}),
        ((2, 3, 4), {"axis": (0, 2)}),
    )
)


@primitive(_shared, saves="x out", samples=EXTREME)
def max(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Maximum over ``axis``; NaN wins. Ties share the cotangent, as in PyTorch's amax.

    Raises ValueError over nothing.
    """
    return _extreme(k.max_rows, k.max_cols, np.max, x, axis, keepdims, None)


@primitive(_shared, saves="x out", samples=EXTREME)
def min(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Minimum over ``axis``; NaN wins. Ties share the cotangent, as in PyTorch's amin.

    Raises ValueError over nothing.
    """
    return _extreme(k.min_rows, k.min_cols, np.min, x, axis, keepdims, None)


@primitive(
    None,
    saves="",
    samples=tuple(
        sample((3, 4), least=1, **attrs)
        for attrs in ({}, {"axis": 0}, {"axis": -1, "keepdims": True})
    ),
)
def argmax(x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index (int64) of the first maximum, or first NaN, along ``axis`` or in all."""
    return _extreme(
        k.argmax_rows, k.argmax_cols, np.argmax, x, axis, keepdims, np.int64
    )


@primitive(
    lambda g, y, x, axis=None, keepdims=False: mul(
        spread(g, x, axis, keepdims), exp(sub(x, spread(y, x, axis, keepdims)))
    ),
    saves="x out",
    samples=tuple(sample(one.args[0], least=1, **dict(one.attrs)) for one in REDUCED),
)
def logsumexp(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """``log(sum(exp(x)))`` over ``axis``, without overflow; ValueError over nothing."""
    x = floats(x)
    axes = normalize(axis, x.ndim)
    if math.prod(x.shape[i] for i in axes) == 0:
        raise ValueError(f"nothing to add along axis {axis} of shape {x.shape}")
    out = empty(reduced_shape(x.shape, axes, keepdims), x.dtype)
    rows = contiguous(fold(x, axes).swapaxes(1, 2))
    rows = rows.reshape(-1, rows.shape[-1])
    stats = empty((2, len(rows)), x.dtype)
    launch(softmax_k.row_stats, len(rows), rows, stats)
    launch(softmax_k.logsumexp, len(rows), stats, out.reshape(-1))
    return out
