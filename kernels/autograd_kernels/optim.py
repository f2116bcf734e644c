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

import numba
import numpy as np

from autograd_kernels._jit import inline, kernel, reduction
from autograd_kernels.pointers import CHUNK, parts, pointer, vector

SCALARS = 12  # columns of ``scalars``
HYPER = 12  # settings of a group, at most

# --- The scalars of a step ---------------------------------------------------------


@inline
def due(lo, hi, scalars, table):
    """Count a step of rows lo:hi; each whose scalars differ from the row's before it.

    What the caller then derives is copied to the rows that follow with the same group
    and the same clock: the usual case, and it spares the powers.
    """
    group, step, carried = 0, 0.0, 0.0
    for r in range(lo, hi):
        clock = numba.carray(pointer(table[r, 1], np.float64), 2)
        if table[r, 2] == group and clock[0] == step and clock[1] == carried:
            same = numba.carray(pointer(table[r - 1, 1], np.float64), 2)
            clock[0], clock[1] = same[0], same[1]
            for k in range(SCALARS):
                scalars[r, k] = scalars[r - 1, k]
        else:
            group, step, carried = table[r, 2], clock[0], clock[1]
            clock[0] += 1.0
            yield clock, numba.carray(pointer(group, np.float64), HYPER), scalars[r]


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


@inline
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
# A setting of zero is a branch and not a product, so that 0 * inf makes no NaN, and so
# that state which is not used is neither read nor written. LLVM takes these branches
# out of the loops and vectorises what is left.


@kernel
def sgd(lo, hi, scalars, table):
    """State: momentum buffer."""
    zero = scalars.dtype.type(0)
    for r, row, start, stop in parts(lo, hi, table):
        s = scalars[r]
        sign, decay, lr, momentum, rate = s[0], s[1], s[2], s[3], s[4]
        decays, rolls, nesterov = decay != zero, momentum != zero, s[5] != zero
        p = vector(row, 1, start, stop, scalars)
        g = vector(row, 2, start, stop, scalars)
        buffer = vector(row, 3, start, stop, scalars)
        for i in range(p.size):
            d = sign * g[i]
            if decays:
                d = d + decay * p[i]
            if rolls:
                b = momentum * buffer[i] + rate * d
                buffer[i] = b
                d = d + momentum * b if nesterov else b
            p[i] -= lr * d


@kernel
def rmsprop(lo, hi, scalars, table):
    """State: average of squares, average of gradients, momentum buffer."""
    zero = scalars.dtype.type(0)
    for r, row, start, stop in parts(lo, hi, table):
        s = scalars[r]
        sign, decay, lr, alpha, rate, eps = s[0], s[1], s[2], s[3], s[4], s[5]
        momentum = s[6]
        decays, rolls, centered = decay != zero, momentum != zero, s[7] != zero
        p = vector(row, 1, start, stop, scalars)
        g = vector(row, 2, start, stop, scalars)
        square = vector(row, 3, start, stop, scalars)
        mean = vector(row, 4, start, stop, scalars)
        buffer = vector(row, 5, start, stop, scalars)
        for i in range(p.size):
            d = sign * g[i]
            if decays:
                d = d + decay * p[i]
            v = alpha * square[i] + rate * (d * d)
            square[i] = v
            if centered:
                m = mean[i] + rate * (d - mean[i])
                mean[i] = m
                v = v - m * m
                v = zero if v < zero else v  # a variance that rounding made negative
            d = d / (math.sqrt(v) + eps)
            if rolls:
                d = momentum * buffer[i] + d
                buffer[i] = d
            p[i] -= lr * d


@kernel
def adagrad(lo, hi, scalars, table):
    """State: sum of squares."""
    zero = scalars.dtype.type(0)
    for r, row, start, stop in parts(lo, hi, table):
        s = scalars[r]
        sign, decay, lr, eps = s[0], s[1], s[2], s[3]
        decays = decay != zero
        p = vector(row, 1, start, stop, scalars)
        g = vector(row, 2, start, stop, scalars)
        total = vector(row, 3, start, stop, scalars)
        for i in range(p.size):
            d = sign * g[i]
            if decays:
                d = d + decay * p[i]
            v = total[i] + d * d
            total[i] = v
            p[i] -= lr * (d / (math.sqrt(v) + eps))


@kernel
def adam(lo, hi, scalars, table):
    """Adam, AdamW, NAdam. State: both moments, the largest second moment (amsgrad)."""
    zero = scalars.dtype.type(0)
    for r, row, start, stop in parts(lo, hi, table):
        s = scalars[r]
        sign, decay, shrink = s[0], s[1], s[2]
        beta1, rate1, beta2, rate2 = s[3], s[4], s[5], s[6]
        unbias, eps, now, size = s[7], s[8], s[9], s[10]
        decays, shrinks, amsgrad = decay != zero, shrink != zero, s[11] != zero
        p = vector(row, 1, start, stop, scalars)
        g = vector(row, 2, start, stop, scalars)
        first = vector(row, 3, start, stop, scalars)
        second = vector(row, 4, start, stop, scalars)
        largest = vector(row, 5, start, stop, scalars)
        for i in range(p.size):
            d = sign * g[i]
            if decays:
                d = d + decay * p[i]
            m = beta1 * first[i] + rate1 * d
            v = beta2 * second[i] + rate2 * (d * d)
            first[i], second[i] = m, v
            if amsgrad:
                v = largest[i] if largest[i] > v else v
                largest[i] = v
            step = (now * d + size * m) / (math.sqrt(v) * unbias + eps)
            if shrinks:
                step = step + shrink * p[i]
            p[i] -= step


@kernel
def lion(lo, hi, scalars, table):
    """State: momentum."""
    zero, one = scalars.dtype.type(0), scalars.dtype.type(1)
    for r, row, start, stop in parts(lo, hi, table):
        s = scalars[r]
        sign, shrink, lr = s[0], s[1], s[2]
        beta1, rate1, beta2, rate2 = s[3], s[4], s[5], s[6]
        p = vector(row, 1, start, stop, scalars)
        g = vector(row, 2, start, stop, scalars)
        momentum = vector(row, 3, start, stop, scalars)
        shrinks = shrink != zero
        for i in range(p.size):
            d = sign * g[i]
            u = beta1 * momentum[i] + rate1 * d
            u = one if u > zero else -one if u < zero else u  # NaN stays NaN
            momentum[i] = beta2 * momentum[i] + rate2 * d
            step = lr * u
            if shrinks:
                step = step + shrink * p[i]
            p[i] -= step


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
    for _, row, start, stop in parts(lo, hi, table):
        average = vector(row, 1, start, stop, like)
        p = vector(row, 2, start, stop, like)
        for i in range(p.size):
            average[i] = decay * average[i] + rate * p[i]


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
