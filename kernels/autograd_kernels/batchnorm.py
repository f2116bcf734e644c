"""Batch normalisation of (N, C) over its rows.

Data are centred in two steps, d = (x - shift) - rest, where the shift is the channel's
first element and ``rest`` the mean of what it leaves: so float32 data around 1e4 keep
their last digit. Sums are compensated as in `reduce`. One unit is a block of
``COLUMNS`` whole channels, so that nothing is combined across parts, and a unit's later
passes find its data in cache.

``stats`` (4, C): shift, rest, biased variance, r = 1 / sqrt(variance + eps). ``eps``
and ``momentum`` are one element of the data's dtype, read at run time.

Backward (Ioffe and Szegedy 2015, section 3): dbeta = sum of g, dgamma = r sum of g d,
dx = gamma r (g - dbeta / n - d r dgamma / n).
"""

from __future__ import annotations

import numpy as np
from numba import carray

from ._jit import kernel
from .reduce import COLUMNS as COLUMNS
from .reduce import plus, stack


@kernel
def forward_cols(lo, hi, x, gamma, beta, eps, stats, status, out):
    """out = d r gamma + beta, and ``stats``; units: blocks of channels.

    x, out: (N, C) with N > 0; gamma, beta: (C,). Status: 1 + a channel that holds NaN
    or infinity.
    """
    n, channels = x.shape
    total, lost = carray(stack(x, COLUMNS), COLUMNS), carray(stack(x, COLUMNS), COLUMNS)
    m, rest = carray(stack(x, COLUMNS), COLUMNS), carray(stack(x, COLUMNS), COLUMNS)
    zero, one, count = x.dtype.type(0), x.dtype.type(1), x.dtype.type(n)
    for unit in range(lo, hi):
        left = unit * COLUMNS
        width = min(COLUMNS, channels - left)
        for j in range(width):
            m[j], rest[j] = x[0, left + j], zero
        for stage in range(2):  # the sum of d, then of its square
            for j in range(width):
                total[j] = lost[j] = zero
            for i in range(0, n - 7, 8):
                for j in range(width):
                    t = zero
                    for r in range(8):
                        d = (x[i + r, np.uint64(left + j)] - m[j]) - rest[j]
                        t += d * d if stage == 1 else d
                    total[j], lost[j] = plus(total[j], lost[j], t)
            for i in range(n & -8, n):
                for j in range(width):
                    d = (x[i, np.uint64(left + j)] - m[j]) - rest[j]
                    total[j] += d * d if stage == 1 else d
            for j in range(width):
                total[j] = (total[j] + lost[j]) / count
                if stage == 0:
                    rest[j] = total[j]
        for j in range(width):
            k = left + j
            r = one / np.sqrt(total[j] + eps[0])
            stats[0, k], stats[1, k] = m[j], rest[j]
            stats[2, k], stats[3, k] = total[j], r
            if r != r and status[0] == 0:
                status[0] = 1 + k
            total[j], lost[j] = r * gamma[k], beta[k]
        for i in range(n):
            for j in range(width):
                d = (x[i, np.uint64(left + j)] - m[j]) - rest[j]
                out[i, np.uint64(left + j)] = d * total[j] + lost[j]


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
                    s += a * ((x[i + r, np.uint64(left + j)] - m[j]) - rest[j])
                total[j], lost[j] = plus(total[j], lost[j], t)
                dot[j], gone[j] = plus(dot[j], gone[j], s)
        for i in range(n & -8, n):
            for j in range(width):
                a = g[i, np.uint64(left + j)]
                total[j] += a
                dot[j] += a * ((x[i, np.uint64(left + j)] - m[j]) - rest[j])
        for j in range(width):
            k = left + j
            dbeta[k] = total[j] + lost[j]
            dgamma[k] = (dot[j] + gone[j]) * stats[3, k]
            scale = gamma[k] * stats[3, k]
            total[j] = dbeta[k] / count
            dot[j] = dgamma[k] * stats[3, k] / count
            lost[j] = scale
        for i in range(n):
            for j in range(width):
                d = (x[i, np.uint64(left + j)] - m[j]) - rest[j]
                a = g[i, np.uint64(left + j)]
                out[i, np.uint64(left + j)] = ((a - total[j]) - d * dot[j]) * lost[j]


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
