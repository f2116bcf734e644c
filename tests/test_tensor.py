"""Tensor as NumPy and PyTorch users expect it, against NumPy and differences."""

import numpy as np
import pytest

import autograd_core as ag

X = np.array([[0.3, -0.7, 1.1], [0.9, 0.2, -0.4]])
Y = np.array([[1.2, 0.5, -0.8], [-0.6, 1.4, 0.1]])
S = X.reshape(2, 1, 3)

# A call, and its operands: the same function answers for arrays and for Tensors.
NUMPY = {
    "add": (lambda x, y: np.add(x, y), X, Y),
    "subtract": (lambda x, y: np.subtract(x, y), X, Y),
    "power": (lambda x: np.power(x, 3), X),
    "exp": (np.exp, X),
    "log1p": (np.log1p, X),
    "tanh": (np.tanh, X),
    "sin of cos": (lambda x: np.sin(np.cos(x)), X),
    "ndarray on the left": (lambda y: X * y + X, Y),
    "ndarray matmul": (lambda y: X.T @ y, Y),
    "numpy scalar on the left": (lambda y: np.float64(2) * y, Y),
    "scalar": (lambda x: 2 - 3 / (x * x + 1) + (-x) ** 2, X),
    "base": (lambda x: 2.0**x, X),
    "concatenate": (lambda x, y: np.concatenate([x, y], 1), X, Y),
    "concatenate, mixed": (lambda x: np.concatenate([x, Y]), X),
    "concatenate flat": (lambda x, y: np.concatenate([x, y], axis=None), X, Y),
    "stack": (lambda x, y: np.stack([x, y], axis=-1), X, Y),
    "vstack": (lambda x, y: np.vstack((x, y[0])), X, Y),
    "hstack": (lambda x, y: np.hstack((x, y)), X, Y),
    "hstack of vectors": (lambda x, y: np.hstack((x[0], y[0])), X, Y),
    "sum": (lambda x: np.sum(x, axis=1), X),
    "mean": (lambda x: np.mean(x, axis=0, keepdims=True), X),
    "max": (lambda x: np.max(x, axis=0), X),
    "min": (lambda x: np.min(x), X),
    "var": (lambda x: np.var(x, axis=1, ddof=1), X),
    "var, corrected": (lambda x: np.var(x, correction=1), X),
    "std": (lambda x: np.std(x), X),
    "where": (lambda x, y: np.where(X > 0, x, y), X, Y),
    "where, tensor": (lambda x, y: np.where(x > y, x, y * 2), X, Y),
    "maximum": (np.maximum, X, Y),
    "clip": (lambda x: np.clip(x, -0.5, 0.5), X),
    "clip below": (lambda x: np.clip(x, 0.0, None), X),
    "reshape": (lambda x: np.reshape(x, (3, -1)), X),
    "transpose": (lambda x: np.transpose(x), X),
    "squeeze": (np.squeeze, S),
    "squeeze one": (lambda x: np.squeeze(x, axis=1), S),
    "expand_dims": (lambda x: np.expand_dims(x, (0, -1)), X),
    "ravel": (np.ravel, X),
    "moveaxis": (lambda x: np.moveaxis(x, 0, -1), S),
    "moveaxis, many": (lambda x: np.moveaxis(x, (0, 2), (2, 1)), S),
    "swapaxes": (lambda x: np.swapaxes(x, 0, -1), S),
    "flip": (np.flip, X),
    "flip one": (lambda x: np.flip(x, 1), X),
    "broadcast_to": (lambda x: np.broadcast_to(x, (4, 2, 3)), X),
    "split": (lambda x: np.split(x, 3, axis=1)[1], X),
    "split at": (lambda x: np.split(x, [1], axis=1)[1], X),
    "take": (lambda x: np.take(x, [2, 0, 2], axis=1), X),
    "take flat": (lambda x: np.take(x, [5, 0]), X),
    "repeat": (lambda x: np.repeat(x, 2, axis=1), X),
    "repeat flat": (lambda x: np.repeat(x, [1, 0, 2, 1, 1, 3]), X),
    "tile": (lambda x: np.tile(x, (2, 1, 3)), X),
    "tile few": (lambda x: np.tile(x, 2), X),
    "dot": (lambda x, y: np.dot(x, y.T), X, Y),
    "dot of vectors": (lambda x, y: np.dot(x[0], y[1]), X, Y),
    "dot with a scalar": (lambda x: np.dot(x, 3.0), X),
    "outer": (np.outer, X, Y),
    "copy": (np.copy, X),
    "item of all axes": (lambda x: x[1, -1] * x[0, 0], X),
    "ellipsis": (lambda x: x[..., 1], S),
    "none": (lambda x: x[:, None, 1:], X),
    "steps": (lambda x: x[::-1, ::2], X),
    "list": (lambda x: x[[0, 1, 1]], X),
    "mask": (lambda x: x[X > 0], X),
    "pairs": (lambda x: x[np.arange(2), [2, 2]], X),
    "iteration": (lambda x: sum(row * i for i, row in enumerate(x, 1)), X),
}
METHODS = {
    "reshape": lambda x: x.reshape(3, 2) * x.reshape((3, -1)),
    "transpose": lambda x: x.transpose(1, 0) + x.T + x.transpose(),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "squeeze": lambda x: x.reshape(1, 2, 3).squeeze(0),
    "ravel": lambda x: x.ravel(),
    "flatten": lambda x: x.flatten(),
    "sum": lambda x: x.sum(0),
    "mean": lambda x: x.mean(axis=1),
    "var": lambda x: x.var(0, ddof=1),
    "std": lambda x: x.std(),
    "max": lambda x: x.max(axis=1),
    "min": lambda x: x.min(),
    "clip": lambda x: x.clip(-0.5, 0.5),
    "dot": lambda x: x.dot(x.T),
    "astype": lambda x: x.astype(np.float64),
    "abs": lambda x: abs(x),
    "pos": lambda x: +x,
}


def check(f, *args):
    """Values, dtype and shape are NumPy's; gradients are those of differences."""
    expected = np.asarray(f(*args))
    leaves = [ag.tensor(a, requires_grad=True) for a in args]
    got = f(*leaves)
    assert isinstance(got, ag.Tensor)
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    np.testing.assert_allclose(got.data, expected, rtol=1e-14)
    assert got.requires_grad
    assert ag.gradcheck(f, args)


@pytest.mark.parametrize("name", NUMPY)
def test_numpy_functions(name):
    check(*NUMPY[name])


@pytest.mark.parametrize("name", METHODS)
def test_methods(name):
    check(METHODS[name], X)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (lambda t: t.unsqueeze(1), X[:, None]),
        (lambda t: t.permute(1, 0), X.T),
        (lambda t: t.view(3, 2), X.reshape(3, 2)),
        (lambda t: t.clamp(min=0.0), np.maximum(X, 0)),
        (lambda t: t.flatten(1), X),
        (lambda t: t.mT, X.T),
        (lambda t: t.pow(2), X**2),
        (lambda t: t.exp(), np.exp(X)),
        (lambda t: t.square().sqrt().log(), np.log(np.abs(X))),
        (lambda t: t.tanh(), np.tanh(X)),
        (lambda t: t.sigmoid(), 1 / (1 + np.exp(-X))),
        (lambda t: t.relu(), np.maximum(X, 0)),
        (lambda t: t.argmax(1), X.argmax(1)),
        (lambda t: t.double().float().double(), X.astype(np.float32)),
    ],
)
def test_pytorchs_methods(got, expected):
    np.testing.assert_allclose(got(ag.tensor(X)).data, expected, rtol=1e-14)


def test_bare_answers_of_numpy():
    t = ag.tensor(X)
    assert np.allclose(t, X)
    assert np.array_equal(t, X)
    assert np.all(t > -5)
    assert (np.argsort(t) == np.argsort(X)).all()
    assert (np.shape(t), np.ndim(t), np.size(t)) == ((2, 3), 2, 6)
    special = ag.tensor(np.array([np.nan, np.inf, -np.inf, 1.0]))
    for f in (np.isnan, np.isinf, np.isfinite):
        np.testing.assert_array_equal(f(special).data, f(special.data))


@pytest.mark.parametrize(
    "call",
    [
        lambda t: np.polyfit(X[0], t[0], 1),
        lambda t: np.roots(t[0]),
        lambda t: np.add.reduceat(t, [0]),
    ],
)
def test_what_has_no_derivative_is_said(call):
    with pytest.raises(TypeError, match=r"has no derivative here.*custom_vjp.*detach"):
        call(ag.tensor(X, requires_grad=True))


def test_arguments_that_are_not_supported_are_named():
    t = ag.tensor(X)
    with pytest.raises(TypeError, match=r"np\.exp: where= alone leaves"):
        np.exp(t, where=X > 0)
    with pytest.raises(TypeError, match=r"np\.add: order= is not supported"):
        np.add(t, 1, order="F")
    with pytest.raises(TypeError, match="ravel: expected order 'C' or 'F'"):
        np.ravel(t, order="K")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda t: t.reshape(4, 2), r"reshape.*\(2, 3\).*\(4, 2\)"),
        (lambda t: t.squeeze(0), "axis 0 of shape"),
        (lambda t: np.split(t, 2, 1), "length 3 into 2"),
        (lambda t: t + np.ones(4), r"add.*\(2, 3\).*\(4,\)"),
        (lambda t: t @ np.ones(4), r"matmul.*\(2, 3\).*\(4,\)"),
        (lambda t: np.concatenate([t, t[:, :2]]), r"concatenate.*\(2, 3\).*\(2, 2\)"),
        (lambda t: t.sum(2), "axis 2"),
        (lambda t: t[:0].max(), "nothing to compare"),
        (lambda t: t.item(), "exactly one element"),
    ],
)
def test_shape_errors_name_op_and_shapes(call, text):
    with pytest.raises(ValueError, match=text):
        call(ag.tensor(X, requires_grad=True))


# Making ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda: ag.zeros(2, 3), np.zeros((2, 3), np.float32)),
        (lambda: ag.zeros((2, 3), dtype=np.float64), np.zeros((2, 3))),
        (lambda: ag.ones(()), np.ones((), np.float32)),
        (lambda: ag.full((2,), 7, dtype=np.int64), np.full(2, 7)),
        (lambda: ag.arange(3), np.arange(3)),
        (lambda: ag.arange(0, 1, 0.25), np.arange(0, 1, 0.25, np.float32)),
        (lambda: ag.linspace(0, 1, 5), np.linspace(0, 1, 5, dtype=np.float32)),
        (lambda: ag.eye(2, 3), np.eye(2, 3, dtype=np.float32)),
        (lambda: ag.zeros_like(ag.tensor(X)), np.zeros((2, 3))),
        (lambda: ag.ones_like(X, dtype=np.int64), np.ones((2, 3), int)),
        (lambda: ag.tensor([1, 2]), np.array([1, 2])),
        (lambda: ag.tensor([1.0, 2]), np.array([1, 2], np.float32)),
        (lambda: ag.tensor(np.float64(2)), np.array(2.0)),
        (lambda: ag.tensor(X.astype(">f8")), X),
        (lambda: ag.tensor([True]), np.array([True])),
    ],
)
def test_constructors(made, expected):
    t = made()
    assert t.dtype == expected.dtype
    assert t.dtype.isnative
    assert t.shape == expected.shape
    np.testing.assert_array_equal(t.data, expected)


@pytest.mark.parametrize("make", [ag.randn, ag.rand])
def test_random_tensors_come_from_the_seed(make):
    ag.manual_seed(0)
    first, other = make(1000, dtype=np.float64), make(1000, dtype=np.float64)
    ag.manual_seed(0)
    np.testing.assert_array_equal(make(1000, dtype=np.float64).data, first.data)
    assert (first.data != other.data).any()
    mean, deviation = (0, 1) if make is ag.randn else (0.5, 12**-0.5)
    assert abs(first.data.mean() - mean) < 0.1
    assert abs(first.data.std() - deviation) < 0.1


@pytest.mark.parametrize(
    ("data", "options"),
    [
        ([1, 2], {"requires_grad": True}),
        (np.array([1j], "G"), {}),
        (np.ones(2, np.float16), {}),
        (["a"], {}),
        ([None], {}),
    ],
)
def test_unfit_data_is_refused(data, options):
    with pytest.raises(TypeError, match="tensor: "):
        ag.tensor(data, **options)


def test_tensor_copies():
    data = X.copy()
    t = ag.tensor(data)
    data[0, 0] = 9
    assert t.data[0, 0] == X[0, 0]
    assert t.numpy() is t.data


# Being -------------------------------------------------------------------------------


def test_conversions_and_repr():
    t = ag.tensor([1.5])
    assert (t.item(), float(t), int(t), t.tolist()) == (1.5, 1.5, 1, [1.5])
    assert bool(t > 1)
    assert f"{t:.3f}" == "1.500"
    assert [10, 20, 30][ag.tensor(2)] == 30
    assert repr(t) == "tensor([1.5])"
    assert repr(ag.tensor(X[0, :1], requires_grad=True)) == (
        "tensor([0.3], dtype=float64, requires_grad=True)"
    )
    assert "op=exp" in repr(np.exp(ag.tensor([0.0], requires_grad=True)))
    with pytest.raises(TypeError, match="0-d"):
        len(ag.tensor(1.0))
    np.testing.assert_array_equal(np.asarray(ag.tensor(X)), X)
    assert len({ag.tensor([1.0]), ag.tensor([1.0])}) == 2  # hashed by identity


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_python_scalars_are_weak(dtype):
    t = ag.tensor(X.astype(dtype), requires_grad=True)
    out = (2 * t + 1.5 - 3) / 7 ** (t / 2)
    assert out.dtype == dtype
    out.mean().backward()
    assert t.grad.dtype == dtype


def test_dtypes_mix_as_in_numpy_and_gradients_come_back():
    a = ag.tensor(X.astype(np.float32), requires_grad=True)
    b = ag.tensor(Y, requires_grad=True)
    (a * b).sum().backward()
    assert (a * b).dtype == np.float64
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)
    assert (a.detach() * ag.tensor(np.arange(3))).dtype == np.float64


# In place ----------------------------------------------------------------------------


def test_in_place_methods():
    t = ag.tensor(X)
    data = t.data
    t.add_(1.0).mul_(Y).sub_(0.5).div_(2.0)
    np.testing.assert_allclose(t.data, ((X + 1) * Y - 0.5) / 2, rtol=1e-15)
    t += 1.0
    t[0, 1] = 5.0
    t[1] = [1.0, 2.0, 3.0]
    t[:, ::2] *= 2.0
    assert t.data is data
    np.testing.assert_array_equal(t.data[1], [2, 2, 6])
    assert t.data[0, 1] == 5
    t[X > 0] = 0.0
    assert (t.data[X > 0] == 0).all()
    assert (t.fill_(3.0).data == 3).all()
    assert (t.zero_().data == 0).all()
    t.copy_(t[::-1])
    np.testing.assert_array_equal(t.copy_(X).copy_(t[::-1]).data, X[::-1])


def test_in_place_never_loses_a_gradient():
    w = ag.tensor(2.0, requires_grad=True)
    total = ag.tensor(0.0)
    for _ in range(3):
        total += w * w  # outside the graph so far: becomes a tensor inside it
    total.backward()
    assert w.grad.item() == 12.0
    buffer = ag.zeros(3)
    buffer.copy_(w)
    buffer.add_(w)
    buffer[0] = w
    buffer.sum().backward()
    assert w.grad.item() == 12.0 + 5.0
    buffer = ag.zeros(3)
    with ag.no_grad():
        buffer[0] = w
    assert buffer.tolist() == [2, 0, 0]


@pytest.mark.parametrize(
    "write",
    [
        lambda t: t.add_(1),
        lambda t: t.zero_(),
        lambda t: t.__iadd__(1),
        lambda t: t.__setitem__(0, 1),
    ],
)
def test_leaves_that_require_grad_are_not_written_to(write):
    t = ag.tensor(X, requires_grad=True)
    with pytest.raises(RuntimeError, match="no_grad"):
        write(t)
    with ag.no_grad():
        write(t)
    assert (t.data != X).any()


def test_clone_is_a_copy_inside_the_graph():
    t = ag.tensor(X, requires_grad=True)
    copy = t.clone()
    assert not np.shares_memory(copy.data, t.data)
    (copy * Y).sum().backward()
    np.testing.assert_array_equal(t.grad.data, Y)
