"""Arithmetic over elements, with NumPy's broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import calls, front
from autograd_core.launch import (
    FLOATS,
    contiguous,
    empty,
    flat,
    host,
    launch,
)
from autograd_core.op import primitive
from autograd_core.ops import maps
from autograd_core.ops.broadcasting import (
    binary,
    expanded,
    floats,
    geometry,
    operands,
    unbroadcast,
)
from autograd_core.ops.shape import full_like, native
from autograd_core.samples import Arg, sample
from autograd_kernels import elementwise as k
from autograd_kernels import slopes

POSITIVE = (sample(Arg((3, 4), 0.2, 3.0)),)
DISTINCT = (
    sample(Arg((3, 4), kind="distinct"), Arg((3, 4), -1.9, 1.95, "distinct")),
    sample(Arg((3, 1), kind="distinct"), Arg((4,), -1.9, 1.95, "distinct")),
    sample(Arg((3, 4), kind="distinct"), 0.1),
)


# Binary ----------------------------------------------------------------------------


@maps.binary(
    k.add,
    np.add,
    lambda g, y, a, b: unbroadcast(g, a),
    lambda g, y, a, b: unbroadcast(g, b),
    saves="",
)
def add(a: Any, b: Any) -> Any:
    """``a + b``, broadcast."""


@maps.binary(
    k.sub,
    np.subtract,
    lambda g, y, a, b: unbroadcast(g, a),
    lambda g, y, a, b: unbroadcast(neg(g), b),
    saves="",
)
def sub(a: Any, b: Any) -> Any:
    """``a - b``, broadcast."""


@maps.binary(
    k.mul,
    np.multiply,
    lambda g, y, a, b: unbroadcast(mul(g, b), a),
    lambda g, y, a, b: unbroadcast(mul(g, a), b),
    saves=("b", "a"),
)
def mul(a: Any, b: Any) -> Any:
    """``a * b``, broadcast."""


@primitive(
    lambda g, y, a, b: unbroadcast(div(g, b), a),
    lambda g, y, a, b: unbroadcast(neg(div(mul(g, y), b)), b),
    saves=("b", "b out"),
    samples=(
        sample((3, 4), Arg((3, 4), 0.5, 2.0)),
        sample((3, 1), Arg((4,), 0.5, 2.0)),
        sample(1.5, Arg((3, 4), 0.5, 2.0)),
    ),
    elementwise=True,
    ufunc=np.true_divide,
    front=lambda op: calls.binary(op, front.binary(k.div)),
)
def div(a: Any, b: Any) -> Any:
    """``a / b``, broadcast; integers become float64."""
    a, b = operands(a, b)
    if a.dtype.kind in "iub":
        a, b = floats(a), floats(b)
    return binary(k.div, np.true_divide, a, b)


@maps.binary(
    k.maximum,
    np.maximum,
    lambda g, y, a, b: unbroadcast(_share(g, less(a, b), equal(a, b)), a),
    lambda g, y, a, b: unbroadcast(_share(g, less(b, a), equal(a, b)), b),
    saves="a b",
    samples=DISTINCT,
)
def maximum(a: Any, b: Any) -> Any:
    """The larger of two, NaN if either is (the gradient then goes to both).

    Equal operands share the gradient.
    """


@maps.binary(
    k.minimum,
    np.minimum,
    lambda g, y, a, b: unbroadcast(_share(g, less(b, a), equal(a, b)), a),
    lambda g, y, a, b: unbroadcast(_share(g, less(a, b), equal(a, b)), b),
    saves="a b",
    samples=DISTINCT,
)
def minimum(a: Any, b: Any) -> Any:
    """The smaller of two, NaN if either is (the gradient then goes to both).

    Equal operands share the gradient.
    """


def _share(g: Any, lost: Any, tied: Any) -> Any:
    """0 where this operand ``lost``, half of g where they are equal, else g."""
    return where(lost, 0.0, where(tied, mul(g, 0.5), g))


# Comparisons: bool out, no gradient --------------------------------------------------


@maps.comparison(k.greater, np.greater, DISTINCT)
def greater(a: Any, b: Any) -> Any:
    """``a > b``."""


@maps.comparison(k.greater_equal, np.greater_equal, DISTINCT)
def greater_equal(a: Any, b: Any) -> Any:
    """``a >= b``."""


@maps.comparison(k.less, np.less, DISTINCT)
def less(a: Any, b: Any) -> Any:
    """``a < b``."""


@maps.comparison(k.less_equal, np.less_equal, DISTINCT)
def less_equal(a: Any, b: Any) -> Any:
    """``a <= b``."""


@maps.comparison(k.equal, np.equal, DISTINCT)
def equal(a: Any, b: Any) -> Any:
    """``a == b``."""


@maps.comparison(k.not_equal, np.not_equal, DISTINCT)
def not_equal(a: Any, b: Any) -> Any:
    """``a != b``."""


def _by_magnitude(g: Any, x: Any) -> Any:
    """``g * sign(x)``, of complex numbers ``g * |x| / x``; 0 at 0."""
    if x.dtype.kind != "c":
        return mul(g, sign(x))
    return mul(g, div(abs(x), where(equal(x, 0.0), 1.0, x)))


# Unary -----------------------------------------------------------------------------


@maps.unary(
    k.neg,
    lambda g, y, x: neg(g),
    ufunc=np.negative,
    saves="",
    integers=True,
)
def neg(x: Any) -> Any:
    """``-x``; TypeError for bool, as in NumPy."""


@maps.unary(
    k.exp,
    lambda g, y, x: mul(g, y),
    ufunc=np.exp,
    saves="out",
    slope=maps.by_output(slopes.exp),
)
def exp(x: Any) -> Any:
    """``e ** x``."""


@maps.unary(
    k.log,
    lambda g, y, x: div(g, x),
    ufunc=np.log,
    saves="x",
    slope=maps.by_input(slopes.log),
    samples=POSITIVE,
)
def log(x: Any) -> Any:
    """Natural logarithm; NaN below 0, -inf at 0."""


@maps.unary(
    k.sqrt,
    lambda g, y, x: div(mul(g, 0.5), y),
    ufunc=np.sqrt,
    saves="out",
    slope=maps.by_output(slopes.sqrt),
    samples=POSITIVE,
)
def sqrt(x: Any) -> Any:
    """Square root; NaN below 0. The gradient at 0 is infinite, as it is."""


@maps.unary(
    k.abs_,
    lambda g, y, x: _by_magnitude(g, x),
    ufunc=np.absolute,
    saves="x",
    integers=True,
    slope=maps.by_input(slopes.abs),
    samples=(sample(Arg((3, 4), kind="distinct")),),
)
def abs(x: Any) -> Any:
    """``|x|``; subgradient 0 at 0."""


@maps.unary(
    k.sign,
    lambda g, y, x: full_like(g, fill_value=0.0),
    ufunc=np.sign,
    saves="",
    integers=True,
    samples=(sample(Arg((3, 4), kind="distinct")),),
)
def sign(x: Any) -> Any:
    """-1, 0 or 1; its gradient is 0."""


@maps.unary(
    k.square,
    lambda g, y, x: mul(mul(g, 2.0), x),
    ufunc=np.square,
    saves="x",
    integers=True,
    slope=maps.by_input(slopes.square),
)
def square(x: Any) -> Any:
    """``x * x``."""


@maps.unary(
    k.sin,
    lambda g, y, x: mul(g, cos(x)),
    ufunc=np.sin,
    saves="x",
    slope=maps.by_input(slopes.sin),
)
def sin(x: Any) -> Any:
    """Sine."""


@maps.unary(
    k.cos,
    lambda g, y, x: neg(mul(g, sin(x))),
    ufunc=np.cos,
    saves="x",
    slope=maps.by_input(slopes.cos),
)
def cos(x: Any) -> Any:
    """Cosine."""


@maps.unary(
    k.expm1,
    lambda g, y, x: mul(g, add(y, 1.0)),
    ufunc=np.expm1,
    saves="out",
    slope=maps.by_output(slopes.expm1),
)
def expm1(x: Any) -> Any:
    """``exp(x) - 1``, accurate near 0; returns the dtype of ``x``."""


@maps.unary(
    k.log1p,
    lambda g, y, x: div(g, add(x, 1.0)),
    ufunc=np.log1p,
    saves="x",
    slope=maps.by_input(slopes.log1p),
    samples=(sample(Arg((3, 4), -0.8, 3.0)),),
)
def log1p(x: Any) -> Any:
    """``log(1 + x)``, accurate near 0; returns the dtype of ``x``."""


# Choice ----------------------------------------------------------------------------


@primitive(
    None,
    lambda g, y, cond, a, b: unbroadcast(where(cond, g, 0.0), a),
    lambda g, y, cond, a, b: unbroadcast(where(cond, 0.0, g), b),
    saves="cond",
    samples=(
        sample(Arg((3, 4), kind="bool"), (3, 4), (3, 4)),
        sample(Arg((4,), kind="bool"), (3, 1), 0.5),
    ),
    elementwise=True,
)
def where(cond: Any, a: Any, b: Any) -> Any:
    """``a`` where ``cond`` holds, else ``b``, broadcast."""
    a, b = operands(a, b)
    cond = np.asarray(cond)
    if cond.dtype != np.bool_:
        cond = host(lambda c: c != 0, cond)
    if a.dtype not in FLOATS:
        native(a.dtype)  # for its error
        return host(np.where, cond, a, b)
    shape = geometry(geometry(a.shape, b.shape)[0], cond.shape)[0]
    cond, a, b = (contiguous(expanded(x, shape)) for x in (cond, a, b))
    out = empty(shape, a.dtype)
    launch(k.where, out.size, flat(cond), flat(a), flat(b), out.reshape(-1))
    return out
