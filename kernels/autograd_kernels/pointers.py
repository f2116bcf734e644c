"""Pointer tables: how one kernel call covers many arrays.

A table is an int64 array. A row stands for arrays of one size: first the number of
their elements, then an address for each, last the row's first unit of work. A unit is a
chunk of `CHUNK` elements; the last chunk of a row is short, none straddles two rows.
"""

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from autograd_kernels._jit import inline
from autograd_kernels.elementwise import loop

CHUNK = 4096  # elements that one unit of work covers


@intrinsic
def pointer(context, address, like):
    """``address`` (int64) as a pointer to the dtype of ``like``, an array or a dtype.

    One inttoptr and no arithmetic before it, which LLVM 22 could miscompile.
    """
    signature = types.CPointer(like.dtype)(address, like)

    def codegen(context, builder: ir.IRBuilder, signature, args):
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return signature, codegen


@intrinsic(prefer_literal=True)
def pointers(context, table, r, count, like):
    """The first ``count`` (a literal) arrays of row ``r``, as pointers: a tuple."""
    kind = types.UniTuple(types.CPointer(like.dtype), count.literal_value)

    def codegen(context, builder: ir.IRBuilder, signature, args):
        array = context.make_array(table)(context, builder, args[0])
        columns = builder.extract_value(array.shape, 1)
        row = builder.gep(array.data, [builder.mul(args[1], columns)])
        found = []
        for i in range(1, kind.count + 1):
            address = builder.load(builder.gep(row, [columns.type(i)]))
            found.append(builder.inttoptr(address, context.get_value_type(kind.dtype)))
        return context.make_tuple(builder, kind, found)

    return kind(table, r, count, like), codegen


@inline
def vector(row, column, start, stop, like):
    """Elements start:stop of the array whose address stands in ``column``."""
    return numba.carray(pointer(row[column], like), stop)[start:]


@loop
def span(r, lo, hi, table):
    """The elements of row ``r`` that are in chunks lo:hi, maybe none: start, stop."""
    unit = table[r, -1]
    return max(lo - unit, 0) * CHUNK, min((hi - unit) * CHUNK, table[r, 0])
