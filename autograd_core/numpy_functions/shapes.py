"""Functions of shapes, and of whole arrays: see `numpy_functions`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import recorder
from autograd_core.numpy_functions.arguments import (
    bare,
    graph_in,
    in_fortran_order,
    operand,
)
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.ops.folding import Axis, dims, normalize, single, whole


def shape(a: Any) -> tuple[int, ...]:
    """See `numpy.shape`."""
    return tuple(a.shape)


def ndim(a: Any) -> int:
    """See `numpy.ndim`."""
    return len(a.shape)


def size(a: Any, axis: Any = None) -> int:
    """See `numpy.size`."""
    if axis is None:
        return int(a.size)
    return r.count(a, axis if isinstance(axis, tuple) else single(axis, a.ndim))


def copy(a: Any, order: Any = "K", subok: Any = False) -> Any:
    """A copy that is differentiated through; its layout is C's."""
    a = operand(a)
    return s.astype(a, dtype=a.dtype)


def astype(x: Any, dtype: Any, /, *, copy: Any = True) -> Any:
    """See `numpy.astype`; always a copy."""
    return s.astype(operand(x), dtype=np.dtype(dtype))


def reshape(a: Any, /, shape: Any, order: Any = "C", *, copy: Any = None) -> Any:
    """See `numpy.reshape`; a view where the layout allows it."""
    a, shape = operand(a), dims(shape)
    if copy is not None and not copy:
        raise TypeError("reshape: copy=False is not supported for Tensors")
    if not in_fortran_order("reshape", order):
        out = s.reshape(a, shape=shape)
    else:
        out = s.transpose(s.reshape(s.transpose(a), shape=shape[::-1]))
    return s.astype(out, dtype=out.dtype) if copy else out


def ravel(a: Any, order: Any = "C") -> Any:
    """All elements in one axis."""
    a = operand(a)
    if in_fortran_order("ravel", order):
        a = s.transpose(a)
    return s.reshape(a, shape=(math.prod(a.shape),))


def transpose(a: Any, axes: Any = None) -> Any:
    """See `numpy.transpose`."""
    return s.transpose(operand(a), axes=axes)


permute_dims = transpose


def matrix_transpose(x: Any, /) -> Any:
    """See `numpy.matrix_transpose`."""
    if len(x.shape) < 2:
        raise ValueError(f"matrix_transpose: shape {tuple(x.shape)} is no matrix")
    return swapaxes(x, -1, -2)


def broadcast_to(array: Any, shape: Any) -> Any:
    """See `numpy.broadcast_to`."""
    return s.broadcast_to(operand(array), shape=shape)


def broadcast_arrays(*args: Any) -> tuple[Any, ...]:
    """See `numpy.broadcast_arrays`; read-only views."""
    xs = [operand(x) for x in args]
    shape = np.broadcast_shapes(*(x.shape for x in xs))
    return tuple(
        x if tuple(x.shape) == shape else s.broadcast_to(x, shape=shape) for x in xs
    )


def meshgrid(
    *xi: Any, copy: Any = True, sparse: Any = False, indexing: Any = "xy"
) -> tuple[Any, ...]:
    """See `numpy.meshgrid`."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is 'xy' or 'ij', not {indexing!r}")
    places = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        places[:2] = 1, 0
    shapes = [tuple(-1 if i == k else 1 for i in range(len(xi))) for k in places]
    out: Any = [
        s.reshape(operand(x), shape=shape) for x, shape in zip(xi, shapes, strict=True)
    ]
    out = out if sparse else broadcast_arrays(*out)
    return tuple(s.astype(x, dtype=x.dtype) if copy else x for x in out)


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


def rollaxis(a: Any, axis: Any, start: Any = 0) -> Any:
    """See `numpy.rollaxis`."""
    ndim = len(a.shape)
    axis, start = single(axis, ndim), single(start, ndim + 1) if start >= 0 else start
    start = single(start, ndim) if start < 0 else start
    order = [i for i in range(ndim) if i != axis]
    order.insert(start - (axis < start), axis)
    return s.transpose(a, axes=tuple(order))


def flip(m: Any, axis: Axis = None) -> Any:
    """See `numpy.flip`."""
    turned = normalize(axis, len(m.shape))
    steps = (-1 if i in turned else 1 for i in range(len(m.shape)))
    return s.getitem(m, index=tuple(slice(None, None, step) for step in steps))


def flipud(m: Any) -> Any:
    """See `numpy.flipud`."""
    if not m.shape:
        raise ValueError("flipud: needs at least one axis")
    return flip(m, 0)


def fliplr(m: Any) -> Any:
    """See `numpy.fliplr`."""
    if len(m.shape) < 2:
        raise ValueError("fliplr: needs at least two axes")
    return flip(m, 1)


def rot90(m: Any, k: Any = 1, axes: Any = (0, 1)) -> Any:
    """See `numpy.rot90`."""
    first, second = (single(axis, len(m.shape)) for axis in axes)
    if first == second:
        raise ValueError("rot90: axes must be different")
    turns = whole(k) % 4
    if not turns:
        return s.getitem(m, index=Ellipsis)
    if turns == 2:
        return flip(m, (first, second))
    if turns == 1:
        return swapaxes(flip(m, second), first, second)
    return flip(swapaxes(m, first, second), second)


def _each(give: Any, arrays: Sequence[Any]) -> Any:
    """One array by itself, several as a tuple, each with at least so many axes."""
    out = tuple(give(operand(x)) for x in arrays)
    return out[0] if len(out) == 1 else out


def _at_least_1d(x: Any) -> Any:
    return x if x.shape else s.reshape(x, shape=(1,))


def _at_least_2d(x: Any) -> Any:
    """One row, if ``x`` has fewer than two axes."""
    return s.reshape(x, shape=(1, -1)) if len(x.shape) < 2 else x


def _at_least_3d(x: Any) -> Any:
    shapes = {0: (1, 1, 1), 1: (1, *x.shape, 1), 2: (*x.shape, 1)}
    return s.reshape(x, shape=shapes[x.ndim]) if x.ndim < 3 else x


def atleast_1d(*arys: Any) -> Any:
    """See `numpy.atleast_1d`; an array where there is no gradient to lose.

    SciPy hands that to compiled code, which takes arrays alone.
    """
    return np.atleast_1d(*bare(arys)) if _graphless(arys) else _each(_at_least_1d, arys)


def atleast_2d(*arys: Any) -> Any:
    """See `numpy.atleast_2d`; an array where there is no gradient to lose."""
    return np.atleast_2d(*bare(arys)) if _graphless(arys) else _each(_at_least_2d, arys)


def _graphless(arys: Any) -> bool:
    """Whether nobody differentiates through these or records what they are for."""
    return recorder() is None and not graph_in(arys)


def atleast_3d(*arys: Any) -> Any:
    """See `numpy.atleast_3d`."""
    return _each(_at_least_3d, arys)
