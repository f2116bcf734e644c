"""Batch-norm kernels: against NumPy in extended precision."""

import numpy as np
import pytest

from autograd_kernels import batchnorm as k

SHAPES = [(2, 1), (32, 16), (9, 3), (64, 128), (5, 70), (1000, 65), (19, 1100)]
DTYPES = [np.float32, np.float64]


def in_parts(kernel, channels, args, outs):
    """All of ``outs``, computed at once and then block by block."""
    blocks = -(-channels // k.UNIT)
    kernel(0, blocks, *args, *outs)
    whole = [out.copy() for out in outs]
    for out in outs:
        out[...] = -1
    for i in range(blocks):
        kernel(i, i + 1, *args, *outs)
    for one, other in zip(whole, outs, strict=True):
        np.testing.assert_array_equal(one, other)
    return whole


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_forward_and_backward(rng, dtype, shape, offset):
    channels, eps = shape[1], np.array([1e-5], dtype)
    x = rng.normal(offset, 1, shape).astype(dtype)
    g = rng.normal(size=shape).astype(dtype)
    gamma, beta = rng.normal(size=(2, channels)).astype(dtype)
    stats, status = np.empty((4, channels), dtype), np.zeros(1, np.int64)

    def forward(lo, hi, x, gamma, beta, eps, stats, out):
        k.forward_cols(lo, hi, x, gamma, beta, eps, stats, status, out)

    args, outs = (x, gamma, beta, eps), (stats, np.empty_like(x))
    stats, out = in_parts(forward, channels, args, outs)
    assert status[0] == 0

    wide = x.astype(np.longdouble)
    d = wide - wide.mean(0)
    r = 1 / np.sqrt((d * d).mean(0) + eps)
    tol = {"rtol": 20 * np.finfo(dtype).eps, "atol": 60 * np.finfo(dtype).eps}

    def near(got, expected, scale=1.0):
        expected = expected.astype(float)
        np.testing.assert_allclose(got / scale, expected / scale, **tol)

    near(out, d * r * gamma + beta)
    near(stats[0].astype(float) + stats[1], wide.mean(0), max(offset, 1))
    near(stats[2], (d * d).mean(0))
    outs = np.empty_like(x), np.empty_like(gamma), np.empty_like(gamma)
    dx, dgamma, dbeta = in_parts(k.backward_cols, channels, (g, x, gamma, stats), outs)
    mean = g.mean(0, dtype=np.longdouble)
    weight = (g * d).mean(0)
    near(dx, gamma * r * (g - mean - d * r * r * weight))
    near(dbeta, mean * len(x), len(x))
    near(dgamma, weight * r * len(x), len(x))


def test_running_statistics_are_unbiased_and_wait_for_the_status(rng):
    x = rng.normal(3, 2, (10, 4))
    stats, status = np.empty((4, 4)), np.zeros(1, np.int64)
    args = np.ones(4), np.zeros(4), np.array([1e-5]), stats, status, np.empty_like(x)
    k.forward_cols(0, 1, x, *args)
    mean, variance = rng.normal(size=4), rng.uniform(1, 2, 4)
    expected = 0.9 * mean + 0.1 * x.mean(0), 0.9 * variance + 0.1 * x.var(0, ddof=1)
    momentum = np.array([0.1])
    k.update_running(0, 4, stats, 10, momentum, status, mean, variance)
    np.testing.assert_allclose(mean, expected[0], rtol=1e-14)
    np.testing.assert_allclose(variance, expected[1], rtol=1e-14)

    x[5, 2] = np.nan
    k.forward_cols(0, 1, x, *args)
    assert status[0] == 1 + 2
    before = mean.copy(), variance.copy()
    k.update_running(0, 4, stats, 10, momentum, status, mean, variance)
    np.testing.assert_array_equal((mean, variance), before)


@pytest.mark.parametrize("rows", [1, 8])
def test_leading_outliers_and_constant_channels(rng, rows):
    """The worst data for a variance about the first values: n / 8 roundings."""
    x = rng.normal(size=(1000, 3)).astype(np.float32)
    x[:rows] += 1e5
    x[:, 1] = 12345.678
    gamma, beta = np.ones(3, np.float32), np.zeros(3, np.float32)
    stats, status = np.empty((4, 3), np.float32), np.zeros(1, np.int64)
    out, eps = np.empty_like(x), np.array([1e-5], np.float32)
    k.forward_cols(0, 1, x, gamma, beta, eps, stats, status, out)
    wide = x.astype(float)
    tol = len(x) / 8 * 2 * np.finfo(np.float32).eps
    np.testing.assert_allclose(stats[2], wide.var(0), rtol=tol)
    expected = (wide - wide.mean(0)) / np.sqrt(wide.var(0) + eps)
    np.testing.assert_allclose(out, expected, rtol=tol, atol=tol)
    assert not out[:, 1].any()
