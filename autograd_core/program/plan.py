"""Plan: which bytes of one arena each temporary gets, and for how long.

A buffer lives from the first launch that touches it to the last; buffers that do not
live at the same time share bytes. The largest are placed first, each at the lowest
offset that is free (greedy by size, Pisarchyk and Lee, "Efficient memory management for
deep neural net inference", 2020).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_core.launch import Pointers
from autograd_core.program.record import (
    Check,
    Event,
    HostCall,
    Launch,
    Recorder,
    address_of,
    extent,
)
from autograd_core.tape import Array

ALIGN = 64  # bytes: a cache line, and the widest vector


@dataclass
class Buffer:
    """One temporary: where it was while recording, where it will be, and when."""

    array: Array
    index: int
    first: int = -1
    last: int = -1
    offset: int = -1
    copies: int = 1  # parts that use it at once, each its own rows (scratch)

    @property
    def nbytes(self) -> int:
        return self.array.nbytes * self.copies

    def touch(self, time: int) -> None:
        """It is used at ``time``."""
        if self.first < 0:
            self.first = time
        self.last = max(self.last, time)


@dataclass
class Plan:
    """Buffers with offsets, and how an array of the recording is found in the arena."""

    buffers: list[Buffer]
    threads: int = 1
    size: int = 0
    _starts: list[int] = field(default_factory=list)
    _sorted: list[Buffer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sorted = sorted(
            (b for b in self.buffers if b.array.nbytes), key=lambda b: address_of(b.array)
        )
        self._starts = [address_of(b.array) for b in self._sorted]

    @classmethod
    def of(cls, recorder: Recorder, threads: int) -> Plan:
        """The temporaries of a recording, not placed yet."""
        buffers = [
            Buffer(a, i, copies=threads if i in recorder.scratch else 1)
            for i, a in enumerate(recorder.temporaries)
        ]
        return cls(buffers, threads)

    def touch(self, array: Array, time: int) -> None:
        """The buffer of ``array``, if it is a temporary, is used at ``time``."""
        buffer = self.find(array)
        if buffer is not None:
            buffer.touch(time)

    def find(self, array: Array) -> Buffer | None:
        """The temporary that an array lies in, or None: memory from outside."""
        low = extent(array)[0]
        i = bisect_right(self._starts, low) - 1
        if i < 0 or low >= self._starts[i] + self._sorted[i].array.nbytes:
            return None
        return self._sorted[i]

    def is_scratch(self, array: Array) -> bool:
        """Whether it is working memory, with a row for each thread."""
        buffer = self.find(array)
        return buffer is not None and buffer.copies > 1

    def address(self, array: Array, arena: int) -> int:
        """Where the first element of an array will be."""
        buffer = self.find(array)
        if buffer is None:
            return address_of(array)
        return arena + buffer.offset + address_of(array) - address_of(buffer.array)


def arrays_of(event: Event) -> Iterator[Array]:
    """Every array that an event touches."""
    if isinstance(event, Check):
        yield event.status
        return
    if isinstance(event, HostCall):
        yield event.out
    for arg in event.args:
        if isinstance(arg, Pointers):
            for column in arg.columns:
                yield from column
        elif isinstance(arg, np.ndarray):
            yield arg


def place(plan: Plan, events: list[Event], kept: list[Array]) -> None:
    """Offsets for what ``events`` touch; ``kept`` arrays live to the end."""
    for time, event in enumerate(events):
        for array in arrays_of(event):
            plan.touch(array, time)
    for array in kept:
        plan.touch(array, len(events))
    placed: list[Buffer] = []
    used = [b for b in plan.buffers if b.first >= 0 and b.nbytes]
    for buffer in sorted(used, key=lambda b: (-b.nbytes, b.index)):
        clashes = sorted(
            (b for b in placed if b.first <= buffer.last and buffer.first <= b.last),
            key=lambda b: b.offset,
        )
        offset = 0
        for other in clashes:
            if other.offset - offset >= buffer.nbytes:
                break
            offset = max(offset, _aligned(other.offset + other.nbytes))
        buffer.offset = offset
        placed.append(buffer)
        plan.size = max(plan.size, offset + buffer.nbytes)


def _aligned(offset: int) -> int:
    return -(-offset // ALIGN) * ALIGN
