"""Record: run a function once, for real, and write down what it launches.

What is written are the op table's own launches, with the arrays they ran on as places
in buffers: the arrays themselves die when they would in eager.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import Pointers
from autograd_core.program.buffers import Buffer, Buffers, Ref, Role
from autograd_core.program.effects import handled
from autograd_core.program.events import Check, Event, HostCall, Launch
from autograd_core.program.tree import Tree
from autograd_core.tape import TensorBase, Version
from autograd_core.user_code import Line, user_line


class Leaf(NamedTuple):
    """A tensor from outside that the function uses, as it was found."""

    tensor: TensorBase
    requires_grad: bool
    array: Array

    @property
    def unchanged(self) -> bool:
        """Whether it still is as it was found."""
        tensor, requires_grad, array = self
        return tensor._data is array and tensor._requires_grad is requires_grad


class Setting(NamedTuple):
    """A value that Python read, and where it is kept."""

    what: str
    look: Callable[[], Any]
    value: Any
    holders: tuple[Any, ...]


class GradSet(NamedTuple):
    """``leaf.grad`` is assigned to before the event of this number."""

    event: int
    leaf: TensorBase
    grad: Ref | None


@dataclass
class Recording:
    """One run of a function: what it did, and what that depended on."""

    inputs: list[Array]
    events: list[Event]
    buffers: Buffers
    result: Tree
    outputs: list[Ref | None]  # by leaf of the result; None: no tensor of its own
    leaves: list[Leaf]
    settings: list[Setting]
    entry_grads: list[tuple[TensorBase, TensorBase | None]]
    grad_sets: list[GradSet]  # in order
    grads: dict[TensorBase, TensorBase | None]  # those that are from outside
    versions: list[Version]  # of memory from outside that was written
    fresh: list[Launch]  # that give tensors which the function makes a constant value
    doubts: list[str]  # why a replay of it may not be what the function means

    @property
    def grad_refs(self) -> dict[TensorBase, Ref | None]:
        """Where the gradients are that were there in the end."""
        return {leaf: ref for _, leaf, ref in self.grad_sets}


@dataclass(eq=False)
class Recorder:
    """Hears what a run does (see `autograd_core.hooks.Recorder`)."""

    inputs: list[Array]
    events: list[Event] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    grad_sets: list[GradSet] = field(default_factory=list)
    fresh: list[Launch] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.buffers = Buffers(self.inputs)
        self.settings: dict[tuple[Any, ...], Setting] = {}
        self.versions: dict[int, Version] = {}
        self.entry_grads: dict[TensorBase, Any] = {}
        self.grads: dict[TensorBase, TensorBase | None] = {}
        self._leaves: dict[int, tuple[weakref.ref[TensorBase], bool, Ref]] = {}
        self._modules: list[Any] = []
        self._restored = ""  # the line of a block that puts something back at its end
        self._lines: dict[int, Line] = {}  # of nodes, by id
        self._node_line: Line | None = None  # of the node that backward is at

    def line(self) -> Line:
        """Where the user's code is; in backward, where its forward was."""
        return self._node_line or user_line()

    # Launches -----------------------------------------------------------------------

    def launch(self, kernel: Any, units: int, args: tuple[Any, ...]) -> None:
        kernel(0, units, *args)
        ref = self.buffers.ref
        known = tuple([ref(a) if type(a) is np.ndarray else a for a in args])
        self.events.append(Launch(kernel, units, known, self._node_line or user_line()))

    def launch_many(
        self, kernel: Any, pointers: Pointers, args: tuple[Any, ...]
    ) -> None:
        kernel(0, pointers.units, *args, pointers.table)
        argument = self.buffers.argument
        known = tuple([argument(arg) for arg in (*args, pointers)])
        self.events.append(Launch(kernel, pointers.units, known, self.line()))

    def on_host(
        self, function: Callable[..., Any], args: tuple[Any, ...], out: Array
    ) -> None:
        self.buffers.add(out)
        known = tuple(map(self.buffers.argument, args))
        call = HostCall(function, known, self.buffers.ref(out), self.line())
        self.events.append(call)

    def on_check(self, status: Array, make_error: Callable[[int], Exception]) -> None:
        place = handled(sys._getframe(1)) or self._restored
        if place:
            self.doubts.append(
                f"an error that the function handles could arise at {place}; a replay "
                "would only raise it. Take the try, or with, out of the function"
            )
        where = self.line(), tuple(self._modules)
        self.events.append(Check(self.buffers.ref(status), make_error, *where))

    def on_allocate(self, array: Array, scratch: bool = False) -> None:
        self.buffers.add(array, scratch)

    # Tensors ------------------------------------------------------------------------

    def on_op(self, args: Sequence[Any]) -> None:
        for arg in args:
            if isinstance(arg, TensorBase) and arg.node is None:
                self.on_leaf(arg)

    def on_leaf(self, tensor: TensorBase) -> None:
        known = self._leaves.get(id(tensor))
        if known is not None and known[0]() is tensor:
            return
        ref = self.buffers.ref(tensor._data)
        if ref.buffer.role is Role.OUTSIDE:
            entry = weakref.ref(tensor), tensor._requires_grad, ref
            self._leaves[id(tensor)] = entry

    def on_write(self, tensor: TensorBase) -> None:
        if not self._is_temporary(tensor):
            self.versions[id(tensor.version)] = tensor.version

    def on_rebind(self, tensor: TensorBase) -> None:
        """Nothing: `on_leaf` came before, and `finish` looks again."""

    def on_new_tensor(self, tensor: TensorBase, constant: bool) -> None:
        last = self.events[-1] if self.events else None
        if constant and isinstance(last, Launch):
            self.fresh.append(last)

    def on_escape(self, array: Array, how: str, instead: str = "") -> None:
        if how == ".data":  # perhaps for its shape only, perhaps to compute with
            self.doubts.append(
                f"the bare array of a tensor (.data) is read at {self.line()}; what "
                "NumPy computes of it is not recorded. Use the tensor itself"
            )
            return
        if not instead:
            how, instead = f"{how} of a traced tensor", OUTSIDE
            if "NumPy" in how:
                instead += f". {MET}"
        raise RuntimeError(
            f"ag.compile: {how} at {user_line()}. A replay does not run Python, so the "
            f"value would be frozen. {instead}."
        )

    def _is_temporary(self, tensor: TensorBase) -> bool:
        known = self._leaves.get(id(tensor))
        if known is not None and known[0]() is tensor:
            return False
        return self.buffers.ref(tensor._data).buffer.role is Role.TEMPORARY

    # Gradients ----------------------------------------------------------------------

    def on_node(self, node: Any) -> None:
        line = self.events[-1].line if self.events else None
        self._lines[id(node)] = line or self.line()

    def on_backward(self, node: Any) -> None:
        self._node_line = None if node is None else self._lines.get(id(node))

    def on_grad_read(self, tensor: TensorBase) -> None:
        if tensor not in self.entry_grads and not self._is_temporary(tensor):
            self.entry_grads[tensor] = tensor._grad
            if tensor._grad is not None:
                self.on_leaf(tensor._grad)

    def on_grad_set(self, tensor: TensorBase, value: Any) -> None:
        if not self._is_temporary(tensor):
            self.entry_grads.setdefault(tensor, ...)  # it does not matter any more
            self.grads[tensor] = value
            is_tensor = isinstance(value, TensorBase)
            ref = self.buffers.ref(value._data) if is_tensor else None
            self.grad_sets.append(GradSet(len(self.events), tensor, ref))

    # Python -------------------------------------------------------------------------

    def on_module(self, module: Any, entered: bool) -> None:
        if entered:
            self._modules.append(module)
        else:
            self._modules.pop()

    def on_block(self, entered: bool) -> None:
        self._restored = str(user_line()) if entered else ""

    def on_setting(self, look: Callable[[], Any], what: str, *holders: Any) -> None:
        key = what, *map(id, holders)  # kept, so nobody else gets an id
        if key not in self.settings:
            self.settings[key] = Setting(what, look, look(), holders)

    # The end ------------------------------------------------------------------------

    def finish(
        self, result: Tree, outputs: list[Ref | None], given: Sequence[Any]
    ) -> Recording:
        """What was recorded, after the function has returned.

        ``result`` is what stays of its result, ``given`` what the caller gets of it.
        """
        self._look_for_holders()
        self._look_for_kept(given)
        for setting in self.settings.values():
            if setting.look() != setting.value:
                self.doubts.append(f"{setting.what} is changed inside")
        return Recording(
            inputs=self.inputs,
            events=self.events,
            buffers=self.buffers,
            result=result,
            outputs=outputs,
            leaves=self._found_leaves(),
            settings=list(self.settings.values()),
            entry_grads=[(t, g) for t, g in self.entry_grads.items() if g is not ...],
            grad_sets=self.grad_sets,
            grads=self._given_grads(),
            versions=list(self.versions.values()),
            fresh=self.fresh,
            doubts=self.doubts,
        )

    def _given_grads(self) -> dict[TensorBase, TensorBase | None]:
        """Gradients that are tensors from outside; others a replay makes itself."""
        refs = {leaf: ref for _, leaf, ref in self.grad_sets}
        return {
            leaf: grad
            for leaf, grad in self.grads.items()
            if (ref := refs[leaf]) is None or ref.buffer.role is Role.OUTSIDE
        }

    def _found_leaves(self) -> list[Leaf]:
        found = []
        for alive, requires_grad, ref in self._leaves.values():
            tensor = alive()
            if tensor is None:
                continue
            now = self.buffers.ref(tensor._data)
            if now != ref or tensor._requires_grad is not requires_grad:
                what = f"a tensor {tensor._data.shape}"
                self.doubts.append(
                    f"the array in .data, or requires_grad, of {what} is changed inside"
                )
            found.append(Leaf(tensor, requires_grad, tensor._data))
        return found

    def _look_for_holders(self) -> None:
        """Tell what others hold, and go by identity, from what is a constant."""
        alone: set[Buffer] = set()
        for buffer in self.buffers.outside:
            if getrefcount(buffer.home) > ALONE:
                buffer.held = True
            elif not buffer.constant:
                alone.add(buffer)
        for event in self.events if alone else ():
            if any(ref.buffer in alone for ref in event.outs):
                self.doubts.append(
                    f"an array that NumPy makes inside is written to at {event.line}; "
                    "make it with ag.zeros or ag.tensor"
                )

    def _look_for_kept(self, given: Sequence[Any]) -> None:
        """Results that somebody holds who is not told of those of a replay."""
        told = [leaf for leaf in given if isinstance(leaf, TensorBase)]
        told += [grad for grad in self.grads.values() if grad is not None]
        buffers = {self.buffers.ref(tensor._data).buffer for tensor in told}
        if not self.buffers.alive() - buffers:
            return
        gc.collect()  # it may be in a cycle
        for buffer in self.buffers.alive() - buffers:
            line = next((e.line for e in self.events if _writes(e, buffer)), None)
            self.doubts.append(
                f"a result of {line} is kept outside the function, and is none of its "
                "outputs; return it"
            )


def _alone() -> int:
    """References to memory that a recording alone holds."""
    buffer = Buffer(Role.OUTSIDE, 0, 0, home=np.empty(0))
    return getrefcount(buffer.home)


OUTSIDE = (
    "Return the tensor and read it outside, or use np.where for a choice that depends "
    "on data"
)
MET = "A NumPy array that meets it, as w in w[y], must be ag.tensor(w)"
getrefcount = sys.getrefcount
ALONE = _alone()


def _writes(event: Event, buffer: Buffer) -> bool:
    return any(ref.buffer is buffer for ref in event.outs)
