"""Batch normalisation of (N, C) over its rows.

Statistics take one pass: sums of d = x - shift and of its square, where the shift is
the mean of a channel's first eight values. That is at most sqrt(n / 8) deviations from
the mean (when these eight are the outliers), so the variance loses at most a factor
n / 8 of its last digit: float32 data around 1e4 are as good as any. Sums are
compensated as in `reduce`. One unit is a block of ``COLUMNS`` whole channels, so that
nothing is combined across parts, and a unit's later pass finds its data in cache.

``stats`` (4, C): shift, mean - shift, biased variance, r = 1 / sqrt(variance + eps).
``eps`` and ``momentum`` are one element of the data's dtype, read at run time.

Backward (Ioffe and Szegedy 2015, section 3), with c = x - mean: dbeta = sum of g,
dgamma = r sum of g c, dx = gamma r (g - dbeta / n - c r dgamma / n).
"""

from __future__ import annotations

import numpy as np
from numba import carray

from ._jit import kernel
from .reduce import COLUMNS as COLUMNS
from .reduce import plus, stack


@kernel
def forward_cols(lo, hi, x, gamma, beta, eps, stats, status, out):
    """out = (x - mean) r gamma + beta, and ``stats``; units: blocks of channels.

    x, out: (N, C) with N > 0; gamma, beta: (C,). Status: 1 + a channel that holds NaN
    or infinity.
    """
    n, channels = x.shape
    total, lost = carray(stack(x, COLUMNS), COLUMNS), carray(stack(x, COLUMNS), COLUMNS)
    square, gone = (
        carray(stack(x, COLUMNS), COLUMNS),
        carray(stack(x, COLUMNS), COLUMNS),
    )
    m, rest = carray(stack(x, COLUMNS), COLUMNS), carray(stack(x, COLUMNS), COLUMNS)
    few = min(n, 8)
    zero, one, count = x.dtype.type(0), x.dtype.type(1), x.dtype.type(n)
    for unit in range(lo, hi):
        left = unit * COLUMNS
        width = min(COLUMNS, channels - left)
        for j in range(width):
            t = zero
            for i in range(few):
                t += x[i, np.uint64(left + j)]
            m[j] = t / x.dtype.type(few)
            total[j] = lost[j] = square[j] = gone[j] = zero
        for i in range(0, n - 7, 8):
            for j in range(width):
                t = s = zero
                for r in range(8):
                    d = x[i + r, np.uint64(left + j)] - m[j]
                    t += d
                    s += d * d
                total[j], lost[j] = plus(total[j], lost[j], t)
                square[j], gone[j] = plus(square[j], gone[j], s)
        for i in range(n & -8, n):
            for j in range(width):
                d = x[i, np.uint64(left + j)] - m[j]
                total[j] += d
                square[j] += d * d
        for j in range(width):
            rest[j] = (total[j] + lost[j]) / count
            v = (square[j] + gone[j]) / count - rest[j] * rest[j]
            total[j] = zero if v < zero else v
        for j in range(width):
            lost[j] = one / np.sqrt(total[j] + eps[0])
        for j in range(width):
            k = np.uint64(left + j)
            stats[0, k], stats[1, k] = m[j], rest[j]
            stats[2, k], stats[3, k] = total[j], lost[j]
            if lost[j] != lost[j] and status[0] == 0:
                status[0] = 1 + left + j
        for j in range(width):
            k = np.uint64(left + j)
            total[j] = lost[j] * gamma[k]
            lost[j] = beta[k] - rest[j] * total[j]
        for i in range(n):
            for j in range(width):
                k = np.uint64(left + j)
                out[i, k] = (x[i, k] - m[j]) * total[j] + lost[j]


@kernel
def backward_cols(lo, hi, g, x, gamma, stats, out, dgamma, dbeta):
    """out = dx and the parameters' gradients, as above; units: blocks of channels.

    g, x, out: (N, C); gamma, dgamma, dbeta: (C,).
    """
    n, channels = x.shape
    total, lost = carray(stack(x, COLUMNS), COLUMNS), carray(stack(x, COLUMNS), COLUMNS)
    dot, gone = carray(stack(x, COLUMNS), COLUMNS), carray(stack(x, COLUMNS), COLUMNS)
    m, rest = carray(stack(x, COLUMNS), COLUMNS), carray(stack(x, COLUMNS), COLUMNS)
    zero, count = x.dtype.type(0), x.dtype.type(n)
    for unit in range(lo, hi):
        left = unit * COLUMNS
        width = min(COLUMNS, channels - left)
        for j in range(width):
            m[j], rest[j] = stats[0, left + j], stats[1, left + j]
            total[j] = lost[j] = dot[j] = gone[j] = zero
        for i in range(0, n - 7, 8):
            for j in range(width):
                t = s = zero
                for r in range(8):
                    a = g[i + r, np.uint64(left + j)]
                    t += a
                    s += a * (x[i + r, np.uint64(left + j)] - m[j])
                total[j], lost[j] = plus(total[j], lost[j], t)
                dot[j], gone[j] = plus(dot[j], gone[j], s)
        for i in range(n & -8, n):
            for j in range(width):
                a = g[i, np.uint64(left + j)]
                total[j] += a
                dot[j] += a * (x[i, np.uint64(left + j)] - m[j])
        for j in range(width):
            k = np.uint64(left + j)
            total[j] += lost[j]
            dot[j] = ((dot[j] + gone[j]) - rest[j] * total[j]) * stats[3, k]
            lost[j] = stats[3, k]
            gone[j] = gamma[k] * stats[3, k]
        for j in range(width):
            dbeta[np.uint64(left + j)] = total[j]
        for j in range(width):
            dgamma[np.uint64(left + j)] = dot[j]
        for j in range(width):
            dot[j] = dot[j] * lost[j] / count
            total[j] = (rest[j] * dot[j] - total[j] / count) * gone[j]
            dot[j] *= gone[j]
        for i in range(n):
            for j in range(width):
                k = np.uint64(left + j)
                d = (x[i, k] - m[j]) * dot[j]
                out[i, k] = (g[i, k] * gone[j] - d) + total[j]


@kernel
def update_running(lo, hi, stats, count, momentum, status, mean, variance):
    """Moves running statistics towards a batch's; units: channels.

    mean, variance: (C,), in place: (1 - momentum) old + momentum new, the new variance
    being the unbiased one; ``count``: the batch's size. Does nothing after a status.
    """
    if status[0] == 0:
        one = mean.dtype.type(1)
        keep = one - momentum[0]
        n = mean.dtype.type(count)
        unbias = n / (n - one)
        for k in range(lo, hi):
            batch = stats[0, k] + stats[1, k]
            mean[k] = keep * mean[k] + momentum[0] * batch
            variance[k] = keep * variance[k] + momentum[0] * (stats[2, k] * unbias)
