"""Reductions over axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.launch import host
from autograd_core.op import primitive, sample
from autograd_core.ops.elementwise import div, floats
from autograd_core.ops.folding import Axis, normalize, reduced_shape, sum_over
from autograd_core.ops.shape import broadcast_to, reshape

REDUCED = (
    sample((3, 4)),
    sample((3, 4), axis=0),
    sample((3, 4), axis=-1, keepdims=True),
    sample((2, 3, 4), axis=(0, 2)),
)


def spread(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """The cotangent of a sum: ``g`` repeated along the reduced axes of ``x``."""
    kept = reduced_shape(x.shape, normalize(axis, len(x.shape)), True)
    if not keepdims:
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
    total = sum.forward(x, axis=axis, keepdims=keepdims)
    return div.forward(total, float(count(x, axis)))
