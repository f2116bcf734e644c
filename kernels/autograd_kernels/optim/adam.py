"""Adam, AdamW and NAdam: one rule, of which the scalars differ."""

import math
from typing import NamedTuple

from autograd_kernels.jit import inline, kernel, rule
from autograd_kernels.llvm.vector import load, store, where
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
    amsgrad: float
    maximize: float
    decoupled_weight_decay: float


class NAdamSettings(NamedTuple):
    """What advance reads of a group."""

    lr: float
    beta1: float
    beta2: float
    eps: float
    weight_decay: float
    momentum_decay: float
    decoupled_weight_decay: float
    maximize: float
    amsgrad: float


class Numbers(NamedTuple):
    """What the rule reads of a step."""

    sign: float
    decay: float
    shrink: float  # decoupled decay
    beta1: float
    rate1: float
    beta2: float
    rate2: float
    unbias: float  # of the second moment's root
    eps: float
    present: float  # how far the step follows the gradient
    size: float  # and how far the first moment
    amsgrad: float


@rule
def numbers(h, steps, present, size):
    """What Adam and NAdam share."""
    decoupled = h.decoupled_weight_decay != 0.0
    return Numbers(
        sign=sign(h.maximize),
        decay=0.0 if decoupled else h.weight_decay,
        shrink=h.lr * h.weight_decay if decoupled else 0.0,
        beta1=h.beta1,
        rate1=1.0 - h.beta1,
        beta2=h.beta2,
        rate2=1.0 - h.beta2,
        unbias=1.0 / math.sqrt(1.0 - h.beta2**steps),
        eps=h.eps,
        present=present,
        size=size,
        amsgrad=h.amsgrad,
    )


@inline
def _adam(clock, h):
    return numbers(h, clock[0], 0.0, h.lr / (1.0 - h.beta1 ** clock[0]))


@inline
def _nadam(clock, h):
    mu = h.beta1 * (1.0 - 0.5 * 0.96 ** (clock[0] * h.momentum_decay))
    ahead = h.beta1 * (1.0 - 0.5 * 0.96 ** ((clock[0] + 1.0) * h.momentum_decay))
    product = mu if clock[0] == 1.0 else mu * clock[1]
    clock[1] = product
    present = h.lr * (1.0 - mu) / (1.0 - product)
    return numbers(h, clock[0], present, h.lr * ahead / (1.0 - product * ahead))


@rule
def _update(i, mask, arrays, s):
    p, g, slow, square, largest = arrays
    x = load(p, i, mask)
    d = gradient(g, x, i, mask, s)
    m = mix(load(slow, i, mask), s.beta1, d, s.rate1)
    v = mix(load(square, i, mask), s.beta2, d * d, s.rate2)
    store(m, slow, i, mask)
    store(v, square, i, mask)
    if on(s.amsgrad):
        top = load(largest, i, mask)
        v = where(top > v, top, v)
        store(v, largest, i, mask)
    step = mix(d, s.present, m, s.size) / (sqrt(v) * s.unbias + s.eps)
    store(x - plus_if(step, s.shrink, x), p, i, mask)


@kernel(writes=2, columns=(0,))
def adam_advance(lo, hi, scalars, table):
    """See `Settings`."""
    count_steps(_adam, Settings, lo, hi, scalars, table)


@kernel(writes=2, columns=(0,))
def nadam_advance(lo, hi, scalars, table):
    """See `NAdamSettings`. Carries the product of the momenta."""
    count_steps(_nadam, NAdamSettings, lo, hi, scalars, table)


@kernel(columns=(0, 2, 3, 4))
def adam(lo, hi, scalars, table):
    """State: both moments, the largest second moment (amsgrad)."""
    rows(_update, Numbers, 5, lo, hi, scalars, table)
