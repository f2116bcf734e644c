"""The door through which values are written over those of a tensor.

Together with `TensorBase.wrote`, for what a kernel has written, and ``data = ...`` it
is the only way: each counts the tensor's version and tells a recorder.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autograd_core.hooks import RECORDING, Array, current
from autograd_core.launch import copy_into, duplicate, host
from autograd_core.tape import TensorBase


def array_of(x: Any) -> Array:
    """The array of a Tensor, or ``x`` as an array."""
    if not isinstance(x, TensorBase):
        return np.asarray(x)
    if RECORDING and (listener := current.recorder) is not None:
        listener.on_leaf(x)
    return x._data


def write(tensor: TensorBase, values: Any) -> None:
    """``tensor[...] = values``: an array, Tensor or number, broadcast and cast."""
    overwrite(tensor._data, values)
    tensor.wrote()


def overwrite(out: Array, values: Any) -> None:
    """`write` for memory that belongs to no tensor, such as an optimizer's state.

    As NumPy does it: leading axes of length 1 are dropped.
    """
    check_writable(out)
    value = as_written(values, out.dtype)
    while value.ndim > out.ndim and value.shape[0] == 1:
        value = value[0]
    if value.shape != out.shape:
        try:
            value = np.broadcast_to(value, out.shape)
        except ValueError:
            raise ValueError(
                f"cannot write values of shape {value.shape} to shape {out.shape}"
            ) from None
    if np.may_share_memory(value, out):
        value = duplicate(value)
    copy_into(value, out)


def as_written(values: Any, dtype: Any) -> Array:
    """``values`` as an array that can be cast to ``dtype``; floats are cut to integers.

    OverflowError or ValueError for numbers that an integer cannot hold. Complex numbers
    that lose their imaginary part are warned of, as NumPy does.
    """
    whole = dtype.kind in "iu"
    if whole and not isinstance(values, TensorBase | np.ndarray):
        exact = np.empty(np.shape(values), dtype)
        exact[...] = values
        return exact
    value = array_of(values)
    if value.dtype.kind == "c" and dtype.kind != "c":
        warnings.warn(
            f"complex numbers are written to {dtype}: their imaginary part is dropped",
            np.exceptions.ComplexWarning,
            stacklevel=4,
        )
        value = value.real
    if whole and value.dtype.kind == "f":
        value = host(lambda a: _cut(a, dtype), value)
    return value


def check_writable(out: Array) -> None:
    """Raise ValueError for read-only memory, such as that of `numpy.broadcast_to`."""
    if not out.flags.writeable:
        raise ValueError("cannot write to read-only memory; write to a .clone() of it")


def _cut(values: Array, dtype: Any) -> Array:
    try:
        with np.errstate(invalid="raise"):
            return values.astype(dtype)
    except FloatingPointError:
        raise ValueError(
            f"cannot write to {dtype}: a value is NaN, infinite or too large"
        ) from None
