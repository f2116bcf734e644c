"""Numbers in memory under the names of a named tuple: how settings reach a kernel."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def read(context, kind, source):
    """The numbers behind a pointer as ``kind``, a class of named tuples."""
    names = kind.instance_class
    result = types.NamedUniTuple(source.dtype, len(names._fields), names)

    def codegen(target, builder, sig, args):
        places = [builder.gep(args[1], [ir.IntType(64)(i)]) for i in range(len(result))]
        return target.make_tuple(builder, result, [builder.load(p) for p in places])

    return result(kind, source), codegen


@intrinsic
def write(context, numbers, out):
    """A named tuple's numbers to behind a pointer, each cast to its dtype."""

    def codegen(target, builder, sig, args):
        for i, kind in enumerate(numbers):
            value = builder.extract_value(args[0], i)
            value = target.cast(builder, value, kind, out.dtype)
            builder.store(value, builder.gep(args[1], [ir.IntType(64)(i)]))
        return target.get_dummy_value()

    return types.void(numbers, out), codegen
