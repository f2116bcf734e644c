"""Batch norm over shards: against NumPy in extended precision, of the whole batch."""

import numpy as np
import pytest

from autograd_kernels import batchnorm as whole
from autograd_kernels import batchnorm_shards as k

CUTS = [(2, 1, [1, 1]), (30, 16, [11, 10, 9]), (64, 70, [8] * 8), (1000, 5, [999, 1])]


def cut(x, sizes):
    return np.split(x, np.cumsum(sizes)[:-1])


def in_parts(kernel, args, outs):
    """The outputs, computed at once and then block by block, which must be the same."""
    blocks = -(-args[0].shape[1] // whole.UNIT)
    kernel(0, blocks, *args, *outs)
    first = [out.copy() for out in outs]
    for out in outs:
        out[...] = 0
    for i in range(blocks):
        kernel(i, i + 1, *args, *outs)
    for one, other in zip(first, outs, strict=True):
        np.testing.assert_array_equal(one, other)
    return first


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("rows", "channels", "sizes"), CUTS)
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_forward_and_backward(rng, dtype, rows, channels, sizes, offset):
    x = rng.normal(offset, 1, (rows, channels)).astype(dtype)
    g = rng.normal(size=x.shape).astype(dtype)
    gamma, beta = rng.normal(size=(2, channels)).astype(dtype)
    eps = np.array([1e-5], dtype)
    xs, gs = cut(x, sizes), cut(g, sizes)
    empty = [np.empty((n, channels), dtype) for n in (4, 5, 2)]
    parts = [in_parts(k.moments, (a,), [empty[0].copy()])[0] for a in xs]
    parts = np.stack(parts)
    outs, sums, slopes = [], [], []
    for a in xs:
        status = np.zeros(1, np.int64)
        given = a, parts, gamma, beta, eps
        made = empty[1].copy(), status, np.empty_like(a)
        outs.append(in_parts(k.normalise, given, made))
        assert status[0] == 0
    stats = outs[0][0]
    for a, b in zip(gs, xs, strict=True):
        made = np.empty_like(gamma), empty[2].copy()
        sums.append(in_parts(k.products, (a, b, stats), made))
    both = np.stack([part for _, part in sums])
    for a, b in zip(gs, xs, strict=True):
        made = [np.empty_like(b)]
        slopes.append(in_parts(k.slopes, (a, b, gamma, stats, both), made)[0])

    wide = x.astype(np.longdouble)
    d = wide - wide.mean(0)
    r = 1 / np.sqrt((d * d).mean(0) + eps)
    tol = {"rtol": 30 * np.finfo(dtype).eps, "atol": 60 * np.finfo(dtype).eps}

    def near(got, expected, scale=1.0):
        expected = expected.astype(float)
        np.testing.assert_allclose(got / scale, expected / scale, **tol)

    near(np.concatenate([out for *_, out in outs]), d * r * gamma + beta)
    near(stats[0].astype(float) + stats[1], wide.mean(0), max(offset, 1))
    near(stats[2], (d * d).mean(0))
    assert (stats[4] == rows).all()
    assert len({one.tobytes() for one, *_ in outs}) == 1
    mean, weight = g.mean(0, dtype=np.longdouble), (g * d).mean(0)
    near(np.concatenate(slopes), gamma * r * (g - mean - d * r * r * weight))
    near(sum(dgamma for dgamma, _ in sums), weight * r * rows, rows)
    near(both[:, 0].sum(0), mean * rows, rows)


def test_running_statistics_are_those_of_the_kernel_for_one_shard(rng):
    """The same bits as `update_running` makes of the same numbers."""
    stats = rng.uniform(1, 2, (5, 21)).astype("f4")
    stats[4] = 12
    before = rng.uniform(1, 2, (2, 21)).astype("f4")
    momentum, status = np.array([0.1], "f4"), np.zeros(1, np.int64)
    expected, found = before.copy(), before.copy()
    whole.update_running(0, 21, stats[:4], 12, momentum, status, *expected)
    k.move_running(0, 21, stats, momentum, status, *found)
    np.testing.assert_array_equal(found, expected)
    status[0] = 1
    k.move_running(0, 21, stats, momentum, status, *found)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_in_one_shard_is_found_by_all(rng, value):
    xs = cut(rng.normal(size=(12, 30)).astype("f4"), [4, 4, 4])
    xs[1][2, 17] = value
    parts = np.empty((3, 4, 30), "f4")
    for x, part in zip(xs, parts, strict=True):
        k.moments(0, 2, x, part)
    one, eps = np.ones(30, "f4"), np.array([1e-5], "f4")
    for x in xs:
        status = np.zeros(1, np.int64)
        made = np.empty((5, 30), "f4"), status, np.empty_like(x)
        k.normalise(0, 2, x, parts, one, one, eps, *made)
        assert status[0] == 1 + 17
