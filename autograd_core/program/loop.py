"""Loop: many replays of a Program in one native call, each on other rows of the data.

What stands between two steps of a loop over minibatches, some 40 us of Python, takes
longer than the step of a small network. Nothing looks at what is between them here, so
only a Program whose next replays need no Python is taken, for as many steps as are left
until a recording checks it, and for some ten milliseconds: Ctrl-C waits for the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from autograd_core.hooks import RECORDING, Array
from autograd_core.program.buffers import Role
from autograd_core.program.events import Check
from autograd_core.tape import GRADS, state
from autograd_core.threads import teams
from autograd_kernels.driver import replay as native
from autograd_kernels.driver import steps as kernel
from autograd_kernels.driver.entry import LEFT, SO_FAR
from autograd_kernels.native import address_of, data_of

if TYPE_CHECKING:
    from autograd_core.program.program import Program

SECONDS = 1e-2  # that one native call may take
LARGEST = 1 << 24  # bytes of the results of one call
UNBLOCKED = (False,)


class Loop:
    """Steps of a Program, as it is bound now."""

    def __init__(self, program: Program) -> None:
        outputs, bound = program.plan.outputs, program.bound
        self.kept = kept_by(program)
        self.copies = [home.copy() for home in self.kept]
        copied = [*program._outs, *self.kept]
        self.possible = (
            len(bound.segments) == 1
            and all(array.flags.c_contiguous for array in copied)
            and not any(output and output.view for output in outputs.leaves)
        )
        bytes_out = max((out.nbytes for out in program._outs), default=0)
        self.most = LARGEST // max(bytes_out, 1)
        self.seconds = SECONDS  # that a step takes; one will tell
        # What walks of the table are called with, see `autograd_kernels.driver.replay`.
        self.alone = np.array([bound.start, 0, len(bound.table), 0], np.int64)
        shared = 0, bound.start, len(bound.table), bound.counts
        self.shared = np.array(shared, np.int64)

    def take(
        self, program: Program, data: Sequence[Array], order: Array
    ) -> tuple[int, Any] | None:
        """(steps, what they returned); None if the first one stops at a check."""
        pace, sharing = program.pace, False
        most = min(len(order), program.left, int(SECONDS / self.seconds), self.most)
        if program.bound.shared:
            sharing = pace.share()
            most = int(min(most, pace.alike))
        most = max(most, 1)
        results = [np.empty((most, *out.shape), out.dtype) for out in program._outs]
        start = perf_counter()
        program.busy[0] = 1
        try:
            done = self._steps(program, data, order[:most], results, sharing)
        finally:
            program.busy[0] = 0
        program.counts[LEFT] -= done
        program.counts[SO_FAR] += done
        if not done:
            return None
        seconds = (perf_counter() - start) / done
        self.seconds = min(self.seconds, seconds)
        if program.bound.shared:
            for _ in range(done):
                pace.took(seconds, sharing)
        if program.grads_seen != GRADS[0]:
            program.give_grads()
        return done, program._result([result[:done] for result in results])

    def _steps(
        self,
        program: Program,
        data: Sequence[Array],
        order: Array,
        results: list[Array],
        sharing: bool,
    ) -> int:
        """Take the steps; how many, if one of them stops at a check."""
        walk = alone = _walk("replay", 3), data_of(self.alone)
        team = teams.current
        if sharing:
            self.shared[0] = team.control
            walk = _walk("replay_shared", 4), data_of(self.shared)
            team.wake(program.bound.parts)
        inputs = zip(program.inputs, data, strict=True)
        outputs = zip(program._outs, results, strict=True)
        memory = zip(self.kept, self.copies, strict=True)
        frame = [
            *walk,
            *alone,
            len(program.bound.table),
            data_of(order),
            order.shape[1],
            *(len(program.inputs), len(results), len(self.kept)),
        ]
        for to, start in inputs:
            frame += data_of(to), data_of(start), start[:1].nbytes
        for one, other in chain(outputs, memory):
            frame += data_of(one), data_of(other), one.nbytes
        words = np.array(frame, np.int64)
        return int(kernel.steps(data_of(words), len(order)))


def kept_by(program: Program) -> list[Array]:
    """Memory from outside that launches write to before the last check."""
    events = program.bound.events
    checks = [i for i, event in enumerate(events) if isinstance(event, Check)]
    homes = {
        id(ref.buffer.home): ref.buffer.home
        for event in events[: max(checks, default=0)]
        for ref in event.outs
        if ref.buffer.role is Role.OUTSIDE and ref.buffer.home is not None
    }
    return list(homes.values())


def replays(
    program: Program, data: Sequence[Array], order: Array
) -> tuple[int, Any] | None:
    """Calls with ``[values[rows] for values in data]``, for rows of ``order``.

    ``order`` is (steps, rows of a batch). Returns how many were made, the first ones,
    and what they returned, with an axis of steps in front of every result; None if the
    first must be made by itself.
    """
    if not program.quick or RECORDING or state.grad_enabled is not program.grad_enabled:
        return None
    if program.grads_seen != GRADS[0]:
        program.release_grads()
    if program.threads != teams.current.size:
        return None
    held: list[bool] = []
    try:
        held.extend(map(program.lock.acquire, UNBLOCKED))
        if program.loop is None:
            program.loop = Loop(program)
        first = tuple([values[order[0]] for values in data])
        in_order = all(v.flags.c_contiguous and v.flags.aligned for v in data)
        possible = held[0] and in_order and program.loop.possible
        if not (possible and program.native.fits(first)):
            return None
        return program.loop.take(program, data, order)
    finally:
        if True in held:
            program.lock.release()


@cache
def _walk(name: str, arguments: int) -> int:
    """Native address of a built-in that walks a table."""
    return address_of(getattr(native, name), (numba.int64,) * arguments)
