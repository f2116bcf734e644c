"""Gamma and beta functions, and the distributions that are made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special as sc

from autograd_core.hooks import Array
from autograd_core.launch import host
from autograd_core.numpy_functions.arguments import operand
from autograd_core.op import primitive
from autograd_core.ops import shape as s
from autograd_core.ops.broadcasting import floats, unbroadcast
from autograd_core.ops.elementwise import (
    add,
    cos,
    div,
    exp,
    less,
    mul,
    neg,
    square,
    sub,
    where,
)
from autograd_core.ops.power import pow
from autograd_core.samples import Arg, sample
from autograd_core.special.elementary import xlog1py, xlogy
from autograd_core.special.rows import hosted, more

A = Arg((3, 4), 0.4, 3.0)
COLUMN, ROW = Arg((3, 1), 0.4, 3.0), Arg((4,), 0.4, 3.0)
BY_SECOND = (sample(A, A), sample(COLUMN, ROW), sample(1.5, A))
CHANCE = Arg((3, 4), 0.1, 0.9)
BOTH_SIDES = (sample(A), sample(Arg((3, 4), -1.9, -1.1)))
PAIRS = (sample(A, A), sample(COLUMN, ROW), sample(A, 1.5))


# Gamma -------------------------------------------------------------------------------


@hosted(
    sc.gamma,
    lambda g, y, z: mul(g, mul(y, psi(z))),
    saves="z out",
    samples=BOTH_SIDES,
)
def gamma(z: Any) -> Any:
    """The gamma function (DLMF 5.2.1)."""


@hosted(sc.gammaln, lambda g, y, x: mul(g, psi(x)), saves="x", samples=BOTH_SIDES)
def gammaln(x: Any) -> Any:
    """Logarithm of the magnitude of `gamma` (DLMF 5.2.1)."""


@hosted(sc.loggamma, lambda g, y, z: mul(g, psi(z)), saves="z", samples=(sample(A),))
def loggamma(z: Any) -> Any:
    """Principal branch of the logarithm of `gamma`; NaN below 0 (DLMF 5.2.1)."""


@hosted(
    sc.gammasgn,
    lambda g, y, x: s.full_like(g, fill_value=0.0),
    saves="",
    samples=BOTH_SIDES,
)
def gammasgn(x: Any) -> Any:
    """Sign of `gamma`; its gradient is 0."""


def _rgamma_slope(z: Any, y: Any) -> Any:
    """``-psi(z) / gamma(z)``; on the left, where both are infinite, reflected."""
    left = less(z, 0.5)
    mirrored = where(left, sub(1.0, z), z)
    turned = mul(gamma(where(left, mirrored, 1.0)), cos(mul(z, math.pi)))
    there = neg(mul(psi(mirrored), y))
    return where(left, add(there, turned), there)


@hosted(
    sc.rgamma,
    lambda g, y, z: mul(g, _rgamma_slope(z, y)),
    saves="z out",
    samples=BOTH_SIDES,
)
def rgamma(z: Any) -> Any:
    """``1 / gamma(z)`` (DLMF 5.7.1)."""


@hosted(sc.psi, lambda g, y, z: mul(g, polygamma(1, z)), saves="z", samples=BOTH_SIDES)
def psi(z: Any) -> Any:
    """The digamma function, the slope of `gammaln` (DLMF 5.2.2)."""


digamma = psi


def _polygamma(n: Any, x: Array) -> Any:
    return np.asarray(sc.polygamma(n, x)).astype(x.dtype)


@primitive(
    None,
    lambda g, y, n, x: unbroadcast(mul(g, polygamma(more(n, 1), x)), x),
    saves="n x",
    samples=(
        sample(2, A),
        sample(Arg((3, 1), 0, 4, "int"), ROW),
        sample(1, Arg((3, 4), -1.9, -1.1)),
    ),
    elementwise=True,
)
def polygamma(n: Any, x: Any) -> Any:
    """Derivative n of `psi` (DLMF 5.15); gradients by x.

    ``n``: whole numbers, 0 or more; returns the dtype of x.
    """
    return host(_polygamma, n, floats(x))


def multigammaln(a: Any, d: int) -> Any:
    """Logarithm of the multivariate gamma function of dimension ``d`` (DLMF 35.3.4).

    Returns the shape of ``a``; NaN where that is not above ``(d - 1) / 2``. Raises
    ValueError for a d that is no whole number.
    """
    if d != math.floor(d):
        raise ValueError(f"multigammaln: d is a dimension, a whole number, got {d!r}")
    a = operand(a)
    a = where(less(0.5 * (d - 1), a), a, math.nan)
    terms = [gammaln(sub(a, 0.5 * j)) for j in range(int(d))]
    total = terms[0]
    for term in terms[1:]:
        total = add(total, term)
    return add(total, d * (d - 1) / 4 * math.log(math.pi))


def _gamma_density(a: Any, x: Any) -> Any:
    """``x ** (a - 1) * exp(-x) / gamma(a)``."""
    return exp(sub(sub(xlogy(more(a, -1), x), x), gammaln(a)))


@hosted(
    sc.gammainc,
    None,
    lambda g, y, a, x: unbroadcast(mul(g, _gamma_density(a, x)), x),
    saves="a x",
    samples=BY_SECOND,
)
def gammainc(a: Any, x: Any) -> Any:
    """Regularised lower incomplete gamma function (DLMF 8.2.4)."""


@hosted(
    sc.gammaincc,
    None,
    lambda g, y, a, x: unbroadcast(neg(mul(g, _gamma_density(a, x))), x),
    saves="a x",
    samples=BY_SECOND,
)
def gammaincc(a: Any, x: Any) -> Any:
    """Regularised upper incomplete gamma function (DLMF 8.2.4)."""


@hosted(
    sc.gammaincinv,
    None,
    lambda g, x, a, y: unbroadcast(div(g, _gamma_density(a, x)), y),
    saves="a out",
    samples=(sample(A, CHANCE), sample(COLUMN, Arg((4,), 0.1, 0.9))),
)
def gammaincinv(a: Any, y: Any) -> Any:
    """What undoes `gammainc`."""


@hosted(
    sc.gammainccinv,
    None,
    lambda g, x, a, y: unbroadcast(neg(div(g, _gamma_density(a, x))), y),
    saves="a out",
    samples=(sample(A, CHANCE), sample(COLUMN, Arg((4,), 0.1, 0.9))),
)
def gammainccinv(a: Any, y: Any) -> Any:
    """What undoes `gammaincc`."""


@hosted(
    sc.poch,
    lambda g, y, z, m: unbroadcast(mul(g, mul(y, sub(psi(add(z, m)), psi(z)))), z),
    lambda g, y, z, m: unbroadcast(mul(g, mul(y, psi(add(z, m)))), m),
    saves="z m out",
    samples=PAIRS,
)
def poch(z: Any, m: Any) -> Any:
    """Rising factorial, ``gamma(z + m) / gamma(z)`` (DLMF 5.2.5)."""


# Beta --------------------------------------------------------------------------------


def _beta_slope(a: Any, b: Any) -> Any:
    return sub(psi(a), psi(add(a, b)))


@hosted(
    sc.beta,
    lambda g, y, a, b: unbroadcast(mul(g, mul(y, _beta_slope(a, b))), a),
    lambda g, y, a, b: unbroadcast(mul(g, mul(y, _beta_slope(b, a))), b),
    saves="a b out",
    samples=PAIRS,
)
def beta(a: Any, b: Any) -> Any:
    """The beta function (DLMF 5.12.1)."""


@hosted(
    sc.betaln,
    lambda g, y, a, b: unbroadcast(mul(g, _beta_slope(a, b)), a),
    lambda g, y, a, b: unbroadcast(mul(g, _beta_slope(b, a)), b),
    saves="a b",
    samples=PAIRS,
)
def betaln(a: Any, b: Any) -> Any:
    """Logarithm of the magnitude of `beta` (DLMF 5.12.1)."""


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    """``x ** (a - 1) * (1 - x) ** (b - 1) / beta(a, b)``."""
    powers = add(xlogy(more(a, -1), x), xlog1py(more(b, -1), neg(x)))
    return exp(sub(powers, betaln(a, b)))


TRIPLES = (
    sample(A, A, CHANCE),
    sample(COLUMN, 1.5, Arg((4,), 0.1, 0.9)),
)


@hosted(
    sc.betainc,
    None,
    None,
    lambda g, y, a, b, x: unbroadcast(mul(g, _beta_density(a, b, x)), x),
    saves="a b x",
    samples=TRIPLES,
)
def betainc(a: Any, b: Any, x: Any) -> Any:
    """Regularised incomplete beta function (DLMF 8.17.2)."""


@hosted(
    sc.betaincc,
    None,
    None,
    lambda g, y, a, b, x: unbroadcast(neg(mul(g, _beta_density(a, b, x))), x),
    saves="a b x",
    samples=TRIPLES,
)
def betaincc(a: Any, b: Any, x: Any) -> Any:
    """``1 - betainc(a, b, x)``, accurate where that is small (DLMF 8.17.4)."""


@hosted(
    sc.betaincinv,
    None,
    None,
    lambda g, x, a, b, y: unbroadcast(div(g, _beta_density(a, b, x)), y),
    saves="a b out",
    samples=TRIPLES,
)
def betaincinv(a: Any, b: Any, y: Any) -> Any:
    """What undoes `betainc`."""


# Distributions -----------------------------------------------------------------------


def _student_density(df: Any, t: Any) -> Any:
    """Of Student's t with ``df`` degrees of freedom."""
    half, power = mul(df, 0.5), mul(more(df, 1), 0.5)
    constant = exp(sub(gammaln(power), gammaln(half)))
    bell = pow(add(div(square(t), df), 1.0), neg(power))
    return mul(mul(constant, bell), pow(mul(df, math.pi), -0.5))


@hosted(
    sc.stdtr,
    None,
    lambda g, y, df, t: unbroadcast(mul(g, _student_density(df, t)), t),
    saves="df t",
    samples=(sample(A, (3, 4)), sample(COLUMN, (4,))),
)
def stdtr(df: Any, t: Any) -> Any:
    """Student's t distribution (DLMF 8.17.2)."""


def _chi_squared_density(v: Any, x: Any) -> Any:
    return mul(_gamma_density(mul(v, 0.5), mul(x, 0.5)), 0.5)


@hosted(
    sc.chdtr,
    None,
    lambda g, y, v, x: unbroadcast(mul(g, _chi_squared_density(v, x)), x),
    saves="v x",
    samples=BY_SECOND,
)
def chdtr(v: Any, x: Any) -> Any:
    """The chi-squared distribution (DLMF 8.2.4)."""


@hosted(
    sc.chdtrc,
    None,
    lambda g, y, v, x: unbroadcast(neg(mul(g, _chi_squared_density(v, x))), x),
    saves="v x",
    samples=BY_SECOND,
)
def chdtrc(v: Any, x: Any) -> Any:
    """Survival function of the chi-squared distribution (DLMF 8.2.4)."""


@hosted(
    sc.pdtr,
    None,
    lambda g, y, k, m: unbroadcast(neg(mul(g, _gamma_density(more(k, 1), m))), m),
    saves="k m",
    samples=(sample(2, A), sample(Arg((3, 1), 0, 4, "int"), ROW)),
)
def pdtr(k: Any, m: Any) -> Any:
    """The Poisson distribution, for whole k (DLMF 8.4.10)."""
