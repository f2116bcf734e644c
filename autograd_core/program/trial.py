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

AT_ONCE = 1 << 16  # elements that are exchanged
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
    undo: Snapshot = []  # memory, and what must be in it in the end
    try:
        after = [_exchanged(home, copy, undo) for home, copy in before]
        for own, array in zip(program.inputs, arrays, strict=True):
            np.copyto(own, array)
        with listen(None):
            try:
                program.try_alone()
            except Exception as error:
                return f"a replay raised {type(error).__name__}: {error}"
        return _compared(program, after, result)
    finally:
        for home, there in undo:
            if not same_bits(home, there):
                np.copyto(home, there)


def _exchanged(home: Array, copy: Array, undo: Snapshot) -> tuple[Array, Array]:
    """Put into memory what a copy has, and the other way round; returns both.

    Piece by piece, for it may be large; what is the same is not touched. ``undo`` is
    right after each step, so that Ctrl-C finds it so.
    """
    if same_bits(home, copy):
        undo.append((home, copy))
        return home, copy
    if not home.flags.c_contiguous:
        undo.append((home, home.copy()))
        np.copyto(home, copy)
        return undo[-1]
    one, other = home.reshape(-1), copy.reshape(-1)
    for start in range(0, one.size, AT_ONCE):
        here, there = (x[start : start + AT_ONCE] for x in (one, other))
        undo.append((here, here.copy()))
        np.copyto(here, there)
        np.copyto(there, undo[-1][1])
        undo[-1] = here, there
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
