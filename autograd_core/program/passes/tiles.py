"""Runs: elementwise launches over as many elements, one after another.

They are executed tile by tile, so that what one writes is still in cache when the next
reads it, and threads share a whole run without waiting in between.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd_core.program.buffers import Buffer, Ref, same
from autograd_core.program.events import Event, Launch, region
from autograd_kernels.driver.replay import TILE


def over_elements(event: Event) -> bool:
    """Whether an event is a launch over elements into temporaries."""
    return (
        isinstance(event, Launch)
        and event.traits.elements
        and all(out.buffer.temporary and out.size == event.units for out in event.outs)
    )


def runs(events: Sequence[Event]) -> list[list[Event]]:
    """The events in order, those that form a run together, others by themselves."""
    found: list[_Run] = []
    for event in events:
        if not (found and found[-1].take(event)):
            found.append(_Run(event))
    return [run.events for run in found]


class _Run:
    """Launches whose tiles need nothing but the same tiles of each other."""

    def __init__(self, event: Event) -> None:
        self.events = [event]
        self.open = (
            isinstance(event, Launch) and over_elements(event) and event.units > TILE
        )
        self.touched: dict[Buffer, Ref | None] = {}  # None: in more than one way
        self.written: set[Buffer] = set()
        if self.open:
            self._add(event)

    def _add(self, event: Event) -> None:
        for ref in event.arrays:
            memory = region(ref)
            before = self.touched.setdefault(memory, ref)
            if before is not None and not same(before, ref):
                self.touched[memory] = None
        self.written |= set(map(region, event.outs))

    def take(self, event: Event) -> bool:
        """Let an event join, if it may."""
        if not self.open or not over_elements(event):
            return False
        first = self.events[0]
        assert isinstance(first, Launch)
        assert isinstance(event, Launch)
        if event.units != first.units:
            return False
        before = dict(self.touched), set(self.written)
        self._add(event)
        if any(self.touched[memory] is None for memory in self.written):
            self.touched, self.written = before
            return False
        self.events.append(event)
        return True
