"""Functions with several results: one op gives them in one array, rows of axis 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special as sc

from autograd_core.hooks import Array
from autograd_core.launch import host
from autograd_core.numpy_functions.arguments import operand
from autograd_core.op import primitive
from autograd_core.ops.broadcasting import floats
from autograd_core.ops.elementwise import add, cos, div, exp, mul, neg, sin, square, sub
from autograd_core.ops.shape import getitem
from autograd_core.samples import Arg, sample

POSITIVE = (sample(Arg((3, 4), 0.3, 3.0)),)


def _row(x: Any, i: int) -> Any:
    return getitem(x, index=i)


def _pull(g: Any, *slopes: Any) -> Any:
    """The cotangent of the operand: rows of ``g`` times the slope of each result."""
    total = mul(_row(g, 0), slopes[0])
    for i, slope in enumerate(slopes[1:], 1):
        total = add(total, mul(_row(g, i), slope))
    return total


def _apart(packed: Any) -> tuple[Any, ...]:
    return tuple(_row(packed, i) for i in range(packed.shape[0]))


def _sici(x: Array) -> Array:
    return np.stack(sc.sici(x))


@primitive(
    lambda g, y, x: _pull(g, div(sin(x), x), div(cos(x), x)),
    saves="x",
    samples=POSITIVE,
)
def sine_and_cosine_integral(x: Any) -> Any:
    """`sici`, packed."""
    return host(_sici, floats(x))


def sici(x: Any) -> tuple[Any, Any]:
    """Sine and cosine integral of ``x`` (DLMF 6.2.9 and 6.2.13). Returns (Si, Ci)."""
    si, ci = _apart(sine_and_cosine_integral(operand(x)))
    return si, ci


def _shichi(x: Array) -> Array:
    return np.stack(sc.shichi(x))


def _hyperbolic(x: Any, join: Any) -> Any:
    return div(mul(join(exp(x), exp(neg(x))), 0.5), x)


@primitive(
    lambda g, y, x: _pull(g, _hyperbolic(x, sub), _hyperbolic(x, add)),
    saves="x",
    samples=POSITIVE,
)
def hyperbolic_integrals(x: Any) -> Any:
    """`shichi`, packed."""
    return host(_shichi, floats(x))


def shichi(x: Any) -> tuple[Any, Any]:
    """Hyperbolic sine, cosine integral of ``x`` (DLMF 6.2.15). Returns (Shi, Chi)."""
    shi, chi = _apart(hyperbolic_integrals(operand(x)))
    return shi, chi


def _fresnel(x: Array) -> Array:
    return np.stack(sc.fresnel(x))


def _turned(x: Any) -> Any:
    return mul(square(x), math.pi / 2)


@primitive(lambda g, y, x: _pull(g, sin(_turned(x)), cos(_turned(x))), saves="x")
def fresnel_integrals(x: Any) -> Any:
    """`fresnel`, packed."""
    return host(_fresnel, floats(x))


def fresnel(z: Any) -> tuple[Any, Any]:
    """Fresnel's integrals of ``z`` (DLMF 7.2.7 and 7.2.8). Returns (S, C)."""
    first, second = _apart(fresnel_integrals(operand(z)))
    return first, second


def _airy(x: Array) -> Array:
    return np.stack(sc.airy(x))


@primitive(
    lambda g, y, x: _pull(
        g, _row(y, 1), mul(x, _row(y, 0)), _row(y, 3), mul(x, _row(y, 2))
    ),
    saves="x out",
)
def airy_functions(x: Any) -> Any:
    """`airy`, packed."""
    return host(_airy, floats(x))


def airy(z: Any) -> tuple[Any, ...]:
    """Airy's functions of real ``z`` (DLMF 9.2). Returns (Ai, Ai', Bi, Bi')."""
    return _apart(airy_functions(operand(z)))
