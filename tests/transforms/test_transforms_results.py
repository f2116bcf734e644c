"""What transforms give back: dtypes, constants, aux, containers of every kind."""

import dataclasses
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag

X = np.array([1.0, 2.0])
Y = np.array([3.0, -1.0])


def cube(x):
    return x**3


# Numbers ---------------------------------------------------------------------------

FLOAT64 = {
    "grad": lambda x: ag.grad(cube)(x),
    "value": lambda x: ag.value_and_grad(cube)(x)[0],
    "value_and_grad": lambda x: ag.value_and_grad(cube)(x)[1],
    "vjp": lambda x: ag.vjp(cube, x)[1](1.0)[0],
    "jvp": lambda x: ag.jvp(cube, x, 1.0)[1],
    "hvp": lambda x: ag.hvp(cube, x, 1.0),
    "jacobian": lambda x: ag.jacobian(cube)(x),
    "hessian": lambda x: ag.hessian(cube)(x),
    "elementwise_grad": lambda x: ag.elementwise_grad(cube)(x),
    "a list": lambda x: ag.grad(lambda xs: cube(xs[0]) * xs[1])([x, 1.0])[0],
    "a dict": lambda x: ag.grad(lambda d: cube(d["x"]))({"x": x})["x"],
}
EXACT = {"value": 1.1**3, "hvp": 6 * 1.1, "hessian": 6 * 1.1}


@pytest.mark.parametrize("name", FLOAT64)
def test_a_python_float_is_float64(name):
    found = FLOAT64[name](1.1)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found.item(), EXACT.get(name, 3 * 1.1**2), rtol=1e-15)
    assert FLOAT64[name](np.float32(1.1)).dtype == np.float32
    compiled = ag.compile(lambda x: FLOAT64[name](x))
    for x in (1.1, 0.7, 1.1):
        assert float(compiled(np.float64(x))) == FLOAT64[name](x).item()


def test_a_python_number_stays_weak_in_checkpoint():
    assert ag.tensor(1.1).dtype == np.float32
    x = ag.tensor(np.float32([1, 2]), requires_grad=True)
    out = ag.checkpoint(lambda x, s: x * s, x, 0.1)
    assert out.dtype == np.float32


# Constants -------------------------------------------------------------------------


def constant(x):
    return 3.0


def isolated(x):
    return ag.tensor(2.0, dtype=np.float64)


def counted(x):
    return np.sum(x > 0)


def captured(x, w=ag.tensor(X, requires_grad=True)):  # noqa: B008
    return (w * 2).sum()


CONSTANT = {
    "grad": lambda f: ag.grad(f)(X),
    "value_and_grad": lambda f: ag.value_and_grad(f)(X)[1],
    "elementwise_grad": lambda f: ag.elementwise_grad(f)(X),
    "vjp": lambda f: ag.vjp(f, X)[1](1.0)[0],
    "jacobian": lambda f: ag.jacobian(f)(X),
}


@pytest.mark.parametrize("name", CONSTANT)
@pytest.mark.parametrize("f", [constant, isolated, counted, captured])
def test_a_constant_has_derivative_zero_and_one_warning(name, f):
    with pytest.warns(UserWarning, match=f"{f.__name__} returns does not") as seen:
        found = CONSTANT[name](f)
    assert [one.filename for one in seen] == [__file__]
    np.testing.assert_array_equal(found, np.zeros(2))


def test_constants_in_second_derivatives_and_products():
    with pytest.warns(UserWarning, match="constant returns"):
        np.testing.assert_array_equal(ag.hessian(constant)(X), np.zeros((2, 2)))
    with pytest.warns(UserWarning, match="constant returns"):
        np.testing.assert_array_equal(ag.hvp(constant, X, Y), np.zeros(2))
    with pytest.warns(UserWarning, match="jvp: what constant returns"):
        value, slope = ag.jvp(constant, X, Y)
    assert (float(value), float(slope)) == (3, 0)
    with pytest.warns(UserWarning, match="lambda"):
        assert ag.jvp(lambda x: 3, X, Y)[1].item() == 0
    with pytest.warns(UserWarning, match="lambda"):
        np.testing.assert_array_equal(
            ag.grad(lambda x, y: x.sum(), 1)(X, Y), np.zeros(2)
        )


def test_a_derivative_may_be_constant():
    """No warning: second derivatives of what is linear are zero."""
    assert ag.grad(ag.grad(lambda x: 3 * x))(2.0).item() == 0
    np.testing.assert_array_equal(ag.hessian(np.sum)(X), np.zeros((2, 2)))
    np.testing.assert_array_equal(ag.hvp(np.sum, X, Y), np.zeros(2))
    np.testing.assert_array_equal(ag.jacobian(lambda x: x[:0])(X), np.zeros((0, 2)))
    slopes = ag.grad(lambda x, y: x.sum(), (0, 1))(X, Y)  # one of them is used
    np.testing.assert_array_equal(slopes[1], np.zeros(2))


# What comes beside the value -------------------------------------------------------


def with_aux(x):
    y = x * 2
    return (y * x).sum(), {"y": y, "note": "kept", "n": 3, "none": None}


def test_aux_is_handed_on():
    (value, aux), slope = ag.value_and_grad(with_aux, has_aux=True)(X)
    other, again = ag.grad(with_aux, has_aux=True)(X)
    assert value.item() == 10
    np.testing.assert_array_equal(slope, 4 * X)
    np.testing.assert_array_equal(other, slope)
    for one in (aux, again):
        assert (one["note"], one["n"], one["none"]) == ("kept", 3, None)
        np.testing.assert_array_equal(one["y"], 2 * X)
        assert one["y"].is_leaf
        assert not one["y"].requires_grad
    (slopes, _), _ = ag.grad(lambda x, y: (x @ y, None), (0, 1), True)(X, Y), None
    np.testing.assert_array_equal(slopes, [Y, X])


def test_aux_is_differentiated_from_outside():
    def outer(x):
        slope, aux = ag.grad(lambda z: ((z**3).sum(), z * x), has_aux=True)(x)
        return (slope * aux).sum()  # 3 x^4

    np.testing.assert_allclose(ag.grad(outer)(X), 12 * X**3, rtol=1e-15)
    w = ag.tensor(X, requires_grad=True)
    _, aux = ag.grad(lambda z: (z.sum(), (z * w).sum()), has_aux=True)(Y)
    aux.backward()
    np.testing.assert_array_equal(w.grad, Y)


# stop_gradient, elementwise_grad ---------------------------------------------------


def test_stop_gradient_is_the_value_alone():
    f = ag.grad(lambda x: (x * ag.stop_gradient(x)).sum())
    np.testing.assert_array_equal(f(X), X)
    np.testing.assert_array_equal(ag.compile(f)(X), X)
    tree = {"a": [ag.tensor(X, requires_grad=True), 3], "b": (None, "text", X)}
    stopped = ag.stop_gradient(tree)
    assert not stopped["a"][0].requires_grad
    assert stopped["a"][1] == 3
    assert stopped["b"] == (None, "text", X)
    nested = ag.grad(ag.grad(lambda x: ag.stop_gradient(x) ** 2 * x**3))
    assert nested(2.0).item() == 4 * 6 * 2  # stops at every level


def test_elementwise_grad(rng):
    x, y = rng.standard_normal((2, 3, 4))
    np.testing.assert_allclose(ag.elementwise_grad(np.sin)(x), np.cos(x), rtol=1e-15)
    by_x, by_y = ag.elementwise_grad(lambda x, y: x * y, (0, 1))(x, y)
    np.testing.assert_array_equal([by_x, by_y], [y, x])
    twice = ag.elementwise_grad(ag.elementwise_grad(np.sin))
    np.testing.assert_allclose(twice(x), -np.sin(x), rtol=1e-14)
    both = ag.elementwise_grad(lambda x: {"a": x**2, "b": [x]})
    np.testing.assert_allclose(both(x), 2 * x + 1, rtol=1e-15)


# Containers ------------------------------------------------------------------------

Pair = namedtuple("Pair", "a b")


@dataclasses.dataclass(frozen=True)
class Layer:
    a: Any
    b: Any
    activation: Callable[..., Any] = np.tanh
    name: str = "layer"
    bias: Any = None
    use: bool = True
    count: int = dataclasses.field(default=3, metadata={"static": True})


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    a: Any
    b: Any


@dataclasses.dataclass
class Derived:
    a: Any
    b: Any
    product: Any = dataclasses.field(init=False)

    def __post_init__(self):
        self.product = self.a * self.b


class Names(dict):
    pass


def ordered(a, b):
    return OrderedDict(b=b, a=a)


def defaults(a, b):
    return defaultdict(list, a=a, b=b)


def named(a, b):
    return Names(a=a, b=b)


KINDS = [Pair, Layer, Slotted, dict, ordered, defaults, named]


def get(tree, name):
    return tree[name] if isinstance(tree, dict) else getattr(tree, name)


def f(tree):
    return (get(tree, "a") ** 2 * get(tree, "b")).sum()


@pytest.mark.parametrize("make", KINDS)
def test_containers_keep_their_type(make):
    tree = make(a=X, b=Y)
    for found in (
        ag.grad(f)(tree),
        ag.vjp(f, tree)[1](1.0)[0],
        ag.jacobian(f)(tree),
        ag.grad(lambda t: f(t["t"][0]))({"t": [tree]})["t"][0],
    ):
        assert type(found) is type(tree)
        np.testing.assert_array_equal(get(found, "a"), 2 * X * Y)
        np.testing.assert_array_equal(get(found, "b"), X**2)
    _, slope = ag.jvp(f, tree, make(a=Y, b=X))
    assert slope.item() == 2 * X * Y @ Y + X**2 @ X
    product = ag.hvp(f, tree, make(a=Y, b=X))
    np.testing.assert_array_equal(get(product, "a"), 2 * Y * Y + 2 * X * X)
    assert get(tree, "a") is X


@pytest.mark.parametrize("make", KINDS)
def test_hessians_of_containers_are_containers_of_containers(make):
    found = ag.hessian(f)(make(a=X, b=Y))
    np.testing.assert_array_equal(get(get(found, "a"), "a"), np.diag(2 * Y))
    np.testing.assert_array_equal(get(get(found, "a"), "b"), np.diag(2 * X))
    np.testing.assert_array_equal(get(get(found, "b"), "a"), np.diag(2 * X))
    np.testing.assert_array_equal(get(get(found, "b"), "b"), np.zeros((2, 2)))


def test_dataclasses_keep_what_is_no_number():
    slope = ag.grad(lambda t: t.activation(f(t)) * t.count)(Layer(X / 9, Y))
    assert (slope.activation, slope.name, slope.bias) == (np.tanh, "layer", None)
    assert (slope.use, slope.count) == (True, 3)
    assert type(ag.grad(f)(defaults(X, Y))["new"]) is list
    assert list(ag.grad(f)(ordered(X, Y))) == ["b", "a"]


def test_integers_in_a_dataclass_are_refused_by_path():
    with pytest.raises(TypeError, match=r"argument 0\['t'\]\.b is int64.*static"):
        ag.grad(lambda d: f(d["t"]))({"t": Layer(X, 2)})


def test_what_follows_from_fields_follows_from_the_new_ones():
    tree = Derived(X, Y)
    slope = ag.grad(lambda t: t.product.sum())(tree)
    np.testing.assert_array_equal(slope.a, Y)
    np.testing.assert_array_equal(slope.b, X)
    assert slope.product is None
    np.testing.assert_array_equal(tree.product, X * Y)
    (_, aux), _ = ag.value_and_grad(lambda x: (x.sum(), Derived(x, Y)), 0, True)(X)
    assert not aux.product.requires_grad


def test_jacobians_of_nestings():
    def two(d, s):
        return {"p": d["x"] * s, "q": (d["x"].sum(),)}

    by_d, by_s = ag.jacobian(two, (0, 1))({"x": X}, 2.0)["p"]
    np.testing.assert_array_equal(by_d["x"], 2 * np.eye(2))
    np.testing.assert_array_equal(by_s, X)
    by_d, by_s = ag.jacobian(two, (0, 1))({"x": X}, 2.0)["q"][0]
    np.testing.assert_array_equal(by_d["x"], [1, 1])
    assert by_s.item() == 0
    found = ag.hessian(lambda a, b: a @ b, (0, 1))(X, Y)
    np.testing.assert_array_equal(found[0][1], np.eye(2))
    np.testing.assert_array_equal(found[1][1], np.zeros((2, 2)))


def test_a_checkpoint_copies_arrays_in_dataclasses():
    x = ag.tensor(X, requires_grad=True)
    layer = Layer(Y.copy(), 1)
    out = ag.checkpoint(lambda x, layer: x * layer.a, x, layer)
    layer.a[:] = 0
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, Y)
