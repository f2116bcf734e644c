"""RAdam."""

import math
from typing import NamedTuple

from autograd_kernels.jit import inline, kernel, rule
from autograd_kernels.llvm.vector import load, store
from autograd_kernels.llvm.vector_math import sqrt
from autograd_kernels.optim.rules import (
    count_steps,
    gradient,
    mix,
    on,
    plus_if,
    rows,
    sign,
)


class Settings(NamedTuple):
    """What advance reads of a group."""

    lr: float
    beta1: float
    beta2: float
    eps: float
    weight_decay: float
    decoupled_weight_decay: float
    maximize: float


class Numbers(NamedTuple):
    """What the rule reads of a step."""

    sign: float
    decay: float
    shrink: float  # decoupled decay
    beta1: float
    rate1: float
    beta2: float
    rate2: float
    eps: float
    size: float
    adaptive: float  # 0 while the variance of the second moment is unknown


@inline
def _numbers(clock, h):
    decoupled = h.decoupled_weight_decay != 0.0
    known = 1.0 - h.beta2 ** clock[0]
    most = 2.0 / (1.0 - h.beta2) - 1.0
    length = most - 2.0 * clock[0] * h.beta2 ** clock[0] / known
    size, adaptive = h.lr / (1.0 - h.beta1 ** clock[0]), 0.0
    if length > 5.0:
        of, limit = (length - 4.0) * (length - 2.0), (most - 4.0) * (most - 2.0)
        size *= math.sqrt(known * of * most / (limit * length))
        adaptive = 1.0
    return Numbers(
        sign=sign(h.maximize),
        decay=0.0 if decoupled else h.weight_decay,
        shrink=h.lr * h.weight_decay if decoupled else 0.0,
        beta1=h.beta1,
        rate1=1.0 - h.beta1,
        beta2=h.beta2,
        rate2=1.0 - h.beta2,
        eps=h.eps,
        size=size,
        adaptive=adaptive,
    )


@rule
def _update(i, mask, arrays, s):
    p, g, slow, square = arrays
    x = load(p, i, mask)
    d = gradient(g, x, i, mask, s)
    m = mix(load(slow, i, mask), s.beta1, d, s.rate1)
    v = mix(load(square, i, mask), s.beta2, d * d, s.rate2)
    store(m, slow, i, mask)
    store(v, square, i, mask)
    step = m * s.size
    if on(s.adaptive):
        step = step / (sqrt(v) + s.eps)
    store(x - plus_if(step, s.shrink, x), p, i, mask)


@kernel(writes=2, columns=(0,))
def radam_advance(lo, hi, scalars, table):
    """See `Settings`."""
    count_steps(_numbers, Settings, lo, hi, scalars, table)


@kernel(columns=(0, 2, 3))
def radam(lo, hi, scalars, table):
    """State: both moments."""
    rows(_update, Numbers, 4, lo, hi, scalars, table)
