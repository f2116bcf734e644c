"""Native fronts: the general way's bits, nothing raised, nothing leaked, no crash."""

import gc
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_core as ag
from autograd_core import calls, front
from autograd_core import op as op_module
from autograd_core.front import Uses
from autograd_core.launch import launch
from autograd_core.ops import TABLE
from autograd_core.ops import elementwise as e
from autograd_core.ops import matmul as mm
from autograd_core.ops import reduce as r
from autograd_core.walk import as_arrays, walk
from autograd_kernels import elementwise as k
from autograd_kernels import objects

pytestmark = pytest.mark.skipif(
    not objects.layout_known(), reason="a layout of objects that fronts do not know"
)
FLOATS = [np.dtype("f4"), np.dtype("f8")]
cells = {
    name: dict(zip(op.call.__code__.co_freevars, op.call.__closure__, strict=True))
    for name, op in TABLE.items()
    if op.call.__closure__
}
FRONTED = {
    name: cell["front"].cell_contents for name, cell in cells.items() if "front" in cell
}
UNARY = sorted(n for n, f in FRONTED.items() if len(TABLE[n].names) == 1)
BINARY = sorted(n for n, f in FRONTED.items() if TABLE[n].names == ["a", "b"])
SLOPES = sorted(n for n, op in TABLE.items() if op.slope is not None)


def warm(one):
    """Make a front ready for both dtypes."""
    for dtype in FLOATS:
        if dtype in one.uses:
            one.uses[dtype] = Uses(0)
            one.uses[dtype].patient = True
            one.missed(np.empty(0, dtype))


@pytest.fixture(autouse=True, scope="module")
def _warm():
    for one in [*FRONTED.values(), *(TABLE[n].slope for n in SLOPES)]:
        warm(one)
    for one in mm.PRODUCTS.values():
        warm(one)


def same(a, b):
    assert type(a) is type(b) is np.ndarray
    assert (a.shape, a.dtype, a.flags.c_contiguous) == (b.shape, b.dtype, True)
    assert a.tobytes() == b.tobytes()
    assert a.flags.owndata
    assert a.flags.writeable


def test_what_has_a_front():
    assert {"sin", "exp", "relu", "tanh", "neg", "sum", "mean"} <= set(UNARY)
    assert {"add", "mul", "div", "matmul", "less"} <= set(BINARY)
    assert {"sin", "exp", "log", "relu", "sigmoid", "square"} <= set(SLOPES)
    assert "linear" in FRONTED


# Bits -------------------------------------------------------------------------------

SHAPES = [(), (0,), (1,), (7,), (64,), (3, 0), (3, 5), (2, 3, 4), (1, 1, 1, 1, 1, 1, 2)]


def draw(rng, shape, dtype):
    x = rng.standard_normal(shape).astype(dtype)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40], dtype)
    flat = x.reshape(-1)
    flat[: min(len(flat) // 2, 6)] = special[: len(flat) // 2]
    return x


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


# Nodes ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_fronts_leave_the_node_of_the_general_way(name, rng):
    op = TABLE[name]
    if not op.differentiable:
        return
    shape = (4, 4)
    args = [
        ag.tensor(rng.uniform(0.2, 0.9, shape), requires_grad=True) for _ in op.names
    ]
    g = rng.standard_normal(op.forward(*(a.data for a in args)).shape)
    seen = []
    for call in (op.call, op.general):
        out = call(*args)
        assert out.node.op is op
        grads = as_arrays(out.node, g, out.node.parents)
        held = out.node.out is None or out.node.out[0] is out.data
        assert held
        seen.append([out.data.tobytes(), *(np.asarray(x).tobytes() for x in grads)])
        if any(a is args[0] for a in out.node.inputs):
            with ag.no_grad():
                args[0] += 0.0
            with pytest.raises(RuntimeError, match="changed in place"):
                out.backward(g)
    assert seen[0] == seen[1]


def test_mixed_needs(rng):
    x, w = ag.tensor(rng.standard_normal(5)), ag.tensor(rng.standard_normal(5))
    w.requires_grad = True
    for op in (e.add, e.sub, e.mul, e.div, e.maximum):
        for pair in ((x, w), (w, x), (w, 2.0), (2.0, w), (w, x.data), (x.data, w)):
            found = []
            for call in (op.call, op.general):
                y = call(*pair)
                found.append(walk([y], [np.ones(5)], [w])[w].tobytes())
            assert found[0] == found[1]
    with ag.no_grad():
        assert not (w * x).requires_grad
        assert not e.sin.call(w).requires_grad


# Memory and threads -----------------------------------------------------------------


def test_nothing_is_leaked():
    x, y = np.ones((4, 4), "f4"), np.ones(4, "f4")
    dtype, before = x.dtype, sys.getrefcount(x.dtype)

    def work():
        for _ in range(2000):
            FRONTED["sin"].enter(x)
            FRONTED["add"].enter(x, y)
            FRONTED["add"].enter(x, [1])
            FRONTED["sum"].enter(x)
            FRONTED["matmul"].enter(x, x)
            FRONTED["less"].enter(x, 1.0)
            e.sin.slope.enter(x, x)

    work()
    gc.collect()
    tracemalloc.start()
    work()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 20_000
    assert abs(sys.getrefcount(dtype) - before) < 100
    assert sys.getrefcount(None) > 0


def test_threads_at_once(rng):
    x = rng.standard_normal((16, 16)).astype("f4")
    want = [np.sin(ag.tensor(x)).data.tobytes(), (ag.tensor(x) @ x).data.tobytes()]
    wrong = []

    def work():
        t = ag.tensor(x)
        for _ in range(300):
            found = [np.sin(t).data.tobytes(), (t @ x).data.tobytes()]
            if found != want:
                wrong.append(found)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_threads_that_make_a_front_ready_at_once(rng):
    x = rng.standard_normal(8)
    for _ in range(20):
        one = front.unary(k.sqrt)
        for uses in one.uses.values():
            uses.left, uses.patient = 0, True
        gate = threading.Barrier(4)

        def work(dtype, one=one, gate=gate):
            gate.wait()
            one.missed(x.astype(dtype))

        threads = [threading.Thread(target=work, args=(d,)) for d in FLOATS * 2]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for dtype in FLOATS:
            y = abs(x).astype(dtype)
            same(one.enter(y), np.sqrt(y))


def test_launches_by_address_do_what_the_dispatcher_does(rng):
    x = rng.standard_normal(50).astype("f4")
    want = np.empty_like(x)
    k.sqrt(0, x.size, abs(x), want)
    k.sqrt.launches.uses = Uses(0)
    k.sqrt.launches.uses.patient = True
    for _ in range(3):
        out = np.empty_like(x)
        launch(k.sqrt, x.size, abs(x), out)
        assert out.tobytes() == want.tobytes()
    assert k.sqrt.launches.count >= 1
    for other in (x.astype("f8"), x[:0], x[:1]):  # other types, other sizes
        out = np.empty_like(other)
        launch(k.sqrt, other.size, abs(other), out)
        np.testing.assert_array_equal(out, np.sqrt(abs(other)))


def test_calls_have_their_ops_name():
    with pytest.raises(TypeError, match="sin"):
        e.sin.call(1, 2, 3)
    assert e.add.call.__name__ == "add"
    assert calls.reflected(e.add.call)(1.0, ag.tensor(2.0)).item() == 3.0
    assert r.sum.call(ag.tensor([1.0, 2.0])).item() == 3.0


CODE = """
import sys
import numpy as np
from autograd_kernels import objects
objects.layout_known = lambda: False
import autograd_core as ag
from autograd_core.ops import elementwise as e
x = ag.tensor(np.arange(4.0), requires_grad=True)
for _ in range(100):
    y = (np.sin(x) * x + 2).sum()
    y.backward()
    x.grad = None
assert not any(f.enter.__name__ != "_declines" for f in [e.sin.slope])
print(y.item())
"""


def test_other_layouts_go_the_general_way():
    run = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    x = np.arange(4.0)
    assert abs(float(run.stdout) - (np.sin(x) * x + 2).sum()) < 1e-12


@pytest.mark.parametrize("size", [4, 1 << 20])  # a front's, and the general way's
def test_arrays_are_copied_once(size, monkeypatch):
    copies = []

    def count(array):
        copies.append(array)
        return array.copy()

    for module in (calls, op_module):
        monkeypatch.setattr(module, "snapshot", count)
    w = ag.tensor(np.ones(size, "f4"), requires_grad=True)
    x = np.ones(size, "f4")
    y = w * x
    assert len(copies) == 1
    x[:] = 9
    assert walk([y], [np.ones(size, "f4")], [w])[w].max() == 1


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "matmul", "maximum"])
def test_nodes_hold_no_values_that_backward_does_not_read(name, rng):
    for needs in ((True, False), (False, True)):
        pair = [ag.tensor(rng.random((4, 4)), requires_grad=n) for n in needs]
        for call in (TABLE[name].call, TABLE[name].general):
            node = call(*pair).node
            held = [isinstance(x, ag.Tensor) for x in node.inputs]
            want = {"add": [False] * 2, "sub": [False] * 2, "maximum": [True] * 2}
            other = [not n for n in needs]
            if name == "div" and needs[1]:
                other = [False, True]
            assert held == want.get(name, other)
