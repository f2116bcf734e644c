"""From a recording to something that can be replayed, step by step.

record     (record.py)  a list of events, and what they depend on
passes     (passes/)    from a list of events to a list, with the same bits
plan       (plan.py)    which bytes of one arena each temporary gets
bind       (bind.py)    a table of words that the native driver walks
call       (program.py) arguments in, replay, results out
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autograd_core.hooks import Array
from autograd_core.program.bind import Binder, Bound, bind
from autograd_core.program.buffers import set_regions
from autograd_core.program.cost import brief
from autograd_core.program.events import Event
from autograd_core.program.outputs import Outputs
from autograd_core.program.passes.dead import leave_out_dead
from autograd_core.program.passes.fresh import leave_out_constants
from autograd_core.program.passes.fuse import Done, fuse
from autograd_core.program.passes.tiles import runs
from autograd_core.program.plan import plan
from autograd_core.program.record import Recording
from autograd_kernels.compiler import without_collector


@dataclass(frozen=True)
class Plan:
    """A recording, lowered: what a Program replays and `explain` tells of."""

    recording: Recording
    events: list[Event]
    fused: list[str]  # what the passes did
    peak_bytes: int
    eager_bytes: int
    binder: Binder
    bound: Bound
    outputs: Outputs
    outs: list[Array]  # where a replay leaves the arrays that are copied out


@without_collector()
def lower(recording: Recording, threads: int) -> Plan:
    """All steps from a recording to a table that can be walked."""
    kept = [ref for ref in recording.outputs if ref is not None]
    _give_homes(recording)
    set_regions(recording.buffers.outside)
    outputs = Outputs(recording.outputs, recording.result.leaves)
    done: Done = {}
    events = leave_out_constants(recording.events, recording.fresh, kept)
    events = fuse(events, kept, done)
    events = leave_out_dead(events, kept, done)
    groups = runs(events)
    if brief(events):
        threads = 1
    peak_bytes = plan(groups, kept, threads)
    binder = Binder(peak_bytes, threads)
    bound = bind(binder, groups)
    together = [f"run of {len(run)} by tiles" for run in groups if len(run) > 1]
    return Plan(
        recording=recording,
        events=events,
        fused=[f"{name} x{times}" for name, times in done.items()] + together,
        peak_bytes=peak_bytes,
        eager_bytes=sum(buffer.nbytes for buffer in recording.buffers.temporaries),
        binder=binder,
        bound=bound,
        outputs=outputs,
        outs=outputs.places(binder),
    )


def _give_homes(recording: Recording) -> None:
    """Memory of its own for inputs, and for gradients: that outlives a replay."""
    for ref in recording.grad_refs.values():
        if ref is not None and ref.buffer.temporary:
            ref.buffer.home = np.zeros(max(ref.buffer.nbytes, 1), np.uint8)
    for buffer in recording.buffers.inputs:
        buffer.home = np.empty_like(buffer.home)
