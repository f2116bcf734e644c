"""RMSprop."""

from typing import NamedTuple

from autograd_kernels.jit import inline, kernel, rule
from autograd_kernels.llvm.vector import load, splat, store, where
from autograd_kernels.llvm.vector_math import sqrt
from autograd_kernels.optim.rules import count_steps, gradient, mix, on, rows, sign


class Settings(NamedTuple):
    """What advance reads of a group."""

    lr: float
    alpha: float
    eps: float
    weight_decay: float
    momentum: float
    centered: float
    maximize: float


class Numbers(NamedTuple):
    """What the rule reads of a step."""

    sign: float
    decay: float
    lr: float
    alpha: float
    rate: float
    eps: float
    momentum: float
    centered: float


@inline
def _numbers(clock, h):
    return Numbers(
        sign=sign(h.maximize),
        decay=h.weight_decay,
        lr=h.lr,
        alpha=h.alpha,
        rate=1.0 - h.alpha,
        eps=h.eps,
        momentum=h.momentum,
        centered=h.centered,
    )


@rule
def _update(i, mask, arrays, s):
    p, g, square, mean, buffer = arrays
    x = load(p, i, mask)
    d = gradient(g, x, i, mask, s)
    v = mix(load(square, i, mask), s.alpha, d * d, s.rate)
    store(v, square, i, mask)
    if on(s.centered):
        m = load(mean, i, mask)
        m = m + (d - m) * s.rate
        store(m, mean, i, mask)
        v = v - m * m
        zero = splat(type(s.lr)(0), mask)
        v = where(v < zero, zero, v)  # rounding made a variance negative
    d = d / (sqrt(v) + s.eps)
    if on(s.momentum):
        d = load(buffer, i, mask) * s.momentum + d
        store(d, buffer, i, mask)
    store(x - d * s.lr, p, i, mask)


@kernel(writes=2, columns=(0,))
def rmsprop_advance(lo, hi, scalars, table):
    """See `Settings`."""
    count_steps(_numbers, Settings, lo, hi, scalars, table)


@kernel(columns=(0, 2, 3, 4))
def rmsprop(lo, hi, scalars, table):
    """State: average of squares, average of gradients, momentum buffer."""
    rows(_update, Numbers, 5, lo, hi, scalars, table)
