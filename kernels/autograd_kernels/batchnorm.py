"""Batch normalisation of (N, C) over its rows.

Statistics take one pass: sums of d = x - shift and of its square, where the shift is
the mean of a channel's first eight values. That is at most sqrt(n / 8) deviations from
the mean (when these eight are the outliers), so the variance loses at most a factor
n / 8 of its last digit: float32 data around 1e4 are as good as any. Sums are
compensated as in `reduce`. One unit is a block of ``UNIT`` whole channels, so that
nothing is combined across parts. A part walks as many as fit `STRIP` from row to row,
some rows at a time, its sums on the stack: memory is read as it lies.

``stats`` (4, C): shift, mean - shift, biased variance, r = 1 / sqrt(variance + eps).
``eps`` and ``momentum`` are one element of the data's dtype, read at run time.

Backward (Ioffe and Szegedy 2015, section 3), with c = x - mean: dbeta = sum of g,
dgamma = r sum of g c, dx = gamma r (g - dbeta / n - c r dgamma / n).
"""

from __future__ import annotations

from autograd_kernels.jit import kernel, rule
from autograd_kernels.llvm.integers import least, most
from autograd_kernels.llvm.memory import stack
from autograd_kernels.llvm.vector import LANES, first, load, splat, store, where
from autograd_kernels.llvm.vector_math import some, sqrt
from autograd_kernels.reduce import plus

UNIT = LANES  # channels of a unit
STRIP = 512  # channels: four numbers of each, and eight rows, stay in L1
SUMS = 4 * STRIP


@rule
def block_rows(x):
    """How many rows are walked vector by vector: no more than lie close together."""
    return most(8, 8 * STRIP // x.shape[1] & -8)


# Numbers of a strip's channels lie on the stack, STRIP apart: two sums and what each
# has lost, later what an element of the result is made of. They are read and written
# without a mask: only then does a load get what a store before it still holds.


@rule
def _get(sums, k):
    return load(sums, k, first(LANES, LANES))


@rule
def _put(vector, sums, k):
    store(vector, sums, k, first(LANES, LANES))


@rule
def kept(sums, k):
    """Two sums, each followed by what it has lost."""
    return (
        _get(sums, k),
        _get(sums, STRIP + k),
        _get(sums, 2 * STRIP + k),
        _get(sums, 3 * STRIP + k),
    )


@rule
def keep(a, b, c, d, sums, k):
    """Store four vectors of numbers."""
    _put(a, sums, k)
    _put(b, sums, STRIP + k)
    _put(c, sums, 2 * STRIP + k)
    _put(d, sums, 3 * STRIP + k)


# Forward ------------------------------------------------------------------------------


@rule
def _shift(k, mask, x, stats):
    """The mean of the first eight rows."""
    n, step = x.shape
    few = least(n, 8)
    m = splat(x.dtype.type(0), mask)
    for i in range(few):
        m = m + load(x, i * step + k, mask)
    store(m / x.dtype.type(few), stats, k, mask)


@rule
def add_moments(start, stop, x, stats, sums):
    """The shift, and the sums of d and of its square."""
    n, step = x.shape
    block = block_rows(x)
    for k in range(start, stop, LANES):
        mask = first(stop - k, LANES)
        zero = splat(x.dtype.type(0), mask)
        _shift(k, mask, x, stats)
        keep(zero, zero, zero, zero, sums, k - start)
    for top in range(0, n, block):
        rows = least(block, n - top)
        for k in range(start, stop, LANES):
            mask = first(stop - k, LANES)
            m, p = load(stats, k, mask), top * step + k
            total, lost, square, gone = kept(sums, k - start)
            for _ in range(rows >> 3):
                t = s = u = v = splat(x.dtype.type(0), mask)
                for _ in range(4):
                    d, e = load(x, p, mask) - m, load(x, p + 4 * step, mask) - m
                    t, s = t + d, s + d * d
                    u, v = u + e, v + e * e
                    p += step
                p += 4 * step
                total, lost = plus(total, lost, t + u)
                square, gone = plus(square, gone, s + v)
            for _ in range(rows & 7):
                d = load(x, p, mask) - m
                total, square = total + d, square + d * d
                p += step
            keep(total, lost, square, gone, sums, k - start)


@rule
def _statistics(start, stop, x, gamma, beta, eps, stats, status, sums):
    """``stats`` of a strip; what ``out`` is made of replaces the sums."""
    n, step = x.shape
    one, count = x.dtype.type(1), x.dtype.type(n)
    for k in range(start, stop, LANES):
        mask = first(stop - k, LANES)
        zero = splat(x.dtype.type(0), mask)
        total, lost, square, gone = kept(sums, k - start)
        rest = (total + lost) / count
        v = (square + gone) / count - rest * rest
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
        scale, m = r * load(gamma, k, mask), load(stats, k, mask)
        shift = load(beta, k, mask) - rest * scale
        keep(m, scale, shift, zero, sums, k - start)


@rule
def write_normalised(start, stop, x, sums, out):
    """``out`` of a strip, by what the sums were replaced with."""
    n, step = x.shape
    block = block_rows(x)
    for top in range(0, n, block):
        for k in range(start, stop, LANES):
            mask, p = first(stop - k, LANES), top * step + k
            m, scale, shift, _ = kept(sums, k - start)
            for _ in range(least(block, n - top)):
                store((load(x, p, mask) - m) * scale + shift, out, p, mask)
                p += step


@kernel(writes=3)
def forward_cols(lo, hi, x, gamma, beta, eps, stats, status, out):
    """out = (x - mean) r gamma + beta, and ``stats``; units: blocks of channels.

    x, out: (N, C) with N > 0; gamma, beta: (C,). Status: 1 + a channel that holds NaN
    or infinity.
    """
    right, sums = least(hi * UNIT, x.shape[1]), stack(x, SUMS)
    for start in range(lo * UNIT, right, STRIP):
        stop = least(start + STRIP, right)
        add_moments(start, stop, x, stats, sums)
        _statistics(start, stop, x, gamma, beta, eps, stats, status, sums)
        write_normalised(start, stop, x, sums, out)


# Backward -----------------------------------------------------------------------------


@rule
def add_products(start, stop, g, x, stats, sums):
    """The sums of g and of g d."""
    n, step = x.shape
    block = block_rows(x)
    for k in range(start, stop, LANES):
        zero = splat(x.dtype.type(0), first(stop - k, LANES))
        keep(zero, zero, zero, zero, sums, k - start)
    for top in range(0, n, block):
        rows = least(block, n - top)
        for k in range(start, stop, LANES):
            mask = first(stop - k, LANES)
            m, p = load(stats, k, mask), top * step + k
            total, lost, dot, gone = kept(sums, k - start)
            for _ in range(rows >> 3):
                t = s = u = v = splat(x.dtype.type(0), mask)
                for _ in range(4):
                    a, b = load(g, p, mask), load(g, p + 4 * step, mask)
                    t, s = t + a, s + a * (load(x, p, mask) - m)
                    u, v = u + b, v + b * (load(x, p + 4 * step, mask) - m)
                    p += step
                p += 4 * step
                total, lost = plus(total, lost, t + u)
                dot, gone = plus(dot, gone, s + v)
            for _ in range(rows & 7):
                a = load(g, p, mask)
                total, dot = total + a, dot + a * (load(x, p, mask) - m)
                p += step
            keep(total, lost, dot, gone, sums, k - start)


@rule
def _slopes(start, stop, x, gamma, stats, dgamma, dbeta, sums):
    """The parameters' gradients; what dx is made of replaces the sums."""
    n, step = x.shape
    count = x.dtype.type(n)
    for k in range(start, stop, LANES):
        mask = first(stop - k, LANES)
        rest, r = load(stats, step + k, mask), load(stats, 3 * step + k, mask)
        total, lost, dot, gone = kept(sums, k - start)
        total = total + lost
        dot = ((dot + gone) - rest * total) * r
        store(total, dbeta, k, mask)
        store(dot, dgamma, k, mask)
        scale, dot = r * load(gamma, k, mask), dot * r / count
        shift = (rest * dot - total / count) * scale
        keep(load(stats, k, mask), scale, shift, dot * scale, sums, k - start)


@rule
def write_slopes(start, stop, g, x, sums, out):
    """dx of a strip, by what the sums were replaced with."""
    n, step = x.shape
    block = block_rows(x)
    for top in range(0, n, block):
        for k in range(start, stop, LANES):
            mask, p = first(stop - k, LANES), top * step + k
            m, scale, shift, dot = kept(sums, k - start)
            for _ in range(least(block, n - top)):
                d = (load(x, p, mask) - m) * dot
                store((load(g, p, mask) * scale - d) + shift, out, p, mask)
                p += step


@kernel(writes=3)
def backward_cols(lo, hi, g, x, gamma, stats, out, dgamma, dbeta):
    """out = dx and the parameters' gradients, as above; units: blocks of channels.

    g, x, out: (N, C); gamma, dgamma, dbeta: (C,).
    """
    right, sums = least(hi * UNIT, x.shape[1]), stack(x, SUMS)
    for start in range(lo * UNIT, right, STRIP):
        stop = least(start + STRIP, right)
        add_products(start, stop, g, x, stats, sums)
        _slopes(start, stop, x, gamma, stats, dgamma, dbeta, sums)
        write_slopes(start, stop, g, x, sums, out)


@kernel(writes=2)
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
