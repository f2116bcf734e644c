"""The door through which values are written over those of a tensor.

Together with `TensorBase.wrote`, for what a kernel has written, and ``data = ...`` it
is the only way: each counts the tensor's version and tells a recorder.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.hooks import RECORDING, Array, current
from autograd_core.launch import copy_into, duplicate
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
    """`write` for memory that belongs to no tensor, such as an optimizer's state."""
    value = array_of(values)
    if value.shape != out.shape:
        value = np.broadcast_to(value, out.shape)
    if np.may_share_memory(value, out):
        value = duplicate(value)
    copy_into(value, out)
