"""Gradients at kinks, at infinities and of NaN: what PyTorch 2.13 gives."""

import warnings

import numpy as np
import pytest

import autograd_core as ag

INF, NAN = np.inf, np.nan
NANS = [[1, NAN, 3, 2], [2, 1, NAN, 2]]


def grads(f, *values):
    """Gradients of ``sum(f(*values))``, once as they are and once with a graph."""
    leaves = [ag.tensor(np.asarray(v, float), requires_grad=True) for v in values]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        f(*leaves).sum().backward(create_graph=True)
        with_graph = [leaf.grad.data.copy() for leaf in leaves]
        for leaf in leaves:
            leaf.grad = None
        f(*leaves).sum().backward()
    for leaf, other in zip(leaves, with_graph, strict=True):
        np.testing.assert_array_equal(leaf.grad.data, other)
    return with_graph


# function, values, gradients: PyTorch 2.13, where no other source is named
KINKS = {
    "root of maximum": (lambda x: np.sqrt(np.maximum(x, 0)), [[-1, 4]], [[0, 0.25]]),
    "root of minimum": (lambda x: np.sqrt(-np.minimum(0, x)), [[1, -4]], [[0, -0.25]]),
    "log of maximum": (lambda x: np.log(np.maximum(0.0, x)), [[-2, 2]], [[0, 0.5]]),
    "1 / minimum": (lambda x: 1 / np.minimum(x, 0.0), [[1, -2]], [[0, -0.25]]),
    "maximum": (np.maximum, NANS, [[0, 1, 1, 0.5], [1, 1, 1, 0.5]]),
    "minimum": (np.minimum, NANS, [[1, 1, 1, 0.5], [0, 1, 1, 0.5]]),
    "1 / sign": (lambda x: 1 / np.sign(x), [[0, 1]], [[0, 0]]),
    "x ** 0": (lambda x: x**0, [[INF, 0, NAN]], [[0, 0, 0]]),
    "root of x ** 0 - 1": (lambda x: np.sqrt(x**0.0 - 1), [[2, INF]], [[0, 0]]),
    "x ** b": (
        np.power,
        [[0, 0, 0, 2], [0, -1, 2, 3]],
        [[0, -INF, 0, 12], [0, -INF, 0, 8 * np.log(2)]],
    ),
    "0 ** b": (lambda b: 0.0**b, [[-1, 0, 1, NAN]], [[-INF, 0, 0, NAN]]),
    "a ** b at 0": (lambda b: np.zeros(4) ** b, [[-1, 0, 1, NAN]], [[-INF, 0, 0, NAN]]),
    "(-2) ** b": (lambda b: (-2.0) ** b, [[-1, 2]], [[NAN, NAN]]),
    "max": (np.max, [[NAN, 1]], [[1, 0]]),
    "root of max": (lambda x: np.sqrt(np.max(x)), [[0, -1]], [[INF, 0]]),
    "std of a constant": (np.std, [[3, 3, 3]], [[0, 0, 0]]),
    "std of rows": (lambda x: x.std(0), [[[1, 0], [1, 2]]], [[[0, -0.5], [0, 0.5]]]),
    "clip by NaN": (lambda x: np.clip(x, NAN, 2), [[1, 3]], [[0, 0]]),
}


@pytest.mark.parametrize("name", KINKS)
def test_gradient_at_a_kink(name):
    function, values, expected = KINKS[name]
    for got, wanted in zip(grads(function, *values), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-15)


def test_second_derivative_of_std_is_finite_at_a_constant():
    x = ag.tensor(np.array([[3.0, 3.0], [1.0, 4.0]]), requires_grad=True)
    x.std(1).sum().backward(create_graph=True)
    (x.grad * x.grad).sum().backward()
    assert np.isfinite(x.grad.data).all()


BOUNDS = [NAN, 1.0, None, [NAN, 1.0, 2.0, 0.0], [1, 1, 5, 1]]


@pytest.mark.parametrize("low", BOUNDS)
@pytest.mark.parametrize("high", BOUNDS)
def test_clip_is_numpys(low, high):
    x = np.array([0.0, NAN, 3.0, 1.0])
    low = np.array(low) if isinstance(low, list) else low
    high = np.array(high) if isinstance(high, list) else high
    for clip in (np.clip, lambda t, *bounds: t.clip(*bounds)):
        np.testing.assert_array_equal(
            clip(ag.tensor(x), low, high).data, np.clip(x, low, high)
        )


def test_clip_without_bounds_is_a_new_tensor():
    t = ag.tensor([1.0, 2.0])
    np.clip(t, None, None)[0] = 9.0
    assert t.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("number", [-1, 300, 255, 2**70])
@pytest.mark.parametrize(
    "ufunc", [np.less, np.less_equal, np.equal, np.not_equal, np.greater]
)
def test_integers_compare_with_any_int(ufunc, number):
    x = np.array([0, 1, 255], np.uint8)
    for args in ((x, number), (number, x)):
        given = [ag.tensor(a) if a is x else a for a in args]
        np.testing.assert_array_equal(ufunc(*given).data, ufunc(*args))


@pytest.mark.parametrize("ufunc", [np.negative, np.abs, np.sign, np.square])
@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.bool_])
def test_integers_stay_integers(ufunc, dtype):
    x = np.array([0, 1, 3]).astype(dtype)
    try:
        expected = ufunc(x)
    except TypeError:
        with pytest.raises(TypeError, match=r"(?i)bool"):
            ufunc(ag.tensor(x))
    else:
        got = ufunc(ag.tensor(x)).data
        np.testing.assert_array_equal(got, expected)
        assert got.dtype == expected.dtype


@pytest.mark.parametrize("dtype", ["G", object, "f2", np.longdouble, "S1", "M8[s]"])
def test_astype_names_a_dtype_that_it_cannot_give(dtype):
    with pytest.raises(TypeError, match=r"astype: .* got dtype "):
        ag.tensor([1.0]).astype(dtype)


@pytest.mark.parametrize("dtype", [">f8", ">i4", "<f4", "u1", bool])
def test_astype_gives_native_bytes(dtype):
    x = np.array([1.5, 0.0, 3.0])
    got = ag.tensor(x).astype(dtype)
    assert got.dtype == np.dtype(dtype).newbyteorder("=")
    assert got.dtype.isnative
    np.testing.assert_array_equal(got.data, x.astype(dtype))
