"""Products of few rows, the kernel that reads B line by line, against float64."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.ops import matmul as ops
from autograd_kernels import matmul_few as few
from autograd_kernels.matmul import ADD, BIAS, RELU

SHAPES = [(1, 1024, 65), (2, 777, 333), (3, 128, 1001), (4, 2100, 19), (4, 131, 500)]


def run(a, b, ta, mode=0, bias=None, out=None, cuts=(), rows=1):
    """The kernel in parts that start at ``cuts``."""
    m, k = a.shape[-2:][::-1] if ta else a.shape[-2:]
    n, lead = b.shape[-1], b.shape[:-2]
    out = np.full((*lead, m, n), np.nan, a.dtype) if out is None else out
    bias = np.empty(0, a.dtype) if bias is None else bias
    batch = lead[0] if lead else 1
    units, size, _ = few.plan(m, n, k, ta, 0, batch, a.dtype)
    scratch = np.full((rows, size), np.nan, a.dtype)
    for lo, hi in pairwise([0, *(c for c in cuts if c < units), units]):
        few.matmul_few(lo, hi, ta, 0, mode, a, b, bias, scratch, out)
    return out


def bound(a, b):
    scale = abs(a.astype(np.float64)) @ abs(b.astype(np.float64))
    return scale * (a.shape[-1] + 2) * np.finfo(a.dtype).eps


@pytest.mark.skipif(not few.BYTES, reason="no vectors here")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ta", [0, 1])
def test_sums_cuts_and_epilogues(dtype, ta):
    rng = np.random.default_rng(0)
    for (m, n, k), mode in product(SHAPES, range(8)):
        a = rng.standard_normal((k, m) if ta else (m, k)).astype(dtype)
        b = rng.standard_normal((k, n)).astype(dtype)
        bias, old = rng.standard_normal(n).astype(dtype), np.ones((m, n), dtype)
        plain = run(a, b, ta)
        left = a.T if ta else a
        want = left.astype(np.float64) @ b.astype(np.float64)
        assert (abs(plain - want) <= bound(left, b)).all()
        out = run(a, b, ta, mode, bias, old.copy(), cuts=(1, 3), rows=2)
        step = plain + old if mode & ADD else plain
        step = step + bias if mode & BIAS else step
        step = np.where(step <= 0, 0, step) if mode & RELU else step
        np.testing.assert_array_equal(out, step)


@pytest.mark.skipif(not few.BYTES, reason="no vectors here")
def test_a_nan_reaches_its_columns_only():
    a, b = np.ones((2, 70), np.float32), np.ones((70, 700), np.float32)
    b[69, 5], b[3, 699], a[1, 8] = np.nan, np.inf, 0
    out = run(a, b, 0, RELU)
    assert np.isnan(out[:, 5]).all()
    assert np.isinf(out[:, 699]).all()
    assert np.isfinite(np.delete(out, [5, 699], 1)).all()


def test_eager_and_compiled_choose_it_alike():
    rng = np.random.default_rng(1)
    w = rng.standard_normal((300, 500), np.float32)
    a = rng.standard_normal((3, 300), np.float32)
    kernel, *_ = ops._geometry(a.shape, w.shape, False, False, a.dtype, 0)
    assert kernel is few.matmul_few or not few.BYTES
    batched = ag.tensor(np.stack([a, a])) @ ag.tensor(np.stack([w, w]))

    def f(x):
        return ag.nn.functional.relu(x @ ag.tensor(w))

    compiled = ag.compile(f)
    for _ in range(4):
        np.testing.assert_array_equal(compiled(a).numpy(), f(ag.tensor(a)).numpy())
    np.testing.assert_array_equal(batched.numpy()[1], (ag.tensor(a) @ w).numpy())
    if few.BYTES:
        assert "matmul_few" in str(compiled.program.explain())
        assert "matmul_relu" in str(compiled.program.explain())
