"""Functions of a whole vector, and what its lanes come to together; see `vector`."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from autograd_kernels.llvm.vector import INDEX, call, splatted, suffix
from autograd_kernels.math import scalar


@intrinsic
def sqrt(context: Any, x: Any) -> Any:
    """The square root of each lane."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        return call(builder, f"llvm.sqrt.{suffix(x)}", args[0].type, args[0])

    return x(x), codegen


@intrinsic
def fma(context: Any, x: Any, factor: Any, y: Any) -> Any:
    """``x * factor + y``, rounded once; ``factor`` is one number."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        x_, y_ = args[0], args[2]
        factor_ = splatted(builder, args[1], x.lanes)
        return call(builder, f"llvm.fma.{suffix(x)}", x_.type, x_, factor_, y_)

    return x(x, x.dtype, x), codegen


@intrinsic
def some(context: Any, mask: Any) -> Any:
    """Whether any lane of a mask is set."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(mask.lanes)
        return builder.icmp_unsigned("!=", builder.bitcast(args[0], word), word(0))

    return types.boolean(mask), codegen


def _folded(builder: Any, value: Any, combine: Any) -> Any:
    """All lanes combined to one, halves first."""
    half = value.type.count
    while half := half // 2:
        kind = ir.VectorType(INDEX, half)
        low = ir.Constant(kind, [*range(half)])
        high = ir.Constant(kind, [*range(half, 2 * half)])
        value = combine(
            builder.shuffle_vector(value, value, low),
            builder.shuffle_vector(value, value, high),
        )
    return builder.extract_element(value, INDEX(0))


@intrinsic
def total(context: Any, x: Any) -> Any:
    """The sum of the lanes."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _folded(builder, args[0], builder.fadd)

    return x.dtype(x), codegen


@intrinsic
def largest(context: Any, x: Any) -> Any:
    """The largest of the lanes; of NaN, nothing is known."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        def larger(a: Any, b: Any) -> Any:
            return builder.select(builder.fcmp_ordered(">", a, b), a, b)

        return _folded(builder, args[0], larger)

    return x.dtype(x), codegen


@intrinsic
def exp(context: Any, x: Any) -> Any:
    """`scalar.exp` of each lane, step by step the same."""
    double = x.dtype.bitwidth == 64
    word = ir.VectorType(ir.IntType(x.dtype.bitwidth), x.lanes)
    fma_name = f"llvm.fma.{suffix(x)}"

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = args[0].type

        def number(pair: Any, sign: int = 1) -> Any:
            return ir.Constant(kind, [sign * pair[double]] * x.lanes)

        def fma(a: Any, b: Any, c: Any) -> Any:
            return call(builder, fma_name, kind, a, b, c)

        def power(n: Any) -> Any:  # 2**n of the low bits
            bits = builder.shl(n, ir.Constant(word, [52 if double else 23] * x.lanes))
            one = builder.bitcast(number(scalar.ONE), word)
            return builder.bitcast(builder.add(bits, one), kind)

        y, magic = args[0], number(scalar.MAGIC)
        for sign, side in ((1, ">"), (-1, "<")):
            limit = number(scalar.EXP_RANGE, sign)
            y = builder.select(builder.fcmp_ordered(side, y, limit), limit, y)
        shifted = fma(y, number(scalar.LOG2E), magic)
        n = builder.fsub(shifted, magic)
        r = fma(n, number(scalar.LN2_HI, -1), y)
        r = fma(n, number(scalar.LN2_LO, -1), r)
        p, *rest = reversed([number((c, c)) for c in scalar.EXP[double]])
        for c in rest:
            p = fma(p, r, c)
        p = builder.fadd(fma(builder.fmul(r, r), p, r), number(scalar.ONE))
        whole = builder.bitcast(shifted, word)
        half = builder.ashr(whole, ir.Constant(word, [1] * x.lanes))
        p = builder.fmul(p, power(half))
        return builder.fmul(p, power(builder.sub(whole, half)))

    return x(x), codegen
