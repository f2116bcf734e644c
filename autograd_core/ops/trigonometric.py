"""Trigonometric and hyperbolic functions, their inverses, and angles; by NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.launch import contiguous, host
from autograd_core.op import primitive
from autograd_core.ops import maps
from autograd_core.ops.broadcasting import inexact, unbroadcast
from autograd_core.ops.elementwise import (
    abs,
    add,
    cos,
    div,
    equal,
    less,
    mul,
    neg,
    sqrt,
    square,
    sub,
    where,
)
from autograd_core.samples import Arg, sample

WITHIN = (sample(Arg((3, 4), -0.95, 0.95)),)  # where the inverses are defined
AWAY = (
    sample(Arg((3, 4), 0.5, 2.0), Arg((3, 4), -2.0, 2.0)),
    sample(Arg((3, 1), -2.0, 2.0), Arg((4,), 0.5, 2.0)),
    sample(Arg((3, 4)), 0.5),
    sample(0.5, Arg((3, 4))),
)


@maps.hosted(
    np.tan,
    lambda g, y, x: mul(g, add(square(y), 1.0)),
    saves="out",
    samples=(sample(Arg((3, 4), -1.2, 1.2)),),
    wide=True,
)
def tan(x: Any) -> Any:
    """Tangent."""


@maps.hosted(np.sinh, lambda g, y, x: mul(g, cosh(x)), saves="x")
def sinh(x: Any) -> Any:
    """Hyperbolic sine."""


@maps.hosted(np.cosh, lambda g, y, x: mul(g, sinh(x)), saves="x", wide=True)
def cosh(x: Any) -> Any:
    """Hyperbolic cosine."""


def _cofactor(x: Any) -> Any:
    """``1 - x * x``, accurate near 1 and -1."""
    return mul(sub(1.0, x), add(x, 1.0))


@maps.hosted(
    np.arcsin,
    lambda g, y, x: div(g, sqrt(_cofactor(x))),
    saves="x",
    samples=WITHIN,
    wide=True,
)
def arcsin(x: Any) -> Any:
    """Inverse sine; NaN beyond 1. The gradient at 1 and -1 is infinite."""


@maps.hosted(
    np.arccos,
    lambda g, y, x: neg(div(g, sqrt(_cofactor(x)))),
    saves="x",
    samples=WITHIN,
    wide=True,
)
def arccos(x: Any) -> Any:
    """Inverse cosine; NaN beyond 1. The gradient at 1 and -1 is infinite."""


@maps.hosted(
    np.arctan, lambda g, y, x: div(g, add(square(x), 1.0)), saves="x", wide=True
)
def arctan(x: Any) -> Any:
    """Inverse tangent."""


def _by_arcsinh(g: Any, x: Any) -> Any:
    """``g / sqrt(x * x + 1)``, without overflow where there is none."""
    if x.dtype.kind == "c":
        return div(g, sqrt(add(square(x), 1.0)))
    return div(g, hypot(x, 1.0))


@maps.hosted(np.arcsinh, lambda g, y, x: _by_arcsinh(g, x), saves="x")
def arcsinh(x: Any) -> Any:
    """Inverse hyperbolic sine."""


@maps.hosted(
    np.arccosh,
    lambda g, y, x: div(g, mul(sqrt(sub(x, 1.0)), sqrt(add(x, 1.0)))),
    saves="x",
    samples=(sample(Arg((3, 4), 1.1, 4.0)),),
)
def arccosh(x: Any) -> Any:
    """Inverse hyperbolic cosine; NaN below 1. The gradient at 1 is infinite."""


@maps.hosted(
    np.arctanh,
    lambda g, y, x: div(g, _cofactor(x)),
    saves="x",
    samples=WITHIN,
)
def arctanh(x: Any) -> Any:
    """Inverse hyperbolic tangent; NaN beyond 1."""


# Two sides -------------------------------------------------------------------------


def _over_length(g: Any, x: Any, a: Any, b: Any, power: int) -> Any:
    """``g * x / r ** power`` with ``r = hypot(a, b)``, and 0 where r is 0."""
    r = hypot(a, b)
    r = where(equal(r, 0.0), 1.0, r)  # then x is 0 too
    slope = div(x, r)
    return mul(g, slope if power == 1 else div(slope, r))


@maps.hosted(
    np.arctan2,
    lambda g, y, a, b: unbroadcast(_over_length(g, b, a, b, 2), a),
    lambda g, y, a, b: unbroadcast(neg(_over_length(g, a, a, b, 2)), b),
    saves="a b",
    samples=AWAY,
    wide=True,
)
def arctan2(a: Any, b: Any) -> Any:
    """The angle of the point (b, a); the gradient at (0, 0) is 0."""


@maps.hosted(
    np.hypot,
    lambda g, y, a, b: unbroadcast(_over_length(g, a, a, b, 1), a),
    lambda g, y, a, b: unbroadcast(_over_length(g, b, a, b, 1), b),
    saves="a b",
    samples=AWAY,
)
def hypot(a: Any, b: Any) -> Any:
    """``sqrt(a * a + b * b)`` without overflow; the gradient at (0, 0) is 0."""


# Units of angles -------------------------------------------------------------------


@maps.hosted(np.deg2rad, lambda g, y, x: deg2rad(g), saves="")
def deg2rad(x: Any) -> Any:
    """Degrees as radians."""


@maps.hosted(np.rad2deg, lambda g, y, x: rad2deg(g), saves="")
def rad2deg(x: Any) -> Any:
    """Radians as degrees."""


# sinc ------------------------------------------------------------------------------

NEAR = 0.5  # up to here the slope is a polynomial: (cos - sinc) / x cancels
# of sinc(x) = sum of c[k] * x ** (2 k); 14 terms hold five derivatives to 1e-16
SERIES = np.cumprod(
    [1.0] + [-(np.pi**2) / (2 * k * (2 * k + 1)) for k in range(1, 14)]
).tolist()


@primitive(
    lambda g, y, x: mul(g, _sinc_slope(x)),
    saves="x",
    samples=(sample((3, 4)), sample(Arg((3, 4), -0.4, 0.4))),
)
def sinc(x: Any) -> Any:
    """``sin(pi x) / (pi x)``, 1 at 0, where its gradient is 0."""
    return host(_numpy_sinc, contiguous(inexact(x)))


def _numpy_sinc(x: Any) -> Any:
    wide = np.float64 if x.dtype == np.float32 else x.dtype
    with np.errstate(all="ignore"):
        return np.sinc(x.astype(wide)).astype(x.dtype)


def _sinc_slope(x: Any) -> Any:
    near = less(abs(x), NEAR)
    far = where(near, 1.0, x)
    there = div(sub(cos(mul(far, np.pi)), sinc(far)), far)
    close = where(near, x, 0.0)
    return where(near, mul(close, _polynomial(square(close))), there)


def _polynomial(z: Any) -> Any:
    """The slope of sinc over x, as a polynomial in ``z = x * x``."""
    terms = [2 * k * c for k, c in enumerate(SERIES)][:0:-1]
    out = add(mul(z, terms[0]), terms[1])
    for term in terms[2:]:
        out = add(mul(out, z), term)
    return out
