"""Bind: a plan turned into the table of words that the native driver walks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_core.program.buffers import (
    Known,
    PointerRefs,
    Ref,
    address_of,
    is_array,
)
from autograd_core.program.cost import split
from autograd_core.program.plan import ALIGN
from autograd_core.program.record import Check, Event, HostCall, Launch
from autograd_core.tape import Array
from autograd_kernels import _jit
from autograd_kernels.replay import ADDRESS, COLUMNS, GRAIN, PARTS, SIZES

ADDRESS_WORD = 4  # of those that an array is exploded to, see `Binder.words`
Call = tuple[Callable[..., Any], list[Any], Array]  # function, arguments, output


@dataclass
class Bound:
    """Everything a replay needs; ``keep`` holds what its addresses point to."""

    table: Array
    start: int  # address of the table
    counts: Array  # claimed and done, for threads that share launches
    shared: bool  # whether any launch is worth sharing
    parts: int  # of the launch that has the most
    segments: list[tuple[int, int, Call | None]]
    events: list[Event]  # by row of the table
    words: Array  # arguments of all launches
    places: list[tuple[Known, int]]  # arrays, and where among the words an address is
    keep: list[Any]


class Binder:
    """Lays out words in one arena."""

    def __init__(self, size: int, threads: int) -> None:
        self.threads = threads
        self.memory = np.empty(size + ALIGN, np.uint8)
        self.start = -address_of(self.memory) % ALIGN
        self.base = address_of(self.memory) + self.start
        self.keep: list[Any] = [self.memory]

    def address(self, array: Known) -> int:
        """Where the first element of an array will be."""
        if not isinstance(array, Ref):
            self.keep.append(array)
            return address_of(array)
        home = array.buffer.home
        if home is not None:
            self.keep.append(home)
            return address_of(home) + array.offset
        return self.base + max(array.buffer.offset, 0) + array.offset

    def view(self, array: Known) -> Array:
        """The array's place at replay time, as an array."""
        if not isinstance(array, Ref):
            return array
        memory, start = array.buffer.home, 0
        if memory is None:
            memory, start = self.memory, self.start + max(array.buffer.offset, 0)
        return np.ndarray(
            array.shape, array.dtype, memory.data, start + array.offset, array.strides
        )

    def words(self, arg: Any) -> list[int]:
        """An argument exploded as compiled code takes it (see ``_jit.address``)."""
        if isinstance(arg, PointerRefs):
            arg = self.table(arg)
        if not is_array(arg):
            return [int(arg)]
        shape, size = arg.shape, arg.size
        if isinstance(arg, Ref) and arg.buffer.scratch:  # a row for each part
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
    places: list[tuple[Known, int]] = []
    segments: list[tuple[int, int, Call | None]] = []
    start = 0
    runs = [(e, len(g) if i == 0 else 0) for g in groups for i, e in enumerate(g)]
    for event, run in runs:
        if isinstance(event, HostCall):
            args = [binder.view(a) if is_array(a) else a for a in event.args]
            call = (event.function, args, binder.view(event.out))
            segments.append((start, len(rows), call))
            start = len(rows)
            continue
        of_row.append(event)
        if isinstance(event, Check):
            rows.append([0, binder.address(event.status), 0, 0, 0, 0, 1])
            continue
        first = len(flat)
        for arg in event.args:
            if is_array(arg):
                places.append((arg, len(flat) + ADDRESS_WORD))
            flat += binder.words(arg)
        # Launches that follow in a run are cut where its first one is.
        parts, grain = split(event, run, binder.threads) if run else (1, 1)
        cut = [event.units, parts, grain, max(run, 1)]
        rows.append([native(event), first, len(flat) - first, *cut])
    segments.append((start, len(rows), None))
    words = np.array(flat + [0] * SIZES[-1], np.int64)  # calls read past the last word
    table = np.array(rows, np.int64).reshape(-1, COLUMNS)
    launches = table[:, ADDRESS] != 0
    table[launches, 1] = address_of(words) + 8 * table[launches, 1]
    group_serial(table)
    counts = np.zeros(2 * len(table), np.int64)
    parts = int(table[:, PARTS].max(initial=1))
    return Bound(
        table=table,
        start=address_of(table),
        counts=counts,
        shared=len(segments) == 1 and parts > 1,
        parts=parts,
        segments=segments,
        events=of_row,
        words=words,
        places=places,
        keep=binder.keep,
    )


def group_serial(table: Array) -> None:
    """Rows in one part that follow each other are claimed at once: see `replay`."""
    run = 0
    for i in reversed(range(len(table))):
        run = run + 1 if table[i, ADDRESS] and table[i, PARTS] == 1 else 0
        if run:
            table[i, GRAIN] = run


def native(launch: Launch) -> int:
    """Address of the launch's kernel for the types of its arguments."""
    if launch.address:
        return launch.address
    args = [
        np.empty((0,) * len(a.shape), a.dtype) if isinstance(a, Ref) else a
        for a in launch.args
    ]
    return _jit.address(launch.kernel, (0, launch.units, *args))
