"""From a Python call into the native driver, and back, with next to nothing between.

`enter` takes the call's own tuple of arguments as a Python object and reads NumPy's
arrays in it by their C layout: types, dtypes and shapes are compared, the bytes copied
to the Program's inputs, the launches run, and the results copied to new arrays. All of
it holds the GIL, so nothing else sees a Program half way.

``frame`` is the address of [table, rows, inputs, outputs, array type], then a place for
each input and output: [address, dtype object, bytes, axes, *shape].
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

import numpy as np
from numba import carray, types
from numba.core import cgutils
from numba.extending import NativeValue, intrinsic, models, register_model, unbox

from ._jit import holding, inline
from .pointers import pointer
from .replay import COLUMNS, WORD, walk

AXES = 8  # of an input or output at most
HEAD, PLACE = 5, 4 + AXES  # words

# Where CPython and NumPy keep things in an object of theirs: words from its start, and
# below the bits of the word that holds a 32-bit field.
TYPE = 1
LENGTH, ITEMS = 2, 3  # of a tuple
DATA, NDIM, SHAPE, DTYPE, FLAGS = 2, 3, 4, 7, 8  # of an array
HALF = 0xFFFFFFFF
CONTIGUOUS = 1

WORDS = np.empty(0, np.int64)
TABLES = np.empty((0, COLUMNS), np.int64)


class Borrowed(types.Opaque):  # type: ignore[misc]
    """A Python object, as it comes."""

    def __init__(self) -> None:
        super().__init__(name="Borrowed")


BORROWED = Borrowed()
TAKE = (types.intp, BORROWED)  # types of the arguments
ENTER = (*TAKE, BORROWED)
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
def _word(context: Any, base: Any, index: Any) -> Any:
    """The word at an address plus ``index`` words."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(
            builder.gep(builder.inttoptr(args[0], WORD.as_pointer()), [args[1]])
        )

    return types.intp(base, index), codegen


@intrinsic
def _copy(context: Any, to: Any, start: Any, count: Any) -> Any:
    """Copy bytes from one address to another."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte = cgutils.voidptr_t
        out, source = (builder.inttoptr(a, byte) for a in args[:2])
        cgutils.raw_memcpy(builder, out, source, args[2], 1)
        return target.get_dummy_value()

    return types.void(to, start, count), codegen


@inline
def _fits(array, place, array_type):
    """Whether an object is an array of a place's dtype and shape, in C order."""
    if _word(array, TYPE) != array_type or _word(array, DTYPE) != place[1]:
        return False
    if (_word(array, NDIM) & HALF) != place[3] or not _word(array, FLAGS) & CONTIGUOUS:
        return False
    shape = _word(array, SHAPE)
    fits = True
    for axis in range(place[3]):
        fits = fits and _word(shape, axis) == place[4 + axis]
    return fits


@inline
def _places(frame, first, count):
    where = pointer(frame + 8 * (HEAD + PLACE * first), WORDS)
    return carray(where, (count, PLACE))


@inline
def _take(frame, args):
    """Copy the arguments to their places, if all fit."""
    count, array_type = _word(frame, 2), _word(frame, 4)
    places = _places(frame, 0, count)
    if _word(args, LENGTH) != count:
        return False
    for i in range(count):
        if not _fits(_word(args, ITEMS + i), places[i], array_type):
            return False
    for i in range(count):
        data = _word(_word(args, ITEMS + i), DATA)
        _copy(places[i, 0], data, places[i, 2])
    return True


@holding
def take(frame, args):
    """Copy the arguments to the Program's inputs; whether they fit there."""
    return _take(frame, _object(args))


@holding
def enter(frame, args, outs):
    """Take ``args``, run all rows, fill the arrays ``outs``.

    Returns the row of a failed check, the number of rows, or -1 if args do not fit.
    """
    if not _take(frame, _object(args)):
        return -1
    rows, count = _word(frame, 1), _word(frame, 3)
    table = carray(pointer(_word(frame, 0), WORDS), (rows, COLUMNS))
    stopped = walk(table, 0, rows)
    places = _places(frame, _word(frame, 2), count)
    for i in range(count):
        data = _word(_word(_object(outs), ITEMS + i), DATA)
        _copy(data, places[i, 0], places[i, 2])
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
