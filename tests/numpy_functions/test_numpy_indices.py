"""Indices of every kind against NumPy: values, gradients, writes and views."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_core as ag

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@st.composite
def indexed(draw):
    """A shape, and an index of it."""
    shape = draw(SHAPES)
    kinds = [
        hnp.basic_indices(shape, allow_newaxis=True),
        hnp.arrays(np.bool_, shape),
        st.booleans(),
    ]
    if shape and all(shape):
        kinds += [hnp.integer_array_indices(shape), parts(shape)]
    return shape, draw(st.one_of(kinds))


@st.composite
def parts(draw, shape):
    """Axis by axis, one kind each; arrays of one length."""
    n, out = draw(st.integers(1, 3)), []
    for length in shape[: draw(st.integers(1, len(shape)))]:
        place = st.integers(-length, length - 1)
        array = st.lists(place, min_size=n, max_size=n)
        kinds = [place, st.slices(length), array, array.map(np.array)]
        out.append(draw(st.one_of(kinds)))
        if draw(st.booleans()):
            out.append(None)
    if draw(st.booleans()):
        out.append(...)
    return tuple(out)


def with_tensors(index):
    """The same index, its arrays as Tensors."""
    if isinstance(index, tuple):
        return tuple(map(with_tensors, index))
    return ag.tensor(index) if isinstance(index, np.ndarray) else index


@given(case=indexed(), seed=st.integers(0, 99), tensors=st.booleans())
def test_values_gradients_and_writes_are_numpys(case, seed, tensors):
    shape, index = case
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    expected = x[index]
    w = rng.standard_normal(np.shape(expected))
    t = ag.tensor(x, requires_grad=True)
    ours = with_tensors(index) if tensors else index
    got = t[ours]
    assert got.shape == np.shape(expected)
    np.testing.assert_array_equal(got.data, expected)
    got.backward(w)
    gradient = np.zeros(shape)
    np.add.at(gradient, index, w)
    np.testing.assert_allclose(t.grad.data, gradient, rtol=1e-13, atol=1e-13)

    written, target = x.copy(), ag.tensor(x)
    written[index] = w
    target[ours] = ag.tensor(w) if tensors else w
    np.testing.assert_array_equal(target.data, written)
    written[index] = 7
    target[ours] = 7
    np.testing.assert_array_equal(target.data, written)


@given(case=indexed())
def test_an_index_gives_a_view_where_numpys_does(case):
    shape, index = case
    x = np.zeros(shape)
    t = ag.tensor(x)
    part, seen = x[index], t[index]
    if isinstance(part, np.ndarray) and part.size:
        assert np.shares_memory(seen.data, t.data) == np.shares_memory(part, x)


ODD = """
x[t1]
x[t1:]
x[:t1, t1]
x[[t1, 0]]
x[[t1, t1], [0, t1]]
x[t1, ..., None]
x[(t1,)]
x[[[t1]]]
x[np.int8(1)]
x[np.array(1)]
x[np.array(1), 0]
x[np.array([], int)]
x[range(2)]
x[np.bool_(False)]
x[np.array(True)]
x[tm]
x[:, tm[0]]
x[tm, None]
x[None, tm]
x[..., tm[0]]
x[ti]
x[ti, :1]
x[-1, ti]
x[np.s_[::-1], ti]
x[x > 0]
x[(x > 0) & (x < 2)]
x[~(x > 0)]
"""


@pytest.mark.parametrize("form", ODD.strip().splitlines())
def test_tensors_within_an_index(form):
    values = {
        "x": np.array([[0.5, -1.0, 3.0], [2.0, 2.5, -0.25]]),
        "t1": np.array(1),
        "tm": np.array([[True, False, True], [False, True, True]]),
        "ti": np.array([1, 0, 1]),
    }
    tensors = {name: ag.tensor(value) for name, value in values.items()}
    tensors["x"].requires_grad = True
    expected = eval(form, {"np": np, **values})  # noqa: S307
    got = eval(form, {"np": np, **tensors})  # noqa: S307
    np.testing.assert_array_equal(got.data, expected)
    assert got.requires_grad
