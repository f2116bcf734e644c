"""Bind: a plan turned into the table of words that the native driver walks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.program.buffers import Buffer, PointerRefs, Ref
from autograd_core.program.cost import split
from autograd_core.program.events import Check, Event, HostCall, Launch
from autograd_core.program.order import needed
from autograd_core.program.plan import ALIGN
from autograd_kernels.driver.replay import ADDRESS, AFTER, COLUMNS, GRAIN, PARTS, SIZES
from autograd_kernels.native import ALIGNED, WRITEABLE, C, Kind, data_of

ADDRESS_WORD = 4  # of those that an array is exploded to, see `Binder.words`
Call = tuple[Callable[..., Any], list[Any], Array]  # function, arguments, output


@dataclass
class Bound:
    """Everything a replay needs; ``keep`` holds what its addresses point to."""

    table: Array
    start: int  # address of the table
    counts: int  # address of parts claimed and done, for threads that share launches
    shared: bool  # whether any launch is worth sharing
    parts: int  # of the launch that has the most
    segments: list[tuple[int, int, HostCall | None, Call | None]]
    events: list[Event]  # by row of the table
    words: Array  # arguments of all launches
    places: list[tuple[Ref, int]]  # arrays, and where among the words an address is
    keep: list[Any]


class Binder:
    """Lays out words in one arena."""

    def __init__(self, size: int, threads: int) -> None:
        self.threads = threads
        self.memory = np.empty(size + ALIGN, np.uint8)
        self.start = -data_of(self.memory) % ALIGN
        self.base = data_of(self.memory) + self.start
        self.keep: list[Any] = [self.memory]

    def address(self, array: Ref) -> int:
        """Where the first element of an array will be."""
        home = array.buffer.home
        if home is not None:
            self.keep.append(home)
            return data_of(home) + array.offset
        return self.start_of(array.buffer) + array.offset

    def start_of(self, buffer: Buffer) -> int:
        """Where a temporary begins."""
        return self.base + max(buffer.offset, 0)

    def view(self, array: Ref) -> Array:
        """The array's place at replay time, as an array."""
        memory: Any = array.buffer.home
        if memory is None:
            start = self.start + max(array.buffer.offset, 0) + array.offset
            memory = self.memory.data
            return np.ndarray(array.shape, array.dtype, memory, start, array.strides)
        whole = (array.shape, array.strides, array.dtype)
        if array.offset == 0 and whole == (memory.shape, memory.strides, memory.dtype):
            return memory
        return place(array)

    def words(self, arg: Any) -> list[int]:
        """An argument exploded as compiled code takes it (see `native`)."""
        if isinstance(arg, PointerRefs):
            table = self.table(arg)
            self.keep.append(table)
            head = [0, 0, table.size, table.itemsize, data_of(table)]
            return [*head, *table.shape, *table.strides]
        if not isinstance(arg, Ref):
            return [int(arg)]
        shape, size = arg.shape, arg.size
        if arg.buffer.scratch:  # a row for each part
            shape, size = (self.threads, *shape[1:]), size * self.threads
        return [0, 0, size, arg.itemsize, self.address(arg), *shape, *arg.strides]

    def table(self, pointers: PointerRefs) -> Array:
        """A pointer table with the addresses of replay time."""
        table = pointers.table.copy()
        for column, arrays in enumerate(pointers.columns):
            table[:, column + 1] = [self.address(a) for a in arrays]
        return table


def bind(binder: Binder, groups: Sequence[Sequence[Event]]) -> Bound:
    """Words and rows for all events, cut into segments at host calls.

    The first launch of a group of several says how many form the run.
    """
    rows: list[list[int]] = []
    flat: list[int] = []
    of_row: list[Event] = []
    places: list[tuple[Ref, int]] = []
    segments: list[tuple[int, int, HostCall | None, Call | None]] = []
    start = 0
    runs = [(e, len(g) if i == 0 else 0) for g in groups for i, e in enumerate(g)]
    for event, run in runs:
        if isinstance(event, HostCall):
            args = [binder.view(a) if isinstance(a, Ref) else a for a in event.args]
            call = (event.function, args, binder.view(event.out))
            segments.append((start, len(rows), event, call))
            start = len(rows)
            continue
        of_row.append(event)
        if isinstance(event, Check):
            rows.append([0, binder.address(event.status), 0, 0, 0, 0, 1, 0])
            continue
        first = len(flat)
        for arg in event.args:
            if isinstance(arg, Ref):
                places.append((arg, len(flat) + ADDRESS_WORD))
            flat += binder.words(arg)
        # Launches that follow in a run are cut where its first one is.
        parts, grain = split(event, run, binder.threads) if run else (1, 1)
        cut = [event.units, parts, grain, max(run, 1), 0]
        rows.append([native(event), first, len(flat) - first, *cut])
    segments.append((start, len(rows), None, None))
    words = np.array(flat + [0] * SIZES[-1], np.int64)  # calls read past the last word
    table = np.array(rows, np.int64).reshape(-1, COLUMNS)
    launches = table[:, ADDRESS] != 0
    table[launches, 1] = data_of(words) + 8 * table[launches, 1]
    group_serial(table)
    counts = np.zeros(2 * len(table), np.int64)
    parts = int(table[:, PARTS].max(initial=1))
    shared = len(segments) == 1 and parts > 1
    if shared:
        _order(table, groups, binder)
    return Bound(
        table=table,
        start=data_of(table),
        counts=data_of(counts),
        shared=shared,
        parts=parts,
        segments=segments,
        events=of_row,
        words=words,
        places=places,
        keep=[*binder.keep, counts],
    )


def group_serial(table: Array) -> None:
    """Rows in one part that follow each other are claimed at once: see `replay`."""
    run = 0
    for i in reversed(range(len(table))):
        run = run + 1 if table[i, ADDRESS] and table[i, PARTS] == 1 else 0
        if run:
            table[i, GRAIN] = run


def _order(table: Array, groups: Sequence[Sequence[Event]], binder: Binder) -> None:
    """Rows that must be done before each; of rows claimed at once, before the first."""
    first = np.cumsum([0, *map(len, groups)])
    need = needed(groups, binder.start_of, binder.threads)
    table[first[:-1], AFTER] = first[need]
    for i in reversed(range(len(table) - 1)):
        serial = table[i, ADDRESS] and table[i, PARTS] == 1
        if serial and table[i, GRAIN] > 1:
            table[i, AFTER] = max(table[i, AFTER], min(table[i + 1, AFTER], i))


class _Place:
    """Memory at an address, for as long as its owner lives."""

    def __init__(self, memory: Array, array: Ref) -> None:
        self.owner = memory
        self.__array_interface__ = {
            "data": (data_of(memory) + array.offset, not memory.flags.writeable),
            "shape": array.shape,
            "strides": array.strides,
            "typestr": array.dtype.str,
            "version": 3,
        }


def place(array: Ref) -> Array:
    """A new array object at a place in memory that exists."""
    assert array.buffer.home is not None
    return np.asarray(_Place(array.buffer.home, array))


def native(launch: Launch) -> int:
    """Address of the launch's kernel for the types of its arguments."""
    address: int = launch.kernel.address(tuple(map(_kind, launch.args)))
    return address


def _kind(arg: Any) -> Kind:
    if isinstance(arg, Ref):
        return arg.dtype, len(arg.shape), arg.flags
    if isinstance(arg, PointerRefs):
        return arg.table.dtype, 2, C | ALIGNED | WRITEABLE
    return None
