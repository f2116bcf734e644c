"""Settle: record a function until two recordings agree, then replay it.

Every call goes one of four ways: a replay of the Program whose guards hold; a recording
that waits for a second one, or makes a Program with the one that waits; a check of a
Program, which is a recording too; or the function as it is, where nothing settles.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core.hooks import RECORDING, Array, current, listen, recorder
from autograd_core.launch import duplicate
from autograd_core.precision import SETTING
from autograd_core.program.agree import difference
from autograd_core.program.arguments import Key, is_plain, key_of, traced
from autograd_core.program.guards import View
from autograd_core.program.noise import random_states
from autograd_core.program.outputs import (
    check_outputs,
    needs_seal,
    seal,
    sealed,
    take_out,
)
from autograd_core.program.program import Program
from autograd_core.program.record import Recorder, Recording
from autograd_core.program.tree import Tree, flatten
from autograd_core.program.trial import Snapshot, snapshot, trial
from autograd_core.program.watch import Watch
from autograd_core.tape import TensorBase, state
from autograd_core.tensor import Tensor
from autograd_core.threads import get_num_threads, lock

KEPT = 32  # Programs of one function; the one replayed longest ago goes first
WAITING = 8  # recordings of one key, under other guards each, that wait for a second
PATIENCE = 8  # recordings that led to nothing, until the function stays eager
STRICT = 4  # ... until it is an error
RETRY, LONGEST_RETRY = 64, 4096  # eager calls until it is tried again
TURN = (True,), (0.05,)  # to `acquire`: with a timeout of so many seconds
STUCK = 5.0  # seconds without an event, when a recording waits for another thread

Waiting = tuple[View, Recording]


class Settling:
    """The Programs of one function, and what is on the way to become one."""

    def __init__(
        self, function: Callable[..., Any], name: str, check_every: int, strict: bool
    ) -> None:
        self.function = function
        self.name = name
        self.check_every = check_every
        self.strict = strict
        code = getattr(function, "__code__", None)
        line = f" ({code.co_filename}:{code.co_firstlineno})" if code else ""
        self.where = name + line
        self._seal = seal(self.where)
        # By key, the one used longest ago first.
        self.programs: dict[Key, list[Program]] = {}
        self.program: Program | None = None  # the one recorded or replayed last
        self.recordings = 0
        self._waiting: dict[Key, list[Waiting]] = {}  # for a second one to agree
        self._names: frozenset[str] = frozenset()
        self._full = STRICT if strict else PATIENCE
        self._patience = self._full
        self._eager, self._retry = 0, RETRY
        self._reason, self._warned = "", False
        self._lock = lock()
        self._busy: Array = np.zeros(1, np.int64)  # while launches run without the GIL
        self._recorder: Recorder | None = None  # of the recording that is going on
        # While Python of the function runs: the threads that were there before.
        self._outside: frozenset[int] | None = None

    # Calls --------------------------------------------------------------------------

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call that the Program used last could not answer at once."""
        tree = flatten((args, kwargs))
        if recorder() is not None:
            return self._nested(tree)
        if RECORDING and (current.watcher or current.observer):  # they look inside
            return self._as_it_is(tree)
        mode = state.grad_enabled, get_num_threads(), SETTING.item()
        key, arrays = key_of(tree, mode)
        with self._mine() as mine:
            if not mine:
                return self._as_it_is(tree)
            return self._call(key, tree, arrays)

    @contextmanager
    def _mine(self) -> Iterator[bool]:
        """One thread at a time; False: this one must not wait for its turn."""
        held: list[bool] = []
        try:
            yield self._wait(held)
        finally:
            if True in held:
                self._lock.release()

    def _wait(self, held: list[bool]) -> bool:
        """Wait for the other threads; False if one of them could wait for this one."""
        waited, events = 0.0, -1
        while True:
            held.extend(map(self._lock.acquire, *TURN))  # one step, whole or not
            if held[-1]:
                return True
            outside, listener = self._outside, self._recorder
            if outside is None:
                continue
            waited += 0.05
            count = -1 if listener is None else len(listener.events)
            if count != events:
                waited, events = 0.0, count
            if threading.get_ident() not in outside or waited > STUCK:
                if listener is not None:
                    doubt = "it is called by a thread that is started in it"
                    listener.doubts.append(doubt)
                return False

    def _call(self, key: Key, tree: Tree, arrays: list[Array]) -> Any:
        program, view = self._find(key, tree)
        if program is not None:
            self.program = program
            if program.left > 0 and not program.check_soon:
                return program.run(arrays)
            return self._check(program, tree)
        self._spend(key)
        if self._patience <= 0:
            return self._as_it_is(tree)
        return self._record(key, view, tree, arrays)

    def _find(self, key: Key, tree: Tree) -> tuple[Program | None, View]:
        """The Program whose guards hold, and what the function sees now."""
        programs = self.programs.get(key, [])
        view = None
        for program in reversed(programs):
            if program.watch.still():
                self._used(key, program)
                return program, program.watch.view
        view = self._view(tree)
        for program in reversed(programs):
            if program.watch.change(view) is None:
                program.check_soon |= program.watch.moved()
                program.watch.renew(view)
                program.arm()
                self._used(key, program)
                return program, view
        return None, view

    def _used(self, key: Key, program: Program) -> None:
        """Move a Program and its key to the end: the first ones go first."""
        programs = self.programs.pop(key)
        programs.remove(program)
        self.programs[key] = [*programs, program]

    def _view(self, tree: Tree) -> View:
        options = [leaf for leaf in tree.leaves if not _is_array(leaf)]
        view = View(self.function, options, self._names)
        self._names = frozenset(view.names)
        return view

    # Recording ----------------------------------------------------------------------

    def _run(self, tree: Tree, view: View) -> tuple[Recording, Any]:
        """Run the function and write down what it does; its real result."""
        buffers: list[Array] = []
        args, kwargs = tree.rebuild([traced(leaf, buffers) for leaf in tree.leaves])
        listener = Recorder(buffers)
        listener.doubts += [f"{path} is an iterator" for path in view.iterators]
        states = random_states(view.sources)
        self.recordings += 1
        self._outside = frozenset(sys._current_frames())
        self._recorder = listener
        self._busy[0] = 1
        try:
            with listen(listener):
                result = flatten(self.function(*args, **kwargs))
            if random_states(view.sources) != states:
                listener.doubts.append("it draws random numbers from Python or NumPy")
            del args, kwargs
            check_outputs(result, listener.buffers, self.where)
            leaves, known, refs = take_out(result, listener.buffers, self._seal)
            del result
            return listener.finish(known, refs, leaves), leaves
        finally:
            self._recorder = self._outside = None
            self._busy[0] = 0

    def _record(self, key: Key, view: View, tree: Tree, arrays: list[Array]) -> Any:
        waiting: list[Waiting] = self._waiting.setdefault(key, [])
        changes = [seen.change(view) for seen, _ in waiting]
        first = waiting[changes.index(None)] if None in changes else None
        if first is None and changes:
            self._reason = f"{changes[-1]} between calls"
        before: Snapshot = snapshot(first[1]) if first is not None else []
        seen = Watch(view)
        recording, leaves = self._run(tree, view)
        result = recording.result.rebuild(leaves)
        changed = None if seen.still() else view.change(self._view(tree))
        doubt = f"{changed} changes inside" if changed else _first(recording.doubts)
        if first is not None:
            waiting.remove(first)
            doubt = doubt or difference(first[1], recording)
        if doubt:
            self._reason = doubt
        if first is None or doubt:
            waiting.append((view, recording))
            del waiting[:-WAITING]
            return result
        doubt = self._trust(key, view, tree, recording, before, arrays, leaves)
        if doubt:
            self._reason = doubt
        return result

    def _trust(
        self,
        key: Key,
        view: View,
        tree: Tree,
        recording: Recording,
        before: Snapshot,
        arrays: list[Array],
        leaves: Sequence[Any],
    ) -> str | None:
        """Make a Program and try it; what it does otherwise than the function."""
        watch = Watch(view, recording)
        plain = is_plain(tree)
        most = self.check_every
        program = Program(
            recording, watch, self._lock, self._busy, plain, most, self.where
        )
        doubt = trial(program, before, arrays, leaves)
        if doubt:
            program.retire()
            return doubt
        self._patience = min(self._patience + 2, self._full)
        self.programs.setdefault(key, []).append(program)
        self._forget()
        self.program = program
        return None

    def _check(self, program: Program, tree: Tree) -> Any:
        """Record again, and hold it against what is being replayed."""
        recording, leaves = self._run(tree, program.watch.view)
        result = recording.result.rebuild(leaves)
        changed = None
        if not program.watch.still():
            changed = program.watch.view.change(self._view(tree))
        doubt = f"{changed} changes inside" if changed else _first(recording.doubts)
        doubt = doubt or difference(program.recording, recording)
        if doubt is None:
            program.checked()
            self._patience = self._full
            return result
        count = program.in_doubt
        self._reason = doubt
        self.programs = {
            key: kept
            for key, programs in self.programs.items()
            if (kept := [p for p in programs if p is not program])
        }
        program.retire()
        self.program = None
        if not count:
            return result
        raise RuntimeError(
            f"ag.compile: {self.where} does something else than when it was recorded: "
            f"{doubt}. The {count} results since the last check are in doubt. Pass "
            "what changes as an argument, or check more often: "
            "ag.compile(..., check_every=n)."
        )

    def _forget(self) -> None:
        """Keep the number of Programs bounded: the one used longest ago goes first."""
        while sum(map(len, self.programs.values())) > KEPT:
            oldest = next(iter(self.programs))
            self.programs[oldest].pop(0).retire()
            if not self.programs[oldest]:
                del self.programs[oldest]
        while len(self._waiting) > KEPT:
            del self._waiting[next(iter(self._waiting))]

    # Eager --------------------------------------------------------------------------

    def _spend(self, key: Key) -> None:
        """A recording costs patience, which comes back with agreement or time."""
        self._patience -= 1
        if self._patience > 0:
            return
        if self._patience == 0:
            self._tell(key)
        self._patience = min(self._patience, 0)
        self._eager += 1
        if self._eager >= self._retry:
            self._eager, self._patience = 0, 3
            self._retry = min(2 * self._retry, LONGEST_RETRY)

    def _tell(self, key: Key) -> None:
        reason = self._cause(key)
        text = (
            f"ag.compile: {self.where} does not settle: {reason}. "
            "Pass what changes as an argument (a number as a 0-d array), pad the data, "
            "or leave the function eager"
        )
        if self.strict:
            self._patience = 1
            raise RuntimeError(f"{text}.")
        if not self._warned:
            self._warned = True
            text += (
                f". It stays eager; the {self.recordings + 1}th recording is not made."
            )
            warnings.warn(text, RuntimeWarning, stacklevel=6)

    def _cause(self, key: Key) -> str:
        """Why the next call cannot be replayed either."""
        waiting = list(self._waiting)
        if self._reason or len(waiting) < 2:
            return self._reason or "it keeps being recorded"
        return key.differs_from(waiting[-1])

    def _as_it_is(self, tree: Tree) -> Any:
        """Call the function as it is, with the manners of a replay."""
        leaves = [traced(leaf, []) for leaf in tree.leaves]
        args, kwargs = tree.rebuild(leaves)
        before = self._outside, int(self._busy[0])
        if self._outside is None:
            self._outside = frozenset(sys._current_frames())
        self._busy[0] = 1
        try:
            result = flatten(self.function(*args, **kwargs))
        finally:
            self._outside, self._busy[0] = before
        return result.rebuild([self._detached(leaf) for leaf in result.leaves])

    def _detached(self, leaf: Any) -> Any:
        if isinstance(leaf, TensorBase) and leaf.node is not None:
            return sealed(Tensor(leaf._data), self._seal if needs_seal(leaf) else None)
        return leaf

    def _nested(self, tree: Tree) -> Any:
        """As part of an outer recording: arguments copied, outputs out of the graph."""
        listener = recorder()
        assert listener is not None
        key_of(tree, ())  # for its errors
        leaves = []
        for leaf in tree.leaves:
            if isinstance(leaf, TensorBase):
                listener.on_leaf(leaf)
                leaf = leaf._data
            if isinstance(leaf, np.ndarray):
                leaf = Tensor(duplicate(leaf))
            leaves.append(leaf)
        args, kwargs = tree.rebuild(leaves)
        result = flatten(self.function(*args, **kwargs))
        return result.rebuild([self._detached(leaf) for leaf in result.leaves])


def _first(doubts: list[str]) -> str | None:
    return doubts[0] if doubts else None


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, TensorBase | np.ndarray)
