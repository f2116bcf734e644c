"""Python objects as native code sees them: CPython's and NumPy's layouts.

A built-in made of these takes its arguments as they come (`BORROWED`), reads their
words, and gives back an object that it owns (`OWNED`). All of it holds the GIL. Where
the layouts are not those told here (`layout_known`), nobody may call it.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import NativeValue, box, intrinsic, models, register_model, unbox

from autograd_kernels.llvm.builder import WORD
from autograd_kernels.native import ALIGNED, WRITEABLE, C, F

# Where an object keeps things: words from its start, and below the bits of the word
# that holds a 32-bit field.
TYPE = 1
LENGTH, ITEMS = 2, tuple.__basicsize__ // 8  # of a tuple; since 3.14 after its hash
NUMBER = 2  # of a float
DATA, NDIM, SHAPE, STRIDES, DTYPE, FLAGS = 2, 3, 4, 5, 7, 8  # of an array
HALF = 0xFFFFFFFF
NEW_FROM_DESCR = 94  # in NumPy's table of functions


class Borrowed(types.Opaque):  # type: ignore[misc]
    """A Python object, as it comes."""

    def __init__(self) -> None:
        super().__init__(name="Borrowed")


class Owned(types.Opaque):  # type: ignore[misc]
    """A reference that is handed to the caller; 0 where an exception is set."""

    def __init__(self) -> None:
        super().__init__(name="Owned")


BORROWED, OWNED = Borrowed(), Owned()
register_model(Borrowed)(models.OpaqueModel)
register_model(Owned)(models.OpaqueModel)


@unbox(Borrowed)
def _unbox(kind: Any, value: Any, context: Any) -> NativeValue:
    return NativeValue(value)


@box(Owned)
def _box(kind: Any, value: Any, context: Any) -> Any:
    return value


@intrinsic
def address_of(context: Any, value: Any) -> Any:
    """Address of a borrowed object."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], WORD)

    return types.intp(value), codegen


@intrinsic
def owned(context: Any, address: Any) -> Any:
    """The object at an address, of which the caller gets the reference."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return OWNED(types.intp), codegen


@intrinsic
def new_array(
    context: Any, function: Any, array: Any, dtype: Any, ndim: Any, shape: Any
) -> Any:
    """Address of a new array, or 0: NumPy's ``PyArray_NewFromDescr``.

    ``function`` is its address, ``array`` that of ``numpy.ndarray``, ``dtype`` that of
    a dtype of which it takes over a reference, ``shape`` that of ``ndim`` words.
    """

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        at, whole = cgutils.voidptr_t, ir.IntType(32)
        kinds = [at, at, whole, at, at, at, whole, at]
        pointer = ir.FunctionType(at, kinds).as_pointer()
        call, kind, descr, shape = (
            builder.inttoptr(args[i], p)
            for i, p in ((0, pointer), (1, at), (2, at), (4, at))
        )
        ndim, none = builder.trunc(args[3], whole), at(None)
        given = [kind, descr, ndim, shape, none, none, whole(0), none]
        return builder.ptrtoint(builder.call(call, given), WORD)

    signature = types.intp(*[types.intp] * 5)
    return signature, codegen


@intrinsic
def whole_number(context: Any, function: Any, value: Any, overflow: Any) -> Any:
    """An int's value: ``PyLong_AsLongLongAndOverflow``, which sets no exception.

    ``overflow`` is the address of a word that is not 0 afterwards if it does not fit.
    """

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        at = cgutils.voidptr_t
        slot = builder.inttoptr(args[2], ir.IntType(32).as_pointer())
        kind = ir.FunctionType(WORD, [at, slot.type]).as_pointer()
        call = builder.inttoptr(args[0], kind)
        return builder.call(call, [builder.inttoptr(args[1], at), slot])

    return types.intp(types.intp, types.intp, types.intp), codegen


@intrinsic
def keep(context: Any, function: Any, value: Any) -> Any:
    """Count a reference: ``Py_IncRef``, whatever this Python's counts look like."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        at = cgutils.voidptr_t
        kind = ir.FunctionType(ir.VoidType(), [at]).as_pointer()
        call = builder.inttoptr(args[0], kind)
        builder.call(call, [builder.inttoptr(args[1], at)])
        return target.get_dummy_value()

    return types.void(types.intp, types.intp), codegen


@intrinsic
def release(context: Any, function: Any) -> Any:
    """Give up the GIL: ``PyEval_SaveThread``; the word that `take_back` needs."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(WORD, []).as_pointer()
        return builder.call(builder.inttoptr(args[0], kind), [])

    return types.intp(types.intp), codegen


@intrinsic
def take_back(context: Any, function: Any, state: Any) -> Any:
    """Wait for the GIL: ``PyEval_RestoreThread``."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [WORD]).as_pointer()
        builder.call(builder.inttoptr(args[0], kind), [args[1]])
        return target.get_dummy_value()

    return types.void(types.intp, types.intp), codegen


@intrinsic(prefer_literal=True)
def words(context: Any, count: Any) -> Any:
    """Address of so many (a literal) words on the stack, as they are."""
    size = count.literal_value

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        memory = cgutils.alloca_once(builder, ir.ArrayType(WORD, size))
        return builder.ptrtoint(memory, WORD)

    return types.intp(count), codegen


@intrinsic
def put(context: Any, base: Any, index: Any, value: Any) -> Any:
    """Write a word at an address plus ``index`` words."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = builder.inttoptr(args[0], WORD.as_pointer())
        builder.store(args[2], builder.gep(pointer, [args[1]]))
        return target.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), codegen


def _put_words(builder: Any, base: Any, index: Any, values: Any) -> None:
    first = builder.gep(builder.inttoptr(base, WORD.as_pointer()), [index])
    for i, value in enumerate(values):
        builder.store(value, builder.gep(first, [WORD(i)]))


@intrinsic
def put_flat(
    context: Any, base: Any, index: Any, data: Any, size: Any, item: Any
) -> Any:
    """Write a flat array's words as a kernel takes it: 7, from word ``index`` on."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        base, index, data, size, item = args
        none = WORD(0)
        values = [none, none, size, item, data, size, item]
        _put_words(builder, base, index, values)
        return target.get_dummy_value()

    return types.void(*[types.intp] * 5), codegen


@intrinsic
def put_matrix(
    context: Any, base: Any, index: Any, data: Any, rows: Any, columns: Any, item: Any
) -> Any:
    """Write a matrix's words as a kernel takes it: 9, from word ``index`` on."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        base, index, data, rows, columns, item = args
        none, size = WORD(0), builder.mul(rows, columns)
        row = builder.mul(columns, item)
        values = [none, none, size, item, data, rows, columns, row, item]
        _put_words(builder, base, index, values)
        return target.get_dummy_value()

    return types.void(*[types.intp] * 6), codegen


@intrinsic
def size_of(context: Any, array: Any) -> Any:
    """How many elements the array at an address has."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        fields = builder.inttoptr(args[0], WORD.as_pointer())
        ndim = builder.and_(builder.load(builder.gep(fields, [WORD(NDIM)])), WORD(HALF))
        shape = builder.load(builder.gep(fields, [WORD(SHAPE)]))
        lengths = builder.inttoptr(shape, WORD.as_pointer())
        size = cgutils.alloca_once_value(builder, WORD(1))
        with cgutils.for_range(builder, ndim) as loop:
            length = builder.load(builder.gep(lengths, [loop.index]))
            builder.store(builder.mul(builder.load(size), length), size)
        return builder.load(size)

    return types.intp(types.intp), codegen


@intrinsic
def put_number(context: Any, base: Any, value: Any) -> Any:
    """Write a float32 or float64 at an address."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = builder.inttoptr(args[0], args[1].type.as_pointer())
        builder.store(args[1], pointer)
        return target.get_dummy_value()

    return types.void(types.intp, value), codegen


@intrinsic
def number(context: Any, base: Any) -> Any:
    """The float64 at an address."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(builder.inttoptr(args[0], ir.DoubleType().as_pointer()))

    return types.float64(types.intp), codegen


@intrinsic
def number32(context: Any, base: Any) -> Any:
    """The float32 at an address."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(builder.inttoptr(args[0], ir.FloatType().as_pointer()))

    return types.float32(types.intp), codegen


@intrinsic
def copy(context: Any, to: Any, start: Any, count: Any) -> Any:
    """Copy bytes from one address to another."""

    def codegen(target: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte = cgutils.voidptr_t
        out, source = (builder.inttoptr(a, byte) for a in args[:2])
        cgutils.raw_memcpy(builder, out, source, args[2], 1)
        return target.get_dummy_value()

    return types.void(to, start, count), codegen


def function_of_numpy(index: int) -> int:
    """Address of a function in the table that NumPy exports."""
    umath = sys.modules.get("numpy._core._multiarray_umath") or sys.modules.get(
        "numpy.core._multiarray_umath"
    )
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = (
        ctypes.c_void_p,
        [ctypes.py_object, ctypes.c_char_p],
    )
    table = pointer(umath._ARRAY_API, None)  # type: ignore[union-attr]
    return int(ctypes.c_void_p.from_address(table + 8 * index).value or 0)


def function_of_python(name: str) -> int:
    """Address of a function that the interpreter exports."""
    return int(ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0)


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
    strides = (ctypes.c_int64 * 2).from_address(a[STRIDES])
    value = ctypes.c_double.from_address(id(1.5) + 8 * NUMBER).value
    return (
        a[TYPE] == id(np.ndarray)
        and a[DATA] == array.ctypes.data
        and a[DTYPE] == id(array.dtype)
        and a[NDIM] & HALF == 2
        and list(shape) == [3, 5]
        and list(strides) == [20, 4]
        and a[FLAGS] & (C | F | ALIGNED | WRITEABLE) == C | ALIGNED | WRITEABLE
        and b[FLAGS] & (C | F | ALIGNED | WRITEABLE) == F | ALIGNED | WRITEABLE
        and t[LENGTH] == 2
        and t[ITEMS : ITEMS + 2] == [id(x) for x in items]
        and value == 1.5
    )


def _words(value: Any) -> list[int]:
    return list((ctypes.c_int64 * 9).from_address(id(value)))
