"""Powers: of all rows the one whose edges need most care."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np

from autograd_core import calls, front
from autograd_core.launch import FLOATS, host
from autograd_core.op import Op, primitive
from autograd_core.ops.broadcasting import binary, unary, unbroadcast
from autograd_core.ops.elementwise import (
    add,
    div,
    equal,
    greater_equal,
    less,
    log,
    mul,
    not_equal,
    square,
    sub,
    where,
)
from autograd_core.ops.shape import astype, full_like
from autograd_core.samples import Arg, sample
from autograd_kernels import elementwise as k


def _pow_front(op: Op[...]) -> calls.Call:
    """Squares are products; the rest is `calls.binary`."""
    rest = calls.binary(op, front.binary(k.pow_))

    def call(a: Any, b: Any) -> Any:
        return square(a) if type(b) in (int, float) and b == 2 else rest(a, b)

    return calls.named(call, op)


@primitive(
    lambda g, y, a, b: unbroadcast(_by_base(g, a, b), a),
    lambda g, y, a, b: unbroadcast(_by_exponent(g, y, a, b), b),
    saves=("a b", "a b out"),
    samples=(
        sample(Arg((3, 4), 0.3, 2.0), Arg((3, 4), -2.0, 3.0)),
        sample(Arg((3, 1), 0.3, 2.0), Arg((4,), -2.0, 3.0)),
        sample((3, 4), 3.0),
        sample(2.0, (3, 4)),
    ),
    elementwise=True,
    ufunc=np.power,
    front=_pow_front,
)
def pow(a: Any, b: Any) -> Any:
    """``a ** b``, broadcast. Where b is 0, the derivative by a is 0.

    Where a is 0, that by b is 0 for b >= 0 and -inf for b < 0, as in PyTorch.
    """
    if isinstance(b, int | float) and b == 2 and isinstance(a, np.ndarray):
        return unary(k.square, a) if a.dtype in FLOATS else host(np.square, a)
    return binary(k.pow_, np.power, a, b)


def _by_base(g: Any, a: Any, b: Any) -> Any:
    """``g * b * a ** (b - 1)``, and 0 where b is 0, be g or a infinite."""
    if isinstance(b, int | float | complex):
        if b == 2:
            return mul(g, mul(a, 2.0))
        a = _like(g, a)
        return mul(g, mul(pow(a, b - 1), b)) if b else full_like(g, fill_value=0.0)
    a, b = _like(g, a), _like(g, b)
    zero = equal(b, 0.0)
    odd = add(mul(a, 0.0), mul(div(1.0, a), 0.0))  # NaN if 1 / a or a is not finite
    a = where(not_equal(where(zero, odd, 0.0), 0.0), 1.0, a)
    g = where(not_equal(where(zero, mul(g, 0.0), 0.0), 0.0), 0.0, g)
    return mul(g, mul(b, pow(a, sub(b, 1.0))))  # differentiable in b where that is 0


def _by_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    """``g * y * log(a)``, and 0 where a is 0 and b is not negative."""
    if isinstance(a, int | float | complex):
        if not a:
            below = where(less(b, 0.0), -math.inf, math.nan)
            return mul(g, where(greater_equal(b, 0.0), 0.0, below))
        return mul(g, mul(y, _log(a)))
    a = _like(g, a)
    flat = equal(where(greater_equal(b, 0.0), a, 1.0), 0.0)  # both hold
    return where(flat, 0.0, mul(g, mul(y, log(where(flat, 1.0, a)))))


def _like(g: Any, x: Any) -> Any:
    """``x`` in the dtype of ``g``: a narrower one would round what comes of it."""
    return (
        x
        if isinstance(x, int | float | complex) or x.dtype == g.dtype
        else astype(x, dtype=g.dtype)
    )


def _log(a: complex) -> complex:
    if isinstance(a, complex):
        return cmath.log(a) if a else complex(-math.inf)
    return math.log(a) if a > 0 else math.nan if a else -math.inf
