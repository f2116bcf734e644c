"""Tensors that a function makes: what nobody writes to need not be made anew."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_core.program.buffers import Ref
from autograd_core.program.events import Event, Launch
from autograd_core.program.passes.uses import Uses


def leave_out_constants(
    events: Sequence[Event], fresh: Sequence[Launch], kept: Sequence[Ref]
) -> list[Event]:
    """Without the ``fresh`` launches whose output is only ever read.

    While recording, a tensor made of numbers is a copy of them, so that each replay
    starts from them anew; readers may as well have the numbers themselves.
    """
    if not fresh:
        return list(events)
    uses = Uses(events, kept)
    times = {id(event): time for time, event in enumerate(events)}
    for launch in fresh:
        constant, out = launch.args
        time = times[id(launch)]
        given = out.buffer.temporary and out.buffer not in uses.kept
        stays = constant.buffer.constant or not constant.buffer.held
        if given and stays and not uses.writes(out, time, len(events)):
            out.buffer.home = constant.buffer.home
            uses.set(time, None)
    return uses.events
