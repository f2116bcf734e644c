"""NumPy's functions that are a few ops, with NumPy's own arguments.

They take arrays, Tensors and sequences of both. Arguments of NumPy's that are missing
here are not supported: see `protocols`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from autograd_core.launch import host
from autograd_core.operand import operand as op_operand
from autograd_core.ops import elementwise as e
from autograd_core.ops import matmul as mm
from autograd_core.ops import shape as s
from autograd_core.ops.folding import Axis, dims, normalize, single, whole
from autograd_core.tape import TensorBase


def operand(x: Any) -> Any:
    """A Tensor or an array; of a sequence that holds Tensors, their stack."""
    x = op_operand(x)
    return x if isinstance(x, TensorBase | np.ndarray) else np.asarray(x)


def weak(x: Any) -> Any:
    """Like `operand`, but a Python number stays one: it takes the other's dtype."""
    return x if isinstance(x, int | float) else operand(x)


def stacked(values: Sequence[Any]) -> Any:
    """Sequences that hold Tensors as one Tensor; Python's numbers take its dtype."""
    parts = [stacked(v) if isinstance(v, list | tuple) else weak(v) for v in values]
    known = [p.dtype for p in parts if not isinstance(p, int | float)]
    dtype = np.result_type(*known) if known else None
    return stack([np.asarray(p, dtype) if is_number(p) else p for p in parts])


def is_number(x: Any) -> bool:
    """Whether ``x`` is a Python number."""
    return isinstance(x, int | float)


# Elements --------------------------------------------------------------------------


def clip(a: Any, low: Any = None, high: Any = None) -> Any:
    """``a`` held between bounds, None for no bound; NaN stays, the gradient is 0 there.

    A bound that is a Tensor has the gradient that ``a`` does not. A NaN bound gives
    NaN.
    """
    a = operand(a)
    if low is None and high is None:
        return copy(a)
    if low is not None:
        a = _bounded(a, low, e.less_equal, e.greater)
    if high is not None:
        a = _bounded(a, high, e.greater_equal, e.less)
    return a


def _bounded(a: Any, bound: Any, beyond: Any, within: Any) -> Any:
    if isinstance(bound, int | float) and bound == bound:
        return e.where(beyond(a, bound), bound, a)
    bound = weak(bound)
    return e.where(within(a, bound), a, e.where(e.equal(a, a), bound, a))


def isnan(x: Any) -> Any:
    """True where ``x`` is NaN."""
    return e.not_equal(x, x)


def isinf(x: Any) -> Any:
    """True where ``x`` is infinite."""
    return e.equal(e.abs(x), np.inf)


def isfinite(x: Any) -> Any:
    """True where ``x`` is neither NaN nor infinite."""
    return e.less(e.abs(x), np.inf)


def copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    """A copy that is differentiated through; its layout is C's."""
    a = operand(a)
    return s.astype(a, dtype=a.dtype)


def astype(x: Any, dtype: Any, copy: bool = True, casting: Any = "unsafe") -> Any:
    """In another dtype; always a copy."""
    x, dtype = operand(x), np.dtype(dtype)
    _check_cast([x], dtype, casting)
    return s.astype(x, dtype=dtype)


def _check_cast(xs: Sequence[Any], dtype: Any, casting: Any) -> None:
    """TypeError unless NumPy's rule lets all of ``xs`` become ``dtype``."""
    for x in xs:
        if not np.can_cast(x.dtype, dtype, casting):
            raise TypeError(f"dtype {x.dtype} to {dtype} is no {casting!r} cast")


# Shape -----------------------------------------------------------------------------


def reshape(a: Any, shape: Any, order: Any = "C", copy: Any = None) -> Any:
    """See `numpy.reshape`; a view where the layout allows it."""
    a, shape = operand(a), dims(shape)
    if copy is not None and not copy:
        raise TypeError("reshape: copy=False is not supported for Tensors")
    if not in_fortran_order("reshape", order):
        out = s.reshape(a, shape=shape)
    else:
        out = s.transpose(s.reshape(s.transpose(a), shape=shape[::-1]))
    return s.astype(out, dtype=out.dtype) if copy else out


def in_fortran_order(name: str, order: Any) -> bool:
    """Whether ``order`` means Fortran's, not C's; an error if it is neither."""
    known = order.upper() if isinstance(order, str) else order
    if known not in ("C", "F", None):
        kind = TypeError if known in ("A", "K") else ValueError
        raise kind(f"{name}: expected order 'C' or 'F' for a Tensor, got {order!r}")
    return bool(known == "F")


def ravel(a: Any, order: Any = "C") -> Any:
    """All elements in one axis."""
    a = operand(a)
    if in_fortran_order("ravel", order):
        a = s.transpose(a)
    return s.reshape(a, shape=(math.prod(a.shape),))


def flatten(x: Any, start: int = 0, end: int = -1) -> Any:
    """Axes ``start`` to ``end``, both included, as one."""
    shape = tuple(x.shape) or (1,)
    first, last = single(start, len(shape)), single(end, len(shape))
    if first > last:
        raise ValueError(f"flatten: axis {start} comes after axis {end}")
    middle = math.prod(shape[first : last + 1])
    return s.reshape(x, shape=(*shape[:first], middle, *shape[last + 1 :]))


def transpose(a: Any, axes: Any = None) -> Any:
    """See `numpy.transpose`."""
    return s.transpose(operand(a), axes=axes)


def broadcast_to(array: Any, shape: Any) -> Any:
    """See `numpy.broadcast_to`."""
    return s.broadcast_to(operand(array), shape=shape)


def squeeze(a: Any, axis: Axis = None) -> Any:
    """Without axes of length 1 (all of them, or those named)."""
    shape = tuple(a.shape)
    if axis is None:
        return s.reshape(a, shape=tuple(n for n in shape if n != 1))
    gone = normalize(axis, len(shape))
    long = [i for i in gone if shape[i] != 1]
    if long:
        raise ValueError(f"squeeze: axis {long[0]} of shape {shape} is not of length 1")
    return s.reshape(a, shape=tuple(n for i, n in enumerate(shape) if i not in gone))


def expand_dims(a: Any, axis: int | Sequence[int]) -> Any:
    """With axes of length 1 at ``axis`` of the result."""
    axes = dims(axis)
    ndim = len(a.shape) + len(axes)
    new, old = normalize(axes, ndim), iter(a.shape)
    return s.reshape(a, shape=tuple(1 if i in new else next(old) for i in range(ndim)))


def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """See `numpy.moveaxis`."""
    ndim, old, new = len(a.shape), dims(source), dims(destination)
    if len(old) != len(new):
        raise ValueError(f"moveaxis: {len(old)} axes to {len(new)} places")
    normalize(old, ndim), normalize(new, ndim)  # for their errors
    moved = [i % ndim for i in old]
    order = [i for i in range(ndim) if i not in moved]
    for place, axis in sorted(zip([i % ndim for i in new], moved, strict=True)):
        order.insert(place, axis)
    return s.transpose(a, axes=tuple(order))


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """See `numpy.swapaxes`."""
    order = list(range(len(a.shape)))
    i, j = (single(axis, len(order)) for axis in (axis1, axis2))
    order[i], order[j] = order[j], order[i]
    return s.transpose(a, axes=tuple(order))


def flip(m: Any, axis: Axis = None) -> Any:
    """See `numpy.flip`."""
    turned = normalize(axis, len(m.shape))
    steps = (-1 if i in turned else 1 for i in range(len(m.shape)))
    return s.getitem(m, index=tuple(slice(None, None, step) for step in steps))


# Joining and repeating -------------------------------------------------------------


def concatenate(
    arrays: Any, axis: Any = 0, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    """See `numpy.concatenate`."""
    xs = [operand(x) for x in arrays]
    if axis is None:
        xs, axis = [ravel(x) for x in xs], 0
    if dtype is not None or casting != "same_kind":
        found = np.result_type(*(x.dtype for x in xs)) if dtype is None else dtype
        _check_cast(xs, found, casting)
    out = s.concatenate(*xs, axis=axis)
    return out if dtype is None else s.astype(out, dtype=dtype)


def stack(
    arrays: Any, axis: Any = 0, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    """Along a new axis."""
    xs = [operand(x) for x in arrays]
    if not xs:
        raise ValueError("stack: needs at least one array")
    axis = single(axis, len(xs[0].shape) + 1)
    return concatenate([expand_dims(x, axis) for x in xs], axis, dtype, casting)


def _at_least_2d(x: Any) -> Any:
    """One row, if ``x`` has fewer than two axes."""
    return s.reshape(x, shape=(1, -1)) if len(x.shape) < 2 else x


def vstack(tup: Any, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """See `numpy.vstack`."""
    return concatenate([_at_least_2d(operand(x)) for x in tup], 0, dtype, casting)


def hstack(tup: Any, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """See `numpy.hstack`."""
    xs = [operand(x) for x in tup]
    xs = [x if len(x.shape) else ravel(x) for x in xs]
    axis = 0 if not xs or len(xs[0].shape) == 1 else 1
    return concatenate(xs, axis, dtype, casting)


def split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Any]:
    """Into equal parts or at these places; views."""
    axis = single(axis, len(ary.shape))
    n = ary.shape[axis]
    cuts: Sequence[int]
    if np.ndim(indices_or_sections):
        cuts = [whole(cut) for cut in indices_or_sections]
    else:
        parts = whole(indices_or_sections)
        if parts < 1 or n % parts:
            raise ValueError(f"split: axis of length {n} into {parts} equal parts")
        cuts = range(n // parts, n, n // parts) if n else [0] * (parts - 1)
    before = [slice(None)] * axis
    return [
        s.getitem(ary, index=(*before, slice(lo, hi)))
        for lo, hi in pairwise((0, *cuts, n))
    ]


def take(a: Any, indices: Any, axis: Any = None) -> Any:
    """See `numpy.take`: indices, bools among them as 0 and 1."""
    a, where = operand(a), np.asarray(indices)
    if where.dtype == bool:
        where = host(lambda i: i.astype(np.intp), where)
    elif where.dtype.kind not in "iu":
        if where.size:
            raise TypeError(f"take: expected integer indices, got {where.dtype}")
        where = where.astype(np.intp)
    where = s.held(where)
    if axis is None:
        return s.getitem(ravel(a), index=where)
    before = (slice(None),) * single(axis, len(a.shape))
    return s.getitem(a, index=(*before, where))


def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    """See `numpy.repeat`: every element (or slice) several times in a row."""
    a = operand(a)
    if axis is None:
        a, axis = ravel(a), 0
    axis = single(axis, len(a.shape))
    if isinstance(repeats, TensorBase):
        repeats = repeats.numpy()  # type: ignore[attr-defined]
    return take(a, np.repeat(np.arange(a.shape[axis]), repeats), axis)


def tile(A: Any, reps: Any) -> Any:  # noqa: N803
    """See `numpy.tile`: the whole array several times along each axis; a copy."""
    x, counts = operand(A), dims(reps)
    ndim = max(len(counts), len(x.shape))
    counts = (1,) * (ndim - len(counts)) + counts
    shape = (1,) * (ndim - len(x.shape)) + tuple(x.shape)
    paired = tuple(n for pair in zip(counts, shape, strict=True) for n in pair)
    between = s.reshape(x, shape=tuple(n for m in shape for n in (1, m)))
    total = tuple(c * n for c, n in zip(counts, shape, strict=True))
    out = s.reshape(s.broadcast_to(between, shape=paired), shape=total)
    viewed = all(1 in pair for pair in zip(counts, shape, strict=True))
    return copy(out) if viewed else out


# Products --------------------------------------------------------------------------


def dot(a: Any, b: Any) -> Any:
    """See `numpy.dot`; ``b`` has at most two axes."""
    a, b = operand(a), operand(b)
    if not len(a.shape) or not len(b.shape):
        return e.mul(a, b)
    if len(b.shape) > 2:
        raise ValueError(f"dot: the second operand has shape {b.shape}; use matmul")
    return mm.matmul(a, b)


def outer(a: Any, b: Any) -> Any:
    """See `numpy.outer`."""
    return e.mul(expand_dims(ravel(a), 1), ravel(b))
