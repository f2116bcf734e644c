"""Adagrad."""

from typing import NamedTuple

from autograd_kernels.jit import inline, kernel, rule
from autograd_kernels.llvm.vector import load, store
from autograd_kernels.llvm.vector_math import sqrt
from autograd_kernels.optim.rules import count_steps, gradient, rows, sign


class Settings(NamedTuple):
    """What advance reads of a group."""

    lr: float
    lr_decay: float
    weight_decay: float
    eps: float
    maximize: float


class Numbers(NamedTuple):
    """What the rule reads of a step."""

    sign: float
    decay: float
    lr: float
    eps: float


@inline
def _numbers(clock, h):
    lr = h.lr / (1.0 + (clock[0] - 1.0) * h.lr_decay)
    return Numbers(sign(h.maximize), h.weight_decay, lr, h.eps)


@rule
def _update(i, mask, arrays, s):
    p, g, total = arrays
    x = load(p, i, mask)
    d = gradient(g, x, i, mask, s)
    v = load(total, i, mask) + d * d
    store(v, total, i, mask)
    store(x - (d / (sqrt(v) + s.eps)) * s.lr, p, i, mask)


@kernel(writes=2, columns=(0,))
def adagrad_advance(lo, hi, scalars, table):
    """See `Settings`."""
    count_steps(_numbers, Settings, lo, hi, scalars, table)


@kernel(columns=(0, 2))
def adagrad(lo, hi, scalars, table):
    """State: sum of squares."""
    rows(_update, Numbers, 3, lo, hi, scalars, table)
