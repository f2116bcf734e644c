"""Plan: which bytes of one arena each temporary gets, and for how long.

A buffer lives from the first launch that touches it to the last; buffers that do not
live at the same time share bytes. The largest are placed first, each at the lowest
offset that is free (greedy by size, Pisarchyk and Lee, "Efficient memory management for
deep neural net inference", 2020). That takes time with the square of their number: of
many, each gets the smallest gap that holds it, in the order of their first use.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Sequence

from autograd_core.program.buffers import Buffer, Ref
from autograd_core.program.events import Event

ALIGN = 64  # bytes: a cache line, and the widest vector
MANY = 400  # buffers


def plan(groups: Sequence[Sequence[Event]], kept: Sequence[Ref], threads: int) -> int:
    """Give every temporary that is touched its offset; returns the arena's size.

    Events of one group happen at one time. ``kept`` arrays live to the end. Working
    memory gets a row for each thread.
    """
    used: dict[Buffer, None] = {}  # in the order of their first use
    times = [[a for event in group for a in event.arrays] for group in groups]
    for time, arrays in enumerate([*times, kept]):
        for array in arrays:
            if array.buffer.temporary:
                array.buffer.touch(time)
                used[array.buffer] = None
    sizes = {b: _aligned(b.nbytes * (threads if b.scratch else 1)) for b in used}
    place = _by_size if len(used) <= MANY else _by_time
    return place([b for b in used if sizes[b]], sizes)


def _by_size(buffers: list[Buffer], sizes: dict[Buffer, int]) -> int:
    """The largest first, each at the lowest offset that is free."""
    placed: list[Buffer] = []
    for buffer in sorted(buffers, key=lambda b: -sizes[b]):
        clashes = [
            b for b in placed if b.first <= buffer.last and buffer.first <= b.last
        ]
        offset = 0
        for other in sorted(clashes, key=lambda b: b.offset):
            if other.offset - offset >= sizes[buffer]:
                break
            offset = max(offset, other.offset + sizes[other])
        buffer.offset = offset
        placed.append(buffer)
    return max((b.offset + sizes[b] for b in placed), default=0)


def _by_time(buffers: list[Buffer], sizes: dict[Buffer, int]) -> int:
    """Best fit in the order of time: linear but for the search among gaps."""
    gaps = _Gaps()
    ends: list[tuple[int, int, int]] = []  # (last use, offset, size) of the living
    for buffer in buffers:
        while ends and ends[0][0] < buffer.first:
            _, offset, size = heapq.heappop(ends)
            gaps.free(offset, size)
        buffer.offset = gaps.take(sizes[buffer])
        heapq.heappush(ends, (buffer.last, buffer.offset, sizes[buffer]))
    return gaps.end


class _Gaps:
    """Free bytes below ``end``, by size and by place."""

    def __init__(self) -> None:
        self.end = 0
        self._by_size: list[tuple[int, int]] = []  # (size, offset), sorted
        self._starts: dict[int, int] = {}  # offset: size
        self._stops: dict[int, int] = {}  # offset of the byte after: size

    def take(self, size: int) -> int:
        """Offset of ``size`` bytes that were free."""
        i = bisect_left(self._by_size, (size, -1))
        if i < len(self._by_size):
            gap, offset = self._by_size[i]
            self._remove(gap, offset)
            if gap > size:
                self._add(gap - size, offset + size)
            return offset
        tail = self._stops.get(self.end, 0)  # the last gap, made longer
        if tail:
            self._remove(tail, self.end - tail)
        offset = self.end - tail
        self.end = offset + size
        return offset

    def free(self, offset: int, size: int) -> None:
        """Give bytes back; gaps side by side become one."""
        before = self._stops.get(offset, 0)
        if before:
            self._remove(before, offset - before)
            offset, size = offset - before, size + before
        after = self._starts.get(offset + size, 0)
        if after:
            self._remove(after, offset + size)
            size += after
        self._add(size, offset)

    def _add(self, size: int, offset: int) -> None:
        insort(self._by_size, (size, offset))
        self._starts[offset] = self._stops[offset + size] = size

    def _remove(self, size: int, offset: int) -> None:
        del self._by_size[bisect_left(self._by_size, (size, offset))]
        del self._starts[offset], self._stops[offset + size]


def _aligned(size: int) -> int:
    return -(-size // ALIGN) * ALIGN
