"""What is wrong with an op of one's own: its errors, and what ``ag.check_op`` finds."""

import math
import re

import numba
import numpy as np
import pytest
from own_ops import damped, swish

import autograd_core as ag

X = np.arange(6.0).reshape(2, 3)
TABLE = np.ones(3)
TRACKED = ag.tensor(X, requires_grad=True)


@numba.njit
def helper(x):
    return x + 1.0


def python_helper(x):
    return x + 1.0


def nothing(x):
    if x > 0.0:
        return x


def by_name(x):
    pair = x, x
    return pair


largest = np.max


def of_three(lo, hi, x, out):
    out[lo:hi] = x[lo:hi]


def short(lo, hi, x, out):
    for i in range(lo, hi - 1):
        out[i] = x[i]


three, too_short = ag.kernel(of_three), ag.kernel(short)


def primitive_of(*vjps, body=lambda x: x * 2.0, **options):
    return ag.primitive(*vjps, **options)(body)


def first_gradient(op):
    return ag.grad(lambda x: op(x).sum())(X)


ERRORS = {
    "kernel <lambda>: its parameters must be (lo, hi, *inputs, *outputs), got (x)": (
        lambda: ag.kernel(lambda x: x)
    ),
    "kernel of_three: outputs=3 of 2 arrays": (lambda: ag.kernel(outputs=3)(of_three)),
    "kernel: expected a function, got int": lambda: ag.kernel(3),
    "of_three: expected 1 inputs (x), got 2": lambda: three(3, X, X, out=X),
    "of_three: it has 1 outputs, and out= tells of 2": (
        lambda: three(3, X, out=[X, X])
    ),
    "of_three: out= must be an array or (shape, dtype), got 'x'": (
        lambda: three(3, X, out=["x"])
    ),
    "of_three: x must be an array, a Tensor or a number, got str": (
        lambda: three(3, "x", out=X)
    ),
    "of_three: x requires grad, and a kernel by itself has no gradient": (
        lambda: three(3, TRACKED, out=X)
    ),
    "elementwise <lambda>: *xs cannot be compiled": (
        lambda: ag.elementwise(lambda *xs: 1.0)
    ),
    "takes 5 numbers; it must be from 1 to 4": (
        lambda: ag.elementwise(lambda a, b, c, d, e: a)
    ),
    "<lambda> reads 'TABLE', a ndarray, which Numba would freeze or refuse": (
        lambda: ag.elementwise(lambda x: x * TABLE)
    ),
    "<lambda>: Numba cannot compile it": (
        lambda: ag.elementwise(lambda x: python_helper(x))(X)
    ),
    "nothing: must return one number wherever it ends, and returns nothing": (
        lambda: ag.elementwise(nothing)
    ),
    "must return one number wherever it ends, and returns a tuple of 2": (
        lambda: ag.elementwise(lambda x: (x, x))
    ),
    "must return one number wherever it ends, and returns a tuple of 1": (
        lambda: swish.defvjp(lambda g, x: (g,))
    ),
    "damped: its backward: must return a tuple of 2 wherever it ends, and returns a "
    "tuple of 3": (lambda: damped.defvjp(lambda g, x, rate: (g, x, rate))),
    "Cannot cast complex128": lambda: ag.elementwise(lambda x: x * 1j)(X),
    "It must return one number": lambda: ag.elementwise(by_name)(X),
    "np.mean reduces an array, and this function gets one number of it at a time": (
        lambda: ag.elementwise(lambda x: x - np.mean(x))
    ),
    "np.max reduces an array": (lambda: swish.defvjp(lambda g, x: g * largest(x))),
    "swish: expected 1 inputs (x), got 2": lambda: swish(X, X),
    "swish: cannot compute with dtype <U1": lambda: swish("x"),
    "damped: operands of shapes (2, 3) and (2,) do not broadcast": (
        lambda: damped(X, X[:, 0])
    ),
    "swish.defvjp: must take (g, x), takes 1 numbers": (
        lambda: swish.defvjp(lambda g: g)
    ),
    "its gradient runs the composition on Tensors, which failed": (
        lambda: first_gradient(ag.elementwise(lambda x: math.sin(x)))
    ),
    "primitive: how is it differentiated?": lambda: ag.primitive(lambda x: x),
    "a vjp, backward or composition must be a function, got int": (
        lambda: primitive_of(3)
    ),
    "2 vjps for 1 inputs (x)": lambda: primitive_of(swish, swish),
    "the body must return one array, got tuple": (
        lambda: primitive_of(body=lambda x: (x, x))(X)
    ),
    "uses a Tensor that requires grad and is none of its arguments": (
        lambda: primitive_of(body=lambda x: x * TRACKED)(X)
    ),
    "the cotangent of 'x': expected shape (2, 3) and dtype float64, got shape (3,)": (
        lambda: first_gradient(primitive_of(lambda g, out, x: g[0]))
    ),
    "of 'x': expected shape (2, 3) and dtype float64, got dtype float32": (
        lambda: first_gradient(primitive_of(lambda g, out, x: g.astype(np.float32)))
    ),
    "backward must give a cotangent for each of 1 inputs (None for none), got 2": (
        lambda: first_gradient(primitive_of(backward=lambda g, out, x: (g, g)))
    ),
    "its composition gives shape () float64, the op (2, 3) float64": (
        lambda: first_gradient(primitive_of(composition=lambda x: x.sum()))
    ),
}


@pytest.mark.parametrize("message", ERRORS)
def test_errors_say_what_to_do(message):
    with pytest.raises((TypeError, ValueError, RuntimeError), match=re.escape(message)):
        ERRORS[message]()


def test_numba_functions_may_be_called():
    f = ag.elementwise(composition=lambda x: x + 1.0)(lambda x: helper(x))
    assert ag.check_op(f, X)


def wrong_ops():
    yield "by differences", primitive_of(lambda g, out, x: g)
    yield (
        "by differences",
        primitive_of(lambda g, out, x: 2.0 * g.detach(), body=lambda x: np.sin(x)),
    )
    yield "composition", primitive_of(composition=lambda x: x * 2.00001)
    yield (
        "cut in parts",
        primitive_of(
            lambda g, out, x: g,
            body=lambda x: too_short(x.size, x.reshape(-1), out=(x.size, x.dtype)),
        ),
    )


@pytest.mark.parametrize(("what", "op"), list(wrong_ops()))
def test_check_op_finds_what_is_wrong(what, op):
    with pytest.raises(AssertionError, match="check_op <lambda> FAILED") as caught:
        ag.check_op(op, np.arange(1.0, 7.0))
    found = [row for row, wrong in caught.value.report.rows if wrong]
    assert any(what in row for row in found), found


@pytest.mark.filterwarnings("ignore:vjp. what f returns does not depend")
def test_an_op_without_a_gradient():
    f = ag.primitive()(lambda x: np.sign(x) * 1.0)
    assert not f(TRACKED).requires_grad
    assert ag.check_op(f, X + 1.0)
