"""Adadelta."""

from typing import NamedTuple

from autograd_kernels.jit import inline, kernel, rule
from autograd_kernels.llvm.vector import load, store
from autograd_kernels.llvm.vector_math import sqrt
from autograd_kernels.optim.rules import count_steps, gradient, mix, rows, sign


class Settings(NamedTuple):
    """What advance reads of a group."""

    lr: float
    rho: float
    eps: float
    weight_decay: float
    maximize: float


class Numbers(NamedTuple):
    """What the rule reads of a step."""

    sign: float
    decay: float
    lr: float
    rho: float
    rate: float
    eps: float


@inline
def _numbers(clock, h):
    return Numbers(sign(h.maximize), h.weight_decay, h.lr, h.rho, 1.0 - h.rho, h.eps)


@rule
def _update(i, mask, arrays, s):
    p, g, square, moved = arrays
    x = load(p, i, mask)
    d = gradient(g, x, i, mask, s)
    v = mix(load(square, i, mask), s.rho, d * d, s.rate)
    store(v, square, i, mask)
    a = load(moved, i, mask)
    d = sqrt(a + s.eps) / sqrt(v + s.eps) * d
    store(mix(a, s.rho, d * d, s.rate), moved, i, mask)
    store(x - d * s.lr, p, i, mask)


@kernel(writes=2, columns=(0,))
def adadelta_advance(lo, hi, scalars, table):
    """See `Settings`."""
    count_steps(_numbers, Settings, lo, hi, scalars, table)


@kernel(columns=(0, 2, 3))
def adadelta(lo, hi, scalars, table):
    """State: averages of the squares of gradients and of steps."""
    rows(_update, Numbers, 4, lo, hi, scalars, table)
