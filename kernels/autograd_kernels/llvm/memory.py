"""Pointers into arrays, tables of them, and how memory lies."""

from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd_kernels.llvm.builder import WORD
from autograd_kernels.llvm.target import BYTES


def start_of(target: Any, builder: Any, kind: Any, value: Any) -> Any:
    """Where an array, or what a pointer points to, begins."""
    if isinstance(kind, types.Array):
        return target.make_array(kind)(target, builder, value).data
    return value


@intrinsic
def data(context: Any, array: Any) -> Any:
    """Pointer to an array's first element."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        return start_of(target, builder, array, args[0])

    return types.CPointer(array.dtype)(array), codegen


class Matrix(NamedTuple):
    """What is read of an array in C order: numbers, which nobody counts."""

    data: Any
    size: Any
    rows: Any  # the last axis but one
    columns: Any


@intrinsic
def matrix(context: Any, array: Any) -> Any:
    """An array of two axes or more as a `Matrix`, for helpers that it is handed to."""
    pointer = types.CPointer(array.dtype)
    result = types.NamedTuple((pointer, *[types.intp] * 3), Matrix)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        given = target.make_array(array)(target, builder, args[0])
        rows, columns = cgutils.unpack_tuple(builder, given.shape)[-2:]
        values = given.data, given.nitems, rows, columns
        return target.make_tuple(builder, result, values)

    return result(array), codegen


@intrinsic
def lanes(context: Any, array: Any) -> Any:
    """Elements of an array's or a pointer's dtype in a vector: a constant."""
    count = BYTES // (array.dtype.bitwidth // 8)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        return WORD(count)

    return types.intp(array), codegen


@intrinsic
def at(context: Any, start: Any, index: Any) -> Any:
    """Pointer to element ``index`` of a contiguous array, or behind a pointer.

    Cheaper than a slice, and an index into it is not checked for being negative: a
    loop over it vectorises, and starts fast enough for rows of a few elements.
    A bool is seen as the byte that it is.
    """
    if isinstance(start, types.Array):
        element = types.uint8 if start.dtype == types.boolean else start.dtype
        result = types.CPointer(element)
    else:
        result = start

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        first = start_of(target, builder, start, args[0])
        return builder.gep(first, [args[1]])

    return result(start, types.intp), codegen


@intrinsic
def aligned(context: Any, pointer: Any) -> Any:
    """The first address from here on where a vector lies in one line of cache."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        size = WORD(pointer.dtype.bitwidth // 8)
        below = builder.neg(builder.ptrtoint(args[0], WORD))
        gap = builder.and_(below, WORD(max(BYTES, 1) - 1))
        return builder.gep(args[0], [builder.udiv(gap, size)])

    return pointer(pointer), codegen


@intrinsic(prefer_literal=True)
def stack(context: Any, like: Any, size: Any) -> Any:
    """Pointer to ``size`` (a literal) uninitialised elements on the C stack."""
    count = size.literal_value

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = target.get_data_type(like.dtype)
        with builder.goto_entry_block():
            return builder.alloca(kind, ir.Constant(cgutils.intp_t, count))

    return types.CPointer(like.dtype)(like, size), codegen


@intrinsic
def pointer(context, address, like):
    """``address`` (int64) as a pointer to the dtype of ``like``, an array or a dtype.

    One inttoptr and no arithmetic before it, which LLVM 22 could miscompile.
    """
    result = types.CPointer(like.dtype)

    def codegen(target, builder, sig, args):
        return builder.inttoptr(args[0], target.get_value_type(result))

    return result(address, like), codegen


@intrinsic(prefer_literal=True)
def pointers(context, table, r, count, like):
    """The first ``count`` (a literal) arrays of row ``r``, as pointers: a tuple."""
    kind = types.UniTuple(types.CPointer(like.dtype), count.literal_value)

    def codegen(target, builder, sig, args):
        array = target.make_array(table)(target, builder, args[0])
        columns = builder.extract_value(array.shape, 1)
        row = builder.gep(array.data, [builder.mul(args[1], columns)])
        found = []
        for i in range(1, kind.count + 1):
            address = builder.load(builder.gep(row, [columns.type(i)]))
            found.append(builder.inttoptr(address, target.get_value_type(kind.dtype)))
        return target.make_tuple(builder, kind, found)

    return kind(table, r, count, like), codegen


@intrinsic
def wide(context):
    """LLVM may use all of the machine's vector registers in this kernel's loops.

    On its own it keeps to 256 of 512 bits, for CPUs whose clock once fell with more;
    what computes long on each element gains a quarter. A loop's bits stay the same.
    """

    def codegen(target, builder, sig, args):
        # llvmlite's `add` knows no attribute that has a value
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return target.get_dummy_value()

    return types.void(), codegen


@intrinsic
def noinline(context):
    """The function is a function of its own in its callers' machine code.

    For what is large and called from several places, or has many values of its own.
    """

    def codegen(target, builder, sig, args):
        builder.function.attributes.add("noinline")
        return target.get_dummy_value()

    return types.void(), codegen


@intrinsic
def dense(context, view):
    """``view``, a 1-D array whose stride is known to be its itemsize, typed as such."""
    contiguous = view.copy(layout="C")

    def codegen(target, builder, sig, args):
        target.nrt.incref(builder, contiguous, args[0])
        return args[0]  # the two types share one representation

    return contiguous(view), codegen
