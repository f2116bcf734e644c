"""Batch normalisation over a batch that is cut into shards.

Each shard tells its moments in a part; out of the parts of all, in their order, each
makes the statistics of the whole batch. So the order of additions follows from how the
batch was cut alone. Everything else is as in `batchnorm`.

``part`` (4, C): shift, mean - shift, sum of (x - mean) ** 2, number of rows. Combined
as Chan, Golub, LeVeque (1979), taken from the shift of the first shard.
``stats`` (5, C): shift, mean - shift, biased variance, r, rows; of the whole batch.
"""

from __future__ import annotations

from autograd_kernels.batchnorm import (
    STRIP,
    SUMS,
    UNIT,
    add_moments,
    add_products,
    keep,
    kept,
    write_normalised,
    write_slopes,
)
from autograd_kernels.jit import kernel, rule
from autograd_kernels.llvm.integers import least
from autograd_kernels.llvm.memory import stack
from autograd_kernels.llvm.vector import LANES, first, load, splat, store, where
from autograd_kernels.llvm.vector_math import some, sqrt

# Forward ------------------------------------------------------------------------------


@kernel(writes=1)
def moments(lo, hi, x, part):
    """``part`` of x (N, C); units: blocks of channels."""
    n, step = x.shape
    right, sums, count = least(hi * UNIT, step), stack(x, SUMS), x.dtype.type(n)
    for start in range(lo * UNIT, right, STRIP):
        stop = least(start + STRIP, right)
        add_moments(start, stop, x, part, sums)
        for k in range(start, stop, LANES):
            mask = first(stop - k, LANES)
            zero = splat(x.dtype.type(0), mask)
            total, lost, square, gone = kept(sums, k - start)
            rest = (total + lost) / count
            square = (square + gone) - rest * rest * count
            store(rest, part, step + k, mask)
            store(where(square < zero, zero, square), part, 2 * step + k, mask)
            store(zero + count, part, 3 * step + k, mask)


@rule
def _statistics(start, stop, parts, gamma, beta, eps, stats, status, sums):
    """``stats`` of a strip; what ``out`` is made of is put into the sums."""
    shards, _, step = parts.shape
    one = parts.dtype.type(1)
    for k in range(start, stop, LANES):
        mask = first(stop - k, LANES)
        zero = splat(parts.dtype.type(0), mask)
        m, count, total, square = load(parts, k, mask), zero, zero, zero
        for shard in range(shards):
            p = 4 * step * shard + k
            n, d = load(parts, p + 3 * step, mask), load(parts, p, mask) - m
            d = d + load(parts, p + step, mask)
            count, total = count + n, total + n * d
            square = square + (load(parts, p + 2 * step, mask) + n * d * d)
        count = where(count < zero + one, zero + one, count)  # beyond the last channel
        rest = total / count
        v = square / count - rest * rest
        v = where(v < zero, zero, v)
        r = one / sqrt(v + eps[0])
        store(m, stats, k, mask)
        store(rest, stats, step + k, mask)
        store(v, stats, 2 * step + k, mask)
        store(r, stats, 3 * step + k, mask)
        store(count, stats, 4 * step + k, mask)
        if some(r != r) and status[0] == 0:
            bad = k
            while stats[3, bad] == stats[3, bad]:
                bad += 1
            status[0] = 1 + bad
        scale = r * load(gamma, k, mask)
        keep(m, scale, load(beta, k, mask) - rest * scale, zero, sums, k - start)


@kernel(writes=3)
def normalise(lo, hi, x, parts, gamma, beta, eps, stats, status, out):
    """out = (x - mean) r gamma + beta, and ``stats``; units: blocks of channels.

    x, out: (N, C); parts: (shards, 4, C); gamma, beta: (C,). Status: 1 + a channel that
    holds NaN or infinity in any shard.
    """
    right, sums = least(hi * UNIT, x.shape[1]), stack(x, SUMS)
    for start in range(lo * UNIT, right, STRIP):
        stop = least(start + STRIP, right)
        _statistics(start, stop, parts, gamma, beta, eps, stats, status, sums)
        write_normalised(start, stop, x, sums, out)


# Backward -----------------------------------------------------------------------------


@kernel(writes=2)
def products(lo, hi, g, x, stats, dgamma, part):
    """``part`` (2, C): sums of g, and of g (x - mean); units: blocks of channels.

    dgamma: (C,), the shard's part in the gradient. That of beta is the sum of g.
    """
    step = x.shape[1]
    right, sums = least(hi * UNIT, step), stack(x, SUMS)
    for start in range(lo * UNIT, right, STRIP):
        stop = least(start + STRIP, right)
        add_products(start, stop, g, x, stats, sums)
        for k in range(start, stop, LANES):
            mask = first(stop - k, LANES)
            total, lost, dot, gone = kept(sums, k - start)
            total = total + lost
            dot = (dot + gone) - load(stats, step + k, mask) * total
            store(total, part, k, mask)
            store(dot, part, step + k, mask)
            store(dot * load(stats, 3 * step + k, mask), dgamma, k, mask)


@rule
def _slopes(start, stop, gamma, stats, parts, sums):
    """What dx is made of is put into the sums."""
    shards, _, step = parts.shape
    for k in range(start, stop, LANES):
        mask = first(stop - k, LANES)
        total = dot = splat(parts.dtype.type(0), mask)
        for shard in range(shards):
            p = 2 * step * shard + k
            total = total + load(parts, p, mask)
            dot = dot + load(parts, p + step, mask)
        rest, r = load(stats, step + k, mask), load(stats, 3 * step + k, mask)
        count = load(stats, 4 * step + k, mask)
        scale, dot = r * load(gamma, k, mask), dot * r * r / count
        shift = (rest * dot - total / count) * scale
        keep(load(stats, k, mask), scale, shift, dot * scale, sums, k - start)


@kernel(writes=1)
def slopes(lo, hi, g, x, gamma, stats, parts, out):
    """out = dx, by the sums of all shards (shards, 2, C); units: blocks of channels."""
    right, sums = least(hi * UNIT, x.shape[1]), stack(x, SUMS)
    for start in range(lo * UNIT, right, STRIP):
        stop = least(start + STRIP, right)
        _slopes(start, stop, gamma, stats, parts, sums)
        write_slopes(start, stop, g, x, sums, out)


@kernel(writes=2)
def move_running(lo, hi, stats, momentum, status, mean, variance):
    """`batchnorm.update_running` by ``stats`` (5, C), which have the rows' number."""
    if status[0] == 0:
        channels, one = mean.size, mean.dtype.type(1)
        rate, keep = momentum[0], one - momentum[0]
        for k in range(lo, hi, LANES):
            mask = first(hi - k, LANES)
            n = load(stats, 4 * channels + k, mask)
            batch = load(stats, k, mask) + load(stats, channels + k, mask)
            store(load(mean, k, mask) * keep + batch * rate, mean, k, mask)
            batch = load(stats, 2 * channels + k, mask) * (n / (n - one))
            store(load(variance, k, mask) * keep + batch * rate, variance, k, mask)
