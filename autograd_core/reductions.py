"""NumPy's reductions and constants, with NumPy's own arguments: see `composites`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.composites import operand
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.ops.folding import Axis, single

MISSING: Any = np._NoValue


def sum(a: Any, axis: Axis = None, dtype: Any = None, keepdims: Any = False) -> Any:
    """See `numpy.sum`."""
    if dtype is None:
        return r.sum(operand(a), axis=axis, keepdims=bool(keepdims))
    dtype = s.native(dtype)
    if dtype.kind == "b":
        raise TypeError("sum: dtype bool is not supported for Tensors")
    out = r.sum(_in(a, dtype), axis=axis, keepdims=bool(keepdims))
    return out if out.dtype == dtype else s.astype(out, dtype=dtype)


def _in(a: Any, dtype: Any) -> Any:
    a = operand(a)
    return a if a.dtype == dtype else s.astype(a, dtype=dtype)


def _in_floats(name: str, a: Any, dtype: Any) -> Any:
    """``a``, in ``dtype`` if that is one; it must be float32 or float64."""
    if dtype is None:
        return operand(a)
    dtype = s.native(dtype)
    if dtype.kind != "f":
        raise TypeError(f"{name}: dtype {dtype} is not supported for Tensors")
    return _in(a, dtype)


def mean(a: Any, axis: Axis = None, dtype: Any = None, keepdims: Any = False) -> Any:
    """See `numpy.mean`."""
    return r.mean(_in_floats("mean", a, dtype), axis=axis, keepdims=bool(keepdims))


def var(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    correction: Any = MISSING,
) -> Any:
    """See `numpy.var`."""
    return _spread(r.var, a, axis, dtype, ddof, keepdims, correction)


def std(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    correction: Any = MISSING,
) -> Any:
    """See `numpy.std`; its gradient is 0 where it is 0, as in PyTorch."""
    return _spread(r.std, a, axis, dtype, ddof, keepdims, correction)


def _spread(
    op: Any, a: Any, axis: Any, dtype: Any, ddof: Any, keepdims: Any, correction: Any
) -> Any:
    if correction is not MISSING:
        if ddof != 0:
            raise ValueError(f"{op.name}: ddof and correction are the same thing")
        ddof = correction
    a = _in_floats(op.name, a, dtype)
    return op(a, axis=axis, correction=float(ddof), keepdims=bool(keepdims))


def max(a: Any, axis: Axis = None, keepdims: Any = False) -> Any:
    """See `numpy.max`; ties share the gradient."""
    return r.max(operand(a), axis=axis, keepdims=bool(keepdims))


def min(a: Any, axis: Axis = None, keepdims: Any = False) -> Any:
    """See `numpy.min`; ties share the gradient."""
    return r.min(operand(a), axis=axis, keepdims=bool(keepdims))


def argmax(a: Any, axis: int | None = None, keepdims: Any = False) -> Any:
    """See `numpy.argmax`; no gradient."""
    return r.argmax(operand(a), axis=axis, keepdims=bool(keepdims))


def size(a: Any, axis: Any = None) -> int:
    """See `numpy.size`."""
    if axis is None:
        return int(a.size)
    return r.count(a, axis if isinstance(axis, tuple) else single(axis, a.ndim))


# Constants of somebody's shape: they carry no gradient -------------------------------


def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
) -> Any:
    """See `numpy.full_like`; differentiated in ``fill_value``, if that is a Tensor."""
    a = operand(a)
    if isinstance(fill_value, int | float):
        return s.full_like(a, fill_value=fill_value, dtype=dtype, shape=shape)
    value = operand(fill_value)
    value = s.broadcast_to(value, shape=a.shape if shape is None else shape)
    return s.astype(value, dtype=s.native(a.dtype if dtype is None else dtype))


def zeros_like(
    a: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None
) -> Any:
    """See `numpy.zeros_like`."""
    return s.full_like(operand(a), fill_value=0, dtype=dtype, shape=shape)


def ones_like(
    a: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None
) -> Any:
    """See `numpy.ones_like`."""
    return s.full_like(operand(a), fill_value=1, dtype=dtype, shape=shape)


def empty_like(
    prototype: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
) -> Any:
    """See `numpy.empty_like`; the values are zeros."""
    return s.full_like(operand(prototype), fill_value=0, dtype=dtype, shape=shape)
