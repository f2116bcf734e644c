"""Products of few rows by an untransposed B: B is read once, line by line, as it lies.

The tile of `matmul` would read 2 vectors of every line of B and wait for most of them:
a line is a page or more, and no prefetcher sees that far. Here STEPS lines of B pass at
a time, along many columns, while the sums lie in L1. A sum is a chain of FMAs in the
order of k, so that the bits are the same wherever columns are cut. The kernel takes the
arguments of `matmul.matmul`, and is compiled when there is such a product.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from autograd_kernels.jit import kernel
from autograd_kernels.llvm.integers import least
from autograd_kernels.llvm.lines import STEPS, add_lines
from autograd_kernels.llvm.memory import aligned, at, data
from autograd_kernels.llvm.target import BYTES
from autograd_kernels.llvm.tile import ADD, BIAS, RELU, nanoseconds
from autograd_kernels.matmul_units import SMALL

FEW = 4  # rows of A, at most
UNIT = 1 << 9  # bytes of columns in a unit; units beside each other are done as one
SUMS = 1 << 13  # bytes of sums of all rows: they and the lines of B fit into L1


def fits(m: int, n: int, k: int, tb: int, dtype: Any) -> bool:
    """Whether a product is one for this kernel."""
    size = np.dtype(dtype).itemsize
    wide = not tb and n * size >= UNIT and n * k * size > SMALL
    return BYTES > 0 and 0 < m <= FEW and k >= STEPS and wide


@cache
def plan(
    m: int, n: int, k: int, ta: int, tb: int, batch: int, dtype: Any
) -> tuple[int, int, int]:
    """Units, scratch elements for each part that runs at once, mode."""
    size = np.dtype(dtype).itemsize
    return batch * -(-n * size // UNIT), (SUMS + BYTES) // size, 0


@kernel(writes=2, cost=nanoseconds)
def matmul_few(lo, hi, ta, tb, mode, a, b, bias, scratch, out):
    """Product and epilogue as of `matmul.matmul`; units are columns of ``out``."""
    m, n, k = out.shape[-2], out.shape[-1], a.shape[-2] if ta else a.shape[-1]
    unit = UNIT // out.itemsize
    across = -(-n // unit)
    units = out.size // (m * n) * across
    step_a = 0 if a.size == m * k else m * k
    step_b = 0 if b.size == k * n else k * n
    row, column = (1, m) if ta else (k, 1)
    size = scratch.shape[1]
    seen = SUMS // out.itemsize // m // unit * unit
    space = at(data(scratch), lo // -(-units // len(scratch)) * size)
    a_at, b_at, c_at, bias_at = data(a), data(b), data(out), data(bias)
    sums = aligned(space)
    while lo < hi:
        batch, first = lo // across, lo % across
        last = least(first + hi - lo, across)
        lo += last - first
        left = at(a_at, batch * step_a)
        for j in range(first * unit, least(last * unit, n), seen):
            width = least(seen, least(last * unit, n) - j)
            for e in range(m * seen):
                sums[e] = 0
            for p in range(0, k, STEPS):
                right = at(b_at, batch * step_b + p * n + j)
                for i in range(m):
                    line = at(left, i * row + p * column)
                    total = at(sums, i * seen)
                    add_lines(width, least(STEPS, k - p), line, column, right, n, total)
            for i in range(m):
                target, total = at(c_at, (batch * m + i) * n + j), at(sums, i * seen)
                for e in range(width):
                    v = total[e]
                    if mode & ADD:
                        v = target[e] + v
                    if mode & BIAS:
                        v = v + bias_at[j + e]
                    target[e] = v
                    if mode & RELU and v <= 0:
                        target[e] = 0
