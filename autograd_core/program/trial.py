"""Trial: one replay on a snapshot, compared in bits with the call that it repeats.

Two recordings that agree say that the list of launches is what the function does. This
says that the Program made of it, with all that passes and binding did, does the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import Array, listen
from autograd_core.program.agree import same_bits
from autograd_core.program.buffers import Role
from autograd_core.program.program import Program
from autograd_core.program.record import Recording
from autograd_core.tape import TensorBase

PIECE = 1 << 18  # elements
Snapshot = list[tuple[Array, Array]]  # memory, and a copy of what was in it


def snapshot(recording: Recording) -> Snapshot:
    """What lies in the memory from outside that a recording writes to."""
    homes = {
        id(ref.buffer.home): ref.buffer.home
        for event in recording.events
        for ref in event.outs
        if ref.buffer.role is Role.OUTSIDE and ref.buffer.home is not None
    }
    return [(home, _copied(home)) for home in homes.values()]


def _copied(home: Array) -> Array:
    """A copy; of zeros that nobody has touched, one that takes no memory either."""
    untouched = home.nbytes and not home.reshape(-1).view(np.uint8).any()
    return np.zeros(home.shape, home.dtype) if untouched else home.copy()


def trial(
    program: Program, before: Snapshot, arrays: Sequence[Array], result: Any
) -> str | None:
    """What a replay of the call just made does otherwise; None if nothing.

    ``before`` is the memory as it was before the call, ``arrays`` are its arguments and
    ``result`` the leaves of what it returned. All memory is left as the call left it.
    """
    after = [_exchanged(home, copy) for home, copy in before]
    try:
        for own, array in zip(program.inputs, arrays, strict=True):
            np.copyto(own, array)
        with listen(None):
            try:
                program.replay_alone()
            except Exception as error:
                return f"a replay raised {type(error).__name__}: {error}"
        return _compared(program, after, result)
    finally:
        for home, copy in after:
            if not same_bits(home, copy):
                np.copyto(home, copy)


def _exchanged(home: Array, copy: Array) -> tuple[Array, Array]:
    """Memory with what was in it, and what it had in the place of the copy of that.

    Piece by piece, for it may be large; what is the same is not touched.
    """
    if same_bits(home, copy):
        return home, copy
    if not home.flags.c_contiguous:
        whole = home.copy()
        np.copyto(home, copy)
        return home, whole
    one, other = home.reshape(-1), copy.reshape(-1)
    for start in range(0, one.size, PIECE):
        piece = one[start : start + PIECE].copy()
        one[start : start + PIECE] = other[start : start + PIECE]
        other[start : start + PIECE] = piece
    return home, copy


def _compared(program: Program, after: Snapshot, result: Any) -> str | None:
    given = program.plan.outputs.given(program.plan.outs, result, None)
    for i, (out, leaf) in enumerate(zip(given, result, strict=True)):
        if out is not leaf and not same_bits(out._data, leaf._data):
            return f"output {i} is otherwise in a replay"
    for home, copy in after:
        if not same_bits(home, copy):
            return f"memory of shape {home.shape} is otherwise after a replay"
    for gradient in program.gradients:
        grad = gradient.leaf._grad
        if gradient.array is None or not isinstance(grad, TensorBase):
            continue
        if not same_bits(gradient.array, grad._data):
            return f"a gradient of shape {grad._data.shape} is otherwise"
    return None
