"""Tensors that a compiled function makes: each replay starts from their values anew.

While recording, `tensor` copies what it makes to a temporary, so that a replay does.
The copy of a constant is left out again if nothing writes to it.
"""

from __future__ import annotations

import gc

from autograd_core.program.buffers import Buffer, Ref
from autograd_core.program.fuse import PURE, Uses
from autograd_core.program.record import Event, Launch, Made, Recorder
from autograd_core.program.tiles import outs


def settle(recorder: Recorder) -> None:
    """Decide what is copied in each replay.

    Raises RuntimeError for a tensor that is updated in place and outlives the recording
    other than as a gradient: it could be meant to go on from its last value or from its
    first.
    """
    uses = Uses(recorder.events, [])
    left_out: list[Launch] = []
    for made in recorder.made.values():
        tensor = made.tensor()
        if tensor is not None and tensor._grad is not None:
            recorder.grads[id(tensor)] = tensor
        del tensor
        updated = recorder.versions.pop(id(made.version), None) is not None
        if updated and _is_kept(made, recorder):
            raise RuntimeError(
                f"ag.compile: the tensor made at {made.line} is updated in place and "
                "kept outside the function. Make it before the first call to go on "
                "from its last value, or do not keep it to start anew."
            )
        if made.launch is not None and not updated:
            constant, out = made.launch.args
            others = [e for e in uses.users(out) if e is not made.launch]
            if all(_only_reads(event, out.buffer) for event in others):
                out.buffer.home = constant
                left_out.append(made.launch)
    ids = set(map(id, left_out))
    recorder.events = [e for e in recorder.events if id(e) not in ids]


def _is_kept(made: Made, recorder: Recorder) -> bool:
    """Whether somebody outside holds the tensor, and not as the gradient of a leaf."""
    if made.tensor() is not None:
        gc.collect()  # it may be in a cycle
    tensor = made.tensor()
    grads = [leaf._grad for leaf in recorder.grads.values()]
    return tensor is not None and not any(tensor is grad for grad in grads)


def _only_reads(event: Event, buffer: Buffer) -> bool:
    if not isinstance(event, Launch) or event.file not in {*PURE, "sloped"}:
        return False
    return not any(isinstance(o, Ref) and o.buffer is buffer for o in outs(event))
