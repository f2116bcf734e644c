"""`compile`: record a function the first time, replay it from then on."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.program.buffers import Ref
from autograd_core.program.program import MISSED, Program
from autograd_core.program.record import Recorder, recording
from autograd_core.program.tree import Tree, flatten
from autograd_core.tape import Array, TensorBase, state
from autograd_core.team import get_num_threads, lock
from autograd_core.tensor import Tensor

KEPT = 32  # Programs of one function; the one replayed longest ago goes first
WARN_AFTER = 8  # recordings, when a function seems never to settle


class Compiled:
    """A function that is recorded on its first call and replayed natively after.

    A new shape, dtype, option, train/eval mode or set of parameters is recorded as
    another Program beside the others.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise TypeError(f"ag.compile: expected a function, got {function!r:.60}")
        functools.update_wrapper(self, function, updated=())
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)
        self.programs: dict[Any, list[Program]] = {}
        self.recordings = 0
        self.program: Program | None = None  # the one recorded or replayed last
        self._lock = lock()

    def __repr__(self) -> str:
        count = sum(map(len, self.programs.values()))
        return f"<compiled {self.name}: {count} Programs>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.program is not None and not kwargs:
            result = self.program.attempt(args)
            if result is not MISSED:
                return result
        if state.recorder is not None:  # part of an outer Program
            return self.function(*args, **kwargs)
        tree = flatten((args, kwargs))
        arrays: list[Array] = []
        mode = (state.grad_enabled, get_num_threads(), tree.structure)
        key = (*mode, *(_key(leaf, arrays) for leaf in tree.leaves))
        program = self._find(key)
        if program is None:
            return self._record(key, tree)
        self.program = program
        return program.run(arrays)

    def _find(self, key: Any) -> Program | None:
        for program in self.programs.get(key, ()):
            if program.holds():
                return program
        return None

    def _record(self, key: Any, tree: Tree) -> Any:
        with self._lock:
            self._warn(key)
            buffers: list[Array] = []
            leaves = [_traced(leaf, buffers) for leaf in tree.leaves]
            args, kwargs = tree.rebuild(leaves)
            with recording(buffers) as recorder:
                result = self.function(*args, **kwargs)
            outputs = _outside_the_graph(flatten(result), recorder)
            del result
            program = Program(recorder, outputs, is_plain(tree))
            self.recordings += 1
            self.programs.setdefault(key, []).insert(0, program)
            self._forget()
            self.program = program
            return program.first_outputs()

    def _forget(self) -> None:
        """Keep the number of Programs bounded: the oldest key goes first."""
        while sum(map(len, self.programs.values())) > KEPT:
            oldest = next(iter(self.programs))
            self.programs[oldest].pop()
            if not self.programs[oldest]:
                del self.programs[oldest]

    def _warn(self, key: Any) -> None:
        if self.recordings == WARN_AFTER and self.program is not None:
            warnings.warn(
                f"ag.compile: {self.name} is recorded for the "
                f"{WARN_AFTER + 1}th time; this time because of {self._cause(key)}. "
                "Each recording costs milliseconds; pad the data, or stay eager.",
                RuntimeWarning,
                stacklevel=4,
            )

    def _cause(self, key: Any) -> str:
        """What keeps the newest Program from being replayed."""
        for program in self.programs.get(key, ()):
            changed = program.changed()
            if changed:
                return changed
        before = next(reversed(self.programs), key)
        named = [
            f"argument {i} ({new[0]} {new[1]} after {old[0]} {old[1]})"
            for i, (old, new) in enumerate(zip(before[3:], key[3:], strict=False))
            if old != new
        ]
        return ", ".join(named) or "its options, modes or number of arguments"


def is_plain(tree: Tree) -> bool:
    """Whether all arguments are positional NumPy arrays."""
    plain = ("tuple", ("tuple", *(None for _ in tree.leaves)), ("dict",))
    return tree.structure == plain and all(type(a) is np.ndarray for a in tree.leaves)


def _key(leaf: Any, arrays: list[Array]) -> Any:
    """What a Program depends on in one argument; collects the arrays."""
    if isinstance(leaf, TensorBase):
        if leaf.requires_grad:
            raise ValueError(
                "ag.compile: an argument requires grad. Gradients are for what the "
                "function closes over; pass data (x.detach()), or use ag.grad inside."
            )
        leaf = leaf.data
    if isinstance(leaf, np.ndarray):
        arrays.append(leaf)
        return leaf.shape, leaf.dtype
    try:
        hash(leaf)
    except TypeError:
        raise TypeError(
            f"ag.compile: argument {leaf!r:.60} is neither an array nor hashable"
        ) from None
    return type(leaf), leaf


def _traced(leaf: Any, buffers: list[Array]) -> Any:
    if isinstance(leaf, TensorBase):
        leaf = leaf.data
    if not isinstance(leaf, np.ndarray):
        return leaf
    buffer = np.array(leaf, leaf.dtype.newbyteorder("="), order="C")
    buffers.append(buffer)
    return Tensor(buffer)


def _outside_the_graph(outputs: Tree, recorder: Recorder) -> Tree:
    """Outputs that the function computed, as Tensors that hold on to nothing else."""
    known = recorder.buffers.known
    leaves = tuple(
        Tensor(leaf.data)
        if isinstance(leaf, TensorBase) and isinstance(known(leaf.data), Ref)
        else leaf
        for leaf in outputs.leaves
    )
    return Tree(leaves, outputs.structure)


def compile(function: Callable[..., Any]) -> Compiled:
    """Record ``function`` on its first call and replay it as one native call.

    For training steps with ``backward()`` and ``opt.step()`` inside, inference, and
    gradients of functions. Arrays and Tensors in, Tensors out; other arguments must be
    hashable and are guarded by value.
    """
    return Compiled(function)
