"""Plan: which bytes of one arena each temporary gets, and for how long.

A buffer lives from the first launch that touches it to the last; buffers that do not
live at the same time share bytes. The largest are placed first, each at the lowest
offset that is free (greedy by size, Pisarchyk and Lee, "Efficient memory management for
deep neural net inference", 2020).
"""

from __future__ import annotations

from autograd_core.program.buffers import Buffer, Known, Ref
from autograd_core.program.record import Event

ALIGN = 64  # bytes: a cache line, and the widest vector


def plan(events: list[list[Event]], kept: list[Known], threads: int) -> int:
    """Give every buffer that ``events`` touch its offset; returns the arena's size.

    Events of one group happen at one time. ``kept`` arrays live to the end. Working
    memory gets a row for each thread.
    """
    used: dict[Buffer, None] = {}  # in the order of their first use
    times = [[a for event in group for a in event.arrays] for group in events]
    for time, arrays in enumerate([*times, kept]):
        for array in arrays:
            if isinstance(array, Ref) and array.buffer.home is None:
                array.buffer.touch(time)
                used[array.buffer] = None
    sizes = {b: b.nbytes * (threads if b.scratch else 1) for b in used}
    return _place(sorted(filter(sizes.get, used), key=lambda b: -sizes[b]), sizes)


def _place(buffers: list[Buffer], sizes: dict[Buffer, int]) -> int:
    placed: list[Buffer] = []
    for buffer in buffers:
        clashes = sorted(
            (b for b in placed if b.first <= buffer.last and buffer.first <= b.last),
            key=lambda b: b.offset,
        )
        offset = 0
        for other in clashes:
            if other.offset - offset >= sizes[buffer]:
                break
            offset = max(offset, _aligned(other.offset + sizes[other]))
        buffer.offset = offset
        placed.append(buffer)
    return max((b.offset + sizes[b] for b in placed), default=0)


def _aligned(offset: int) -> int:
    return -(-offset // ALIGN) * ALIGN
