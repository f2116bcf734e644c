"""Softmax, its logarithm and cross-entropy from logits, over the last axis of rows.

Units are rows, none of them empty. Exponentials are taken relative to the row's
maximum, so that nothing overflows and a loss keeps its digits however large the logits
are. Vectors hold parts of a row; in the kernels for a few elements, each lane is a row.

``stats`` (2, rows) holds each row's maximum (0 where that is not finite) and its sum
of exponentials relative to it; `row_stats` fills it, all else reads it. ``smooth`` is
the label smoothing s, one element of the logits' dtype: a target t of n classes
becomes (1 - s) t + s / n.
"""

from __future__ import annotations

from autograd_kernels.checks import SLACK, value_code
from autograd_kernels.jit import inline, kernel, reduction, rule
from autograd_kernels.llvm.integers import least, most
from autograd_kernels.llvm.memory import stack
from autograd_kernels.llvm.vector import (
    LANES,
    counting,
    first,
    gather,
    load,
    scatter,
    splat,
    store,
    take,
    where,
)
from autograd_kernels.llvm.vector_math import exp as vexp
from autograd_kernels.llvm.vector_math import largest, some, total
from autograd_kernels.math.scalar import exp, log

FEW = 16  # elements of a row, at most, for `row_stats_few`
VERY_FEW = 4  # ... for `cross_entropy_backward_few` to be the faster one
ROOM = 256  # FEW * LANES

LAST_LABEL = 1 << 30  # labels beyond are reported as this


@rule
def highest(i, whole, tail, x):
    """The maximum of row ``i``, 0 where that is not finite."""
    n, zero = x.shape[1], x.dtype.type(0)
    full = first(LANES, LANES)
    m = given = splat(x[i, 0], full)
    for j in range(0, whole, LANES):
        v = load(x, i * n + j, full)
        m = where(v > m, v, m)
    v = where(tail, load(x, i * n + whole, tail), given)
    top = largest(where(v > m, v, m))
    return top if top - top == zero else zero


@rule
def raised(p, mask, top, x):
    """exp(x - top) of one vector, 0 off the mask."""
    zero = splat(x.dtype.type(0), mask)
    return where(mask, vexp(load(x, p, mask) - top), zero)


@kernel
def row_stats(lo, hi, x, stats):
    """Fills ``stats`` from the logits x: (rows, n)."""
    n = x.shape[1]
    whole = (n - 1) & -LANES  # so that the tail is never empty
    full, tail = first(LANES, LANES), first(n - whole, LANES)
    for i in range(lo, hi):
        top, s = highest(i, whole, tail, x), splat(x.dtype.type(0), full)
        for j in range(0, whole, LANES):
            s = s + raised(i * n + j, full, top, x)
        stats[0, i] = top
        stats[1, i] = total(s + raised(i * n + whole, tail, top, x))


@kernel
def row_stats_few(lo, hi, x, stats):
    """`row_stats` for rows of at most `FEW`."""
    n, rows = x.shape[1], x.shape[0]
    tile = stack(x, ROOM)
    for i in range(lo, hi, LANES):
        mask = first(hi - i, LANES)
        m = gather(x, i * n, n, mask)
        store(m, tile, 0, mask)
        for j in range(1, n):
            v = gather(x, i * n + j, n, mask)
            store(v, tile, j * LANES, mask)
            m = where(v > m, v, m)
        s = zero = splat(x.dtype.type(0), mask)
        m = where(m - m != zero, zero, m)
        for j in range(n):
            s = s + vexp(load(tile, j * LANES, mask) - m)
        store(m, stats, i, mask)
        store(s, stats, rows + i, mask)


@kernel
def logsumexp(lo, hi, stats, out):
    """out[i] = log of the sum of exp(x[i, :])."""
    T, S, O = stats[0][lo:hi], stats[1][lo:hi], out[lo:hi]
    for i in range(O.size):
        O[i] = T[i] + log(S[i])


@kernel
def softmax(lo, hi, x, out):
    """out = exp(x - max) / sum of that; x, out: (rows, n)."""
    n = x.shape[1]
    whole = (n - 1) & -LANES  # so that the tail is never empty
    full, tail = first(LANES, LANES), first(n - whole, LANES)
    for i in range(lo, hi):
        top, s = highest(i, whole, tail, x), splat(x.dtype.type(0), full)
        for j in range(0, whole, LANES):
            e = raised(i * n + j, full, top, x)
            store(e, out, i * n + j, full)
            s = s + e
        last = raised(i * n + whole, tail, top, x)
        scale = x.dtype.type(1) / total(s + last)
        for j in range(0, whole, LANES):
            e = load(out, i * n + j, full)
            store(e * scale, out, i * n + j, full)
        store(last * scale, out, i * n + whole, tail)


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
    kept = least(most(label, -LAST_LABEL), LAST_LABEL)
    return 1 + (2 * kept if kept >= 0 else -2 * kept - 1)


@inline
def smoothing(lo, hi, x, smooth, stats, out):
    """Adds the share of the loss that goes to all classes alike."""
    n = x.dtype.type(x.shape[1])
    for i in range(lo, hi):
        X, m, s = x[i], stats[0, i], x.dtype.type(0)
        for j in range(X.size):
            s += m - X[j]
        out[i] += smooth[0] * s / n


def coded_label(code):
    """The label behind `label_code`."""
    return (code - 1) // 2 if code % 2 else -(code // 2)


@reduction(writes=2)
def cross_entropy(lo, hi, x, labels, smooth, stats, out, status):
    """out[i] = loss of row i against class ``labels[i]`` (int64).

    x: (rows, n), out: (rows,). Status: 1 + row where a loss is NaN, and before that
    1 + row + rows * `label_code` where a label is no class.
    """
    n, rows, keep = x.shape[1], x.shape[0], x.dtype.type(1) - smooth[0]
    S, O = stats[1][lo:hi], out[lo:hi]
    for i in range(O.size):
        O[i] = log(S[i])
    if smooth[0] > 0:
        smoothing(lo, hi, x, smooth, stats, out)
    for i in range(lo, hi, LANES):
        mask = first(hi - i, LANES)
        label = load(labels, i, mask)
        wrong = label >= n  # as unsigned: a negative label is a large one
        if some(wrong) and status[0] <= rows:
            bad = i
            while 0 <= labels[bad] < n:
                bad += 1
            status[0] = 1 + bad + rows * label_code(labels[bad])
        label = where(wrong, label - label, label)
        hit = take(x, counting(i, mask) * n + label, mask)
        y = load(out, i, mask) + (load(stats, i, mask) - hit) * keep
        store(y, out, i, mask)
        if some(y != y) and status[0] == 0:
            bad = i
            while out[bad] == out[bad]:
                bad += 1
            status[0] = 1 + bad


@kernel
def cross_entropy_backward(lo, hi, x, labels, smooth, stats, g, scale, out):
    """out = scale g (softmax(x) - target); x, out: (rows, n).

    g: the loss's cotangent, one element or one for each row; scale: one element.
    """
    n, one = x.shape[1], x.dtype.type(1)
    each = 1 if g.size > 1 else 0
    for i in range(lo, hi):
        top, c, label = stats[0, i], scale[0] * g[i * each], labels[i]
        a, b = c / stats[1, i], c * (smooth[0] / x.dtype.type(n))
        hit = b + c * (one - smooth[0])
        for j in range(0, n, LANES):
            mask = first(n - j, LANES)
            t = where(counting(j, mask) != label, splat(b, mask), splat(hit, mask))
            y = vexp(load(x, i * n + j, mask) - top) * a
            store(y - t, out, i * n + j, mask)


@kernel
def cross_entropy_backward_few(lo, hi, x, labels, smooth, stats, g, scale, out):
    """`cross_entropy_backward` for few classes."""
    n, rows, one = x.shape[1], x.shape[0], x.dtype.type(1)
    for i in range(lo, hi, LANES):
        mask = first(hi - i, LANES)
        m, label = load(stats, i, mask), load(labels, i, mask)
        c = load(g, i, mask) if g.size > 1 else splat(g[0], mask)
        c = c * scale[0]
        a, b = c / load(stats, rows + i, mask), c * (smooth[0] / x.dtype.type(n))
        hit = b + c * (one - smooth[0])
        for j in range(n):
            y = vexp(gather(x, i * n + j, n, mask) - m) * a
            y = y - where(label != j, b, hit)
            scatter(y, out, i * n + j, n, mask)


@inline
def negative(lo, hi, t, status):
    """Status of the first negative target (or NaN) in rows of t, before any other."""
    T, low, good = t[lo:hi].reshape(-1), t.dtype.type(-SLACK), 0
    for k in range(T.size):
        good += T[k] >= low
    if good < T.size and status[0] <= t.shape[0]:
        k = 0
        while T[k] >= low:
            k += 1
        status[0] = 1 + lo + k // t.shape[1] + t.shape[0] * value_code(T[k])


@reduction(writes=2)
def soft_cross_entropy(lo, hi, x, t, smooth, stats, out, status):
    """out[i] = loss of row i against probabilities t (rows, n); x: (rows, n).

    What has no weight adds nothing, even at a logit of -inf. Status: 1 + row of a NaN,
    and rows * `value_code` of a target in it that is negative (or NaN) is added.
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
    negative(lo, hi, t, status)


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
