"""Error functions, the normal distribution, and integrals of exponentials."""

from __future__ import annotations

import math
from typing import Any

from scipy import special as sc

from autograd_core.ops.broadcasting import unbroadcast
from autograd_core.ops.elementwise import (
    add,
    div,
    equal,
    exp,
    maximum,
    mul,
    neg,
    square,
    sub,
    where,
)
from autograd_core.samples import Arg, sample
from autograd_core.special.rows import hosted, more

POSITIVE = (sample(Arg((3, 4), 0.3, 3.0)),)
SLOPE = 2 / math.sqrt(math.pi)  # of erf at 0
DENSITY = 1 / math.sqrt(2 * math.pi)  # of the normal distribution at 0
MILLS = math.sqrt(2 / math.pi)


def _bell(x: Any) -> Any:
    return exp(neg(square(x)))


def normal(x: Any) -> Any:
    """The density of the normal distribution."""
    return mul(exp(mul(square(x), -0.5)), DENSITY)


@hosted(sc.erf, lambda g, y, x: mul(g, mul(_bell(x), SLOPE)), saves="x")
def erf(x: Any) -> Any:
    """The error function (DLMF 7.2.1)."""


@hosted(sc.erfc, lambda g, y, x: mul(g, mul(_bell(x), -SLOPE)), saves="x")
def erfc(x: Any) -> Any:
    """``1 - erf(x)``, accurate where that is small (DLMF 7.2.2)."""


@hosted(
    sc.erfcx, lambda g, y, x: mul(g, sub(mul(mul(x, 2.0), y), SLOPE)), saves="x out"
)
def erfcx(x: Any) -> Any:
    """``exp(x ** 2) * erfc(x)`` (DLMF 7.2.3)."""


@hosted(sc.erfi, lambda g, y, x: mul(g, mul(exp(square(x)), SLOPE)), saves="x")
def erfi(x: Any) -> Any:
    """``-i * erf(i * x)`` (DLMF 7.2.1)."""


@hosted(
    sc.erfinv,
    lambda g, y, x: mul(g, mul(exp(square(y)), 1 / SLOPE)),
    saves="out",
    samples=(sample(Arg((3, 4), -0.9, 0.9)),),
)
def erfinv(x: Any) -> Any:
    """What undoes `erf` (DLMF 7.17.1)."""


@hosted(
    sc.erfcinv,
    lambda g, y, x: mul(g, mul(exp(square(y)), -1 / SLOPE)),
    saves="out",
    samples=(sample(Arg((3, 4), 0.1, 1.9)),),
)
def erfcinv(x: Any) -> Any:
    """What undoes `erfc` (DLMF 7.17.1)."""


@hosted(sc.dawsn, lambda g, y, x: mul(g, sub(1.0, mul(mul(x, 2.0), y))), saves="x out")
def dawsn(x: Any) -> Any:
    """Dawson's integral (DLMF 7.2.5)."""


# The normal distribution -------------------------------------------------------------


@hosted(sc.ndtr, lambda g, y, x: mul(g, normal(x)), saves="x")
def ndtr(x: Any) -> Any:
    """The normal distribution: the chance of less than x (DLMF 7.2.2)."""


@hosted(
    sc.ndtri,
    lambda g, y, x: div(g, normal(y)),
    saves="out",
    samples=(sample(Arg((3, 4), 0.1, 0.9)),),
)
def ndtri(x: Any) -> Any:
    """What undoes `ndtr`."""


def _scaled_tail(x: Any) -> Any:
    """``ndtr(x) / normal(x)``, which is far from 0 and inf where both are not."""
    return mul(erfcx(mul(x, -math.sqrt(0.5))), 1 / MILLS)


@hosted(
    sc.log_ndtr,
    lambda g, y, x: div(g, _scaled_tail(x)),
    saves="x",
    samples=(sample((3, 4)), sample(Arg((7,), -30.0, -5.0))),
)
def log_ndtr(x: Any) -> Any:
    """Logarithm of `ndtr`, accurate in both tails."""


@hosted(
    sc.ndtri_exp,
    lambda g, y, x: mul(g, _scaled_tail(y)),
    saves="out",
    samples=(sample(Arg((3, 4), -3.0, -0.1)),),
)
def ndtri_exp(x: Any) -> Any:
    """What undoes `log_ndtr`."""


def _owens_by_h(h: Any, a: Any) -> Any:
    return mul(mul(normal(h), erf(mul(mul(a, h), math.sqrt(0.5)))), -0.5)


def _owens_by_a(h: Any, a: Any) -> Any:
    s = add(square(a), 1.0)
    return div(exp(mul(mul(square(h), s), -0.5)), mul(s, 2 * math.pi))


@hosted(
    sc.owens_t,
    lambda g, y, h, a: unbroadcast(mul(g, _owens_by_h(h, a)), h),
    lambda g, y, h, a: unbroadcast(mul(g, _owens_by_a(h, a)), a),
    saves="h a",
    samples=(sample((3, 4), (3, 4)), sample((3, 1), (4,)), sample((3, 4), 0.5)),
)
def owens_t(h: Any, a: Any) -> Any:
    """Owen's function T (Owen 1956)."""


# Integrals of exponentials -----------------------------------------------------------


@hosted(sc.expi, lambda g, y, x: mul(g, div(exp(x), x)), saves="x", samples=POSITIVE)
def expi(x: Any) -> Any:
    """The exponential integral Ei (DLMF 6.2.5)."""


@hosted(
    sc.exp1,
    lambda g, y, x: neg(mul(g, div(exp(neg(x)), x))),
    saves="x",
    samples=POSITIVE,
)
def exp1(x: Any) -> Any:
    """The exponential integral E1 (DLMF 6.2.1)."""


def _expn_slope(n: Any, x: Any) -> Any:
    """``-expn(n - 1, x)``; of n = 0 in elementary functions."""
    zero = equal(n, 0)
    first = mul(div(exp(neg(x)), x), add(div(1.0, x), 1.0))
    lower = max(n - 1, 0) if isinstance(n, int | float) else maximum(more(n, -1), 0)
    return neg(where(zero, first, expn(lower, x)))


@hosted(
    sc.expn,
    None,
    lambda g, y, n, x: unbroadcast(mul(g, _expn_slope(n, x)), x),
    saves="n x",
    samples=(
        sample(2, Arg((3, 4), 0.3, 3.0)),
        sample(Arg((3, 1), 0, 4, "int"), Arg((4,), 0.3, 3.0)),
    ),
)
def expn(n: Any, x: Any) -> Any:
    """The exponential integral of order n (DLMF 8.19.1)."""
