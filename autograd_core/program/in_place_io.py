"""Large inputs and outputs, read and written where the caller has them.

Else a call copies them in and out, which for a few operations on a large array is most
of the time. Launches find memory by addresses among their words: those of an input or
output are changed for a call, and changed back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.pool import LEAST, pool
from autograd_core.program.bind import Bound
from autograd_core.program.buffers import Buffer, PointerRefs, Ref
from autograd_core.program.events import Event, Launch
from autograd_core.program.pipeline import Plan
from autograd_kernels.native import data_of


@dataclass
class Relocation:
    """Memory that launches use unless told otherwise, and where its addresses are."""

    own: Array
    positions: Array  # among the words
    addresses: Array

    def to(self, words: Array, array: Array) -> None:
        """Let launches use ``array``."""
        words[self.positions] = self.addresses + (data_of(array) - data_of(self.own))

    def back(self, words: Array) -> None:
        """Let them use their own again."""
        words[self.positions] = self.addresses


class Relocations:
    """Which inputs and outputs of a Program can be relocated, by their numbers."""

    def __init__(self, plan: Plan) -> None:
        recording, bound = plan.recording, plan.bound
        self.words = bound.words
        self.inputs: dict[int, Relocation] = {}
        self.outputs: dict[int, Relocation] = {}
        kept = [r.buffer for r in recording.grad_refs.values() if r is not None]
        kept += [r.buffer for r in recording.outputs if r is not None]
        fixed = {buffer for event in plan.events for buffer in _fixed(event)}
        if changes_nothing(plan.events):
            for buffer in recording.buffers.inputs:
                large = buffer.nbytes >= LEAST
                if large and buffer not in kept and buffer not in fixed:
                    place = _relocation(bound, buffer, buffer.memory)
                    self.inputs[buffer.number] = place
        for i, ref in enumerate(plan.outputs.arrays):
            large = ref.nbytes >= LEAST and _is_whole(ref)
            alone = kept.count(ref.buffer) == 1 and ref.buffer not in fixed
            if large and alone:
                self.outputs[i] = _relocation(bound, ref.buffer, plan.outs[i])

    def enter(self, arrays: Sequence[Array]) -> dict[int, Array]:
        """Use the caller's arrays, and new ones for outputs: those, by number."""
        for i, relocation in self.inputs.items():
            array = arrays[i]
            flags = array.flags
            if flags.c_contiguous and flags.aligned and array.dtype.isnative:
                relocation.to(self.words, array)
            else:
                relocation.back(self.words)  # `leave` may have been interrupted
                np.copyto(relocation.own, array)
        fresh = {}
        for i, relocation in self.outputs.items():
            fresh[i] = pool.empty(relocation.own.shape, relocation.own.dtype)
            relocation.to(self.words, fresh[i])
        return fresh

    def leave(self) -> None:
        """Back to the Program's own memory."""
        for relocation in (*self.inputs.values(), *self.outputs.values()):
            relocation.back(self.words)


def changes_nothing(events: Sequence[Event]) -> bool:
    """Whether all that is written is temporary: then no input can change in a call."""
    return all(
        isinstance(event, Launch) and all(out.buffer.temporary for out in event.outs)
        for event in events
    )


def _fixed(event: Event) -> list[Any]:
    """Buffers whose addresses an event holds elsewhere than among the words."""
    if not isinstance(event, Launch):
        return [ref.buffer for ref in event.arrays]
    tables = [arg for arg in event.args if isinstance(arg, PointerRefs)]
    return [ref.buffer for t in tables for column in t.columns for ref in column]


def _is_whole(ref: Ref) -> bool:
    """Whether an array is all of its buffer, as it lies there."""
    if not ref.buffer.temporary or ref.nbytes != ref.buffer.nbytes:
        return False
    step = ref.itemsize
    for length, stride in zip(ref.shape[::-1], ref.strides[::-1], strict=True):
        if length != 1 and stride != step:
            return False
        step *= length
    return True


def _relocation(bound: Bound, buffer: Buffer, own: Array) -> Relocation:
    found = [position for ref, position in bound.places if ref.buffer is buffer]
    positions = np.array(found, np.int64)
    return Relocation(own, positions, bound.words[positions])
