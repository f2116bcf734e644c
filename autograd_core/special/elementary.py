"""Elementary functions: logistic, logarithms, powers, entropies, losses, degrees."""

from __future__ import annotations

import math
from typing import Any

from scipy import special as sc

from autograd_core.ops import elementwise as e
from autograd_core.ops.activations import sigmoid
from autograd_core.ops.broadcasting import unbroadcast
from autograd_core.ops.elementwise import (
    abs,
    add,
    div,
    equal,
    exp,
    greater,
    less_equal,
    log,
    mul,
    neg,
    sign,
    sqrt,
    square,
    sub,
    where,
)
from autograd_core.ops.power import pow
from autograd_core.samples import Arg, sample
from autograd_core.special.hypergeometric import hyp1f1
from autograd_core.special.rows import hosted, more

UNIT = (sample(Arg((3, 4), 0.1, 0.9)),)
POSITIVE = Arg((3, 4), 0.3, 2.5)
PAIRS = (sample(POSITIVE, POSITIVE), sample(Arg((3, 1), 0.3, 2.5), Arg((4,), 0.3, 2.5)))
DEGREE = math.pi / 180

expit, expm1, log1p = sigmoid, e.expm1, e.log1p


# Logistic ----------------------------------------------------------------------------


@hosted(
    sc.logit,
    lambda g, y, x: div(g, mul(x, sub(1.0, x))),
    saves="x",
    samples=UNIT,
)
def logit(x: Any) -> Any:
    """``log(x / (1 - x))``, what undoes `expit`."""


@hosted(sc.log_expit, lambda g, y, x: mul(g, sigmoid(neg(x))), saves="x")
def log_expit(x: Any) -> Any:
    """Logarithm of `expit`, without overflow."""


# Exponentials and powers -------------------------------------------------------------


@hosted(sc.exp2, lambda g, y, x: mul(g, mul(y, math.log(2))), saves="out")
def exp2(x: Any) -> Any:
    """``2 ** x``."""


@hosted(sc.exp10, lambda g, y, x: mul(g, mul(y, math.log(10))), saves="out")
def exp10(x: Any) -> Any:
    """``10 ** x``."""


@hosted(
    sc.cbrt,
    lambda g, y, x: div(g, mul(square(y), 3.0)),
    saves="out",
    samples=(sample(POSITIVE), sample(Arg((5,), -3.0, -0.2))),
)
def cbrt(x: Any) -> Any:
    """``x ** (1 / 3)``, of negative numbers too; the gradient at 0 is infinite."""


@hosted(sc.exprel, lambda g, y, x: mul(g, mul(hyp1f1(2.0, 3.0, x), 0.5)), saves="x")
def exprel(x: Any) -> Any:
    """``(exp(x) - 1) / x``, and 1 at 0."""


@hosted(sc.cosm1, lambda g, y, x: neg(mul(g, e.sin(x))), saves="x")
def cosm1(x: Any) -> Any:
    """``cos(x) - 1``, accurate near 0."""


@hosted(sc.wrightomega, lambda g, y, x: div(mul(g, y), add(y, 1.0)), saves="out")
def wrightomega(x: Any) -> Any:
    """The solution of ``y + log(y) = x`` (Corless, Jeffrey 2002)."""


# Logarithms that are 0 where their factor is -----------------------------------------


def _times_log(g: Any, x: Any, y: Any, log: Any, zero: float) -> Any:
    """``g * log(y)``, and 0 where x is 0 and y at or below ``zero``, as in PyTorch."""
    flat = equal(where(less_equal(y, zero), x, 1.0), 0.0)  # both hold
    return where(flat, 0.0, mul(g, log(where(flat, 1.0, y))))


def _over(g: Any, x: Any, y: Any) -> Any:
    """``g * x / y``, and 0 where x is 0."""
    zero = equal(x, 0.0)
    return where(zero, 0.0, div(mul(g, x), where(zero, 1.0, y)))


@hosted(
    sc.xlogy,
    lambda g, v, x, y: unbroadcast(_times_log(g, x, y, log, 0.0), x),
    lambda g, v, x, y: unbroadcast(_over(g, x, y), y),
    saves="x y",
    samples=(*PAIRS, sample(2.5, POSITIVE), sample((3, 4), 1.5)),
)
def xlogy(x: Any, y: Any) -> Any:
    """``x * log(y)``, and 0 where x is 0; so is the gradient there."""


@hosted(
    sc.xlog1py,
    lambda g, v, x, y: unbroadcast(_times_log(g, x, y, e.log1p, -1.0), x),
    lambda g, v, x, y: unbroadcast(_over(g, x, add(y, 1.0)), y),
    saves="x y",
    samples=(*PAIRS, sample(2.5, POSITIVE), sample((3, 4), 1.5)),
)
def xlog1py(x: Any, y: Any) -> Any:
    """``x * log(1 + y)``, and 0 where x is 0; so is the gradient there."""


# Entropies ---------------------------------------------------------------------------


@hosted(
    sc.entr,
    lambda g, y, x: neg(mul(g, add(log(x), 1.0))),
    saves="x",
    samples=(sample(POSITIVE),),
)
def entr(x: Any) -> Any:
    """``-x * log(x)``, 0 at 0 and -inf below (Shannon 1948)."""


@hosted(
    sc.rel_entr,
    lambda g, v, x, y: unbroadcast(mul(g, add(log(div(x, y)), 1.0)), x),
    lambda g, v, x, y: unbroadcast(neg(_over(g, x, y)), y),
    saves="x y",
    samples=PAIRS,
)
def rel_entr(x: Any, y: Any) -> Any:
    """``x * log(x / y)``, 0 where x is 0, inf outside (Kullback, Leibler 1951)."""


@hosted(
    sc.kl_div,
    lambda g, v, x, y: unbroadcast(mul(g, log(div(x, y))), x),
    lambda g, v, x, y: unbroadcast(sub(g, _over(g, x, y)), y),
    saves="x y",
    samples=PAIRS,
)
def kl_div(x: Any, y: Any) -> Any:
    """``x * log(x / y) - x + y``, y where x is 0, inf outside (Kullback 1951)."""


# Losses ------------------------------------------------------------------------------


def _huber_by_delta(g: Any, delta: Any, r: Any) -> Any:
    excess = sub(abs(r), delta)
    return mul(g, where(greater(excess, 0.0), excess, 0.0))


def _huber_by_r(g: Any, delta: Any, r: Any) -> Any:
    return mul(g, where(greater(abs(r), delta), mul(sign(r), delta), r))


@hosted(
    sc.huber,
    lambda g, y, delta, r: unbroadcast(_huber_by_delta(g, delta, r), delta),
    lambda g, y, delta, r: unbroadcast(_huber_by_r(g, delta, r), r),
    saves="delta r",
    samples=(
        sample(1.1, Arg((3, 4), kind="distinct")),
        sample(Arg((3, 1), 0.9, 1.1, "distinct"), Arg((4,), kind="distinct")),
    ),
)
def huber(delta: Any, r: Any) -> Any:
    """``r ** 2 / 2`` up to ``|r| = delta``, then on as a straight line (Huber 1964)."""


def _stretch(delta: Any, r: Any) -> Any:
    return sqrt(add(square(div(r, delta)), 1.0))


def _pseudo_huber_by_delta(g: Any, delta: Any, r: Any) -> Any:
    """``g * delta * (s - 1) ** 2 / s``, and s - 1 without cancellation."""
    s, u = _stretch(delta, r), square(div(r, delta))
    return mul(g, mul(delta, div(square(div(u, add(s, 1.0))), s)))


@hosted(
    sc.pseudo_huber,
    lambda g, y, delta, r: unbroadcast(_pseudo_huber_by_delta(g, delta, r), delta),
    lambda g, y, delta, r: unbroadcast(mul(g, div(r, _stretch(delta, r))), r),
    saves="delta r",
    samples=(sample(1.1, (3, 4)), sample(Arg((3, 1), 0.5, 2.0), (4,))),
)
def pseudo_huber(delta: Any, r: Any) -> Any:
    """``delta ** 2 * (sqrt(1 + (r / delta) ** 2) - 1)`` (Charbonnier et al. 1997)."""


# Box-Cox -----------------------------------------------------------------------------


def _by_lambda(lx: Any, lmbda: Any) -> Any:
    """The slope of ``(exp(lmbda * lx) - 1) / lmbda`` by lmbda, at 0 too."""
    return mul(mul(square(lx), 0.5), hyp1f1(2.0, 3.0, mul(lmbda, lx)))


BOXCOX = (
    sample(POSITIVE, POSITIVE),
    sample(Arg((3, 1), 0.3, 2.5), Arg((4,), -2.0, -0.3)),
    sample(POSITIVE, 0.0),
)
INVERSE = (
    sample(Arg((3, 4), -0.3, 1.0), Arg((3, 4), 0.2, 1.5)),
    sample(Arg((3, 1), -0.5, 0.3), Arg((4,), -1.5, -0.3)),
    sample((3, 4), 0.0),
)


@hosted(
    sc.boxcox,
    lambda g, y, x, lmbda: unbroadcast(mul(g, pow(x, more(lmbda, -1))), x),
    lambda g, y, x, lmbda: unbroadcast(mul(g, _by_lambda(log(x), lmbda)), lmbda),
    saves="x lmbda",
    samples=BOXCOX,
)
def boxcox(x: Any, lmbda: Any) -> Any:
    """``(x ** lmbda - 1) / lmbda``, and ``log(x)`` where that is 0 (Box, Cox 1964)."""


@hosted(
    sc.boxcox1p,
    lambda g, y, x, lmbda: unbroadcast(
        mul(g, exp(mul(e.log1p(x), more(lmbda, -1)))), x
    ),
    lambda g, y, x, lmbda: unbroadcast(mul(g, _by_lambda(e.log1p(x), lmbda)), lmbda),
    saves="x lmbda",
    samples=BOXCOX,
)
def boxcox1p(x: Any, lmbda: Any) -> Any:
    """`boxcox` of ``1 + x``."""


def _undone(lx: Any, lmbda: Any) -> Any:
    """One over the slope of `boxcox` by x, by the logarithm of x."""
    return div(exp(lx), exp(mul(lx, lmbda)))


@hosted(
    sc.inv_boxcox,
    lambda g, x, y, lmbda: unbroadcast(mul(g, _undone(log(x), lmbda)), y),
    lambda g, x, y, lmbda: unbroadcast(_inverse_by_lambda(g, log(x), lmbda), lmbda),
    saves="lmbda out",
    samples=INVERSE,
)
def inv_boxcox(y: Any, lmbda: Any) -> Any:
    """What undoes `boxcox`."""


def _inverse_by_lambda(g: Any, lx: Any, lmbda: Any) -> Any:
    return neg(mul(g, mul(_by_lambda(lx, lmbda), _undone(lx, lmbda))))


@hosted(
    sc.inv_boxcox1p,
    lambda g, x, y, lmbda: unbroadcast(mul(g, _undone(e.log1p(x), lmbda)), y),
    lambda g, x, y, lmbda: unbroadcast(_inverse_by_lambda(g, e.log1p(x), lmbda), lmbda),
    saves="lmbda out",
    samples=INVERSE,
)
def inv_boxcox1p(y: Any, lmbda: Any) -> Any:
    """What undoes `boxcox1p`."""


# Degrees -----------------------------------------------------------------------------


@hosted(sc.sindg, lambda g, y, x: mul(g, mul(cosdg(x), DEGREE)), saves="x")
def sindg(x: Any) -> Any:
    """Sine of an angle in degrees, ``sin(x * pi / 180)``."""


@hosted(sc.cosdg, lambda g, y, x: mul(g, mul(sindg(x), -DEGREE)), saves="x")
def cosdg(x: Any) -> Any:
    """Cosine of an angle in degrees, ``cos(x * pi / 180)``."""


@hosted(sc.tandg, lambda g, y, x: mul(g, mul(add(square(y), 1.0), DEGREE)), saves="out")
def tandg(x: Any) -> Any:
    """Tangent of an angle in degrees, ``tan(x * pi / 180)``."""


@hosted(
    sc.cotdg,
    lambda g, y, x: mul(g, mul(add(square(y), 1.0), -DEGREE)),
    saves="out",
    samples=(sample(Arg((3, 4), 20.0, 160.0)),),
)
def cotdg(x: Any) -> Any:
    """Cotangent of an angle in degrees, ``1 / tandg(x)``."""
