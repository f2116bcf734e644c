"""Batch normalisation of (N, C) over its rows.

Statistics take one pass: sums of d = x - shift and of its square, where the shift is
the mean of a channel's first eight values. That is at most sqrt(n / 8) deviations from
the mean (when these eight are the outliers), so the variance loses at most a factor
n / 8 of its last digit: float32 data around 1e4 are as good as any. Sums are
compensated as in `reduce`. One unit is a block of ``COLUMNS`` whole channels, so that
nothing is combined across parts. They are walked as one vector, whose sums stay in
registers; the kernels for at most ``FEW`` channels do the same with shorter vectors.

``stats`` (4, C): shift, mean - shift, biased variance, r = 1 / sqrt(variance + eps).
``eps`` and ``momentum`` are one element of the data's dtype, read at run time.

Backward (Ioffe and Szegedy 2015, section 3), with c = x - mean: dbeta = sum of g,
dgamma = r sum of g c, dx = gamma r (g - dbeta / n - c r dgamma / n).
"""

from __future__ import annotations

from ._jit import kernel
from .elementwise import loop
from .reduce import COLUMNS as COLUMNS
from .vector import first, load, splat, store, where
from .vector_math import some, sqrt

FEW = 16  # channels: a short vector


@loop
def plus(s, c, x):
    """Knuth's TwoSum: ``s + x``, and ``c`` with what that addition lost."""
    t = s + x
    z = t - s
    return t, c + ((s - (t - z)) + (x - z))


@loop
def _forward(lanes, lo, hi, x, gamma, beta, eps, stats, status, out):
    """`forward_cols`, ``lanes`` channels at a time."""
    n, step = x.shape
    one, count = x.dtype.type(1), x.dtype.type(n)
    right = min(hi * COLUMNS, step)
    for k in range(lo * COLUMNS, right, lanes):
        mask = first(right - k, lanes)
        m = zero = splat(x.dtype.type(0), mask)
        for i in range(min(n, 8)):
            m = m + load(x, i * step + k, mask)
        m = m / x.dtype.type(min(n, 8))
        total = lost = square = gone = zero
        p = k
        for _ in range(n >> 3):
            t = s = u = v = zero
            for _ in range(4):
                d, e = load(x, p, mask) - m, load(x, p + 4 * step, mask) - m
                t, s = t + d, s + d * d
                u, v = u + e, v + e * e
                p += step
            p += 4 * step
            total, lost = plus(total, lost, t + u)
            square, gone = plus(square, gone, s + v)
        for _ in range(n & 7):
            d = load(x, p, mask) - m
            total, square = total + d, square + d * d
            p += step
        rest = (total + lost) / count
        v = (square + gone) / count - rest * rest
        v = where(v < zero, zero, v)
        r = one / sqrt(v + eps[0])
        store(m, stats, k, mask)
        store(rest, stats, step + k, mask)
        store(v, stats, 2 * step + k, mask)
        store(r, stats, 3 * step + k, mask)
        if some(r != r) and status[0] == 0:
            bad = k
            while stats[3, bad] == stats[3, bad]:
                bad += 1
            status[0] = 1 + bad
        scale = r * load(gamma, k, mask)
        shift = load(beta, k, mask) - rest * scale
        p = k
        for _ in range(n):
            store((load(x, p, mask) - m) * scale + shift, out, p, mask)
            p += step


@loop
def _backward(lanes, lo, hi, g, x, gamma, stats, out, dgamma, dbeta):
    """`backward_cols`, ``lanes`` channels at a time."""
    n, step = x.shape
    count = x.dtype.type(n)
    right = min(hi * COLUMNS, step)
    for k in range(lo * COLUMNS, right, lanes):
        mask = first(right - k, lanes)
        m = load(stats, k, mask)
        total = lost = dot = gone = zero = splat(x.dtype.type(0), mask)
        p = k
        for _ in range(n >> 3):
            t = s = u = v = zero
            for _ in range(4):
                a, b = load(g, p, mask), load(g, p + 4 * step, mask)
                t, s = t + a, s + a * (load(x, p, mask) - m)
                u, v = u + b, v + b * (load(x, p + 4 * step, mask) - m)
                p += step
            p += 4 * step
            total, lost = plus(total, lost, t + u)
            dot, gone = plus(dot, gone, s + v)
        for _ in range(n & 7):
            a = load(g, p, mask)
            total, dot = total + a, dot + a * (load(x, p, mask) - m)
            p += step
        rest, r = load(stats, step + k, mask), load(stats, 3 * step + k, mask)
        total = total + lost
        dot = ((dot + gone) - rest * total) * r
        store(total, dbeta, k, mask)
        store(dot, dgamma, k, mask)
        scale, dot = r * load(gamma, k, mask), dot * r / count
        shift = (rest * dot - total / count) * scale
        dot = dot * scale
        p = k
        for _ in range(n):
            d = (load(x, p, mask) - m) * dot
            store((load(g, p, mask) * scale - d) + shift, out, p, mask)
            p += step


@kernel
def forward_cols(lo, hi, x, gamma, beta, eps, stats, status, out):
    """out = (x - mean) r gamma + beta, and ``stats``; units: blocks of channels.

    x, out: (N, C) with N > 0; gamma, beta: (C,). Status: 1 + a channel that holds NaN
    or infinity.
    """
    _forward(COLUMNS, lo, hi, x, gamma, beta, eps, stats, status, out)


@kernel
def forward_few(lo, hi, x, gamma, beta, eps, stats, status, out):
    """`forward_cols` for at most `FEW` channels."""
    _forward(FEW, lo, hi, x, gamma, beta, eps, stats, status, out)


@kernel
def backward_cols(lo, hi, g, x, gamma, stats, out, dgamma, dbeta):
    """out = dx and the parameters' gradients, as above; units: blocks of channels.

    g, x, out: (N, C); gamma, dgamma, dbeta: (C,).
    """
    _backward(COLUMNS, lo, hi, g, x, gamma, stats, out, dgamma, dbeta)


@kernel
def backward_few(lo, hi, g, x, gamma, stats, out, dgamma, dbeta):
    """`backward_cols` for at most `FEW` channels."""
    _backward(FEW, lo, hi, g, x, gamma, stats, out, dgamma, dbeta)


@kernel
def update_running(lo, hi, stats, count, momentum, status, mean, variance):
    """Moves running statistics towards a batch's; units: channels.

    mean, variance: (C,), in place: (1 - momentum) old + momentum new, the new variance
    being the unbiased one; ``count``: the batch's size. Does nothing after a status.
    """
    if status[0] == 0:
        channels, one = mean.size, mean.dtype.type(1)
        rate, keep = momentum[0], one - momentum[0]
        n = mean.dtype.type(count)
        unbias = n / (n - one)
        for k in range(lo, hi, FEW):
            mask = first(hi - k, FEW)
            batch = load(stats, k, mask) + load(stats, channels + k, mask)
            store(load(mean, k, mask) * keep + batch * rate, mean, k, mask)
            batch = load(stats, 2 * channels + k, mask) * unbias
            store(load(variance, k, mask) * keep + batch * rate, variance, k, mask)
