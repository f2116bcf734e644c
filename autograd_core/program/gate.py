"""The gate: how a call's arguments get to a Program, and its results to the caller.

For plain NumPy arrays native code does it all, see ``autograd_kernels.entry``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any

import numpy as np

from autograd_core.program.buffers import address_of
from autograd_core.tape import Array, TensorBase
from autograd_kernels import _jit, entry


class Gate:
    """A Program's frame, and the native entry ``enter(frame, args, outs)`` to it.

    A brief call is made as a whole; of others, only the arguments are taken.
    """

    def __init__(
        self,
        table: Array,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        leaves: Sequence[TensorBase],
    ) -> None:
        at = slot_of_data() if entry.layout_known() else 0
        words = [(id(leaf) + at, id(leaf.data)) for leaf in leaves]
        self.watched = np.array(words, np.int64).reshape(-1, 2)
        head = [address_of(table), len(table), len(inputs), len(outputs)]
        watched = [address_of(self.watched), len(self.watched)]
        places = chain.from_iterable(map(_place, (*inputs, *outputs)))
        self.words = np.array([*head, id(np.ndarray), *watched, *places], np.int64)
        self.frame = address_of(self.words)
        self.enter: Callable[..., int] = _jit.entry(entry.enter, entry.ENTER)

    def leave_out(self, inputs: Iterable[int]) -> None:
        """Copy no bytes of these inputs, only look whether they fit."""
        for i in inputs:
            self.words[entry.HEAD + entry.PLACE * i + 2] = 0


@cache
def slot_of_data() -> int:
    """Bytes from the start of a tensor to where CPython keeps its ``data``."""
    tensor = TensorBase()
    tensor.data = np.empty(0)
    words = (ctypes.c_int64 * (TensorBase.__basicsize__ // 8)).from_address(id(tensor))
    return 8 * list(words).index(id(tensor.data))


def passable(arrays: Sequence[Array]) -> bool:
    """Whether native code can take or give these."""
    return entry.layout_known() and all(map(_fits, arrays))


def _fits(array: Array) -> bool:
    return array.ndim <= entry.AXES and array.flags.c_contiguous


def singleton(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The one object that nearly all arrays of a dtype share."""
    return np.dtype(dtype.str)


def _place(array: Array) -> list[int]:
    rest = [0] * (entry.AXES - array.ndim)
    dtype = singleton(array.dtype)
    head = [address_of(array), id(dtype), array.nbytes, array.ndim]
    return [*head, *array.shape, *rest]
