"""Bind: a plan turned into the table of words that the native driver walks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from autograd_kernels import _jit
from autograd_kernels.replay import ADDRESS, COLUMNS, GRAIN, PARTS

from autograd_core.launch import Pointers
from autograd_core.program.plan import ALIGN, Plan
from autograd_core.program.cost import split
from autograd_core.program.record import Check, Event, HostCall, Launch, address_of
from autograd_core.tape import Array

@dataclass
class Bound:
    """Everything a replay needs; ``keep`` holds what its addresses point to."""

    table: Array
    counts: Array  # claimed and done, for threads that share launches
    shared: bool  # whether any launch is worth sharing
    segments: list[tuple[int, int, HostCall | None]]
    events: list[Event]  # by row of the table
    views: dict[int, Array]  # of host calls: the recorded array's id -> its place
    keep: list[Any]


class Binder:
    """Lays out words for a plan in one arena."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.memory = np.empty(plan.size + ALIGN, np.uint8)
        self.start = -address_of(self.memory) % ALIGN
        self.base = address_of(self.memory) + self.start
        self.keep: list[Any] = [self.memory]

    def view(self, array: Array) -> Array:
        """The array's place at replay time, as an array."""
        buffer = self.plan.find(array)
        if buffer is None:
            return array
        offset = self.plan.address(array, self.base) - self.base
        return np.ndarray(
            array.shape,
            array.dtype,
            self.memory,
            self.start + offset,
            array.strides,
        )

    def words(self, arg: Any) -> list[int]:
        """An argument exploded as compiled code takes it (see ``_jit.address``)."""
        if isinstance(arg, Pointers):
            arg = self.table(arg)
        if not isinstance(arg, np.ndarray):
            return [int(arg)]
        if self.plan.is_scratch(arg):  # a row for each part
            shape = (self.plan.threads, *arg.shape[1:])
            where = self.plan.address(arg, self.base)
            size = arg.size * self.plan.threads
            return [0, 0, size, arg.itemsize, where, *shape, *arg.strides]
        self.keep.append(arg)
        where = self.plan.address(arg, self.base)
        return [0, 0, arg.size, arg.itemsize, where, *arg.shape, *arg.strides]

    def table(self, pointers: Pointers) -> Array:
        """A pointer table with the addresses of replay time."""
        table = pointers.table.copy()
        for column, arrays in enumerate(pointers.columns):
            self.keep.append(arrays)
            where = [self.plan.address(a, self.base) for a in arrays]
            table[:, column + 1] = where
        return table


def bind(plan: Plan, events: Sequence[Event]) -> Bound:
    """Words and rows for all events, cut into segments at host calls."""
    binder = Binder(plan)
    rows: list[list[int]] = []
    flat: list[int] = []
    of_row: list[Event] = []
    segments: list[tuple[int, int, HostCall | None]] = []
    views: dict[int, Array] = {}
    start = 0
    for event in events:
        if isinstance(event, HostCall):
            for array in (event.out, *event.args):
                if isinstance(array, np.ndarray):
                    views[id(array)] = binder.view(array)
            segments.append((start, len(rows), event))
            start = len(rows)
            continue
        of_row.append(event)
        if isinstance(event, Check):
            binder.keep.append(event.status)
            rows.append([0, plan.address(event.status, binder.base), 0, 0, 0, 0])
            continue
        words = [word for arg in event.args for word in binder.words(arg)]
        parts, grain = split(event, plan.threads)
        rows.append([native(event), len(flat), len(words), event.units, parts, grain])
        flat += words
    segments.append((start, len(rows), None))
    memory = np.array(flat + [0] * 256, np.int64)  # calls read past a launch's words
    table = np.array(rows, np.int64).reshape(-1, COLUMNS)
    launches = table[:, 0] != 0
    table[launches, 1] = address_of(memory) + 8 * table[launches, 1]
    group_serial(table)
    counts = np.zeros(2 * len(table), np.int64)
    shared = len(segments) == 1 and bool((table[:, PARTS] > 1).any())
    keep = [binder, memory, events]
    return Bound(table, counts, shared, segments, of_row, views, keep)


def group_serial(table: Array) -> None:
    """Rows in one part that follow each other are claimed at once: see `replay`."""
    run = 0
    for i in reversed(range(len(table))):
        run = run + 1 if table[i, ADDRESS] and table[i, PARTS] == 1 else 0
        if run:
            table[i, GRAIN] = run


def native(launch: Launch) -> int:
    """Address of the launch's kernel for the types of its arguments."""
    args = [a.table if isinstance(a, Pointers) else a for a in launch.args]
    return _jit.address(launch.kernel, (0, launch.units, *args))
