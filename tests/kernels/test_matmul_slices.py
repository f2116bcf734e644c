"""Small products of long columns: sums in slices, which follow from the shape alone."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.ops.matmul import _slices

SHAPES = [(64, 64, 8192), (70, 33, 9001), (1, 300, 50_000), (200, 1, 40_003)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("m", "n", "k"), SHAPES)
def test_slices_are_within_the_bound_of_rounding(m, n, k, dtype):
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((k, size)).astype(dtype) for size in (m, n))
    got = (ag.tensor(a).T @ ag.tensor(b)).numpy()
    x, y = a.astype(np.float64), b.astype(np.float64)
    scale = (abs(x).T @ abs(y)) * (k + 2) * np.finfo(dtype).eps
    assert got.dtype == dtype
    assert (abs(got - x.T @ y) <= scale).all()


@pytest.mark.parametrize("threads", [1, 2, 5, 16])
def test_their_bits_depend_on_no_thread_and_on_no_program(threads):
    rng = np.random.default_rng(0)
    w = ag.tensor(rng.standard_normal((50, 40)).astype("f4"), requires_grad=True)
    x, g = (rng.standard_normal((9001, size)).astype("f4") for size in (50, 40))
    assert _slices(x.shape, g.shape, x.dtype) > 1

    def gradient(x, g):
        w.grad = None
        (x @ w * g).sum().backward()
        return w.grad

    before = ag.get_num_threads()
    try:
        ag.set_num_threads(1)
        want = gradient(ag.tensor(x), ag.tensor(g)).numpy().tobytes()
        ag.set_num_threads(threads)
        assert gradient(ag.tensor(x), ag.tensor(g)).numpy().tobytes() == want
        compiled = ag.compile(lambda x, g: ag.grad(lambda w: (x @ w * g).sum())(w))
        for _ in range(12):
            assert compiled(x, g).numpy().tobytes() == want
    finally:
        ag.set_num_threads(before)


def test_what_is_large_enough_or_short_is_one_sum():
    for m, n, k in [(512, 784, 128), (2048, 2048, 4096), (8, 8, 4096), (64, 64, 2047)]:
        assert _slices((k, m), (k, n), np.dtype("f4")) == 1
