"""Lion."""

from typing import NamedTuple

from autograd_kernels.jit import inline, kernel, rule
from autograd_kernels.llvm.vector import load, splat, store, where
from autograd_kernels.optim.rules import count_steps, mix, plus_if, rows, sign


class Settings(NamedTuple):
    """What advance reads of a group."""

    lr: float
    beta1: float
    beta2: float
    weight_decay: float
    maximize: float


class Numbers(NamedTuple):
    """What the rule reads of a step."""

    sign: float
    shrink: float
    lr: float
    beta1: float
    rate1: float
    beta2: float
    rate2: float


@inline
def _numbers(clock, h):
    return Numbers(
        sign=sign(h.maximize),
        shrink=h.lr * h.weight_decay,
        lr=h.lr,
        beta1=h.beta1,
        rate1=1.0 - h.beta1,
        beta2=h.beta2,
        rate2=1.0 - h.beta2,
    )


@rule
def _update(i, mask, arrays, s):
    p, g, momentum = arrays
    zero, one = splat(type(s.lr)(0), mask), splat(type(s.lr)(1), mask)
    x, m = load(p, i, mask), load(momentum, i, mask)
    d = load(g, i, mask) * s.sign
    u = mix(m, s.beta1, d, s.rate1)
    u = where(u > zero, one, where(u < zero, zero - one, u))  # NaN stays NaN
    store(mix(m, s.beta2, d, s.rate2), momentum, i, mask)
    store(x - plus_if(u * s.lr, s.shrink, x), p, i, mask)


@kernel(writes=2, columns=(0,))
def lion_advance(lo, hi, scalars, table):
    """See `Settings`."""
    count_steps(_numbers, Settings, lo, hi, scalars, table)


@kernel(columns=(0, 2))
def lion(lo, hi, scalars, table):
    """State: momentum."""
    rows(_update, Numbers, 3, lo, hi, scalars, table)
