"""Writes to Tensors in place, with what they do to the graph.

Outside the graph a write is a write to memory, seen by all views. Within it, where the
tensor or what is written requires grad, the tensor takes another place in the graph:
that of the result. What backward has still to read of it is what it was before, so that
stays, see `tape.Earlier`. Views of the memory would keep their old places in the graph
and the new values, and so a wrong gradient: while there are any the write is refused.
"""

from __future__ import annotations

import copy
import dis
import sys
from collections.abc import Callable
from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from autograd_core.foreign import ElsewhereInTensor
from autograd_core.hooks import RECORDING, Array, current
from autograd_core.launch import const, copy_into
from autograd_core.numpy_functions.arguments import plain
from autograd_core.operand import is_numeric, operand
from autograd_core.operators import Operators
from autograd_core.ops import elementwise as e
from autograd_core.ops import shape as s
from autograd_core.ops.assignment import setitem
from autograd_core.tape import (
    Earlier,
    Node,
    TensorBase,
    place_of,
    recording_ops,
    spec,
)
from autograd_core.writes import as_written, check_writable, overwrite, write

if TYPE_CHECKING:
    from autograd_core.tensor import TensorLike


class InPlace(Operators, ElsewhereInTensor):
    """What changes a Tensor's values."""

    __slots__ = ()

    def copy_(self, other: TensorLike) -> Self:
        """Overwrite the values, in place."""
        value = operand(other)
        if self._tracked("copy_", value):
            self._become(lambda before: setitem(before, value, index=...), "copy_")
        else:
            self._told(value)
            write(self, value)
        return self

    def fill_(self, value: float) -> Self:
        """Overwrite all values by one, in place."""
        number = isinstance(value, int | float)
        return self.copy_(const(value, self.dtype) if number else value)

    def zero_(self) -> Self:
        """Overwrite all values by 0, in place."""
        return self.fill_(0)

    def add_(self, other: TensorLike) -> Self:
        """``self += other``, strictly in place."""
        return self._apply(e.add, operand(other), "add_")

    def sub_(self, other: TensorLike) -> Self:
        """``self -= other``, strictly in place."""
        return self._apply(e.sub, operand(other), "sub_")

    def mul_(self, other: TensorLike) -> Self:
        """``self *= other``, strictly in place."""
        return self._apply(e.mul, operand(other), "mul_")

    def div_(self, other: TensorLike) -> Self:
        """``self /= other``, strictly in place."""
        return self._apply(e.div, operand(other), "div_")

    def _update(self, op: Any, other: Any, how: str) -> Any:
        """``self op= other``; a new tensor of ``y[2]`` in ``y[2] += x``.

        It has no name, and Python assigns the result to ``y[2]``. Nothing else is sure
        to: ``operator.iadd(y, x)`` is dropped, ``b.y += x`` leaves the class's own y.
        """
        if not is_numeric(other):
            return NotImplemented
        other = operand(other)
        if self._tracked(how, other):
            unnamed = sys.getrefcount(self) <= ALONE["item"]
            caller = sys._getframe(2)
            if is_number(self) or (
                unnamed and assigns_item(caller.f_code, caller.f_lasti)
            ):
                kept = self._data.base is not None  # backward may keep a view
                return op(s.astype(self, dtype=self.dtype) if kept else self, other)
        return self._apply(op, other, how)

    def _apply(self, op: Any, other: Any, how: str) -> Self:
        if self._tracked(how, other):
            self._become(lambda before: op(before, other), how)
            return self
        self._told(other)
        data = self._data
        check_writable(data)
        result = op.forward(
            data, other._data if isinstance(other, TensorBase) else other
        )
        self._check_fit(result, how)
        copy_into(result, data)
        self.wrote()
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        value, index = operand(value), plain(index)
        if self._tracked("x[...] = ", value):
            self._assign(index, value, "x[...] = ")
            return
        self._told(value)
        if s.is_basic(index):
            overwrite(s.view(self._data, index), value)
        else:
            self._leaving("assignment by an array of indices")
            data = self._data
            data[index] = as_written(value, data.dtype)
        self.wrote()

    def _assign(self, index: Any, value: Any, how: str) -> None:
        """``self[index] = value`` in the graph."""
        unread = self.node is None or self.node.out is None
        alone = unread and sys.getrefcount(self) <= ALONE["assign"]
        index = s.held(index)
        if not (alone and is_alone(self) and s.is_basic(index)):
            self._become(lambda before: setitem(before, value, index=index), how)
            return
        overwrite(s.view(self._data, index), value)
        self.wrote()
        inputs = [
            spec(x._data.shape, x._data.dtype)
            if isinstance(x, TensorBase)
            else spec(np.shape(x), np.asarray(x).dtype)
            for x in (self, value)
        ]
        given = value if isinstance(value, TensorBase) else None
        parents = (place_of(self), place_of(given))
        self._requires_grad = True
        self.node = Node(setitem, parents, inputs, {"index": index}, None, (), ())
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_node(self.node)

    # What a write needs ------------------------------------------------------------

    def _tracked(self, how: str, value: Any) -> bool:
        """Whether a write is part of the graph; raises for a leaf with a gradient."""
        if not recording_ops():
            return False
        if self._requires_grad and self.node is None:
            raise RuntimeError(
                f"{how}: in-place update of a leaf that requires grad. Write "
                "`x = x + y`, or do it under `ag.no_grad()`."
            )
        inside = isinstance(value, TensorBase) and value._requires_grad
        if inside and self._data.dtype.kind not in "fc":
            raise TypeError(
                f"{how}: a tensor of {self.dtype} can have no gradient; make it one of "
                "floats, or write value.detach()"
            )
        return self._requires_grad or inside

    def _told(self, value: Any) -> None:
        """Tell a recorder what a write outside the graph touches."""
        if RECORDING and (listener := current.recorder) is not None:
            for touched in (self, value):
                if isinstance(touched, TensorBase):
                    listener.on_leaf(touched)

    def _check_fit(self, result: Any, how: str) -> None:
        if result.shape != self.shape:
            raise ValueError(f"{how}: result {result.shape} does not fit {self.shape}")
        if not np.can_cast(result.dtype, self.dtype, "same_kind"):
            raise TypeError(
                f"{how}: the result is {result.dtype} and does not fit {self.dtype}; "
                "write x = x + y, or astype() first"
            )

    def _become(self, make: Callable[[Any], Any], how: str) -> None:
        """Take the array and the place in the graph of what ``make`` makes of self."""
        check_writable(self._data)
        if not is_alone(self):
            raise RuntimeError(
                f"{how}: the tensor is part of a graph, and another tensor or array "
                "sees its memory (a view, or what it is a view of), whose gradient "
                "would then be wrong. Write to a .clone(), or use np.where or np.stack."
            )
        before = copy.copy(self)
        before.version = [0]
        result = make(before)
        self._check_fit(result, how)
        if result.dtype != self.dtype:
            result = s.astype(result, dtype=self.dtype)
        self.version.append(Earlier(self, before))
        self.data = result._data
        self.version = result.version
        self.node, self._requires_grad = result.node, result._requires_grad

    # Whose it is -------------------------------------------------------------------

    if TYPE_CHECKING:

        @property
        def shape(self) -> tuple[int, ...]: ...
        @property
        def dtype(self) -> np.dtype[Any]: ...
        def _leaving(self, how: str) -> None: ...


def is_number(tensor: TensorBase) -> bool:
    """Whether it is a single element, which in NumPy is no view: not ``y[0, ...]``."""
    node = tensor.node
    index = node.attrs.get("index", ()) if node is not None else ()
    parts = index if isinstance(index, tuple) else (index,)
    return not tensor._data.ndim and not any(part is ... for part in parts)


@lru_cache(1024)
def assigns_item(code: CodeType, at: int) -> bool:
    """Whether ``code`` is at an ``a[i] op= b``, and so will assign the result."""
    steps = (step for step in dis.get_instructions(code) if step.offset >= at)
    first = next(steps, None)
    if first is None or first.opname != "BINARY_OP" or first.argrepr[-1:] != "=":
        return False
    after = (step.opname for step in steps if step.opname not in ("SWAP", "CACHE"))
    return next(after, "") in ("STORE_SUBSCR", "STORE_SLICE")


def is_alone(tensor: TensorBase) -> bool:
    """Whether nobody but ``tensor`` (and its node) has an array on its memory."""
    references = sys.getrefcount(tensor._data)
    node = tensor.node
    if node is not None and node.out is not None and node.out[0] is tensor._data:
        references -= 1
    if references > ALONE["array"]:
        return False
    base: Any = tensor._data.base
    while isinstance(base, np.ndarray):
        if sys.getrefcount(base) > ALONE["base"]:
            return False
        base = base.base
    return True


# How many references there are where there is but one holder, as this Python counts.
ALONE: dict[str, int] = {}


class _Probe(InPlace):
    """Measures `ALONE` by the very ways on which it is asked for."""

    __slots__ = ()

    def _update(self, op: Any, other: Any, how: str) -> Any:
        ALONE["item"] = sys.getrefcount(self)
        return self

    def _assign(self, index: Any, value: Any, how: str) -> None:
        ALONE["assign"] = sys.getrefcount(self)

    def _tracked(self, how: str, value: Any) -> bool:
        return True


class _Unnamed:
    """Its items have no other name."""

    def __getitem__(self, index: Any) -> Any:
        return _Probe(np.zeros(2))

    def __setitem__(self, index: Any, value: Any) -> None:
        pass


def _base(array: Array) -> int:
    base: Any = array.base
    return sys.getrefcount(base)


def _measure() -> None:
    probe: Any = _Probe(np.zeros(2))
    ALONE["array"] = sys.getrefcount(probe._data)
    ALONE["base"] = _base(np.zeros(2)[:1])
    holder: Any = _Unnamed()
    holder[0] += 1
    probe[0] = 1


_measure()
