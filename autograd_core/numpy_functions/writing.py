"""Functions that write into an array: see `numpy_functions`.

Into a Tensor they write as ``x[index] = values`` does, see `in_place`. Into an array
goes what needs no gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.numpy_functions.arguments import (
    bare,
    check_cast,
    is_number,
    operand,
    plain,
    weak,
)
from autograd_core.numpy_functions.blocks import resize
from autograd_core.numpy_functions.indexing import _along
from autograd_core.ops import elementwise as e
from autograd_core.tape import TensorBase, check_kept


def _bare(function: Any, *values: Any) -> list[Any]:
    """What NumPy can write into an array; RuntimeError where a gradient is lost."""
    for value in values:
        inside = operand(value) if isinstance(value, list | tuple) else value
        if isinstance(inside, TensorBase):
            check_kept(inside, f"np.{function.__name__}")
    return [bare(value) for value in values]


def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """See `numpy.copyto`."""
    if not isinstance(dst, TensorBase):
        src, where = _bare(np.copyto, src, where)
        return np.copyto(dst, src, casting, where)
    target: Any = dst
    src = weak(src)
    given = np.asarray(src) if is_number(src) else src
    check_cast([given], target.dtype, casting)
    target[...] = src if where is True else e.where(operand(where), src, target)
    return None


def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """See `numpy.fill_diagonal`."""
    if not isinstance(a, TensorBase):
        (values,) = _bare(np.fill_diagonal, val)
        np.fill_diagonal(a, values, wrap)
        return
    target: Any = a
    shape = target.shape
    if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
        raise ValueError(f"fill_diagonal: shape {shape} has no main diagonal")
    ndim = len(shape)
    width = shape[1] + 1 if ndim == 2 else sum(shape[0] ** i for i in range(ndim))
    end = None if wrap or len(shape) > 2 else shape[1] ** 2
    places = np.arange(target.size)[:end:width]
    values = operand(val)
    if len(places) and values.shape:
        values = resize(values, len(places))
    target[np.unravel_index(places, shape)] = values


def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    """See `numpy.put_along_axis`."""
    if not isinstance(arr, TensorBase):
        where, values = _bare(np.put_along_axis, indices, values)
        np.put_along_axis(arr, where, values, axis)
        return
    target: Any = arr
    where = np.asarray(plain(indices))
    if axis is None:
        put(target, where, values)
    else:
        target[_along("put_along_axis", target.shape, where, axis)] = values


def put(a: Any, ind: Any, v: Any, mode: Any = "raise") -> None:
    """See `numpy.put`."""
    if not isinstance(a, TensorBase):
        where, values = _bare(np.put, ind, v)
        np.put(a, where, values, mode)
        return
    target: Any = a
    places = np.ravel(np.asarray(bare(ind), np.intp))
    if mode == "wrap":
        places = places % target.size
    elif mode == "clip":
        places = np.clip(places, 0, target.size - 1)
    elif mode != "raise":
        raise ValueError(f"put: expected mode 'raise', 'wrap' or 'clip', got {mode!r}")
    _write_at(target, _checked(places, target.size), v)


def _checked(places: Any, size: int) -> Any:
    if len(places) and not (-size <= places.min() and places.max() < size):
        raise IndexError(f"put: an index is out of bounds for size {size}")
    return places % size if size else places


def _write_at(target: Any, places: Any, values: Any) -> None:
    """Values over the elements at these places of the flat array, repeated if few."""
    values = operand(values)
    if len(places) and values.size:
        index = np.unravel_index(places, target.shape) if target.shape else ...
        target[index] = resize(values, len(places) if target.shape else ())


def place(arr: Any, mask: Any, vals: Any) -> None:
    """See `numpy.place`."""
    if not isinstance(arr, TensorBase):
        np.place(arr, *_bare(np.place, mask, vals))
        return
    chosen = np.asarray(bare(mask), bool)
    if chosen.size != arr._data.size:
        raise ValueError("place: mask and data must be the same size")
    if chosen.any() and not np.size(vals):
        raise ValueError("place: cannot insert from an empty array")
    _write_at(arr, np.flatnonzero(chosen), vals)


def putmask(a: Any, /, mask: Any, values: Any) -> None:
    """See `numpy.putmask`."""
    if not isinstance(a, TensorBase):
        np.putmask(a, *_bare(np.putmask, mask, values))
        return
    target: Any = a
    chosen = np.asarray(bare(mask), bool)
    if chosen.size != target.size:
        raise ValueError("putmask: mask and data must be the same size")
    values = operand(values)
    if target.size and values.size:
        whole = resize(values, target.shape)
        target[...] = e.where(chosen.reshape(target.shape), whole, target)
