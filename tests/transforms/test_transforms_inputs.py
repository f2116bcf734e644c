"""What transforms make of odd inputs: counts, shapes, trees, lists; memory; copies."""

import tracemalloc

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import trees

X = np.array([1.0, 2.0])
Y = np.array([3.0, -1.0])


def squares(x):
    return (x**2).sum()


def product(a, b):
    return (a * b).sum()


def pull(f, *cotangents):
    return ag.vjp(f, X)[1](*cotangents)


def two(x):
    return x * 2, x * 3


WRONG = {
    "few tangents": (
        lambda: ag.jvp(product, (X, X), (X,)),
        r"jvp: tangents: expected 2, got 1",
    ),
    "one for two": (lambda: ag.jvp(product, (X, X), X), "tangents: expected 2, got 1"),
    "many tangents": (lambda: ag.jvp(squares, X, (X, X)), "expected 1, got 2"),
    "shape of a tangent": (
        lambda: ag.jvp(product, (X, X), (X, np.ones(3))),
        r"the tangent of argument 1 has shape \(3,\), the argument \(2,\)",
    ),
    "no tangent": (
        lambda: ag.jvp(product, (X, X), (X, None)),
        "tangent of argument 1 is NoneType, not numbers",
    ),
    "keys": (
        lambda: ag.jvp(lambda d: d["a"], {"a": X}, {"b": X}),
        r"tangents\[0\]: expected the keys \['a'\], got \['b'\]",
    ),
    "inside": (
        lambda: ag.jvp(lambda d: d["a"][1], {"a": [X, X]}, {"a": [X, np.ones(3)]}),
        r"tangent of argument 0\['a'\]\[1\] has shape \(3,\), the argument \(2,\)",
    ),
    "few cotangents": (lambda: pull(two, (X,)), "vjp: cotangents: expected 2, got 1"),
    "many cotangents": (lambda: pull(two, (X, X, X)), "expected 2, got 3"),
    "no tuple": (lambda: pull(two, X), "expected a tuple, got ndarray"),
    "shape of a cotangent": (
        lambda: pull(two, (X, np.ones(3))),
        r"the cotangent of output\[1\] has shape \(3,\), the output \(2,\)",
    ),
    "shape of v": (
        lambda: ag.hvp(squares, X, np.ones(3)),
        r"hvp: v for argument 0 has shape \(3,\), the argument \(2,\)",
    ),
    "many v": (lambda: ag.hvp(squares, X, (X, X)), "hvp: v: expected 1, got 2"),
    "words": (lambda: pull(np.exp, "a"), "output is str, not numbers"),
    "an integer in a tree": (
        lambda: ag.grad(lambda d: squares(d["w"][0]))({"w": [X, 3]}),
        r"float32 or float64 inputs, argument 0\['w'\]\[1\] is int64",
    ),
    "a word in a tree": (
        lambda: ag.grad(lambda a, d: squares(d["w"]), -1)(X, {"w": X, "act": "relu"}),
        r"argument 1\['act'\] is <U4",
    ),
    "integers": (
        lambda: ag.hessian(squares)(np.arange(3)),
        "argument 0 is int64",
    ),
    "no pair": (
        lambda: ag.grad(squares, has_aux=True)(X),
        r"grad: has_aux needs \(value, aux\), got Tensor",
    ),
    "one argument twice": (
        lambda: ag.grad(product, (0, -2))(X, X),
        r"argnum \(0, -2\): an argument is named twice",
    ),
    "nothing": (lambda: ag.grad(lambda x: None)(X), "one scalar, got None"),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors_name_the_argument_and_count(name):
    call, text = WRONG[name]
    with pytest.raises((ValueError, TypeError), match=text):
        call()


def test_lists_stand_for_arrays_and_for_tuples_of_them():
    value, slope = ag.jvp(squares, X, [1.0, 0.0])
    assert (value.item(), slope.item()) == (5.0, 2.0)
    np.testing.assert_array_equal(ag.hvp(squares, X, [1.0, 0.5]).data, [2, 1])
    assert ag.jvp(product, (X, Y), [X, Y])[1].item() == X @ Y + Y @ X
    first, second = ag.hvp(product, (X, Y), [X, Y])
    np.testing.assert_array_equal([first.data, second.data], [Y, X])
    (pulled,) = pull(np.exp, [1.0, 0.0])
    np.testing.assert_allclose(pulled.data, [np.e, 0], rtol=1e-15)
    (pulled,) = pull(np.exp, (X,))  # one output needs no tuple, and may have one
    np.testing.assert_allclose(pulled.data, np.exp(X) * X, rtol=1e-15)


def test_trees_are_matched_by_key_and_not_by_order():
    def f(d):
        return (d["a"] * d["b"]).sum()

    _, slope = ag.jvp(f, {"a": X, "b": Y}, {"b": 0 * Y, "a": X})
    assert slope.item() == X @ Y
    _, pullback = ag.vjp(lambda x: {"s": x * 2, "t": x * 3}, X)
    (pulled,) = pullback({"t": np.zeros(2), "s": np.ones(2)})
    np.testing.assert_array_equal(pulled.data, [2, 2])


def test_none_is_an_empty_tree():
    def f(layer, bias):
        assert layer["b"] is None
        assert bias is None
        return squares(layer["w"])

    grads, nothing = ag.grad(f, (0, 1))({"w": X, "b": None}, None)
    assert nothing is None
    assert grads["b"] is None
    np.testing.assert_array_equal(grads["w"].data, 2 * X)
    pulled, nothing = ag.vjp(f, {"w": X, "b": None}, None)[1](1.0)
    np.testing.assert_array_equal(pulled["w"].data, 2 * X)
    assert pulled["b"] is nothing is None


TALL = 20_000
FACTORS = np.linspace(-1, 1, TALL)
MOST = 1.5e6  # bytes beside the result; the identity matrix would be 3.2 GB


@pytest.mark.parametrize("columns", [1, 3])
def test_a_tall_jacobian_takes_the_memory_and_time_of_its_columns(columns):
    x, walks = np.linspace(0.5, 1, columns), []

    def f(x):
        walks.append(1)
        return np.sin(np.sum(x) * FACTORS)

    tracemalloc.start()
    try:
        found = ag.jacobian(f)(x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    exact = FACTORS * np.cos(x.sum() * FACTORS)
    np.testing.assert_allclose(found, np.stack([exact] * columns, 1), rtol=1e-12)
    assert found.data.flags.c_contiguous
    assert len(walks) == 1
    assert peak - found.data.nbytes < MOST


def test_a_wide_jacobian_takes_the_memory_of_its_result():
    tracemalloc.start()
    try:
        found = ag.jacobian(lambda x: np.stack([x.sum(), x @ FACTORS]))(FACTORS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(found, np.stack([FACTORS * 0 + 1, FACTORS]))
    assert peak - found.data.nbytes < MOST


def test_a_square_jacobian_takes_the_memory_of_its_result():
    tracemalloc.start()
    try:
        found = ag.jacobian(lambda x: x * np.sum(x))(np.arange(600.0))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    x = np.arange(600.0)
    np.testing.assert_array_equal(found, x.sum() * np.eye(600) + x[:, None])
    assert peak - found.data.nbytes < MOST


@pytest.mark.parametrize("count", [1, 2, 3, 5, 40])
def test_rows_and_columns_are_the_same(rng, count):
    """Tall ones go by columns, others by rows; inside a graph as well."""
    a = rng.standard_normal((count, 4))

    def f(x, y):
        return {"t": np.tanh(a @ x) * y, "s": [x[0] * y, x.sum()]}

    x, y = rng.standard_normal(4), 0.7
    slope = 1 - np.tanh(a @ x) ** 2
    found = ag.jacobian(f, (0, 1))(x, y)
    np.testing.assert_allclose(found["t"][0], slope[:, None] * a * y, rtol=1e-12)
    np.testing.assert_allclose(found["t"][1], np.tanh(a @ x), rtol=1e-12)
    np.testing.assert_allclose(found["s"][0][0], [y, 0, 0, 0], rtol=1e-12)
    np.testing.assert_allclose(found["s"][0][1], x[0], rtol=1e-12)
    np.testing.assert_array_equal(found["s"][1][0], np.ones(4))
    seed = rng.standard_normal((count, 4))
    second = ag.grad(lambda x: (ag.jacobian(f)(x, y)["t"] * seed).sum())(x)
    bend = -2 * np.tanh(a @ x) * slope * (a * seed).sum(1) * y
    np.testing.assert_allclose(second, bend @ a, rtol=1e-11, atol=1e-13)


def test_a_jacobian_keeps_the_dtype_of_its_input():
    for rows in (1, 30):
        wide = np.ones(rows)
        narrow = ag.jacobian(lambda x, wide=wide: x * wide)(np.float32(2))
        assert narrow.dtype == np.float32


def test_a_jacobian_of_several_parts_inside_a_graph(rng):
    w = ag.tensor(rng.standard_normal((600, 2)), requires_grad=True)
    seed = rng.standard_normal((600, 2))
    jacobian = ag.jacobian(lambda x: (w**2) @ x)(X)
    np.testing.assert_allclose(jacobian.data, w.data**2, rtol=1e-15)
    (jacobian * seed).sum().backward()
    np.testing.assert_allclose(w.grad.data, 2 * w.data * seed, rtol=1e-15)


# Checkpoint ------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["argument", "keyword", "list", "dict"])
def test_checkpoint_keeps_its_arrays(how):
    def f(x, a=None, *, b=None):
        a = a if b is None else b
        a = a["k"] if isinstance(a, dict) else a[0] if isinstance(a, list) else a
        return x * a

    x = ag.tensor(X, requires_grad=True)
    buffer, total = np.empty(2), 0.0
    for k in (1.0, 2.0, 3.0):
        buffer[:] = k
        if how == "keyword":
            total = total + ag.checkpoint(f, x, b=buffer)
        else:
            given = {"argument": buffer, "list": [buffer], "dict": {"k": buffer}}[how]
            total = total + ag.checkpoint(f, x, given)
    total.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [6, 6])


def test_checkpoint_sees_a_write_to_a_keyword():
    x, data = ag.tensor(X, requires_grad=True), ag.tensor(Y)
    y = ag.checkpoint(lambda a, *, b: a * b, x, b=data).sum()
    data += 1.0
    with pytest.raises(RuntimeError, match=r"checkpoint.*in place"):
        y.backward()


def test_a_compiled_checkpoint_reads_the_new_array_in_each_call():
    w = ag.tensor(X, requires_grad=True)

    @ag.compile(strict=True)
    def step(a):
        w.grad = None
        loss = ag.checkpoint(lambda x, a: np.sin(x * a), w, a).sum()
        loss.backward()
        return w.grad

    for k in range(6):
        a = Y * k
        np.testing.assert_allclose(step(a).data, a * np.cos(X * a), rtol=1e-12)


# Trees -----------------------------------------------------------------------------


def test_copies_keep_containers_and_tensors():
    inner = ag.tensor(X)
    tree = {"a": [X, (Y, None)], "t": inner, "n": 3}
    twin = trees.copied(tree)
    assert twin["t"] is inner
    assert twin["a"][1][1] is None
    assert type(twin["a"][1]) is tuple
    assert not np.shares_memory(twin["a"][0], X)
    np.testing.assert_array_equal(twin["a"][1][0], Y)
    assert trees.copied(X[:, None].T).flags.f_contiguous
