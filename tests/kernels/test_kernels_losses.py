"""Kernels of elementwise losses: against float64, with slopes at the kinks."""

from itertools import pairwise

import numpy as np
import pytest

from autograd_kernels import losses as k

C = 0.75


def huber(d):
    return np.where(np.abs(d) <= C, d * d / 2, C * (np.abs(d) - C / 2))


# name: (loss, slope for x) in plain NumPy
LOSSES = {
    "mse": (lambda x, t: (x - t) ** 2, lambda x, t: 2 * (x - t)),
    "l1": (lambda x, t: np.abs(x - t), lambda x, t: np.sign(x - t)),
    "huber": (lambda x, t: huber(x - t), lambda x, t: np.clip(x - t, -C, C)),
    "bce": (
        lambda x, t: np.logaddexp(0, x) - x * t,
        lambda x, t: np.exp(-np.logaddexp(0, -x)) - t,
    ),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LOSSES)
def test_loss_and_slope(rng, dtype, name):
    n = 1001
    forward, backward = getattr(k, name), getattr(k, f"{name}_backward")
    x = rng.normal(scale=3, size=n).astype(dtype)
    t = rng.uniform(0, 1, n).astype(dtype)
    x[:4], t[:4] = [0.5, 1e4, -1e4, 0], [0.5, 1, 0, 0]
    c, scale, status = np.array([C], dtype), np.array([2], dtype), np.zeros(1, np.int64)
    wide = x.astype(float), t.astype(float)
    tol = {"rtol": 16 * np.finfo(dtype).eps, "atol": 4 * np.finfo(dtype).eps}
    parts = np.empty((2, n), dtype)
    g = rng.normal(size=n).astype(dtype)
    for out, cuts in zip(parts, ([0, n], [0, 1, 64, 501, n]), strict=True):
        for lo, hi in pairwise(cuts):
            forward(lo, hi, x, t, c, status, out)
    np.testing.assert_array_equal(*parts)
    np.testing.assert_allclose(parts[0], LOSSES[name][0](*wide), **tol)
    assert status[0] == 0
    for each in g, g[:1].copy():
        backward(0, n, x, t, c, each, scale, parts[0])
        expected = 2 * each * LOSSES[name][1](*wide)
        np.testing.assert_allclose(parts[0], expected, **tol)
    x[17] = x[40] = np.nan
    forward(0, n, x, t, c, status, parts[0])
    assert status[0] == 18
