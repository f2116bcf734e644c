"""How a call's arguments get to a Program, and its results to the caller.

For plain NumPy arrays native code does it all, see ``autograd_kernels.driver.entry``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_kernels import jit
from autograd_kernels.driver import entry
from autograd_kernels.native import data_of


class NativeCall:
    """A Program's frame, and the native entry ``enter(frame, args, outs)`` to it.

    A brief call is made as a whole; of others, only the arguments are taken.
    """

    def __init__(
        self,
        table: Array,
        inputs: Sequence[Array],
        outputs: Sequence[Array],
        whole: bool,
        counts: Array,
    ) -> None:
        """``counts``: replays left until a check, and replays so far."""
        head = [data_of(table), len(table), len(inputs), len(outputs)]
        places = chain.from_iterable(map(_place, (*inputs, *outputs)))
        rest = [id(np.ndarray), 0, 0, 0, 0, data_of(counts), whole]
        self.words = np.array([*head, *rest, *places], np.int64)
        self.frame = data_of(self.words)
        self.enter: Callable[..., int] = jit.entry(entry.enter, entry.ENTER)
        self._kept: dict[int, Array] = {}

    def watch(self, at: int, pairs: Array) -> None:
        """Look at these pairs in each call: `entry.WATCHED` or `entry.SHARED`."""
        self._kept[at] = pairs
        self.words[at : at + 2] = data_of(pairs), len(pairs)

    def fits(self, args: tuple[Array, ...]) -> bool:
        """Whether a call with these arguments would be taken; they are copied in."""
        words = self.words.copy()
        words[entry.WHOLE] = 0
        return self.enter(data_of(words), args, ()) >= 0

    def leave_out(self, inputs: Iterable[int]) -> None:
        """Copy no bytes of these inputs, only look whether they fit."""
        for i in inputs:
            self.words[entry.HEAD + entry.PLACE * i + 2] = 0


@cache
def _unchanged() -> Callable[..., bool]:
    return jit.entry(entry.unchanged, entry.UNCHANGED)


def unchanged(pairs: Array) -> bool:
    """Whether all words are what they were."""
    return bool(_unchanged()(data_of(pairs), len(pairs)))


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
    head = [data_of(array), id(dtype), array.nbytes, array.ndim]
    return [*head, *array.shape, *rest]
