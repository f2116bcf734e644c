"""Order: how much must be done before a launch may start, by the bytes it touches.

Threads that share a Program wait only for that: who has no part in a launch goes on to
the next that does not need it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from autograd_core.hooks import Array
from autograd_core.program.buffers import Buffer
from autograd_core.program.events import Event, Launch
from autograd_kernels.native import data_of

LOOK = 8  # groups back: what lies further is done before, needed or not


class Span(NamedTuple):
    """Bytes from ``low`` to before ``high``, read or written."""

    low: int
    high: int
    written: bool


def needed(
    groups: Sequence[Sequence[Event]], start: Callable[[Buffer], int], threads: int
) -> list[int]:
    """How many of the first groups must be done before each one.

    ``start`` says where a temporary begins; working memory has a row for each thread.
    All that is no launch (a check, which may end the replay) is waited for by all.
    """
    found: list[int] = []
    before: list[list[Span] | None] = []  # of the last groups; None: of no launches
    for number, group in enumerate(groups):
        spans = _spans(group, start, threads)
        need = max(number - LOOK, 0)
        for other in range(number - 1, need - 1, -1):
            earlier = before[other]
            if spans is None or earlier is None or _clash(spans, earlier):
                # What a check reads is needed, and so is all that comes before it.
                need = other + 1
                break
        found.append(need)
        before.append(spans)
    return found


def _spans(
    group: Sequence[Event], start: Callable[[Buffer], int], threads: int
) -> list[Span] | None:
    spans = []
    for event in group:
        if not isinstance(event, Launch):
            return None
        written = {id(out.buffer) for out in event.outs}
        for ref in event.arrays:
            low, high = _bytes(ref.buffer, start, threads)
            spans.append(Span(low, high, id(ref.buffer) in written))
    return spans


def _bytes(
    buffer: Buffer, start: Callable[[Buffer], int], threads: int
) -> tuple[int, int]:
    home: Array | None = buffer.home
    if home is None:
        low = start(buffer)
        return low, low + buffer.nbytes * (threads if buffer.scratch else 1)
    if home.flags.c_contiguous:
        low = data_of(home)
        return low, low + home.nbytes
    low, high = np.lib.array_utils.byte_bounds(home)
    return int(low), int(high)


def _clash(some: Sequence[Span], others: Sequence[Span]) -> bool:
    """Whether one writes what the other touches."""
    return any(
        a.low < b.high and b.low < a.high and (a.written or b.written)
        for a in some
        for b in others
    )
