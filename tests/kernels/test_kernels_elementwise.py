"""Elementwise kernels: NumPy's broadcasting and special values, cut by cut."""

import numba
import numpy as np
import pytest
from llvmlite import binding

from autograd_kernels import activations, activations_with_slope, copying, jit
from autograd_kernels import elementwise as k

DTYPES = [np.float32, np.float64]
UNARY = {
    "neg": np.negative,
    "abs_": np.abs,
    "square": np.square,
    "reciprocal": np.reciprocal,
    "sign": np.sign,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
}
BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow_": np.power,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
}
CURVED = ["exp", "expm1", "log", "log1p", "sin", "cos"]
BACKWARD = ["relu", "selu", "silu", "sigmoid", "tanh"]
SLOPED = ["gelu", "gelu_tanh"]


def specials(dtype):
    """Zeros, infinities, NaN, the edges of the range, integers odd and even."""
    info = np.finfo(dtype)
    edges = [info.max, info.tiny, info.smallest_subnormal, 1 - info.epsneg]
    odd = 2.0 ** (info.nmant + 1) - 1
    plain = [0, 0.5, 1, 1.5, 2, 3, 1e4, odd, odd - 1, np.inf]
    values = np.array([*plain, *edges], dtype)
    return np.concatenate([values, -values, [np.nan]]).astype(dtype)


def same(got, expected, ulp=0):
    """Equal with the sign of zeros, or off by ``ulp`` units in the last place."""
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.isnan(got), ~numbers)
    got, expected = got[numbers], expected[numbers]
    np.testing.assert_array_equal(np.signbit(got), np.signbit(expected))
    whole = np.int32 if expected.dtype == np.float32 else np.int64
    apart = np.abs(got).view(whole) - np.abs(expected).view(whole)
    assert np.abs(apart).max(initial=0) <= ulp


def geometry(a, b, cols):
    """The kernels' description of operands of shapes (rows or 1, cols or 1)."""
    (a_rows, a_cols), (b_rows, b_cols) = a.shape, b.shape
    a_row, b_row = a_cols * (a_rows > 1), b_cols * (b_rows > 1)
    return np.array([cols, a_row, a_cols > 1, b_row, b_cols > 1], np.int64)


def in_parts(rng, kernel, *args):
    """The kernel's result, the same bits at once and in parts."""
    out = args[-1]
    kernel(0, out.size, *args)
    whole = out.copy()
    out[...] = 0
    cuts = [c for c in range(0, out.size, 1024) if c == 0 or rng.random() < 0.7]
    for lo, hi in zip(cuts, [*cuts[1:], out.size], strict=True):
        kernel(lo, hi, *args)
    np.testing.assert_array_equal(whole.view(np.uint8), out.view(np.uint8))
    return whole


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_unary(rng, name, dtype):
    x = np.concatenate([specials(dtype), rng.uniform(-3, 3, 3000).astype(dtype)])
    got = in_parts(rng, getattr(k, name), x, np.empty_like(x))
    with np.errstate(all="ignore"):
        expected = UNARY[name](x)
    if name == "sign":
        expected += 0  # NumPy's sign of -0.0 is 0.0, but not in every version
        got += 0
    same(got, expected, ulp=4 if name in CURVED else 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BINARY)
def test_binary_specials(name, dtype):
    a, b = (x.ravel() for x in np.meshgrid(specials(dtype), specials(dtype)))
    with np.errstate(all="ignore"):
        expected = BINARY[name](a, b)
    out = np.empty(a.size, expected.dtype)
    flat = np.array([a.size, 0, 1, 0, 1], np.int64)
    getattr(k, name)(0, a.size, flat, a, b, out)
    if name in ("maximum", "minimum"):  # either zero will do where both are zeros
        expected, out = expected + 0, out + 0
    if expected.dtype == np.bool_:
        np.testing.assert_array_equal(out, expected)
    else:
        same(out, expected, ulp=2 if name == "pow_" else 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("rows", "cols"), [(1500, 3), (3, 1500), (70, 64), (1, 4500)])
@pytest.mark.parametrize("name", ["sub", "pow_", "less"])
def test_binary_broadcast(rng, name, rows, cols, dtype):
    for a_shape in [(rows, cols), (1, cols), (rows, 1), (1, 1)]:
        for b_shape in [(rows, cols), (1, cols), (rows, 1), (1, 1)]:
            a = rng.uniform(0.1, 3, a_shape).astype(dtype)
            b = rng.uniform(0.1, 3, b_shape).astype(dtype)
            full = [np.broadcast_to(x, (rows, cols)) for x in (a, b)]
            expected = BINARY[name](*full).ravel()
            geom = geometry(a, b, cols)
            out = np.empty(expected.size, expected.dtype)
            got = in_parts(rng, getattr(k, name), geom, a.ravel(), b.ravel(), out)
            if name == "pow_":
                same(got, expected, ulp=3)  # NumPy's own error included
            else:
                np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("power", [-3, -2, -1, 0, 1, 2, 3, 0.5])
def test_powers_that_are_exact(rng, power, dtype):
    a = 2.0 ** rng.integers(-30, 30, 500) * (4 if power == 0.5 else 1)
    if power == 0.5:
        a = np.square(rng.integers(1, 4000, 500))
    elif power > 0:
        a = rng.integers(-200, 200, 500)
    a = a.astype(dtype)
    geom = np.array([500, 0, 1, 0, 0], np.int64)
    out = np.empty_like(a)
    k.pow_(0, 500, geom, a, np.array([power], dtype), out)
    np.testing.assert_array_equal(out, (a.astype(float) ** power).astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_parts_of_activations(rng, dtype):
    x = rng.normal(0, 3, 5000).astype(dtype)
    g = rng.normal(0, 1, 5000).astype(dtype)
    for name in [*BACKWARD, *SLOPED, "erf"]:
        in_parts(rng, getattr(activations, name), x, np.empty_like(x))
    for name in SLOPED:
        slope, whole = np.empty_like(x), np.empty_like(x)
        in_parts(rng, getattr(activations_with_slope, name), x, slope, np.empty_like(x))
        getattr(activations_with_slope, name)(0, x.size, x, whole, np.empty_like(x))
        assert slope.tobytes() == whole.tobytes()
    for name in BACKWARD:
        backward = getattr(activations, f"{name}_backward")
        in_parts(rng, backward, g, x, np.empty_like(x))
    for name, c in [("leaky_relu", [0.1]), ("elu", [1.2]), ("softplus", [2, 5])]:
        c = np.array(c, dtype)
        in_parts(rng, getattr(activations, name), c, x, np.empty_like(x))
        backward = getattr(activations, f"{name}_backward")
        in_parts(rng, backward, c, g, x, np.empty_like(x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_choice_and_sums(rng, dtype):
    a, b = rng.normal(size=(2, 3000)).astype(dtype)
    cond = rng.random(3000) < 0.5
    out = in_parts(rng, k.where, cond, a, b, np.empty_like(a))
    np.testing.assert_array_equal(out, np.where(cond, a, b))
    k.add_inplace(1024, 2048, a, out)
    expected = np.where(cond, a, b)
    expected[1024:2048] += a[1024:2048]
    np.testing.assert_array_equal(out, expected)
    k.fill(1024, 2048, a[7:8], out)
    expected[1024:2048] = a[7]
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("source", [np.float32, np.float64, np.int64, np.bool_])
@pytest.mark.parametrize("target", [np.float32, np.float64, np.int64, np.bool_])
def test_cast(rng, source, target):
    x = (rng.normal(size=3000) * 3 * (rng.random(3000) < 0.7)).astype(source)
    got = in_parts(rng, k.cast, x, np.empty(x.size, target))
    np.testing.assert_array_equal(got, x.astype(target))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.bool_])
@pytest.mark.parametrize(
    "axes", [(0, 1, 2, 3), (0, 1, 3, 2), (3, 2, 1, 0), (2, 0, 3, 1)]
)
def test_copies_from_any_strides(rng, axes, dtype):
    whole = rng.integers(0, 2 if dtype == np.bool_ else 99, (3, 2, 70, 45))
    turned = whole.astype(dtype).transpose(axes)
    views = [
        turned,
        turned[::-1, :, ::-1, ::-2],
        turned[:, ::2, 1:2],
        np.broadcast_to(turned[:, :, :1], turned.shape).copy()[:, :, :1],
        turned[:, :, :, :0],
    ]
    for view in views:
        out = np.empty(view.shape, dtype)
        for unit in range(view.shape[0] * view.shape[1]):
            copying.copy4(unit, unit + 1, view, out)
        np.testing.assert_array_equal(out, view)


@pytest.mark.skipif(
    not binding.get_host_cpu_features().get("avx2"), reason="looks for AVX registers"
)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name",
    [
        *CURVED,
        *BACKWARD,
        *SLOPED,
        "activations_with_slope gelu",
        "activations_with_slope gelu_tanh",
        "erf",
        "pow_",
    ],
)
def test_loops_are_vectorised(name, dtype):
    if name.startswith("activations_with_slope "):
        kernel = getattr(activations_with_slope, name.split()[1])
    else:
        kernel = getattr(k, name, None) or getattr(activations, name)
    fresh = numba.njit(kernel.py_func, fastmath=jit.FAST, error_model="numpy")
    flat = numba.typeof(np.empty(1, dtype))
    arrays = (
        [flat, flat, flat]
        if name.startswith("activations_with_slope ")
        else [flat, flat]
    )
    arrays = [numba.int64[::1], flat, flat, flat] if name == "pow_" else arrays
    fresh.compile((numba.int64, numba.int64, *arrays))
    assembly = next(iter(fresh.inspect_asm().values())).splitlines()
    suffix = "ps" if dtype == np.float32 else "pd"
    packed = ("vfm", "vfnm", "vadd", "vsub", "vmul", "vmax")
    words = (line.split(maxsplit=1) for line in assembly)
    wide = [
        w
        for w in words
        if len(w) == 2
        and w[0].startswith(packed)
        and w[0].endswith(suffix)
        and ("%ymm" in w[1] or "%zmm" in w[1])
    ]
    assert wide or (name == "relu" and any("%ymm" in line for line in assembly))
    if name != "relu" and binding.get_host_cpu_features().get("avx512f"):
        assert any("%zmm" in w[1] for w in wide)  # see `memory.wide`
