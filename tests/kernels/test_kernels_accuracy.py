"""How many units in the last place functions and activations are off.

The oracle computes with 60 digits in the standard library's `decimal`; where NumPy
ships a table of correctly rounded values, that is asked too.
"""

import csv
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest

from autograd_kernels import activations as a
from autograd_kernels import activations_with_slope
from autograd_kernels import elementwise as k

DTYPES = [np.float32, np.float64]
PI = Decimal(
    "3.14159265358979323846264338327950288419716939937510582097494459230781641"
)
CUBE = Decimal("0.044715")
SELU_SCALE = Decimal("1.0507009873554804934193349852946")
SELU_ALPHA = Decimal("1.6732632423543772848170429916717")
ZERO, ONE = Decimal(0), Decimal(1)


# The oracle --------------------------------------------------------------------------


def series(first, ratio):
    """Sum of terms, each the one before times ratio(n), until they vanish."""
    total, term, n = ZERO, first, 0
    while total + term != total:
        total += term
        n += 1
        term *= ratio(n)
    return total


def sin(x):
    x = x.remainder_near(2 * PI)
    return series(x, lambda n: -x * x / (2 * n * (2 * n + 1)))


def normal_cdf(x):
    """A&S 26.2.11 near 0 and, for a tail of few digits, the fraction 26.2.14."""
    density = (-x * x / 2).exp() / (2 * PI).sqrt()
    if abs(x) < 7:
        with localcontext(prec=90):
            half = density * series(x, lambda n: x * x / (2 * n + 1))
            return ONE / 2 + half
    fraction = abs(x)
    for n in range(300, 0, -1):
        fraction = abs(x) + n / fraction
    tail = density / fraction
    return tail if x < 0 else ONE - tail


def erf(x):
    if abs(x) < 1:
        first = 2 * x / PI.sqrt()
        return series(first, lambda n: -x * x * (2 * n - 1) / (n * (2 * n + 1)))
    return 2 * normal_cdf(x * Decimal(2).sqrt()) - ONE


def expm1(x):
    if abs(x) < 1:
        return series(x, lambda n: x / (n + 1))
    return x.exp() - ONE


def log1p(x):
    with localcontext(prec=400):  # enough for 1 + the smallest number
        return (ONE + x).ln()


def sigmoid(x):
    return ONE / (ONE + (-x).exp())


def tanh(x):
    e = expm1(2 * x)
    return e / (e + 2)


def gate(x):
    return sigmoid((8 / PI).sqrt() * x * (ONE + CUBE * x * x))


def gate_slope(x):
    s = gate(x)
    return s + x * s * (ONE - s) * (8 / PI).sqrt() * (ONE + 3 * CUBE * x * x)


def density(x):
    return (-x * x / 2).exp() / (2 * PI).sqrt()


# name: kernel, oracle, range in float32, range in float64, ULP
FUNCTIONS = {
    "exp": (k.exp, Decimal.exp, (-104, 88), (-745, 709), 2),
    "expm1": (k.expm1, expm1, (-30, 88), (-50, 709), 2),
    "log": (k.log, Decimal.ln, (0, 1e4), (0, 1e4), 2),
    "log1p": (k.log1p, log1p, (-1, 1e4), (-1, 1e4), 2),
    "sin": (k.sin, sin, (-5e4, 5e4), (-2e9, 2e9), 2),
    "cos": (k.cos, lambda x: sin(x + PI / 2), (-5e4, 5e4), (-2e9, 2e9), 2),
    "tanh": (a.tanh, tanh, (-12, 12), (-22, 22), 2),
    "erf": (a.erf, erf, (-5, 5), (-7, 7), 2),
    "sigmoid": (a.sigmoid, sigmoid, (-104, 40), (-745, 60), 3),
    "silu": (a.silu, lambda x: x * sigmoid(x), (-110, 40), (-755, 60), 4),
    "gelu": (a.gelu, lambda x: x * normal_cdf(x), (-15, 9), (-39, 9), 4),
    "gelu_tanh": (a.gelu_tanh, lambda x: x * gate(x), (-11, 9), (-22, 9), 4),
    "selu": (
        a.selu,
        lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * expm1(x)),
        (-30, 30),
        (-50, 50),
        3,
    ),
}
# name: backward kernel, forward kernel if the slope is read off the output, slope
SLOPES = {
    "relu": (a.relu_backward, a.relu, lambda x: Decimal(x > 0)),
    "selu": (
        a.selu_backward,
        None,
        lambda x: SELU_SCALE * (ONE if x > 0 else SELU_ALPHA * x.exp()),
    ),
    "silu": (
        a.silu_backward,
        None,
        lambda x: sigmoid(x) * (ONE + x * (ONE - sigmoid(x))),
    ),
    "sigmoid": (
        a.sigmoid_backward,
        a.sigmoid,
        lambda x: sigmoid(x) * (ONE - sigmoid(x)),
    ),
    "tanh": (a.tanh_backward, a.tanh, lambda x: ONE - tanh(x) ** 2),
}
# name: kernel that gives the slope as well, slope
SLOPED = {
    "gelu": (activations_with_slope.gelu, lambda x: normal_cdf(x) + x * density(x)),
    "gelu_tanh": (activations_with_slope.gelu_tanh, gate_slope),
}
# name: forward, backward, hyper-parameters, oracle and its slope
TUNED = {
    "leaky_relu": (
        a.leaky_relu,
        a.leaky_relu_backward,
        [0.1],
        lambda x, c: x if x > 0 else c * x,
        lambda x, c: ONE if x > 0 else c,
    ),
    "elu": (
        a.elu,
        a.elu_backward,
        [1.3],
        lambda x, c: x if x > 0 else c * expm1(x),
        lambda x, c: ONE if x > 0 else c * x.exp(),
    ),
    "softplus": (
        a.softplus,
        a.softplus_backward,
        [1.7, 20.0],
        lambda x, b, t: log1p((b * x).exp()) / b if b * x <= t else x,
        lambda x, b, t: sigmoid(b * x) if b * x <= t else ONE,
    ),
}


def points(rng, low, high, dtype):
    """Points spread evenly, near 0 and over all magnitudes, within low..high."""
    span = np.log(float(np.finfo(dtype).smallest_subnormal)) + 1
    size = np.exp(rng.uniform(span, np.log(max(-low, high)), 60))
    many = [rng.uniform(low, high, 120), rng.normal(0, 1, 60), size, -size]
    x = np.concatenate(many).astype(dtype)
    return x[(x > low) & (x < high)]


def off(got, expected):
    """The largest error of ``got``, in units in the last place."""
    worst = 0.0
    for y, right in zip(got, expected, strict=True):
        unit = np.spacing(abs(got.dtype.type(right)))
        worst = max(worst, float(abs(Decimal(float(y)) - right) / Decimal(float(unit))))
    return worst


def exactly(oracle, x, *args):
    """The oracle's values in 60 digits."""
    with localcontext(prec=60):
        args = [Decimal(float(c)) for c in args]
        return [oracle(Decimal(float(v)), *args) for v in x]


# Tests -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(rng, name, dtype):
    kernel, oracle, single, double, ulp = FUNCTIONS[name]
    x = points(rng, *(single if dtype == np.float32 else double), dtype)
    if name in ("sin", "cos"):  # next to the zeros, where the reduction must be exact
        turns = np.concatenate([np.arange(1, 40), rng.integers(40, 10**4, 40)])
        x = np.concatenate([x, (turns * (np.pi / 2)).astype(dtype)])
    out = np.empty_like(x)
    kernel(0, x.size, x, out)
    assert off(out, exactly(oracle, x)) <= ulp


@pytest.mark.parametrize("dtype", DTYPES)
def test_powers(rng, dtype):
    limit = 87 if dtype == np.float32 else 708
    x = np.exp(rng.uniform(-limit, limit, 300)).astype(dtype)
    power = rng.uniform(-limit, limit, 300) / np.log(x.astype(float))
    near = rng.uniform(0.5, 2, 100), rng.uniform(-60, 60, 100)
    x = np.concatenate([x, near[0].astype(dtype)])
    power = np.concatenate([power, near[1]]).astype(dtype)
    out = np.empty_like(x)
    k.pow_(0, x.size, np.array([x.size, 0, 1, 0, 1]), x, power, out)
    with localcontext(prec=60):
        pairs = zip(x, power, strict=True)
        right = [Decimal(float(b)) ** Decimal(float(p)) for b, p in pairs]
    assert off(out, right) <= 2


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "sin", "cos", "tanh"])
def test_tables_of_numpy(name, dtype):
    folder = Path(np.__file__).parent / "_core" / "tests" / "data"
    table = folder / f"umath-validation-set-{name}.csv"
    if not table.exists():
        pytest.skip(f"this NumPy ships no {table.name}")
    word = np.uint32 if dtype == np.float32 else np.uint64
    with table.open() as lines:
        rows = [r for r in csv.reader(lines) if r[0] == f"np.{dtype.__name__}"]
    x, right = (np.array([int(r[i], 16) for r in rows], word) for i in (1, 2))
    x, right = x.view(dtype), right.view(dtype)
    out = np.empty_like(x)
    FUNCTIONS[name][0](0, x.size, x, out)
    numbers = np.isfinite(right)
    np.testing.assert_array_equal(out[~numbers], right[~numbers])
    out, right = out[numbers], right[numbers]
    np.testing.assert_array_equal(np.signbit(out), np.signbit(right))
    apart = np.abs(out).view(word).astype(int) - np.abs(right).view(word).astype(int)
    assert np.abs(apart).max() <= 2


def check_slopes(slopes, right, g):
    """Within 4 roundings of 1: a slope that passes 0 has no last place of its own."""
    eps = Decimal(float(np.finfo(g.dtype).eps))
    for y, d, one in zip(slopes, right, g, strict=True):
        d = d * Decimal(float(one))
        assert abs(Decimal(float(y)) - d) <= 4 * eps * abs(Decimal(float(one)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SLOPES)
def test_slopes(rng, name, dtype):
    backward, forward, slope = SLOPES[name]
    x = points(rng, -100, 100, dtype)
    g = rng.normal(size=x.size).astype(dtype)
    at = x.copy()
    if forward:
        forward(0, x.size, x, at)
    gx = np.empty_like(x)
    backward(0, x.size, g, at, gx)
    check_slopes(gx, exactly(slope, x), g)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SLOPED)
def test_slopes_beside_values(rng, name, dtype):
    kernel, right = SLOPED[name]
    x = points(rng, -100, 100, dtype)
    slope, out, alone = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    kernel(0, x.size, x, slope, out)
    check_slopes(slope, exactly(right, x), np.ones_like(x))
    getattr(a, name)(0, x.size, x, alone)
    assert out.tobytes() == alone.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TUNED)
def test_with_hyper_parameters(rng, name, dtype):
    forward, backward, c, oracle, slope = TUNED[name]
    c = np.array(c, dtype)
    x = points(rng, -60, 60, dtype)
    g = rng.normal(size=x.size).astype(dtype)
    out, gx = np.empty_like(x), np.empty_like(x)
    forward(0, x.size, c, x, out)
    backward(0, x.size, c, g, x, gx)
    assert off(out, exactly(oracle, x, *c)) <= 3
    check_slopes(gx, exactly(slope, x, *c), g)


# name: values at -inf, -1e4, -0.0, 0.0, 1e4, inf; slopes at the same points
EXTREMES = {
    "relu": ([0, 0, 0, 0, 1e4, np.inf], [0, 0, 0, 0, 1, 1]),
    "gelu": ([0, 0, 0, 0, 1e4, np.inf], [0, 0, 0.5, 0.5, 1, 1]),
    "gelu_tanh": ([0, 0, 0, 0, 1e4, np.inf], [0, 0, 0.5, 0.5, 1, 1]),
    "silu": ([0, 0, 0, 0, 1e4, np.inf], [0, 0, 0.5, 0.5, 1, 1]),
    "sigmoid": ([0, 0, 0.5, 0.5, 1, 1], [0, 0, 0.25, 0.25, 0, 0]),
    "tanh": ([-1, -1, 0, 0, 1, 1], [0, 0, 1, 1, 0, 0]),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EXTREMES)
def test_extremes(name, dtype):
    values, slopes = EXTREMES[name]
    x = np.array([-np.inf, -1e4, -0.0, 0.0, 1e4, np.inf, np.nan], dtype)
    out, gx = np.empty_like(x), np.empty_like(x)
    getattr(a, name)(0, x.size, x, out)
    np.testing.assert_array_equal(out, [*values, np.nan])
    if name in SLOPED:
        SLOPED[name][0](0, x.size, x, gx, out)
    else:
        backward, forward, _ = SLOPES[name]
        backward(0, x.size, np.ones_like(x), out if forward else x, gx)
    np.testing.assert_array_equal(gx[:-1], slopes)
    assert np.isnan(gx[-1]) or name == "relu"  # relu passes NaN's cotangent on, as y


@pytest.mark.parametrize("dtype", DTYPES)
def test_extremes_of_softplus_and_elu(dtype):
    x = np.array([-np.inf, -1e4, 0.0, 1e4, np.inf], dtype)
    g, out, gx = np.ones_like(x), np.empty_like(x), np.empty_like(x)
    c = np.array([2, 20], dtype)
    a.softplus(0, x.size, c, x, out)
    a.softplus_backward(0, x.size, c, g, x, gx)
    np.testing.assert_allclose(out, [0, 0, np.log(2) / 2, 1e4, np.inf], rtol=1e-7)
    np.testing.assert_array_equal(gx, [0, 0, 0.5, 1, 1])
    c = np.array([0.5], dtype)
    a.elu(0, x.size, c, x, out)
    a.elu_backward(0, x.size, c, g, x, gx)
    np.testing.assert_array_equal(out, [-0.5, -0.5, 0, 1e4, np.inf])
    np.testing.assert_array_equal(gx, [0, 0, 0.5, 1, 1])
