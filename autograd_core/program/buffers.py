"""Buffers: the temporaries of a recording, and references into them.

A temporary may die while the recording goes on, as it would in eager; what stays is how
large it was, and which launches touched it. Memory from outside stays itself.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograd_core.launch import Pointers
from autograd_core.tape import Array


@dataclass(eq=False)
class Buffer:
    """One temporary: its size, when it is used, and where it will be."""

    nbytes: int
    scratch: bool = False  # working memory: a row for each part that runs at once
    first: int = -1
    last: int = -1
    offset: int = -1
    home: Array | None = None  # memory of its own that outlives the recording

    def touch(self, time: int) -> None:
        """It is used at ``time``."""
        if self.first < 0:
            self.first = time
        self.last = max(self.last, time)


@dataclass(frozen=True)
class Ref:
    """An array that lies in a buffer."""

    buffer: Buffer
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.itemsize

    def shaped(self, like: Ref) -> Ref:
        """The same memory in the shape of another array of its size."""
        return replace(self, shape=like.shape, strides=like.strides)


Known = Ref | Array  # an array of a recording: in a buffer, or from outside


@dataclass
class PointerRefs:
    """A pointer table of a recording: `launch.Pointers` with references."""

    columns: list[list[Known]]
    table: Array


@dataclass
class Buffers:
    """Which temporary an array lies in, as long as the temporary lives."""

    all: list[Buffer] = field(default_factory=list)
    _owners: dict[int, tuple[Any, Buffer]] = field(default_factory=dict)

    def add(self, array: Array, scratch: bool = False) -> None:
        """A new temporary, to be forgotten when it dies."""
        buffer, key = Buffer(array.nbytes, scratch), id(array)
        self.all.append(buffer)
        owners = self._owners
        alive = weakref.ref(array, lambda _: owners.pop(key, None))
        owners[key] = alive, buffer

    def known(self, array: Array) -> Known:
        """The array as a reference, or itself if it is from outside."""
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        found = self._owners.get(id(owner))
        if found is None:
            return array
        offset = address_of(array) - address_of(owner)
        return Ref(found[1], offset, array.shape, array.strides, array.dtype)

    def argument(self, arg: Any) -> Any:
        """What a launch was given, with references for arrays."""
        if isinstance(arg, np.ndarray):
            return self.known(arg)
        if isinstance(arg, Pointers):
            columns = [[self.known(a) for a in column] for column in arg.columns]
            return PointerRefs(columns, arg.table.copy())
        return arg


def address_of(array: Array) -> int:
    """Address of the first element."""
    return int(array.__array_interface__["data"][0])


def is_array(arg: Any) -> bool:
    """Whether an argument of an event is an array."""
    return isinstance(arg, Ref | np.ndarray)


def same(a: Known, b: Known) -> bool:
    """Whether two arrays are the same bytes."""
    if isinstance(a, Ref) and isinstance(b, Ref):
        return (a.buffer, a.offset, a.nbytes) == (b.buffer, b.offset, b.nbytes)
    if isinstance(a, Ref) or isinstance(b, Ref):
        return False
    return a.nbytes == b.nbytes and address_of(a) == address_of(b)


def arrays_in(args: Sequence[Any]) -> list[Known]:
    """All arrays among arguments, those of pointer tables too."""
    found: list[Known] = []
    for arg in args:
        if isinstance(arg, PointerRefs):
            for column in arg.columns:
                found += column
        elif is_array(arg):
            found.append(arg)
    return found
