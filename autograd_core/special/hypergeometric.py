"""Hypergeometric and elliptic functions; their derivatives are of their own kind."""

from __future__ import annotations

import math
from typing import Any

from scipy import special as sc

from autograd_core.ops.broadcasting import unbroadcast
from autograd_core.ops.elementwise import div, mul, neg, sin, sqrt, square, sub
from autograd_core.samples import Arg, sample
from autograd_core.special.rows import hosted, more

X = Arg((3, 4), -1.5, 1.5)
M = (sample(Arg((3, 4), -1.5, 0.8)),)


@hosted(
    sc.hyp0f1,
    None,
    lambda g, y, v, z: unbroadcast(mul(g, div(hyp0f1(more(v, 1), z), v)), z),
    saves="v z",
    samples=(sample(1.5, X), sample(Arg((3, 1), 0.5, 2.0), Arg((4,)))),
)
def hyp0f1(v: Any, z: Any) -> Any:
    """The function 0F1 (DLMF 16.2.1)."""


@hosted(
    sc.hyp1f1,
    None,
    None,
    lambda g, y, a, b, x: unbroadcast(
        mul(g, mul(hyp1f1(more(a, 1), more(b, 1), x), _quotient(a, b))), x
    ),
    saves="a b x",
    samples=(sample(1.5, 2.5, X), sample(2.0, Arg((3, 1), 0.5, 2.0), Arg((4,)))),
)
def hyp1f1(a: Any, b: Any, x: Any) -> Any:
    """Kummer's function 1F1 (DLMF 13.2.2)."""


@hosted(
    sc.hyperu,
    None,
    None,
    lambda g, y, a, b, x: unbroadcast(
        neg(mul(g, mul(hyperu(more(a, 1), more(b, 1), x), a))), x
    ),
    saves="a b x",
    samples=(sample(1.5, 2.5, Arg((3, 4), 0.5, 3.0)),),
)
def hyperu(a: Any, b: Any, x: Any) -> Any:
    """Tricomi's function U (DLMF 13.2.6)."""


@hosted(
    sc.hyp2f1,
    None,
    None,
    None,
    lambda g, y, a, b, c, z: unbroadcast(
        mul(
            g,
            mul(
                hyp2f1(more(a, 1), more(b, 1), more(c, 1), z),
                mul(_quotient(a, c), b),
            ),
        ),
        z,
    ),
    saves="a b c z",
    samples=(
        sample(0.5, 1.5, 2.5, Arg((3, 4), -0.8, 0.8)),
        sample(1.0, Arg((3, 1), 0.5, 2.0), 2.0, Arg((4,), -0.8, 0.8)),
    ),
)
def hyp2f1(a: Any, b: Any, c: Any, z: Any) -> Any:
    """Gauss's function 2F1 (DLMF 15.2.1)."""


def _quotient(a: Any, b: Any) -> Any:
    """``a / b``, a Python number of two of them: those are weak."""
    numbers = isinstance(a, int | float) and isinstance(b, int | float)
    return a / b if numbers else div(a, b)


# Elliptic ----------------------------------------------------------------------------


@hosted(
    sc.ellipk,
    lambda g, y, m: mul(g, mul(hyp2f1(1.5, 1.5, 2.0, m), math.pi / 8)),
    saves="m",
    samples=M,
)
def ellipk(m: Any) -> Any:
    """Complete elliptic integral of the first kind, parameter m (DLMF 19.2.8)."""


@hosted(
    sc.ellipe,
    lambda g, y, m: mul(g, mul(hyp2f1(0.5, 1.5, 2.0, m), -math.pi / 8)),
    saves="m",
    samples=M,
)
def ellipe(m: Any) -> Any:
    """Complete elliptic integral of the second kind, parameter m (DLMF 19.2.8)."""


def _delta(phi: Any, m: Any) -> Any:
    return sqrt(sub(1.0, mul(square(sin(phi)), m)))


INCOMPLETE = (
    sample((3, 4), 0.4),
    sample(Arg((3, 1)), Arg((4,), -1.5, 0.8)),
)


@hosted(
    sc.ellipkinc,
    lambda g, y, phi, m: unbroadcast(div(g, _delta(phi, m)), phi),
    None,
    saves="phi m",
    samples=INCOMPLETE,
)
def ellipkinc(phi: Any, m: Any) -> Any:
    """Incomplete elliptic integral of the first kind, parameter m (DLMF 19.2.4)."""


@hosted(
    sc.ellipeinc,
    lambda g, y, phi, m: unbroadcast(mul(g, _delta(phi, m)), phi),
    None,
    saves="phi m",
    samples=INCOMPLETE,
)
def ellipeinc(phi: Any, m: Any) -> Any:
    """Incomplete elliptic integral of the second kind, parameter m (DLMF 19.2.5)."""


# Dilogarithm -------------------------------------------------------------------------


@hosted(
    sc.spence,
    lambda g, y, z: neg(mul(g, hyp2f1(1.0, 1.0, 2.0, sub(1.0, z)))),
    saves="z",
    samples=(sample(Arg((3, 4), 0.3, 3.0)),),
)
def spence(z: Any) -> Any:
    """Spence's function, the dilogarithm of ``1 - z`` (DLMF 25.12.1)."""
