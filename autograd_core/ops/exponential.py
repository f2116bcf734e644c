"""Exponentials, logarithms, roots and their like, by NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.launch import contiguous, host
from autograd_core.op import primitive
from autograd_core.ops import maps
from autograd_core.ops.activations import sigmoid
from autograd_core.ops.broadcasting import floats, unbroadcast
from autograd_core.ops.elementwise import (
    POSITIVE,
    add,
    div,
    equal,
    mul,
    neg,
    not_equal,
    square,
    sub,
    where,
)
from autograd_core.ops.logic import logical_and
from autograd_core.samples import Arg, sample

LN2, LN10 = math.log(2), math.log(10)


@maps.hosted(np.exp2, lambda g, y, x: mul(g, mul(y, LN2)), saves="out", wide=True)
def exp2(x: Any) -> Any:
    """``2 ** x``."""


@maps.hosted(
    np.log2,
    lambda g, y, x: div(g, mul(x, LN2)),
    saves="x",
    samples=POSITIVE,
    wide=True,
)
def log2(x: Any) -> Any:
    """Logarithm to base 2; NaN below 0, -inf at 0."""


@maps.hosted(
    np.log10,
    lambda g, y, x: div(g, mul(x, LN10)),
    saves="x",
    samples=POSITIVE,
    wide=True,
)
def log10(x: Any) -> Any:
    """Logarithm to base 10; NaN below 0, -inf at 0."""


@maps.hosted(
    np.cbrt,
    lambda g, y, x: div(g, mul(square(y), 3.0)),
    saves="out",
    samples=(sample(Arg((3, 4), 0.2, 3.0)), sample(Arg((3, 4), -3.0, -0.2))),
)
def cbrt(x: Any) -> Any:
    """Cube root. The gradient at 0 is infinite, as it is."""


@maps.hosted(
    np.reciprocal,
    lambda g, y, x: neg(mul(g, square(y))),
    saves="out",
    integers=True,
    samples=(sample(Arg((3, 4), 0.5, 2.0)),),
)
def reciprocal(x: Any) -> Any:
    """``1 / x``, of integers rounded towards 0."""


# Sums of exponentials --------------------------------------------------------------


def _share(a: Any, b: Any, scale: float = 1.0) -> Any:
    """``exp(a) / (exp(a) + exp(b))``, and a half where both are the same infinity."""
    gap = sub(a, b)
    same = logical_and(equal(a, b), not_equal(gap, gap))
    gap = where(same, 0.0, gap)
    return sigmoid(gap if scale == 1 else mul(gap, scale))


@maps.hosted(
    np.logaddexp,
    lambda g, y, a, b: unbroadcast(mul(g, _share(a, b)), a),
    lambda g, y, a, b: unbroadcast(mul(g, _share(b, a)), b),
    saves="a b",
    samples=(sample((3, 4), (3, 4)), sample((3, 1), (4,)), sample((3, 4), 0.5)),
    wide=True,
)
def logaddexp(a: Any, b: Any) -> Any:
    """``log(exp(a) + exp(b))``, without overflow; equal infinities share."""


@maps.hosted(
    np.logaddexp2,
    lambda g, y, a, b: unbroadcast(mul(g, _share(a, b, LN2)), a),
    lambda g, y, a, b: unbroadcast(mul(g, _share(b, a, LN2)), b),
    saves="a b",
    samples=(sample((3, 4), (3, 4)), sample((3, 1), (4,)), sample((3, 4), 0.5)),
    wide=True,
)
def logaddexp2(a: Any, b: Any) -> Any:
    """``log2(2 ** a + 2 ** b)``, without overflow; equal infinities share."""


# Modified Bessel functions ---------------------------------------------------------


@primitive(
    lambda g, y, x: mul(g, bessel_i(x, order=1)),
    saves="x",
    samples=(sample((3, 4)), sample(Arg((3, 4), 5.0, 12.0))),
)
def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind, of order 0."""
    return host(_numpy_i0, contiguous(floats(x)))


def _numpy_i0(x: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.i0(x.astype(np.float64)).astype(x.dtype)


def _by_neighbours(g: Any, x: Any, order: int) -> Any:
    """The derivative is the mean of the functions of the next orders."""
    below = i0(x) if order == 1 else bessel_i(x, order=order - 1)
    return mul(g, mul(add(below, bessel_i(x, order=order + 1)), 0.5))


@primitive(
    lambda g, y, x, order: _by_neighbours(g, x, order),
    saves="x",
    samples=(
        sample((3, 4), order=1),
        sample((3, 4), order=2),
        sample(Arg((3, 4), 29.0, 31.0), order=1),
    ),
)
def bessel_i(x: Any, *, order: int) -> Any:
    """The modified Bessel function of the first kind, of an order from 1 on.

    The sum of its power series up to 30, of the asymptotic one beyond (DLMF 10.25.2
    and 10.40.1).
    """
    return host(lambda x: _bessel_i(x, order), contiguous(floats(x)))


FAR = 30.0


def _bessel_i(x: Any, order: int) -> Any:
    size = np.abs(x.astype(np.float64))
    with np.errstate(all="ignore"):
        out = np.where(size > FAR, _far_off(size, order), _near_0(size, order))
    out = np.copysign(out, x) if order % 2 else out
    return np.where(np.isnan(x), np.nan, out).astype(x.dtype)


def _near_0(size: Any, order: int) -> Any:
    half = np.minimum(size, FAR) / 2
    term = half**order / math.factorial(order)
    total = term
    for k in range(1, 80):
        term = term * (half * half / (k * (k + order)))
        total = total + term
    return total


def _far_off(size: Any, order: int) -> Any:
    size = np.maximum(size, FAR)
    term = total = np.ones_like(size)
    for k in range(1, 40):
        term = term * (-(4 * order**2 - (2 * k - 1) ** 2) / (8 * k * size))
        total = total + term
    return np.exp(size) / np.sqrt(2 * np.pi * size) * total
