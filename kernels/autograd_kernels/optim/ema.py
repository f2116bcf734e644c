"""Averages of parameters."""

from typing import NamedTuple

from autograd_kernels.jit import inline, kernel, rule
from autograd_kernels.llvm.memory import pointers
from autograd_kernels.llvm.vector import load, store
from autograd_kernels.optim.rules import count_steps, mix, vectors
from autograd_kernels.pointers import span


class Settings(NamedTuple):
    """What advance reads of a group."""

    decay: float


class Numbers(NamedTuple):
    """What the rule reads of a step."""

    decay: float
    rate: float


@inline
def _numbers(clock, h):
    clock[1] = h.decay * clock[1] + (1.0 - h.decay)
    return Numbers(h.decay, 1.0 - h.decay)


@rule
def _update(i, mask, arrays, s):
    average, p = arrays
    y = mix(load(average, i, mask), s.decay, load(p, i, mask), s.rate)
    store(y, average, i, mask)


@kernel(writes=2, columns=(0,))
def ema_advance(lo, hi, scalars, table):
    """See `Settings`. Carries the sum of the weights so far, usually 1 - decay^t."""
    count_steps(_numbers, Settings, lo, hi, scalars, table)


@kernel(columns=(0,))
def ema(lo, hi, scalars, like, table):
    """average = decay * average + (1 - decay) * p; columns average, parameter.

    Of ``scalars`` only the first row, for arrays of the dtype of ``like``.
    """
    dtype = like.dtype.type
    s = Numbers(dtype(scalars[0, 0]), dtype(scalars[0, 1]))
    for r in range(table.shape[0]):
        start, stop = span(r, lo, hi, table)
        vectors(_update, start, stop, pointers(table, r, 2, like), s)
