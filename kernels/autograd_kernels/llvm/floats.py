"""Intrinsics for branch-free scalar code that is written once for both float types.

The first argument of each is a float32 or float64; constants come as pairs
``(for float32, for float64)`` of Python floats, and the type picks one when a kernel
is compiled. All of them are plain LLVM instructions, which vectorise.
"""

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic


def _widths(floating):
    bits = floating.bitwidth
    return types.Integer.from_bitwidth(bits), ir.IntType(bits)


def _constant(target, builder, floating, pair, which):
    """LLVM constant of the float type: ``pair[which]``, already folded."""
    value = builder.extract_value(pair, which)
    return target.cast(builder, value, types.float64, floating)


@intrinsic
def pick(context, x, pair):
    """pair[0] for float32, pair[1] for float64, in the type of ``x``."""

    def codegen(target, builder, sig, args):
        return _constant(target, builder, x, args[1], int(x.bitwidth == 64))

    return x(x, pair), codegen


@intrinsic
def horner(context, x, pair):
    """Polynomial in ``x``; ``pair`` holds two tuples of coefficients, lowest first."""

    def codegen(target, builder, sig, args):
        which = int(x.bitwidth == 64)
        coefficients = builder.extract_value(args[1], which)
        total = None
        for i in reversed(range(len(pair[which]))):
            c = _constant(target, builder, x, coefficients, i)
            total = c if total is None else builder.fma(total, args[0], c)
        return total

    return x(x, pair), codegen


@intrinsic
def fma(context, a, b, c):
    """a * b + c, rounded once: also the exact error of a product."""

    def codegen(target, builder, sig, args):
        return builder.fma(*args)

    return a(a, a, a), codegen


@intrinsic
def as_int(context, x):
    """The bits of ``x``, as an integer of its width."""
    integer, raw = _widths(x)

    def codegen(target, builder, sig, args):
        return builder.bitcast(args[0], raw)

    return integer(x), codegen


@intrinsic
def as_float(context, x, bits):
    """The float whose bits are the low bits of ``bits``, in the type of ``x``."""
    raw = _widths(x)[1]

    def codegen(target, builder, sig, args):
        narrow = args[1]
        if bits.bitwidth > x.bitwidth:
            narrow = builder.trunc(narrow, raw)
        return builder.bitcast(narrow, target.get_value_type(x))

    return x(x, bits), codegen


@intrinsic
def floor(context, x):
    """The largest integral float that is not above ``x``."""

    def codegen(target, builder, sig, args):
        kind = [target.get_value_type(x)]
        return builder.call(builder.module.declare_intrinsic("llvm.floor", kind), args)

    return x(x), codegen


@intrinsic
def copysign(context, x, sign):
    """``x`` with the sign bit of ``sign``."""

    def codegen(target, builder, sig, args):
        raw = target.get_value_type(x)
        fn = builder.module.declare_intrinsic(
            "llvm.copysign", [raw], ir.FunctionType(raw, [raw, raw])
        )
        return builder.call(fn, args)

    return x(x, x), codegen


def _extremum(name):
    @intrinsic
    def larger(context, a, b):
        def codegen(target, builder, sig, args):
            kind = target.get_value_type(a)
            function = ir.FunctionType(kind, [kind, kind])
            module = builder.module
            return builder.call(module.declare_intrinsic(name, [kind], function), args)

        return a(a, b), codegen

    return larger


# Of two numbers; a NaN wins. LLVM vectorises loops over these, as it does not for
# comparisons.
maximum = _extremum("llvm.maximum")
minimum = _extremum("llvm.minimum")
