"""SGD with momentum."""

from typing import NamedTuple

from autograd_kernels.jit import inline, kernel, rule
from autograd_kernels.llvm.vector import load, store
from autograd_kernels.optim.rules import count_steps, gradient, mix, on, rows, sign


class Settings(NamedTuple):
    """What advance reads of a group."""

    lr: float
    momentum: float
    dampening: float
    weight_decay: float
    nesterov: float
    maximize: float


class Numbers(NamedTuple):
    """What the rule reads of a step."""

    sign: float
    decay: float
    lr: float
    momentum: float
    rate: float  # of the gradient in the buffer
    nesterov: float


@inline
def _numbers(clock, h):
    rate = 1.0 if clock[0] == 1.0 else 1.0 - h.dampening  # a buffer starts undamped
    return Numbers(sign(h.maximize), h.weight_decay, h.lr, h.momentum, rate, h.nesterov)


@rule
def _update(i, mask, arrays, s):
    p, g, buffer = arrays
    x = load(p, i, mask)
    d = gradient(g, x, i, mask, s)
    if on(s.momentum):
        b = mix(load(buffer, i, mask), s.momentum, d, s.rate)
        store(b, buffer, i, mask)
        d = d + b * s.momentum if on(s.nesterov) else b
    store(x - d * s.lr, p, i, mask)


@kernel(writes=2, columns=(0,))
def sgd_advance(lo, hi, scalars, table):
    """See `Settings`."""
    count_steps(_numbers, Settings, lo, hi, scalars, table)


@kernel(columns=(0, 2))
def sgd(lo, hi, scalars, table):
    """State: momentum buffer."""
    rows(_update, Numbers, 3, lo, hi, scalars, table)
