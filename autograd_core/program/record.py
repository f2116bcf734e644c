"""Record: run a function once, for real, and write down what it launches.

What is written are the op table's own launches, with the arrays they ran on as
references to buffers: the arrays themselves die when they would in eager.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core.launch import Pointers
from autograd_core.program.buffers import Buffers, Known, arrays_in
from autograd_core.tape import Array, TensorBase, state
from autograd_kernels import _jit

PACKAGE = str(Path(__file__).parents[1])


@dataclass
class Launch:
    """A kernel over its units. An argument is an int, an array or a pointer table."""

    kernel: Any
    units: int
    args: tuple[Any, ...]
    address: int = 0  # of the kernel for arguments of these types; 0: not known yet

    @property
    def arrays(self) -> list[Known]:
        """All arrays that it touches."""
        return arrays_in(self.args)

    @property
    def file(self) -> str:
        """The file of ``autograd_kernels`` that its kernel is in."""
        return str(self.kernel.__module__.rpartition(".")[2])


@dataclass
class HostCall:
    """A NumPy function; its result is copied into ``out``."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    out: Known

    @property
    def arrays(self) -> list[Known]:
        """All arrays that it touches."""
        return [*arrays_in(self.args), self.out]


@dataclass
class Check:
    """Stop, and raise, if ``status`` is not 0."""

    status: Known
    make_error: Callable[[int], Exception]

    @property
    def arrays(self) -> list[Known]:
        """All arrays that it touches."""
        return [self.status]


Event = Launch | HostCall | Check


@dataclass
class Made:
    """A tensor that the function makes, and the launch that gives it its value."""

    tensor: weakref.ref[TensorBase]
    version: list[int]
    launch: Launch | None  # None: not the same value in each replay
    line: str


@dataclass
class Recorder:
    """The events of one run, and what the Program must know to be replayed."""

    inputs: list[Array]
    events: list[Event] = field(default_factory=list)
    buffers: Buffers = field(default_factory=Buffers)
    guards: list[tuple[Callable[[], Any], Any, str]] = field(default_factory=list)
    watched: set[int] = field(default_factory=set)
    versions: dict[int, list[int]] = field(default_factory=dict)
    grads: dict[int, TensorBase] = field(default_factory=dict)
    entry_grads: dict[int, tuple[TensorBase, Any]] = field(default_factory=dict)
    leaves: dict[int, tuple[TensorBase, bool, Array]] = field(default_factory=dict)
    made: dict[int, Made] = field(default_factory=dict)  # by the id of the version

    # Called by launch.py ------------------------------------------------------------

    def launch(self, kernel: Any, units: int, args: tuple[Any, ...]) -> None:
        kernel(0, units, *args)
        self._launched(kernel, units, args, args)

    def launch_many(
        self, kernel: Any, pointers: Pointers, args: tuple[Any, ...]
    ) -> None:
        given = (*args, pointers.table)
        kernel(0, pointers.units, *given)
        self._launched(kernel, pointers.units, given, (*args, pointers))

    def _launched(
        self, kernel: Any, units: int, given: tuple[Any, ...], args: tuple[Any, ...]
    ) -> None:
        address = _jit.address(kernel, (0, units, *given))
        known = tuple(map(self.buffers.argument, args))
        self.events.append(Launch(kernel, units, known, address))

    def host(
        self, function: Callable[..., Any], args: tuple[Any, ...], out: Array
    ) -> None:
        self.buffers.add(out)
        known = tuple(map(self.buffers.argument, args))
        self.events.append(HostCall(function, known, self.buffers.known(out)))

    def verify(self, status: Array, make_error: Callable[[int], Exception]) -> None:
        self.events.append(Check(self.buffers.known(status), make_error))

    def allocated(self, array: Array, scratch: bool = False) -> None:
        self.buffers.add(array, scratch)

    # Called by the layers above -------------------------------------------------------

    def guard(self, look: Callable[[], Any], what: str) -> None:
        """``look()`` must give what it gives now, or the step is recorded anew."""
        self.guards.append((look, look(), what))

    def read(self, args: tuple[Any, ...]) -> None:
        """Arguments of an op: which leaves require grad matters."""
        for arg in args:
            if isinstance(arg, TensorBase) and arg.node is None:
                self.saw(arg)

    def saw(self, leaf: TensorBase) -> None:
        """Guard a leaf's array, and whether it requires grad when a call begins."""
        if id(leaf) in self.leaves or id(leaf.version) in self.made:
            return
        if isinstance(self.buffers.known(leaf.data), np.ndarray):  # from outside
            self.leaves[id(leaf)] = leaf, leaf._requires_grad, leaf.data

    def watch(self, module: Any) -> None:
        """Guard the attributes of a module: modes, options, which parameters."""
        if id(module) not in self.watched:
            self.watched.add(id(module))
            for value in vars(module).values():
                if isinstance(value, TensorBase) and value.node is None:
                    self.saw(value)
            name = type(module).__name__
            self.guard(lambda: _attributes(module), f"attributes of {name}")

    def wrote(self, tensor: TensorBase) -> None:
        """A tensor from outside was updated in place: a replay counts that too."""
        self.versions[id(tensor.version)] = tensor.version

    def read_grad(self, leaf: TensorBase) -> None:
        """``leaf.grad`` matters as it is, unless it was set since the start."""
        if id(leaf) not in self.entry_grads and id(leaf.version) not in self.made:
            grad = leaf._grad
            self.entry_grads[id(leaf)] = leaf, None if grad is None else grad.data

    def set_grad(self, leaf: TensorBase) -> None:
        """``leaf.grad`` was set: what it was at the start does not matter any more."""
        if id(leaf.version) in self.made:
            return
        self.grads[id(leaf)] = leaf
        self.entry_grads.setdefault(id(leaf), (leaf, ...))

    def make(self, tensor: TensorBase, constant: bool) -> None:
        """A new tensor; the last launch gave it its value, perhaps a constant one."""
        launch = self.events[-1] if constant else None
        assert launch is None or isinstance(launch, Launch)
        cell = tensor.version
        self.made[id(cell)] = Made(weakref.ref(tensor), cell, launch, user_line())

    def leaving(self, data: Array, how: str) -> None:
        """Values are not there yet when the Program is planned: say so."""
        raise RuntimeError(
            f"ag.compile: {how} of a traced tensor at {user_line()}. A replay does not "
            "run Python, so the value would be frozen. Return the tensor and read it "
            "outside, or use ag.where for a choice that depends on data."
        )


def _attributes(module: Any) -> Any:
    # `training` may be the class's own until it is first set.
    return _mark({**vars(module), "training": module.training})


def _mark(value: Any) -> Any:
    """What must not change of an attribute: numbers by value, objects by identity."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return tuple(map(_mark, value))
    if isinstance(value, dict):
        return frozenset((key, _mark(v)) for key, v in value.items())
    if isinstance(value, TensorBase):
        return id(value), id(value.data)
    return id(value)


def user_line() -> str:
    """File and line of the innermost frame outside this package."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


@contextmanager
def recording(inputs: list[Array]) -> Iterator[Recorder]:
    """Write down everything this thread launches inside the block."""
    recorder = Recorder(inputs)
    state.recorder = recorder
    try:
        yield recorder
    finally:
        state.recorder = None
