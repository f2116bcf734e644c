"""The native driver: walks a list of launches by address, alone or with helpers.

A launch is a row of ``table``: [address, words, count, units, parts, grain, run];
``words`` points to its ``count`` exploded arguments after ``lo, hi`` (`_jit.address`).
A launch in several parts cuts its units at multiples of ``grain``; one in a single part
says there how many such rows follow each other, itself among them. Address 0 is a
check: the walk stops there if the word at ``words`` is not 0. Where ``run`` is more
than 1, so many launches over the same elements are done tile by tile.

Helpers share a launch by claiming its parts from an atomic counter; the next launch
starts when all parts are done. Which thread runs which part never matters to a bit of
the result, so the caller finishes alone if no helper comes. ``control`` is
[open, active, table, rows, counters]; ``counters`` has two words per launch: parts
claimed, parts done.
"""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import carray, types
from numba.core import cgutils
from numba.extending import intrinsic

from ._jit import inline, kernel
from .pointers import pointer

ADDRESS, WORDS, COUNT, UNITS, PARTS, GRAIN, RUN = range(7)
COLUMNS = 7
TILE = 8192  # units of a run's launches that are done one launch after another
OPEN, ACTIVE, TABLE, ROWS, COUNTERS = range(5)
SIZES = (24, 40, 56, 80, 120, 200)  # words that a call passes, the least that suffices
SPINS = 64  # pauses before a waiting thread lets others have the core

WORD = ir.IntType(64)
PAUSES = {"x86_64": "llvm.x86.sse2.pause", "AMD64": "llvm.x86.sse2.pause"}


@intrinsic
def _launch(context: Any, table: Any, i: Any, lo: Any, hi: Any) -> Any:
    """Call the kernel of row ``i`` of the table at an address, on its units lo:hi.

    Of `SIZES` the least that suffices is passed; surplus words lie beyond the kernel's
    frame, unread.
    """

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        first = builder.mul(args[1], WORD(COLUMNS))
        cells = builder.gep(builder.inttoptr(args[0], WORD.as_pointer()), [first])

        def cell(column: int) -> Any:
            return builder.load(builder.gep(cells, [WORD(column)]))

        words = builder.inttoptr(cell(WORDS), WORD.as_pointer())
        slot = cgutils.alloca_once(builder, WORD)  # a kernel returns None, unread
        address, count = cell(ADDRESS), cell(COUNT)
        done = builder.append_basic_block("done")
        for size in SIZES:
            with builder.if_then(builder.icmp_signed("<=", count, WORD(size))):
                kinds = [slot.type, slot.type] + [WORD] * (size + 2)
                function = ir.FunctionType(ir.IntType(32), kinds).as_pointer()
                places = [builder.gep(words, [WORD(w)]) for w in range(size)]
                rest = [builder.load(place) for place in places]
                kernel = builder.inttoptr(address, function)
                builder.call(kernel, [slot, slot, args[2], args[3], *rest])
                builder.branch(done)
        builder.branch(done)
        builder.position_at_end(done)
        return target.get_dummy_value()

    return types.void(table, i, lo, hi), codegen


# Words of memory shared between threads -----------------------------------------------


def _word(builder: Any, base: Any, index: Any) -> Any:
    """Pointer to word ``index``: one inttoptr, then GEP (LLVM 22 miscompiles more)."""
    return builder.gep(builder.inttoptr(base, WORD.as_pointer()), [index])


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


@inline
def _wait_until(base, index, value):
    """Spin until a word is at least ``value``; let other threads run now and then."""
    spins = 0
    while load(base, index) < value:
        spins += 1
        _pause()
        if spins == SPINS:
            spins = 0
            _yield()


# Walks -------------------------------------------------------------------------------


@inline
def _part(table, i, lo, hi):
    """A part of a launch, or of the run that begins there, tile by tile."""
    run = table[i, RUN]
    if run == 1:
        _launch(table.ctypes.data, i, lo, hi)
        return
    while lo < hi:
        stop = min(lo + TILE, hi)
        for j in range(i, i + run):
            _launch(table.ctypes.data, j, lo, stop)
        lo = stop


@inline
def walk(table, start, stop):
    i = start
    while i < stop:
        if table[i, ADDRESS] == 0:
            if load(table[i, WORDS], 0) != 0:
                return i
        else:
            _part(table, i, 0, table[i, UNITS])
        i += table[i, RUN]
    return stop


@kernel
def replay(table, start, stop):
    """Run rows start..stop here; return the row of a failed check, or stop."""
    return walk(table, start, stop)


@inline
def _share(table, i, counters):
    """Do parts of a run until none is left, and wait for those of others."""
    parts, grain, claimed = table[i, PARTS], table[i, GRAIN], 2 * i
    while True:
        part = increase(counters, claimed, 1)
        if part >= parts:
            break
        lo = part * grain
        _part(table, i, lo, min(lo + grain, table[i, UNITS]))
        increase(counters, claimed + 1, 1)
    _wait_until(counters, claimed + 1, parts)


@inline
def _failed(table, i, counters):
    """What a check found. One thread looks, before a later launch reuses the word."""
    if increase(counters, 2 * i, 1) == 0:
        found = 2 if load(table[i, WORDS], 0) != 0 else 1
        store(counters, 2 * i + 1, found)
    _wait_until(counters, 2 * i + 1, 1)
    return load(counters, 2 * i + 1) == 2


@inline
def _walk_shared(table, rows, counters):
    """Run what is left of every launch, in order, beside other threads doing so."""
    i = 0
    while i < rows:
        if table[i, ADDRESS] == 0:
            if _failed(table, i, counters):
                return i
            i += 1
        elif table[i, PARTS] > 1:
            _share(table, i, counters)
            i += table[i, RUN]
        else:  # as many rows as GRAIN says that are not worth sharing: for one thread
            if increase(counters, 2 * i, 1) == 0:
                walk(table, i, i + table[i, GRAIN])
                increase(counters, 2 * i + 1, 1)
            _wait_until(counters, 2 * i + 1, 1)
            i += table[i, GRAIN]
    return rows


@kernel
def replay_shared(control, counts, table):
    """`replay` of the whole table with whatever helpers come; returns the same.

    ``control`` is the address of the shared words, ``counts`` has two per row.
    """
    counts[:] = 0
    store(control, TABLE, table.ctypes.data)
    store(control, ROWS, table.shape[0])
    store(control, COUNTERS, counts.ctypes.data)
    store(control, OPEN, 1)
    stopped = _walk_shared(table, table.shape[0], counts.ctypes.data)
    store(control, OPEN, 0)
    while load(control, ACTIVE) > 0:
        _pause()
    return stopped


@kernel
def serve(control, patience, like):
    """Help with whatever is open until nothing was for ``patience`` spins.

    ``like`` is any 2-D int64 array: it types the tables that are read by address.
    """
    idle = 0
    while idle < patience:
        if load(control, OPEN) == 1:
            increase(control, ACTIVE, 1)
            if load(control, OPEN) == 1:
                rows = load(control, ROWS)
                words = pointer(load(control, TABLE), like)
                table = carray(words, (rows, COLUMNS))
                _walk_shared(table, rows, load(control, COUNTERS))
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
def replay_timed(table, ticks):
    """`replay` of the whole table; ticks[i + 1] is the counter after row i."""
    ticks[0] = _cycles()
    for i in range(table.shape[0]):
        if table[i, ADDRESS] != 0:
            _launch(table.ctypes.data, i, 0, table[i, UNITS])
        ticks[i + 1] = _cycles()
