"""Clipping of gradients and of weights, soft thresholds.

Tables have one column but for `shrink`, whose arrays have the dtype of ``like``.
"""

import math

import numpy as np

from autograd_kernels.jit import kernel, reduction
from autograd_kernels.llvm.integers import least
from autograd_kernels.llvm.memory import pointer
from autograd_kernels.pointers import CHUNK, span, stretch


@reduction(writes=2)
def norm_parts(lo, hi, power, like, sums, table):
    """sums[u] = sum of |x|^power over unit u, for an infinite power the maximum.

    In double precision: the squares of large float32 numbers stay finite.
    """
    p = power[0]
    for r in range(table.shape[0]):
        row = table[r]
        start, stop = span(r, lo, hi, table)
        for a in range(start, stop, CHUNK):
            x = stretch(row, 1, a, least(a + CHUNK, stop), like)
            total = 0.0
            if p == 2.0:
                for i in range(x.size):
                    total += np.float64(x[i]) * np.float64(x[i])
            elif p == 1.0:
                for i in range(x.size):
                    total += abs(np.float64(x[i]))
            elif p == math.inf:
                for i in range(x.size):
                    y = abs(np.float64(x[i]))
                    total = y if y > total or y != y else total
            else:
                for i in range(x.size):
                    total += abs(np.float64(x[i])) ** p
            sums[row[-1] + a // CHUNK] = total


@kernel(writes=2)
def clip_factor(lo, hi, power, limit, sums, status, out):
    """out = [norm, min(1, limit / (norm + 1e-6))], float64; one unit."""
    if lo < hi:
        total = 0.0
        for part in sums:
            if power[0] != math.inf:
                total += part
            else:
                total = part if part > total or part != part else total
        norm = total if power[0] == math.inf else total ** (1.0 / power[0])
        factor = limit[0] / (norm + 1e-6)
        if factor > 1.0 or limit[0] == math.inf:
            factor = 1.0  # a factor of NaN stays NaN
        out[0], out[1] = norm, factor
        status[0] = 0 if norm < math.inf else 1


@kernel(columns=(0,))
def rescale(lo, hi, factor, like, table):
    """x *= factor[1], the second result of `clip_factor`."""
    scale = like.dtype.type(factor[1])
    if factor[1] != 1.0:
        for r in range(table.shape[0]):
            start, stop = span(r, lo, hi, table)
            if start < stop:
                x = stretch(table[r], 1, start, stop, like)
                for i in range(x.size):
                    x[i] *= scale


@kernel(columns=(0,))
def clamp(lo, hi, limit, table):
    """-limit <= x <= limit; ``limit`` is one number of the dtype of x."""
    high, low = limit[0], -limit[0]
    for r in range(table.shape[0]):
        start, stop = span(r, lo, hi, table)
        if start < stop:
            x = stretch(table[r], 1, start, stop, limit)
            for i in range(x.size):
                y = low if x[i] < low else x[i]
                x[i] = high if y > high else y  # NaN stays NaN


@kernel(columns=(0,))
def shrink(lo, hi, amount, like, table):
    """x moves to 0 by amount * rate, and no further; columns x, float64 rate."""
    zero = like.dtype.type(0)
    for r in range(table.shape[0]):
        start, stop = span(r, lo, hi, table)
        if start < stop:
            a = like.dtype.type(amount[0] * pointer(table[r, 2], np.float64)[0])
            x = stretch(table[r], 1, start, stop, like)
            for i in range(x.size):
                y = x[i] - a if x[i] > zero else x[i] + a
                x[i] = zero if abs(x[i]) <= a else y  # NaN stays NaN


@kernel
def limit_norms(lo, hi, limit, x):
    """Scale each x[i, :, j] that is longer than ``limit`` (float64) to it; units i, j.

    The norm is summed in double precision, as written: y / top must not become a
    quotient of squares. One that is NaN or infinite scales nothing.
    """
    inner, zero = x.shape[2], x.dtype.type(0)
    for unit in range(lo, hi):
        i, j = unit // inner, unit % inner
        top, total = zero, 0.0
        for k in range(x.shape[1]):
            top = max(top, abs(x[i, k, j]))
        if top > zero and top < math.inf:
            for k in range(x.shape[1]):
                y = np.float64(x[i, k, j]) / top  # whose square does not overflow
                total += y * y
        norm = top * math.sqrt(total)
        if norm > limit[0] and norm < math.inf:
            scale = x.dtype.type(limit[0] / norm)
            for k in range(x.shape[1]):
                x[i, k, j] *= scale
