"""Vector types and intrinsics: the one place where LLVM values are built by hand.

Numba's own loops use 256-bit registers and spill register tiles; here values are
``<lanes x dtype>``, and a tile of the matmul keeps its accumulators in registers.
Pointers are moved by GEP only: from LLVM 22 on, integer arithmetic followed by
``inttoptr`` can miscompile.

``AUTOGRAD_CORE_SIMD`` (avx512, avx2, neon, none) forces the width of a vector;
otherwise it follows from the features of the CPU that Numba compiles for. ``none``
means: no hand-made vectors at all, callers take their plain loops.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from llvmlite import binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

WIDTHS = {"avx512": 64, "avx2": 32, "neon": 16, "none": 0}
WORD = ir.IntType(64)
INDEX = ir.IntType(32)


def _detect() -> str:
    """The widest kind of vector that the target of the compilation has."""
    flags = config.CPU_FEATURES
    if flags is None:
        flags = llvm.get_host_cpu_features().flatten()
    have = {flag[1:] for flag in flags.split(",") if flag.startswith("+")}
    if "avx512f" in have:
        return "avx512"
    if {"avx2", "fma"} <= have:
        return "avx2"
    return "neon" if "neon" in have else "none"


SIMD = os.environ.get("AUTOGRAD_CORE_SIMD") or _detect()
if SIMD not in WIDTHS:
    raise ImportError(f"AUTOGRAD_CORE_SIMD is {SIMD!r}, expected one of {[*WIDTHS]}")
BYTES = WIDTHS[SIMD]  # of one vector; 0 for none
REGISTERS = 16 if SIMD == "avx2" else 32


class Vectors:
    """Builds vector code for one dtype; short names for what llvmlite spells out."""

    def __init__(self, context: Any, builder: Any, dtype: Any) -> None:
        self.builder = builder
        self.scalar = context.get_value_type(dtype)
        self.lanes = BYTES // (dtype.bitwidth // 8)
        self.type = ir.VectorType(self.scalar, self.lanes)
        self.masks = ir.VectorType(ir.IntType(1), self.lanes)
        self.suffix = f"v{self.lanes}f{dtype.bitwidth}"
        self.align = dtype.bitwidth // 8
        self.zero = ir.Constant(self.type, [0.0] * self.lanes)

    def call(self, name: str, result: Any, *args: Any) -> Any:
        signature = ir.FunctionType(result, [a.type for a in args])
        module = self.builder.module
        callee = cgutils.get_or_insert_function(module, signature, name)
        return self.builder.call(callee, args)

    def splat(self, value: Any) -> Any:
        kind = ir.VectorType(value.type, self.lanes)
        first = ir.Constant(INDEX, 0)
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, first)
        pick = ir.Constant(ir.VectorType(INDEX, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(one, one, pick)

    def first(self, count: Any) -> Any:
        """The mask of the lanes below ``count`` (any 64-bit integer)."""
        ids = ir.Constant(ir.VectorType(WORD, self.lanes), [*range(self.lanes)])
        return self.builder.icmp_signed("<", ids, self.splat(count))

    def at(self, pointer: Any, *steps: Any) -> Any:
        for step in steps:
            index = step if isinstance(step, ir.Value) else ir.Constant(WORD, step)
            pointer = self.builder.gep(pointer, [index])
        return pointer

    def load(self, pointer: Any, mask: Any = None) -> Any:
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            return self.builder.load(place, align=self.align)
        align = ir.Constant(INDEX, self.align)
        name = f"llvm.masked.load.{self.suffix}.p0"
        return self.call(name, self.type, place, align, mask, self.zero)

    def store(self, value: Any, pointer: Any, mask: Any) -> None:
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        align = ir.Constant(INDEX, self.align)
        name = f"llvm.masked.store.{self.suffix}.p0"
        self.call(name, ir.VoidType(), value, place, align, mask)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        return self.call(f"llvm.fma.{self.suffix}", self.type, a, b, c)


@intrinsic
def data(typing: Any, array: Any) -> Any:
    """Address of an array's first element, as a typed pointer."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_array(array)(context, builder, args[0]).data

    return types.CPointer(array.dtype)(array), build


@intrinsic
def at(typing: Any, pointer: Any, index: Any) -> Any:
    """``pointer + index`` elements."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.intp), build


@intrinsic
def copy_lanes(typing: Any, source: Any, count: Any, target: Any, room: Any) -> Any:
    """One vector: ``count`` elements copied, then zeros up to ``room``."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source_at, valid, target_at, space = args
        v = Vectors(context, builder, source.dtype)
        v.store(v.load(source_at, v.first(valid)), target_at, v.first(space))
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp), build


@intrinsic
def transpose_lanes(
    typing: Any, source: Any, ld: Any, rows: Any, columns: Any, target: Any,
    to: Any, room: Any,
) -> Any:  # fmt: skip
    """A block of at most lanes x lanes elements, transposed.

    ``target[c * to + r] = source[r * ld + c]`` for c < columns and r < room; zeros
    where r >= rows.
    """

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source_at, step, height, width, target_at, stride, space = args
        v = Vectors(context, builder, source.dtype)
        none = ir.Constant(WORD, 0)

        def count(index: int, limit: Any, value: Any) -> Any:
            inside = builder.icmp_signed("<", ir.Constant(WORD, index), limit)
            return v.first(builder.select(inside, value, none))

        lines, place = [], source_at
        for i in range(v.lanes):
            lines.append(v.load(place, count(i, height, width)))
            place = v.at(place, step)
        place = target_at
        for i, line in enumerate(_transposed(v, lines)):
            v.store(line, place, count(i, width, space))
            place = v.at(place, stride)
        return context.get_dummy_value()

    n = types.intp
    return types.void(source, n, n, n, target, n, n), build


def _transposed(v: Vectors, lines: Sequence[Any]) -> list[Any]:
    """Swaps the off-diagonal halves of 2 x 2, 4 x 4, ... blocks by shuffles."""
    lines, ids = [*lines], range(v.lanes)
    kind = ir.VectorType(INDEX, v.lanes)
    step = 1
    while step < v.lanes:
        low = [i if not i & step else v.lanes + i - step for i in ids]
        high = [i + step if not i & step else v.lanes + i for i in ids]
        for i in (i for i in ids if not i & step):
            pair = lines[i], lines[i + step]
            for j, pick in ((i, low), (i + step, high)):
                mask = ir.Constant(kind, pick)
                lines[j] = v.builder.shuffle_vector(*pair, mask)
        step *= 2
    return lines
