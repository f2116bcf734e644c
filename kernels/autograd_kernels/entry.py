"""From a Python call into the native driver, and back, with next to nothing between.

`enter` takes the call's own tuple of arguments as a Python object and reads NumPy's
arrays in it by their C layout: types, dtypes and shapes are compared, the bytes copied
to the Program's inputs, the launches run, and the results copied to new arrays. All of
it holds the GIL, so nothing else sees a Program half way.

``frame`` is the address of [table, rows, inputs, outputs, array type, watched, count,
shared, count, counts, whole], then a place for each input and output: [address, dtype
object, bytes, axes, *shape].

- ``whole`` is 0 for a Program that takes long: then `enter` only takes the arguments.
- ``counts`` is the address of [calls left, calls so far]: a call does not fit when none
  is left.
- ``watched`` is the address of ``count`` pairs [address, word]: the words that are
  there, or the call does not fit.
- ``shared`` is that of pairs [object, references]: no object may have more, or somebody
  else holds it.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import NativeValue, intrinsic, models, register_model, unbox

from ._jit import holding
from .elementwise import loop
from .replay import WORD, store, walk, word

AXES = 8  # of an input or output at most
HEAD, PLACE = 11, 4 + AXES  # words
WATCHED, SHARED, COUNTS, WHOLE = 5, 7, 9, 10  # of the frame
LEFT, SO_FAR = 0, 1  # of the counts

# Where CPython and NumPy keep things in an object of theirs: words from its start, and
# below the bits of the word that holds a 32-bit field.
TYPE = 1
LENGTH, ITEMS = 2, 3  # of a tuple
DATA, NDIM, SHAPE, DTYPE, FLAGS = 2, 3, 4, 7, 8  # of an array
HALF = 0xFFFFFFFF
CONTIGUOUS = 1


class Borrowed(types.Opaque):  # type: ignore[misc]
    """A Python object, as it comes."""

    def __init__(self) -> None:
        super().__init__(name="Borrowed")


BORROWED = Borrowed()
ENTER = (types.intp, BORROWED, BORROWED)  # types of the arguments
UNCHANGED = (types.intp, types.intp)
register_model(Borrowed)(models.OpaqueModel)


@unbox(Borrowed)
def _unbox(kind: Any, value: Any, context: Any) -> NativeValue:
    return NativeValue(value)


@intrinsic
def _object(context: Any, value: Any) -> Any:
    """Address of a borrowed object."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], WORD)

    return types.intp(value), codegen


@intrinsic
def _copy(context: Any, to: Any, start: Any, count: Any) -> Any:
    """Copy bytes from one address to another."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte = cgutils.voidptr_t
        out, source = (builder.inttoptr(a, byte) for a in args[:2])
        cgutils.raw_memcpy(builder, out, source, args[2], 1)
        return target.get_dummy_value()

    return types.void(to, start, count), codegen


@loop
def _fits(array, place, array_type):
    """Whether an object is an array of a place's dtype and shape, in C order."""
    if word(array, TYPE) != array_type or word(array, DTYPE) != word(place, 1):
        return False
    axes, shape = word(array, NDIM) & HALF, word(array, SHAPE)
    if axes != word(place, 3) or not word(array, FLAGS) & CONTIGUOUS:
        return False
    fits = True
    for axis in range(axes):
        fits = fits and word(shape, axis) == word(place, 4 + axis)
    return fits


@loop
def _take(place, count, args, array_type):
    """Copy arguments to their places, if all fit."""
    if word(args, LENGTH) != count:
        return False
    fits = True
    for i in range(count):
        array = word(args, ITEMS + i)
        fits = fits and _fits(array, place + 8 * PLACE * i, array_type)
    if fits:
        for i in range(count):
            to, size = word(place, i * PLACE), word(place, i * PLACE + 2)
            _copy(to, word(word(args, ITEMS + i), DATA), size)
    return fits


@loop
def _unchanged(watched, count):
    """Whether all words are what they were; none is read after one that is not."""
    i = 0
    while i < count and word(word(watched, 2 * i), 0) == word(watched, 2 * i + 1):
        i += 1
    return i == count


@loop
def _unshared(objects, count):
    """Whether no object has more references than it had."""
    fine = True
    for i in range(count):
        references = word(word(objects, 2 * i), 0) & HALF
        fine = fine and references <= word(objects, 2 * i + 1)
    return fine


@holding
def unchanged(watched, count):
    """Whether the words at ``count`` addresses are those that stand beside them."""
    return _unchanged(watched, count)


@holding
def enter(frame, args, outs):
    """Take ``args``, run all rows, fill the arrays ``outs``.

    Returns the row of a failed check, the number of rows, or -1 if args do not fit.
    """
    table, rows, inputs = word(frame, 0), word(frame, 1), word(frame, 2)
    place = frame + 8 * HEAD
    counts = word(frame, COUNTS)
    if word(counts, LEFT) <= 0:
        return -1
    if not _unchanged(word(frame, WATCHED), word(frame, WATCHED + 1)):
        return -1
    if not _unshared(word(frame, SHARED), word(frame, SHARED + 1)):
        return -1
    if not _take(place, inputs, _object(args), word(frame, 4)):
        return -1
    if word(frame, WHOLE) == 0:
        return 0
    store(counts, LEFT, word(counts, LEFT) - 1)
    store(counts, SO_FAR, word(counts, SO_FAR) + 1)
    stopped = walk(table, 0, rows)
    place += 8 * PLACE * inputs
    for i in range(word(frame, 3)):
        to, size = (
            word(word(_object(outs), ITEMS + i), DATA),
            word(place, i * PLACE + 2),
        )
        _copy(to, word(place, i * PLACE), size)
    return stopped


@cache
def layout_known() -> bool:
    """Whether this interpreter and this NumPy lay objects out as told above."""
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return False
    array = np.zeros((3, 5), np.float32)
    items = (array, array.T)
    a, b, t = (_words(x) for x in (array, array.T, items))
    shape = (ctypes.c_int64 * 2).from_address(a[SHAPE])
    return (
        a[TYPE] == id(np.ndarray)
        and a[DATA] == array.ctypes.data
        and a[DTYPE] == id(array.dtype)
        and a[NDIM] & HALF == 2
        and list(shape) == [3, 5]
        and a[FLAGS] & CONTIGUOUS == 1
        and b[FLAGS] & CONTIGUOUS == 0
        and t[LENGTH] == 2
        and t[ITEMS : ITEMS + 2] == [id(x) for x in items]
    )


def _words(value: Any) -> list[int]:
    return list((ctypes.c_int64 * 9).from_address(id(value)))
