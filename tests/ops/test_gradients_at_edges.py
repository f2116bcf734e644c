"""Gradients at kinks, poles, NaN and infinity are PyTorch 2.13's numbers."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.gradcheck import GradcheckError

NAN, INF = np.nan, np.inf


def gradients(f, *values):
    leaves = [ag.tensor(np.array(v), requires_grad=True) for v in values]
    f(*leaves).sum().backward()
    return [leaf.grad.tolist() for leaf in leaves]


# f, the inputs, PyTorch's gradients of the sum of f.
EDGES = {
    "sqrt of maximum": (
        lambda x: np.sqrt(np.maximum(x, 0)),
        [[-1.0, 4.0]],
        [[0, 0.25]],
    ),
    "log of maximum": (lambda x: np.log(np.maximum(x, 0)), [[-1.0, 4.0]], [[0, 0.25]]),
    "1 / maximum": (lambda x: 1 / np.maximum(0, x), [[-1.0, 4.0]], [[0, -0.0625]]),
    "log of minimum": (
        lambda x: np.log(-np.minimum(x, 0)),
        [[1.0, -4.0]],
        [[0, -0.25]],
    ),
    "sqrt of clip": (lambda x: np.sqrt(np.clip(x, 0, 9)), [[-1.0, 4.0]], [[0, 0.25]]),
    "sqrt of either": (
        lambda x, y: np.sqrt(np.maximum(x, y)),
        [[-1.0, 4.0, 2.0], [0.0, 1.0, 2.0]],
        [[0, 0.25, 0.125**0.5 / 2], [INF, 0, 0.125**0.5 / 2]],
    ),
    "maximum of NaN": (np.maximum, [[NAN, 1.0, NAN], [0.0, NAN, NAN]], [[1] * 3] * 2),
    "minimum of NaN": (np.minimum, [[NAN, 1.0, NAN], [0.0, NAN, NAN]], [[1] * 3] * 2),
    "sqrt of sign": (lambda x: np.sqrt(np.sign(x) * 0), [[1.0, 2.0]], [[0, 0]]),
    "power 0": (lambda x: x**0, [[INF, -INF, NAN, 0.0]], [[0] * 4]),
    "sqrt of power 0": (lambda x: np.sqrt(x**0 - 1), [[1.0, 2.0]], [[0, 0]]),
    "power of 0": (lambda b: 0**b, [[-1.0, 0.0, 1.0, 2.0]], [[-INF, 0, 0, 0]]),
    "power": (
        lambda a, b: a**b,
        [[0.0, 0.0, 0.0, 2.0], [-1.0, 0.0, 1.0, 3.0]],
        [[-INF, 0, 1, 12], [-INF, 0, 0, 5.545177444479562]],
    ),
    "std": (np.std, [[2.0, 2.0, 2.0]], [[0, 0, 0]]),
    "std, ddof 1": (lambda x: np.std(x, ddof=1), [[2.0, 2.0, 2.0]], [[0, 0, 0]]),
    "std of rows": (
        lambda x: x.std(1),
        [[[2.0, 2.0, 2.0], [1.0, 2.0, 3.0]]],
        [[[0, 0, 0], [-((1 / 6) ** 0.5), 0, (1 / 6) ** 0.5]]],
    ),
    "abs": (np.abs, [[0.0, -1.0]], [[0, -1]]),
    "clip by NaN": (lambda x: np.clip(x, NAN, 9.0), [[5.0, 7.0]], [[0, 0]]),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("f", "inputs", "want"), EDGES.values(), ids=EDGES)
def test_gradients_at_edges(f, inputs, want):
    for got, right in zip(gradients(f, *inputs), want, strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-12)


# Cotangents with a graph -----------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_graph_of_a_cotangent_is_kept(dtype):
    x = ag.tensor(np.array([2.0, 4.0]), requires_grad=True)
    v = ag.tensor(np.array([1.0, 10.0], dtype), requires_grad=True)
    (x**3).backward(v, create_graph=True)
    assert x.grad.tolist() == [12, 480]
    x.grad.sum().backward()
    assert v.grad.tolist() == [12, 48]  # PyTorch's
    assert v.grad.dtype == dtype
    assert x.grad.tolist() == [12 + 12, 480 + 240]


def test_a_list_of_tensors_as_cotangent():
    x = ag.tensor(np.array([1.0, 2.0]), requires_grad=True)
    a = ag.tensor(np.array(2.0), requires_grad=True)
    (x**3).backward([a, a * a], create_graph=True)
    x.grad.sum().backward()
    assert a.grad.item() == 3 + 12 * 2 * 2


# Accuracy of data ------------------------------------------------------------------

FINE = 1.7e9 + 0.5  # rounded by float32


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        ([np.float64(FINE)], np.float64),
        ([np.array([FINE])], np.float64),
        ((np.array(FINE),), np.float64),
        ([[np.float64(FINE)]], np.float64),
        ([ag.tensor(np.float64(FINE))], np.float64),
        (memoryview(np.array([FINE])), np.float64),
        (np.float64(FINE), np.float64),
        (np.array([FINE], ">f8"), np.float64),
        ([np.float32(1), 2.0], np.float64),  # as of np.array
        ([1.0, 2], np.float32),
        (1.0, np.float32),
        ([1, True], np.int64),
        ([np.float32(1)], np.float32),
        ([np.int8(1)], np.int8),
    ],
    ids=lambda value: None,
)
def test_only_pythons_floats_become_float32(data, dtype):
    t = ag.tensor(data)
    assert t.dtype == dtype
    np.testing.assert_array_equal(t.numpy(), np.array(data))


# gradcheck -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (np.sin, 1000.0),
        (np.sin, 2026.0),
        (np.sin, 1e6),
        (lambda x: np.exp(-((x - 1000.3) ** 2)), 1000.0),
        (np.log, 1e-3),
        (np.log, 1e-4),
        (lambda x: 1 / x, 1e-3),
        (np.sqrt, 1e-3),
    ],
)
def test_gradcheck_accuses_no_right_gradient(f, x):
    assert ag.gradcheck(lambda t: f(t).sum(), np.array([x]))


def test_one_nan_is_one_wrong_component():
    def f(x):  # NaN in the branch that is not taken
        return (np.where([False, True, True], np.sqrt(x - 1.0), 0.0) + x * x).sum()

    with np.errstate(invalid="ignore"), pytest.raises(GradcheckError, match="1 of 3 w"):
        ag.gradcheck(f, np.array([0.0, 2.0, 3.0]))


@pytest.mark.parametrize("a", [0.7, 2.0])
def test_mixed_derivatives_of_a_power_whose_exponent_is_zero(a):
    """d/db of ``b * a ** (b - 1)`` at 0 is 1 / a; that of ``0 ** b`` is 0."""
    point = np.array([a]), np.array([0.0])
    mixed = ag.jacobian(ag.grad(lambda a, b: (a**b).sum(), 0), 1)(*point)
    np.testing.assert_allclose(mixed.numpy().ravel(), 1 / a, rtol=1e-14)
    mixed = ag.jacobian(ag.grad(lambda a, b: (a**b).sum(), 1), 0)(*point)
    np.testing.assert_allclose(mixed.numpy().ravel(), 1 / a, rtol=1e-14)
    _, tangent = ag.jvp(lambda b: 0.0**b, np.array([a]), np.array([1.5]))
    assert tangent.tolist() == [0.0]
