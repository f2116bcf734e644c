"""Native fronts: the general way's bits, nothing raised, nothing leaked, no crash."""

import numpy as np
import pytest
from front_cases import BINARY, FLOATS, FRONTED, SLOPES, UNARY, draw, same, warm_all
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd_core.ops import TABLE
from autograd_core.ops import elementwise as e
from autograd_core.ops import matmul as mm
from autograd_kernels.driver import objects

pytestmark = pytest.mark.skipif(
    not objects.layout_known(), reason="a layout of objects that fronts do not know"
)


@pytest.fixture(autouse=True, scope="module")
def _warm():
    warm_all()


def test_what_has_a_front():
    assert {"sin", "exp", "relu", "tanh", "neg", "sum", "mean"} <= set(UNARY)
    assert {"add", "mul", "div", "matmul", "less"} <= set(BINARY)
    assert {"sin", "exp", "log", "relu", "sigmoid", "square"} <= set(SLOPES)
    assert "linear" in FRONTED


# Bits -------------------------------------------------------------------------------

SHAPES = [(), (0,), (1,), (7,), (64,), (3, 0), (3, 5), (2, 3, 4), (1, 1, 1, 1, 1, 1, 2)]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", UNARY)
def test_unary_fronts_have_the_bits_of_the_general_way(name, dtype, rng):
    op = TABLE[name]
    for shape in SHAPES:
        x = draw(rng, shape, dtype)
        out = FRONTED[name].enter(x)
        if out is None:  # nothing to add up
            assert x.size == 0
            continue
        with np.errstate(all="ignore"):
            same(out, np.ascontiguousarray(op.forward(x)).reshape(out.shape))


PAIRS = [
    ((), ()), ((5,), ()), ((), (5,)), ((5,), (5,)), ((4, 5), (5,)), ((5,), (4, 5)),
    ((4, 5), (4, 1)), ((4, 1), (1, 5)), ((4, 1), (5,)), ((3, 4, 5), (5,)),
    ((3, 4, 5), (4, 5)), ((3, 1, 5), (4, 1)), ((3, 4, 5), (3, 1, 1)), ((1, 5), (5,)),
    ((1, 1), (5,)), ((1, 1), (1,)), ((2, 3), (2, 4)), ((0, 5), (5,)), ((0,), (1,)),
]  # fmt: skip


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", [n for n in BINARY if n != "matmul"])
def test_binary_fronts_broadcast_as_the_general_way(name, dtype, rng):
    taken = 0
    for left, right in PAIRS:
        a, b = draw(rng, left, dtype), draw(rng, right, dtype)
        out = FRONTED[name].enter(a, b)
        if out is None:
            continue
        taken += 1
        with np.errstate(all="ignore"):
            same(out, TABLE[name].forward(a, b))
    assert taken >= len(PAIRS) - 5


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["add", "div", "maximum", "less"])
@pytest.mark.parametrize(
    "number",
    [2, -3, 0, 2.5, -0.0, np.inf, np.nan, 1e30, 1e-50, 2**53 - 1, 1e300, 10**9],
)
def test_python_numbers_are_weak(name, dtype, number, rng):
    x = draw(rng, (3, 5), dtype)
    for pair in ((x, number), (number, x)):
        out = FRONTED[name].enter(*pair)
        if out is None:  # NumPy warns of an overflow
            assert number == 1e300
            assert dtype == "f4"
            continue
        with np.errstate(all="ignore"):
            same(out, TABLE[name].forward(*pair))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", SLOPES)
def test_slopes_have_the_bits_of_the_rules(name, dtype, rng):
    op = TABLE[name]
    for shape in [(), (1,), (7,), (3, 5), (2, 1000)]:
        x, g = draw(rng, shape, dtype), draw(rng, shape, dtype)
        with np.errstate(all="ignore"):
            y = op.forward(x)
            at = y if op.reads(1, 1)[1] else x
            out = op.slope.enter(g, at)
            same(out, np.asarray(op.backward(g, [True], y, (), x)[0]).reshape(shape))
            rule = op.by_rule(g, [True], y, (x,), {})[0]
        if name in {"sigmoid", "tanh", "silu", "selu"}:  # with roundings of their own
            fine = np.isfinite(x)
            rtol = 1e-4 if dtype == "f4" else 1e-12
            np.testing.assert_allclose(out[fine], rule[fine], rtol=rtol, atol=1e-30)
        else:
            np.testing.assert_array_equal(out, rule)


def test_large_angles(rng):
    x = np.array([1e6, -3e5, 1.0, 1e20], "f4")
    same(e.sin.slope.enter(np.ones(4, "f4"), x), e.cos.forward(x))


@pytest.mark.parametrize("dtype", FLOATS)
def test_products(dtype, rng):
    for m, n, c in [
        (1, 1, 1),
        (2, 3, 4),
        (8, 8, 8),
        (5, 1, 7),
        (1, 9, 3),
        (33, 17, 40),
    ]:
        a, b = draw(rng, (m, c), dtype), draw(rng, (c, n), dtype)
        bias = draw(rng, (n,), dtype)
        for (ta, tb), one in mm.PRODUCTS.items():
            left, right = (np.ascontiguousarray(x.T) if t else x for x, t in
                           ((a, ta), (b, tb)))  # fmt: skip
            for plus in (None, bias):
                general = mm.gemm(left, right, ta, tb, plus)
                same(one.enter(plus, left, right), general)
        turned = FRONTED["matmul"].enter(np.asfortranarray(a), np.asfortranarray(b))
        if turned is not None:
            general = mm.matmul.forward(np.asfortranarray(a), np.asfortranarray(b))
            same(turned, np.ascontiguousarray(general))


@given(
    hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=5, max_side=4),
    st.sampled_from(["add", "sub", "mul", "div", "maximum", "less_equal"]),
)
def test_any_two_shapes(shapes, name):
    rng = np.random.default_rng(len(shapes.result_shape))
    a, b = (rng.standard_normal(shape) for shape in shapes.input_shapes)
    out = FRONTED[name].enter(a, b)
    if out is not None:
        same(out, np.ascontiguousarray(TABLE[name].forward(a, b)).reshape(out.shape))
        assert out.shape == shapes.result_shape


# Not for here -----------------------------------------------------------------------

ODD = {
    "a list": [1.0],
    "None": None,
    "text": "x",
    "a bool": True,
    "a huge int": 10**400,
    "an int beyond 2**53": 2**60,
    "a NumPy number": np.float64(2),
    "an int array": np.arange(3),
    "float16": np.zeros(3, "f2"),
    "longdouble": np.zeros(3, "g"),
    "swapped": np.zeros(3, ">f4"),
    "strided": np.zeros(6, "f4")[::2],
    "unaligned": np.frombuffer(bytes(13), np.uint8)[1:].view("f4"),
    "large": np.zeros(1 << 20, "f4"),
    "a subclass": np.zeros(3, "f4").view(np.ma.MaskedArray),
    "a matrix of objects": np.array([None]),
    "a type": float,
}


@pytest.mark.parametrize("what", ODD)
def test_odd_operands_are_declined(what):
    odd, x = ODD[what], np.ones(3, "f4")
    assert FRONTED["sin"].enter(odd) is None
    assert FRONTED["add"].enter(odd, odd) is None
    assert FRONTED["sum"].enter(odd) is None
    assert FRONTED["matmul"].enter(odd, odd) is None
    two = np.ones((2, 2))
    assert mm.PRODUCTS[False, False].enter(None, odd, two) is None
    assert odd is None or mm.PRODUCTS[False, False].enter(odd, two, two) is None
    assert e.sin.slope.enter(odd, x) is None
    assert e.sin.slope.enter(x, odd) is None
    assert FRONTED["add"].enter(x, odd) is None
    assert FRONTED["add"].enter(odd, x) is None


def test_slopes_of_other_sizes_are_declined():
    assert e.sin.slope.enter(np.ones(3, "f4"), np.ones(4, "f4")) is None
    assert e.sin.slope.enter(np.ones(3, "f4"), np.ones(3, "f8")) is None
