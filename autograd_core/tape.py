"""The tape: what a tensor carries, and the Node that an op leaves behind.

Nodes are linked from outputs to inputs and freed with the tensors that hold them;
nothing grows while nobody differentiates. Their numbers rise with time, so sorting by
number is a topological order.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from autograd_core.hooks import RECORDING, Array, current

# Version cells: ``[writes, *cells]``. Whoever writes to a tensor without coming by it
# has a cell of its own there that it counts up; the version is the sum.
Version = list[Any]


def version_of(cell: Version) -> int:
    """How often the memory that shares this cell was written to."""
    own: int = cell[0]
    return own if len(cell) == 1 else own + sum(int(other[0]) for other in cell[1:])


class Mode(threading.local):
    """Whether this thread's ops are written on the tape."""

    grad_enabled: bool = True


state = Mode()
_number = itertools.count()
GRADS = [0]  # counts assignments to any ``.grad``


def next_number() -> int:
    """A number above those of all nodes so far and below those of later ones."""
    return next(_number)


class TensorBase:
    """What the engine needs of a tensor; `Tensor` adds the operators.

    ``version`` is shared by all views of one memory. Every change of a tensor comes
    through here: of its values by `wrote`, of its array by ``data = ...``, of its
    gradient by ``grad = ...``.
    """

    __slots__ = ("__weakref__", "_data", "_grad", "_requires_grad", "node", "version")

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
        if not isinstance(array, np.ndarray):
            raise TypeError(f"data: expected a NumPy array, got {type(array).__name__}")
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
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_grad_set(self, value)
        self._grad = value
        GRADS[0] += 1

    def _result(self, data: Array) -> TensorBase:
        """A tensor of the kind that ops return, around fresh data."""
        raise TypeError("TensorBase is not a tensor by itself; use Tensor")


def forget_grads(leaves: Iterable[TensorBase]) -> None:
    """Set ``.grad`` of all to None."""
    for leaf in leaves:
        leaf.grad = None


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
    kept: Iterable[bool]  # by positional input: does backward read its values
    saves_out: bool
    fused: bool


class Node:
    """One recorded op: who its inputs are and what its backward needs of them."""

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
        args: tuple[Any, ...],
        attrs: dict[str, Any],
        out: TensorBase,
        residuals: tuple[Array, ...],
    ) -> None:
        self.number = next(_number)
        self.op = op
        self.attrs = attrs
        self.residuals = residuals
        parents: list[Node | TensorBase | None] = []
        inputs: list[Any] = []
        versions: list[tuple[Version, int]] = []  # of what backward reads
        for arg, saved in zip(args, op.kept):  # noqa: B905
            if not isinstance(arg, TensorBase):
                parents.append(None)
                inputs.append(arg)
                continue
            parents.append(arg.node or (arg if arg._requires_grad else None))
            if saved:
                cell = arg.version
                versions.append((cell, cell[0] if len(cell) == 1 else version_of(cell)))
                inputs.append(arg)
            elif op.fused:  # its body may be run again for a graph of its gradient
                inputs.append(arg)
            else:
                inputs.append(spec(arg._data.shape, arg._data.dtype))
        self.out: Any = None
        if op.saves_out:  # the array, not the Tensor: that would be a cycle
            cell = out.version
            self.out = (out._data, type(out), cell)
            versions.append((cell, version_of(cell)))
        self.parents: Sequence[Node | TensorBase | None] = parents
        self.inputs: list[Any] | None = inputs
        self.versions: Sequence[tuple[Version, int]] = versions

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
            if now != seen:
                raise RuntimeError(
                    f"backward through {self.op.name!r}: a tensor that it needs was "
                    f"changed in place since (version {now}, expected {seen}). "
                    "Change a copy, or call backward first."
                )

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
    before = state.grad_enabled
    state.grad_enabled = enabled
    try:
        yield
    finally:
        state.grad_enabled = before


def no_grad() -> Any:
    """Do not record ops for differentiation inside the block (or decorated function).

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.no_grad():
    ...     (x * 2).requires_grad
    False
    """
    return grad_mode(False)
