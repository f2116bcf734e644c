"""Runs: elementwise launches over as many elements, one after another.

They are executed tile by tile, so that what one writes is still in cache when the next
reads it, and threads share a whole run without waiting in between.
"""

from __future__ import annotations

from typing import Any

from autograd_core.program.buffers import Buffer, Ref, same
from autograd_core.program.record import Event, Launch

TILE = 8192  # elements: some arrays of 32 KB stay in the second-level cache
# Files whose kernels make element i of their output of elements i of their inputs.
OVER_ELEMENTS = frozenset({"elementwise", "activations", "sloped", "dropout", "fused"})


def over_elements(event: Event) -> bool:
    """Whether an event is a launch over elements into a temporary."""
    return (
        isinstance(event, Launch)
        and event.file in OVER_ELEMENTS
        and isinstance(event.args[-1], Ref)
        and event.args[-1].size == event.units
    )


def groups(events: list[Event]) -> list[list[Event]]:
    """The events in order, those that form a run together, others by themselves."""
    found: list[list[Event]] = []
    for event in events:
        if found and _joins(found[-1], event):
            found[-1].append(event)
        else:
            found.append([event])
    return found


def _joins(run: list[Event], event: Event) -> bool:
    """Whether tiles of ``event`` need nothing but the same tiles of the run."""
    first = run[0]
    if not (over_elements(first) and over_elements(event)):
        return False
    assert isinstance(first, Launch)
    assert isinstance(event, Launch)
    if event.units != first.units or event.units <= TILE:
        return False
    launches = [e for e in (*run, event) if isinstance(e, Launch)]
    seen = _refs([*run, event])
    written = {out.buffer for e in launches for out in outs(e)}
    return all(
        same(ref, refs[0])
        for buffer, refs in seen.items()
        if buffer in written
        for ref in refs
    )


def outs(launch: Launch) -> tuple[Any, ...]:
    """What a launch of these files writes: its last argument, or the last two."""
    return launch.args[-2:] if launch.file == "sloped" else launch.args[-1:]


def _refs(events: list[Event]) -> dict[Buffer, list[Ref]]:
    """All references of the events, by buffer."""
    seen: dict[Buffer, list[Ref]] = {}
    for event in events:
        for array in event.arrays:
            if isinstance(array, Ref):
                seen.setdefault(array.buffer, []).append(array)
    return seen
