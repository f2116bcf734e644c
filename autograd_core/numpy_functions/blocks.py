"""Functions that build arrays of parts of others: see `numpy_functions`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.launch import host
from autograd_core.numpy_functions.arguments import (
    bare,
    is_number,
    operand,
    plain,
    weak,
)
from autograd_core.numpy_functions.indexing import take, take_along_axis
from autograd_core.numpy_functions.joining import concatenate, stack
from autograd_core.numpy_functions.shapes import (
    broadcast_arrays,
    copy,
    moveaxis,
    ravel,
)
from autograd_core.ops import shape as s
from autograd_core.ops.folding import dims, normalize, single


def block(arrays: Any) -> Any:
    """See `numpy.block`."""
    depth = _depth(arrays)
    ndim = max(depth, _most_axes(arrays))
    out = _joined(arrays, depth, ndim)
    return out if depth else copy(out)


def _depth(arrays: Any) -> int:
    if isinstance(arrays, tuple):
        raise TypeError("block: expected arrays and lists of them, got a tuple")
    if not isinstance(arrays, list):
        return 0
    if not arrays:
        raise ValueError("block: a list is empty")
    depths = {_depth(one) for one in arrays}
    if len(depths) > 1:
        raise ValueError("block: lists are nested to different depths")
    return 1 + depths.pop()


def _most_axes(arrays: Any) -> int:
    if isinstance(arrays, list):
        return max(map(_most_axes, arrays))
    return len(operand(arrays).shape)


def _joined(arrays: Any, depth: int, ndim: int) -> Any:
    if depth:
        return concatenate([_joined(a, depth - 1, ndim) for a in arrays], -depth)
    x = operand(arrays)
    return s.reshape(x, shape=(*(1,) * (ndim - len(x.shape)), *x.shape))


def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """See `numpy.append`."""
    return concatenate([operand(arr), operand(values)], axis)


def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """See `numpy.insert`."""
    arr, obj, values = operand(arr), bare(obj), operand(values)
    if axis is None:
        arr, axis = ravel(arr), 0
    axis = single(axis, len(arr.shape))
    n = arr.shape[axis]
    places = np.arange(n)[obj] if isinstance(obj, slice) else np.asarray(obj)
    if places.dtype == bool:
        places = np.flatnonzero(places)
    if places.size == 1:
        lead = (1,) * (len(arr.shape) - len(values.shape))
        values = s.reshape(values, shape=(*lead, *values.shape))
        if not places.ndim:  # as ``a[:, 0] = values``, not ``a[:, [0]] = values``
            values = moveaxis(values, 0, axis)
        count = values.shape[axis]
    else:
        count = places.size
    values = values if values.dtype == arr.dtype else s.astype(values, dtype=arr.dtype)
    new = (*arr.shape[:axis], count, *arr.shape[axis + 1 :])
    both = concatenate([arr, s.broadcast_to(values, shape=new)], axis)
    return take(both, np.insert(np.arange(n), obj, np.arange(n, n + count)), axis)


def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    """See `numpy.delete`."""
    arr = operand(arr)
    if axis is None:
        arr, axis = ravel(arr), 0
    axis = single(axis, len(arr.shape))
    return take(arr, np.delete(np.arange(arr.shape[axis]), bare(obj)), axis)


def resize(a: Any, new_shape: Any) -> Any:
    """See `numpy.resize`: the elements again and again, or the first of them."""
    a, shape = ravel(a), dims(new_shape)
    if any(n < 0 for n in shape):
        raise ValueError(f"resize: a length is negative in {shape}")
    if not a.shape[0]:
        return s.full_like(a, fill_value=0, shape=shape)
    places = np.arange(math.prod(shape)) % a.shape[0]
    return s.reshape(take(a, places), shape=shape)


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """See `numpy.roll`."""
    a, shift = operand(a), bare(shift)
    if axis is None:
        return s.reshape(roll(ravel(a), np.sum(shift), 0), shape=a.shape)
    pairs = np.broadcast(np.asarray(shift), axis)
    if pairs.ndim > 1:
        raise ValueError("roll: shift and axis must be numbers or of one axis")
    out = a
    for by, along in pairs:
        along = single(along, len(a.shape))
        n = a.shape[along]
        if n and int(by) % n:
            cut = n - int(by) % n
            before = (slice(None),) * along
            parts = (slice(cut, None), slice(None, cut))
            out = concatenate(
                [s.getitem(out, index=(*before, p)) for p in parts], along
            )
    return copy(a) if out is a else out


def choose(a: Any, choices: Any, mode: Any = "raise") -> Any:
    """See `numpy.choose`."""
    index, count = operand(a), len(choices)
    known: dict[Any, Any] = {"raise": _valid, "wrap": np.mod, "clip": _clipped}
    if mode not in known:
        raise ValueError(f"choose: mode is 'raise', 'wrap' or 'clip', not {mode!r}")
    if index.dtype.kind not in "iub":
        raise TypeError(f"choose: expected integers to choose by, got {index.dtype}")
    choices = [weak(one) for one in choices]
    dtype = np.result_type(*(x if is_number(x) else x.dtype for x in choices))
    choices = [np.asarray(x, dtype) if is_number(x) else x for x in choices]
    index, *choices = broadcast_arrays(index, *choices)
    within, index = known[mode], s.astype(index, dtype=np.intp)
    where = host(lambda i: within(i, count)[None], plain(index))
    return s.getitem(take_along_axis(stack(choices), where, 0), index=0)


def _valid(index: Any, count: int) -> Any:
    if index.size and (index.min() < 0 or index.max() >= count):
        raise ValueError("choose: invalid entry in choice array")
    return index


def _clipped(index: Any, count: int) -> Any:
    return np.clip(index, 0, count - 1)


def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """See `numpy.trim_zeros`; a view."""
    filt, ends = operand(filt), str(trim).lower()
    if ends not in ("fb", "bf", "f", "b"):
        raise ValueError(f"trim_zeros: trim is of 'f' and 'b', got {trim!r}")
    axes, places = normalize(axis, len(filt.shape)), np.argwhere(bare(filt))
    index = [slice(None)] * len(filt.shape)
    for i in axes:
        if len(places):
            low, high = int(places[:, i].min()), int(places[:, i].max()) + 1
            index[i] = slice(low if "f" in ends else 0, high if "b" in ends else None)
        else:
            index[i] = slice(0, 0)
    return s.getitem(filt, index=tuple(index))
