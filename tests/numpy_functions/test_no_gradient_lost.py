"""What leaves the graph is differentiated or refused, never dropped in silence.

The oracle of what is differentiated is NumPy itself, run on plain numbers, and central
differences.
"""

import array
import cmath
import functools
import math
import operator
import random
import statistics
import struct

import numpy as np
import pytest
from op_cases import DIFFERENTIABLE, copies, draw, tracking, wanted

import autograd_core as ag
from autograd_core import nn

F = nn.functional
linalg = pytest.importorskip("scipy.linalg")
special = pytest.importorskip("scipy.special")
stats = pytest.importorskip("scipy.stats")
signal = pytest.importorskip("scipy.signal")
integrate = pytest.importorskip("scipy.integrate")
sparse = pytest.importorskip("scipy.sparse")

T, A, B = np.array([1.5, 2.5]), np.array(1.3), np.array(0.7)


def tensors():
    return [ag.tensor(x, requires_grad=True) for x in (T, A, B)]


def total(x):
    return float(np.sum(x.detach().numpy() if isinstance(x, ag.Tensor) else x))


def check_gradients(f):
    """The gradients of the sum of ``f(t, a, b)`` beside central differences."""
    leaves = tensors()
    out = f(*leaves)
    assert isinstance(out, ag.Tensor)
    out.sum().backward()
    for i, leaf in enumerate(leaves):
        numeric = np.zeros(leaf.shape)
        for place in np.ndindex(leaf.shape):
            sides = []
            for step in (1e-6, -1e-6):
                args = [x.copy() for x in (T, A, B)]
                args[i][place] += step
                sides.append(total(f(*args)))
            numeric[place] = (sides[0] - sides[1]) / 2e-6
        got = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad.numpy()
        np.testing.assert_allclose(got, numeric, rtol=1e-6, atol=1e-8)


TAKEN = {
    "+": lambda t, a, b: operator.add(t, [a, b]),
    "-": lambda t, a, b: (t - [a, b * b]) ** 2,
    "*": lambda t, a, b: np.stack([a, a]) * [a, b],
    "/": lambda t, a, b: t / (a, b),
    "**": lambda t, a, b: t ** [a, b],
    "@": lambda t, a, b: t @ [a, b],
    "* reflected": lambda t, a, b: [a, b * a] * t,
    "/ reflected": lambda t, a, b: [a, b] / t,
    "** reflected": lambda t, a, b: (a, b) ** t,
    "@ reflected": lambda t, a, b: [[a, 0.0], [0.0, a * a]] @ t,
    "nested": lambda t, a, b: [[a, 0.0], [1, a * a]] * t,
    "deep": lambda t, a, b: [[[a, b]], [(t[0], 2.0)]] * t,
    "vectors": lambda t, a, b: [t, t * a] * t,
    "matmul": lambda t, a, b: np.matmul([[a, b]], t),
    "dot": lambda t, a, b: np.dot(t, [a, b]),
    "dot reflected": lambda t, a, b: np.dot([a, b], t),
    "outer": lambda t, a, b: np.outer(t, [a, b]),
    "where": lambda t, a, b: np.where(np.array([True, False]), t, [a, b]),
    "where list": lambda t, a, b: np.where([False, True], t, (a, b)),
    "maximum": lambda t, a, b: np.maximum(t, [a * 3, b]),
    "minimum": lambda t, a, b: np.minimum([a, b * 9], t),
    "clip": lambda t, a, b: np.clip(t, [a * 2, b], 20),
    "clip high": lambda t, a, b: np.clip(t, 0, [a, b]),
    "concatenate": lambda t, a, b: np.concatenate([t, [a, b]]),
    "concatenate all": lambda t, a, b: np.concatenate([t, [[a, b]]], axis=None) * 2,
    "stack": lambda t, a, b: np.stack([t, [a, b]]) * t,
    "vstack": lambda t, a, b: np.vstack([t, (a, b)]) * t,
    "hstack": lambda t, a, b: np.hstack([t, [a, b]]) ** 2,
    "sum": lambda t, a, b: sum([t, t * a]) * t,
    "sum of elements": lambda t, a, b: sum(t) * t,
    "max": lambda t, a, b: max(t[0], t[1], a) * t,
    "min": lambda t, a, b: min(t) * a,
    "sorted": lambda t, a, b: np.stack(sorted([a, b, t[0]])) * [1.0, 2.0, 3.0],
    "reduce": lambda t, a, b: functools.reduce(operator.mul, [*t, a]) * t,
    "prod": lambda t, a, b: math.prod(t) * b,
    "abs": lambda t, a, b: abs(-t) * t,
    "pow": lambda t, a, b: pow(t, 2) * a,
    "unpacked": lambda t, a, b: (lambda x, y: x * y * a)(*t),
    "full_like": lambda t, a, b: np.full_like(t, a) * t,
    "gauss": lambda t, a, b: (random.seed(1), random.gauss(a, 1) * t)[1],
    "expit": lambda t, a, b: special.expit(t) * a,
    "xlogy": lambda t, a, b: special.xlogy(t, [a, b]),
    "uniform": lambda t, a, b: (random.seed(1), random.uniform(a, b) * t)[1],
}


@pytest.mark.parametrize("f", TAKEN.values(), ids=TAKEN)
def test_lists_and_builtins_keep_gradients(f):
    check_gradients(f)


LAYERS = {
    "relu": lambda a, b: F.relu([a, b]),
    "softmax": lambda a, b: F.softmax([a, b]) * [1.0, 2.0],
    "mse": lambda a, b: F.mse_loss([a, b], [1.0, 2.0]),
    "mse target": lambda a, b: F.mse_loss(np.array([1.0, 2.0]), [a, b]),
    "l1": lambda a, b: F.l1_loss([a, b], [1.0, 2.0]),
    "cross entropy": lambda a, b: F.cross_entropy([[a, b], [b, 0.0]], [0, 1]),
    "probabilities": lambda a, b: F.cross_entropy(np.array([[1.0, 2.0]]), [[a, b]]),
    "linear": lambda a, b: F.linear([[a, b]], [[b, 2.0]], [a]),
    "ReLU": lambda a, b: nn.ReLU()([a, b]),
    "MSELoss": lambda a, b: nn.MSELoss()([a, b], [1.0, 2.0]),
}


@pytest.mark.parametrize("f", LAYERS.values(), ids=LAYERS)
def test_layers_and_losses_take_lists_of_tensors(f):
    check_gradients(lambda t, a, b: f(a * 1, b * 1))


def in_lists(x):
    return [in_lists(part) for part in x] if x.ndim else x


@pytest.mark.parametrize(("op", "sample"), DIFFERENTIABLE)
def test_every_op_takes_lists_of_tensors(op, sample, rng):
    """The same gradient as for the Tensor that the list stands for."""
    args = draw(sample, rng)
    for i, need in enumerate(wanted(op, args)):
        if not need or not args[i].size:
            continue
        grads = []
        for form in (in_lists, lambda x: x):
            given = copies(args)
            leaf = tracking(args[i])
            given[i] = form(leaf)
            out = op(*given, **dict(sample.attrs))
            weights = np.cos(np.arange(out.size)).reshape(out.shape)
            np.real(out * weights).sum().backward()
            grads.append(leaf.grad)
        if grads[1] is not None:
            np.testing.assert_allclose(
                grads[0].numpy(), grads[1].numpy(), rtol=1e-9, atol=1e-12
            )


# Refused ---------------------------------------------------------------------------


def put(target, index, value):
    target[index] = value
    return target


REFUSED = {
    "asarray": lambda t: np.asarray(t) * t,
    "array": lambda t: np.array(t),
    "ascontiguousarray": lambda t: np.ascontiguousarray(t),
    "array of list": lambda t: np.array([t[0], t[1]]) * t,
    "array of vectors": lambda t: np.array([t, t]) * t,
    "array of objects": lambda t: np.array([t[0], t[1]], object) * t,
    "array of matrix": lambda t: np.array([[t[0], 0.0], [0.0, t[1]]]) @ t,
    "asarray object": lambda t: np.asarray(t, object),
    "asarray str": lambda t: np.asarray(t, str),
    "asarray complex": lambda t: np.asarray(t, complex),
    "float64": lambda t: np.float64(t[0]),
    "float": lambda t: float(t[0]),
    "complex": lambda t: complex(t[0]),
    "%": lambda t: float("%.3f" % t[0]),  # noqa: UP031
    "math.exp": lambda t: math.exp(t[0]),
    "math.floor": lambda t: math.floor(t[0]),
    "math.trunc": lambda t: math.trunc(t[0]),
    "math.hypot": lambda t: math.hypot(*t),
    "math.fsum": lambda t: math.fsum(t),
    "cmath.exp": lambda t: cmath.exp(t[0]),
    "statistics.fmean": lambda t: statistics.fmean(t),
    "array.array": lambda t: array.array("d", t),
    "list sum": lambda t: np.sum([t[0], t[1]]) * t,
    "list mean": lambda t: np.mean([t[0], t[1]]) * t,
    "list max": lambda t: np.max([t[0], t[1]]) * t,
    "list dot": lambda t: np.dot([t[0], t[1]], [t[0], t[1]]),
    "list exp": lambda t: np.exp([t[0], t[1]]) * t,
    "lists alone": lambda t: np.multiply([t[0], t[1]], [1.0, 2.0]) * t,
    "list einsum": lambda t: np.einsum("i->", [t[0], t[1]]),
    "list norm": lambda t: np.linalg.norm([t[0], t[1]]),
    "list inv": lambda t: np.linalg.inv([[t[0], 0.0], [0.0, t[1]]]),
    "list bincount": lambda t: np.bincount([0, 1], weights=[t[0], t[1]]),
    "list select": lambda t: np.select([np.array([True])], [[t[0], t[1]]], 0.0),
    "full": lambda t: np.full(2, t[0]),
    "arange": lambda t: np.arange(t[0]),
    "r_": lambda t: np.r_[t[0], t[1]],
    "c_": lambda t: np.c_[t[0], t[1]],
    "mgrid": lambda t: np.mgrid[0 : t[1]],
    "vectorize": lambda t: np.vectorize(lambda v: v * v)(t),
    "copy to slice": lambda t: put(np.zeros(2), slice(None), t),
    "copy of list": lambda t: put(np.zeros(2), slice(None), [t[0], t[1]]),
    "fill_diagonal": lambda t: np.fill_diagonal(np.zeros((2, 2)), t),
    "random": lambda t: np.random.default_rng(0).normal(t),
    "choice": lambda t: np.random.default_rng(0).choice(2, p=t / t.sum()),
    "Polynomial": lambda t: np.polynomial.Polynomial(t)(2.0),
    "tensor": lambda t: ag.tensor(t),
    "tensor of list": lambda t: ag.tensor([t[0], t[1]]),
    "tensor of both": lambda t: ag.tensor([t[0], 1.0]),
    "Parameter": lambda t: nn.Parameter(t),
    "Buffer": lambda t: nn.Buffer([t[0], t[1]]),
    "ag.arange": lambda t: ag.arange(t[0]),
    "unique": lambda t: np.unique(t),
    "unique by name": lambda t: np.unique(ar=t),
    "histogram_bin_edges": lambda t: np.histogram_bin_edges(t),
    "scipy norm": lambda t: linalg.norm(t),
    "scipy expm": lambda t: linalg.expm(np.eye(2) * t[0]),
    "scipy logsumexp": lambda t: special.logsumexp(t) * np.sum(t),
    "scipy softmax": lambda t: special.softmax(t) * t,
    "scipy erf": lambda t: special.erf([t[0], t[1]]),
    "scipy pdf": lambda t: stats.norm.pdf(t),
    "scipy convolve": lambda t: signal.convolve(t, [1.0, 2.0]),
    "scipy quad": lambda t: integrate.quad(lambda u: t[0] * u, 0, 1),
    "scipy ode": lambda t: integrate.odeint(lambda y, s: -t[0] * y, 1.0, [0, 1]),
    "sparse @": lambda t: sparse.csr_array(np.eye(2)) @ t,
    "sparse reflected": lambda t: t @ sparse.csr_array(np.eye(2)),
    "sparse *": lambda t: t * sparse.csr_array(np.eye(2)),
    "masked *": lambda t: masked() * t,
    "masked -": lambda t: masked() - t,
    "masked **": lambda t: masked() ** t,
    "masked +=": lambda t: operator.iadd(masked(), t),
    "masked >": lambda t: masked() > t,
    "masked item": lambda t: put(masked(), 0, t[0]),
    "masked slice": lambda t: put(masked(), slice(None), t),
    "masked concatenate": lambda t: np.ma.concatenate([masked(), t]),
    "masked where": lambda t: np.ma.where([True, False], t, masked()),
    "masked sqrt": lambda t: np.ma.sqrt(t),
    "masked power": lambda t: np.ma.power(t, 2),
    "masked dot": lambda t: np.ma.dot(masked(), t),
    "masked sum": lambda t: np.ma.sum(t),
    "masked array": lambda t: np.ma.array(t),
    "masked_where": lambda t: np.ma.masked_where([True, False], t),
}


def masked():
    return np.ma.array([1.0, 2.0], mask=[True, False])


@pytest.mark.parametrize("f", REFUSED.values(), ids=REFUSED)
def test_what_would_lose_a_gradient_is_refused(f):
    with pytest.raises(RuntimeError, match=r"which would lose its gradient. Use an op"):
        f(tensors()[0])


UNKNOWN = {
    "copyto": lambda t: np.copyto(np.zeros(2), t),
    "put": lambda t: np.put(np.zeros(2), [0, 1], t),
    "putmask": lambda t: np.putmask(np.zeros(2), [True, False], t),
    "add.at": lambda t: np.add.at(np.zeros(2), [0, 1], t),
    "add.reduceat": lambda t: np.add.reduceat(t, [0, 1]),
    "array +=": lambda t: operator.iadd(np.zeros(2), t),
    "out": lambda t: np.add(t, t, out=np.zeros(2)),
    "sum out": lambda t: np.sum(t, out=np.zeros(())),
    "where": lambda t: np.add(t, t, where=np.array([True, False])),
    "ag.linspace": lambda t: ag.linspace(t[0], t[1], 3),
    "ag.full": lambda t: ag.full((2,), t[0]),
    "full_like": lambda t: np.full_like(np.zeros(2), t[0]),
    "histogram": lambda t: np.histogram([1.0, 2.0], weights=t),
    "bincount": lambda t: np.bincount([0, 1], weights=t),
    "memoryview": lambda t: memoryview(t),
    "frombuffer": lambda t: np.frombuffer(t),
    "bytes": lambda t: bytes(t),
    "range": lambda t: range(t[0]),
    "slice": lambda t: t[: t[1]],
    "struct": lambda t: struct.pack("d", t[0]),
    "element": lambda t: put(np.zeros(2), 0, t[0]),
    "fill": lambda t: np.zeros(2).fill(t[0]),
    "fromiter": lambda t: np.fromiter(t, float),
    "two of a list": lambda t: max(t, t * 2),
    "masked on the right": lambda t: t * masked(),
    "masked target": lambda t: F.mse_loss(t, masked()),
    "masked operand": lambda t: np.where([True, False], t, masked()),
    "records": lambda t: t * np.zeros(2, [("x", float)]),
    "wide complex": lambda t: t * np.array([1j, 2], "G"),
    "objects": lambda t: t * put(np.zeros(2, object), 0, t[0]),
}


@pytest.mark.parametrize("f", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_known_is_an_error(f):
    with pytest.raises((RuntimeError, TypeError, ValueError, struct.error)):
        f(tensors()[0])


@pytest.mark.parametrize("write", ["copy_", "add_", "mul_", "fill_"])
@pytest.mark.parametrize("form", [lambda t: t, lambda t: [t[0], t[1]], tuple])
def test_writes_keep_the_graph_of_a_value(write, form):
    z = ag.ones(2, dtype=np.float64)
    t = tensors()[0]
    getattr(z, write)(form(t))
    z[1:] = form(t)[1]
    (z * z).sum().backward()
    new = 1 + t.numpy() if write == "add_" else t.numpy()
    right = [2 * new[0], 2 * t.numpy()[1]]
    np.testing.assert_array_equal(z.numpy(), [new[0], t.numpy()[1]])
    np.testing.assert_array_equal(t.grad.numpy(), right)


# Allowed ---------------------------------------------------------------------------


def test_values_may_leave_where_no_gradient_is_lost():
    t = tensors()[0]
    with ag.no_grad():
        assert np.asarray(t).tolist() == T.tolist()
        assert math.exp(t[0]) == math.exp(1.5)
    assert np.asarray(t.detach()).tolist() == T.tolist()
    assert float(t[0].item()) == 1.5
    assert np.asarray(t, int).tolist() == [1, 2]  # a step has no slope
    assert int(t[1]) == 2
    assert np.unique(ag.tensor([2, 1, 1])).tolist() == [1, 2]
    loss = (t * t).sum()
    loss.backward()
    assert float(loss) == 8.5  # its gradient has been taken
    assert (masked() * ag.tensor(T)).tolist() == [None, 5.0]


def test_a_masked_array_meets_a_traced_tensor():
    step = ag.compile(lambda x: masked() * x)
    with pytest.raises(RuntimeError, match="a masked array of a traced tensor"):
        step(T)


def test_a_tensor_around_a_tensor_is_an_error_when_it_is_used():
    t = tensors()[0]
    for use in (
        lambda x: x * 2.0,
        lambda x: x + x,
        lambda x: np.sin(x),
        lambda x: x @ np.ones(2),
        lambda x: x.sum(),
        lambda x: np.sum(x, axis=0),
        lambda x: x[1:] * 2.0,
        lambda x: x[np.array([0])],
        lambda x: np.linalg.norm(x),
        lambda x: np.array([1.0, 2.0]) * x,
        lambda x: ag.Tensor([1.0, 2.0]) + 1.0,
    ):
        with pytest.raises((TypeError, AttributeError)):
            use(ag.Tensor(t))
