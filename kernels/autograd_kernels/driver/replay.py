"""The native driver: walks a list of launches by address, alone or with helpers.

A launch is a row of ``table``: [address, words, count, units, parts, grain, run,
after]; ``words`` points to its ``count`` exploded arguments after ``lo, hi``, see
`native`. A launch in several parts cuts its units at multiples of ``grain``; one
in a single part says there how many such rows follow each other, itself among them.
Address 0 is a check: the walk stops there if the word at ``words`` is not 0. Where
``run`` is more than 1, so many launches over the same elements are done tile by tile.

Helpers share a launch by claiming its parts, each first the one it had before, as its
data may still be in that core's cache. Before its part of a launch a thread waits until
the first ``after`` rows are done; who finds no part of it left goes on to the next.
Which thread runs which part never matters to a bit of the result, so the caller
finishes alone if no helper comes. ``control`` is [open, active, table, rows, counters,
taken]; ``counters`` has two words per launch: bits of the parts claimed, number of
those done.
"""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd_kernels.jit import kernel, releasing, rule
from autograd_kernels.llvm.builder import WORD
from autograd_kernels.llvm.integers import least

ADDRESS, WORDS, COUNT, UNITS, PARTS, GRAIN, RUN, AFTER = range(8)
COLUMNS = 8
TILE = 8192  # units of a run's launches that are done one launch after another
OPEN, ACTIVE, TABLE, ROWS, COUNTERS, TAKEN = range(6)
BUSY = -1  # what `replay_shared` returns if somebody else has the helpers
SIZES = (24, 40, 56, 80, 120, 240)  # words that a call passes, the least that suffices
MOST_PARTS = 64  # of a launch: the bits of one word say which are claimed
FOUND = 2  # what a check leaves that found something
FIRST = np.int64(0)  # row, or unit: Numba compiles once more what takes a literal
SPINS = 64  # pauses before a waiting thread lets others have the core

PAUSES = {"x86_64": "llvm.x86.sse2.pause", "AMD64": "llvm.x86.sse2.pause"}


@intrinsic(prefer_literal=True)
def call(context: Any, address: Any, words: Any, count: Any, lo: Any, hi: Any) -> Any:
    """Call the kernel at an address on its units lo:hi.

    ``words`` is the address of its ``count`` other arguments. Of `SIZES` the least that
    suffices is passed (a literal count is passed as it is, and compiles far sooner);
    surplus words lie beyond the kernel's frame, unread.
    """
    given = getattr(count, "literal_value", None)
    sizes = SIZES if given is None else (given,)

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        address, words, count, lo, hi = args
        words = builder.inttoptr(words, WORD.as_pointer())
        slot = cgutils.alloca_once(builder, WORD)  # a kernel returns None, unread

        def with_words(size: int) -> None:
            kinds = [slot.type, slot.type] + [WORD] * (size + 2)
            function = ir.FunctionType(ir.IntType(32), kinds).as_pointer()
            places = [builder.gep(words, [WORD(w)]) for w in range(size)]
            rest = [builder.load(place) for place in places]
            kernel = builder.inttoptr(address, function)
            builder.call(kernel, [slot, slot, lo, hi, *rest])

        if given is not None:
            with_words(given)
            return target.get_dummy_value()
        done = builder.append_basic_block("done")
        for size in sizes:
            with builder.if_then(builder.icmp_signed("<=", count, WORD(size))):
                with_words(size)
                builder.branch(done)
        builder.branch(done)
        builder.position_at_end(done)
        return target.get_dummy_value()

    word = types.intp
    return types.void(word, word, word if given is None else count, word, word), codegen


def _word(builder: Any, base: Any, index: Any) -> Any:
    """Pointer to word ``index``: one inttoptr, then GEP (LLVM 22 miscompiles more)."""
    return builder.gep(builder.inttoptr(base, WORD.as_pointer()), [index])


@intrinsic
def word(context: Any, base: Any, index: Any) -> Any:
    """The word at an address plus ``index`` words."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_word(builder, *args))

    return types.intp(types.intp, types.intp), codegen


# Words of memory shared between threads -----------------------------------------------


@intrinsic
def load(context: Any, base: Any, index: Any) -> Any:
    """Read a word, ordered with everything before and after."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_word(builder, *args), "seq_cst", 8)

    return types.intp(types.intp, types.intp), codegen


@intrinsic
def store(context: Any, base: Any, index: Any, value: Any) -> Any:
    """Write a word, ordered with everything before and after."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _word(builder, args[0], args[1])
        builder.store_atomic(args[2], pointer, "seq_cst", 8)
        return target.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), codegen


@intrinsic
def increase(context: Any, base: Any, index: Any, by: Any) -> Any:
    """Add to a word and return what it was."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _word(builder, args[0], args[1])
        return builder.atomic_rmw("add", pointer, args[2], "seq_cst")

    return types.intp(types.intp, types.intp, types.intp), codegen


@intrinsic
def mark(context: Any, base: Any, index: Any, bits: Any) -> Any:
    """Set bits of a word and return what it was."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _word(builder, args[0], args[1])
        return builder.atomic_rmw("or", pointer, args[2], "seq_cst")

    return types.intp(types.intp, types.intp, types.intp), codegen


@intrinsic
def _pause(context: Any) -> Any:
    """Tell the core that this is a spin loop."""
    name = PAUSES.get(platform.machine())

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        if name is not None:
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])
        return target.get_dummy_value()

    return types.void(), codegen


_yield = types.ExternalFunction("sched_yield", types.int32())


@rule
def _wait_until(base, index, value):
    """Spin until a word is at least ``value``; let other threads run now and then."""
    spins = 0
    while load(base, index) < value:
        spins += 1
        _pause()
        if spins == SPINS:
            spins = 0
            _yield()


# Walks, of a table by its address ----------------------------------------------------


@rule
def _launch(table, i, lo, hi):
    """Call the kernel of row ``i`` on its units lo:hi."""
    row = COLUMNS * i
    words, count = word(table, row + WORDS), word(table, row + COUNT)
    call(word(table, row + ADDRESS), words, count, lo, hi)


@rule
def _part(table, i, lo, hi):
    """A part of a launch, or of the run that begins there, tile by tile."""
    run = word(table, COLUMNS * i + RUN)
    step = TILE if run > 1 else hi - lo
    while lo < hi:
        stop = least(lo + step, hi)
        for j in range(i, i + run):
            _launch(table, j, lo, stop)
        lo = stop


@rule
def walk(table, start, stop):
    """Run rows start..stop here; return the row of a failed check, or stop."""
    i = start
    while i < stop:
        row = COLUMNS * i
        if word(table, row + ADDRESS) == 0:
            if load(word(table, row + WORDS), 0) != 0:
                return i
        else:
            _part(table, i, FIRST, word(table, row + UNITS))
        i += word(table, row + RUN)
    return stop


@releasing
def replay(table, start, stop):
    """`walk`, called from Python."""
    return walk(table, start, stop)


@rule
def _all_claimed(table, i, counters):
    """Whether a launch has no part left that nobody took."""
    parts = word(table, COLUMNS * i + PARTS)
    every = -1 if parts == MOST_PARTS else (1 << parts) - 1
    return load(counters, 2 * i) == every


@rule
def _share(table, i, counters, me):
    """Do parts of a run until none is left.

    A thread begins with the part of its own number, if nobody took it: then it finds
    in its cache what it worked on before.
    """
    row, claimed, done = COLUMNS * i, 2 * i, 2 * i + 1
    parts, grain = word(table, row + PARTS), word(table, row + GRAIN)
    for k in range(parts):
        part = (me + k) % parts
        bit = 1 << part
        if load(counters, claimed) & bit or mark(counters, claimed, bit) & bit:
            continue
        lo = part * grain
        _part(table, i, lo, least(lo + grain, word(table, row + UNITS)))
        increase(counters, done, 1)


@rule
def _wait_for(table, counters, known, rows):
    """Wait until the first ``rows`` are done, of which the first ``known`` are.

    Returns how many are now, or -1 - the row of a check that found something.
    """
    while known < rows:
        row, done, parts, step = COLUMNS * known, 2 * known + 1, 1, 1
        if word(table, row + ADDRESS) != 0:
            parts = word(table, row + PARTS)
            step = word(table, row + (RUN if parts > 1 else GRAIN))
        _wait_until(counters, done, parts)
        if word(table, row + ADDRESS) == 0 and load(counters, done) == FOUND:
            return -1 - known
        known += step
    return known


@rule
def _walk_shared(table, rows, counters, me):
    """Run every launch, in order, as thread ``me`` of those that do; 0 is the caller.

    What is not worth sharing is the caller's: as many rows as GRAIN says. So are
    checks: it looks, and leaves 1, or FOUND. The rest of the table needs them, and
    nothing that comes before is left undone when it stops there.
    """
    i = known = 0
    while i < rows:
        row, done, step = COLUMNS * i, 2 * i + 1, 1
        launch = word(table, row + ADDRESS) != 0
        shared = launch and word(table, row + PARTS) > 1
        if launch:
            step = word(table, row + (RUN if shared else GRAIN))
        if me == 0 or (shared and not _all_claimed(table, i, counters)):
            known = _wait_for(table, counters, known, word(table, row + AFTER))
            if known < 0:
                return -1 - known
            if shared:
                _share(table, i, counters, me)
            elif launch:
                walk(table, i, i + step)
                store(counters, done, 1)
            else:
                found = load(word(table, row + WORDS), 0) != 0
                store(counters, done, FOUND if found else 1)
        i += step
    known = _wait_for(table, counters, known, rows)
    return rows if known >= 0 else -1 - known


@releasing
def replay_shared(control, table, rows, counters):
    """`replay` of a whole table with whatever helpers come; returns the same, or BUSY.

    ``control`` and ``counters`` are addresses of the shared words.
    """
    if mark(control, TAKEN, 1):
        return BUSY
    for i in range(2 * rows):
        store(counters, i, 0)
    store(control, TABLE, table)
    store(control, ROWS, rows)
    store(control, COUNTERS, counters)
    store(control, OPEN, 1)
    stopped = _walk_shared(table, rows, counters, 0)
    store(control, OPEN, 0)
    while load(control, ACTIVE) > 0:
        _pause()
    store(control, TAKEN, 0)
    return stopped


@releasing
def serve(control, patience, me):
    """Help, as thread ``me``, until there was nothing to do for ``patience`` spins."""
    idle = 0
    while idle < patience:
        if load(control, OPEN) == 1:
            increase(control, ACTIVE, 1)
            if load(control, OPEN) == 1:
                table, rows = load(control, TABLE), load(control, ROWS)
                _walk_shared(table, rows, load(control, COUNTERS), me)
                idle = 0
            increase(control, ACTIVE, -1)
        idle += 1
        _pause()
        if idle % SPINS == 0:
            _yield()


@intrinsic
def _cycles(context: Any) -> Any:
    """The core's time-stamp counter."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(WORD, [])
        name = "llvm.readcyclecounter"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(function, [])

    return types.intp(), codegen


@kernel
def replay_timed(table, rows, ticks):
    """`replay` of the whole table; ticks[i + 1] is the counter after row i."""
    ticks[0] = _cycles()
    for i in range(rows):
        if word(table, COLUMNS * i + ADDRESS) != 0:
            _launch(table, i, FIRST, word(table, COLUMNS * i + UNITS))
        ticks[i + 1] = _cycles()
