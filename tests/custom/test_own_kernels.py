"""``ag.elementwise``, ``ag.kernel`` and ``ag.primitive``.

The ops here, and of `own_ops`, go through the very tests of the op table, and through
the public check.
"""

import subprocess
import sys
import textwrap
import types

import numba
import numpy as np
import pytest
import test_ops
from numpy.testing import assert_allclose, assert_array_equal
from own_ops import OPS, blend, damped, quick_swish, rms_norm, swish

import autograd_core as ag

CASES = [
    pytest.param(op, s, id=f"{op.name}-{i}")
    for op in OPS
    for i, s in enumerate(op.samples)
]
TABLE_TESTS = [
    test_ops.test_gradient_is_the_central_difference,
    test_ops.test_second_derivative_is_the_difference_of_the_first,
    test_ops.test_each_gradient_alone_is_the_one_among_all,
    test_ops.test_float32_values_and_gradients_are_those_of_float64,
]


@pytest.mark.parametrize("check", TABLE_TESTS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(("op", "sample"), CASES)
def test_the_op_tables_tests_take_it(op, sample, check, rng):
    check(op, sample, rng)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("op", "sample"), CASES)
def test_dtype_in_is_dtype_out(op, sample, dtype, rng):
    test_ops.test_dtype_in_is_dtype_out(op, sample, dtype, rng)


@pytest.mark.parametrize(("op", "sample"), [c for c in CASES if "leaky-1" not in c.id])
def test_check_op_passes(op, sample, rng):
    report = ag.check_op(op, *(a.draw(rng, np.float64) for a in sample.args))
    assert len(report.rows) == 8
    assert str(report).startswith(f"check_op {op.name} passed\n")


SHAPES = [
    ((3, 4), (3, 4)),
    ((3, 1), (4,)),
    ((2, 1, 3), (4, 1)),
    ((), (3,)),
    ((0, 3), ()),
]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_it_broadcasts_as_numpy(shapes, rng):
    x, rate = (np.asarray(rng.standard_normal(s)) for s in shapes)
    for dtype in (np.float32, np.float64):
        given = x.astype(dtype), rate.astype(dtype)
        out = damped(*given)
        assert out.dtype == dtype
        assert_allclose(out, given[0] * np.exp(-(given[1] ** 2)), rtol=1e-6)
    terms = x * 0.75, rate * 0.0625  # of any sign: their sum may cancel
    assert_allclose(blend(x, rate, 0.25), terms[0] + terms[1], rtol=1e-14, atol=1e-15)
    if x.size:
        assert ag.gradcheck(damped, (x, rate))
        assert ag.gradcheck(lambda a, b: blend(a, b, a), (x, rate))


def test_numbers_are_weak_and_integers_are_float64():
    x = np.arange(3, dtype=np.float32)
    assert damped(x, 1).dtype == damped(x, 1.0).dtype == np.float32
    assert damped(x, np.float64(1)).dtype == np.float64
    assert swish(np.arange(3)).dtype == np.float64
    assert_array_equal(swish([0.0, 1.0]), swish(np.array([0.0, 1.0])))


def test_a_program_launches_it_natively():
    def f(x, w):
        return (quick_swish(x) * damped(x, 0.5) * rms_norm(x)).sum() + blend(x, w, 0.5)

    def loss(x, w):
        return f(x, w).sum()

    step, eager = (make(ag.value_and_grad(loss, (0, 1))) for make in (ag.compile, same))
    for n in range(5):
        x = np.linspace(-1, 1 + n, 12).reshape(3, 4)
        (value, grads), (v, gs) = step(x, x[0]), eager(ag.tensor(x), ag.tensor(x[0]))
        assert value.item() == v.item()
        for a, b in zip(grads, gs, strict=True):
            assert a.data.tobytes() == b.data.tobytes()
    report = step.program.explain()
    names = {name.rpartition(".")[2] for name, _, _ in report.rows}
    assert {
        "quick_swish",
        "quick_swish_backward",
        "damped",
        "rms",
        "rms_slope",
    } <= names
    assert report.host_calls == []


def same(f):
    return f


def test_large_arrays_are_shared_by_threads():
    x = np.random.default_rng(0).standard_normal((3000, 400)).astype(np.float32)
    before, found = ag.get_num_threads(), []
    for threads in (1, 3):
        ag.set_num_threads(threads)
        found.append([swish(x).tobytes(), rms_norm(x).tobytes()])
    ag.set_num_threads(before)
    assert found[0] == found[1]


def test_small_arrays_go_to_the_front_with_the_same_bits():
    @ag.elementwise
    def shifted(x):
        return x * 0.5 + 0.25

    x = ag.tensor(np.linspace(0, 1, 5), requires_grad=True)
    first = shifted(x)
    for _ in range(3000):
        last = shifted(x)
    assert first.data.tobytes() == last.data.tobytes()
    last.sum().backward()
    assert x.grad.tolist() == [0.5] * 5


FACTOR = 2.0


@ag.elementwise
def by_factor(x):
    return FACTOR * x


@ag.kernel(outputs=2, sums=True)
def sums_and_nans(lo, hi, x, out, count):
    for i in range(lo, hi):
        total = x.dtype.type(0)
        for j in range(x.shape[1]):
            total += x[i, j]
        out[i], count[i] = total, 0
        for j in range(x.shape[1]):
            count[i] += x[i, j] != x[i, j]


@pytest.mark.parametrize("width", [3, 100])
def test_sums_that_are_re_associated_keep_nan_and_infinity(width, rng):
    x = rng.standard_normal((6, width)).astype(np.float32)
    x[1, -1], x[2, 0], x[3, 1] = np.nan, np.inf, -np.inf
    x[4, :2] = np.inf, -np.inf
    x[5] = -0.0
    out, count = sums_and_nans(6, x, out=[((6,), x.dtype)] * 2)
    with np.errstate(invalid="ignore"):
        assert_allclose(out, x.sum(1), rtol=1e-4, atol=1e-4)
    assert count.tolist() == np.isnan(x).sum(1).tolist()


def test_globals_that_change_are_seen(monkeypatch):
    x = np.arange(3.0)
    fast = ag.compile(lambda x: by_factor(x))
    for value in (2.0, 3.0, 2.0):
        monkeypatch.setitem(globals(), "FACTOR", value)
        for _ in range(4):
            assert by_factor(x).tolist() == fast(x).tolist() == (value * x).tolist()


settings = types.ModuleType("settings")
settings.k = 2.0
pair = (1.0, (2.0, 3.0))


@numba.njit
def helper(v):
    return 2.0 * v


@numba.njit
def another_helper(v):
    return 5.0 * v


@ag.kernel
def later(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = LATER * x[i]


@ag.kernel
def nested(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = pair[1][0] * x[i]


@ag.kernel
def of_a_module(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = settings.k * x[i]


@ag.kernel
def inner(lo, hi, x, out):
    scaled = [LATER * x[j] for j in range(x.size)]
    for i in range(lo, hi):
        out[i] = scaled[i]


@ag.kernel
def by_helper(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = helper(x[i])


LATER = 2.0
READERS = [later, nested, of_a_module, inner, by_helper]


@pytest.mark.parametrize("kernel", READERS, ids=lambda k: k.name)
def test_whatever_a_kernel_reads_is_seen_when_it_changes(kernel, monkeypatch):
    fast = ag.compile(lambda x: kernel(3, x, out=x))
    x = np.arange(3.0)
    for value in (2.0, 5.0):
        if value == 5.0:
            monkeypatch.setattr(settings, "k", 5.0)
            now = {"LATER": 5.0, "pair": (1.0, (5.0, 3.0)), "helper": another_helper}
            for name, one in now.items():
                monkeypatch.setitem(globals(), name, one)
        found = [kernel(3, x, out=x).tolist(), *(fast(x).tolist() for _ in range(3))]
        assert found == [(value * x).tolist()] * 4


RATE = 2.0


@numba.njit
def at_the_rate(v):
    return RATE * v


@ag.kernel
def rated(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = at_the_rate(x[i])


def test_what_numba_has_frozen_in_a_helper_is_an_error(monkeypatch):
    x = np.arange(3.0)
    assert rated(3, x, out=x).tolist() == [0, 2, 4]
    monkeypatch.setitem(globals(), "RATE", 3.0)
    with pytest.raises(RuntimeError, match=r"at_the_rate.*'RATE'.*has changed"):
        rated(3, x, out=x)


@ag.kernel
def over(lo, hi, x, c, out):
    for i in range(lo, hi):
        out[i] = x[i] / c[0]


@pytest.mark.parametrize("numbers", [(0.0, -0.0, 0.0), (-0.0, 0.0)])
def test_a_kernel_gets_the_sign_of_a_zero(numbers):
    x = np.ones(2)
    got = [over(2, x, number, out=x).tolist() for number in numbers]
    assert got == [[np.copysign(np.inf, number)] * 2 for number in numbers]


@ag.kernel
def plus(lo, hi, x, k, out):
    for i in range(lo, hi):
        out[i] = x[i] + k


def test_an_int_that_is_too_large_is_an_error_however_often_it_is_called():
    x = np.zeros(2)
    for _ in range(2):
        with pytest.raises(OverflowError, match="plus: k does not fit an int64"):
            plus(2, x, 1 << 63, out=x)
        assert plus(2, x, -(1 << 63), out=x).tolist() == [-(2.0**63)] * 2
        for k in range(2100):
            assert plus(2, x, k, out=x)[1] == k


def test_a_cotangent_that_a_rule_keeps_is_not_written_to():
    kept = np.ones(3)
    total = ag.primitive(lambda g, out, x: kept)(lambda x: x.sum())
    x = ag.tensor(np.zeros(3), requires_grad=True)
    for n in (1, 2, 3):
        total(x).backward()
        assert (x.grad.tolist(), kept.tolist()) == ([n] * 3, [1] * 3)


def test_closures_are_read_when_it_runs():
    def make(k):
        return ag.elementwise(lambda x: k * x)

    x = np.arange(3.0)
    assert make(2.0)(x).tolist() == [0, 2, 4]
    assert make(3.0)(x).tolist() == [0, 3, 6]


SESSION = """
import autograd_core as ag, numpy as np
space = {"ag": ag, "np": np}
for k in (2.0, 3.0):  # a cell that is run again, in a module without a file
    exec(compile(f'''
@ag.elementwise
def f(x):
    return {k} * x * x
@ag.kernel
def g(lo, hi, x, out):
    for i in range(lo, hi):
        out[i] = {k} * x[i]
h = ag.primitive(lambda g_, out, x: {k} * g_)(lambda x: g(x.size, x, out=x))
def total(x):
    return (f(x) + h(x)).sum()
''', "<cell>", "exec"), space)
    fast = space.setdefault("fast", ag.compile(lambda x: eval("total(x)", space)))
    step = ag.compile(ag.value_and_grad(space["total"]))
    for n in range(4):
        value, grad = step(np.ones(3))
        assert (value.item(), grad.tolist()) == (6 * k, [3 * k] * 3), (k, value, grad)
"""


def test_in_a_session_without_files(tmp_path):
    run = subprocess.run(
        [sys.executable, "-W", "error", "-"],
        input=textwrap.dedent(SESSION),
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    assert list(tmp_path.iterdir()) == []
