"""Dead: launches whose results nobody reads."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_core.program.buffers import Ref
from autograd_core.program.events import Event, Launch
from autograd_core.program.passes.fuse import Done
from autograd_core.program.passes.uses import Uses
from autograd_kernels import activations, activations_with_slope

# Kernels that give a slope as well, and what gives the same output without.
WITHOUT_SLOPE = {
    activations_with_slope.gelu: activations.gelu,
    activations_with_slope.gelu_tanh: activations.gelu_tanh,
}


def leave_out_dead(
    events: Sequence[Event], kept: Sequence[Ref], done: Done
) -> list[Event]:
    """Without what writes only to temporaries that no other event touches."""
    uses = Uses(events, kept)
    for time in reversed(range(len(events))):
        event = events[time]
        if not isinstance(event, Launch):
            continue
        if all(uses.private(out, time) for out in event.outs):
            uses.set(time, None)
            done["dead"] = done.get("dead", 0) + 1
        elif (plain := WITHOUT_SLOPE.get(event.kernel)) is not None:
            x, slope, out = event.args
            if uses.private(slope, time):
                uses.set(time, Launch(plain, event.units, (x, out), event.line))
                done["without_slope"] = done.get("without_slope", 0) + 1
    return uses.events
