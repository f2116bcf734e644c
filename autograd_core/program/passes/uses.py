"""Which event touches which memory, and when."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

from autograd_core.program.buffers import Buffer, Ref
from autograd_core.program.events import Event, Launch, region


class Uses:
    """A list of events in which some are taken out or replaced, and its index.

    Times are places in the list as it was at first. Memory is told apart by region, as
    what lies outside may overlap.
    """

    def __init__(self, events: Sequence[Event], kept: Sequence[Ref]) -> None:
        self.at: list[Event | None] = list(events)
        self.kept = {ref.buffer for ref in kept}
        self._touched: dict[Buffer, list[int]] = {}
        self._written: dict[Buffer, list[int]] = {}
        for time, event in enumerate(events):
            for index, refs in self._lists(event):
                for ref in refs:
                    times = index.setdefault(ref.buffer.region or ref.buffer, [])
                    if not times or times[-1] != time:
                        times.append(time)

    def _lists(
        self, event: Event
    ) -> tuple[tuple[dict[Buffer, list[int]], list[Ref]], ...]:
        return (self._touched, event.arrays), (self._written, event.outs)

    @property
    def events(self) -> list[Event]:
        """What is left, in order."""
        return [event for event in self.at if event is not None]

    def set(self, time: int, event: Event | None) -> None:
        """Put another event, or none, in the place of one."""
        before = self.at[time]
        if before is not None:
            for index, refs in self._lists(before):
                for memory in set(map(region, refs)):
                    del index[memory][bisect_left(index[memory], time)]
        self.at[time] = event
        if event is not None:
            for index, refs in self._lists(event):
                for memory in set(map(region, refs)):
                    insort(index.setdefault(memory, []), time)

    def users(self, ref: Ref) -> list[int]:
        """Times at which the memory of an array is touched."""
        return self._touched.get(region(ref), [])

    def next_user(self, ref: Ref, time: int) -> int | None:
        """When the memory is touched next after a time."""
        users = self.users(ref)
        i = bisect_right(users, time)
        return users[i] if i < len(users) else None

    def writes(self, ref: Ref, after: int, before: int) -> int:
        """How often the memory is written between two times, both left out."""
        times = self._written.get(region(ref), [])
        return max(bisect_left(times, before) - bisect_right(times, after), 0)

    def touches(self, ref: Ref, after: int, before: int) -> int:
        """How often the memory is touched between two times, both left out."""
        times = self.users(ref)
        return max(bisect_left(times, before) - bisect_right(times, after), 0)

    def private(self, ref: Ref, *times: int) -> bool:
        """Whether only the events at these times ever see a temporary."""
        if not ref.buffer.temporary or ref.buffer in self.kept:
            return False
        return all(time in times for time in self.users(ref))

    def may_move(self, time: int, later: int) -> bool:
        """Whether the launch at a time may as well run at a later one.

        What it reads must not have been written by then, nor what it writes touched.
        """
        event = self.at[time]
        assert isinstance(event, Launch)
        outs = event.outs
        return (
            all(ref.buffer.temporary for ref in outs)
            and not any(self.touches(ref, time, later) for ref in outs)
            and not any(self.writes(ref, time, later) for ref in event.arrays)
        )
