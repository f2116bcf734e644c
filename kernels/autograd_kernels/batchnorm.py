"""Batch normalisation of (N, C) over its rows.

Statistics take one pass: sums of d = x - shift and of its square, where the shift is
the mean of a channel's first eight values. That is at most sqrt(n / 8) deviations from
the mean (when these eight are the outliers), so the variance loses at most a factor
n / 8 of its last digit: float32 data around 1e4 are as good as any. Sums are
compensated as in `reduce`. One unit is a block of ``COLUMNS`` whole channels, so that
nothing is combined across parts. A part walks as many as fit `STRIP` row by row, eight
rows at a time, its sums on the stack: memory is read as it lies, from start to end.

``stats`` (4, C): shift, mean - shift, biased variance, r = 1 / sqrt(variance + eps).
``eps`` and ``momentum`` are one element of the data's dtype, read at run time.

Backward (Ioffe and Szegedy 2015, section 3), with c = x - mean: dbeta = sum of g,
dgamma = r sum of g c, dx = gamma r (g - dbeta / n - c r dgamma / n).
"""

from __future__ import annotations

from ._jit import kernel
from .elementwise import loop
from .reduce import COLUMNS as COLUMNS
from .reduce import stack
from .vector import LANES, first, load, splat, store, where
from .vector_math import some, sqrt

STRIP = 512  # channels: four sums of each, and eight rows, stay in L1
SUMS = 4 * STRIP


@loop
def plus(s, c, x):
    """Knuth's TwoSum: ``s + x``, and ``c`` with what that addition lost."""
    t = s + x
    z = t - s
    return t, c + ((s - (t - z)) + (x - z))


# Sums of a strip: each STRIP long, two sums and what each has lost.


@loop
def _clear(k, mask, like, sums):
    zero = splat(like.dtype.type(0), mask)
    for i in range(0, 4 * STRIP, STRIP):
        store(zero, sums, i + k, mask)


@loop
def _add(k, mask, a, b, sums):
    """Add a vector to each of the two sums, with compensation."""
    total, lost = plus(load(sums, k, mask), load(sums, STRIP + k, mask), a)
    store(total, sums, k, mask)
    store(lost, sums, STRIP + k, mask)
    k += 2 * STRIP
    total, lost = plus(load(sums, k, mask), load(sums, STRIP + k, mask), b)
    store(total, sums, k, mask)
    store(lost, sums, STRIP + k, mask)


@loop
def _add_plainly(k, mask, a, b, sums):
    """The same for the rows that are left."""
    store(load(sums, k, mask) + a, sums, k, mask)
    k += 2 * STRIP
    store(load(sums, k, mask) + b, sums, k, mask)


@loop
def _settled(k, mask, sums):
    """Both sums."""
    second = 2 * STRIP + k
    return (
        load(sums, k, mask) + load(sums, STRIP + k, mask),
        load(sums, second, mask) + load(sums, STRIP + second, mask),
    )


# Forward ------------------------------------------------------------------------------


@loop
def _shift(k, mask, x, stats):
    """The mean of the first eight rows."""
    n, step = x.shape
    few = min(n, 8)
    m = splat(x.dtype.type(0), mask)
    for i in range(few):
        m = m + load(x, i * step + k, mask)
    store(m / x.dtype.type(few), stats, k, mask)


@loop
def _moments(start, stop, x, stats, sums):
    """The shift, and the sums of d and of its square."""
    n, step = x.shape
    for k in range(start, stop, LANES):
        mask = first(stop - k, LANES)
        _shift(k, mask, x, stats)
        _clear(k - start, mask, x, sums)
    for i in range(0, n - 7, 8):
        for k in range(start, stop, LANES):
            mask = first(stop - k, LANES)
            m = load(stats, k, mask)
            t = s = u = v = splat(x.dtype.type(0), mask)
            p = i * step + k
            for _ in range(4):
                d, e = load(x, p, mask) - m, load(x, p + 4 * step, mask) - m
                t, s = t + d, s + d * d
                u, v = u + e, v + e * e
                p += step
            _add(k - start, mask, t + u, s + v, sums)
    for i in range(n & -8, n):
        for k in range(start, stop, LANES):
            mask = first(stop - k, LANES)
            d = load(x, i * step + k, mask) - load(stats, k, mask)
            _add_plainly(k - start, mask, d, d * d, sums)


@loop
def _statistics(start, stop, x, gamma, beta, eps, stats, status, sums):
    """``stats`` of a strip; its factor and term replace the sums."""
    n, step = x.shape
    one, count = x.dtype.type(1), x.dtype.type(n)
    for k in range(start, stop, LANES):
        mask = first(stop - k, LANES)
        zero = splat(x.dtype.type(0), mask)
        rest, v = _settled(k - start, mask, sums)
        rest = rest / count
        v = v / count - rest * rest
        v = where(v < zero, zero, v)
        r = one / sqrt(v + eps[0])
        store(rest, stats, step + k, mask)
        store(v, stats, 2 * step + k, mask)
        store(r, stats, 3 * step + k, mask)
        if some(r != r) and status[0] == 0:
            bad = k
            while stats[3, bad] == stats[3, bad]:
                bad += 1
            status[0] = 1 + bad
        scale = r * load(gamma, k, mask)
        store(scale, sums, k - start, mask)
        shift = load(beta, k, mask) - rest * scale
        store(shift, sums, STRIP + k - start, mask)


@kernel
def forward_cols(lo, hi, x, gamma, beta, eps, stats, status, out):
    """out = (x - mean) r gamma + beta, and ``stats``; units: blocks of channels.

    x, out: (N, C) with N > 0; gamma, beta: (C,). Status: 1 + a channel that holds NaN
    or infinity.
    """
    n, step = x.shape
    right, sums = min(hi * COLUMNS, step), stack(x, SUMS)
    for start in range(lo * COLUMNS, right, STRIP):
        stop = min(start + STRIP, right)
        _moments(start, stop, x, stats, sums)
        _statistics(start, stop, x, gamma, beta, eps, stats, status, sums)
        for i in range(n):
            for k in range(start, stop, LANES):
                mask, p, q = first(stop - k, LANES), i * step + k, k - start
                y = (load(x, p, mask) - load(stats, k, mask)) * load(sums, q, mask)
                store(y + load(sums, STRIP + q, mask), out, p, mask)


# Backward -----------------------------------------------------------------------------


@loop
def _products(start, stop, g, x, stats, sums):
    """The sums of g and of g d."""
    n, step = x.shape
    for k in range(start, stop, LANES):
        _clear(k - start, first(stop - k, LANES), x, sums)
    for i in range(0, n - 7, 8):
        for k in range(start, stop, LANES):
            mask = first(stop - k, LANES)
            m = load(stats, k, mask)
            t = s = u = v = splat(x.dtype.type(0), mask)
            p = i * step + k
            for _ in range(4):
                a, b = load(g, p, mask), load(g, p + 4 * step, mask)
                t, s = t + a, s + a * (load(x, p, mask) - m)
                u, v = u + b, v + b * (load(x, p + 4 * step, mask) - m)
                p += step
            _add(k - start, mask, t + u, s + v, sums)
    for i in range(n & -8, n):
        for k in range(start, stop, LANES):
            mask, p = first(stop - k, LANES), i * step + k
            a = load(g, p, mask)
            d = load(x, p, mask) - load(stats, k, mask)
            _add_plainly(k - start, mask, a, a * d, sums)


@loop
def _slopes(start, stop, x, gamma, stats, dgamma, dbeta, sums):
    """The parameters' gradients; two factors and a term of dx replace the sums."""
    n, step = x.shape
    count = x.dtype.type(n)
    for k in range(start, stop, LANES):
        mask, q = first(stop - k, LANES), k - start
        rest, r = load(stats, step + k, mask), load(stats, 3 * step + k, mask)
        total, dot = _settled(q, mask, sums)
        dot = (dot - rest * total) * r
        store(total, dbeta, k, mask)
        store(dot, dgamma, k, mask)
        scale, dot = r * load(gamma, k, mask), dot * r / count
        store(scale, sums, q, mask)
        store((rest * dot - total / count) * scale, sums, STRIP + q, mask)
        store(dot * scale, sums, 2 * STRIP + q, mask)


@kernel
def backward_cols(lo, hi, g, x, gamma, stats, out, dgamma, dbeta):
    """out = dx and the parameters' gradients, as above; units: blocks of channels.

    g, x, out: (N, C); gamma, dgamma, dbeta: (C,).
    """
    n, step = x.shape
    right, sums = min(hi * COLUMNS, step), stack(x, SUMS)
    for start in range(lo * COLUMNS, right, STRIP):
        stop = min(start + STRIP, right)
        _products(start, stop, g, x, stats, sums)
        _slopes(start, stop, x, gamma, stats, dgamma, dbeta, sums)
        for i in range(n):
            for k in range(start, stop, LANES):
                mask, p, q = first(stop - k, LANES), i * step + k, k - start
                d = load(x, p, mask) - load(stats, k, mask)
                d = load(g, p, mask) * load(sums, q, mask) - d * load(
                    sums, 2 * STRIP + q, mask
                )
                store(d + load(sums, STRIP + q, mask), out, p, mask)


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
        for k in range(lo, hi, LANES):
            mask = first(hi - k, LANES)
            batch = load(stats, k, mask) + load(stats, channels + k, mask)
            store(load(mean, k, mask) * keep + batch * rate, mean, k, mask)
            batch = load(stats, 2 * channels + k, mask) * unbias
            store(load(variance, k, mask) * keep + batch * rate, variance, k, mask)
