"""Whole numbers, remainders, signs and the parts of a float, by NumPy.

Functions that are flat between jumps have gradient 0, as in PyTorch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.launch import host
from autograd_core.op import primitive
from autograd_core.ops import maps
from autograd_core.ops.broadcasting import floats, geometry, unbroadcast
from autograd_core.ops.elementwise import (
    DISTINCT,
    div,
    equal,
    less,
    mul,
    neg,
    not_equal,
    sign,
    sub,
    where,
)
from autograd_core.ops.logic import logical_and, logical_or, signbit
from autograd_core.ops.shape import full_like
from autograd_core.samples import Arg, sample

SMOOTH = (sample(Arg((3, 4), kind="distinct")),)  # no sample is at a jump
QUOTIENTS = (
    sample(Arg((3, 4), kind="distinct"), Arg((3, 4), 0.7, 1.93, "distinct")),
    sample(Arg((3, 1), kind="distinct"), Arg((4,), 0.7, 1.93, "distinct")),
    sample(Arg((3, 4), kind="distinct"), 0.75),
    sample(1.875, Arg((3, 4), 0.7, 1.8, "distinct")),
)


def _flat(g: Any, like: Any) -> Any:
    return unbroadcast(full_like(g, fill_value=0.0), like)


# Whole numbers ---------------------------------------------------------------------


@maps.hosted(
    np.floor, lambda g, y, x: _flat(g, x), saves="", integers=True, samples=SMOOTH
)
def floor(x: Any) -> Any:
    """The next whole number below; its gradient is 0."""


@maps.hosted(
    np.ceil, lambda g, y, x: _flat(g, x), saves="", integers=True, samples=SMOOTH
)
def ceil(x: Any) -> Any:
    """The next whole number above; its gradient is 0."""


@maps.hosted(
    np.trunc, lambda g, y, x: _flat(g, x), saves="", integers=True, samples=SMOOTH
)
def trunc(x: Any) -> Any:
    """The next whole number towards 0; its gradient is 0."""


@maps.hosted(np.rint, lambda g, y, x: _flat(g, x), saves="", samples=SMOOTH)
def rint(x: Any) -> Any:
    """The nearest whole number, the even one of two; its gradient is 0."""


@primitive(
    lambda g, y, x, decimals=0: _flat(g, x),
    saves="",
    samples=(*SMOOTH, sample(Arg((3, 4), kind="distinct"), decimals=1)),
)
def round(x: Any, *, decimals: int = 0) -> Any:
    """Rounded to ``decimals``, half to even; its gradient is 0."""
    return host(lambda x: _rounded(x, decimals), np.asarray(x))


def _rounded(x: Any, decimals: int) -> Any:
    with np.errstate(all="ignore"):
        return np.round(x, decimals)


# Remainders ------------------------------------------------------------------------


@maps.hosted(
    np.floor_divide,
    lambda g, y, a, b: _flat(g, a),
    lambda g, y, a, b: _flat(g, b),
    saves="",
    integers=True,
    samples=QUOTIENTS,
)
def floor_divide(a: Any, b: Any) -> Any:
    """``a // b``; its gradient is 0."""


@maps.hosted(
    np.remainder,
    lambda g, y, a, b: unbroadcast(g, a),
    lambda g, y, a, b: unbroadcast(neg(mul(g, floor_divide(a, b))), b),
    saves=("", "a b"),
    integers=True,
    samples=QUOTIENTS,
)
def remainder(a: Any, b: Any) -> Any:
    """``a % b``, with the sign of ``b``."""


@maps.hosted(
    np.fmod,
    lambda g, y, a, b: unbroadcast(g, a),
    lambda g, y, a, b: unbroadcast(neg(mul(g, rint(div(sub(a, y), b)))), b),
    saves=("", "a b out"),
    integers=True,
    samples=QUOTIENTS,
)
def fmod(a: Any, b: Any) -> Any:
    """The remainder of a division towards 0, with the sign of ``a``."""


# Parts of a float ------------------------------------------------------------------


@primitive(lambda g, y, x: g, saves="", samples=SMOOTH, elementwise=True)
def fraction(x: Any) -> Any:
    """What is behind the point, with the sign of ``x``; 0 of an infinity."""
    return host(_fraction, floats(x))


def _fraction(x: Any) -> Any:
    return np.modf(x)[0]


@primitive(
    lambda g, y, x, i: unbroadcast(ldexp(g, i), x),
    None,
    saves="i",
    samples=(
        sample((3, 4), Arg((3, 4), -3, 4, "int")),
        sample((3, 1), Arg((4,), -3, 4, "int")),
        sample((3, 4), 3),
    ),
    elementwise=True,
    ufunc=np.ldexp,
)
def ldexp(x: Any, i: Any) -> Any:
    """``x * 2 ** i`` for whole numbers i."""
    x = floats(x)
    geometry(x.shape, np.shape(i))  # for its error
    return host(_QUIET_LDEXP, x, i)


_QUIET_LDEXP = maps.Quiet(np.ldexp)


@primitive(samples=SMOOTH)
def exponent(x: Any) -> Any:
    """i, where x is ``m * 2 ** i`` with m from a half to 1; 0 for 0, inf and NaN."""
    return host(_exponent, floats(x))


def _exponent(x: Any) -> Any:
    return np.where(np.isfinite(x), np.frexp(x)[1], np.int32(0))


@primitive(lambda g, y, x: _flat(g, x), saves="", samples=SMOOTH, ufunc=np.spacing)
def spacing(x: Any) -> Any:
    """The distance to the next float; its gradient is 0."""
    return host(_QUIET_SPACING, floats(x))


_QUIET_SPACING = maps.Quiet(np.spacing)


@maps.hosted(
    np.nextafter,
    lambda g, y, a, b: unbroadcast(g, a),
    lambda g, y, a, b: _flat(g, b),
    saves="",
    samples=DISTINCT,
)
def nextafter(a: Any, b: Any) -> Any:
    """The next float after ``a`` on the way to ``b``."""


# Signs and choices -----------------------------------------------------------------


@maps.hosted(np.positive, lambda g, y, x: g, saves="", integers=True)
def positive(x: Any) -> Any:
    """``+x``, a copy; TypeError for bool, as in NumPy."""


@maps.hosted(np.fabs, lambda g, y, x: mul(g, sign(x)), saves="x", samples=SMOOTH)
def fabs(x: Any) -> Any:
    """``|x|`` as a float; subgradient 0 at 0."""


def _signed_alike(g: Any, a: Any, b: Any) -> Any:
    """``g`` where the signs of a and b are the same, else ``-g``, and 0 where a is."""
    alike = equal(signbit(a), signbit(b))
    return where(equal(a, 0.0), 0.0, where(alike, g, neg(g)))


@maps.hosted(
    np.copysign,
    lambda g, y, a, b: unbroadcast(_signed_alike(g, a, b), a),
    lambda g, y, a, b: _flat(g, b),
    saves=("a b", ""),
    samples=DISTINCT,
)
def copysign(a: Any, b: Any) -> Any:
    """``|a|`` with the sign of ``b``; subgradient 0 where ``a`` is 0."""


@maps.hosted(
    np.heaviside,
    lambda g, y, a, b: _flat(g, a),
    lambda g, y, a, b: unbroadcast(where(equal(a, 0.0), g, 0.0), b),
    saves=("", "a"),
    samples=DISTINCT,
)
def heaviside(a: Any, b: Any) -> Any:
    """0 where ``a`` is negative, 1 where it is positive, ``b`` where it is 0."""


def _is_nan(x: Any) -> Any:
    return not_equal(x, x)


def _chosen(g: Any, loses: Any, a: Any, b: Any) -> Any:
    """The part of ``a`` in the gradient of a choice that ignores NaN; ties share."""
    nan = _is_nan(a)
    tied = logical_or(equal(a, b), logical_and(nan, _is_nan(b)))
    return where(tied, mul(g, 0.5), where(logical_or(nan, loses), 0.0, g))


@maps.hosted(
    np.fmax,
    lambda g, y, a, b: unbroadcast(_chosen(g, less(a, b), a, b), a),
    lambda g, y, a, b: unbroadcast(_chosen(g, less(b, a), b, a), b),
    saves="a b",
    integers=True,
    samples=DISTINCT,
)
def fmax(a: Any, b: Any) -> Any:
    """The larger of two, where one is NaN the other; ties share the gradient."""


@maps.hosted(
    np.fmin,
    lambda g, y, a, b: unbroadcast(_chosen(g, less(b, a), a, b), a),
    lambda g, y, a, b: unbroadcast(_chosen(g, less(a, b), b, a), b),
    saves="a b",
    integers=True,
    samples=DISTINCT,
)
def fmin(a: Any, b: Any) -> Any:
    """The smaller of two, where one is NaN the other; ties share the gradient."""


# Phases ----------------------------------------------------------------------------


@primitive(
    lambda g, y, x, **attrs: g,
    saves="",
    samples=(
        sample(Arg((3, 4), -9.0, 9.0, "distinct")),
        sample(Arg((3, 4), -9.0, 9.0, "distinct"), axis=0, period=5.0),
    ),
)
def unwrap(
    x: Any, *, discont: float | None = None, axis: int = -1, period: float = 2 * np.pi
) -> Any:
    """Without jumps of more than half a ``period``; see `numpy.unwrap`."""
    return host(lambda x: np.unwrap(x, discont, axis, period=period), np.asarray(x))
