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

from autograd_core.launch import address
from autograd_core.pool import LEAST, pool
from autograd_core.program.bind import Bound
from autograd_core.program.buffers import Known, PointerRefs, Ref, address_of
from autograd_core.program.fuse import PURE
from autograd_core.program.record import Event, Launch
from autograd_core.program.tiles import outs
from autograd_core.tape import Array


@dataclass
class Move:
    """Memory that launches use unless told otherwise, and where its addresses are."""

    own: Array
    positions: Array  # among the words
    addresses: Array

    def to(self, words: Array, array: Array) -> None:
        """Let launches use ``array``."""
        words[self.positions] = self.addresses + (address(array) - address_of(self.own))

    def back(self, words: Array) -> None:
        """Let them use their own again."""
        words[self.positions] = self.addresses


class Moves:
    """Which inputs and outputs of a Program can be moved, by their numbers."""

    def __init__(
        self,
        bound: Bound,
        events: Sequence[Event],
        inputs: Sequence[Array],
        outputs: Sequence[Known | None],
        places: Sequence[Array | None],
        grads: Sequence[Known],
    ) -> None:
        self.words = bound.words
        self.inputs: dict[int, Move] = {}
        self.outputs: dict[int, Move] = {}
        kept = [*grads, *(out for out in outputs if out is not None)]
        if changes_nothing(events):
            for i, own in enumerate(inputs):
                if own.nbytes >= LEAST and not any(_overlap(own, out) for out in kept):
                    self.inputs[i] = _move(bound, own, own)
        fixed = {b for event in events for b in _fixed(event)}
        for i, (out, place) in enumerate(zip(outputs, places, strict=True)):
            if (
                isinstance(out, Ref)
                and place is not None
                and out.nbytes >= LEAST
                and _is_whole(out)
                and out.buffer not in fixed
                and sum(_overlap(out, other) for other in kept) == 1
            ):
                self.outputs[i] = _move(bound, out, place)

    def enter(self, arrays: Sequence[Array]) -> dict[int, Array]:
        """Move to the caller's arrays and to new ones for outputs: those, by number."""
        for i, move in self.inputs.items():
            array = arrays[i]
            flags = array.flags
            if flags.c_contiguous and flags.aligned and array.dtype.isnative:
                move.to(self.words, array)
            else:
                np.copyto(move.own, array)
        fresh = {}
        for i, move in self.outputs.items():
            fresh[i] = pool.empty(move.own.shape, move.own.dtype)
            move.to(self.words, fresh[i])
        return fresh

    def leave(self) -> None:
        """Back to the Program's own memory."""
        for move in (*self.inputs.values(), *self.outputs.values()):
            move.back(self.words)


def changes_nothing(events: Sequence[Event]) -> bool:
    """Whether all that is written is temporary: then no input can change in a call."""
    return all(
        isinstance(event, Launch)
        and event.file in {*PURE, "sloped"}
        and all(isinstance(o, Ref) and o.buffer.home is None for o in outs(event))
        for event in events
    )


def _fixed(event: Event) -> list[Any]:
    """Buffers whose addresses an event holds elsewhere than among the words."""
    if not isinstance(event, Launch):
        return [a.buffer for a in event.arrays if isinstance(a, Ref)]
    tables = [arg for arg in event.args if isinstance(arg, PointerRefs)]
    arrays = [a for table in tables for column in table.columns for a in column]
    return [a.buffer for a in arrays if isinstance(a, Ref)]


def _is_whole(ref: Ref) -> bool:
    """Whether an array is all of its buffer, as it lies there."""
    if ref.buffer.home is not None or ref.nbytes != ref.buffer.nbytes:
        return False
    step = ref.itemsize
    for length, stride in zip(ref.shape[::-1], ref.strides[::-1], strict=True):
        if length != 1 and stride != step:
            return False
        step *= length
    return True


def _overlap(one: Known, other: Known) -> bool:
    if isinstance(one, Ref) or isinstance(other, Ref):
        return (
            isinstance(one, Ref)
            and isinstance(other, Ref)
            and one.buffer is other.buffer
        )
    return np.may_share_memory(one, other)


def _move(bound: Bound, known: Known, own: Array) -> Move:
    found = [position for array, position in bound.places if _overlap(known, array)]
    positions = np.array(found, np.int64)
    return Move(own, positions, bound.words[positions])
