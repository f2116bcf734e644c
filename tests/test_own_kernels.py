"""``ag.elementwise``, ``ag.kernel``, ``ag.primitive`` and ``ag.check_op``.

The ops here go through the very tests of the op table, and through the public check.
"""

import math
import re
import subprocess
import sys
import textwrap

import numba
import numpy as np
import pytest
import test_ops
from numpy.testing import assert_allclose, assert_array_equal

import autograd_core as ag
from autograd_core.samples import sample

EPS = 1e-6


@ag.elementwise
def swish(x):
    """``x`` by its logistic function."""
    return x / (1.0 + np.exp(-x))


@ag.elementwise
def quick_swish(x):
    """`swish` with a backward."""
    return x / (1.0 + np.exp(-x))


@quick_swish.defvjp
def swish_slope(g, x):
    s = 1.0 / (1.0 + np.exp(-x))
    return g * (s + x * s * (1.0 - s))


@ag.elementwise
def damped(x, rate):
    """``x exp(-rate**2)``."""
    return x * np.exp(-rate * rate)


@damped.defvjp
def damped_slopes(g, x, rate):
    e = g * np.exp(-rate * rate)
    return e, -2.0 * rate * x * e


@ag.elementwise
def blend(a, b, t):
    """Of three."""
    return a * (1.0 - t) + b * t * t


@blend.defvjp
def blend_slopes(g, a, b, t):
    return g * (1.0 - t), g * t * t, g * (2.0 * b * t - a)


@ag.elementwise
def four(a, b, c, d):
    """Of four."""
    return a * b + c * np.tanh(d)


@ag.elementwise(
    composition=lambda x: np.where(x > 0.0, x, 0.1 * x),
    samples=(sample((3, 4)), sample((0, 3))),
)
def leaky(x):
    """With a choice that Tensors cannot make."""
    if x > 0.0:
        return x
    return 0.1 * x


@ag.kernel
def rms(lo, hi, x, out):
    for i in range(lo, hi):
        total = x.dtype.type(0)
        for j in range(x.shape[1]):
            total += x[i, j] * x[i, j]
        scale = x.dtype.type(1 / np.sqrt(total / x.shape[1] + EPS))
        for j in range(x.shape[1]):
            out[i, j] = x[i, j] * scale


@ag.kernel
def rms_slope(lo, hi, g, x, gx):
    for i in range(lo, hi):
        total, inner = x.dtype.type(0), x.dtype.type(0)
        for j in range(x.shape[1]):
            total += x[i, j] * x[i, j]
            inner += g[i, j] * x[i, j]
        scale = x.dtype.type(1 / np.sqrt(total / x.shape[1] + EPS))
        pull = x.dtype.type(inner * scale**3 / x.shape[1])
        for j in range(x.shape[1]):
            gx[i, j] = g[i, j] * scale - x[i, j] * pull


@ag.primitive(
    composition=lambda x: x / np.sqrt((x * x).mean(1, keepdims=True) + EPS),
    backward=lambda g, out, x: rms_slope(len(x), g, x, out=x),
)
def rms_norm(x):
    """Each row by its root mean square."""
    return rms(len(x), x, out=x)


@ag.kernel(sums=True)
def power_sums(lo, hi, x, p, out):
    for i in range(lo, hi):
        total = x.dtype.type(0)
        for j in range(x.shape[1]):
            total += abs(x[i, j]) ** p[0]
        out[i] = total


@ag.primitive(
    lambda g, out, x, *, p=3.0: g[:, None] * p * np.abs(x) ** (p - 1) * np.sign(x),
    saves="x",
)
def powers(x, *, p=3.0):
    """Sums over rows, with an option."""
    return power_sums(len(x), x, p, out=((len(x),), x.dtype))


@ag.primitive(
    composition=lambda x, w: (x @ w) * np.exp(-x @ w),
    samples=(sample((3, 4), (4, 2)),),
)
def composed_only(x, w):
    """A body in NumPy functions."""
    y = x @ w
    return y * np.exp(-y)


OPS = [
    swish,
    quick_swish,
    damped,
    blend,
    four,
    leaky,
    rms_norm,
    powers,
    composed_only,
]
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


def test_globals_that_change_are_seen(monkeypatch):
    x = np.arange(3.0)
    fast = ag.compile(lambda x: by_factor(x))
    for value in (2.0, 3.0, 2.0):
        monkeypatch.setitem(globals(), "FACTOR", value)
        for _ in range(4):
            assert by_factor(x).tolist() == fast(x).tolist() == (value * x).tolist()


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


# Errors ------------------------------------------------------------------------------

X = np.arange(6.0).reshape(2, 3)
TABLE = np.ones(3)
TRACKED = ag.tensor(X, requires_grad=True)


@numba.njit
def helper(x):
    return x + 1.0


def python_helper(x):
    return x + 1.0


def of_three(lo, hi, x, out):
    out[lo:hi] = x[lo:hi]


def short(lo, hi, x, out):
    for i in range(lo, hi - 1):
        out[i] = x[i]


three = ag.kernel(of_three)


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
        "cut in two",
        primitive_of(
            lambda g, out, x: g,
            body=lambda x: ag.kernel(short)(
                x.size, x.reshape(-1), out=(x.size, x.dtype)
            ),
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
