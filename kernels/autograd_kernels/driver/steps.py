"""Many replays of one table in one native call, each on other rows of the data.

A training step on a small network takes less time than the Python around it. `steps`
does what a loop over minibatches does: gather the rows of a batch, walk the table, keep
what it returned. Walks are done by another kernel, called by its address.

``frame`` is the address of [walk, its words, walk alone, its words, rows of the table,
order, rows of a batch, inputs, outputs, memory], then of each

- input: [where the table reads it, the data that it is rows of, bytes of a row];
- output: [where the table leaves it, where that of the first step goes, bytes];
- memory that is put back if a step stops at a check: [itself, its copy, bytes].

``order`` is the address of row numbers, those of a step after those of the one before.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd_kernels.driver.objects import copy
from autograd_kernels.driver.replay import BUSY, word
from autograd_kernels.jit import releasing, rule
from autograd_kernels.llvm.builder import WORD

HEAD, PLACE = 10, 3  # words
WORDS = 4  # that a walk is called with; it may take fewer


@intrinsic
def _walked(context: Any, address: Any, words: Any) -> Any:
    """The whole number that a kernel of ``WORDS`` whole numbers returns."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        address, words = args
        slot = cgutils.alloca_once(builder, WORD)
        words = builder.inttoptr(words, WORD.as_pointer())
        given = [builder.load(builder.gep(words, [WORD(w)])) for w in range(WORDS)]
        kinds = [slot.type, slot.type] + [WORD] * WORDS
        kind = ir.FunctionType(ir.IntType(32), kinds).as_pointer()
        builder.call(builder.inttoptr(address, kind), [slot, slot, *given])
        return builder.load(slot)

    return types.intp(types.intp, types.intp), codegen


@rule
def _gather(place, order, count):
    """Copy the rows of a batch to where the table reads them."""
    to, data, size = word(place, 0), word(place, 1), word(place, 2)
    for i in range(count):
        copy(to + i * size, data + word(order, i) * size, size)


@rule
def _copied(places, count, to, start):
    """Copy the bytes of each place from its word ``start`` to its word ``to``."""
    for i in range(count):
        place = places + 8 * PLACE * i
        copy(word(place, to), word(place, start), word(place, 2))


@releasing
def steps(frame, count):
    """Take ``count`` steps; returns how many, fewer if the next stopped at a check.

    That one has then changed nothing but temporaries.
    """
    rows, batch = word(frame, 4), word(frame, 6)
    inputs, outputs, memory = word(frame, 7), word(frame, 8), word(frame, 9)
    places = frame + 8 * HEAD
    results = places + 8 * PLACE * inputs
    kept = results + 8 * PLACE * outputs
    for step in range(count):
        order = word(frame, 5) + 8 * step * batch
        for i in range(inputs):
            _gather(places + 8 * PLACE * i, order, batch)
        _copied(kept, memory, 1, 0)
        stopped = _walked(word(frame, 0), word(frame, 1))
        if stopped == BUSY:
            stopped = _walked(word(frame, 2), word(frame, 3))
        if stopped != rows:
            _copied(kept, memory, 0, 1)
            return step
        for i in range(outputs):
            place = results + 8 * PLACE * i
            size = word(place, 2)
            copy(word(place, 1) + step * size, word(place, 0), size)
    return count
