"""Running sums and products, and products over axes.

A product has its derivatives where factors are 0 too: nothing is divided. What they
need is a linear recurrence, whose derivatives are such recurrences again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import FLOATS, contiguous, empty, host, launch
from autograd_core.op import primitive
from autograd_core.ops.broadcasting import as_dtype, inexact
from autograd_core.ops.elementwise import mul
from autograd_core.ops.folding import Axis, fold, normalize, single
from autograd_core.ops.reduce import REDUCED, spread
from autograd_core.ops.shape import (
    concatenate,
    full_like,
    getitem,
    reshape,
    transpose,
)
from autograd_core.samples import sample
from autograd_kernels import cumulative as k

ALONG = (sample((3, 4), axis=0), sample((3, 4), axis=-1), sample((5,), axis=0))


def _shifted(x: Any, axis: int, later: bool, fill: float) -> Any:
    """``x[k - 1]`` at k if ``later``, else ``x[k + 1]``; ``fill`` at the free end."""
    axis = single(axis, len(x.shape))
    if not x.shape[axis]:
        return x
    index = (*(slice(None),) * axis, slice(None, -1) if later else slice(1, None))
    ends = tuple(1 if i == axis else n for i, n in enumerate(x.shape))
    parts = [full_like(x, fill_value=fill, shape=ends), getitem(x, index=index)]
    return concatenate(*(parts if later else parts[::-1]), axis=axis)


@primitive(
    lambda g, y, a, b, axis, reverse=False: mul(
        _pulled(g, a, axis, reverse), _shifted(y, axis, not reverse, 0.0)
    ),
    lambda g, y, a, b, axis, reverse=False: _pulled(g, a, axis, reverse),
    saves=("a out", "a"),
    samples=(
        sample((3, 4), (3, 4), axis=0),
        sample((3, 4), (3, 4), axis=-1),
        sample((3, 4), (3, 4), axis=1, reverse=True),
    ),
)
def recurrence(a: Any, b: Any, *, axis: int, reverse: bool = False) -> Any:
    """``y[k] = a[k] * y[k - 1] + b[k]`` along an axis, from y[-1] = 0.

    ``reverse`` is the other direction. Both have one shape.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise ValueError(f"shapes {a.shape} and {b.shape} differ")
    dtype = np.result_type(inexact(a), inexact(b))
    a, b = as_dtype(inexact(a), dtype), as_dtype(inexact(b), dtype)
    axis = single(axis, a.ndim)
    if dtype not in FLOATS:
        return host(lambda a, b: _by_steps(a, b, axis, reverse), a, b)
    out = empty(a.shape, dtype)
    factors, terms = fold(contiguous(a), (axis,)), fold(contiguous(b), (axis,))
    values = out.reshape(terms.shape)
    launch(k.recurrence, len(terms), factors, terms, int(reverse), values)
    return out


def _by_steps(a: Array, b: Array, axis: int, reverse: bool) -> Array:
    """`recurrence` without a kernel, for dtypes that have none."""
    out = np.empty_like(b)
    order = slice(None, None, -1) if reverse else slice(None)
    factors, terms, values = (np.moveaxis(x, axis, 0)[order] for x in (a, b, out))
    last: Any = 0
    for step, (factor, term) in enumerate(zip(factors, terms, strict=True)):
        values[step] = last = factor * last + term if step else term
    return out


def _pulled(g: Any, a: Any, axis: int, reverse: bool) -> Any:
    """The cotangent of the terms of a recurrence: it runs the other way."""
    return recurrence(
        _shifted(a, axis, reverse, 0.0), g, axis=axis, reverse=not reverse
    )


def _running(function: Any, x: Any, axis: int, reverse: bool) -> Array:
    x = np.asarray(x)
    if x.dtype.kind not in "biu":
        x = inexact(x)
    order = slice(None, None, -1) if reverse else slice(None)
    index = (*(slice(None),) * single(axis, x.ndim), order)
    return host(lambda a: function(a[index], axis=axis)[index], x)


@primitive(
    lambda g, y, x, axis, reverse=False: cumsum(g, axis=axis, reverse=not reverse),
    saves="",
    samples=ALONG,
)
def cumsum(x: Any, *, axis: int, reverse: bool = False) -> Any:
    """Sums of all elements up to each along an axis, or from each on if ``reverse``."""
    return _running(np.cumsum, x, axis, reverse)


@primitive(
    lambda g, y, x, axis, reverse=False: mul(
        _pulled(g, x, axis, reverse), _shifted(y, axis, not reverse, 1.0)
    ),
    saves="x out",
    samples=ALONG,
)
def cumprod(x: Any, *, axis: int, reverse: bool = False) -> Any:
    """Products of all elements up to each along an axis, or from each on."""
    return _running(np.cumprod, x, axis, reverse)


@primitive(
    lambda g, y, x, axis=None, keepdims=False: mul(
        spread(g, x, axis, keepdims), _others(x, axis)
    ),
    saves="x",
    samples=REDUCED,
)
def prod(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Product over ``axis``; its gradient is right where factors are 0."""
    x = np.asarray(x)
    axes = normalize(axis, x.ndim)
    if x.dtype.kind not in "biu":
        x = inexact(x)
    return host(lambda a: np.prod(a, axis=axes, keepdims=keepdims), x)


def _others(x: Any, axis: Axis) -> Any:
    """For each element the product of the others that it is reduced with."""
    shape, axes = tuple(x.shape), normalize(axis, len(x.shape))
    if 0 in shape:
        return x
    order = (*(i for i in range(len(shape)) if i not in axes), *axes)
    turned = transpose(x, axes=order)
    kept = turned.shape[: len(shape) - len(axes)]
    rows = reshape(turned, shape=(*kept, -1))
    before = cumprod(_shifted(rows, -1, True, 1.0), axis=-1)
    after = cumprod(_shifted(rows, -1, False, 1.0), axis=-1, reverse=True)
    back = tuple(order.index(i) for i in range(len(order)))
    return transpose(reshape(mul(before, after), shape=turned.shape), axes=back)
