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

from autograd_kernels._jit import inline, kernel, reduction, rule
from autograd_kernels.elementwise import loop
from autograd_kernels.memory import at
from autograd_kernels.pointers import CHUNK, pointer, pointers, span, vector
from autograd_kernels.vector import first, load, splat, store, where
from autograd_kernels.vector_math import fma, sqrt

SCALARS = 12  # columns of ``scalars``
HYPER = 12  # settings of a group, at most
LANES = 16  # of a vector; at least SCALARS

# --- The scalars of a step ---------------------------------------------------------


@loop
def count_steps(f, lo, hi, scalars, table):
    """Count a step of rows lo:hi, and derive a row's scalars: ``f(clock, h, s)``.

    They are copied to the rows that follow with the same group and the same clock: the
    usual case, and it spares the powers. (No generator: Numba's keep references.)
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
            f(clock, pointer(group, np.float64), at(scalars, r * SCALARS))


@inline
def _sgd_scalars(clock, h, s):
    s[0], s[1], s[2], s[3], s[5] = h[2], h[1], h[0], h[3], h[5]
    s[4] = 1.0 if clock[0] == 1.0 else 1.0 - h[4]  # a buffer starts undamped


@kernel(writes=2, columns=(0,))
def sgd_advance(lo, hi, scalars, table):
    """Settings: lr, weight decay, sign, momentum, dampening, nesterov."""
    count_steps(_sgd_scalars, lo, hi, scalars, table)


@inline
def _rmsprop_scalars(clock, h, s):
    s[0], s[1], s[2] = h[2], h[1], h[0]
    s[3], s[4], s[5], s[6], s[7] = h[3], 1.0 - h[3], h[4], h[5], h[6]


@kernel(writes=2, columns=(0,))
def rmsprop_advance(lo, hi, scalars, table):
    """Settings: lr, weight decay, sign, alpha, eps, momentum, centered."""
    count_steps(_rmsprop_scalars, lo, hi, scalars, table)


@inline
def _adagrad_scalars(clock, h, s):
    s[0], s[1], s[3] = h[2], h[1], h[4]
    s[2] = h[0] / (1.0 + (clock[0] - 1.0) * h[3])


@kernel(writes=2, columns=(0,))
def adagrad_advance(lo, hi, scalars, table):
    """Settings: lr, weight decay, sign, lr decay, eps."""
    count_steps(_adagrad_scalars, lo, hi, scalars, table)


@loop
def moments(clock, h, s):
    """What Adam and NAdam share."""
    s[0], s[1], s[2], s[8] = h[2], h[1], 0.0, h[5]
    if h[6] != 0.0:
        s[1], s[2] = 0.0, h[0] * h[1]
    s[3], s[4], s[5], s[6] = h[3], 1.0 - h[3], h[4], 1.0 - h[4]
    s[7] = 1.0 / math.sqrt(1.0 - h[4] ** clock[0])


@inline
def _adam_scalars(clock, h, s):
    moments(clock, h, s)
    s[9], s[10], s[11] = 0.0, h[0] / (1.0 - h[3] ** clock[0]), h[7]


@kernel(writes=2, columns=(0,))
def adam_advance(lo, hi, scalars, table):
    """Settings: lr, weight decay, sign, beta1, beta2, eps, decoupled, amsgrad."""
    count_steps(_adam_scalars, lo, hi, scalars, table)


@inline
def _nadam_scalars(clock, h, s):
    moments(clock, h, s)
    mu = h[3] * (1.0 - 0.5 * 0.96 ** (clock[0] * h[7]))
    ahead = h[3] * (1.0 - 0.5 * 0.96 ** ((clock[0] + 1.0) * h[7]))
    product = mu if clock[0] == 1.0 else mu * clock[1]
    clock[1] = product
    s[9] = h[0] * (1.0 - mu) / (1.0 - product)
    s[10] = h[0] * ahead / (1.0 - product * ahead)
    s[11] = h[8]


@kernel(writes=2, columns=(0,))
def nadam_advance(lo, hi, scalars, table):
    """Settings: Adam's first seven, momentum decay, amsgrad."""
    count_steps(_nadam_scalars, lo, hi, scalars, table)


@inline
def _lion_scalars(clock, h, s):
    s[0], s[1], s[2] = h[2], h[0] * h[1], h[0]
    s[3], s[4], s[5], s[6] = h[3], 1.0 - h[3], h[4], 1.0 - h[4]


@kernel(writes=2, columns=(0,))
def lion_advance(lo, hi, scalars, table):
    """Settings: lr, weight decay, sign, beta1, beta2."""
    count_steps(_lion_scalars, lo, hi, scalars, table)


# --- Rules: units are chunks of `pointers.CHUNK` elements --------------------------
# What a rule does to one vector is a function ``(i, mask, arrays, s)``: the pointers to
# parameter, gradient and state, and the numbers of their row of ``scalars``. A setting
# of zero is a choice and not a product, so that 0 * inf makes no NaN; state which is
# not used is neither read nor written.


@loop
def numbers(r, scalars):
    """A row of ``scalars``, held in registers."""
    return (
        scalars[r, 0], scalars[r, 1], scalars[r, 2], scalars[r, 3],
        scalars[r, 4], scalars[r, 5], scalars[r, 6], scalars[r, 7],
        scalars[r, 8], scalars[r, 9], scalars[r, 10], scalars[r, 11],
    )  # fmt: skip


@loop
def vectors(f, start, stop, arrays, s):
    """f(i, mask, arrays, s) for every vector of start:stop.

    Of whole ones LLVM knows that the mask is full: some CPUs (Zen 5) read and write
    memory at half the speed under a mask.
    """
    whole = start + (max(stop - start, 0) & -LANES)
    full = first(LANES, LANES)
    for i in range(start, whole, LANES):
        f(i, full, arrays, s)
    if whole < stop:
        f(whole, first(stop - whole, LANES), arrays, s)


@loop
def rows(f, count, lo, hi, scalars, table):
    """`vectors` of every row of a table of ``count`` (a literal) arrays."""
    for r in range(table.shape[0]):
        start, stop = span(r, lo, hi, table)
        arrays = pointers(table, r, count, scalars)
        vectors(f, start, stop, arrays, numbers(r, scalars))


@loop
def plus_if(x, factor, y):
    """x + factor * y, or x itself where the number ``factor`` is 0."""
    return x + y * factor if factor != type(factor)(0) else x


@loop
def mix(x, a, y, b):
    """x * a + y * b, the same in every loop: LLVM may not choose what to fuse."""
    return fma(x, a, y * b)


@rule
def _sgd(i, mask, arrays, s):
    p, g, buffer = arrays
    sign, decay, lr, momentum, rate, nesterov = s[:6]
    none = type(lr)(0)
    x = load(p, i, mask)
    d = plus_if(load(g, i, mask) * sign, decay, x)
    if momentum != none:
        b = mix(load(buffer, i, mask), momentum, d, rate)
        store(b, buffer, i, mask)
        d = d + b * momentum if nesterov != none else b
    store(x - d * lr, p, i, mask)


@rule
def _rmsprop(i, mask, arrays, s):
    p, g, square, mean, buffer = arrays
    sign, decay, lr, alpha, rate, eps, momentum, centered = s[:8]
    none = type(lr)(0)
    x = load(p, i, mask)
    d = plus_if(load(g, i, mask) * sign, decay, x)
    v = mix(load(square, i, mask), alpha, d * d, rate)
    store(v, square, i, mask)
    if centered != none:
        m = load(mean, i, mask)
        m = m + (d - m) * rate
        store(m, mean, i, mask)
        v = v - m * m
        zero = splat(none, mask)
        v = where(v < zero, zero, v)  # rounding made a variance negative
    d = d / (sqrt(v) + eps)
    if momentum != none:
        d = load(buffer, i, mask) * momentum + d
        store(d, buffer, i, mask)
    store(x - d * lr, p, i, mask)


@rule
def _adagrad(i, mask, arrays, s):
    p, g, total = arrays
    sign, decay, lr, eps = s[:4]
    x = load(p, i, mask)
    d = plus_if(load(g, i, mask) * sign, decay, x)
    v = load(total, i, mask) + d * d
    store(v, total, i, mask)
    store(x - (d / (sqrt(v) + eps)) * lr, p, i, mask)


@rule
def _adam(i, mask, arrays, s):
    p, g, slow, square, largest = arrays
    sign, decay, shrink, beta1, rate1, beta2, rate2 = s[:7]
    unbias, eps, now, size, amsgrad = s[7:]
    x = load(p, i, mask)
    d = plus_if(load(g, i, mask) * sign, decay, x)
    m = mix(load(slow, i, mask), beta1, d, rate1)
    v = mix(load(square, i, mask), beta2, d * d, rate2)
    store(m, slow, i, mask)
    store(v, square, i, mask)
    if amsgrad != type(eps)(0):
        top = load(largest, i, mask)
        v = where(top > v, top, v)
        store(v, largest, i, mask)
    step = mix(d, now, m, size) / (sqrt(v) * unbias + eps)
    store(x - plus_if(step, shrink, x), p, i, mask)


@rule
def _lion(i, mask, arrays, s):
    p, g, momentum = arrays
    sign, shrink, lr, beta1, rate1, beta2, rate2 = s[:7]
    zero, one = splat(type(lr)(0), mask), splat(type(lr)(1), mask)
    x, m = load(p, i, mask), load(momentum, i, mask)
    d = load(g, i, mask) * sign
    u = mix(m, beta1, d, rate1)
    u = where(u > zero, one, where(u < zero, zero - one, u))  # NaN stays NaN
    store(mix(m, beta2, d, rate2), momentum, i, mask)
    store(x - plus_if(u * lr, shrink, x), p, i, mask)


@kernel(columns=(0, 2))
def sgd(lo, hi, scalars, table):
    """State: momentum buffer."""
    rows(_sgd, 3, lo, hi, scalars, table)


@kernel(columns=(0, 2, 3, 4))
def rmsprop(lo, hi, scalars, table):
    """State: average of squares, average of gradients, momentum buffer."""
    rows(_rmsprop, 5, lo, hi, scalars, table)


@kernel(columns=(0, 2))
def adagrad(lo, hi, scalars, table):
    """State: sum of squares."""
    rows(_adagrad, 3, lo, hi, scalars, table)


@kernel(columns=(0, 2, 3, 4))
def adam(lo, hi, scalars, table):
    """Adam, AdamW, NAdam. State: both moments, the largest second moment (amsgrad)."""
    rows(_adam, 5, lo, hi, scalars, table)


@kernel(columns=(0, 2))
def lion(lo, hi, scalars, table):
    """State: momentum."""
    rows(_lion, 3, lo, hi, scalars, table)


# --- Averages of parameters --------------------------------------------------------


@inline
def _ema_scalars(clock, h, s):
    s[0], s[1] = h[0], 1.0 - h[0]
    clock[1] = h[0] * clock[1] + (1.0 - h[0])


@kernel(writes=2, columns=(0,))
def ema_advance(lo, hi, scalars, table):
    """Settings: decay. Carries the sum of the weights so far, usually 1 - decay^t."""
    count_steps(_ema_scalars, lo, hi, scalars, table)


@rule
def _ema(i, mask, arrays, s):
    average, p = arrays
    decay, rate = s
    y = mix(load(average, i, mask), decay, load(p, i, mask), rate)
    store(y, average, i, mask)


@kernel(columns=(0,))
def ema(lo, hi, scalars, like, table):
    """average = decay * average + (1 - decay) * p; columns average, parameter."""
    decay, rate = like.dtype.type(scalars[0, 0]), like.dtype.type(scalars[0, 1])
    for r in range(table.shape[0]):
        start, stop = span(r, lo, hi, table)
        vectors(_ema, start, stop, pointers(table, r, 2, like), (decay, rate))


# --- Clipping: tables of one column, gradients of the dtype of ``like`` ------------


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
        out[0], out[1] = norm, 1.0 if factor > 1.0 else factor  # NaN stays NaN
        status[0] = 0 if norm < math.inf else 1


@kernel(columns=(0,))
def rescale(lo, hi, factor, like, table):
    """x *= factor[1], the second result of `clip_factor`."""
    scale = like.dtype.type(factor[1])
    if factor[1] != 1.0:
        for r in range(table.shape[0]):
            start, stop = span(r, lo, hi, table)
            if start < stop:
                x = vector(table[r], 1, start, stop, like)
                for i in range(x.size):
                    x[i] *= scale


@kernel(columns=(0,))
def clamp(lo, hi, limit, table):
    """-limit <= x <= limit; ``limit`` is one number of the dtype of x."""
    high, low = limit[0], -limit[0]
    for r in range(table.shape[0]):
        start, stop = span(r, lo, hi, table)
        if start < stop:
            x = vector(table[r], 1, start, stop, limit)
            for i in range(x.size):
                y = low if x[i] < low else x[i]
                x[i] = high if y > high else y  # NaN stays NaN
