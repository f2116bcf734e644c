"""Adamax."""

from typing import NamedTuple

from autograd_kernels.jit import inline, kernel, rule
from autograd_kernels.llvm.vector import load, splat, store, where
from autograd_kernels.optim.rules import count_steps, gradient, mix, rows, sign


class Settings(NamedTuple):
    """What advance reads of a group."""

    lr: float
    beta1: float
    beta2: float
    eps: float
    weight_decay: float
    maximize: float


class Numbers(NamedTuple):
    """What the rule reads of a step."""

    sign: float
    decay: float
    beta1: float
    rate1: float
    beta2: float
    eps: float
    size: float


@inline
def _numbers(clock, h):
    return Numbers(
        sign=sign(h.maximize),
        decay=h.weight_decay,
        beta1=h.beta1,
        rate1=1.0 - h.beta1,
        beta2=h.beta2,
        eps=h.eps,
        size=h.lr / (1.0 - h.beta1 ** clock[0]),
    )


@rule
def _update(i, mask, arrays, s):
    p, g, slow, largest = arrays
    x = load(p, i, mask)
    d = gradient(g, x, i, mask, s)
    m = mix(load(slow, i, mask), s.beta1, d, s.rate1)
    store(m, slow, i, mask)
    zero = splat(type(s.eps)(0), mask)
    new = where(d < zero, zero - d, d) + s.eps
    old = load(largest, i, mask) * s.beta2
    old = where(new > old, new, where(new != new, new, old))  # NaN stays NaN
    store(old, largest, i, mask)
    store(x - m * s.size / old, p, i, mask)


@kernel(writes=2, columns=(0,))
def adamax_advance(lo, hi, scalars, table):
    """See `Settings`."""
    count_steps(_numbers, Settings, lo, hi, scalars, table)


@kernel(columns=(0, 2, 3))
def adamax(lo, hi, scalars, table):
    """State: the first moment, the largest gradient."""
    rows(_update, Numbers, 4, lo, hi, scalars, table)
