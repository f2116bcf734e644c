"""Softmax, its logarithm and cross-entropy from logits, over the last axis of rows.

Units are rows, none of them empty. Exponentials are taken relative to the row's
maximum, so that nothing overflows and a loss keeps its digits however large the logits
are. Short rows are treated several at a time: the exponentials of a group are one flat
loop, whose vectors do not end with a row.

``stats`` (2, rows) holds each row's maximum (0 where that is not finite) and its sum
of exponentials relative to it; `row_stats` fills it, all else reads it. ``smooth`` is
the label smoothing s, one element of the logits' dtype: a target t of n classes
becomes (1 - s) t + s / n.
"""

from __future__ import annotations

import numpy as np
from numba import carray

from ._jit import inline, kernel, reduction
from .reduce import maximum, stack
from .scalar import exp, log

TILE = 768  # elements whose exponentials are taken in one loop

FAR = 1 << 30  # labels beyond are reported as this


@inline
def shifted(x, top, first, last, tile):
    """tile = exp(x[first:last] - top[first:last]), flat."""
    n = x.shape[1]
    k = 0
    for i in range(first, last):
        m = top[np.uint64(i)]
        for j in range(n):
            tile[np.uint64(k + j)] = x[np.uint64(i), j] - m
        k += n
    for j in range(k):
        tile[j] = exp(tile[j])


@reduction
def row_stats(lo, hi, x, stats):
    """Fills ``stats`` from the logits x: (rows, n)."""
    n, zero = x.shape[1], x.dtype.type(0)
    for i in range(lo, hi):
        X = x[i]
        m = X[0]
        for j in range(1, n):
            m = maximum(m, X[j])
        stats[0, i] = m if m - m == 0 else zero
    tile = carray(stack(x, TILE), TILE)
    many = TILE // n
    first = lo
    while first < hi and many > 0:
        last = min(first + many, hi)
        shifted(x, stats[0], first, last, tile)
        k = 0
        for i in range(first, last):
            s = zero
            for j in range(n):
                s += tile[np.uint64(k + j)]
            stats[1, np.uint64(i)] = s
            k += n
        first = last
    for i in range(first, hi):
        X, m, s = x[i], stats[0, i], zero
        for j in range(n):
            s += exp(X[j] - m)
        stats[1, i] = s


@kernel
def logsumexp(lo, hi, stats, out):
    """out[i] = log of the sum of exp(x[i, :])."""
    T, S, O = stats[0][lo:hi], stats[1][lo:hi], out[lo:hi]
    for i in range(O.size):
        O[i] = T[i] + log(S[i])


@kernel
def softmax(lo, hi, x, stats, out):
    """out = exp(x - max) / sum; x, out: (rows, n)."""
    n = x.shape[1]
    many = max(1, TILE // n)
    for first in range(lo, hi, many):
        last = min(first + many, hi)
        shifted(x, stats[0], first, last, out.reshape(-1)[first * n : last * n])
        for i in range(first, last):
            O, scale = out[i], x.dtype.type(1) / stats[1, i]
            for j in range(n):
                O[j] *= scale


@kernel
def log_softmax(lo, hi, x, stats, out):
    """out = x - max - log(sum); x, out: (rows, n)."""
    for i in range(lo, hi):
        X, O, m, s = x[i], out[i], stats[0, i], log(stats[1, i])
        for j in range(X.size):
            O[j] = (X[j] - m) - s


@reduction
def softmax_backward(lo, hi, y, g, out):
    """out = y (g - sum of y g); y: the softmax; all (rows, n)."""
    for i in range(lo, hi):
        Y, G, O = y[i], g[i], out[i]
        dot = y.dtype.type(0)
        for j in range(Y.size):
            dot += Y[j] * G[j]
        for j in range(Y.size):
            O[j] = Y[j] * (G[j] - dot)


@reduction
def log_softmax_backward(lo, hi, y, g, out):
    """out = g - exp(y) sum of g; y: the logarithm of the softmax; all (rows, n)."""
    for i in range(lo, hi):
        Y, G, O = y[i], g[i], out[i]
        total = y.dtype.type(0)
        for j in range(Y.size):
            total += G[j]
        for j in range(Y.size):
            O[j] = G[j] - exp(Y[j]) * total


@inline
def label_code(label):
    """A label as a small positive number, so that a status can hold it: 1 + zigzag."""
    kept = min(max(label, -FAR), FAR)
    return 1 + (2 * kept if kept >= 0 else -2 * kept - 1)


def coded_label(code):
    """The label behind `label_code`."""
    return (code - 1) // 2 if code % 2 else -(code // 2)


@reduction
def cross_entropy(lo, hi, x, labels, smooth, stats, out, status):
    """out[i] = loss of row i against class ``labels[i]`` (int64).

    x: (rows, n), out: (rows,). Status: 1 + row where a loss is NaN, and before that
    1 + row + rows * `label_code` where a label is no class.
    """
    n, rows = x.shape[1], x.shape[0]
    S, O = stats[1][lo:hi], out[lo:hi]
    for i in range(O.size):
        O[i] = log(S[i])
    one = x.dtype.type(1)
    for i in range(lo, hi):
        label, m = labels[i], stats[0, i]
        if label < 0 or label >= n:
            if status[0] <= rows:
                status[0] = 1 + i + rows * label_code(label)
        else:
            out[i] += (one - smooth[0]) * (m - x[i, label])
            if smooth[0] > 0:
                s = x.dtype.type(0)
                X = x[i]
                for j in range(n):
                    s += m - X[j]
                out[i] += smooth[0] * s / x.dtype.type(n)
            if out[i] != out[i] and status[0] == 0:
                status[0] = 1 + i


@kernel
def cross_entropy_backward(lo, hi, x, labels, smooth, stats, g, scale, out):
    """out = scale g (softmax(x) - target); x, out: (rows, n).

    g: the loss's cotangent, one element or one for each row; scale: one element.
    """
    n = x.shape[1]
    many = max(1, TILE // n)
    each = 1 if g.size > 1 else 0
    one = x.dtype.type(1)
    for first in range(lo, hi, many):
        last = min(first + many, hi)
        shifted(x, stats[0], first, last, out.reshape(-1)[first * n : last * n])
        for i in range(first, last):
            c = scale[0] * g[i * each]
            a, b = c / stats[1, i], c * (smooth[0] / x.dtype.type(n))
            row = np.uint64(i)
            for j in range(n):
                out[row, j] = out[row, j] * a - b
            label = labels[i]
            if 0 <= label < n:
                out[row, label] -= c * (one - smooth[0])


@reduction
def soft_cross_entropy(lo, hi, x, t, smooth, stats, out, status):
    """out[i] = loss of row i against probabilities t (rows, n); x: (rows, n).

    What has no weight adds nothing, even at a logit of -inf. Status: 1 + row of a NaN.
    """
    n, zero, one = x.shape[1], x.dtype.type(0), x.dtype.type(1)
    for i in range(lo, hi):
        X, T, m = x[i], t[i], stats[0, i]
        s = log(stats[1, i])
        keep, floor = one - smooth[0], smooth[0] / x.dtype.type(n)
        total = zero
        for j in range(n):
            w = keep * T[j] + floor
            total += zero if w == 0 else w * (s + (m - X[j]))
        out[i] = total
        if total != total and status[0] == 0:
            status[0] = 1 + i


@reduction
def soft_cross_entropy_backward(lo, hi, x, t, smooth, stats, g, scale, out):
    """out = scale g (sum of target * softmax(x) - target); arguments as above."""
    n, zero, one = x.shape[1], x.dtype.type(0), x.dtype.type(1)
    each = 1 if g.size > 1 else 0
    for i in range(lo, hi):
        X, T, O, m = x[i], t[i], out[i], stats[0, i]
        keep, floor = one - smooth[0], smooth[0] / x.dtype.type(n)
        total = zero
        for j in range(n):
            total += keep * T[j] + floor
        c = scale[0] * g[i * each]
        a = c * total / stats[1, i]
        for j in range(n):
            O[j] = exp(X[j] - m) * a - c * (keep * T[j] + floor)
