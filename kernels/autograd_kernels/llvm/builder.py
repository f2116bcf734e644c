"""Writes LLVM code: vectors, pointers and loops, under short names.

All code that is not compiled by Numba from a plain loop is written by `Vectors`: the
values of kernels (`vector`), copies (`packing`) and register tiles (`tile`, `dots`).
Pointers are moved by GEP only: from LLVM 22 on, integer arithmetic followed by
``inttoptr`` can miscompile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from autograd_kernels.llvm.target import BYTES

WORD = ir.IntType(64)
INDEX = ir.IntType(32)


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
