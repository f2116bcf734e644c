"""Writes in place within a graph: NumPy's values, right gradients, or an error."""

import contextlib
import functools
import operator

import numpy as np
import pytest

import autograd_core as ag

X = np.array([0.3, -0.7, 1.1, 2.0])


def filled(x):
    y = x * 2
    y[1] = x[0] * x[2]
    return y


def filled_twice(x):
    y = x * 2
    y[1:3] = x[0] * 5
    y[2] = np.sin(x[3])
    return y * x


def filled_zeros(x):
    y = np.zeros_like(x)
    for i in range(4):
        y[i] = x[i] ** (i + 1)
    return y


def recurrence(x):
    y = np.zeros_like(x)
    y[0] = x[0]
    for i in range(1, 4):
        y[i] = y[i - 1] * x[i] + np.sin(y[i - 1])
    return y


def recurrence_of_two(x):
    y = np.outer(x, x)
    for i in range(1, 4):
        y[i, 0] = y[i - 1, 1] * x[i]
        y[i, 1] /= y[i, 0]
    return y


def by_mask(x):
    y = x * x
    y[x < 0] = 3 * x[0]
    return y


def by_repeated_places(x):
    y = x * 1.5
    y[[0, 0, 2]] = x[1:] * 2
    return y


def by_columns(x):
    y = np.outer(x, x)
    y[:, 1] = x * 3
    y[2] += x
    return y


def read_before(x):
    y = x * 2
    z = y * y  # backward reads y as it was
    y[0] = x[3]
    return z + y


def output_read_before(x):
    y = np.exp(x)  # backward reads y as it was
    y[1] = x[2] ** 2
    y[2:] = 0.0
    return y * x


def added_up(x):
    s = x * 1
    for _ in range(3):
        s += np.sin(s)
    return s


def other_name(x):
    y = x * 2
    z = y
    z += x
    z *= x
    return y + z


def other_name_written(x):
    y = x * 2
    z = [y]
    z[0][1] = x[0]
    return y


def in_all_ways(x):
    y = x * 2
    keep = y
    y -= 1.5
    y /= x
    y **= 2
    y.add_(x).mul_(2.0).sub_(x).div_(x + 3)
    return keep * y


def products(x):
    y = np.outer(x, x)
    keep = y
    y @= np.outer(x, x + 1)
    return keep


def into_out(x):
    y = x * 2
    np.multiply(y, x, out=y)
    np.add(x, 1.0, out=y, where=X > 0)
    z = np.outer(x, x)
    np.multiply(y, 2.0, out=z)  # the operands broadcast to it
    y += z[1]
    return y


def copied_over(x):
    y = x * 2
    w = y * x
    y.copy_(np.sin(x))
    return y + w


def filled_by_numbers(x):
    y = x * 2
    w = y * y
    y.fill_(3.0)
    y[0] = x[1]
    y.zero_()
    y[2] = x[3]
    return y * x + w


def by_elements(x):
    y = x * 2
    y[1] += x[0]
    y[2] *= x[1]
    y[2:] **= 2
    return y


def result_is_dropped(x):
    y = x * 2
    operator.iadd(y, x)
    y.__imul__(x).__isub__(1.0)
    functools.partial(operator.iadd, y)(x)
    return y


def result_is_reduced(x):
    parts = [x * 2, x, x * x]
    return parts[0] * functools.reduce(operator.iadd, parts)


def result_is_kept_elsewhere(x):
    class Model:
        y = x * 2

    model = Model()
    model.y += x  # an attribute of the instance, and the class's own written to
    return Model.y * model.y


def result_is_refused(x):
    pair = (x * 2,)
    with contextlib.suppress(TypeError):
        pair[0] += x
    return pair[0]


def setter_keeps_it(x):
    class Model:
        def __init__(self):
            self.own = x * 2

        y = property(lambda self: self.own, lambda self, v: setattr(self, "seen", v))

    model = Model()
    model.y += x
    return model.own * model.seen


WRITES = (
    by_elements, result_is_dropped, result_is_reduced, result_is_kept_elsewhere,
    result_is_refused, setter_keeps_it,
    filled, filled_twice, filled_zeros, recurrence, recurrence_of_two, by_mask,
    by_repeated_places, by_columns,
    read_before, output_read_before, added_up, other_name, other_name_written,
    in_all_ways, products, into_out, copied_over, filled_by_numbers,
)  # fmt: skip
EVERY = pytest.mark.parametrize("f", WRITES, ids=lambda f: f.__name__)


class Numpys(np.ndarray):
    """An array with the methods by PyTorch's names, for NumPy's own results."""

    def add_(self, x):
        self += x
        return self

    def sub_(self, x):
        self -= x
        return self

    def mul_(self, x):
        self *= x
        return self

    def div_(self, x):
        self /= x
        return self

    def copy_(self, x):
        self[...] = x

    def fill_(self, x):
        self[...] = x

    def zero_(self):
        self[...] = 0


def plain(f):
    return lambda x: np.asarray(f(np.array(x).view(Numpys)))


@EVERY
def test_values_and_gradients(f):
    value, pullback = ag.vjp(f, X)
    np.testing.assert_allclose(value.numpy(), plain(f)(X), rtol=1e-14)
    g = np.random.default_rng(0).standard_normal(value.shape)
    h, right = 1e-5, np.zeros(4)
    for i in range(4):
        e = np.eye(4)[i] * h
        near = plain(f)(X + e) - plain(f)(X - e)
        far = plain(f)(X + 2 * e) - plain(f)(X - 2 * e)
        right[i] = np.vdot(g, 8 * near - far) / (12 * h)
    np.testing.assert_allclose(pullback(g)[0].numpy(), right, rtol=1e-8, atol=1e-9)


@EVERY
def test_second_derivatives(f):
    def loss(x):
        return (f(x) ** 2).sum()

    slope, v = ag.grad(loss), np.random.default_rng(1).standard_normal(4)
    h = 1e-5
    near = (slope(X + h * v) - slope(X - h * v)).numpy()
    far = (slope(X + 2 * h * v) - slope(X - 2 * h * v)).numpy()
    found = ag.hvp(loss, X, v).numpy()
    np.testing.assert_allclose(found, (8 * near - far) / (12 * h), rtol=1e-6, atol=1e-6)


@EVERY
def test_a_program_gives_the_same_bits(f):
    if f is by_mask:
        pytest.skip("a mask that a Program computes is refused")

    def step(x):
        x = ag.tensor(x, requires_grad=True)
        y = f(x)
        (y * y).sum().backward()
        return y, x.grad

    compiled = ag.compile(step, strict=True)
    for k in range(1, 5):
        for mine, right in zip(compiled(X * k), step(X * k), strict=True):
            assert mine.numpy().tobytes() == right.numpy().tobytes()


def view_before(x):
    y = x * 2
    u = y[1:]
    y[2] = x[0]
    return u, y


def update_before(x):
    y = x * 2
    u = y.reshape(2, 2)
    y += x
    return u, y


def view_itself(x):
    u = x * 2
    v = u[1:3]
    v *= x[1:3]
    return u, v


def view_of_the_input(x):
    v = x[1:]
    v += 1
    return v, x


def array_of_the_user(x):
    buffer = np.zeros(4)
    y = ag.Tensor(buffer)
    y[:] = x
    return y, buffer


def detached_before(x):
    y = x * 2
    u = y.detach()
    y += 1
    return y, u


@pytest.mark.parametrize(
    "f",
    [view_before, update_before, view_itself, view_of_the_input, array_of_the_user,
     detached_before],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_writes_that_a_view_would_see_are_refused(f):
    with pytest.raises(RuntimeError, match="another tensor or array sees its memory"):
        f(ag.tensor(X, requires_grad=True))


def test_leaves_with_a_gradient_and_integers_are_refused():
    leaf = ag.tensor(X, requires_grad=True)
    for write in (
        lambda: leaf.__setitem__(0, 1.0),
        lambda: leaf.__iadd__(1.0),
        lambda: leaf.zero_(),
    ):
        with pytest.raises(RuntimeError, match="a leaf that requires grad"):
            write()
    numbers = ag.tensor([1, 2])
    with pytest.raises(TypeError, match="can have no gradient"):
        numbers[0] = leaf[0]


def test_what_a_real_write_has_overwritten_is_an_error():
    x = ag.tensor(X, requires_grad=True)
    y = x * 2
    z = y * y
    with ag.no_grad():
        y += 1
    with pytest.raises(RuntimeError, match="changed in place since"):
        z.sum().backward()
    y = x * 2
    y[0] = x[1]
    z = np.exp(y) * y
    with ag.no_grad():
        y[1] = 5.0
    with pytest.raises(RuntimeError, match="changed in place since"):
        z.sum().backward()


def test_an_update_of_what_only_one_name_has_makes_no_copy_of_it():
    x = ag.tensor(np.ones(200_000), requires_grad=True)
    y = ag.zeros(200_000, dtype=np.float64)
    data = y._data
    address = data.ctypes.data
    del data
    for i in range(100):
        y[i] = x[i] * 2
    assert y._data.ctypes.data == address
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy()[:101], [2.0] * 100 + [0.0])


def test_without_a_graph_views_see_each_others_writes():
    y = ag.tensor(X)
    u = y[1:]
    y[2] = 5.0
    u[0] = 7.0
    u += 1
    np.testing.assert_array_equal(y.numpy(), [0.3, 8.0, 6.0, 3.0])
    np.testing.assert_array_equal(u.numpy(), [8.0, 6.0, 3.0])
