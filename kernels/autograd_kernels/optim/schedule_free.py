"""SGD without a schedule, and the way between its two sets of parameters."""

from typing import NamedTuple

from autograd_kernels.jit import inline, kernel, rule
from autograd_kernels.llvm.vector import load, store
from autograd_kernels.optim.rules import count_steps, gradient, on, rows, sign


class Settings(NamedTuple):
    """What advance reads of a group."""

    lr: float
    momentum: float
    weight_decay: float
    warmup_steps: float
    r: float
    weight_lr_power: float
    maximize: float


class Numbers(NamedTuple):
    """What the rule reads of a step."""

    sign: float
    decay: float
    lr: float
    share: float  # of z in the average that the step adds to
    along: float  # how far the gradient takes y
    first: float  # z is still to be made


@inline
def _numbers(clock, h):
    lr, steps = h.lr, clock[0]
    if steps < h.warmup_steps:
        lr *= steps / h.warmup_steps
    clock[2] = max(lr, clock[2])
    weight = steps**h.r * clock[2] ** h.weight_lr_power
    clock[1] += weight
    share = weight / clock[1] if clock[1] != 0.0 else 0.0
    return Numbers(
        sign=sign(h.maximize),
        decay=h.weight_decay,
        lr=lr,
        share=share,
        along=lr * (1.0 - h.momentum * (1.0 - share)),
        first=1.0 if steps == 1.0 else 0.0,
    )


@rule
def _update(i, mask, arrays, s):
    p, g, base = arrays
    y = load(p, i, mask)
    d = gradient(g, y, i, mask, s)
    z = y if on(s.first) else load(base, i, mask)
    store(z - d * s.lr, base, i, mask)
    store(y + (z - y) * s.share - d * s.along, p, i, mask)


class Move(NamedTuple):
    """What a move reads."""

    share: float


@rule
def _move(i, mask, arrays, s):
    p, base = arrays
    x = load(p, i, mask)
    store(x + (load(base, i, mask) - x) * s.share, p, i, mask)


@kernel(writes=2, columns=(0,))
def schedule_free_advance(lo, hi, scalars, table):
    """See `Settings`. Carries the sum of the weights and the largest rate."""
    count_steps(_numbers, Settings, lo, hi, scalars, table)


@kernel(columns=(0, 2))
def schedule_free(lo, hi, scalars, table):
    """State: z, where plain gradient descent is."""
    rows(_update, Numbers, 3, lo, hi, scalars, table)


@kernel(columns=(0,))
def schedule_free_move(lo, hi, scalars, table):
    """p += share * (z - p); columns p, z."""
    rows(_move, Move, 2, lo, hi, scalars, table)
