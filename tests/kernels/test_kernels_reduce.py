"""Reduction kernels: against NumPy in extended precision, cut by cut."""

import numpy as np
import pytest

from autograd_kernels import reduce as k

ROWS = [(1, 1), (3, 7), (32, 16), (5, 511), (4, 513), (2, 5000), (3, 64), (2, 130)]
COLS = [(1, 1, 2), (1, 32, 16), (2, 9, 3), (3, 8, 64), (2, 33, 70), (1, 5, 2100)]
DTYPES = [np.float32, np.float64]


def units(shape):
    return shape[0] * -(-shape[2] // k.UNIT)


def in_parts(kernel, n, *args):
    """The kernel's last argument, computed at once and then unit by unit."""
    out = args[-1]
    kernel(0, n, *args)
    whole = out.copy()
    out[...] = -1
    for i in range(n):
        kernel(i, i + 1, *args)
    np.testing.assert_array_equal(whole, out)
    return whole


def close(got, expected):
    """Equal up to the roundings inside a block, which are not compensated."""
    tol = 4 * np.finfo(got.dtype).eps
    np.testing.assert_allclose(got, expected.astype(float), rtol=tol)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", ROWS)
def test_rows(rng, dtype, shape):
    x = rng.uniform(0.5, 2, shape).astype(dtype)
    out = np.empty(shape[0], dtype)
    wide = x.astype(np.longdouble)
    close(in_parts(k.sum_rows, shape[0], x, out), wide.sum(1))
    mean = wide.mean(1).astype(dtype)
    spread = ((wide - mean[:, None]) ** 2).sum(1)
    close(in_parts(k.sqdev_rows, shape[0], x, mean, out), spread)
    x = (x - 1).round(1)  # ties
    for kernel, oracle in (k.max_rows, np.max), (k.min_rows, np.min):
        np.testing.assert_array_equal(in_parts(kernel, shape[0], x, out), oracle(x, 1))
    place = np.empty(shape[0], np.int64)
    got = in_parts(k.argmax_rows, shape[0], x, place)
    np.testing.assert_array_equal(got, x.argmax(1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", COLS)
def test_cols(rng, dtype, shape):
    x = rng.uniform(0.5, 2, shape).astype(dtype)
    out = np.empty((shape[0], shape[2]), dtype)
    wide = x.astype(np.longdouble)
    n = units(shape)
    close(in_parts(k.sum_cols, n, x, out), wide.sum(1))
    mean = wide.mean(1).astype(dtype)
    spread = ((wide - mean[:, None]) ** 2).sum(1)
    close(in_parts(k.sqdev_cols, n, x, mean, out), spread)
    x = (x - 1).round(1)
    for kernel, oracle in (k.max_cols, np.max), (k.min_cols, np.min):
        np.testing.assert_array_equal(in_parts(kernel, n, x, out), oracle(x, 1))
    place = np.empty(out.shape, np.int64)
    got = in_parts(k.argmax_cols, n, x, place)
    np.testing.assert_array_equal(got, x.argmax(1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 7, 8, 100])
def test_a_column_is_summed_alike_whatever_its_neighbours(rng, dtype, n):
    x = (rng.normal(size=(3, n, 40)) * 10.0 ** rng.integers(-3, 4)).astype(dtype)
    x[1, n // 2 :, 2] = np.inf
    whole = np.empty((3, 40), dtype)
    k.sum_cols(0, 3, x, whole)
    for width in 1, k.LANES, k.LANES + 1:
        few = np.empty((3, width), dtype)
        k.sum_cols(0, 3, np.ascontiguousarray(x[:, :, :width]), few)
        np.testing.assert_array_equal(few, whole[:, :width])


@pytest.mark.parametrize("n", [3, 64, 200])
def test_nan_wins(rng, n):
    for place in range(0, n, max(1, n // 7)):
        x = rng.normal(size=(1, n)).astype(np.float32)
        x[0, place] = np.nan
        x[0, (place + 1) % n] = np.inf
        out, where = np.empty(1, np.float32), np.empty(1, np.int64)
        for kernel in k.max_rows, k.min_rows, k.sum_rows:
            kernel(0, 1, x, out)
            assert np.isnan(out[0])
        k.argmax_rows(0, 1, x, where)
        assert where[0] == x[0].argmax() == place
        tall = np.stack([x[0], -x[0]], 1)[None]
        outs, wheres = np.empty((1, 2), np.float32), np.empty((1, 2), np.int64)
        for kernel in k.max_cols, k.min_cols, k.sum_cols:
            kernel(0, 1, tall, outs)
            assert np.isnan(outs).all()
        k.argmax_cols(0, 1, tall, wheres)
        assert (wheres == place).all()


def test_infinities_add_up():
    x = np.array([[1, np.inf], [-np.inf, 3], [np.inf, -np.inf]], np.float32)
    out = np.empty(3, np.float32)
    k.sum_rows(0, 3, x, out)
    np.testing.assert_array_equal(out, [np.inf, -np.inf, np.nan])
    out = np.empty((1, 3), np.float32)
    k.sum_cols(0, 1, np.ascontiguousarray(x.T)[None], out)
    np.testing.assert_array_equal(out[0], [np.inf, -np.inf, np.nan])


def test_sum_of_nothing():
    out = np.full(3, 7.0)
    k.sum_rows(0, 3, np.empty((3, 0)), out)
    np.testing.assert_array_equal(out, 0)
    out = np.full((3, 2), 7.0)
    k.sum_cols(0, 3, np.empty((3, 0, 2)), out)
    np.testing.assert_array_equal(out, 0)


@pytest.mark.parametrize(
    "make", [lambda n: np.full(n, 0.1), np.random.default_rng(3).random]
)
def test_long_sums_keep_their_digits(make):
    x = make(10_000_000).astype(np.float32)
    out = np.empty(1, np.float32)
    k.sum_rows(0, 1, x.reshape(1, -1), out)
    exact = x.sum(dtype=np.float64)
    assert abs(out[0] / exact - 1) < 1e-6
    columns = np.empty((1, 8), np.float32)
    k.sum_cols(0, 1, x[:8_000_000].reshape(1, -1, 8), columns)
    exact = x[:8_000_000].reshape(-1, 8).sum(0, dtype=np.float64)
    assert np.abs(columns[0] / exact - 1).max() < 1e-6
