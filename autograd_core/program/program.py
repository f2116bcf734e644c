"""A Program: one recorded run of a function, replayed natively."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, NoReturn

import numpy as np

from autograd_core.hooks import RECORDING, Array
from autograd_core.plural import count
from autograd_core.precision import SETTING
from autograd_core.program.cost import brief
from autograd_core.program.events import Check, Event, HostCall, Launch, name_of
from autograd_core.program.explain import Profile, Report, explain, shapes_of
from autograd_core.program.gradients import Gradient
from autograd_core.program.in_place_io import Relocations
from autograd_core.program.loop import Loop
from autograd_core.program.native_call import NativeCall, passable, singleton
from autograd_core.program.outputs import seal
from autograd_core.program.pipeline import lower
from autograd_core.program.record import Recording
from autograd_core.program.tree import LEAF
from autograd_core.program.watch import Watch
from autograd_core.program.words import slot_of, table
from autograd_core.tape import GRADS, state
from autograd_core.tensor import Tensor
from autograd_core.threads import Lock, ShareOrNot, teams
from autograd_kernels.driver import replay as native
from autograd_kernels.driver.entry import LEFT, SHARED, SO_FAR, WATCHED
from autograd_kernels.native import data_of

MISSED = object()
UNBLOCKED = (False,)
empty = np.empty
MOST_BRIEF = 1_000  # launches, however small
FIRST, FACTOR = 30, 16  # replays before a Program is checked again; how that grows


class Program:
    """Launches over planned buffers. ``run`` takes arrays and returns the outputs."""

    def __init__(
        self,
        recording: Recording,
        watch: Watch,
        lock: Lock,
        busy: Array,
        plain: bool,
        most: int,
        where: str,
    ) -> None:
        self.grad_enabled = state.grad_enabled
        self.threads = teams.current.size
        self.precision = SETTING.item()
        self.recording = recording
        self.watch = watch
        self.lock = lock
        self.busy = busy
        self.result = recording.result
        self._seal = seal(where)
        self.pace = ShareOrNot()
        self.gradients = [
            Gradient(leaf, ref, recording.grads.get(leaf))
            for leaf, ref in recording.grad_refs.items()
        ]
        self.was_plain = plain
        self.most = most  # replays from one check to the next
        self.distance = FIRST
        self.check_soon = False  # whatever is left
        self.since = min(FIRST, most) - 1  # replays after a check until the next
        self.counts = np.array([self.since, 0])  # left, so far; native code counts too
        self._counts = self.counts.data  # quicker to count with
        self.replays = self.counts[SO_FAR:]
        for cell in recording.versions:
            cell.append(self.replays)
        self.grads_seen = -1
        self._lower()

    def _lower(self) -> None:
        """Plan and bind; again if memory that replays write to was given away."""
        self.plan = plan = lower(self.recording, self.threads)
        self.inputs = [buffer.memory for buffer in self.recording.buffers.inputs]
        self.events, self.bound = plan.events, plan.bound
        self.relocations = Relocations(plan)
        self._single = self.result.structure is LEAF and plan.outputs.single
        self._outs = plan.outs
        self._open()

    def _open(self) -> None:
        """Let native code take the arguments, and make a brief call as a whole."""
        given = self._outs
        self.fresh = [(out.shape, singleton(out.dtype)) for out in given]
        launches = [e for e in self.events if isinstance(e, Launch)]
        self.brief = (
            passable([*self.inputs, *given])
            and len(self.bound.segments) == 1
            and not self.bound.shared
            and len(launches) < MOST_BRIEF
            and brief(launches)
        )
        self.plain = self.was_plain and passable(self.inputs)
        self.rows = len(self.bound.table) if self.brief else 0
        rows = self.bound.table[: self.rows]
        given = given if self.brief else []
        self.native = NativeCall(rows, self.inputs, given, self.brief, self.counts)
        if not self.brief:
            self.native.leave_out(self.relocations.inputs)
        for gradient in self.gradients:
            gradient.renew(self.replays)
        self.loop: Loop | None = None  # made when it is wanted
        self.arm()

    def arm(self) -> None:
        """Let native code look at the words that guards stand for."""
        cells = (self.busy, 0), (SETTING, self.precision)
        busy = table([(data_of(cell), value) for cell, value in cells])
        own = [g for g in self.gradients if g.array is not None and not g.copied]
        data = [(id(g.tensor) + slot_of("_data"), id(g.array)) for g in own]
        pairs = [busy, self.watch.pairs, table(data)]
        self.native.watch(WATCHED, np.concatenate(pairs))
        # The list and ``leaf.grad`` hold a tensor, the list and the tensor the array.
        limits = [(id(held), 2) for g in own for held in (g.tensor, g.array)]
        self.native.watch(SHARED, table(limits))
        copied = any(gradient.copied for gradient in self.gradients)
        self.quick = self.plain and not self.watch.opaque and not copied

    # Calls --------------------------------------------------------------------------

    def attempt(self, args: tuple[Any, ...]) -> Any:
        """`run`, if a quick look shows that this is the Program for ``args``.

        Returns MISSED if it takes a closer look: `Compiled` does that.
        """
        if not self.quick or RECORDING or state.grad_enabled is not self.grad_enabled:
            return MISSED
        if self.grads_seen != GRADS[0]:
            self.release_grads()
        if self.brief:
            return self._at_once(args)
        if self.threads != teams.current.size:
            return MISSED
        held: list[bool] = []
        try:
            held.extend(map(self.lock.acquire, UNBLOCKED))  # one step, whole or not
            if not held[0]:
                return MISSED
            if self.native.enter(self.native.frame, args, ()) < 0:
                return MISSED
            return self._moved(args)
        finally:
            if True in held:
                self.lock.release()

    def _at_once(self, args: tuple[Any, ...]) -> Any:
        """All of a call in native code that keeps the GIL; MISSED if it does not fit.

        No other thread sees it half way, so it needs no lock.
        """
        if self._single:  # quicker than what follows
            outs: tuple[Array, ...] = (empty(*self.fresh[0]),)
        else:
            outs = tuple([empty(*fresh) for fresh in self.fresh])
        stopped = self.native.enter(self.native.frame, args, outs)
        if stopped != self.rows:
            if stopped < 0:
                return MISSED
            self._failed(self.bound.events[stopped])
        if self.grads_seen != GRADS[0]:
            self.give_grads()
        if self._single:
            return Tensor(outs[0])
        return self._result(outs)

    def run(self, arrays: Sequence[Array]) -> Any:
        """One replay: inputs copied in, all launches, outputs copied out."""
        self.release_grads()
        if self.brief:
            copies = [np.empty(x.shape, singleton(x.dtype)) for x in self.inputs]
            for copy, array in zip(copies, arrays, strict=True):
                np.copyto(copy, array)
            if any(gradient.copied for gradient in self.gradients):
                self.grads_seen = -1
            result = self._at_once(tuple(copies))
            if result is not MISSED:
                return result
        for i, (buffer, array) in enumerate(zip(self.inputs, arrays, strict=True)):
            if i not in self.relocations.inputs:
                np.copyto(buffer, array)
        return self._moved(arrays)

    def _moved(self, arrays: Sequence[Array]) -> Any:
        """One replay, large inputs and outputs where the caller has them."""
        try:
            self.busy[0] = 1
            fresh = self.relocations.enter(arrays)
            self.replay()
        finally:
            self.relocations.leave()
            self.busy[0] = 0
        counts = self._counts
        counts[LEFT] -= 1
        counts[SO_FAR] += 1
        if self.grads_seen != GRADS[0] or not self.quick:
            self.give_grads()
        return self._result(
            [fresh[i] if i in fresh else out.copy() for i, out in enumerate(self._outs)]
        )

    def _result(self, arrays: Sequence[Array]) -> Any:
        """What the function returned, around these arrays."""
        outputs, leaves = self.plan.outputs, self.result.leaves
        return self.result.rebuild(outputs.given(arrays, leaves, self._seal))

    def replay(self) -> None:
        """All launches, alone or with the helpers."""
        bound = self.bound
        if not bound.shared:
            self.replay_alone()
            return
        shared, start_time = self.pace.share(), perf_counter()
        if shared:
            where = bound.start, len(bound.table), bound.counts
            stopped = teams.current.replay(*where, bound.parts)
        else:
            stopped = native.replay(bound.start, 0, len(bound.table))
        self.pace.took(perf_counter() - start_time, shared)
        if stopped != len(bound.table):
            self._failed(bound.events[stopped])

    def replay_alone(self) -> None:
        """All launches, in this thread."""
        for start, stop, event, call in self.bound.segments:
            stopped = native.replay(self.bound.start, start, stop)
            if stopped != stop:
                self._failed(self.bound.events[stopped])
            if event is not None and call is not None:
                self._host(event, *call)

    def try_alone(self) -> None:
        """`replay_alone` that leaves the leaves their gradients, even if it raises."""
        before = [(g.leaf, g.leaf._grad) for g in self.gradients]
        try:
            self.replay_alone()
        finally:
            for leaf, grad in before:
                leaf._grad = grad

    def _host(self, event: HostCall, function: Any, args: Any, out: Array) -> None:
        """A host call, whose result must have the shape that it had when recorded."""
        try:
            result = np.asarray(function(*args))
            if result.shape != out.shape:
                raise ValueError(
                    f"ag.compile: an index gave shape {out.shape} when it was recorded "
                    f"and {result.shape} now; the shapes of a Program are fixed. Use "
                    "np.where."
                )
        except Exception:
            self._stopped(event)
            raise
        np.copyto(out, result)

    # Failure ------------------------------------------------------------------------

    def _failed(self, event: Event) -> NoReturn:
        assert isinstance(event, Check)
        self._stopped(event)
        status = self.plan.binder.view(event.status)
        error = event.make_error(int(status[0]) - 1)
        for module in reversed(event.modules):
            module.locate(error)
        raise error

    def _stopped(self, event: Event) -> None:
        """Leave gradients as the function does when it stops at an event."""
        events = self.recording.events
        number = next(i for i, e in enumerate(events) if e is event)
        given = {g.leaf: g for g in self.gradients}
        for _, leaf, ref in (s for s in self.recording.grad_sets if s.event <= number):
            grad = given[leaf].tensor
            if ref is None or ref != self.recording.grad_refs[leaf]:
                view = None if ref is None else self.plan.binder.view(ref).copy()
                grad = None if view is None else Tensor(view)
            leaf._grad = grad
        if not self.brief:  # else it is counted
            self.counts[SO_FAR] += 1
        GRADS[0] += 1

    # Gradients ----------------------------------------------------------------------

    def give_grads(self) -> None:
        """Leave the gradients where the recorded run did."""
        for gradient in self.gradients:
            gradient.give()
        GRADS[0] += 1
        self.grads_seen = GRADS[0]

    def release_grads(self) -> None:
        """Let those who hold gradients of earlier calls keep them as they are."""
        held = [g for g in self.gradients if g.array_is_held]
        if held:  # its memory is theirs now
            for gradient in held:
                gradient.copied = True
            self.grads_seen = -1
            for gradient in self.gradients:
                if gradient.ref is not None:
                    gradient.array = None
                    gradient.ref.buffer.home = None
            self._lower()
            return
        moved = [g for g in self.gradients if g.tensor_is_held]
        for gradient in moved:
            gradient.renew(self.replays)
        if moved:
            self.arm()
            self.grads_seen = -1

    # Checks -------------------------------------------------------------------------

    def checked(self) -> None:
        """A recording agreed with this one: trust it for longer."""
        if self.check_soon:  # out of turn
            self.check_soon = False
            return
        self.distance = min(self.distance * FACTOR, self.most)
        self.since = max(self.distance - 1, 0)
        self.counts[LEFT] = self.since

    @property
    def left(self) -> int:
        """Replays until the next check."""
        return int(self.counts[LEFT])

    @property
    def in_doubt(self) -> int:
        """Replays since the last check."""
        return self.since - self.left

    def retire(self) -> None:
        """It will not be replayed again: what it wrote is counted in each version."""
        for cell in self.recording.versions:
            for i in range(len(cell) - 1, 0, -1):
                if cell[i] is self.replays:
                    del cell[i]
                    cell[0] += int(self.replays[0])

    # Seen from outside --------------------------------------------------------------

    def explain(self) -> Report:
        """Launches, shapes, buffers, fusions and host calls; print the result."""
        return explain(self.plan)

    def profile(self, n: int = 100) -> Profile:
        """Median time of each launch over ``n`` replays of the last inputs.

        Parameters, gradients, statistics and optimizer state are put back as they were.
        """
        bound, rows = self.bound, self.bound.events
        if len(bound.segments) > 1:
            raise ValueError("profile: this Program makes host calls; see explain()")
        ticks = np.zeros((n, len(rows) + 1), np.int64)
        native.replay_timed(bound.start, 0, ticks[0])  # compile it
        with self.lock, self.preserved():
            start = perf_counter()
            for i in range(n):
                native.replay_timed(bound.start, len(rows), ticks[i])
            seconds = perf_counter() - start
        scale = seconds * 1e6 / max(int(ticks[-1, -1] - ticks[0, 0]), 1)
        micros = np.median(np.diff(ticks, axis=1), axis=0) * scale
        return Profile(
            [name_of(e) for e in rows], [shapes_of(e) for e in rows], micros.tolist()
        )

    @contextmanager
    def preserved(self) -> Iterator[None]:
        """Put back what launches write outside the arena."""
        homes = {
            id(ref.buffer.home): ref.buffer.home
            for event in self.events
            for ref in event.outs
            if ref.buffer.home is not None
        }
        copies = [(home, home.copy()) for home in homes.values()]
        try:
            yield
        finally:
            for home, copy in copies:
                np.copyto(home, copy)

    def __repr__(self) -> str:
        report = self.explain()
        inputs = ", ".join(report.inputs)
        return (
            f"<Program ({inputs}): {count(report.launches, 'launch', 'launches')}, "
            f"{count(len(report.host_calls), 'host call')}, "
            f"{report.peak_bytes:,} bytes>"
        )
