"""Buffers: the memory of a recording by the part that it plays, and places in it.

A recording refers to arrays as places in buffers, so that two recordings can be held
against each other, and a temporary may die while the recording goes on, as in eager.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import Constant, Pointers
from autograd_kernels.native import LAYOUT, C, data_of


class Role(Enum):
    """What the memory of a buffer is to the function."""

    TEMPORARY = "a temporary"
    INPUT = "an argument"
    OUTSIDE = "memory from outside"


TEMPORARY, OUTSIDE = Role.TEMPORARY, Role.OUTSIDE


class Buffer:
    """Memory that arrays of a recording lie in.

    ``number`` counts the buffers of one role, in order. ``home`` is memory that exists:
    that of an input or from outside, or a place that a temporary is given for good.
    ``key`` is the same number for buffers of two recordings that surely are the same,
    and then they are equal; within a recording each is equal to itself alone.
    """

    __hash__ = object.__hash__

    scratch = False  # working memory: a row for each part that runs at once
    held = False  # by others than the recording
    home: Array | None = None
    region: Buffer | None = None  # of outside memory that overlaps: one for all
    first = last = offset = -1

    def __init__(
        self, role: Role, number: int, nbytes: int, home: Array | None = None
    ) -> None:
        self.role = role
        self.number = number
        self.nbytes = nbytes
        if home is not None:
            self.home = home
        if role is TEMPORARY:  # below all ids, as those of inputs
            self.key = -1 - 2 * number
        else:
            self.key = id(home) if role is OUTSIDE else -2 - 2 * number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Buffer) and self.key == other.key

    def touch(self, time: int) -> None:
        """It is used at ``time``."""
        if self.first < 0:
            self.first = time
        self.last = max(self.last, time)

    @property
    def memory(self) -> Array:
        """Its home, where there is one."""
        assert self.home is not None
        return self.home

    @property
    def temporary(self) -> bool:
        """Whether its values mean nothing to anybody after a replay."""
        return self.role is Role.TEMPORARY and self.home is None

    @property
    def constant(self) -> bool:
        """Whether nobody ever writes to it: numbers of the library's own."""
        return self.home is not None and isinstance(self.home.base, Constant)


class Ref(NamedTuple):
    """An array that lies in a buffer."""

    buffer: Buffer
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]
    flags: int  # those that a kernel's type depends on

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
        return self._replace(shape=like.shape, strides=like.strides, flags=like.flags)


@dataclass(slots=True)
class PointerRefs:
    """A pointer table of a recording: `launch.Pointers` with places."""

    columns: list[list[Ref]]
    table: Array = field(compare=False)


class Buffers:
    """All buffers of a recording, and which one an array lies in while it lives."""

    def __init__(self, inputs: Sequence[Array]) -> None:
        self.inputs = [
            Buffer(Role.INPUT, i, array.nbytes, home=array)
            for i, array in enumerate(inputs)
        ]
        self.temporaries: list[Buffer] = []
        self.outside: list[Buffer] = []
        # By id of the array that owns memory: its buffer, a weak reference if it is a
        # temporary, and once asked for its own place.
        self._owners: dict[int, list[Any]] = {}
        for array, buffer in zip(inputs, self.inputs, strict=True):
            self._owners[id(array)] = [buffer, None, None]

    def add(self, array: Array, scratch: bool = False) -> None:
        """A new temporary, forgotten when it dies."""
        buffer = Buffer(TEMPORARY, len(self.temporaries), array.nbytes)
        if scratch:
            buffer.scratch = True
        self.temporaries.append(buffer)
        self._owners[id(array)] = [buffer, weakref.ref(array), None]

    def ref(self, array: Array) -> Ref:
        """An array as a place in a buffer; memory not seen before is from outside."""
        owner, base = array, array.base
        while isinstance(base, np.ndarray):
            owner, base = base, base.base
        found = self._owners.get(id(owner))
        if found is None or (found[1] is not None and found[1]() is not owner):
            buffer = Buffer(OUTSIDE, len(self.outside), owner.nbytes, home=owner)
            self.outside.append(buffer)
            found = self._owners[id(owner)] = [buffer, None, None]  # alive by its home
        if array is owner:
            known: Ref | None = found[2]
            if known is None:
                flags = array.flags.num & LAYOUT
                parts = found[0], 0, array.shape, array.strides, array.dtype, flags
                known = found[2] = tuple.__new__(Ref, parts)
            return known
        buffer, flags, offset = found[0], array.flags.num & LAYOUT, 0
        if array.nbytes != buffer.nbytes or not flags & C:  # not all of it
            offset = data_of(array) - data_of(owner) if array.size else 0
        parts = buffer, offset, array.shape, array.strides, array.dtype, flags
        return tuple.__new__(Ref, parts)  # quicker than Ref(*parts)

    def argument(self, arg: Any) -> Any:
        """What a launch was given, with places for arrays."""
        if isinstance(arg, np.ndarray):
            return self.ref(arg)
        if isinstance(arg, Pointers):
            columns = [[self.ref(a) for a in column] for column in arg.columns]
            return PointerRefs(columns, arg.table.copy())
        return arg

    def alive(self) -> set[Buffer]:
        """Temporaries that somebody still holds."""
        owners = self._owners.values()
        return {
            b for b, alive, _ in owners if alive is not None and alive() is not None
        }


def same(a: Ref, b: Ref) -> bool:
    """Whether two arrays are the same bytes."""
    return (a.buffer, a.offset, a.nbytes) == (b.buffer, b.offset, b.nbytes)


def set_regions(buffers: Sequence[Buffer]) -> None:
    """Give memory from outside that overlaps one region: it may be written by any."""
    spans = []
    for buffer in buffers:
        home = buffer.memory
        if home.flags.c_contiguous:
            low = data_of(home) if home.size else 0
            spans.append((low, low + home.nbytes, buffer))
        else:
            spans.append((*np.lib.array_utils.byte_bounds(home), buffer))
    spans.sort(key=lambda span: span[0])
    first, end = None, -1
    for low, high, buffer in spans:
        if first is None or low >= end:
            first = buffer
        buffer.region, end = first, max(end, high)
