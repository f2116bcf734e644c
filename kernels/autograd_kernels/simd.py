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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from typing import Any

from llvmlite import binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

WIDTHS = {"avx512": 64, "avx2": 32, "neon": 16, "none": 0}
WORD = ir.IntType(64)
INDEX = ir.IntType(32)


def _features() -> frozenset[str]:
    """What the target of the compilation has."""
    flags = config.CPU_FEATURES
    if flags is None:
        flags = llvm.get_host_cpu_features().flatten()
    return frozenset(flag[1:] for flag in flags.split(",") if flag.startswith("+"))


def _detect() -> str:
    """The widest kind of vector that the target of the compilation has."""
    if "avx512f" in FEATURES:
        return "avx512"
    if {"avx2", "fma"} <= FEATURES:
        return "avx2"
    return "neon" if "neon" in FEATURES else "none"


FEATURES = _features()
SIMD = os.environ.get("AUTOGRAD_CORE_SIMD") or _detect()
if SIMD not in WIDTHS:
    raise ImportError(f"AUTOGRAD_CORE_SIMD is {SIMD!r}, expected one of {[*WIDTHS]}")
BYTES = WIDTHS[SIMD]  # of one vector; 0 for none
HALVES = BYTES == 64  # to some CPUs two halves: where one will do, it is faster
REGISTERS = 16 if SIMD == "avx2" else 32


class Vectors:
    """Builds vector code for one dtype; short names for what llvmlite spells out."""

    def __init__(
        self, context: Any, builder: Any, dtype: Any, size: int = BYTES
    ) -> None:
        self.builder = builder
        self.scalar = context.get_value_type(dtype)
        self.lanes = size // (dtype.bitwidth // 8)
        self.type = ir.VectorType(self.scalar, self.lanes)
        self.masks = ir.VectorType(ir.IntType(1), self.lanes)
        self.suffix = f"v{self.lanes}f{dtype.bitwidth}"
        self.align = dtype.bitwidth // 8
        self.zero = ir.Constant(self.type, [0.0] * self.lanes)

    def call(self, name: str, result: Any, *args: Any) -> Any:
        """Call an LLVM intrinsic (or any function) by its name."""
        signature = ir.FunctionType(result, [a.type for a in args])
        module = self.builder.module
        callee = cgutils.get_or_insert_function(module, signature, name)
        return self.builder.call(callee, args)

    def splat(self, value: Any) -> Any:
        """A vector of one value."""
        kind = ir.VectorType(value.type, self.lanes)
        first = ir.Constant(INDEX, 0)
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, first)
        pick = ir.Constant(ir.VectorType(INDEX, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(one, one, pick)

    def first(self, count: Any) -> Any:
        """The mask of the lanes below ``count`` (a 64-bit integer of at least 0)."""
        full = ir.Constant(WORD, self.lanes)
        below = self.builder.icmp_signed("<", count, full)
        count = self.builder.trunc(self.builder.select(below, count, full), INDEX)
        ids = ir.Constant(ir.VectorType(INDEX, self.lanes), [*range(self.lanes)])
        return self.builder.icmp_signed("<", ids, self.splat(count))

    def at(self, pointer: Any, *steps: Any) -> Any:
        """A pointer moved by some numbers of elements."""
        for step in steps:
            index = step if isinstance(step, ir.Value) else ir.Constant(WORD, step)
            pointer = self.builder.gep(pointer, [index])
        return pointer

    def times(self, step: Any, count: int) -> Any:
        """A constant multiple of a 64-bit integer."""
        return self.builder.mul(step, ir.Constant(WORD, count))

    def lines(self, first: Any, step: Any, count: int) -> list[Any]:
        """Pointers to lines: four share a base, the others are base + index * scale.

        Opaque bases: LLVM would step one pointer along all lines, each step waiting
        for the last, or keep a register for each.
        """
        kind, bases = ir.FunctionType(first.type, [first.type]), []
        for i in range(0, count, 4):
            base = self.at(first, self.times(step, i))
            bases.append(self.builder.asm(kind, "", "=r,0", [base], side_effect=False))
        return [self.at(bases[i // 4], self.times(step, i % 4)) for i in range(count)]

    def load(self, pointer: Any, mask: Any = None) -> Any:
        """The vector at a pointer; zeros where the mask says no."""
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            return self.builder.load(place, align=self.align)
        align = ir.Constant(INDEX, self.align)
        name = f"llvm.masked.load.{self.suffix}.p0"
        return self.call(name, self.type, place, align, mask, self.zero)

    def store(self, value: Any, pointer: Any, mask: Any = None) -> None:
        """Write a vector, or the lanes of the mask."""
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            self.builder.store(value, place, align=self.align)
            return
        align = ir.Constant(INDEX, self.align)
        name = f"llvm.masked.store.{self.suffix}.p0"
        self.call(name, ir.VoidType(), value, place, align, mask)

    def all(self, *counts: Any) -> Any:
        """Whether every count fills a vector."""
        full = ir.Constant(WORD, self.lanes)
        tests = [self.builder.icmp_signed(">=", count, full) for count in counts]
        return reduce(self.builder.and_, tests)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """``a * b + c``, rounded once."""
        return self.call(f"llvm.fma.{self.suffix}", self.type, a, b, c)

    def sum(self, value: Any) -> Any:
        """The lanes added up, halves first."""
        half = self.lanes // 2
        while half:
            pick = [*range(half, 2 * half)] + [0] * (self.lanes - half)
            mask = ir.Constant(ir.VectorType(INDEX, self.lanes), pick)
            value = self.builder.fadd(
                value, self.builder.shuffle_vector(value, value, mask)
            )
            half //= 2
        return self.builder.extract_element(value, ir.Constant(INDEX, 0))


@contextmanager
def rolled(builder: Any, count: Any) -> Iterator[None]:
    """``count`` times what is built inside, in a loop that LLVM does not unroll."""
    before, body = builder.basic_block, builder.append_basic_block("body")
    after = builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed(">", count, WORD(0)), body, after)
    builder.position_at_end(body)
    left = builder.phi(WORD)
    yield
    fewer = builder.sub(left, WORD(1))
    left.add_incoming(count, before)
    left.add_incoming(fewer, builder.basic_block)
    again = builder.icmp_signed(">", fewer, WORD(0))
    latch = builder.cbranch(again, body, after)
    module = builder.module
    off = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
    loop = ir.MDValue(module, [], str(len(module.metadata)))
    loop.operands = (loop, off)  # a loop is named by a node that refers to itself
    latch.set_metadata("llvm.loop", loop)
    builder.position_at_end(after)


@intrinsic
def data(typing: Any, array: Any) -> Any:
    """Address of an array's first element, as a typed pointer."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_array(array)(context, builder, args[0]).data

    return types.CPointer(array.dtype)(array), build


@intrinsic
def lanes(typing: Any, array: Any) -> Any:
    """Elements of an array's dtype in a vector: a constant of the compiled code."""
    count = BYTES // (array.dtype.bitwidth // 8)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(WORD, count)

    return types.intp(array), build


@intrinsic
def at(typing: Any, pointer: Any, index: Any) -> Any:
    """``pointer + index`` elements."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.intp), build


@intrinsic
def aligned(typing: Any, pointer: Any) -> Any:
    """The first address from here on where a vector lies in one line of cache."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        size = WORD(pointer.dtype.bitwidth // 8)
        below = builder.neg(builder.ptrtoint(args[0], WORD))
        gap = builder.and_(below, WORD(max(BYTES, 1) - 1))
        return builder.gep(args[0], [builder.udiv(gap, size)])

    return pointer(pointer), build


@intrinsic
def copy_vector(typing: Any, source: Any, target: Any) -> Any:
    """One whole vector."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        v = Vectors(context, builder, source.dtype)
        v.store(v.load(args[0]), args[1])
        return context.get_dummy_value()

    return types.void(source, target), build


@intrinsic
def copy_lanes(typing: Any, source: Any, count: Any, target: Any, room: Any) -> Any:
    """One vector: ``count`` elements copied, then zeros up to ``room``."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source_at, valid, target_at, space = args
        v = Vectors(context, builder, source.dtype)
        with builder.if_else(v.all(space)) as (full, partial):
            with full:
                v.store(v.load(source_at, v.first(valid)), target_at)
            with partial:
                v.store(v.load(source_at, v.first(valid)), target_at, v.first(space))
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp), build


@intrinsic
def transpose_lanes(
    typing: Any, source: Any, ld: Any, rows: Any, columns: Any, target: Any,
    to: Any, room: Any, side: Any,
) -> Any:  # fmt: skip
    """A block of at most side x side elements, transposed; side: a vector or a half.

    ``target[c * to + r] = source[r * ld + c]`` for c < columns and r < room; zeros
    where r >= rows.
    """

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for size in (BYTES // 2, BYTES) if HALVES else (BYTES,):
            v = Vectors(context, builder, source.dtype, size)
            this = builder.icmp_signed("==", args[-1], ir.Constant(WORD, v.lanes))
            with builder.if_then(this):
                _transpose(v, *args[:-1])
        return context.get_dummy_value()

    n = types.intp
    return types.void(source, n, n, n, target, n, n, n), build


def _transpose(
    v: Vectors, source: Any, ld: Any, rows: Any, columns: Any, target: Any,
    to: Any, room: Any,
) -> None:  # fmt: skip
    """Load, shuffle, store; line by line where there are not as many as lanes."""
    builder = v.builder
    lines = [cgutils.alloca_once(builder, v.type) for _ in range(v.lanes)]
    sources, targets = v.lines(source, ld, v.lanes), v.lines(target, to, v.lanes)

    def move(limit: Any, one: Callable[[int], None]) -> None:
        """Those below the limit; no test for each where a vector of them are."""
        with builder.if_else(v.all(limit)) as (full, partial):
            with full:
                for i in range(v.lanes):
                    one(i)
            with partial:
                for i in range(v.lanes):
                    inside = builder.icmp_signed("<", ir.Constant(WORD, i), limit)
                    with builder.if_then(inside):
                        one(i)

    def load(i: int) -> None:
        builder.store(v.load(sources[i], edge), lines[i])

    for line in lines:
        builder.store(v.zero, line)
    edge = v.first(columns)
    move(rows, load)
    results = transposed(v, [builder.load(line) for line in lines])
    mask = v.first(room)
    with builder.if_else(v.all(room)) as (full, partial):
        with full:  # a later load need not wait for a store without a mask
            move(columns, lambda i: v.store(results[i], targets[i]))
        with partial:
            move(columns, lambda i: v.store(results[i], targets[i], mask))


def transposed(v: Vectors, lines: Sequence[Any]) -> list[Any]:
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
