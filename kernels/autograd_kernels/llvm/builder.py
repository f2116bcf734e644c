"""Writes LLVM code: vectors, pointers and loops, under short names.

All code that is not compiled by Numba from a plain loop is written by `Vectors`: the
values of kernels (`vector`), copies (`packing`) and register tiles (`tile`, `dots`).
Pointers are moved by GEP only: from LLVM 22 on, integer arithmetic followed by
``inttoptr`` can miscompile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from autograd_kernels.llvm.target import BYTES

WORD = ir.IntType(64)
INDEX = ir.IntType(32)


class Vectors:
    """Vectors of one dtype, and the instructions on them; all arguments are values.

    As many lanes as ``size`` bytes hold, or as ``lanes`` says.
    """

    def __init__(
        self, context: Any, builder: Any, dtype: Any, size: int = BYTES, lanes: int = 0
    ) -> None:
        bits = getattr(dtype, "bitwidth", 1)  # a bool, of a mask, says none
        self.builder = builder
        self.align = max(bits // 8, 1)
        self.lanes = lanes or size // self.align
        self.type = ir.VectorType(context.get_value_type(dtype), self.lanes)
        kind = "f" if isinstance(dtype, types.Float) else "i"
        self.suffix = f"v{self.lanes}{kind}{bits}"
        self.zero = ir.Constant(self.type, None)

    def call(self, name: str, result: Any, *args: Any) -> Any:
        """Call an LLVM intrinsic (or any function) by its name."""
        signature = ir.FunctionType(result, [a.type for a in args])
        module = self.builder.module
        callee = cgutils.get_or_insert_function(module, signature, name)
        return self.builder.call(callee, args)

    def splat(self, value: Any) -> Any:
        """A vector of one value; a vector stays as it is."""
        if isinstance(value.type, ir.VectorType):
            return value
        kind = ir.VectorType(value.type, self.lanes)
        undefined = ir.Constant(kind, ir.Undefined)
        one = self.builder.insert_element(undefined, value, INDEX(0))
        return self.shuffle(one, one, [0] * self.lanes)

    def shuffle(self, a: Any, b: Any, picks: Sequence[int]) -> Any:
        """Lanes of two vectors, by their numbers."""
        mask = ir.Constant(ir.VectorType(INDEX, len(picks)), [*picks])
        return self.builder.shuffle_vector(a, b, mask)

    def counting(self, kind: Any, order: Sequence[int] = ()) -> Any:
        """The numbers of the lanes, 0, 1, ..., or others, as integers of a kind."""
        return ir.Constant(
            ir.VectorType(kind, self.lanes), [*(order or range(self.lanes))]
        )

    def first(self, count: Any) -> Any:
        """The mask of the lanes below ``count`` (a 64-bit integer of at least 0)."""
        full = WORD(self.lanes)
        below = self.builder.icmp_signed("<", count, full)
        count = self.builder.trunc(self.builder.select(below, count, full), INDEX)
        return self.builder.icmp_signed("<", self.counting(INDEX), self.splat(count))

    def only(self, mask: Any, test: Any) -> Any:
        """The mask if the test holds, else that of no lane."""
        return self.builder.select(test, mask, ir.Constant(mask.type, None))

    def at(self, pointer: Any, *steps: Any) -> Any:
        """A pointer moved by some numbers of elements."""
        for step in steps:
            index = step if isinstance(step, ir.Value) else WORD(step)
            pointer = self.builder.gep(pointer, [index])
        return pointer

    def times(self, step: Any, count: int) -> Any:
        """A constant multiple of a 64-bit integer."""
        return self.builder.mul(step, WORD(count))

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
        name = f"llvm.masked.load.{self.suffix}.p0"
        return self.call(name, self.type, place, INDEX(self.align), mask, self.zero)

    def store(self, value: Any, pointer: Any, mask: Any = None) -> None:
        """Write a vector, or the lanes of the mask."""
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            self.builder.store(value, place, align=self.align)
            return
        name = f"llvm.masked.store.{self.suffix}.p0"
        self.call(name, ir.VoidType(), value, place, INDEX(self.align), mask)

    def places(self, pointer: Any, indices: Any) -> Any:
        """Pointers to elements, by a vector of their indices."""
        pointers, item = self.splat(pointer), pointer.type.pointee
        return self.builder.gep(pointers, [indices], source_etype=item)

    def gather(self, places: Any, mask: Any) -> Any:
        """The elements at a vector of pointers; zeros where the mask says no."""
        name = f"llvm.masked.gather.{self.suffix}.v{self.lanes}p0"
        return self.call(name, self.type, places, INDEX(self.align), mask, self.zero)

    def scatter(self, value: Any, places: Any, mask: Any) -> None:
        """Write the lanes of the mask, each to its pointer."""
        name = f"llvm.masked.scatter.{self.suffix}.v{self.lanes}p0"
        self.call(name, ir.VoidType(), value, places, INDEX(self.align), mask)

    def whole(self, mask: Any) -> Any:
        """Whether a mask has all lanes."""
        bits = ir.IntType(self.lanes)
        return self.builder.icmp_unsigned(
            "==", self.builder.bitcast(mask, bits), bits(-1)
        )

    def all(self, *counts: Any) -> Any:
        """Whether every count fills a vector."""
        full = WORD(self.lanes)
        tests = [self.builder.icmp_signed(">=", count, full) for count in counts]
        return reduce(self.builder.and_, tests)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """``a * b + c``, rounded once."""
        return self.call(f"llvm.fma.{self.suffix}", self.type, a, b, c)

    def folded(self, value: Any, combine: Callable[[Any, Any], Any]) -> Any:
        """All lanes combined to one, halves first."""
        half = self.lanes
        while half := half // 2:
            low = self.shuffle(value, value, range(half))
            high = self.shuffle(value, value, range(half, 2 * half))
            value = combine(low, high)
        return self.builder.extract_element(value, INDEX(0))

    def sum(self, value: Any) -> Any:
        """The lanes added up, halves first."""
        return self.folded(value, self.builder.fadd)


Values = list[Any]


def rolled(
    builder: Any, count: Any, values: Values, body: Callable[[Values], Values]
) -> Values:
    """What ``count`` times ``body`` make of some values, in a loop that stays one.

    LLVM does not unroll it. The values are registers, without a detour by memory.
    """
    before, inside = builder.basic_block, builder.append_basic_block("body")
    after = builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed(">", count, WORD(0)), inside, after)
    builder.position_at_end(inside)
    old = [builder.phi(value.type) for value in (count, *values)]
    new = body(old[1:])
    new = [builder.sub(old[0], WORD(1)), *new]
    for phi, first, then in zip(old, (count, *values), new, strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(then, builder.basic_block)
    again = builder.icmp_signed(">", new[0], WORD(0))
    latch = builder.cbranch(again, inside, after)
    _forbid_unrolling(builder.module, latch)
    end = builder.basic_block
    builder.position_at_end(after)
    return [
        _merged(builder, (first, before), (then, end))
        for first, then in zip(values, new[1:], strict=True)
    ]


def _forbid_unrolling(module: Any, latch: Any) -> None:
    off = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
    loop = ir.MDValue(module, [], str(len(module.metadata)))
    loop.operands = (loop, off)  # a loop is named by a node that refers to itself
    latch.set_metadata("llvm.loop", loop)


def chosen(
    builder: Any, test: Any, values: Values, change: Callable[[Values], Values]
) -> Values:
    """Some values, or where the test holds what ``change`` makes of them."""
    before = builder.basic_block
    with builder.if_then(test):
        new = change(values)
        end = builder.basic_block
    return [
        _merged(builder, (old, before), (then, end))
        for old, then in zip(values, new, strict=True)
    ]


def _merged(builder: Any, *incoming: tuple[Any, Any]) -> Any:
    """A value that depends on the block one comes from."""
    phi = builder.phi(incoming[0][0].type)
    for value, block in incoming:
        phi.add_incoming(value, block)
    return phi


def transposed(v: Vectors, lines: Sequence[Any]) -> list[Any]:
    """Swaps the off-diagonal halves of 2 x 2, 4 x 4, ... blocks by shuffles."""
    lines, ids = [*lines], range(v.lanes)
    step = 1
    while step < v.lanes:
        low = [i if not i & step else v.lanes + i - step for i in ids]
        high = [i + step if not i & step else v.lanes + i for i in ids]
        for i in (i for i in ids if not i & step):
            pair = lines[i], lines[i + step]
            for j, pick in ((i, low), (i + step, high)):
                lines[j] = v.shuffle(*pair, pick)
        step *= 2
    return lines
