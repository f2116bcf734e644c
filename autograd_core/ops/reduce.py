"""Reductions over axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core import calls, front
from autograd_core.hooks import RECORDING, Array
from autograd_core.launch import FLOATS, constant, contiguous, empty, host, launch
from autograd_core.op import primitive
from autograd_core.ops.broadcasting import floats, inexact
from autograd_core.ops.elementwise import div, equal, exp, mul, sqrt, sub, where
from autograd_core.ops.folding import (
    Axis,
    fold,
    fold_into,
    normalize,
    reduced_shape,
    sum_over,
    whole,
)
from autograd_core.ops.shape import astype, broadcast_to, reshape
from autograd_core.samples import Arg, sample
from autograd_kernels import elementwise as elementwise_k
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


def _repeated(g: Array, x: Any, axis: Axis, keepdims: bool) -> Array:
    """`spread` of an array; a small one over all axes in memory of its own.

    That is one launch. Of a large one, a view of one number is less to read.
    """
    size = math.prod(x.shape)
    plain = axis is None and not RECORDING and g.dtype in FLOATS
    if not plain or size * g.itemsize > front.MOST:
        view: Array = spread(g, x, axis, keepdims)
        return view
    out = empty(x.shape, g.dtype)
    launch(elementwise_k.fill, size, g.reshape(-1), out.reshape(-1))
    return out


def _sum_backward(
    g: Array,
    needs: Sequence[bool],
    out: None,
    residuals: tuple[()],
    x: Any,
    axis: Axis = None,
    keepdims: bool = False,
) -> list[Array]:
    return [_repeated(g, x, axis, keepdims)]


def _mean_backward(
    g: Array,
    needs: Sequence[bool],
    out: None,
    residuals: tuple[()],
    x: Any,
    axis: Axis = None,
    keepdims: bool = False,
) -> list[Array]:
    return [_repeated(div(g, float(count(x, axis))), x, axis, keepdims)]


@primitive(
    lambda g, y, x, axis=None, keepdims=False: spread(g, x, axis, keepdims),
    backward=_sum_backward,
    saves="",
    samples=REDUCED,
    front=lambda op: calls.reduction(op, front.total()),
)
def sum(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Sum over ``axis``; compensated, in a fixed order. Integers sum as in NumPy."""
    x = np.asarray(x)
    axes = normalize(axis, x.ndim)
    if x.dtype.kind in "iubc":
        return host(lambda a: np.sum(a, axis=axes, keepdims=keepdims), x)
    x = floats(x)
    return sum_over(x, axes, reduced_shape(x.shape, axes, keepdims))


@primitive(
    lambda g, y, x, axis=None, keepdims=False: spread(
        div(g, float(count(x, axis))), x, axis, keepdims
    ),
    backward=_mean_backward,
    saves="",
    samples=REDUCED,
    front=lambda op: calls.reduction(op, front.total(mean=True)),
)
def mean(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Arithmetic mean over ``axis``; NaN over nothing."""
    x = inexact(x)
    axes = normalize(axis, x.ndim)
    total = sum_over(x, axes, reduced_shape(x.shape, axes, keepdims))
    return div.forward(total, float(math.prod([x.shape[i] for i in axes])))


@primitive(
    lambda g, y, x: mul(mul(g, 2.0), x),
    saves="x",
    samples=(sample((3, 4)), sample((5,)), sample(())),
)
def sum_of_squares(x: Any) -> Any:
    """Sum of ``x * x`` over all elements, with no array of squares; compensated."""
    x = contiguous(floats(x))
    out = empty((), x.dtype)
    rows = x.reshape(1, -1), constant([0.0], x.dtype), out.reshape(-1)
    launch(k.sqdev_rows, 1, *rows)
    return out


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
        units = outer * -(-inner // k.UNIT)
        launch(k.sqdev_cols, units, rows, centre, out.reshape(outer, inner))
    return div.forward(out, _divisor(x, axis, correction))


def _std_vjp(
    g: Any,
    y: Any,
    x: Any,
    axis: Axis = None,
    correction: float = 0.0,
    keepdims: bool = False,
) -> Any:
    """``g * (x - mean) / (divisor * y)``, and 0 where y is 0."""
    flat = equal(y, 0.0)
    g = where(flat, 0.0, div(g, where(flat, 1.0, y)))
    scale = quotient(1.0, _divisor(x, axis, correction))
    return mul(spread(g, x, axis, keepdims), mul(_deviations(x, axis), scale))


@primitive(_std_vjp, saves="x out", samples=(*REDUCED, *var.samples[-1:]))
def std(
    x: Any, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Any:
    """The root of `var`; its gradient is 0 where that is 0, as in PyTorch."""
    out = var.forward(x, axis=axis, correction=correction, keepdims=keepdims)
    return sqrt.forward(out)


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
    if x.dtype.kind in "iubc":
        where = None if axis is None else axes[0] if dtype else axes
        return host(lambda a: numpys(a, axis=where, keepdims=keepdims), x)
    x = floats(x)
    out = empty(reduced_shape(x.shape, axes, keepdims), dtype or x.dtype)
    if out.size:
        fold_into(rows, cols, fold(x, axes), out)
    return out


def _shared(g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The cotangent of an extreme: in equal parts to all that attain it, or are NaN."""
    attained = equal(x, spread(y, x, axis, keepdims))
    ones = where(equal(x, x), astype(attained, dtype=x.dtype), 1.0)
    parts = div(spread(g, x, axis, keepdims), sum(ones, axis=axis, keepdims=True))
    return where(ones, parts, 0.0)


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
    if axis is not None:
        axis = whole(axis)
    return _extreme(
        k.argmax_rows, k.argmax_cols, np.argmax, x, axis, keepdims, np.int64
    )


def _logsumexp_vjp(
    g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False
) -> Any:
    """``g * softmax(x)``; 0 where every x is -inf, as nothing small changes that."""
    y = where(equal(y, -math.inf), 0.0, y)
    share = exp(sub(x, spread(y, x, axis, keepdims)))
    return mul(spread(g, x, axis, keepdims), share)


@primitive(
    _logsumexp_vjp,
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


# Truth -----------------------------------------------------------------------------

TRUTH = (
    sample(Arg((3, 4), kind="bool")),
    sample((3, 4), axis=0),
    sample((2, 3, 4), axis=(0, 2), keepdims=True),
)


@primitive(None, saves="", samples=TRUTH)
def any(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether one element is not 0, over ``axis``; NaN is not."""
    return _truth(np.any, x, axis, keepdims)


@primitive(None, saves="", samples=TRUTH)
def all(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether no element is 0, over ``axis``; NaN is not."""
    return _truth(np.all, x, axis, keepdims)


def _truth(numpys: Any, x: Any, axis: Axis, keepdims: bool) -> Array:
    x = np.asarray(x)
    axes = normalize(axis, x.ndim)
    return host(lambda a: numpys(a, axis=axes, keepdims=keepdims), x)
