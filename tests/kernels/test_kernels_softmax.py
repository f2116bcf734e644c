"""Softmax and cross-entropy kernels: against plain NumPy in extended precision."""

import numpy as np
import pytest

from autograd_kernels import softmax as k

SHAPES = [(1, 1), (32, 3), (64, 10), (5, 47), (3, 385), (2, 1000)]
DTYPES = [np.float32, np.float64]


def in_parts(kernel, rows, *args):
    """The kernel's ``out``, computed at once and then row by row."""
    out = args[-1]
    kernel(0, rows, *args)
    whole = out.copy()
    out[...] = -1
    for i in range(rows):
        kernel(i, i + 1, *args)
    np.testing.assert_array_equal(whole, out)
    return whole


def with_status(kernel):
    """The kernel with the status before ``out``, for `in_parts`."""
    return lambda lo, hi, *args: kernel(lo, hi, *args[:-2], args[-1], args[-2])


def reference(x):
    x = x.astype(np.longdouble)
    top = x.max(1, keepdims=True)
    return x - top - np.log(np.exp(x - top).sum(1, keepdims=True))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [1.0, 1e4])
def test_against_extended_precision(rng, dtype, shape, size):
    rows, n = shape
    eps = np.finfo(dtype).eps
    x = (size * rng.normal(size=shape)).astype(dtype)
    logp = reference(x)
    p = np.exp(logp)
    g = rng.normal(size=shape).astype(dtype)
    out = np.empty(shape, dtype)
    kernel = k.row_stats_few if n <= k.FEW else k.row_stats
    stats = in_parts(kernel, rows, x, np.empty((2, rows), dtype))
    other = in_parts(k.row_stats, rows, x, np.empty((2, rows), dtype))
    np.testing.assert_array_equal(stats[0], other[0])
    np.testing.assert_allclose(stats[1], other[1], rtol=4 * eps)

    def near(got, expected, scale):
        error = np.abs(got - expected)
        assert (error <= 8 * eps * (np.abs(expected) + scale)).all()

    # x - max rounds once, and exp turns that absolute error into a relative one.
    loss_of_digits = 1 + np.abs(logp)
    near(in_parts(k.log_softmax, rows, x, stats, out), logp, 1)
    y = in_parts(k.softmax, rows, x, np.empty(shape, dtype))
    near(y, p, p * loss_of_digits + np.finfo(dtype).tiny)
    expected = y * (g - (y * g.astype(float)).sum(1, keepdims=True))
    near(in_parts(k.softmax_backward, rows, y, g, out), expected, np.sqrt(n))
    logy = logp.astype(dtype)
    expected = g - np.exp(logy.astype(float)) * g.sum(1, keepdims=True, dtype=float)
    got = in_parts(k.log_softmax_backward, rows, logy, g, out)
    near(got, expected, np.sqrt(n) * loss_of_digits)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("smooth", [0.0, 0.1])
@pytest.mark.parametrize("size", [1.0, 1e4])
def test_cross_entropy(rng, dtype, shape, smooth, size):
    rows, n = shape
    x = (size * rng.normal(size=shape)).astype(dtype)
    labels = rng.integers(0, n, rows)
    soft = rng.dirichlet(np.ones(n), rows).astype(dtype)
    s, scale = np.array([smooth], dtype), np.array([0.5], dtype)
    status = np.zeros(1, np.int64)
    stats, loss, gx = (
        np.empty((2, rows), dtype),
        np.empty(rows, dtype),
        np.empty_like(x),
    )
    k.row_stats(0, rows, x, stats)
    logp = reference(x)
    tol = {"rtol": 1e-5 if dtype == np.float32 else 1e-13}
    s0 = s[0].astype(float)
    cases = [
        (k.cross_entropy, k.cross_entropy_backward, labels, np.eye(n)[labels]),
        (k.soft_cross_entropy, k.soft_cross_entropy_backward, soft, soft),
    ]
    if n <= k.FEW:
        few = k.cross_entropy_backward_few
        cases.append((k.cross_entropy, few, labels, np.eye(n)[labels]))
    for forward, backward, target, dense in cases:
        t = (1 - s0) * dense.astype(np.longdouble) + s0 / n
        args = x, target, s, stats, status, loss
        expected = -(t * logp).sum(1).astype(float)
        got = in_parts(with_status(forward), rows, *args)
        np.testing.assert_allclose(got, expected, atol=tol["rtol"], **tol)
        assert status[0] == 0
        for g in rng.normal(size=rows).astype(dtype), rng.normal(size=1).astype(dtype):
            got = in_parts(backward, rows, x, target, s, stats, g, scale, gx)
            expected = t.sum(1, keepdims=True) * np.exp(logp) - t
            expected = 0.5 * g[:, None] * expected
            np.testing.assert_allclose(
                got,
                expected.astype(float),
                atol=tol["rtol"] / (1 if size == 1 else 0.1),
                **tol,
            )


def test_infinite_logits():
    inf = np.inf
    x = np.array([[0, inf, 1], [-inf, 0, 0], [-inf, -inf, -inf], [np.nan, 0, 0]])
    stats, out = np.empty((2, 4)), np.empty(4)
    for kernel in k.row_stats_few, k.row_stats:
        kernel(0, 4, x, stats)
        k.logsumexp(0, 4, stats, out)
        np.testing.assert_allclose(out, [inf, np.log(2), -inf, np.nan])
    y = np.empty_like(x)
    k.softmax(0, 4, x, y)
    np.testing.assert_allclose(y[1], [0, 0.5, 0.5])
    assert np.isnan(y[2:]).all()
    status, loss, smooth = np.zeros(1, np.int64), np.empty(2), np.zeros(1)
    weights = np.array([[0, 1, 0], [0, 0.5, 0.5]])
    k.soft_cross_entropy(1, 2, x[:2], weights, smooth, stats, loss, status)
    assert loss[1] == np.log(2)
    assert status[0] == 0


def test_status_names_the_first_offender(rng):
    x, smooth = rng.normal(size=(6, 3)), np.zeros(1)
    x[2, 1] = np.nan
    stats, loss, status = np.empty((2, 6)), np.empty(6), np.zeros(1, np.int64)
    k.row_stats(0, 6, x, stats)
    labels = np.array([0, 1, 2, 0, 1, 2])
    k.cross_entropy(0, 6, x, labels, smooth, stats, loss, status)
    assert status[0] == 1 + 2
    for bad in 3, -1, 1000, -1000:
        labels[4] = labels[5] = bad
        status[0] = 0
        k.cross_entropy(0, 6, x, labels, smooth, stats, loss, status)
        code, row = divmod(status[0] - 1, 6)
        assert (row, k.coded_label(code)) == (4, bad)
    status[0] = 0
    k.soft_cross_entropy(0, 6, x, np.full((6, 3), 1 / 3), smooth, stats, loss, status)
    assert status[0] == 1 + 2
