"""Functions of a whole vector, and what its lanes come to together; see `vector`."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from autograd_kernels.llvm.vector import vectors_of
from autograd_kernels.math import constants


@intrinsic
def sqrt(context: Any, x: Any) -> Any:
    """The square root of each lane."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v = vectors_of(target, builder, x)
        return v.call(f"llvm.sqrt.{v.suffix}", v.type, args[0])

    return x(x), codegen


@intrinsic
def fma(context: Any, x: Any, factor: Any, y: Any) -> Any:
    """``x * factor + y``, rounded once; ``factor`` is one number."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v = vectors_of(target, builder, x)
        return v.fma(args[0], v.splat(args[1]), args[2])

    return x(x, x.dtype, x), codegen


@intrinsic
def some(context: Any, mask: Any) -> Any:
    """Whether any lane of a mask is set."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(mask.lanes)
        return builder.icmp_unsigned("!=", builder.bitcast(args[0], word), word(0))

    return types.boolean(mask), codegen


@intrinsic
def total(context: Any, x: Any) -> Any:
    """The sum of the lanes."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        return vectors_of(target, builder, x).sum(args[0])

    return x.dtype(x), codegen


@intrinsic
def largest(context: Any, x: Any) -> Any:
    """The largest of the lanes; of NaN, nothing is known."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        def larger(a: Any, b: Any) -> Any:
            return builder.select(builder.fcmp_ordered(">", a, b), a, b)

        return vectors_of(target, builder, x).folded(args[0], larger)

    return x.dtype(x), codegen


@intrinsic
def exp(context: Any, x: Any) -> Any:
    """`scalar.exp` of each lane, step by step the same."""
    double = x.dtype.bitwidth == 64
    word = ir.VectorType(ir.IntType(x.dtype.bitwidth), x.lanes)

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v = vectors_of(target, builder, x)

        def number(pair: Any, sign: int = 1) -> Any:
            return ir.Constant(v.type, [sign * pair[double]] * v.lanes)

        def bits(value: int) -> Any:
            return ir.Constant(word, [value] * v.lanes)

        def power(n: Any) -> Any:  # 2**n of the low bits
            one = builder.bitcast(number(constants.ONE), word)
            shifted = builder.shl(n, bits(int(constants.MANTISSA[double])))
            return builder.bitcast(builder.add(shifted, one), v.type)

        y, magic = args[0], number(constants.MAGIC)
        for sign, side in ((1, ">"), (-1, "<")):
            limit = number(constants.EXP_RANGE, sign)
            y = builder.select(builder.fcmp_ordered(side, y, limit), limit, y)
        shifted = v.fma(y, number(constants.LOG2E), magic)
        n = builder.fsub(shifted, magic)
        r = v.fma(n, number(constants.LN2_HI, -1), y)
        r = v.fma(n, number(constants.LN2_LO, -1), r)
        p, *rest = reversed([number((c, c)) for c in constants.EXP[double]])
        for c in rest:
            p = v.fma(p, r, c)
        square = builder.fmul(r, r)
        p = builder.fadd(v.fma(square, p, r), number(constants.ONE))
        whole = builder.bitcast(shifted, word)
        half = builder.ashr(whole, bits(1))
        p = builder.fmul(p, power(half))
        return builder.fmul(p, power(builder.sub(whole, half)))

    return x(x), codegen
