"""Update rules of the optimizers: each one in-place pass over all parameters.

A rule is a pair of kernels. ``*_advance(lo, hi, scalars, table)`` counts the step and
works out, in double precision, the numbers that the rule needs. Its units are rows, the
columns of its table (see `pointers`) are clock and hyper: ``clock`` is a parameter's
float64 [steps taken, a number carried along], ``hyper`` its group's float64 settings,
[lr, weight decay, 1 (-1 to maximize), ...]. Both are read when the kernel runs, so
that a replayed step sees every change. The rule itself, ``(lo, hi, scalars, table)``
with columns parameter, gradient, *state, is then one launch over chunks. ``scalars``
has the data's dtype and a row of `SCALARS` per row of the tables.

NaN and infinity in a gradient pass into the state and the parameter, as in PyTorch.
`autograd_core.optim` has the rules in plain array operations, with their sources.
"""

import math

import numpy as np

from autograd_kernels._jit import inline, kernel, reduction
from autograd_kernels.elementwise import loop
from autograd_kernels.memory import at
from autograd_kernels.pointers import CHUNK, parts, pointer, span, vector
from autograd_kernels.vector import first, load, splat, store, where
from autograd_kernels.vector_math import sqrt

SCALARS = 12  # columns of ``scalars``
HYPER = 12  # settings of a group, at most
LANES = 16  # of a vector; at least SCALARS

# --- The scalars of a step ---------------------------------------------------------


@inline
def due(lo, hi, scalars, table):
    """Count a step of rows lo:hi; each whose scalars differ from the row's before it.

    What the caller then derives is copied to the rows that follow with the same group
    and the same clock: the usual case, and it spares the powers.
    """
    group, step, carried, source = 0, 0.0, 0.0, lo
    row = first(SCALARS, LANES)
    for r in range(lo, hi):
        clock = pointer(table[r, 1], np.float64)
        if table[r, 2] == group and clock[0] == step and clock[1] == carried:
            same = pointer(table[source, 1], np.float64)
            clock[0], clock[1] = same[0], same[1]
            numbers = load(scalars, source * SCALARS, row)
            store(numbers, scalars, r * SCALARS, row)
        else:
            group, step, carried, source = table[r, 2], clock[0], clock[1], r
            clock[0] += 1.0
            yield clock, pointer(group, np.float64), at(scalars, r * SCALARS)


@kernel
def sgd_advance(lo, hi, scalars, table):
    """Settings: lr, weight decay, sign, momentum, dampening, nesterov."""
    for clock, h, s in due(lo, hi, scalars, table):
        s[0], s[1], s[2], s[3], s[5] = h[2], h[1], h[0], h[3], h[5]
        s[4] = 1.0 if clock[0] == 1.0 else 1.0 - h[4]  # a buffer starts undamped


@kernel
def rmsprop_advance(lo, hi, scalars, table):
    """Settings: lr, weight decay, sign, alpha, eps, momentum, centered."""
    for _, h, s in due(lo, hi, scalars, table):
        s[0], s[1], s[2] = h[2], h[1], h[0]
        s[3], s[4], s[5], s[6], s[7] = h[3], 1.0 - h[3], h[4], h[5], h[6]


@kernel
def adagrad_advance(lo, hi, scalars, table):
    """Settings: lr, weight decay, sign, lr decay, eps."""
    for clock, h, s in due(lo, hi, scalars, table):
        s[0], s[1], s[3] = h[2], h[1], h[4]
        s[2] = h[0] / (1.0 + (clock[0] - 1.0) * h[3])


@loop
def moments(clock, h, s):
    """What Adam and NAdam share."""
    s[0], s[1], s[2], s[8] = h[2], h[1], 0.0, h[5]
    if h[6] != 0.0:
        s[1], s[2] = 0.0, h[0] * h[1]
    s[3], s[4], s[5], s[6] = h[3], 1.0 - h[3], h[4], 1.0 - h[4]
    s[7] = 1.0 / math.sqrt(1.0 - h[4] ** clock[0])


@kernel
def adam_advance(lo, hi, scalars, table):
    """Settings: lr, weight decay, sign, beta1, beta2, eps, decoupled, amsgrad."""
    for clock, h, s in due(lo, hi, scalars, table):
        moments(clock, h, s)
        s[9], s[10], s[11] = 0.0, h[0] / (1.0 - h[3] ** clock[0]), h[7]


@kernel
def nadam_advance(lo, hi, scalars, table):
    """Settings: Adam's first seven, momentum decay, amsgrad."""
    for clock, h, s in due(lo, hi, scalars, table):
        moments(clock, h, s)
        mu = h[3] * (1.0 - 0.5 * 0.96 ** (clock[0] * h[7]))
        ahead = h[3] * (1.0 - 0.5 * 0.96 ** ((clock[0] + 1.0) * h[7]))
        product = mu if clock[0] == 1.0 else mu * clock[1]
        clock[1] = product
        s[9] = h[0] * (1.0 - mu) / (1.0 - product)
        s[10] = h[0] * ahead / (1.0 - product * ahead)
        s[11] = h[8]


@kernel
def lion_advance(lo, hi, scalars, table):
    """Settings: lr, weight decay, sign, beta1, beta2."""
    for _, h, s in due(lo, hi, scalars, table):
        s[0], s[1], s[2] = h[2], h[0] * h[1], h[0]
        s[3], s[4], s[5], s[6] = h[3], 1.0 - h[3], h[4], 1.0 - h[4]


# --- Rules: units are chunks of `pointers.CHUNK` elements --------------------------
# A setting of zero is a choice and not a product, so that 0 * inf makes no NaN; state
# which is not used is neither read nor written.


@loop
def plus_if(x, factor, y):
    """x + factor * y, or x itself where the number ``factor`` is 0."""
    return x + y * factor if factor != type(factor)(0) else x


@kernel
def sgd(lo, hi, scalars, table):
    """State: momentum buffer."""
    zero = scalars.dtype.type(0)
    for r in range(table.shape[0]):
        start, stop = span(r, lo, hi, table)
        sign, decay, lr = scalars[r, 0], scalars[r, 1], scalars[r, 2]
        momentum, rate = scalars[r, 3], scalars[r, 4]
        rolls, nesterov = momentum != zero, scalars[r, 5] != zero
        p, g = pointer(table[r, 1], scalars), pointer(table[r, 2], scalars)
        buffer = pointer(table[r, 3], scalars)
        for i in range(start, stop, LANES):
            mask = first(stop - i, LANES)
            x = load(p, i, mask)
            d = plus_if(load(g, i, mask) * sign, decay, x)
            if rolls:
                b = load(buffer, i, mask) * momentum + d * rate
                store(b, buffer, i, mask)
                d = d + b * momentum if nesterov else b
            store(x - d * lr, p, i, mask)


@kernel
def rmsprop(lo, hi, scalars, table):
    """State: average of squares, average of gradients, momentum buffer."""
    none = scalars.dtype.type(0)
    for r in range(table.shape[0]):
        start, stop = span(r, lo, hi, table)
        sign, decay, lr = scalars[r, 0], scalars[r, 1], scalars[r, 2]
        alpha, rate, eps = scalars[r, 3], scalars[r, 4], scalars[r, 5]
        momentum = scalars[r, 6]
        rolls, centered = momentum != none, scalars[r, 7] != none
        p, g = pointer(table[r, 1], scalars), pointer(table[r, 2], scalars)
        square, mean = pointer(table[r, 3], scalars), pointer(table[r, 4], scalars)
        buffer = pointer(table[r, 5], scalars)
        for i in range(start, stop, LANES):
            mask = first(stop - i, LANES)
            x = load(p, i, mask)
            d = plus_if(load(g, i, mask) * sign, decay, x)
            v = load(square, i, mask) * alpha + (d * d) * rate
            store(v, square, i, mask)
            if centered:
                m = load(mean, i, mask)
                m = m + (d - m) * rate
                store(m, mean, i, mask)
                v = v - m * m
                zero = splat(none, mask)
                v = where(v < zero, zero, v)  # rounding made a variance negative
            d = d / (sqrt(v) + eps)
            if rolls:
                d = load(buffer, i, mask) * momentum + d
                store(d, buffer, i, mask)
            store(x - d * lr, p, i, mask)


@kernel
def adagrad(lo, hi, scalars, table):
    """State: sum of squares."""
    for r in range(table.shape[0]):
        start, stop = span(r, lo, hi, table)
        sign, decay = scalars[r, 0], scalars[r, 1]
        lr, eps = scalars[r, 2], scalars[r, 3]
        p, g = pointer(table[r, 1], scalars), pointer(table[r, 2], scalars)
        total = pointer(table[r, 3], scalars)
        for i in range(start, stop, LANES):
            mask = first(stop - i, LANES)
            x = load(p, i, mask)
            d = plus_if(load(g, i, mask) * sign, decay, x)
            v = load(total, i, mask) + d * d
            store(v, total, i, mask)
            store(x - (d / (sqrt(v) + eps)) * lr, p, i, mask)


@kernel
def adam(lo, hi, scalars, table):
    """Adam, AdamW, NAdam. State: both moments, the largest second moment (amsgrad)."""
    for r in range(table.shape[0]):
        start, stop = span(r, lo, hi, table)
        sign, decay, shrink = scalars[r, 0], scalars[r, 1], scalars[r, 2]
        beta1, rate1 = scalars[r, 3], scalars[r, 4]
        beta2, rate2 = scalars[r, 5], scalars[r, 6]
        unbias, eps, now, size = (
            scalars[r, 7], scalars[r, 8], scalars[r, 9], scalars[r, 10]
        )  # fmt: skip
        amsgrad = scalars[r, 11] != scalars.dtype.type(0)
        p, g = pointer(table[r, 1], scalars), pointer(table[r, 2], scalars)
        slow, square = pointer(table[r, 3], scalars), pointer(table[r, 4], scalars)
        largest = pointer(table[r, 5], scalars)
        for i in range(start, stop, LANES):
            mask = first(stop - i, LANES)
            x = load(p, i, mask)
            d = plus_if(load(g, i, mask) * sign, decay, x)
            m = load(slow, i, mask) * beta1 + d * rate1
            v = load(square, i, mask) * beta2 + (d * d) * rate2
            store(m, slow, i, mask)
            store(v, square, i, mask)
            if amsgrad:
                top = load(largest, i, mask)
                v = where(top > v, top, v)
                store(v, largest, i, mask)
            step = (d * now + m * size) / (sqrt(v) * unbias + eps)
            store(x - plus_if(step, shrink, x), p, i, mask)


@kernel
def lion(lo, hi, scalars, table):
    """State: momentum."""
    for r in range(table.shape[0]):
        start, stop = span(r, lo, hi, table)
        sign, shrink, lr = scalars[r, 0], scalars[r, 1], scalars[r, 2]
        beta1, rate1 = scalars[r, 3], scalars[r, 4]
        beta2, rate2 = scalars[r, 5], scalars[r, 6]
        p, g = pointer(table[r, 1], scalars), pointer(table[r, 2], scalars)
        momentum = pointer(table[r, 3], scalars)
        for i in range(start, stop, LANES):
            mask = first(stop - i, LANES)
            zero = splat(scalars.dtype.type(0), mask)
            one = splat(scalars.dtype.type(1), mask)
            x, m = load(p, i, mask), load(momentum, i, mask)
            d = load(g, i, mask) * sign
            u = m * beta1 + d * rate1
            u = where(u > zero, one, where(u < zero, zero - one, u))  # NaN stays NaN
            store(m * beta2 + d * rate2, momentum, i, mask)
            store(x - plus_if(u * lr, shrink, x), p, i, mask)


# --- Averages of parameters --------------------------------------------------------


@kernel
def ema_advance(lo, hi, scalars, table):
    """Settings: decay. Carries the sum of the weights so far, usually 1 - decay^t."""
    for clock, h, s in due(lo, hi, scalars, table):
        s[0], s[1] = h[0], 1.0 - h[0]
        clock[1] = h[0] * clock[1] + (1.0 - h[0])


@kernel
def ema(lo, hi, scalars, like, table):
    """average = decay * average + (1 - decay) * p; columns average, parameter."""
    decay, rate = like.dtype.type(scalars[0, 0]), like.dtype.type(scalars[0, 1])
    for r in range(table.shape[0]):
        start, stop = span(r, lo, hi, table)
        average, p = pointer(table[r, 1], like), pointer(table[r, 2], like)
        for i in range(start, stop, LANES):
            mask = first(stop - i, LANES)
            y = load(average, i, mask) * decay + load(p, i, mask) * rate
            store(y, average, i, mask)


# --- Clipping: tables of one column, gradients of the dtype of ``like`` ------------


@reduction
def norm_parts(lo, hi, power, like, sums, table):
    """sums[u] = sum of |x|^power over unit u, for an infinite power the maximum.

    In double precision: the squares of large float32 numbers stay finite.
    """
    p = power[0]
    for _, row, start, stop in parts(lo, hi, table):
        for a in range(start, stop, CHUNK):
            x = vector(row, 1, a, min(a + CHUNK, stop), like)
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


@kernel
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
        out[0], out[1] = norm, 1.0 if factor > 1.0 else factor  # NaN stays NaN
        status[0] = 0 if norm < math.inf else 1


@kernel
def rescale(lo, hi, factor, like, table):
    """x *= factor[1], the second result of `clip_factor`."""
    scale = like.dtype.type(factor[1])
    if factor[1] != 1.0:
        for _, row, start, stop in parts(lo, hi, table):
            x = vector(row, 1, start, stop, like)
            for i in range(x.size):
                x[i] *= scale


@kernel
def clamp(lo, hi, limit, table):
    """-limit <= x <= limit; ``limit`` is one number of the dtype of x."""
    high, low = limit[0], -limit[0]
    for _, row, start, stop in parts(lo, hi, table):
        x = vector(row, 1, start, stop, limit)
        for i in range(x.size):
            y = low if x[i] < low else x[i]
            x[i] = high if y > high else y  # NaN stays NaN
