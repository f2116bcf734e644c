"""Functions that pick elements: see `numpy_functions`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import constant, host
from autograd_core.numpy_functions.arguments import bare, operand, plain
from autograd_core.numpy_functions.shapes import ravel
from autograd_core.ops import shape as s
from autograd_core.ops.folding import single
from autograd_core.tape import TensorBase


def take(a: Any, indices: Any, axis: Any = None, mode: Any = "raise") -> Any:
    """See `numpy.take`: indices, bools among them as 0 and 1."""
    a, where = operand(a), np.asarray(_places(indices))
    if where.dtype == bool:
        where = host(lambda i: i.astype(np.intp), where)
    elif where.dtype.kind not in "iu":
        if where.size:
            raise TypeError(f"take: expected integer indices, got {where.dtype}")
        where = where.astype(np.intp)
    if axis is None:
        a, axis = ravel(a), 0
    axis = single(axis, len(a.shape))
    where = s.held(_within(where, a.shape[axis], mode))
    return s.getitem(a, index=(*(slice(None),) * axis, where))


def _places(indices: Any) -> Any:
    """Indices of `numpy.take`, to which a mask is zeros and ones."""
    if isinstance(indices, TensorBase) and indices._data.dtype.kind == "b":
        indices = s.astype(indices, dtype=np.intp)
    return plain(indices)


def _within(index: Array, n: int, mode: Any) -> Array:
    """Indices of ``n`` elements, those beyond changed as ``mode`` has it."""
    if mode == "raise":
        return index
    if mode not in ("wrap", "clip"):
        raise ValueError(f"mode: expected 'raise', 'wrap' or 'clip', got {mode!r}")
    if not n:
        return index  # for NumPy's error
    if mode == "wrap":
        return host(lambda i: np.mod(i, n), index)
    return host(lambda i: np.clip(i, 0, n - 1), index)


def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    """See `numpy.take_along_axis`."""
    arr, where = operand(arr), np.asarray(plain(indices))
    if axis is None:
        if where.ndim != 1:
            raise ValueError(f"take_along_axis: indices of {where.ndim} axes, not 1")
        arr, axis = ravel(arr), 0
    return s.getitem(arr, index=_along("take_along_axis", arr.shape, where, axis))


def _along(
    name: str, shape: tuple[int, ...], where: Array, axis: Any
) -> tuple[Array, ...]:
    """The index by which element i along ``axis`` is that of ``where``."""
    if where.dtype.kind not in "iu":
        raise IndexError(f"{name}: indices must be integers, got {where.dtype}")
    if where.ndim != len(shape):
        raise ValueError(f"{name}: indices of {where.ndim} axes into {len(shape)}")
    axis, ones = single(axis, len(shape)), [1] * len(shape)
    return tuple(
        s.held(where)
        if i == axis
        else constant(np.arange(n).reshape([*ones[:i], n, *ones[i + 1 :]]), np.intp)
        for i, n in enumerate(shape)
    )


def compress(condition: Any, a: Any, axis: Any = None) -> Any:
    """See `numpy.compress`."""
    chosen = np.asarray(bare(condition))
    if chosen.ndim != 1:
        raise ValueError(f"compress: a condition of {chosen.ndim} axes, not 1")
    return take(a, np.flatnonzero(chosen), axis)


def extract(condition: Any, arr: Any) -> Any:
    """See `numpy.extract`."""
    return take(ravel(arr), np.flatnonzero(bare(condition)))
