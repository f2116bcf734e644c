"""Intrinsics on the memory of arrays."""

from numba.core import types
from numba.extending import intrinsic


@intrinsic
def at(context, array, i):
    """Pointer to element ``i`` of a contiguous array.

    Cheaper than a slice, and an index into it is not checked for being negative: a
    loop over it vectorises, and starts fast enough for rows of a few elements.
    A bool is seen as the byte that it is.
    """
    element = types.uint8 if array.dtype == types.boolean else array.dtype

    def codegen(context, builder, signature, args):
        data = context.make_array(array)(context, builder, args[0]).data
        return builder.gep(data, [args[1]])

    return types.CPointer(element)(array, i), codegen


@intrinsic
def wide(context):
    """LLVM may use all of the machine's vector registers in this kernel's loops.

    On its own it keeps to 256 of 512 bits, for CPUs whose clock once fell with more;
    what computes long on each element gains a quarter. A loop's bits stay the same.
    """

    def codegen(context, builder, signature, args):
        # llvmlite's `add` knows no attribute that has a value
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def noinline(context):
    """The function is a function of its own in its callers' machine code.

    For what is large and called from several places, or has many values of its own.
    """

    def codegen(context, builder, signature, args):
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def dense(context, view):
    """``view``, a 1-D array whose stride is known to be its itemsize, typed as such."""
    contiguous = view.copy(layout="C")

    def codegen(context, builder, signature, args):
        context.nrt.incref(builder, contiguous, args[0])
        return args[0]  # the two types share one representation

    return contiguous(view), codegen
