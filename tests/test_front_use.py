"""Native fronts in use: their nodes, memory, threads, and launches by address."""

import gc
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from front_cases import BINARY, FLOATS, FRONTED, UNARY, same, warm_all

import autograd_core as ag
from autograd_core import calls, front
from autograd_core import op as op_module
from autograd_core.front import LOOKS, OFTEN, Uses
from autograd_core.launch import const, hyper, launch, launch_whole
from autograd_core.ops import TABLE
from autograd_core.ops import elementwise as e
from autograd_core.ops import reduce as r
from autograd_core.walk import as_arrays, walk
from autograd_kernels import elementwise as k
from autograd_kernels.driver import objects
from autograd_kernels.driver.replay import load
from autograd_kernels.jit import kernel

pytestmark = pytest.mark.skipif(
    not objects.layout_known(), reason="a layout of objects that fronts do not know"
)


@pytest.fixture(autouse=True, scope="module")
def _warm():
    warm_all()


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
    gc.collect()  # what others left, whose arrays hold the dtype too
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
            uses.left, uses.looks = 0, 0
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
    k.sqrt.launches.uses.looks = 0
    for _ in range(3):
        out = np.empty_like(x)
        launch(k.sqrt, x.size, abs(x), out)
        assert out.tobytes() == want.tobytes()
    native, out = k.sqrt.launches, np.empty_like(x)
    assert native.enter(native.row, x.size, (abs(x), out)) is True  # not the dispatcher
    assert out.tobytes() == want.tobytes()
    large = np.ones(1 << 20, "f4")
    for odd in ((large, large), (x[::2], out[::2]), (x.astype("f8"), out), ("x", out)):
        assert native.enter(native.row, 1, odd) is False
    for other in (x.astype("f8"), x[:0], x[:1]):  # other types, other sizes
        out = np.empty_like(other)
        launch(k.sqrt, other.size, abs(other), out)
        np.testing.assert_array_equal(out, np.sqrt(abs(other)))


@kernel
def wait(lo, hi, most, flag, out):
    """Look at ``flag`` until it is written to; out[0]: whether it was."""
    looks = 0
    while load(flag, 0) == 0 and looks < most:
        looks += 1
    out[0] = looks < most


def by_built_in(made, units, args):
    """Launch it once by Python, which enters it, and then by the built-in."""
    made.launches.uses = Uses(0)
    made.launches.uses.looks = 0
    launch_whole(made, units, *args)
    return lambda units, args: made.launches.enter(made.launches.row, units, args)


def test_a_launch_refuses_integers_beyond_its_words(rng):
    flag, out = np.ones(1, np.int64), np.zeros(1, np.int64)
    address = flag.ctypes.data
    enter = by_built_in(wait, 1, (5, address, out))
    assert enter(1, (5, address, out)) is True
    for most, units in ((2**70, 1), (-(2**70), 1), (5, 2**70)):
        assert enter(units, (most, address, out)) is False


def test_a_large_launch_lets_other_threads_run():
    flag, out = np.ones(1, np.int64), np.zeros(1 << 17, np.int64)  # a megabyte
    enter = by_built_in(wait, 1, (5, flag.ctypes.data, out))
    flag[0] = out[0] = 0
    other = threading.Timer(0.05, flag.fill, [1])
    other.start()
    assert enter(1, (10**10, flag.ctypes.data, out)) is True
    other.join()
    assert out[0] == 1


def test_zeros_of_both_signs_are_hyper_parameters_of_their_own():
    for make in (lambda v: hyper("f4", v), lambda v: const(v, "f4")):
        assert [np.signbit(make(v)).item() for v in (0.0, -0.0, 0.0)] == [0, 1, 0]
    parts = [const(v, "c16").imag for v in (complex(1, 0.0), complex(1, -0.0))]
    assert [np.signbit(part).item() for part in parts] == [False, True]


@pytest.mark.parametrize(("look", "uses"), [(1, OFTEN), (3, 3 * OFTEN + 2)])
def test_what_helpers_have_compiled_is_found_soon(look, uses, monkeypatch):
    looks = iter(range(1, look + 1))
    monkeypatch.setattr(front.jit, "is_ready", lambda *entry: next(looks) == look)
    counted = Uses()
    assert [counted.enough((None, ())) for _ in range(uses + 3)] == [
        *[False] * uses,
        *[True] * 3,
    ]


def test_nobody_waits_for_helpers_for_ever(monkeypatch):
    monkeypatch.setattr(front.jit, "is_ready", lambda *entry: False)
    counted = Uses()
    found = [counted.enough((None, ())) for _ in range((LOOKS + 2) * (OFTEN + 1))]
    assert (LOOKS + 1) * OFTEN <= found.index(True) <= (LOOKS + 1) * (OFTEN + 1)


def test_calls_have_their_ops_name():
    with pytest.raises(TypeError, match="sin"):
        e.sin.call(1, 2, 3)
    assert e.add.call.__name__ == "add"
    assert calls.reflected(e.add.call)(1.0, ag.tensor(2.0)).item() == 3.0
    assert r.sum.call(ag.tensor([1.0, 2.0])).item() == 3.0


CODE = """
import sys
import numpy as np
from autograd_kernels.driver import objects
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
