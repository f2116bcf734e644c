"""Transforms against NumPy, HIPS autograd and closed forms; nesting; checkpoint."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn

X = np.array([[0.3, -0.7, 1.1], [0.9, 0.2, -0.4]])


def scalar(m):
    """A function with full second and third derivatives, over any numpy ``m``."""
    return lambda x: m.sum(m.exp(x * 0.5) * m.sin(x)) * m.sum(x**3)


def vector(m):
    return lambda x: m.sin(m.reshape(x, (6,))[1:5] * m.sum(x)) * m.exp(x[0, 0])


def test_grad_and_value_are_hips():
    value, grad = ag.value_and_grad(scalar(np))(X)
    np.testing.assert_allclose(value.data, scalar(np)(X), rtol=1e-14)
    np.testing.assert_allclose(grad.data, autograd.grad(scalar(anp))(X), rtol=1e-12)
    assert not grad.requires_grad
    assert value.is_leaf


def test_third_derivatives_of_nested_grads():
    f = ag.grad(ag.grad(ag.grad(lambda x: x**5 * np.sin(x))))
    h = autograd.grad(autograd.grad(autograd.grad(lambda x: x**5 * anp.sin(x))))
    np.testing.assert_allclose(float(f(np.float64(0.7))), h(0.7), rtol=1e-12)


def test_no_perturbation_confusion():
    """d/dx (x * d/dy (x + y)) = 1, not 2 (Siskind and Pearlmutter, 2005)."""
    inner = ag.grad(lambda x: x * ag.grad(lambda y: x + y)(1.0))
    assert inner(3.0).item() == 1.0
    nested = ag.grad(lambda x: x * ag.grad(lambda y: x * y**2)(x))  # d 2x^3 = 6x^2
    assert nested(2.0).item() == 24.0


def test_argnum_and_trees(rng):
    a, b = rng.standard_normal((2, 3))

    def f(tree, scale, *, shift):
        return (tree["a"] * tree["rest"][0] * scale + shift * tree["a"]).sum()

    tree = {"a": a, "rest": [b]}
    by_tree, by_scale = ag.grad(f, (0, -1))(tree, 2.0, shift=3.0)
    np.testing.assert_allclose(by_tree["a"].data, 2 * b + 3, rtol=1e-14)
    np.testing.assert_allclose(by_tree["rest"][0].data, 2 * a, rtol=1e-14)
    np.testing.assert_allclose(by_scale.item(), a @ b, rtol=1e-14)
    assert by_scale.dtype == np.float64


@pytest.mark.parametrize(
    ("f", "x", "error", "text"),
    [
        (lambda x: x * 2, X, ValueError, "scalar"),
        (lambda x: x.sum(), np.arange(3), TypeError, "int64"),
        (lambda x: float(x.sum()), X, RuntimeError, "would lose its gradient"),
        (lambda x: "3", X, TypeError, "return Tensors, got str"),
    ],
)
def test_errors_say_what_was_given(f, x, error, text):
    with pytest.raises(error, match=text):
        ag.grad(f)(x)
    with pytest.raises(ValueError, match="argnum 3"):
        ag.grad(f, 3)(x)


def test_jacobian_and_hessian_are_hips():
    np.testing.assert_allclose(
        ag.jacobian(vector(np))(X).data, autograd.jacobian(vector(anp))(X), rtol=1e-12
    )
    np.testing.assert_allclose(
        ag.hessian(scalar(np))(X).data, autograd.hessian(scalar(anp))(X), rtol=1e-11
    )


def test_jacobian_of_nothing():
    assert ag.jacobian(lambda x: x[:0])(np.ones(3)).shape == (0, 3)


def test_vjp_jvp_hvp_are_products_with_jacobian_and_hessian(rng):
    j, h = ag.jacobian(vector(np))(X).data, ag.hessian(scalar(np))(X).data
    g, v = rng.standard_normal(4), rng.standard_normal(X.shape)
    out, pullback = ag.vjp(vector(np), X)
    np.testing.assert_array_equal(out.data, vector(np)(ag.tensor(X)).data)
    for _ in range(2):  # again and again
        (pulled,) = pullback(g)
        np.testing.assert_allclose(pulled.data, np.tensordot(g, j, 1), rtol=1e-12)
    out, pushed = ag.jvp(vector(np), X, v)
    np.testing.assert_allclose(pushed.data, np.tensordot(j, v, 2), rtol=1e-12)
    assert pushed.is_leaf
    product = ag.hvp(scalar(np), X, v)
    np.testing.assert_allclose(product.data, np.tensordot(h, v, 2), rtol=1e-11)
    assert product.is_leaf


def test_several_inputs_and_outputs(rng):
    a, b, va, vb = rng.standard_normal((4, 3))

    def f(a, b):
        return a * b, (np.exp(a) * b).sum()

    _, pullback = ag.vjp(f, a, b)
    da, db = pullback((va, 2.0))
    np.testing.assert_allclose(da.data, va * b + 2 * np.exp(a) * b, rtol=1e-13)
    np.testing.assert_allclose(db.data, va * a + 2 * np.exp(a), rtol=1e-13)
    _, (first, second) = ag.jvp(f, (a, b), (va, vb))
    np.testing.assert_allclose(first.data, va * b + a * vb, rtol=1e-13)
    exact = np.exp(a) @ (va * b + vb)
    np.testing.assert_allclose(second.data, exact, rtol=1e-13)
    ha, hb = ag.hvp(lambda a, b: (a**2 * b).sum(), (a, b), (va, vb))
    np.testing.assert_allclose(ha.data, 2 * b * va + 2 * a * vb, rtol=1e-13)
    np.testing.assert_allclose(hb.data, 2 * a * va, rtol=1e-13)


def test_wrong_cotangent_shape_is_said():
    _, pullback = ag.vjp(lambda x: x * 2, X)
    with pytest.raises(ValueError, match=r"\(3,\).*\(2, 3\)"):
        pullback(np.ones(3))


def test_transforms_inside_an_outer_graph():
    x = ag.tensor(X, requires_grad=True)
    w = ag.tensor(np.array(1.5), requires_grad=True)
    (ag.grad(lambda t: (w * t**3).sum())(x) ** 2).sum().backward()
    np.testing.assert_allclose(x.grad.data, 36 * 1.5**2 * X**3, rtol=1e-13)
    np.testing.assert_allclose(w.grad.data, 2 * 1.5 * (9 * X**4).sum(), rtol=1e-13)


def test_captured_parameters_keep_the_graph():
    """A gradient penalty: the input is plain data, the parameter is not."""
    w = ag.tensor(np.array(1.5), requires_grad=True)
    (ag.grad(lambda t: (w * t**3).sum())(X) ** 2).sum().backward()
    np.testing.assert_allclose(w.grad.data, 2 * 1.5 * (9 * X**4).sum(), rtol=1e-13)
    with ag.no_grad():
        assert not ag.grad(lambda t: (w * t**3).sum())(X).requires_grad


def test_inputs_are_not_written_to_and_grads_do_not_alias():
    x = ag.tensor(X, requires_grad=True)
    one, two = ag.grad(lambda a, b: (a + b).sum(), (0, 1))(x.detach(), x.detach())
    assert not np.shares_memory(one.data, two.data)
    assert x.grad is None
    kept = X.copy()
    _, pullback = ag.vjp(lambda t: t**2, kept)
    kept[:] = 0  # the caller's array is the caller's
    np.testing.assert_array_equal(pullback(np.ones_like(X))[0].data, 2 * X)


# Checkpoint ------------------------------------------------------------------------


def block(model, calls):
    def f(x):
        calls.append(1)
        return model(x)

    return f


@pytest.fixture
def model():
    ag.manual_seed(3)
    layers = [nn.Linear(3, 8), nn.Tanh(), nn.Dropout(0.4), nn.Linear(8, 2)]
    return nn.Sequential(*layers).double()


def run(model, through):
    """Values and all gradients of two blocks in a row, with fresh dropout masks."""
    ag.manual_seed(5)
    x = ag.tensor(X, requires_grad=True)
    scale = ag.tensor(np.array(2.0), requires_grad=True)
    y = through(model, x * 1.5) * scale
    z = (through(lambda t: model(np.concatenate([t, t[:, :1]], 1)), y) ** 2).mean()
    model.zero_grad()
    z.backward()
    drawn = ag.random.default_generator.get_state()
    grads = [p.grad.data.copy() for p in model.parameters()]
    return [z.data, drawn, x.grad.data, scale.grad.data, *grads]


def test_checkpoint_changes_nothing(model):
    calls = []
    plain = run(model, lambda f, x: f(x))
    again = run(model, lambda f, x: ag.checkpoint(block(f, calls), x))
    assert len(calls) == 4  # two blocks, forward and in backward
    for one, other in zip(plain, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_checkpoint_replays_with_the_masks_of_eager(model):
    def step(x):
        loss = (ag.checkpoint(model, x) ** 2).mean()
        model.zero_grad()
        loss.backward()
        return loss

    def losses(f, make):
        ag.manual_seed(7)
        return [f(make(X)).item() for _ in range(4)] + [
            p.grad.data.copy() for p in model.parameters()
        ]

    for one, other in zip(
        losses(step, ag.tensor), losses(ag.compile(step), np.array), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_checkpoint_differentiates_twice():
    x = ag.tensor(X, requires_grad=True)
    w = ag.tensor(np.array(1.5), requires_grad=True)

    def f(t):
        return ag.checkpoint(lambda u: w * np.sin(u) ** 2, t * 2).sum()

    def g(t):
        return (w * np.sin(t * 2) ** 2).sum()

    for function in (f, g):
        (ag.grad(function)(x) ** 2).sum().backward()
    np.testing.assert_allclose(x.grad.data, 2 * _half(g, X, 1.5), rtol=1e-12)


def _half(g, x, w):
    slope = w * 2 * np.sin(4 * x)  # of w sin(2x)^2
    return 2 * slope * w * 8 * np.cos(4 * x)


def test_checkpoint_without_gradients_just_runs():
    calls = []
    with ag.no_grad():
        ag.checkpoint(block(lambda t: t * 2, calls), ag.tensor(X))
    assert ag.checkpoint(block(lambda t: t * 2, calls), ag.tensor(X)).is_leaf
    assert len(calls) == 2


def test_checkpoint_sees_writes_in_place():
    x = ag.tensor(X, requires_grad=True)
    data = ag.tensor(X)
    y = ag.checkpoint(lambda a, b: a * b, x, data).sum()
    data += 1.0
    with pytest.raises(RuntimeError, match=r"checkpoint.*in place"):
        y.backward()


@pytest.mark.parametrize("changed", ["tensor", "array", "number", "mode", "random"])
def test_checkpoint_notices_that_its_function_is_another(changed):
    scale, table, k, dropout = ag.tensor(X), X.copy(), [2.0], nn.Dropout(0.5)
    reads = {
        "tensor": lambda a: a * scale,
        "array": lambda a: a * table,
        "number": lambda a: a * k[0],
        "mode": dropout,
        "random": lambda a: a * np.random.default_rng().standard_normal(),
    }
    y = ag.checkpoint(reads[changed], ag.tensor(X, requires_grad=True)).sum()
    scale += 1.0
    table += 1.0
    k[0] = 3.0
    dropout.eval()
    with pytest.raises(RuntimeError, match=r"checkpoint: run again.*other numbers"):
        y.backward()


def test_checkpoint_second_backward_is_refused():
    x = ag.tensor(X, requires_grad=True)
    y = ag.checkpoint(lambda a: a * a, x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph"):
        y.backward()


def test_checkpoint_of_several_outputs_is_refused():
    x = ag.tensor(X, requires_grad=True)
    with pytest.raises(TypeError, match="one Tensor, got tuple"):
        ag.checkpoint(lambda a: (a, a), x)
