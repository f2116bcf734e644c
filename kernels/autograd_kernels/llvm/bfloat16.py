"""Pairs of bfloat16 in words, and the instructions that round and multiply them.

bfloat16 is the upper half of a float32. A word holds two neighbours along k, the even
one below, and is carried as a float32 that nobody computes with. So the tile of the
matmul serves, with k in words: only what is an FMA there is ``vdpbf16ps`` here, sums of
float32 that a pair of products is added to (the odd one first; two roundings; denormals
count as zero). Where k is odd, the missing half is zero in both operands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd_kernels.llvm.builder import WORD, Vectors, transposed
from autograd_kernels.llvm.target import BYTES, FEATURES
from autograd_kernels.llvm.tile import make_tiles

# Without the instructions LLVM would end the process.
AVAILABLE = BYTES == 64 and {"avx512bf16", "avx512vl", "avx512bw"} <= FEATURES


class _Bfloat(ir.types.Type):  # type: ignore[misc]
    """LLVM's bfloat, which llvmlite does not have."""

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Bfloat)

    def __hash__(self) -> int:
        return hash(_Bfloat)


class Words(Vectors):
    """Vectors of float32 that stand for pairs."""

    @property
    def pairs(self) -> Any:
        return ir.VectorType(_Bfloat(), 2 * self.lanes)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """Both products of each pair, added to c."""
        name = f"llvm.x86.avx512bf16.dpbf16ps.{32 * self.lanes}"
        a, b = (self.builder.bitcast(x, self.pairs) for x in (a, b))
        return self.call(name, self.type, c, a, b)

    def rounded(self, low: Any, high: Any) -> Any:
        """Those of two vectors, one after the other, to nearest even."""
        name = f"llvm.x86.avx512bf16.cvtne2ps2bf16.{32 * self.lanes}"
        return self.call(name, self.pairs, high, low)

    def along(self, place: Any, apart: Any, left: Any = None) -> Any:
        """Words of ``2 * lanes`` neighbours in memory, or of those that are left."""
        masks = [None, None]
        if left is not None:
            masks = [
                self.first(self.builder.sub(left, WORD(i))) for i in (0, self.lanes)
            ]
        low, high = (
            self.load(self.at(place, i), mask)
            for i, mask in zip((0, self.lanes), masks, strict=True)
        )
        return self.builder.bitcast(self.rounded(low, high), self.type)

    def across(self, place: Any, apart: Any, masks: Any = (None, None)) -> Any:
        """Words of the vectors of two lines ``apart`` elements from each other."""
        even, odd = (
            self.load(place, masks[0]),
            self.load(self.at(place, apart), masks[1]),
        )
        both = self.rounded(even, odd)
        pick = [i // 2 + (i % 2) * self.lanes for i in range(2 * self.lanes)]
        return self.builder.bitcast(self.shuffle(both, both, pick), self.type)


tiles = make_tiles(Words)


@intrinsic
def copy_along(context: Any, source: Any, left: Any, out: Any) -> Any:
    """A vector of words from ``left`` neighbours, at most 2 vectors; zeros behind."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        v = Words(target, builder, source.dtype)
        whole = builder.icmp_signed(">=", args[1], WORD(2 * v.lanes))
        with builder.if_else(whole) as (full, part):
            with full:
                v.store(v.along(args[0], None), args[2])
            with part:
                v.store(v.along(args[0], None, args[1]), args[2])
        return target.get_dummy_value()

    return types.void(source, types.intp, out), codegen


@intrinsic
def copy_across(
    context: Any, source: Any, apart: Any, lines: Any, left: Any, out: Any
) -> Any:
    """A vector of words from ``left`` columns of two lines, or of one and zeros."""

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        place, apart, lines, left, to = args
        v = Words(target, builder, source.dtype)
        two = builder.icmp_signed(">=", lines, WORD(2))
        with builder.if_else(builder.and_(two, v.all(left))) as (full, part):
            with full:
                v.store(v.across(place, apart), to)
            with part:
                mask = v.first(left)
                v.store(v.across(place, apart, (mask, v.only(mask, two))), to)
        return target.get_dummy_value()

    n = types.intp
    return types.void(source, n, n, n, out), codegen


@intrinsic
def turn_along(
    context: Any, source: Any, ld: Any, rows: Any, left: Any, out: Any, to: Any
) -> Any:
    """``out[w * to + r]`` = word w of row r, whose numbers lie along it.

    A vector of rows and of words, or those that there are; zeros for missing rows.
    """

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        place, ld, rows, left, out, to = args
        v = Words(target, builder, source.dtype)
        lines = v.lines(place, ld, v.lanes)
        zero = WORD(0)

        def part(i: int) -> Any:
            there = builder.icmp_signed("<", WORD(i), rows)
            return v.along(lines[i], None, builder.select(there, left, zero))

        words = builder.sdiv(builder.add(left, WORD(1)), WORD(2))
        full = v.all(rows, words)
        whole = builder.icmp_signed(">=", left, WORD(2 * v.lanes))
        full = builder.and_(full, whole)
        _turn(v, full, lambda i: v.along(lines[i], None), part, words, out, to)
        return target.get_dummy_value()

    n = types.intp
    return types.void(source, n, n, n, out, n), codegen


@intrinsic
def turn_across(
    context: Any, source: Any, ld: Any, lines: Any, left: Any, out: Any, to: Any
) -> Any:
    """``out[c * to + w]`` = word w of column c, of lines 2 w and 2 w + 1.

    A vector of columns and of words, or ``left`` of them and those of ``lines``.
    """

    def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        place, ld, count, left, out, to = args
        v = Words(target, builder, source.dtype)
        lines = v.lines(place, v.times(ld, 2), v.lanes)
        edge = v.first(left)

        def part(i: int) -> Any:
            tests = (builder.icmp_signed("<", WORD(2 * i + e), count) for e in (0, 1))
            return v.across(lines[i], ld, [v.only(edge, test) for test in tests])

        whole = builder.icmp_signed(">=", count, WORD(2 * v.lanes))
        full = builder.and_(whole, v.all(left))
        _turn(v, full, lambda i: v.across(lines[i], ld), part, left, out, to)
        return target.get_dummy_value()

    n = types.intp
    return types.void(source, n, n, n, out, n), codegen


def _turn(
    v: Words, full: Any, load: Callable[[int], Any], part: Callable[[int], Any],
    count: Any, out: Any, to: Any,
) -> None:  # fmt: skip
    """Lines of words, transposed; ``count`` of the results are stored, as wholes."""
    builder = v.builder
    lines = [cgutils.alloca_once(builder, v.type) for _ in range(v.lanes)]
    with builder.if_else(full) as (all_there, some):
        with all_there:
            for i, line in enumerate(lines):
                builder.store(load(i), line)
        with some:
            for i, line in enumerate(lines):
                builder.store(part(i), line)
    results = transposed(v, [builder.load(line) for line in lines])
    targets = v.lines(out, to, v.lanes)
    with builder.if_else(v.all(count)) as (all_there, some):
        with all_there:
            for result, place in zip(results, targets, strict=True):
                v.store(result, place)
        with some:
            for i, result in enumerate(results):
                with builder.if_then(builder.icmp_signed("<", WORD(i), count)):
                    v.store(result, targets[i])
