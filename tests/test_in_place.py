"""Writes in place: as NumPy does them, or an error; never a cut or wrapped number."""

import numpy as np
import pytest

import autograd_core as ag

DTYPES = ["f4", "f8", "?", "i1", "i2", "i4", "i8", "u1", "u8"]
OPERATORS = {
    "+=": lambda a, b: a.__iadd__(b),
    "-=": lambda a, b: a.__isub__(b),
    "*=": lambda a, b: a.__imul__(b),
    "/=": lambda a, b: a.__itruediv__(b),
    "**=": lambda a, b: a.__ipow__(b),
}
ASSIGNMENTS = {
    "[0] =": lambda a, b: a.__setitem__(0, np.ravel(b)[0] if np.ndim(b) else b) or a,
    "[:] =": lambda a, b: a.__setitem__(slice(None), b) or a,
    "[[0, 1]] =": lambda a, b: a.__setitem__([0, 1], b) or a,
    "[mask] =": lambda a, b: a.__setitem__(np.array([True, True]), b) or a,
}
WRITES = OPERATORS | ASSIGNMENTS
VALUES = {
    "2": 2,
    "-1": -1,
    "0.5": 0.5,
    "True": True,
    "300": 300,
    "2**40": 2**40,
    "nan": float("nan"),
    "1e300": 1e300,
    "list": [1, 2],
    "float list": [0.5, 2.0],
    "np.float64": np.float64(0.5),
    "np.int8": np.int8(3),
    "f4": np.array([0.5, 2], "f4"),
    "f8": np.array([0.5, 2]),
    "i8": np.array([1, -2]),
    "i1": np.array([1, -2], "i1"),
    "u1": np.array([1, 2], "u1"),
    "u8": np.array([1, 2], "u8"),
    "bool": np.array([True, False]),
    "Tensor": ag.tensor(np.array([0.5, 2.0])),
}
ERRORS = (TypeError, ValueError, OverflowError)


def tried(write, array, value):
    try:
        with np.errstate(all="ignore"):
            out = write(array, value)
    except ERRORS as error:
        return error
    return TypeError("no such operator") if out is NotImplemented else out


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_writes_are_numpys(dtype, write, value):
    start = np.array([1, 0] if dtype == "?" else [1, 2], dtype)
    plain = value.numpy() if isinstance(value, ag.Tensor) else value
    want = tried(write, start.copy(), plain)
    tensor = ag.tensor(start)
    got = tried(write, tensor, value)
    if isinstance(want, Exception):
        assert isinstance(got, ERRORS)
        np.testing.assert_array_equal(tensor.numpy(), start)
    else:
        assert got is tensor
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)


@pytest.mark.parametrize("method", ["add_", "sub_", "mul_", "div_"])
def test_methods_do_not_cut_floats(method):
    i = ag.tensor([1, 2, 3])  # PyTorch 2.13: "result type Float can't be cast to Long"
    for other in (0.5, np.full(3, 0.5), ag.tensor([0.5] * 3), [0.5] * 3):
        with pytest.raises(TypeError, match=f"^{method}: the result is float"):
            getattr(i, method)(other)
    assert i.tolist() == [1, 2, 3]


@pytest.mark.parametrize("value", [1e300, np.nan, np.inf, -1e300])
def test_copies_into_integers_hold_what_fits(value):
    i = ag.tensor([1, 2, 3])
    for given in (np.full(3, value), [value] * 3, ag.tensor([np.float64(value)] * 3)):
        with pytest.raises((ValueError, OverflowError)):
            i.copy_(given)
    assert i.tolist() == [1, 2, 3]
    assert i.copy_(np.array([1.5, 2.5, -3.5])).tolist() == [1, 2, -3]  # as NumPy


def powered(p):
    p **= 2
    return p


def multiplied(p):
    p @= np.array([[0.0, 1.0], [1.0, 0.0]])
    return p


def divided(p):
    p /= np.array([[2.0, 4.0], [8.0, 16.0]])
    return p


@pytest.mark.parametrize("update", [powered, multiplied, divided])
def test_updates_change_the_parameter_itself(update):
    start = np.array([[1.0, 2.0], [3.0, 4.0]])
    p = ag.tensor(start, requires_grad=True)
    with ag.no_grad():
        assert update(p) is p
    np.testing.assert_array_equal(p.numpy(), update(start.copy()))
    assert p.requires_grad
    assert p.is_leaf


def test_updates_by_remainders():
    p = q = ag.tensor([7.0, 8.0], requires_grad=True)
    with ag.no_grad():
        p //= 2
        p %= 3
    assert p is q
    assert p.tolist() == [0, 1]


@pytest.mark.parametrize(
    "value",
    [
        np.ones((2, 3)),
        np.ones((1, 3)),
        np.ones((1, 1, 2, 3)),
        np.ones(()),
        2.0,
        [1] * 3,
    ],
)
def test_assigned_shapes_are_numpys(value):
    want = np.zeros((2, 3))
    want[:] = value
    t = ag.zeros(2, 3, dtype=np.float64)
    t[:] = value
    np.testing.assert_array_equal(t.numpy(), want)


@pytest.mark.parametrize("value", [np.ones(4), np.ones((3, 2)), np.ones((2, 1, 3))])
def test_shapes_that_do_not_fit(value):
    t = ag.zeros(2, 3)
    for write in (t.copy_, lambda v: t.__setitem__(slice(None), v)):
        with pytest.raises(ValueError, match=r"cannot write values of shape .* to"):
            write(value)
    with pytest.raises(ValueError, match=r"does not fit|broadcast"):
        t += value


def test_a_parameters_data_are_not_updated_by_what_requires_grad():
    w = ag.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match="out= is not supported"):
        w.data -= 0.1 * w
    with pytest.raises(TypeError, match=r"got Tensor; take its .data"):
        w.data = w.data - ag.ones(2)
    with pytest.raises(TypeError, match="expected a NumPy array, got list"):
        w.data = [1.0, 2.0]
    np.testing.assert_array_equal(w.data, [1.0, 2.0])


def test_clip_without_bounds_is_a_copy():
    t = ag.tensor([1.0, 2.0])
    np.clip(t, None, None)[0] = 9
    assert t.tolist() == [1, 2]


# Aliases ---------------------------------------------------------------------------


def test_a_shared_gradient_is_shared():
    x, y = (ag.tensor([1.0, 1.0], requires_grad=True) for _ in range(2))
    (y * 1).sum().backward()
    x.grad = y.grad
    (x * 3 + y * 5).sum().backward()
    assert x.grad.tolist() == [9, 9]  # as in PyTorch 2.13


def test_gradients_have_memory_of_their_own():
    a, b, c = (ag.tensor([1.0, 2.0], requires_grad=True) for _ in range(3))
    seed = np.arange(6, dtype=np.float32)
    np.concatenate([a, b, c + b]).backward(seed)
    a.grad[:] = seed[:] = 9
    assert b.grad.tolist() == [2 + 4, 3 + 5]
    assert c.grad.tolist() == [4, 5]
    d = ag.tensor(3.0, requires_grad=True)
    d.backward()
    d.grad += 4  # not of the one that every backward starts from
    d.grad = None
    d.backward()
    assert d.grad.item() == 1


@pytest.mark.parametrize(
    "view",
    [
        lambda t: t[:],
        lambda t: t[::-1],
        lambda t: t.reshape(2, 1),
        lambda t: t.T,
        lambda t: t.detach(),
        lambda t: np.transpose(t),
        lambda t: np.split(t, 1)[0],
        lambda t: t.flatten(),
        lambda t: t.unsqueeze(0)[0],
        lambda t: np.expand_dims(t, 0),
    ],
)
def test_writes_through_views_are_seen(view):
    w = ag.tensor([1.0, 2.0], requires_grad=True)
    y = (w * w).sum()
    with ag.no_grad():
        v = view(w)
        v += 1
    with pytest.raises(RuntimeError, match="changed in place since"):
        y.backward()


@pytest.mark.parametrize(
    "copy", [lambda t: t.clone(), np.copy, lambda t: t.astype(float), lambda t: t + 0]
)
def test_writes_to_copies_are_nobodys_business(copy):
    w = ag.tensor([1.0, 2.0], requires_grad=True)
    y = (w * w).sum()
    with ag.no_grad():
        v = copy(w)
        v += 1
    y.backward()
    assert w.grad.tolist() == [2, 4]


# NumPy's arrays under a tensor --------------------------------------------------------


def test_pytorchs_way_to_step():
    w = ag.tensor([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    before = w.version[0]
    w.data -= 0.1 * w.grad
    np.testing.assert_allclose(w.data, [0.8, 1.6], rtol=1e-6)
    assert w.version[0] > before
    out = np.zeros(2, np.float32)
    assert np.add(w.detach(), 1.0, out=out) is out
    with pytest.raises(TypeError, match="out= is not supported"):
        np.multiply(w, 2.0, out=out)


def test_masks_are_not_dropped():
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    for call in (
        ag.tensor,
        ag.compile(lambda x: ag.tensor(x)),
        np.exp(ag.zeros(2)).mul_,
    ):
        with pytest.raises(TypeError, match="mask"):
            call(masked)
