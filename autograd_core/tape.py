"""The tape: what a Tensor carries, the Node that an op leaves behind, and who records.

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
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from autograd_core.op import Op

Array = np.ndarray[Any, Any]

# An entry for each thread that records. Nearly always empty, and then a far quicker
# answer than the thread's own state, which says whether it is one of them.
RECORDING: list[None] = []


class State(threading.local):
    """What this thread is doing: differentiating or not, recording a Program or not."""

    grad_enabled: bool = True
    _recorder: Any = None

    @property
    def recorder(self) -> Any:
        """Who writes down this thread's launches, or None."""
        return self._recorder

    @recorder.setter
    def recorder(self, recorder: Any) -> None:
        if self._recorder is not None:
            RECORDING.pop()
        if recorder is not None:
            RECORDING.append(None)
        self._recorder = recorder


state = State()
_number = itertools.count()

# Counts changes of what Programs are guarded by (modes, parameters, groups), so that a
# replay looks at its guards only when something may have changed.
STRUCTURE = [0]
GRADS = [0]  # the same for assignments to any ``.grad``


def restructured() -> None:
    """Something that a Program may be guarded by has changed."""
    STRUCTURE[0] += 1


class Writes:
    """Version cells that each replay of a Program should count up.

    It suffices to do so when somebody looks at a version: see `count_writes`.
    """

    __slots__ = ("cells",)

    def __init__(self, cells: list[list[int]]) -> None:
        self.cells = cells


REPLAYED: set[Writes] = set()  # of Programs replayed since somebody looked


def count_writes() -> None:
    """Count what replays wrote, before versions are looked at."""
    while REPLAYED:
        try:
            writes = REPLAYED.pop()
        except KeyError:  # another thread counts them
            return
        for cell in writes.cells:
            cell[0] += 1


def moment() -> int:
    """A number above those of all nodes so far and below those of later ones."""
    return next(_number)


class TensorBase:
    """What the engine needs of a tensor; `Tensor` adds the operators.

    ``version`` is a cell shared by all views of one memory and counts writes to it.
    """

    __slots__ = ("__weakref__", "_grad", "_requires_grad", "data", "node", "version")

    data: Array
    _grad: Any
    node: Node | None
    _requires_grad: bool
    version: list[int]

    @property
    def requires_grad(self) -> bool:
        """Whether backward goes as far as here; can be set for leaves."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self.node is not None:
            raise RuntimeError("requires_grad: only a leaf can be changed; detach()")
        if value and self.data.dtype.kind != "f":
            raise TypeError(
                "requires_grad: only float32 and float64 tensors have gradients, "
                f"got {self.data.dtype}"
            )
        if RECORDING and state.recorder is not None:
            state.recorder.saw(self)
        self._requires_grad = value
        restructured()

    @property
    def grad(self) -> Any:
        """The gradient that backward left here, a Tensor, or None."""
        if RECORDING and state.recorder is not None:
            state.recorder.read_grad(self)
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        self._grad = value
        GRADS[0] += 1
        if RECORDING and state.recorder is not None:
            state.recorder.set_grad(self)

    def _result(self, data: Array) -> TensorBase:
        """A tensor of the kind that ops return, around fresh data."""
        raise TypeError("TensorBase is not a tensor by itself; use Tensor")


def forget_grads(leaves: Iterable[TensorBase]) -> None:
    """Set ``.grad`` of all to None."""
    if state.recorder is not None:
        for leaf in leaves:
            leaf.grad = None
        return
    for leaf in leaves:
        leaf._grad = None
    GRADS[0] += 1


class Spec(NamedTuple):
    """Shape and dtype of an input whose values the backward pass does not need."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@lru_cache(4096)
def spec(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Spec:
    """The one `Spec` of these, which is quicker than a new one."""
    return Spec(shape, dtype)


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
        op: Op,
        args: tuple[Any, ...],
        attrs: dict[str, Any],
        out: TensorBase,
        residuals: tuple[Array, ...],
    ) -> None:
        if REPLAYED:
            count_writes()
        self.number = next(_number)
        self.op = op
        self.attrs = attrs
        self.residuals = residuals
        parents: list[Node | TensorBase | None] = []
        inputs: list[Any] = []
        versions: list[tuple[list[int], int]] = []  # of what backward reads
        for arg, saved in zip(args, op.kept):  # noqa: B905
            if not isinstance(arg, TensorBase):
                parents.append(None)
                inputs.append(arg)
                continue
            parents.append(arg.node or (arg if arg._requires_grad else None))
            if saved:
                cell = arg.version
                versions.append((cell, cell[0]))
                inputs.append(arg)
            elif op.fused:  # its body may be run again for a graph of its gradient
                inputs.append(arg)
            else:
                inputs.append(spec(arg.data.shape, arg.data.dtype))
        self.out: Any = None
        if op.saves_out:  # the array, not the Tensor: that would be a cycle
            cell = out.version
            self.out = (out.data, type(out), cell)
            versions.append((cell, cell[0]))
        self.parents: Sequence[Node | TensorBase | None] = parents
        self.inputs: list[Any] | None = inputs
        self.versions: Sequence[tuple[list[int], int]] = versions

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
        count_writes()
        for cell, seen in self.versions:
            if cell[0] != seen:
                raise RuntimeError(
                    f"backward through {self.op.name!r}: a tensor that it needs was "
                    f"changed in place since (version {cell[0]}, expected {seen}). "
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
