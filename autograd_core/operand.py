"""What an op takes: everything else that NumPy would take is turned into that, once.

An op sees Tensors, arrays of float32, float64, complex64, complex128, integers or bool
in the machine's own layout, Python numbers, and None for an optional input. Lists and
tuples become arrays; those that hold Tensors become Tensors, so that their gradients
are not lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import RECORDING, Array, current
from autograd_core.launch import Constant, empty, host
from autograd_core.tape import TensorBase, Version
from autograd_core.tape import is_numeric as is_numeric_dtype

NUMBERS = (float, int, bool, complex)
NATIVE = frozenset(map(np.dtype, "fdFD?bBhHiIlLqQ"))


def operand(value: Any) -> Any:
    """``value`` as an op takes it; TypeError for what no op can compute with."""
    kind = type(value)
    if kind is np.ndarray:
        return value if is_native(value) else native(value)
    if kind in NUMBERS or value is None or isinstance(value, TensorBase):
        return value
    if isinstance(value, list | tuple):
        inside = first_tensor(value)
        if inside is not None:
            return inside.stacked(value)
    if isinstance(value, int | float) and not isinstance(value, np.generic):
        return int(value) if isinstance(value, int) else float(value)  # of an enum
    refuse_mask(value)
    array = np.asarray(value)
    return array if is_native(array) else native(array)


def refuse_mask(value: Any) -> None:
    """Raise TypeError for a masked array."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            "the mask of a masked array would be dropped; fill it first: x.filled(0)"
        )


def is_native(array: Array) -> bool:
    """Whether kernels and NumPy's functions can compute with ``array`` as it is."""
    return array.dtype in NATIVE and array.flags.aligned


def native(array: Array) -> Array:
    """A copy in the machine's byte order, aligned; TypeError for other dtypes."""
    dtype = array.dtype.newbyteorder("=")
    if not is_numeric_dtype(dtype):
        hint = "; convert it with .astype(np.float32)" if dtype.kind == "f" else ""
        raise TypeError(f"cannot compute with dtype {dtype}{hint}")
    return host(lambda a: a.astype(dtype), array)


def first_tensor(values: Any) -> TensorBase | None:
    """A Tensor somewhere in nested lists and tuples, or None."""
    for value in values:
        if isinstance(value, list | tuple):
            value = first_tensor(value)
        if isinstance(value, TensorBase):
            return value
    return None


def is_numeric(value: Any) -> bool:
    """Whether an operator has a meaning for ``value``; else Python asks the other side.

    NumPy tries everything. What it then makes an array of objects of is not for here.
    """
    if isinstance(value, TensorBase) or type(value) in NUMBERS:
        return True
    if value is None or isinstance(value, str | bytes | dict | set | frozenset):
        return False
    if isinstance(value, (*NUMBERS, list, tuple, np.ndarray, np.generic)):
        return True
    return any(hasattr(value, name) for name in ARRAY_LIKE)


ARRAY_LIKE = ("__array__", "__array_interface__", "__buffer__")


def snapshot(array: Array) -> Array:
    """``array`` as it is now: itself where nobody can write to it, else a copy."""
    if RECORDING and current.recorder is not None:
        return array  # a replay reads what is there then, as the first run did
    if is_frozen(array):
        return array
    out = empty(array.shape, array.dtype)
    np.copyto(out, array)
    return out


def is_frozen(array: Array) -> bool:
    """Whether neither ``array`` nor what its memory belongs to can be written to."""
    base: Any = array
    while isinstance(base, np.ndarray | memoryview):
        if isinstance(base, memoryview):
            base = base.obj
            continue
        if base.flags.writeable and not isinstance(base.base, Constant):
            return False
        base = base.base
    try:
        return base is None or isinstance(base, Constant) or memoryview(base).readonly
    except TypeError:
        return False


def watched(array: Array) -> Version:
    """A version cell that counts 1 if ``array`` has been written to since."""
    return [0, _Writes(array)]


class _Writes(Sequence[int]):
    """One number: whether an array differs from what it was, bit by bit."""

    def __init__(self, array: Array) -> None:
        self.array, self.before = array, array.tobytes()

    def __len__(self) -> int:
        return 1

    def __getitem__(self, i: Any) -> Any:
        return int(self.array.tobytes() != self.before)
