"""What the update rules share: counting steps, walking parameters, sums of products."""

import numpy as np

from autograd_kernels.jit import rule
from autograd_kernels.llvm.integers import most
from autograd_kernels.llvm.memory import at, pointer, pointers
from autograd_kernels.llvm.named import read, write
from autograd_kernels.llvm.vector import LANES, first, load, store
from autograd_kernels.llvm.vector_math import fma
from autograd_kernels.pointers import span

SCALARS = 12  # columns of ``scalars``, at most LANES
CLOCK = 3  # numbers of a clock: steps taken, two carried along


@rule
def count_steps(f, settings, lo, hi, scalars, table):
    """Count a step of rows lo:hi, and derive a row's scalars: ``f(clock, h)``.

    ``h`` is a group's memory by the names of ``settings``, a named tuple; so is what
    ``f`` returns. It is copied to the rows that follow with the same group and the same
    clock: the usual case, and it spares the powers. (No generator: Numba's keep
    references.)
    """
    group, step, a, b, source = 0, 0.0, 0.0, 0.0, lo
    row = first(SCALARS, LANES)
    for r in range(lo, hi):
        clock = pointer(table[r, 1], np.float64)
        same = table[r, 2] == group and clock[0] == step
        if same and clock[1] == a and clock[2] == b:
            ready = pointer(table[source, 1], np.float64)
            clock[0], clock[1], clock[2] = ready[0], ready[1], ready[2]
            numbers = load(scalars, source * SCALARS, row)
            store(numbers, scalars, r * SCALARS, row)
        else:
            group, source = table[r, 2], r
            step, a, b = clock[0], clock[1], clock[2]
            clock[0] += 1.0
            h = read(settings, pointer(group, np.float64))
            write(f(clock, h), at(scalars, r * SCALARS))


# Rules: units are chunks of `pointers.CHUNK` elements. What a rule does to one vector
# is a function ``(i, mask, arrays, s)``: the pointers to parameter, gradient and state,
# and the named numbers of their row of ``scalars``. A setting of zero is a choice and
# not a product, so that 0 * inf makes no NaN; state which is not used is neither read
# nor written.


@rule
def vectors(f, start, stop, arrays, s):
    """f(i, mask, arrays, s) for every vector of start:stop.

    Of whole ones LLVM knows that the mask is full: some CPUs (Zen 5) read and write
    memory at half the speed under a mask.
    """
    whole = start + (most(stop - start, 0) & -LANES)
    full = first(LANES, LANES)
    for i in range(start, whole, LANES):
        f(i, full, arrays, s)
    if whole < stop:
        f(whole, first(stop - whole, LANES), arrays, s)


@rule
def rows(f, numbers, count, lo, hi, scalars, table):
    """`vectors` of every row of a table of ``count`` (a literal) arrays.

    ``numbers`` is the named tuple that advance wrote to a row of ``scalars``; they are
    held in registers.
    """
    for r in range(table.shape[0]):
        start, stop = span(r, lo, hi, table)
        arrays = pointers(table, r, count, scalars)
        s = read(numbers, at(scalars, r * SCALARS))
        vectors(f, start, stop, arrays, s)


@rule
def gradient(g, x, i, mask, s):
    """The gradient of what is minimised: of sign ``s.sign``, with ``s.decay * x``."""
    return plus_if(load(g, i, mask) * s.sign, s.decay, x)


@rule
def plus_if(x, factor, y):
    """x + factor * y, or x itself where the number ``factor`` is 0."""
    return x + y * factor if on(factor) else x


@rule
def mix(x, a, y, b):
    """x * a + y * b, the same in every loop: LLVM may not choose what to fuse."""
    return fma(x, a, y * b)


@rule
def on(setting):
    """Whether a number is not 0; in its own dtype, or float32 would become float64."""
    return setting != type(setting)(0)


@rule
def sign(maximize):
    """Of the gradient, to descend by it."""
    return -1.0 if maximize != 0.0 else 1.0
