"""The matmul kernel against NumPy in float64, with the error bound of a sum of FMAs."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest

from autograd_kernels import matmul as mm
from autograd_kernels.llvm.target import SIMD
from autograd_kernels.matmul import ADD, BIAS, RELU, matmul, plan

# The inner run of `test_forced_vector_width` keeps to a few sizes, and to batches: a
# batch is one signature for each dtype, where the numbers of axes make four to compile.
FORCED = "AUTOGRAD_CORE_SIMD" in os.environ
SIZES = (0, 1, 10, 33, 100) if FORCED else (0, 1, 3, 10, 17, 33, 100, 257)
PARTS = 2 if FORCED else 5  # products of a batch that is cut into parts
DTYPES = (np.float32, np.float64)
CASES = tuple(product((0, 1), (0, 1)))
# Through every path: in place, packed, several blocks of k, edges on each side.
SHAPES = [
    (32, 16, 4),
    (2, 70, 300),  # dot products
    (7, 101, 500),  # of four, two and one at once
    (300, 13, 900),
    (130, 270, 90),
    (65, 100, 1000),
    (350, 300, 400),  # both operands packed
    (1300, 70, 300),  # more rows than share a copy
    (40, 1100, 512),  # few rows, B larger than L2; all of the scratch is used
]


def operands(rng, m, n, k, ta, tb, dtype, batch=()):
    a = rng.standard_normal((*batch, k, m) if ta else (*batch, m, k))
    b = rng.standard_normal((*batch, n, k) if tb else (*batch, k, n))
    return a.astype(dtype), b.astype(dtype)


def run(a, b, ta, tb, mode=0, bias=None, out=None, cuts=(), rows=1):
    """The kernel over 0:units in parts that start at ``cuts``; out is returned."""
    m, k = a.shape[-2:][::-1] if ta else a.shape[-2:]
    n = b.shape[-2] if tb else b.shape[-1]
    lead = [x.shape[0] for x in (a, b) if x.ndim == 3]
    shape = (max(lead), m, n) if lead else (m, n)
    out = np.full(shape, np.nan, a.dtype) if out is None else out
    bias = np.empty(0, a.dtype) if bias is None else bias
    units, size, way = plan(m, n, k, ta, tb, max(lead, default=1), a.dtype)
    scratch = np.full((rows, size), np.nan, a.dtype)
    edges = [0, *(c for c in cuts if 0 < c < units), units]
    a, b, filled = map(given, (a, b, out))
    for lo, hi in pairwise(edges):
        matmul(lo, hi, ta, tb, way + mode, a, b, bias, scratch, filled)
    return out


def given(x):
    """The array as the kernel is given it."""
    return x[None] if FORCED and x.ndim == 2 else x


def exact(a, b, ta, tb):
    """The product in float64, and the largest error that rounding explains."""
    a = np.asarray(a.swapaxes(-1, -2) if ta else a, np.float64)
    b = np.asarray(b.swapaxes(-1, -2) if tb else b, np.float64)
    return a @ b, abs(a) @ abs(b) * (a.shape[-1] + 2)


def check(out, a, b, ta, tb, dtype):
    want, scale = exact(a, b, ta, tb)
    # float64 has NumPy's own rounding in the reference: two sums, two errors
    eps = np.finfo(dtype).eps * (1 if dtype == np.float64 else 0.5)
    assert out.dtype == dtype
    assert (abs(out - want) <= eps * scale).all()


@pytest.mark.parametrize(("ta", "tb"), CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_shape_is_within_the_bound_of_rounding(dtype, ta, tb):
    rng = np.random.default_rng(0)
    for m, n, k in product(SIZES, repeat=3):
        a, b = operands(rng, m, n, k, ta, tb, dtype)
        check(run(a, b, ta, tb), a, b, ta, tb, dtype)


@pytest.mark.parametrize(("ta", "tb"), CASES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("m", "n", "k"), [(5, 7, 3000), (300, 1000, 500), (1, 700, 400), (700, 1, 400)]
)
def test_large_shapes_are_within_the_bound_of_rounding(m, n, k, dtype, ta, tb):
    a, b = operands(np.random.default_rng(1), m, n, k, ta, tb, dtype)
    check(run(a, b, ta, tb), a, b, ta, tb, dtype)


@pytest.mark.parametrize(("ta", "tb"), CASES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_bits_do_not_depend_on_the_cuts(shape, dtype, ta, tb):
    rng = np.random.default_rng(2)
    a, b = operands(rng, *shape, ta, tb, dtype, batch=(3,))
    units, *_ = plan(*shape, ta, tb, 3, a.dtype)
    assert units >= 3
    whole = run(a, b, ta, tb)
    one_by_one = run(a, b, ta, tb, cuts=range(units), rows=units)
    anywhere = sorted(rng.integers(1, units, 3).tolist())
    assert whole.tobytes() == one_by_one.tobytes()
    assert whole.tobytes() == run(a, b, ta, tb, cuts=anywhere).tobytes()


@pytest.mark.skipif(SIMD == "none", reason="rows are cut by 64 without vectors")
@pytest.mark.parametrize("threads", [2, 4])
@pytest.mark.parametrize("shape", [(512, 512, 520), (1000, 700, 8), (100, 784, 64)])
def test_threads_get_as_much_each(shape, threads):
    m, n, _ = shape
    a, b = operands(np.random.default_rng(2), *shape, 0, 0, np.float32)
    units, size, mode = plan(*shape, 0, 0, 1, a.dtype)
    grain = -(-units // threads)
    scratch, bias = np.empty((1, size), np.float32), np.empty(0, np.float32)
    for lo in range(0, units, grain):
        out = np.full((m, n), np.nan, np.float32)
        arrays = *map(given, (a, b)), bias, scratch, given(out)
        matmul(lo, min(lo + grain, units), 0, 0, mode, *arrays)
        assert np.isfinite(out).mean() <= 1.1 / threads


@pytest.mark.parametrize(("ta", "tb"), CASES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_parts_at_multiples_of_the_grain_use_scratch_of_their_own(shape, dtype, ta, tb):
    """Rows that belong to other parts are poisoned and stay so."""
    rng = np.random.default_rng(3)
    a, b = operands(rng, *shape, ta, tb, dtype, batch=(PARTS,))
    m, n, k = shape
    units, size, mode = plan(m, n, k, ta, tb, PARTS, a.dtype)
    grain = -(-units // 4)
    out, bias = np.empty((PARTS, m, n), dtype), np.empty(0, dtype)
    for row, lo in enumerate(range(0, units, grain)):
        scratch = np.full((4, size), np.nan, dtype)
        hi = min(lo + grain, units)
        matmul(lo, hi, ta, tb, mode, a, b, bias, scratch, out)
        assert np.isnan(np.delete(scratch, row, axis=0)).all()
    assert out.tobytes() == run(a, b, ta, tb).tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("lead_a", "lead_b"),
    [((), (4,)), ((1,), (4,)), ((4,), ()), ((4,), (1,)), ((4,), (4,))],
)
def test_an_operand_without_a_batch_serves_every_product(lead_a, lead_b, dtype):
    rng = np.random.default_rng(4)
    for (m, n, k), (ta, tb) in product(SHAPES[:3], CASES):
        a, _ = operands(rng, m, n, k, ta, tb, dtype, batch=lead_a)
        _, b = operands(rng, m, n, k, ta, tb, dtype, batch=lead_b)
        out = run(a, b, ta, tb)
        assert out.shape == (4, m, n)
        check(out, a, b, ta, tb, dtype)


@pytest.mark.parametrize("mode", range(8))
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n", "k"), [*SHAPES, (9, 20, 0)])
def test_the_epilogue_is_bitwise_what_follows_the_product(m, n, k, dtype, mode):
    rng = np.random.default_rng(5)
    a, b = operands(rng, m, n, k, 0, 1, dtype)
    old = rng.standard_normal((m, n)).astype(dtype)
    bias = rng.standard_normal(n).astype(dtype)
    want = run(a, b, 0, 1)
    want = old + want if mode & ADD else want
    want = want + bias if mode & BIAS else want
    want = np.where(want <= 0, dtype(0), want) if mode & RELU else want
    out = run(a, b, 0, 1, mode, bias, old.copy())
    assert out.tobytes() == want.tobytes()


@pytest.mark.parametrize(("ta", "tb"), CASES)
@pytest.mark.parametrize("shape", SHAPES)
def test_nan_and_infinity_reach_exactly_the_elements_they_meet(shape, ta, tb):
    m, n, k = shape
    a, b = operands(np.random.default_rng(6), m, n, k, ta, tb, np.float32)
    a.swapaxes(0, ta)[m - 1, k // 2] = np.inf
    b.swapaxes(0, tb)[k - 1, n - 1] = np.nan
    with np.errstate(invalid="ignore"):
        want, _ = exact(a, b, ta, tb)
    out = run(a, b, ta, tb, RELU)
    assert (np.isnan(out) == np.isnan(want)).all()
    assert (np.isposinf(out) == np.isposinf(want)).all()
    assert not np.isneginf(out).any()


@pytest.mark.skipif(FORCED, reason="the inner run of this test")
@pytest.mark.parametrize("simd", ["avx512", "avx2", "neon", "none"])
def test_forced_vector_width(simd):
    """The tests above in a process of another width (on any CPU: LLVM splits)."""
    if simd == SIMD:
        pytest.skip("what this process runs")
    paths = [str(p) for p in sys.path if p]
    env = os.environ | {"AUTOGRAD_CORE_SIMD": simd, "PYTHONPATH": ":".join(paths)}
    env["AUTOGRAD_CORE_AHEAD"] = "0"  # no step follows, which needs other kernels
    chosen = "not large and not forced and not refused"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
               "-k", chosen, str(Path(__file__))]  # fmt: skip
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout


def test_unknown_vector_width_is_refused():
    env = os.environ | {"AUTOGRAD_CORE_SIMD": "mmx"}
    env["PYTHONPATH"] = str(Path(mm.__file__).parents[1])
    command = [sys.executable, "-c", "import autograd_kernels.llvm.target"]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert "AUTOGRAD_CORE_SIMD is 'mmx', expected one of" in done.stderr
