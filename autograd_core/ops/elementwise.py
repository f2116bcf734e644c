"""Arithmetic over elements, with NumPy's broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.launch import (
    FLOATS,
    const,
    contiguous,
    empty,
    flat,
    host,
    launch,
)
from autograd_core.op import primitive
from autograd_core.ops.broadcasting import (
    binary,
    expanded,
    floats,
    geometry,
    operands,
    unary,
    unbroadcast,
)
from autograd_core.samples import BINARY, UNARY, Arg, sample
from autograd_kernels import elementwise as k

POSITIVE = (sample(Arg((3, 4), 0.2, 3.0)),)
DISTINCT = (
    sample(Arg((3, 4), kind="distinct"), Arg((3, 4), -1.9, 1.95, "distinct")),
    sample(Arg((3, 1), kind="distinct"), Arg((4,), -1.9, 1.95, "distinct")),
    sample(Arg((3, 4), kind="distinct"), 0.1),
)


# Binary ----------------------------------------------------------------------------


@primitive(
    lambda g, y, a, b: unbroadcast(g, a),
    lambda g, y, a, b: unbroadcast(g, b),
    saves="",
    samples=BINARY,
    elementwise=True,
)
def add(a: Any, b: Any) -> Any:
    """``a + b``, broadcast."""
    return binary(k.add, np.add, a, b)


@primitive(
    lambda g, y, a, b: unbroadcast(g, a),
    lambda g, y, a, b: unbroadcast(neg(g), b),
    saves="",
    samples=BINARY,
    elementwise=True,
)
def sub(a: Any, b: Any) -> Any:
    """``a - b``, broadcast."""
    return binary(k.sub, np.subtract, a, b)


@primitive(
    lambda g, y, a, b: unbroadcast(mul(g, b), a),
    lambda g, y, a, b: unbroadcast(mul(g, a), b),
    saves="a b",
    samples=BINARY,
    elementwise=True,
)
def mul(a: Any, b: Any) -> Any:
    """``a * b``, broadcast."""
    return binary(k.mul, np.multiply, a, b)


@primitive(
    lambda g, y, a, b: unbroadcast(div(g, b), a),
    lambda g, y, a, b: unbroadcast(neg(div(mul(g, y), b)), b),
    saves="a b out",
    samples=(
        sample((3, 4), Arg((3, 4), 0.5, 2.0)),
        sample((3, 1), Arg((4,), 0.5, 2.0)),
        sample(1.5, Arg((3, 4), 0.5, 2.0)),
    ),
    elementwise=True,
)
def div(a: Any, b: Any) -> Any:
    """``a / b``, broadcast; integers become float64."""
    a, b = operands(a, b)
    if a.dtype not in FLOATS:
        a, b = floats(a), floats(b)
    return binary(k.div, np.true_divide, a, b)


@primitive(
    lambda g, y, a, b: unbroadcast(mul(g, _pow_slope(a, b)), a),
    lambda g, y, a, b: unbroadcast(mul(g, mul(y, _safe_log(a))), b),
    saves="a b out",
    samples=(
        sample(Arg((3, 4), 0.3, 2.0), Arg((3, 4), -2.0, 3.0)),
        sample(Arg((3, 1), 0.3, 2.0), Arg((4,), -2.0, 3.0)),
        sample((3, 4), 3.0),
        sample(2.0, (3, 4)),
    ),
    elementwise=True,
)
def pow(a: Any, b: Any) -> Any:
    """``a ** b``, broadcast; a derivative by the exponent is 0 where a is 0."""
    if isinstance(b, int | float) and b == 2 and isinstance(a, np.ndarray):
        return unary(k.square, a) if a.dtype in FLOATS else host(np.square, a)
    return binary(k.pow_, np.power, a, b)


def _pow_slope(a: Any, b: Any) -> Any:
    """``b * a ** (b - 1)``, and 0 where b is 0 (0 * inf otherwise)."""
    if isinstance(b, int | float):
        if b == 2:
            return mul(a, 2.0)
        return mul(pow(a, b - 1), b) if b else mul(a, 0.0)
    zero = equal(b, 0.0)
    return where(zero, 0.0, mul(b, pow(a, where(zero, 1.0, sub(b, 1.0)))))


def _safe_log(a: Any) -> Any:
    if isinstance(a, int | float):
        return float(np.log(a)) if a else 0.0
    return log(where(equal(a, 0.0), 1.0, a))


@primitive(
    lambda g, y, a, b: unbroadcast(mul(g, _share(a, b)), a),
    lambda g, y, a, b: unbroadcast(mul(g, _share(b, a)), b),
    saves="a b",
    samples=DISTINCT,
    elementwise=True,
)
def maximum(a: Any, b: Any) -> Any:
    """The larger of two, NaN if either is; equal operands share the gradient."""
    return binary(k.maximum, np.maximum, a, b)


@primitive(
    lambda g, y, a, b: unbroadcast(mul(g, _share(b, a)), a),
    lambda g, y, a, b: unbroadcast(mul(g, _share(a, b)), b),
    saves="a b",
    samples=DISTINCT,
    elementwise=True,
)
def minimum(a: Any, b: Any) -> Any:
    """The smaller of two, NaN if either is; equal operands share the gradient."""
    return binary(k.minimum, np.minimum, a, b)


def _share(a: Any, b: Any) -> Any:
    """1 where a > b, a half where they are equal, else 0."""
    dtype = b.dtype if isinstance(a, int | float) else a.dtype
    zero, half, one = (const(v, dtype) for v in (0.0, 0.5, 1.0))
    return where(equal(a, b), half, where(greater(a, b), one, zero))


# Comparisons: bool out, no gradient --------------------------------------------------


@primitive(samples=DISTINCT, elementwise=True)
def greater(a: Any, b: Any) -> Any:
    """``a > b``."""
    return binary(k.greater, np.greater, a, b, np.bool_)


@primitive(samples=DISTINCT, elementwise=True)
def greater_equal(a: Any, b: Any) -> Any:
    """``a >= b``."""
    return binary(k.greater_equal, np.greater_equal, a, b, np.bool_)


@primitive(samples=DISTINCT, elementwise=True)
def less(a: Any, b: Any) -> Any:
    """``a < b``."""
    return binary(k.less, np.less, a, b, np.bool_)


@primitive(samples=DISTINCT, elementwise=True)
def less_equal(a: Any, b: Any) -> Any:
    """``a <= b``."""
    return binary(k.less_equal, np.less_equal, a, b, np.bool_)


@primitive(samples=DISTINCT, elementwise=True)
def equal(a: Any, b: Any) -> Any:
    """``a == b``."""
    return binary(k.equal, np.equal, a, b, np.bool_)


@primitive(samples=DISTINCT, elementwise=True)
def not_equal(a: Any, b: Any) -> Any:
    """``a != b``."""
    return binary(k.not_equal, np.not_equal, a, b, np.bool_)


# Unary -----------------------------------------------------------------------------


@primitive(lambda g, y, x: neg(g), saves="", elementwise=True)
def neg(x: Any) -> Any:
    """``-x``."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "iu":
        return host(np.negative, x)
    return unary(k.neg, x)


@primitive(lambda g, y, x: mul(g, y), saves="out", elementwise=True)
def exp(x: Any) -> Any:
    """``e ** x``."""
    return unary(k.exp, x)


@primitive(lambda g, y, x: div(g, x), saves="x", samples=POSITIVE, elementwise=True)
def log(x: Any) -> Any:
    """Natural logarithm; NaN below 0, -inf at 0."""
    return unary(k.log, x)


@primitive(
    lambda g, y, x: div(mul(g, 0.5), y), saves="out", samples=POSITIVE, elementwise=True
)
def sqrt(x: Any) -> Any:
    """Square root; NaN below 0. The gradient at 0 is infinite, as it is."""
    return unary(k.sqrt, x)


@primitive(
    lambda g, y, x: mul(g, sign(x)),
    saves="x",
    samples=(sample(Arg((3, 4), kind="distinct")),),
    elementwise=True,
)
def abs(x: Any) -> Any:
    """``|x|``; subgradient 0 at 0."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "iu":
        return host(np.abs, x)
    return unary(k.abs_, x)


@primitive(
    lambda g, y, x: mul(g, 0.0),
    saves="",
    samples=(sample(Arg((3, 4), kind="distinct")),),
    elementwise=True,
)
def sign(x: Any) -> Any:
    """-1, 0 or 1; its gradient is 0."""
    return unary(k.sign, x)


@primitive(
    lambda g, y, x: mul(mul(g, 2.0), x), saves="x", samples=UNARY, elementwise=True
)
def square(x: Any) -> Any:
    """``x * x``."""
    return unary(k.square, x)


@primitive(lambda g, y, x: mul(g, cos(x)), saves="x", elementwise=True)
def sin(x: Any) -> Any:
    """Sine."""
    return unary(k.sin, x)


@primitive(lambda g, y, x: neg(mul(g, sin(x))), saves="x", elementwise=True)
def cos(x: Any) -> Any:
    """Cosine."""
    return unary(k.cos, x)


@primitive(lambda g, y, x: mul(g, add(y, 1.0)), saves="out", elementwise=True)
def expm1(x: Any) -> Any:
    """``exp(x) - 1``, accurate near 0."""
    return unary(k.expm1, x)


@primitive(
    lambda g, y, x: div(g, add(x, 1.0)),
    saves="x",
    samples=(sample(Arg((3, 4), -0.8, 3.0)),),
    elementwise=True,
)
def log1p(x: Any) -> Any:
    """``log(1 + x)``, accurate near 0."""
    return unary(k.log1p, x)


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
        return host(np.where, cond, a, b)
    shape = geometry(geometry(a.shape, b.shape)[0], cond.shape)[0]
    cond, a, b = (contiguous(expanded(x, shape)) for x in (cond, a, b))
    out = empty(shape, a.dtype)
    launch(k.where, out.size, flat(cond), flat(a), flat(b), out.reshape(-1))
    return out
