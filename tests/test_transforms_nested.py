"""Derivatives of derivatives to any depth, against closed forms; also compiled."""

import numpy as np
import pytest
from numpy.polynomial import Polynomial

import autograd_core as ag
from autograd_core import nn

X = np.array([-1.3, 0.4, 0.9, 2.0])
ORDER = 5


def tanh_derivative(x, order):
    """P(tanh x) by P' (1 - t^2), which is how it goes on for ever."""
    p = Polynomial([0, 1])
    for _ in range(order):
        p = p.deriv() * Polynomial([1, 0, -1])
    return p(np.tanh(x))


def gauss_derivative(x, order):
    p = Polynomial([1])
    for _ in range(order):
        p = p.deriv() + p * Polynomial([0, -2])
    return p(x) * np.exp(-(x**2))


def sin_derivative(x, order):
    return np.sin(x + order * np.pi / 2)


def power_derivative(x, order):
    return np.prod(np.arange(7.0, 7 - order, -1)) * x ** (7 - order)


def inverse_derivative(x, order):
    return np.prod(-np.arange(1.0, order + 1)) / x ** (order + 1)


CLOSED = {
    "tanh": (np.tanh, tanh_derivative),
    "sin": (np.sin, sin_derivative),
    "x**7": (lambda x: x**7, power_derivative),
    "1/x": (lambda x: 1 / x, inverse_derivative),
    "exp(-x*x)": (lambda x: np.exp(-x * x), gauss_derivative),
    "a product": (
        lambda x: x * np.sin(x),
        lambda x, n: x * sin_derivative(x, n) + n * sin_derivative(x, n - 1),
    ),
}


def by_grad(f):
    return ag.grad(f)


def by_jvp(f):
    return lambda x: ag.jvp(f, x, np.ones(()))[1]


def by_vjp(f):
    return lambda x: ag.vjp(f, x)[1](np.ones(()))[0]


def by_jacobian(f):
    return ag.jacobian(f)


def checkpointed(f):
    return ag.grad(lambda x: ag.checkpoint(f, x))


WAYS = [by_grad, by_jvp, by_vjp, by_jacobian, checkpointed]


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("way", [*WAYS, "mixed"])
def test_the_fifth_derivative(name, way):
    f, exact = CLOSED[name]
    for order in range(1, ORDER + 1):
        f = (WAYS[order - 1] if way == "mixed" else way)(f)
    found = [f(x).item() for x in X]
    np.testing.assert_allclose(found, exact(X, ORDER), rtol=1e-10)


@pytest.mark.parametrize("name", CLOSED)
def test_the_fifth_derivative_of_elements(name):
    f, exact = CLOSED[name]
    for _ in range(ORDER):
        f = ag.elementwise_grad(f)
    np.testing.assert_allclose(f(X), exact(X, ORDER), rtol=1e-10)
    compiled = ag.compile(f, strict=True)
    for x in (X, X + 0.05, X, X):
        np.testing.assert_allclose(compiled(x), exact(x, ORDER), rtol=1e-10)


@pytest.mark.parametrize("name", CLOSED)
def test_a_jacobian_of_jacobians_of_jacobians(name):
    f, exact = CLOSED[name]
    third = ag.jacobian(ag.jacobian(ag.jacobian(f)))(X)
    wanted = np.zeros((4,) * 4)
    np.einsum("iiii->i", wanted)[:] = exact(X, 3)
    np.testing.assert_allclose(third, wanted, rtol=1e-12, atol=1e-14)


# Products of products --------------------------------------------------------------


def f(x):
    """With a full Hessian and third derivatives."""
    return np.sum(np.exp(x * 0.5) * np.sin(x)) * np.sum(x**3)


V, W, U = np.random.default_rng(3).standard_normal((3, 4))


@pytest.fixture(scope="module")
def third():
    return ag.jacobian(ag.hessian(f))(X).data


@pytest.fixture(scope="module")
def fourth():
    return ag.jacobian(ag.jacobian(ag.hessian(f)))(X).data


def contracted(tensor, *vectors):
    for v in vectors:
        tensor = tensor @ v
    return tensor


NESTED = {
    "grad of hvp": (
        lambda x: ag.grad(lambda x: ag.hvp(f, x, V) @ W)(x),
        lambda third, fourth: contracted(third, V, W),
    ),
    "hvp of hvp": (
        lambda x: ag.hvp(lambda x: ag.hvp(f, x, V) @ W, x, U),
        lambda third, fourth: contracted(fourth, V, W, U),
    ),
    "jvp of grad of vjp": (
        lambda x: ag.jvp(ag.grad(lambda x: ag.vjp(f, x)[1](1.0)[0] @ V), x, W)[1],
        lambda third, fourth: contracted(third, V, W),
    ),
    "vjp of jvp of grad": (
        lambda x: ag.vjp(lambda x: ag.jvp(ag.grad(f), x, V)[1], x)[1](W)[0],
        lambda third, fourth: contracted(third, V, W),
    ),
    "jacobian of hvp": (
        lambda x: ag.jacobian(lambda x: ag.hvp(f, x, V))(x),
        lambda third, fourth: third @ V,
    ),
    "jvp of hessian": (
        lambda x: ag.jvp(ag.hessian(f), x, V)[1],
        lambda third, fourth: third @ V,
    ),
    "hvp along its own gradient": (
        lambda x: ag.hvp(f, x, ag.stop_gradient(ag.grad(f)(x))),
        lambda third, fourth: ag.hessian(f)(X).data @ ag.grad(f)(X).data,
    ),
    "half the square of the gradient": (
        lambda x: ag.grad(lambda x: np.sum(ag.grad(f)(x) ** 2) / 2)(x),
        lambda third, fourth: ag.hessian(f)(X).data @ ag.grad(f)(X).data,
    ),
    "checkpoint inside": (
        lambda x: ag.hvp(lambda x: ag.hvp(in_parts, x, V) @ W, x, U),
        lambda third, fourth: contracted(fourth, V, W, U),
    ),
    "no_grad inside": (
        lambda x: ag.grad(lambda x: ag.hvp(f, x, V) @ W + unseen(x))(x),
        lambda third, fourth: contracted(third, V, W),
    ),
}


def in_parts(x):
    part = ag.checkpoint(lambda x: np.exp(x * 0.5) * np.sin(x), x)
    return np.sum(part) * ag.checkpoint(lambda x: np.sum(x**3), x)


def unseen(x):
    with ag.no_grad():
        return np.sum(ag.grad(f)(x) ** 2)


def test_the_third_derivatives_are_those_of_differences(third):
    step = 1e-5
    for i in range(4):
        e = step * np.eye(4)[i]
        slope = (ag.hessian(f)(X + e).data - ag.hessian(f)(X - e).data) / (2 * step)
        np.testing.assert_allclose(third[..., i], slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", NESTED)
def test_nested_products(name, third, fourth):
    run, exact = NESTED[name]
    wanted = exact(third, fourth)
    np.testing.assert_allclose(run(X), wanted, rtol=1e-11)
    compiled = ag.compile(run, strict=True)
    for _ in range(4):
        np.testing.assert_allclose(compiled(X), wanted, rtol=1e-11)
        assert not np.allclose(compiled(X + 0.2), wanted, rtol=1e-3)


# Perturbation confusion ------------------------------------------------------------

CONFUSING = {
    "x d(x+y)/dy": (lambda x: x * ag.grad(lambda y: x + y)(1.0), 1.0),
    "x d(xy)/dy": (lambda x: x * ag.grad(lambda y: x * y)(2.0), 6.0),
    "d at x": (lambda x: ag.grad(lambda y: x * y**2)(x), 12.0),
    "jvp in grad": (lambda x: ag.jvp(lambda y: x * y**2, x, x)[1], 54.0),
    "grad in jvp": (lambda x: x * ag.grad(lambda y: x**2 * y)(x), 27.0),
    "three deep": (
        lambda x: ag.grad(lambda y: ag.grad(lambda z: x * y**2 * z**2)(y))(x),
        18 * 9.0,  # of 6 x y^2 at y = x
    ),
    "a captured result": (lambda x: captured(x), 2 * 3.0**5),
    "vjp of a captured pullback": (
        lambda x: ag.vjp(lambda y: y * x, x)[1](x)[0],
        6.0,
    ),
}


def captured(x):
    y = x**2
    return ag.grad(lambda z: z * y + y * y)(x) * y * y / 3  # x^6 / 3


@pytest.mark.parametrize("name", CONFUSING)
def test_levels_are_not_confused(name):
    function, wanted = CONFUSING[name]
    for run in (ag.grad(function), lambda x: ag.jvp(function, x, 1.0)[1]):
        np.testing.assert_allclose(run(3.0).item(), wanted, rtol=1e-14)
        compiled = ag.compile(lambda x, run=run: run(x))
        for _ in range(4):
            found = compiled(np.array(3.0))
            np.testing.assert_allclose(found.item(), wanted, rtol=1e-14)


# A network with BatchNorm ----------------------------------------------------------


def shifted(values, name, index, step):
    moved = values[name].copy()
    moved[index] += step
    return {**values, name: moved}


@pytest.mark.parametrize("checkpoint", [False, True])
def test_the_hessian_of_a_network_with_batchnorm(rng, checkpoint):
    x, y = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    shapes = {"w": (4, 3), "b": (4,), "scale": (4,), "shift": (4,), "v": (2, 4)}
    values = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    F = nn.functional

    def hidden(w, b, scale, shift):
        a = F.linear(x, w, b)
        return np.tanh(F.batch_norm(a, None, None, scale, shift, training=True))

    def loss(p):
        inner = [p[name] for name in ("w", "b", "scale", "shift")]
        h = ag.checkpoint(hidden, *inner) if checkpoint else hidden(*inner)
        return F.mse_loss(F.linear(h, p["v"]), y)

    second = ag.hessian(loss)(values)
    compiled = ag.compile(lambda p: ag.hvp(loss, p, values), strict=True)
    for name, at in values.items():
        for index in np.ndindex(at.shape):
            up, down = (
                ag.grad(loss)(shifted(values, name, index, step))
                for step in (1e-5, -1e-5)
            )
            for other in values:
                column = (up[other].data - down[other].data) / 2e-5
                found = second[other][name].data[..., *index]
                np.testing.assert_allclose(found, column, rtol=1e-6, atol=1e-8)
        product = sum(
            np.tensordot(second[name][other].data, values[other], values[other].ndim)
            for other in values
        )
        for _ in range(3):
            found = compiled(values)[name]
            np.testing.assert_allclose(found, product, rtol=1e-10, atol=1e-12)


# f(x) = w x^3, element by element: what each transform makes of it, by w.
INSIDE = {
    "grad": (lambda f, x: ag.grad(lambda x: f(x).sum())(x), lambda x: 3 * x**2),
    "elementwise_grad": (lambda f, x: ag.elementwise_grad(f)(x), lambda x: 3 * x**2),
    "vjp": (lambda f, x: ag.vjp(f, x)[1](np.ones_like(X))[0], lambda x: 3 * x**2),
    "jvp": (lambda f, x: ag.jvp(f, x, np.ones_like(X))[1], lambda x: 3 * x**2),
    "jacobian": (lambda f, x: ag.jacobian(f)(x).sum(0), lambda x: 3 * x**2),
    "hvp": (
        lambda f, x: ag.hvp(lambda x: f(x).sum(), x, np.ones_like(X)),
        lambda x: 6 * x,
    ),
    "twice": (
        lambda f, x: ag.elementwise_grad(ag.elementwise_grad(f))(x),
        lambda x: 6 * x,
    ),
    "the input itself": (lambda f, x: f(x) * ag.vjp(lambda x: x, x)[0], lambda x: x**4),
}


@pytest.mark.parametrize("name", INSIDE)
def test_a_model_is_trained_on_its_derivatives(name):
    """`backward()` reaches the weights, and nothing that a transform has made."""
    inside, expected = INSIDE[name]
    w = nn.Parameter(np.array([2.0, -1.0, 0.5, 3.0]))

    @ag.compile(strict=True)  # other tensors with gradients would not settle
    def step(x):
        w.grad = None
        inside(lambda x: w * x**3, x).sum().backward()
        return w.grad

    for _ in range(6):
        np.testing.assert_allclose(step(X), expected(X), rtol=1e-12)


@pytest.mark.parametrize("create_graph", [False, True])
def test_backward_through_a_derivative_of_fused_ops(create_graph):
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.BatchNorm1d(3), nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)
    )
    model.astype(np.float64)
    x = rng.standard_normal((4, 3))

    def loss():
        return (ag.elementwise_grad(model)(x) ** 2).sum()

    loss().backward(create_graph=create_graph)
    weight = model[1].weight
    found, step = weight.grad.numpy().copy(), 1e-6
    for index in np.ndindex(weight.shape):
        ends = []
        for shift in (step, -2 * step):
            weight.data[index] += shift
            ends.append(loss().item())
        weight.data[index] += step
        slope = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(found[index], slope, rtol=1e-5, atol=1e-6)
