"""Bessel functions of a real argument: the derivative is of the orders beside."""

from __future__ import annotations

from typing import Any

from scipy import special as sc

from autograd_core.ops.broadcasting import unbroadcast
from autograd_core.ops.elementwise import add, mul, neg, sign, sub
from autograd_core.samples import Arg, sample
from autograd_core.special.rows import hosted, more

POSITIVE = Arg((3, 4), 0.4, 4.0)
ALL = (sample(POSITIVE), sample(Arg((7,), -4.0, -0.3)))
RIGHT = (sample(POSITIVE),)
ORDERS = (sample(1.5, POSITIVE), sample(Arg((3, 1), 0.5, 3.0), Arg((4,), 0.4, 4.0)))
WHOLE = (sample(2, POSITIVE), sample(Arg((3, 1), 0, 4, "int"), Arg((4,), 0.4, 4.0)))


def _difference(f: Any, v: Any, x: Any) -> Any:
    """``(f(v - 1, x) - f(v + 1, x)) / 2``."""
    return mul(sub(f(more(v, -1), x), f(more(v, 1), x)), 0.5)


def _mean(f: Any, v: Any, x: Any) -> Any:
    """``(f(v - 1, x) + f(v + 1, x)) / 2``."""
    return mul(add(f(more(v, -1), x), f(more(v, 1), x)), 0.5)


# First and second kind ---------------------------------------------------------------


@hosted(sc.j0, lambda g, y, x: neg(mul(g, j1(x))), saves="x", samples=ALL)
def j0(x: Any) -> Any:
    """Bessel's J, the first kind, order 0 (DLMF 10.2.2)."""


@hosted(
    sc.j1,
    lambda g, y, x: mul(g, mul(sub(j0(x), jv(2.0, x)), 0.5)),
    saves="x",
    samples=ALL,
)
def j1(x: Any) -> Any:
    """Bessel's J, the first kind, order 1 (DLMF 10.2.2)."""


@hosted(
    sc.jv,
    None,
    lambda g, y, v, z: unbroadcast(mul(g, _difference(jv, v, z)), z),
    saves="v z",
    samples=(*ORDERS, *WHOLE),
)
def jv(v: Any, z: Any) -> Any:
    """Bessel's J, the first kind, order v (DLMF 10.2.2)."""


jn = jv


@hosted(sc.y0, lambda g, y, x: neg(mul(g, y1(x))), saves="x", samples=RIGHT)
def y0(x: Any) -> Any:
    """Bessel's Y, the second kind, order 0 (DLMF 10.2.3)."""


@hosted(
    sc.y1,
    lambda g, y, x: mul(g, mul(sub(y0(x), yv(2.0, x)), 0.5)),
    saves="x",
    samples=RIGHT,
)
def y1(x: Any) -> Any:
    """Bessel's Y, the second kind, order 1 (DLMF 10.2.3)."""


@hosted(
    sc.yn,
    None,
    lambda g, y, n, x: unbroadcast(mul(g, _difference(yn, n, x)), x),
    saves="n x",
    samples=WHOLE,
)
def yn(n: Any, x: Any) -> Any:
    """Bessel's Y, the second kind, whole order n (DLMF 10.2.3)."""


@hosted(
    sc.yv,
    None,
    lambda g, y, v, z: unbroadcast(mul(g, _difference(yv, v, z)), z),
    saves="v z",
    samples=ORDERS,
)
def yv(v: Any, z: Any) -> Any:
    """Bessel's Y, the second kind, order v (DLMF 10.2.3)."""


# Modified, first kind ----------------------------------------------------------------


def _scaled(slope: Any, y: Any, x: Any) -> Any:
    """Of ``exp(-|x|) * f(x)``, by ``slope``, the scaled derivative of f."""
    return sub(slope, mul(sign(x), y))


@hosted(sc.i0, lambda g, y, x: mul(g, i1(x)), saves="x", samples=ALL)
def i0(x: Any) -> Any:
    """Bessel's I, modified, of the first kind, order 0 (DLMF 10.25.2)."""


@hosted(
    sc.i1,
    lambda g, y, x: mul(g, mul(add(i0(x), iv(2.0, x)), 0.5)),
    saves="x",
    samples=ALL,
)
def i1(x: Any) -> Any:
    """Bessel's I, modified, of the first kind, order 1 (DLMF 10.25.2)."""


@hosted(
    sc.i0e,
    lambda g, y, x: mul(g, _scaled(i1e(x), y, x)),
    saves="x out",
    samples=ALL,
)
def i0e(x: Any) -> Any:
    """``exp(-|x|) * i0(x)``."""


@hosted(
    sc.i1e,
    lambda g, y, x: mul(g, _scaled(mul(add(i0e(x), ive(2.0, x)), 0.5), y, x)),
    saves="x out",
    samples=ALL,
)
def i1e(x: Any) -> Any:
    """``exp(-|x|) * i1(x)``."""


@hosted(
    sc.iv,
    None,
    lambda g, y, v, z: unbroadcast(mul(g, _mean(iv, v, z)), z),
    saves="v z",
    samples=ORDERS,
)
def iv(v: Any, z: Any) -> Any:
    """Bessel's I, modified, of the first kind, order v (DLMF 10.25.2)."""


@hosted(
    sc.ive,
    None,
    lambda g, y, v, z: unbroadcast(mul(g, _scaled(_mean(ive, v, z), y, z)), z),
    saves="v z out",
    samples=ORDERS,
)
def ive(v: Any, z: Any) -> Any:
    """``exp(-|z|) * iv(v, z)``."""


# Modified, second kind ---------------------------------------------------------------


@hosted(sc.k0, lambda g, y, x: neg(mul(g, k1(x))), saves="x", samples=RIGHT)
def k0(x: Any) -> Any:
    """Bessel's K, modified, of the second kind, order 0 (DLMF 10.27.4)."""


@hosted(
    sc.k1,
    lambda g, y, x: mul(g, mul(add(k0(x), kv(2.0, x)), -0.5)),
    saves="x",
    samples=RIGHT,
)
def k1(x: Any) -> Any:
    """Bessel's K, modified, of the second kind, order 1 (DLMF 10.27.4)."""


@hosted(sc.k0e, lambda g, y, x: mul(g, sub(y, k1e(x))), saves="x out", samples=RIGHT)
def k0e(x: Any) -> Any:
    """``exp(x) * k0(x)``."""


@hosted(
    sc.k1e,
    lambda g, y, x: mul(g, sub(y, mul(add(k0e(x), kve(2.0, x)), 0.5))),
    saves="x out",
    samples=RIGHT,
)
def k1e(x: Any) -> Any:
    """``exp(x) * k1(x)``."""


@hosted(
    sc.kn,
    None,
    lambda g, y, n, x: unbroadcast(neg(mul(g, _mean(kv, n, x))), x),
    saves="n x",
    samples=WHOLE,
)
def kn(n: Any, x: Any) -> Any:
    """Bessel's K, modified, of the second kind, whole order n (DLMF 10.27.4)."""


@hosted(
    sc.kv,
    None,
    lambda g, y, v, z: unbroadcast(neg(mul(g, _mean(kv, v, z))), z),
    saves="v z",
    samples=ORDERS,
)
def kv(v: Any, z: Any) -> Any:
    """Bessel's K, modified, of the second kind, order v (DLMF 10.27.4)."""


@hosted(
    sc.kve,
    None,
    lambda g, y, v, z: unbroadcast(mul(g, sub(y, _mean(kve, v, z))), z),
    saves="v z out",
    samples=ORDERS,
)
def kve(v: Any, z: Any) -> Any:
    """``exp(z) * kv(v, z)``."""
