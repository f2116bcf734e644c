"""``ag.custom_vjp``: values, derivatives of any order, Programs, and its errors."""

import re

import numpy as np
import pytest

import autograd_core as ag

X = np.array([0.5, -1.25, 2.0])
W = np.array([1.5, 0.25, -0.75])
cube = ag.custom_vjp(lambda x: x**3, lambda g, out, x: g * 3 * x**2)


@ag.custom_vjp
def product(x, w, p=2, *, shift=0.0):
    """``x * w**p + shift``."""
    return x * w**p + shift


@product.defvjp
def product_back(g, out, x, w, p, *, shift):
    return g * w**p, g * x * p * w ** (p - 1)


@ag.custom_vjp
def pair(x, w):
    return x * w, np.asarray((x * x).sum())


@pair.defvjp
def pair_back(g, out, x, w):
    a, b = g
    return a * w + b * 2 * x, a * x


def jax_forward(x, w):
    return x * np.sin(w), (np.sin(w), np.cos(w), x)


in_jax = ag.custom_vjp(lambda x, w: x * np.sin(w))
in_jax.defvjp(jax_forward, lambda res, g: (res[0] * g, res[1] * g * res[2]))
scaled = ag.custom_vjp(backward=lambda g, out, x: (g * 2.0,))(lambda x: 2.0 * x)


def both(x, w):
    a, b = pair(x, w)
    return a * a + b


TWINS = {  # ours, the same in NumPy functions, inputs
    "cube": (cube, lambda x: x**3, (X,)),
    "product": (product, lambda x, w: x * w**2, (X, W)),
    "options": (
        lambda x, w: product(x, w, p=3, shift=1.0),
        lambda x, w: x * w**3 + 1.0,
        (X, W),
    ),
    "by keyword": (lambda x, w: product(w=w, x=x), lambda x, w: x * w**2, (X, W)),
    "an array that is constant": (
        lambda x: product(x, W),
        lambda x: x * W**2,
        (X,),
    ),
    "numbers": (lambda x: product(x, 2.0), lambda x: x * 4.0, (X,)),
    "several outputs": (both, lambda x, w: x * w * x * w + (x * x).sum(), (X, W)),
    "as in JAX": (in_jax, lambda x, w: x * np.sin(w), (X, W)),
    "decorator with a backward": (scaled, lambda x: 2.0 * x, (X,)),
}
EVERY = pytest.mark.parametrize("name", TWINS)


def close(a, b):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-12, atol=1e-12)


def weighted(f, g):
    return lambda *xs: (f(*xs) * g).sum()


@EVERY
def test_derivatives_are_those_of_its_twin(name, rng):
    ours, twin, inputs = TWINS[name]
    tangents = tuple(rng.standard_normal(x.shape) for x in inputs)
    close(ours(*inputs), twin(*inputs))
    for a, b in zip(
        ag.jvp(ours, inputs, tangents), ag.jvp(twin, inputs, tangents), strict=True
    ):
        close(a, b)
    out, pull = ag.vjp(ours, *inputs)
    g = rng.standard_normal(out.shape)
    for a, b in zip(pull(g), ag.vjp(twin, *inputs)[1](g), strict=True):
        close(a, b)
    for i in range(len(inputs)):
        second = [ag.hessian(weighted(f, g), i) for f in (ours, twin)]
        close(second[0](*inputs), second[1](*inputs))
    assert ag.gradcheck(ours, inputs)


@EVERY
def test_it_is_run_in_each_replay(name, rng):
    ours, twin, inputs = TWINS[name]
    every = tuple(range(len(inputs)))
    step = ag.compile(ag.value_and_grad(lambda *xs: (ours(*xs) ** 2).sum(), every))
    eager = ag.value_and_grad(lambda *xs: (twin(*xs) ** 2).sum(), every)
    for _ in range(5):
        given = [rng.standard_normal(x.shape) for x in inputs]
        (value, grads), (v, gs) = step(*given), eager(*given)
        close(value, v)
        for a, b in zip(grads, gs, strict=True):
            close(a, b)
    assert step.recordings == 2
    calls = step.program.explain().host_calls
    assert len([c for c in calls if c.endswith("backward")]) == 1


@pytest.mark.parametrize("name", sorted(TWINS.keys() - {"an array that is constant"}))
def test_check_op_passes(name):
    ours, _, inputs = TWINS[name]
    assert ag.check_op(ours, *inputs)


def test_float32_stays_and_mixed_dtypes_get_their_own():
    x, w = (ag.tensor(a, dtype=d) for a, d in ((X, np.float32), (W, np.float64)))

    def back(g, out, x, w):
        return (g * w).astype(x.dtype), g * x.astype(w.dtype)

    mixed = ag.custom_vjp(lambda x, w: x * w, back)
    x.requires_grad = w.requires_grad = True
    mixed(x, w).sum().backward()
    assert (x.grad.dtype, w.grad.dtype) == (np.float32, np.float64)
    assert cube(x.detach()).dtype == np.float32


def test_none_is_no_gradient_and_nan_is_a_value():
    x, w = (ag.tensor(a, requires_grad=True) for a in (X, W))
    ag.custom_vjp(lambda x, w: x * np.nan, lambda g, out, x, w: (g * np.nan, None))(
        x, w
    ).sum().backward()
    assert np.isnan(x.grad.data).all()
    assert w.grad is None


def test_a_single_cotangent_of_many_inputs_needs_the_rest_to_be_numbers():
    f = ag.custom_vjp(lambda x, n: x * n, lambda g, out, x, n: g * n)
    assert ag.grad(lambda x: f(x, 3).sum())(X).tolist() == [3, 3, 3]
    with pytest.raises(ValueError, match=r"a cotangent for each of 2 inputs .* got 1"):
        ag.grad(lambda w: f(X, w).sum())(W)


def test_whatever_it_closes_over_is_seen_by_a_program():
    factor = 2.0

    def build():
        scale = ag.custom_vjp(lambda x: factor * x, lambda g, out, x: factor * g)
        return ag.compile(ag.value_and_grad(lambda x: scale(x).sum()))

    step = build()
    for _ in range(3):
        step(X)
    factor = 3.0
    value, grad = step(X)
    assert (value.item(), grad.tolist()) == (3 * X.sum(), [3, 3, 3])


def test_the_backward_alone_may_change():
    factor = 2.0
    scale = ag.custom_vjp(lambda x: 2.0 * x, lambda g, out, x: factor * g)
    step = ag.compile(ag.grad(lambda x: scale(x).sum()))
    for _ in range(3):
        step(X)
    factor = 3.0
    assert step(X).tolist() == [3, 3, 3]


def test_none_in_one_replay_only_is_an_error():
    def back(g, out, x):
        return None if x[0] > 5 else g

    f = ag.custom_vjp(np.copy, back)
    step = ag.compile(ag.grad(lambda x: f(x).sum()))
    for _ in range(3):
        step(X)
    with pytest.raises(ValueError, match=r"backward gave .* when it was recorded"):
        step(X + 10)


def test_a_shape_that_depends_on_data_is_an_error_in_a_replay():
    def positive(x):
        return x[x > 0]

    f = ag.custom_vjp(positive, lambda g, out, x: g.sum() * (x > 0))
    fast = ag.compile(lambda x: f(x))
    for _ in range(3):
        fast(X)
    with pytest.raises(
        ValueError, match=r"positive: forward gave shape \(2,\) float64"
    ):
        fast(np.abs(X))


def test_arrays_are_to_read():
    def careless(x):
        x += 1
        return x

    with pytest.raises(ValueError, match="read-only"):
        ag.custom_vjp(careless)(X)


def test_an_error_of_the_user_keeps_its_line_and_its_kind():
    class OwnError(ValueError):
        pass

    def fails(x):
        raise OwnError("mine")

    with pytest.raises(OwnError, match=r"^mine$") as caught:
        ag.custom_vjp(fails)(ag.tensor(X))
    assert caught.traceback[-1].name == "fails"


def named(x):
    return x * 1.0


def returning(value):
    def named(x):
        return value(x)

    return named


def backward_of(value):
    return ag.custom_vjp(named, lambda g, out, x: value(g))


W_GRAD = ag.tensor(W, requires_grad=True)
FORWARDS = {  # what a forward returns: the error
    "named: forward must return an array .*, got list": lambda x: [1.0, 2.0],
    "named: forward must return an array .*, got NoneType": lambda x: None,
    r"named: forward must return float32 or float64, got int64; .*astype": (
        lambda x: np.arange(3)
    ),
    "named: forward must return float32 or float64, got complex128": lambda x: x * 1j,
    "named: forward must return float32 or float64, got object": (
        lambda x: x.astype(object)
    ),
    "named: forward, output 1, must .* got str": lambda x: (x, "x"),
    "named: forward returned an empty tuple": lambda x: (),
    "named: forward returned a masked array": np.ma.masked_array,
    "named: forward returned a Tensor that requires grad": (
        lambda x: np.multiply(x, W_GRAD)
    ),
}


@pytest.mark.parametrize("message", FORWARDS)
def test_what_a_forward_returns_is_checked(message):
    f = ag.custom_vjp(returning(FORWARDS[message]))
    with pytest.raises(TypeError, match=message):
        f(X)


WANT = r"named: backward, input 0: expected shape \(3,\) and dtype float64, got "
BACKWARDS = {  # what a backward returns: the error
    rf"{WANT}shape \(2, 3\); sum over": (ValueError, lambda g: np.stack([g, g])),
    rf"{WANT}shape \(\)$": (ValueError, lambda g: g.sum()),
    rf"{WANT}dtype float32; convert it": (TypeError, lambda g: g.astype(np.float32)),
    rf"{WANT}dtype complex128": (TypeError, lambda g: g.astype(complex)),
    r"named: backward, input 0: expected an array of shape \(3,\).*got str": (
        TypeError,
        lambda g: "g",
    ),
    r"named: backward must give a cotangent for each of 1 inputs .* got 2": (
        ValueError,
        lambda g: (g, g),
    ),
    r"named: backward must give a cotangent for each of 1 inputs .* got 0": (
        ValueError,
        lambda g: (),
    ),
}


@pytest.mark.parametrize("message", BACKWARDS)
def test_what_a_backward_returns_is_checked(message):
    kind, value = BACKWARDS[message]
    with pytest.raises(kind, match=message):
        ag.grad(lambda x: backward_of(value)(x).sum())(X)


def opaque(g, out, x):
    return g * np.asarray(x) ** 2


ERRORS = {
    "needs a backward": (
        TypeError,
        "named: a gradient is asked for, and it has no backward",
        lambda: ag.grad(lambda x: ag.custom_vjp(named)(x).sum())(X),
    ),
    "second order of an opaque backward": (
        RuntimeError,
        "named: backward failed on Tensors: .*Of a gradient of a gradient",
        lambda: ag.hessian(lambda x: ag.custom_vjp(named, opaque)(x).sum())(X),
    ),
    "no function": (
        TypeError,
        "forward must be a function, got int",
        lambda: ag.custom_vjp(3, None),
    ),
    "no backward function": (
        TypeError,
        "named: backward must be a function, got int",
        lambda: ag.custom_vjp(named, 3),
    ),
    "arguments": (
        TypeError,
        re.escape("product(x, w, p=2, *, shift=0.0): missing a required"),
        lambda: product(X),
    ),
    "a dict of Tensors": (
        TypeError,
        "named: argument 0 is a dict that holds Tensors, .* would be lost",
        lambda: ag.custom_vjp(named)({"x": ag.tensor(X)}),
    ),
    "a keyword that requires grad": (
        TypeError,
        "product: the Tensor in shift= requires grad",
        lambda: product(X, W, shift=W_GRAD),
    ),
    "float16": (
        TypeError,
        "named: argument 0: cannot compute with dtype float16",
        lambda: ag.custom_vjp(named)(X.astype(np.float16)),
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_to_do(name):
    kind, message, call = ERRORS[name]
    with pytest.raises(kind, match=message):
        call()


def test_the_first_gradient_of_an_opaque_backward_works():
    f = ag.custom_vjp(named, opaque)
    np.testing.assert_array_equal(ag.grad(lambda x: f(x).sum())(X).data, X**2)


def test_a_list_of_tensors_is_one_and_other_lists_are_passed_on():
    a, b = (ag.tensor(x, requires_grad=True) for x in (X, W))
    cube([a, b]).sum().backward()
    close(a.grad, 3 * X**2)
    close(b.grad, 3 * W**2)
    assert ag.custom_vjp(lambda x, how: x * len(how))(X, [1, 2]).tolist() == list(2 * X)


def test_defaults_are_those_that_the_backward_takes():
    f = ag.custom_vjp(np.copy, lambda g, out, x: g)  # np.copy has order= and subok=
    assert ag.grad(lambda x: f(x).sum())(X).tolist() == [1, 1, 1]


def test_it_reads_as_its_function():
    assert (product.__name__, product.__doc__) == ("product", "``x * w**p + shift``.")
    assert repr(product) == "<op product>"
