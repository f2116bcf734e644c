"""The tape: what a tensor carries, and the Node that an op leaves behind.

Nodes are linked from outputs to inputs and freed with the tensors that hold them;
nothing grows while nobody differentiates. Their numbers rise with time, so sorting by
number is a topological order.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import _GeneratorContextManager, contextmanager
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from autograd_core.hooks import RECORDING, Array, current

if "Node" in globals():
    raise ImportError(
        "autograd_core.tape cannot be reloaded: the tensors that are there would lose "
        "their gradients. Start Python anew"
    )

# Version cells: ``[writes, *cells]``. Whoever writes to a tensor without coming by it
# has a cell of its own there that it counts up; the version is the sum.
Version = list[Any]
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
COMPLEX = (np.dtype(np.complex64), np.dtype(np.complex128))  # no leaf has a gradient
DTYPES = "float32, float64, complex64, complex128, integers or bool"


def version_of(cell: Version) -> int:
    """How often the memory that shares this cell was written to."""
    own: int = cell[0]
    return own if len(cell) == 1 else own + sum(int(other[0]) for other in cell[1:])


class Earlier(Sequence[int]):
    """In a version cell: its tensor became another, and this is what it was ``before``.

    It counts one change. The memory is that of before, which nobody writes to any more.
    """

    def __init__(self, tensor: TensorBase, before: TensorBase) -> None:
        self.tensor, self.before = tensor, before
        self.version = version_of(tensor.version)  # up to which that holds

    def __len__(self) -> int:
        return 1

    def __getitem__(self, i: Any) -> Any:
        return 1


class Mode(threading.local):
    """Whether this thread's ops are written on the tape."""

    grad_enabled: bool = True


state = Mode()
# An entry for each thread that records nothing. Nearly always empty outside of
# backward, and then a far quicker answer than the thread's own state.
PAUSED: list[None] = []
GRADS = [0]  # counts assignments to any ``.grad``

# A number above those of all nodes so far and below those of later ones.
next_number = itertools.count().__next__


def recording_ops() -> bool:
    """Whether ops of this thread are written on the tape."""
    return not PAUSED or state.grad_enabled


class TensorBase:
    """What the engine needs of a tensor; `Tensor` adds the operators.

    ``version`` is shared by all views of one memory. Every change of a tensor comes
    through here: of its values by `wrote`, of its array by ``data = ...``, of its
    gradient by ``grad = ...``.
    """

    __slots__ = ("__weakref__", "_data", "_grad", "_requires_grad", "node", "version")

    result_type: ClassVar[type[TensorBase]]  # of what ops of it return

    _data: Array
    _grad: Any
    _requires_grad: bool
    node: Node | None
    version: Version

    @property
    def data(self) -> Array:
        """The NumPy array itself; the tape does not see what is written to it."""
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_escape(self._data, ".data")
        return self._data

    @data.setter
    def data(self, array: Array) -> None:
        if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
            hint = "; take its .data" if isinstance(array, TensorBase) else ""
            raise TypeError(
                f"data: expected a NumPy array, got {type(array).__name__}{hint}"
            )
        check_dtype("data", array.dtype)
        if not array.flags.aligned:
            raise ValueError("data: expected aligned memory; take a .copy()")
        array = np.asarray(array)  # a matrix keeps its shape in the kernels' views
        kind = "c" if self._data.dtype.kind == "c" else "f"
        if self._requires_grad and array.dtype.kind != kind:
            raise TypeError(
                "data: a tensor that requires grad holds float32 or float64, "
                f"got {array.dtype}"
            )
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_leaf(self)
        self._data = array
        self.version[0] += 1
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_rebind(self)

    def wrote(self) -> None:
        """Say that the values have changed."""
        self.version[0] += 1
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_write(self)

    @property
    def requires_grad(self) -> bool:
        """Whether backward goes as far as here; can be set for leaves."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self.node is not None:
            raise RuntimeError("requires_grad: only a leaf can be changed; detach()")
        if value and self._data.dtype.kind != "f":
            raise TypeError(
                "requires_grad: only float32 and float64 tensors have gradients, "
                f"got {self._data.dtype}"
            )
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_leaf(self)
        self._requires_grad = bool(value)

    @property
    def grad(self) -> Any:
        """The gradient that backward left here, a Tensor, or None."""
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_grad_read(self)
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            check_gradient("grad", value, self._data)
            if np.may_share_memory(value._data, self._data):
                raise ValueError(
                    "grad: shares memory with the tensor itself, which backward would "
                    "then change; take a .clone()"
                )
        self.set_grad(value)

    def set_grad(self, value: Any) -> None:
        """``grad = value`` for what is known to fit."""
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_grad_set(self, value)
        self._grad = value
        GRADS[0] += 1

    def _result(self, data: Array) -> TensorBase:
        """A tensor of the kind that ops return, around fresh data."""
        return self.result_type(data)

    def stacked(self, values: Sequence[Any]) -> TensorBase:
        """Lists that hold tensors of this kind as one of them."""
        raise TypeError("TensorBase is not a tensor by itself; use Tensor")

    def __init__(self, data: Array, requires_grad: bool = False) -> None:
        self._data = data
        self._grad = None
        self.node = None
        self._requires_grad = requires_grad
        self.version = [0]


def place_of(tensor: TensorBase | None) -> Node | TensorBase | None:
    """Where a cotangent of ``tensor`` goes: its node, itself as a leaf, or nowhere."""
    if tensor is None:
        return None
    return tensor.node or (tensor if tensor._requires_grad else None)


def is_numeric(dtype: np.dtype[Any]) -> bool:
    """Whether ops can compute with ``dtype``, in whatever byte order."""
    return dtype.kind in "iub" or (dtype.kind in "fc" and dtype in FLOATS + COMPLEX)


def check_dtype(who: str, dtype: np.dtype[Any]) -> None:
    """Raise TypeError unless a tensor can hold ``dtype``."""
    if not is_numeric(dtype):
        raise TypeError(f"{who}: expected {DTYPES}, got {dtype}")
    if not dtype.isnative:
        raise TypeError(f"{who}: expected the machine's byte order, got {dtype.str!r}")


def check_gradient(who: str, value: Any, data: Array) -> None:
    """Raise unless ``value`` is a Tensor of the shape and dtype of ``data``."""
    want = f"{who}: expected a Tensor of shape {data.shape} and dtype {data.dtype}"
    if not isinstance(value, TensorBase):
        raise TypeError(f"{want}, got {type(value).__name__}")
    given = value._data
    if given.shape != data.shape:
        raise ValueError(f"{want}, got shape {given.shape}")
    if given.dtype != data.dtype:
        raise TypeError(f"{want}, got dtype {given.dtype}")


def forget_grads(leaves: Iterable[TensorBase]) -> None:
    """Set ``.grad`` of all to None."""
    for leaf in leaves:
        leaf.set_grad(None)


def keeps_graph(tensor: TensorBase) -> bool:
    """Whether a gradient can still be had through ``tensor``."""
    node = tensor.node
    spent = node is not None and node.inputs is None  # backward has been here
    return tensor._requires_grad and not spent and recording_ops()


def check_kept(tensor: TensorBase, by: str) -> None:
    """Raise RuntimeError where a gradient would be lost that can still be had."""
    if keeps_graph(tensor):
        raise RuntimeError(
            f"a tensor that requires grad is converted by {by}, which would lose its "
            "gradient. Use an op (np.stack makes one tensor of several), or leave the "
            "graph first: .detach(), .numpy(), .item(), or ag.no_grad()"
        )


class Spec(NamedTuple):
    """Shape and dtype of an input whose values the backward pass does not need."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@lru_cache(4096)
def spec(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Spec:
    """The one `Spec` of these, which is quicker than a new one."""
    return Spec(shape, dtype)


class Rule(Protocol):
    """What a node asks of its op; `autograd_core.op.Op` is the one there is."""

    name: str
    fused: bool


class Node:
    """One recorded op: who its inputs are and what its backward needs of them.

    ``parents`` are where cotangents go, one for each input: a node, a leaf or None.
    ``inputs`` are what backward sees of them: what it reads, else a `Spec` (None: it
    has the output's). ``out`` is (array, type of tensor, version cell), if backward
    reads it, ``versions`` are (cell, number) of all tensors that it reads.
    """

    __slots__ = (
        "attrs",
        "inputs",
        "number",
        "op",
        "out",
        "parents",
        "residuals",
        "versions",
    )

    def __init__(
        self,
        op: Any,  # a Rule, and what the walk calls
        parents: Sequence[Node | TensorBase | None],
        inputs: Sequence[Any],
        attrs: dict[str, Any],
        out: Any,
        residuals: tuple[Any, ...],
        versions: Sequence[tuple[Version, int]],
    ) -> None:
        self.op = op
        self.number = next_number()
        self.parents = parents
        self.inputs: Sequence[Any] | None = inputs
        self.attrs = attrs
        self.out = out
        self.residuals = residuals
        self.versions = versions

    def free(self) -> None:
        """Let go of everything that backward needs."""
        self.inputs = self.out = None
        self.residuals = self.versions = self.parents = ()

    def check(self) -> None:
        """Raise if the residuals are gone or have been written to since."""
        if self.inputs is None:
            raise RuntimeError(
                f"backward through {self.op.name!r}: its residuals were freed by an "
                "earlier backward. Pass retain_graph=True to the first one to walk the "
                "graph twice."
            )
        for cell, seen in self.versions:
            now = cell[0] if len(cell) == 1 else version_of(cell)
            if now != seen and not self._look_back(cell, seen):
                raise RuntimeError(
                    f"backward through {self.op.name!r}: a tensor that it needs was "
                    f"changed in place since (version {now}, expected {seen}). "
                    "Change a copy, or call backward first."
                )

    def _look_back(self, cell: Version, seen: int) -> bool:
        """Read a tensor that became another as it was then, if that is still there."""
        assert self.inputs is not None
        for one in cell[1:]:
            if isinstance(one, Earlier) and one.version == seen:
                read = [x for x in self.inputs if x is one.tensor or x is one.before]
                if not read and (self.out is None or self.out[2] is not cell):
                    return False
                self.inputs = [
                    one.before if x is one.tensor else x for x in self.inputs
                ]
                return True
        return False

    def output(self) -> Any:
        """The output as a Tensor linked to this node, for gradients of gradients."""
        if self.out is None:
            return None
        data, kind, version = self.out
        tensor = kind(data)
        tensor._requires_grad = True
        tensor.node = self
        tensor.version = version
        return tensor


@contextmanager
def grad_mode(enabled: bool) -> Iterator[None]:
    """Set whether ops in this thread are recorded, for the length of a block."""
    before = set_grad_mode(enabled)
    try:
        yield
    finally:
        set_grad_mode(before)


def set_grad_mode(enabled: bool) -> bool:
    """Set whether ops in this thread are recorded; what it was before."""
    before = state.grad_enabled
    if enabled is not before:
        state.grad_enabled = enabled
        if enabled:
            PAUSED.pop()
        else:
            PAUSED.append(None)
    return before


def no_grad() -> _GeneratorContextManager[None]:
    """Do not record ops for differentiation inside the block (or decorated function).

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.no_grad():
    ...     (x * 2).requires_grad
    False
    """
    return grad_mode(False)
