"""How ops are called at once: a plain function for each, which knows one way only.

What is small and plain (see `front`) it computes, wraps and writes on the tape without
a further Python call; all else goes to `Op.general`. Both leave the same result and the
same node. While somebody records, everything is general.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np

from autograd_core.front import Front
from autograd_core.hooks import RECORDING
from autograd_core.op import Op
from autograd_core.operand import is_numeric, snapshot
from autograd_core.tape import (
    PAUSED,
    Node,
    TensorBase,
    place_of,
    spec,
    state,
    version_of,
)

NO_ATTRS: Any = MappingProxyType({})
NOTHING = (None,)  # of its one input a vjp reads nothing
ndarray = np.ndarray
Call = Callable[..., Any]


def named(call: Call, op: Op[...]) -> Call:
    """``call`` under the op's name, for errors and for help()."""
    call.__name__ = call.__qualname__ = op.name
    call.__doc__, call.__module__ = op.__doc__, op.__module__
    return call


def unary(op: Op[...], front: Front) -> Call:
    """Of an op of one operand whose output has the operand's shape and dtype."""
    general = op.general
    (reads_x,), reads_out = op.reads(1, 1)

    def call(x: Any) -> Any:
        if RECORDING:
            return general(x)
        if not isinstance(x, TensorBase):
            out = front.enter(x)
            if out is None:
                front.missed(x)
                return general(x)
            return out
        out = front.enter(x._data)
        if out is None:
            front.missed(x._data)
            return general(x)
        result = x.result_type(out)
        if x._requires_grad and (not PAUSED or state.grad_enabled):
            result._requires_grad = True
            parents = (x.node or x,)
            if reads_x:
                cell = x.version
                seen = cell[0] if len(cell) == 1 else version_of(cell)
                result.node = Node(
                    op, parents, (x,), NO_ATTRS, None, (), ((cell, seen),)
                )
            elif reads_out:
                cell = result.version
                saved = out, x.result_type, cell
                result.node = Node(
                    op, parents, NOTHING, NO_ATTRS, saved, (), ((cell, 0),)
                )
            else:
                result.node = Node(op, parents, NOTHING, NO_ATTRS, None, (), ())
        return result

    return named(call, op)


def binary(op: Op[...], front: Front, general: Call | None = None) -> Call:
    """Of an op of two operands; their cotangents have the output's dtype."""
    general = general or op.general
    reads: list[Any] = [None] * 4  # by the operands that need a gradient
    if op.differentiable:
        reads[1:] = [op.reads(needs, 2) for needs in (1, 2, 3)]

    def call(a: Any, b: Any) -> Any:
        if RECORDING:
            return general(a, b)
        needs, tensor = 0, None
        x, y = a, b
        if isinstance(a, TensorBase):
            tensor, x = a, a._data
            if a._requires_grad:
                needs = 1
        if isinstance(b, TensorBase):
            tensor, y = b, b._data
            if b._requires_grad:
                needs |= 2
        out = front.enter(x, y)
        if out is None:
            front.missed(x, y)
            return general(a, b)
        if tensor is None:
            return out
        result = tensor.result_type(out)
        told = reads[needs] if not PAUSED or state.grad_enabled else None
        if told is not None:
            result._requires_grad = True
            result.node = _node(op, a, b, x, y, result, told)
        return result

    call.front = front  # type: ignore[attr-defined]
    return named(call, op)


def operator(op: Op[...]) -> Call:
    """A binary op as a method: NotImplemented for what is no array or number."""

    def general(a: Any, b: Any) -> Any:
        if is_numeric(a) and is_numeric(b):
            return op.general(a, b)
        return NotImplemented

    front = getattr(op.call, "front", None)
    if front is not None:
        return binary(op, front, general)

    def call(a: Any, b: Any) -> Any:
        return op.call(a, b) if is_numeric(a) and is_numeric(b) else NotImplemented

    return named(call, op)


def reflected(method: Call) -> Call:
    """``method`` with its operands exchanged."""

    def call(a: Any, b: Any) -> Any:
        return method(b, a)

    return call


def _node(op: Op[...], a: Any, b: Any, x: Any, y: Any, result: Any, told: Any) -> Node:
    """The node of a binary op; x and y are the data of its operands a and b."""
    (reads_a, reads_b), reads_out = told
    shape = result._data.shape
    versions: list[Any] = []
    parent_a = parent_b = None
    if a is x:
        if reads_a and type(x) is ndarray:
            a = snapshot(x)  # its owner may fill it again before backward
    else:
        parent_a = a.node or (a if a._requires_grad else None)
        if reads_a:
            cell = a.version
            seen = cell[0] if len(cell) == 1 else version_of(cell)
            versions.append((cell, seen))
    if b is y:
        if reads_b and type(y) is ndarray:
            b = snapshot(y)
    else:
        parent_b = b.node or (b if b._requires_grad else None)
        if reads_b:
            cell = b.version
            seen = cell[0] if len(cell) == 1 else version_of(cell)
            versions.append((cell, seen))
    if not reads_a and type(x) is ndarray:
        same = parent_a is None or x.shape == shape
        a = None if same and op.elementwise else spec(x.shape, x.dtype)
    if not reads_b and type(y) is ndarray:
        same = parent_b is None or y.shape == shape
        b = None if same and op.elementwise else spec(y.shape, y.dtype)
    saved = None
    if reads_out:
        saved = result._data, type(result), result.version
        versions.append((result.version, 0))
    return Node(op, (parent_a, parent_b), (a, b), NO_ATTRS, saved, (), versions)


def reduction(op: Op[...], front: Front) -> Call:
    """Of an op over axes, at once if over all of them."""
    general = op.general

    def call(x: Any, *, axis: Any = None, keepdims: Any = False) -> Any:
        if RECORDING or axis is not None or keepdims is not False:
            return general(x, axis=axis, keepdims=keepdims)
        data = x._data if isinstance(x, TensorBase) else x
        out = front.enter(data)
        if out is None:
            front.missed(data)
            return general(x)
        if data is x:
            return out
        result = x.result_type(out)
        if x._requires_grad and (not PAUSED or state.grad_enabled):
            result._requires_grad = True
            seen = (spec(data.shape, data.dtype),)
            result.node = Node(op, (x.node or x,), seen, NO_ATTRS, None, (), ())
        return result

    return named(call, op)


def linear(op: Op[...], front: Front) -> Call:
    """Of ``linear(x, weight, bias)``, whose front takes the bias first."""
    general = op.general
    reads = [op.reads(needs, 3) for needs in range(8)]

    def call(x: Any, weight: Any, bias: Any) -> Any:
        if RECORDING or not isinstance(weight, TensorBase):
            return general(x, weight, bias)
        data = x._data if isinstance(x, TensorBase) else None
        row = bias._data if isinstance(bias, TensorBase) else bias
        if data is None or (row is bias and bias is not None):
            return general(x, weight, bias)
        out = front.enter(row, data, weight._data)
        if out is None:
            front.missed(weight._data)
            return general(x, weight, bias)
        result = weight.result_type(out)
        needs = x._requires_grad | weight._requires_grad << 1
        if bias is not None:
            needs |= bias._requires_grad << 2
        if needs and (not PAUSED or state.grad_enabled):
            (reads_x, reads_weight, _), _ = reads[needs]
            versions = []
            if reads_x:
                versions.append((x.version, version_of(x.version)))
            if reads_weight:
                versions.append((weight.version, version_of(weight.version)))
            parents = tuple([place_of(t) for t in (x, weight, bias)])
            result._requires_grad = True
            result.node = Node(
                op, parents, (x, weight, bias), NO_ATTRS, None, (), versions
            )
        return result

    return named(call, op)
