"""Ufuncs called as NumPy's users do: out=, where=, dtype=, and their methods."""

import autograd as hips
import autograd.numpy as anp
import numpy as np
import pytest

import autograd_core as ag

X = np.random.default_rng(0).uniform(0.5, 2.0, (3, 4))
W = np.random.default_rng(1).standard_normal((3, 4))

# The method, and what it is by other functions that HIPS autograd has.
METHODS = {
    "add.reduce": (lambda x: np.add.reduce(x), lambda x: anp.sum(x, axis=0)),
    "add.reduce keepdims": (
        lambda x: np.add.reduce(x, axis=1, keepdims=True),
        lambda x: anp.sum(x, axis=1, keepdims=True),
    ),
    "add.reduce all": (
        lambda x: np.add.reduce(x, axis=None),
        lambda x: anp.sum(x),
    ),
    "maximum.reduce": (
        lambda x: np.maximum.reduce(x, axis=1),
        lambda x: anp.max(x, axis=1),
    ),
    "minimum.reduce": (
        lambda x: np.minimum.reduce(x, 0),
        lambda x: anp.min(x, axis=0),
    ),
    "subtract.reduce": (
        lambda x: np.subtract.reduce(x),
        lambda x: x[0] - x[1] - x[2],
    ),
    "divide.reduce": (
        lambda x: np.divide.reduce(x, axis=-1),
        lambda x: x[:, 0] / x[:, 1] / x[:, 2] / x[:, 3],
    ),
    "subtract.accumulate": (
        lambda x: np.subtract.accumulate(x, axis=1)[:, 2],
        lambda x: x[:, 0] - x[:, 1] - x[:, 2],
    ),
    "multiply.outer": (
        lambda x: np.multiply.outer(x[0], x),
        lambda x: x[0][:, None, None] * x,
    ),
    "power.outer": (
        lambda x: np.power.outer(x, [1.0, 2.0]),
        lambda x: x[..., None] ** np.array([1.0, 2.0]),
    ),
    "dtype": (lambda x: np.add(x, x, dtype=float), lambda x: x + x),
    "neutral": (
        lambda x: np.exp(x, None, where=True, casting="same_kind", subok=True),
        lambda x: anp.exp(x),
    ),
}


@pytest.mark.parametrize("name", METHODS)
def test_methods_and_their_gradients(name):
    mine, theirs = METHODS[name]
    np.testing.assert_allclose(mine(ag.tensor(X)).numpy(), mine(X))
    g = np.random.default_rng(2).standard_normal(mine(X).shape)
    found = ag.grad(lambda x: np.sum(mine(x) * g))(X)
    right = hips.grad(lambda x: anp.sum(theirs(x) * g))(X)
    np.testing.assert_allclose(found.numpy(), right, rtol=1e-12)


def test_out_is_a_tensor():
    t, out = ag.tensor(X), ag.zeros(3, 4, dtype=np.float64)
    assert np.add(t, 1, out=out) is out
    np.testing.assert_array_equal(out.numpy(), X + 1)
    assert np.multiply(t, 2, out=out, where=X > 1) is out
    np.testing.assert_array_equal(out.numpy(), np.where(X > 1, X * 2, X + 1))
    np.add(X, X, out=out)
    np.testing.assert_array_equal(out.numpy(), X + X)
    assert np.sum(t, axis=0, out=out[0]) is not None
    np.testing.assert_allclose(out.numpy()[0], X.sum(0))


def test_out_is_an_array():
    out = np.zeros((3, 4))
    assert np.add(ag.tensor(X), 1, out=out) is out
    np.testing.assert_array_equal(out, X + 1)
    leaf = ag.tensor(X, requires_grad=True)
    with pytest.raises(TypeError, match="out= is not supported where"):
        np.sum(leaf, axis=0, out=np.zeros(4))
    with pytest.raises(ValueError, match=r"out has shape \(3,\), expected \(4,\)"):
        np.sum(ag.tensor(X), axis=0, out=np.zeros(3))
    with pytest.raises(TypeError, match="float64 does not fit out, which is int64"):
        np.sum(ag.tensor(X), axis=0, out=np.zeros(4, np.int64))


def test_at_adds_twice_what_is_named_twice():
    t, right = ag.tensor(X), X.copy()
    for ufunc, index, value in (
        (np.add, ([0, 0, 2],), 1.5),
        (np.subtract, ([0, 0], [1, 1]), np.array([1.0, 2.0])),
        (np.multiply, (slice(None), [1, 1]), 3.0),
    ):
        ufunc.at(t, index, value)
        ufunc.at(right, index, value)
    np.testing.assert_array_equal(t.numpy(), right)


def test_without_a_gradient_numpy_answers():
    t = ag.tensor(X, requires_grad=True)
    for call in (
        lambda t: np.polyfit(X[0], t[0], 1),
        lambda t: np.roots([*t[0]]),
        lambda t: np.add.reduceat(t, [0, 1]),
        lambda t: np.apply_along_axis(lambda row: row[0], 0, t),
    ):
        with pytest.raises(TypeError, match="has no derivative here"):
            call(t)
        np.testing.assert_array_equal(call(t.detach()), call(X))
        with ag.no_grad():
            np.testing.assert_array_equal(call(t), call(X))


def test_errors_name_the_real_function():
    t = ag.tensor(X, requires_grad=True)
    with pytest.raises(TypeError, match=r"^np\.polyfit has no derivative"):
        np.polyfit(X[0], t[0], 1)
    with pytest.raises(TypeError, match=r"^np\.add\.reduceat has no derivative"):
        np.add.reduceat(t, [0])
