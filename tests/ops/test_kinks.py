"""Values and subgradients at kinks, poles, infinities and NaN, function by function.

The gradients are PyTorch 2.13's, measured; a source of its own stands beside a row of
what PyTorch does not have, or has otherwise.
"""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import special

NAN, INF, PI = np.nan, np.inf, np.pi
HERE = "nothing has it: the derivative off the jumps"
HALF = "as our maximum; PyTorch gives all to the first"
LIMIT = "the limit; PyTorch: NaN"

# name: function, inputs, gradients of the sum, source
ONE = {
    "floor": (np.floor, [1, 1.5, NAN, INF], [0, 0, 0, 0], ""),
    "ceil": (np.ceil, [1, 1.5, NAN, INF], [0, 0, 0, 0], ""),
    "trunc": (np.trunc, [-1, 1.5, NAN, INF], [0, 0, 0, 0], ""),
    "rint": (np.rint, [0.5, 1.5, NAN, INF], [0, 0, 0, 0], ""),
    "round": (np.round, [0.5, 1.5, NAN, INF], [0, 0, 0, 0], ""),
    "round, 1": (lambda x: np.round(x, 1), [0.25, NAN], [0, 0], ""),
    "fix": (np.fix, [-1, 1.5, NAN, INF], [0, 0, 0, 0], ""),
    "sign": (np.sign, [0, -1, NAN], [0, 0, 0], ""),
    "fabs": (np.fabs, [0, -0.0, -2, 3], [0, 0, -1, 1], ""),
    "abs": (np.abs, [0, -0.0, -2, 3], [0, 0, -1, 1], ""),
    "fraction": (lambda x: np.modf(x)[0], [1, 1.5, -2, -0.5], [1, 1, 1, 1], ""),
    "whole part": (lambda x: np.modf(x)[1], [1, 1.5, -2, INF], [0, 0, 0, 0], HERE),
    "mantissa": (lambda x: np.frexp(x)[0], [0, 3, INF], [1, 0.25, 1], ""),
    "spacing": (np.spacing, [0, 1, 1e9], [0, 0, 0], HERE),
    "arccos": (np.arccos, [1, -1, 2], [-INF, -INF, NAN], ""),
    "arcsin": (np.arcsin, [1, -1, 2], [INF, INF, NAN], ""),
    "arccosh": (np.arccosh, [1, 0, INF], [INF, NAN, 0], ""),
    "arctanh": (np.arctanh, [1, -1, 2], [INF, INF, -1 / 3], ""),
    "arcsinh": (np.arcsinh, [INF, -INF, 1e200], [0, 0, 1e-200], "x; PyTorch: 0"),
    "arctan": (np.arctan, [INF, -INF, 1e200], [0, 0, 0], ""),
    "logsumexp": (special.logsumexp, [-INF, -INF], [0, 0], LIMIT),
    "tan": (np.tan, [INF, 0], [NAN, 1], ""),
    "sinh": (np.sinh, [INF, -INF, 1000], [INF, INF, INF], ""),
    "cosh": (np.cosh, [INF, -INF, 1000], [INF, -INF, INF], ""),
    "exp2": (np.exp2, [-INF, INF, 1], [0, INF, 4 * np.log(2) / 2], ""),
    "log2": (np.log2, [0, INF, 2], [INF, 0, 1 / np.log(4)], ""),
    "log10": (np.log10, [0, INF, 2], [INF, 0, 1 / (2 * np.log(10))], ""),
    "reciprocal": (np.reciprocal, [0, -0.0, INF], [-INF, -INF, 0], ""),
    "cbrt": (np.cbrt, [0, -8, INF], [INF, 1 / 12, 0], "JAX"),
    "sinc": (np.sinc, [0, 1e-9, 1], [0, -(PI**2) * 1e-9 / 3, -1], "PyTorch: 0 there"),
    "i0": (np.i0, [0, 1, -1], [0, 0.5651591039924851, -0.5651591039924851], ""),
    "angle": (np.angle, [0, -0.0, 1, -1, NAN], [0, 0, 0, 0, NAN], "NaN: PyTorch 0"),
    "nan_to_num": (np.nan_to_num, [NAN, INF, -INF, 1], [0, 0, 0, 1], ""),
    "unwrap": (np.unwrap, [0, 6, 12, 2], [1, 1, 1, 1], HERE),
    "real_if_close": (np.real_if_close, [0, INF], [1, 1], ""),
    "imag": (np.imag, [0, INF], [0, 0], ""),
    "positive": (np.positive, [0, INF, NAN], [1, 1, 1], ""),
    "interp": (
        lambda x: np.interp(x, [0.0, 1, 3], [0.0, 2, 3], left=9),
        [-1, 0, 0.5, 1, 3, 4, INF],
        [0, 2, 2, 0.5, 0.5, 0, 0],
        "the piece to the right",
    ),
    "select": (
        lambda x: np.select([x < 0, x < 2], [-x, np.log(x)], 7 * x),
        [-1, 0.5, 2],
        [-1, 2, 7],
        "",
    ),
    "piecewise": (
        lambda x: np.piecewise(x, [x > 0], [np.sqrt, lambda x: x * 3]),
        [0, 4, -1],
        [3, 0.25, 3],
        "",
    ),
}

# name: function, a, b, gradients by a and by b, source
TWO = {
    "arctan2": (
        np.arctan2,
        [0, 0, 1, INF, 1, -0.0],
        [0, -1, 0, 1, INF, -0.0],
        [0, -1, 0, 0, NAN, 0],
        [0, 0, -1, NAN, 0, 0],
        "",
    ),
    "hypot": (
        np.hypot, [0, 3, -0.0, 5], [0, 4, 2, 0], [0, 0.6, 0, 1], [0, 0.8, 1, 0],
        "HIPS and PyTorch: NaN at 0; 0 as the norm's",
    ),
    "logaddexp": (
        np.logaddexp,
        [-INF, -INF, INF, INF, 1, INF, 0],
        [-INF, 1, INF, 1, INF, -INF, 0],
        [0.5, 0, 0.5, 1, 0, 1, 0.5],
        [0.5, 1, 0.5, 0, 1, 0, 0.5],
        "equal infinities share; PyTorch: NaN",
    ),
    "logaddexp2": (
        np.logaddexp2,
        [-INF, -INF, INF, INF, 1, INF, 0],
        [-INF, 1, INF, 1, INF, -INF, 0],
        [0.5, 0, 0.5, 1, 0, 1, 0.5],
        [0.5, 1, 0.5, 0, 1, 0, 0.5],
        "equal infinities share; PyTorch: NaN",
    ),
    "copysign": (
        np.copysign,
        [0, -0.0, 3, -3, 3, 2, INF],
        [1, -1, -1, -1, 3, -0.0, -1],
        [0, 0, -1, 1, 1, -1, -1],
        [0, 0, 0, 0, 0, 0, 0],
        "the last: " + LIMIT,
    ),
    "fmod": (
        np.fmod, [7, -7, 7, 6, 5, 0], [3, 3, -3, 3, INF, 3],
        [1, 1, 1, 1, 1, 1], [-2, 2, 2, -2, 0, 0], "",
    ),
    "remainder": (
        np.remainder, [7, -7, 7, 6, 5, -5], [3, 3, -3, 3, INF, INF],
        [1, 1, 1, 1, 1, 1], [-2, 3, 3, -2, 0, 1], "",
    ),
    "rounded quotient": (
        np.fmod, [5.999999999999999], [3.0], [1], [-1], "exact; PyTorch: -1",
    ),
    "floor_divide": (np.floor_divide, [7, 6, 1], [2, 3, 0], [0] * 3, [0] * 3, HERE),
    "heaviside": (np.heaviside, [0, 1, -1], [0.5] * 3, [0] * 3, [1, 0, 0], HERE),
    "nextafter": (np.nextafter, [0, 1], [1, -2], [1, 1], [0, 0], ""),
    "fmax": (
        np.fmax, [1, NAN, 1, 0, NAN], [2, 2, NAN, -0.0, NAN],
        [0, 0, 1, 0.5, 0.5], [1, 1, 0, 0.5, 0.5], HALF,
    ),
    "fmin": (
        np.fmin, [1, NAN, 1, 0, NAN], [2, 2, NAN, -0.0, NAN],
        [1, 0, 1, 0.5, 0.5], [0, 1, 0, 0.5, 0.5], HALF,
    ),
    "float_power": (
        np.float_power, [0, 2, 0], [0, 3, 2], [0, 12, 0], [0, 8 * np.log(2), 0], "",
    ),
    "ldexp": (
        lambda a, b: np.ldexp(a, np.array([3, -1])) + 0 * b, [7, 0], [0, 0],
        [8, 0.5], [0, 0], "",
    ),
    "divmod": (
        lambda a, b: np.divmod(a, b)[1], [7, -7], [3, 3], [1, 1], [-2, 3], "",
    ),
}  # fmt: skip


def gradients(f, *values):
    """Gradients of the sum, once as they are and once with a graph: the same."""
    with np.errstate(all="raise"):  # no op warns of what is no mistake
        leaves = [ag.tensor(np.array(v, float), requires_grad=True) for v in values]
        f(*leaves).sum().backward(create_graph=True)
        with_graph = [leaf.grad.data.copy() for leaf in leaves]
        for leaf in leaves:
            leaf.grad = None
        f(*leaves).sum().backward()
    for leaf, other in zip(leaves, with_graph, strict=True):
        np.testing.assert_array_equal(leaf.grad.data, other)
    return with_graph


def value(f, *values):
    """The value, which is NumPy's, and in float32 float32."""
    arrays = [np.array(v, float) for v in values]
    got = f(*[ag.tensor(a) for a in arrays]).data
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(got, f(*arrays), rtol=1e-15)


@pytest.mark.parametrize("name", ONE)
def test_at_a_kink(name):
    f, x, right, _source = ONE[name]
    value(f, x)
    np.testing.assert_allclose(gradients(f, x)[0], right, rtol=1e-14, err_msg=name)


@pytest.mark.parametrize("name", TWO)
def test_at_a_kink_of_two(name):
    f, a, b, *right, _source = TWO[name]
    value(f, a, b)
    for got, expected in zip(gradients(f, a, b), right, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-14, err_msg=name)


SMOOTH = {  # second derivatives where the first is a special case
    "sinc": (np.sinc, [0.0, 1e-5, 0.4999, 0.5001], None),
    "i0": (np.i0, [0.0], [0.5]),
    "logaddexp": (lambda x: np.logaddexp(x, 1.0), [1.0], [0.25]),
    "hypot": (lambda x: np.hypot(x, 1.0), [0.0], [1.0]),
    "arctan2": (lambda x: np.arctan2(x, 1.0), [0.0], [0.0]),
}


def curve(x):
    """The second derivative of sinc, by its series."""
    k = np.arange(1, 30)
    terms = np.cumprod(-(np.pi**2) / (2 * k * (2 * k + 1)))
    return np.sum(terms * 2 * k * (2 * k - 1) * np.power.outer(x, 2 * k - 2), -1)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_second_derivative_there(name):
    f, x, right = SMOOTH[name]
    x = np.array(x)
    got = ag.hvp(lambda t: f(t).sum(), x, np.ones_like(x))
    expected = curve(x) if right is None else right
    np.testing.assert_allclose(np.asarray(got), expected, rtol=1e-13, atol=1e-300)


def test_five_derivatives_of_sinc_and_i0_at_0():
    for f, right in (
        (np.sinc, [0, -(PI**2) / 3, 0, PI**4 / 5]),
        (np.i0, [0, 0.5, 0, 0.375]),
    ):
        for expected in right:
            f = ag.grad(f)
            np.testing.assert_allclose(float(f(np.array(0.0))), expected, rtol=1e-13)
