"""A Program: one recorded run of a function, replayed natively."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import numpy as np

from autograd_core.program.bind import Binder, Bound, bind
from autograd_core.program.buffers import Known, Ref, address_of
from autograd_core.program.cost import nanoseconds
from autograd_core.program.explain import (
    Profile,
    Report,
    explain,
    name_of,
    shapes_of,
)
from autograd_core.program.fuse import Fuser
from autograd_core.program.gate import Gate, passable, singleton
from autograd_core.program.made import settle
from autograd_core.program.moves import Moves
from autograd_core.program.plan import plan
from autograd_core.program.record import Check, Launch, Recorder
from autograd_core.program.tiles import groups
from autograd_core.program.tree import Tree
from autograd_core.tape import (
    GRADS,
    RECORDING,
    REPLAYED,
    STRUCTURE,
    Array,
    TensorBase,
    Writes,
    state,
)
from autograd_core.team import Pace, get_num_threads, lock, teams
from autograd_core.tensor import Tensor
from autograd_kernels import replay as native

MISSED = object()
empty = np.empty
BRIEF = 30_000.0  # nanoseconds, roughly, for which a replay may keep the GIL


class Program:
    """Launches over planned buffers. ``run`` takes arrays and returns the outputs."""

    def __init__(self, recorder: Recorder, result: Tree, plain: bool = False) -> None:
        settle(recorder)
        self.grad_enabled = state.grad_enabled
        self.inputs = recorder.inputs
        self.result = result
        self.guards = recorder.guards
        self.leaves = list(recorder.leaves.values())
        self.entry_grads = [
            (leaf, grad)
            for leaf, grad in recorder.entry_grads.values()
            if grad is not ...
        ]
        self.structure = STRUCTURE[0]
        self.lock = lock()
        self.pace = Pace()
        self._grads = [(leaf, leaf._grad) for leaf in recorder.grads.values()]
        known = recorder.buffers.known
        for _, grad in self._grads:
            _settle(grad, known)
        outputs = [
            known(leaf.data) if isinstance(leaf, TensorBase) else None
            for leaf in result.leaves
        ]
        kept = [array for array in outputs if array is not None]
        fuser = Fuser(recorder.events, kept)
        self.events = fuser.run()
        self.fused = [f"{name} x{times}" for name, times in fuser.done.items()]
        threads = get_num_threads()
        self.eager_bytes = sum(buffer.nbytes for buffer in recorder.buffers.all)
        runs = groups(self.events)
        self.fused += [f"run of {len(run)} by tiles" for run in runs if len(run) > 1]
        self.peak_bytes = plan(runs, kept, threads)
        self.binder = Binder(self.peak_bytes, threads)
        self.bound = bind(self.binder, runs)
        self._outs = [self._out(array) for array in outputs]
        grads = [known(grad.data) for _, grad in self._grads if grad is not None]
        self.moves = Moves(
            self.bound, self.events, self.inputs, outputs, self._outs, grads
        )
        self._single = self._outs[0] if result.structure is None else None
        self._writes = Writes(list(recorder.versions.values()))
        self._open_gate(plain)
        self.grads_seen = -1
        self._give_grads()

    def _open_gate(self, plain: bool) -> None:
        """Let native code take the arguments, and make a brief call as a whole."""
        given = [out for out in self._outs if out is not None]
        self.fresh = [(out.shape, singleton(out.dtype)) for out in given]
        launches = [e for e in self.events if isinstance(e, Launch)]
        self.brief = (
            passable([*self.inputs, *given])
            and len(self.bound.segments) == 1
            and not self.bound.shared
            and sum(map(nanoseconds, launches)) < BRIEF
        )
        self.quick = plain and passable(self.inputs) and not self.entry_grads
        self.rows = len(self.bound.table) if self.brief else 0
        table = self.bound.table[: self.rows]
        leaves = [leaf for leaf, _, _ in self.leaves]
        self.gate = Gate(table, self.inputs, given if self.brief else [], leaves)
        if not self.brief:
            self.gate.leave_out(self.moves.inputs)

    def attempt(self, args: tuple[Any, ...]) -> Any:
        """`run`, if a quick look shows that this is the Program for ``args``.

        Returns MISSED if it takes a closer look: `Compiled` does that.
        """
        if (
            self.structure != STRUCTURE[0]
            or not self.quick
            or RECORDING
            or state.grad_enabled is not self.grad_enabled
        ):
            return MISSED
        if self.brief:
            return self._at_once(args)
        with self.lock:
            if self.gate.enter(self.gate.frame, args, ()) < 0:
                return MISSED
            return self._moved(args)

    def _at_once(self, args: tuple[Any, ...]) -> Any:
        """All of a call in native code that keeps the GIL; MISSED if it does not fit.

        No other thread sees it half way, so it needs no lock.
        """
        if self._single is not None:  # quicker than what follows
            outs: tuple[Array, ...] = (empty(*self.fresh[0]),)
        else:
            outs = tuple([empty(*fresh) for fresh in self.fresh])
        REPLAYED.add(self._writes)
        stopped = self.gate.enter(self.gate.frame, args, outs)
        if stopped != self.rows:
            if stopped < 0:
                return MISSED
            self._failed(self.bound, stopped)
        if self.grads_seen != GRADS[0]:
            self._give_grads()
        if self._single is not None:
            return Tensor(outs[0])
        return self._result(outs)

    def changed(self) -> str:
        """What a Program for the same arguments is guarded by and now is different."""
        changed = [what for look, seen, what in self.guards if look() != seen]
        if any(leaf._requires_grad != before for leaf, before, _ in self.leaves):
            changed.append("requires_grad of a tensor")
        if any(leaf.data is not before for leaf, _, before in self.leaves):
            changed.append("the array of a tensor")
        if not changed and not self.holds():
            changed = ["gradients that were there, or were not, at the start"]
        return ", ".join(changed)

    def holds(self) -> bool:
        """Whether what this Program was recorded under is still so."""
        if self.structure != STRUCTURE[0]:
            if any(look() != seen for look, seen, _ in self.guards):
                return False
            if any(leaf._requires_grad != before for leaf, before, _ in self.leaves):
                return False
            self.structure = STRUCTURE[0]
        if any(leaf.data is not before for leaf, _, before in self.leaves):
            return False
        for leaf, grad in self.entry_grads:
            if (None if leaf._grad is None else leaf._grad.data) is not grad:
                return False
        return True

    def first_outputs(self) -> Any:
        """What the recorded run itself returned."""
        leaves = zip(self.result.leaves, self._outs, strict=True)
        return self.result.rebuild(
            [leaf if out is None else Tensor(leaf.data.copy()) for leaf, out in leaves]
        )

    def _out(self, array: Known | None) -> Array | None:
        """Where a replay leaves an output; None for what is not its own."""
        if array is None:
            return None
        view = self.binder.view(array)
        ours = isinstance(array, Ref) or any(
            np.may_share_memory(view, x) for x in self.inputs
        )
        return view if ours else None

    def _give_grads(self) -> None:
        """Leave the gradients where the recorded run did."""
        for leaf, grad in self._grads:
            leaf._grad = grad
        GRADS[0] += 1
        self.grads_seen = GRADS[0]

    def run(self, arrays: Sequence[Array]) -> Any:
        """One replay: inputs copied in, all launches, outputs copied out."""
        with self.lock:
            if self.brief:
                copies = [np.empty(x.shape, singleton(x.dtype)) for x in self.inputs]
                for copy, array in zip(copies, arrays, strict=True):
                    np.copyto(copy, array)
                return self._at_once(tuple(copies))
            for i, (buffer, array) in enumerate(zip(self.inputs, arrays, strict=True)):
                if i not in self.moves.inputs:
                    np.copyto(buffer, array)
            return self._moved(arrays)

    def _moved(self, arrays: Sequence[Array]) -> Any:
        """One replay, large inputs and outputs where the caller has them."""
        try:
            fresh = self.moves.enter(arrays)
            self._replay()
        finally:
            self.moves.leave()
        REPLAYED.add(self._writes)
        if self.grads_seen != GRADS[0]:
            self._give_grads()
        return self._result(
            [
                fresh[i] if i in fresh else out.copy()
                for i, out in enumerate(self._outs)
                if out is not None
            ]
        )

    def _result(self, arrays: Sequence[Array]) -> Any:
        """What the function returned, around these arrays."""
        rest = iter(arrays)
        leaves = zip(self.result.leaves, self._outs, strict=True)
        return self.result.rebuild(
            [leaf if out is None else Tensor(next(rest)) for leaf, out in leaves]
        )

    def explain(self) -> Report:
        """Launches, shapes, buffers, fusions and host calls; print the result."""
        return explain(self)

    def profile(self, n: int = 100) -> Profile:
        """Median time of each launch over ``n`` replays of the last inputs.

        Parameters, statistics and optimizer state are put back as they were.
        """
        bound, rows = self.bound, self.bound.events
        if len(bound.segments) > 1:
            raise ValueError("profile: this Program makes host calls; see explain()")
        ticks = np.zeros((n, len(rows) + 1), np.int64)
        native.replay_timed(bound.start, 0, ticks[0])  # compile it
        with self.lock, self._preserved():
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
    def _preserved(self) -> Iterator[None]:
        """Put back what launches write outside the arena."""
        outside = {
            address_of(a): a
            for event in self.events
            for a in event.arrays
            if not isinstance(a, Ref) and a.size and a.flags.writeable
        }
        copies = [a.copy() for a in outside.values()]
        try:
            yield
        finally:
            for array, copy in zip(outside.values(), copies, strict=True):
                np.copyto(array, copy)

    def __repr__(self) -> str:
        report = self.explain()
        inputs = ", ".join(report.inputs)
        return (
            f"<Program ({inputs}): {report.launches} launches, "
            f"{len(report.host_calls)} host calls, {report.peak_bytes:,} bytes>"
        )

    def _replay(self) -> None:
        bound = self.bound
        if bound.shared and self.pace.share():
            start_time = perf_counter()
            stopped = teams.current.replay(bound.table, bound.counts, bound.parts)
            self.pace.took(perf_counter() - start_time, shared=True)
            if stopped != len(bound.table):
                self._failed(bound, stopped)
            return
        start_time = perf_counter()
        for start, stop, call in bound.segments:
            stopped = native.replay(bound.start, start, stop)
            if stopped != stop:
                self._failed(bound, stopped)
            if call is not None:
                _call(*call)
        self.pace.took(perf_counter() - start_time, shared=False)

    def _failed(self, bound: Bound, row: int) -> None:
        check = bound.events[row]
        assert isinstance(check, Check)
        status = self.binder.view(check.status)
        raise check.make_error(int(status[0]) - 1)


def _call(function: Callable[..., Any], args: Sequence[Any], out: Array) -> None:
    """A host call, whose result must have the shape that it had when recorded."""
    result = np.asarray(function(*args))
    if result.shape != out.shape:
        raise ValueError(
            f"ag.compile: an index gave shape {out.shape} when it was recorded and "
            f"{result.shape} now; the shapes of a Program are fixed. Use np.where."
        )
    np.copyto(out, result)


def _settle(grad: TensorBase | None, known: Callable[[Array], Known]) -> None:
    """A gradient outlives the recording: let its memory be its buffer's home."""
    if grad is not None:
        array = known(grad.data)
        if isinstance(array, Ref):
            owner = grad.data
            while isinstance(owner.base, np.ndarray):
                owner = owner.base
            array.buffer.home = owner
