"""Reductions over the middle axis of a C-contiguous view (outer, n, inner).

``inner == 1`` is a reduction of rows, anything else one of columns. Sums are blocked,
and the blocks' sums are added with compensation (Knuth's TwoSum), so that a float32
sum of 1e7 terms keeps its last digits. The order of additions follows from the shape
alone; a column is summed the same way whatever its neighbours are.

A maximum or minimum of data with a NaN is NaN, as in NumPy; the part of ``n`` must not
be empty there.
"""

from __future__ import annotations

import numpy as np
from numba import carray

from autograd_kernels.jit import inline, kernel, reduction, rule
from autograd_kernels.llvm.floats import maximum, minimum
from autograd_kernels.llvm.integers import least
from autograd_kernels.llvm.memory import stack
from autograd_kernels.llvm.vector import LANES, first, load, splat, store, where

BLOCK = 512  # terms of a row that are summed plainly before a compensated addition
UNIT = 64  # columns of a unit of a column reduction
STRIP = 1024  # columns that are walked at once where a part holds so many


@rule
def plus(s, c, x):
    """Knuth's TwoSum: ``s + x``, and ``c`` with what that addition lost."""
    t = s + x
    z = t - s
    return t, c + ((s - (t - z)) + (x - z))


@inline
def settle(s, c):
    """The compensated sum; once ``s`` is infinite or NaN, ``c`` means nothing."""
    return s + c if s - s == 0 else s


@reduction
def sum_rows(lo, hi, x, out):
    """out[i] = sum of x[i, :]; units: rows. x: (rows, n), out: (rows,)."""
    zero = x.dtype.type(0)
    n = x.shape[1]
    for i in range(lo, hi):
        s = c = zero
        for start in range(0, n, BLOCK):
            b = zero
            part = x[i][start : start + BLOCK]
            for j in range(part.size):
                b += part[j]
            s, c = plus(s, c, b)
        out[i] = settle(s, c)


@reduction
def sqdev_rows(lo, hi, x, mean, out):
    """out[i] = sum of (x[i, :] - mean[i])**2; units: rows."""
    zero = x.dtype.type(0)
    n = x.shape[1]
    for i in range(lo, hi):
        s = c = zero
        m = mean[i]
        for start in range(0, n, BLOCK):
            b = zero
            part = x[i][start : start + BLOCK]
            for j in range(part.size):
                b += (part[j] - m) * (part[j] - m)
            s, c = plus(s, c, b)
        out[i] = settle(s, c)


@rule
def sum_few_cols(lo, hi, x, out):
    """`sum_cols` for at most `LANES` columns: their sums are one vector."""
    n, inner = x.shape[1], x.shape[2]
    mask = first(inner, LANES)
    zero = splat(x.dtype.type(0), mask)
    for o in range(lo, hi):
        total, lost, p = zero, zero, o * n * inner
        for _ in range(n >> 3):
            t = zero
            for _ in range(8):
                t = t + load(x, p, mask)
                p += inner
            total, lost = plus(total, lost, t)
        for _ in range(n & 7):
            total, lost = plus(total, lost, load(x, p, mask))
            p += inner
        lost = where(total - total != zero, zero, lost)
        store(total + lost, out, o * inner, mask)


@kernel
def sum_cols(lo, hi, x, out):
    """out[o, j] = sum over i of x[o, i, j]; units: outer * ceil(inner / UNIT).

    x: (outer, n, inner), out: (outer, inner). Eight rows are added plainly, then
    to the compensated sum.
    """
    n, inner = x.shape[1], x.shape[2]
    if inner <= LANES:
        sum_few_cols(lo, hi, x, out)
        return
    blocks = (inner + UNIT - 1) // UNIT
    total, lost = carray(stack(x, STRIP), STRIP), carray(stack(x, STRIP), STRIP)
    zero = x.dtype.type(0)
    unit = lo
    while unit < hi:
        o, left = unit // blocks, unit % blocks * UNIT
        many = least(least(hi - unit, blocks - unit % blocks), STRIP // UNIT)
        width = least(many * UNIT, inner - left)
        for j in range(width):
            total[j] = lost[j] = zero
        for i in range(0, n - 7, 8):
            for j in range(width):
                t = zero
                for r in range(8):
                    t += x[o, i + r, np.uint64(left + j)]
                total[j], lost[j] = plus(total[j], lost[j], t)
        for i in range(n & -8, n):
            for j in range(width):
                t = x[o, i, np.uint64(left + j)]
                total[j], lost[j] = plus(total[j], lost[j], t)
        for j in range(width):
            out[o, np.uint64(left + j)] = settle(total[j], lost[j])
        unit += many


@kernel
def sqdev_cols(lo, hi, x, mean, out):
    """out[o, j] = sum over i of (x[o, i, j] - mean[o, j])**2; units as in `sum_cols`.

    x: (outer, n, inner), mean and out: (outer, inner).
    """
    n, inner = x.shape[1], x.shape[2]
    blocks = (inner + UNIT - 1) // UNIT
    total, lost = carray(stack(x, UNIT), UNIT), carray(stack(x, UNIT), UNIT)
    zero = x.dtype.type(0)
    for unit in range(lo, hi):
        o, left = unit // blocks, unit % blocks * UNIT
        width = least(UNIT, inner - left)
        for j in range(width):
            total[j] = lost[j] = zero
        for i in range(n):
            for j in range(width):
                k = np.uint64(left + j)
                d = x[o, i, k] - mean[o, k]
                total[j], lost[j] = plus(total[j], lost[j], d * d)
        for j in range(width):
            out[o, np.uint64(left + j)] = settle(total[j], lost[j])


@reduction
def max_rows(lo, hi, x, out):
    """out[i] = max of x[i, :]; units: rows. x: (rows, n), out: (rows,)."""
    for i in range(lo, hi):
        X = x[i]
        m = X[0]
        for j in range(1, X.size):
            m = maximum(m, X[j])
        out[i] = m


@reduction
def min_rows(lo, hi, x, out):
    """out[i] = min of x[i, :]; units: rows. x: (rows, n), out: (rows,)."""
    for i in range(lo, hi):
        X = x[i]
        m = X[0]
        for j in range(1, X.size):
            m = minimum(m, X[j])
        out[i] = m


@inline
def _best_cols(pick, lo, hi, x, out):
    inner = x.shape[2]
    blocks = (inner + UNIT - 1) // UNIT
    best = carray(stack(x, UNIT), UNIT)
    for unit in range(lo, hi):
        o, left = unit // blocks, unit % blocks * UNIT
        width = least(UNIT, inner - left)
        for j in range(width):
            best[j] = x[o, 0, np.uint64(left + j)]
        for i in range(1, x.shape[1]):
            for j in range(width):
                best[j] = pick(best[j], x[o, i, np.uint64(left + j)])
        for j in range(width):
            out[o, np.uint64(left + j)] = best[j]


@inline
def _larger(a, b):
    return maximum(a, b)


@inline
def _smaller(a, b):
    return minimum(a, b)


@kernel
def max_cols(lo, hi, x, out):
    """out[o, j] = max over i of x[o, i, j]; shapes and units as in `sum_cols`."""
    _best_cols(_larger, lo, hi, x, out)


@kernel
def min_cols(lo, hi, x, out):
    """out[o, j] = min over i of x[o, i, j]; shapes and units as in `sum_cols`."""
    _best_cols(_smaller, lo, hi, x, out)


@kernel
def argmax_rows(lo, hi, x, out):
    """out[i] = index (int64) of the first maximum, or first NaN, of x[i, :].

    Units: rows. x: (rows, n), out: (rows,).
    """
    for i in range(lo, hi):
        m, where = x[i, 0], 0
        for j in range(1, x.shape[1]):
            v = x[i, j]
            if v > m or (v != v and m == m):
                m, where = v, j
        out[i] = where


@kernel
def argmax_cols(lo, hi, x, out):
    """out[o, j] = index (int64) of the first maximum, or first NaN, over i.

    x: (outer, n, inner), out: (outer, inner); units as in `sum_cols`.
    """
    n, inner = x.shape[1], x.shape[2]
    blocks = (inner + UNIT - 1) // UNIT
    for unit in range(lo, hi):
        o, left = unit // blocks, unit % blocks * UNIT
        right = least(inner, left + UNIT)
        for k in range(left, right):
            out[o, k] = 0
        for i in range(1, n):
            for k in range(left, right):
                m, v = x[o, out[o, k], k], x[o, i, k]
                if v > m or (v != v and m == m):
                    out[o, k] = i
