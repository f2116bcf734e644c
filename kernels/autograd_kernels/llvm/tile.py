"""The register tile of the matmul: HEIGHT x 2 vectors of C stay in registers.

For every p: one vector load per column vector of B, one broadcast per row of A, and
an FMA for each pair, so that loads stay well below FMAs. The sum over p of one
element is a chain of FMAs in the order of p, whatever the tile's shape.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd_kernels.llvm.builder import WORD, Vectors, rolled
from autograd_kernels.llvm.target import BYTES, HALVES, REGISTERS

# Epilogue of a tile, in this order: add PART, add to C, add the bias row, relu.
BIAS, RELU, ADD, PART = 1, 2, 4, 8
HEIGHT = 6 if REGISTERS == 16 else 12  # rows; 2 column vectors leave room for B
COLUMNS = 2  # vectors
UNROLL = 4  # steps along k that are written out
MASKED = BYTES >= 32  # loads of a part of a vector are as fast as of a whole one
HEIGHTS = (12, 8, 4, 2, 1) if HEIGHT == 12 else (6, 4, 2, 1)  # tiles that exist
TALL = (16, *HEIGHTS[1:]) if HEIGHT == 12 else HEIGHTS  # those of one vector
FLOPS = 100.0  # a nanosecond, float32, one thread


def nanoseconds(args: Any) -> float:
    """What the FMAs of `matmul.matmul` take in one thread."""
    ta, _, _, a, *_, out = args
    k = a.shape[-2] if ta else a.shape[-1]
    return 2.0 * out.size * k * (out.itemsize / 4) / FLOPS


def make_tiles(vectors: type[Vectors]) -> Any:
    """`tiles` in other arithmetic: what ``vectors`` make of an FMA."""

    @intrinsic
    def tiles(
        typing: Any, rows: Any, columns: Any, mode: Any, k: Any, a: Any, row: Any,
        column: Any, b: Any, ldb: Any, c: Any, ldc: Any, bias: Any, part: Any,
    ) -> Any:  # fmt: skip
        """``c[i, j] = sum over p of a[i * row + p * column] * b[p * ldb + j]``.

        And the epilogue. columns <= 2 vectors. Unless MASKED, B is read to the end of
        its last vector; C and the bias are not. Rows of ``part`` are 2 vectors apart.
        """

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            done = builder.append_basic_block("done")
            for size, width in [(BYTES // 2, 1)] * HALVES + [
                (BYTES, 1),
                (BYTES, COLUMNS),
            ]:
                v = vectors(context, builder, b.dtype, size)
                limit = ir.Constant(WORD, width * v.lanes)
                with builder.if_then(builder.icmp_signed("<=", args[1], limit)):
                    _Tiles(v, width, *args).sweep()
                    builder.branch(done)
            builder.branch(done)
            builder.position_at_end(done)
            return context.get_dummy_value()

        n = types.intp
        return types.void(n, n, n, n, a, n, n, b, n, c, n, bias, part), build

    return tiles


class _Tiles:
    """Writes the code of tiles of ``width`` vectors; the fields are LLVM values."""

    def __init__(self, v: Vectors, width: int, rows: Any, columns: Any, mode: Any,
                 k: Any, a: Any, row: Any, column: Any, b: Any, ldb: Any, c: Any,
                 ldc: Any, bias: Any, part: Any) -> None:  # fmt: skip
        self.v, self.builder, self.width = v, v.builder, width
        self.rows, self.columns, self.mode, self.k = rows, columns, mode, k
        self.row, self.column, self.ldb, self.ldc = row, column, ldb, ldc
        self.ldp = ir.Constant(WORD, COLUMNS * BYTES // v.align)
        self.b, self.bias = b, bias
        self.places = [cgutils.alloca_once_value(v.builder, x) for x in (a, c, part)]
        edge = v.first(v.builder.sub(columns, ir.Constant(WORD, (width - 1) * v.lanes)))
        self.masks = [None] * (width - 1) + [edge]

    def sweep(self) -> None:
        """As many of the tallest tiles as fit, then at most one of each other."""
        builder = self.builder
        tallest, *others = TALL if self.width == 1 else HEIGHTS
        step = ir.Constant(WORD, tallest)
        count = builder.sdiv(self.rows, step)
        with rolled(builder, count):
            self.emit(tallest)
        left = cgutils.alloca_once_value(
            builder, builder.sub(self.rows, builder.mul(count, step))
        )
        for height in others:
            step = ir.Constant(WORD, height)
            rows = builder.load(left)
            with builder.if_then(builder.icmp_signed(">=", rows, step)):
                self.emit(height)
                builder.store(builder.sub(rows, step), left)

    def emit(self, height: int) -> None:
        """One tile; moves on to the rows below it."""
        v, builder = self.v, self.builder
        self.a, self.c, self.part = (builder.load(place) for place in self.places)
        sums = {}
        for ij in product(range(height), range(self.width)):
            sums[ij] = cgutils.alloca_once(builder, v.type)
            builder.store(v.zero, sums[ij])
        self.accumulate(sums, height)
        self.epilogue(sums, height)
        steps = zip(self.places, (self.row, self.ldc, self.ldp), strict=True)
        for place, step in steps:
            moved = v.at(builder.load(place), v.times(step, height))
            builder.store(moved, place)

    def accumulate(self, sums: Any, height: int) -> None:
        """All of k; UNROLL steps at a time where both operands were copied."""
        builder = self.builder
        a_at = cgutils.alloca_once_value(builder, self.a)
        b_at = cgutils.alloca_once_value(builder, self.b)
        left = cgutils.alloca_once_value(builder, self.k)
        steps, one = ir.Constant(WORD, UNROLL), ir.Constant(WORD, 1)
        if height == HEIGHT and self.width == COLUMNS:
            near = builder.icmp_signed("==", self.column, one)
            dense = builder.and_(near, builder.icmp_signed("==", self.ldb, self.ldp))
            with builder.if_then(dense):
                with rolled(builder, builder.sdiv(self.k, steps)):
                    self.steps(sums, height, UNROLL, a_at, b_at, one, self.ldp, False)
                builder.store(builder.srem(self.k, steps), left)
        with rolled(builder, builder.load(left)):
            self.steps(sums, height, 1, a_at, b_at, self.column, self.ldb, MASKED)

    def steps(
        self, sums: Any, height: int, count: int, a_at: Any, b_at: Any, column: Any,
        ldb: Any, masked: bool,
    ) -> None:  # fmt: skip
        """Steps along k: every row of A's column times B's row."""
        v, builder = self.v, self.builder
        masks = self.masks if masked else [None] * self.width
        base, left = builder.load(b_at), builder.load(a_at)
        lines = v.lines(left, self.row, height)
        for _ in range(count):
            starts = [v.at(base, j * v.lanes) for j in range(self.width)]
            right = [v.load(*pair) for pair in zip(starts, masks, strict=True)]
            for i, line in enumerate(lines):
                one = v.splat(builder.load(line))
                for j in range(self.width):
                    total = v.fma(one, right[j], builder.load(sums[i, j]))
                    builder.store(total, sums[i, j])
            base, left = v.at(base, ldb), v.at(left, column)
            lines = [v.at(line, column) for line in lines]
        builder.store(base, b_at)
        builder.store(left, a_at)

    def epilogue(self, sums: Any, height: int) -> None:
        v, builder = self.v, self.builder
        masks = self.masks
        lines = v.lines(self.c, self.ldc, height)
        spots = {(i, j): v.at(lines[i], j * v.lanes) for i, j in sums}
        with self.when(PART):
            rows = v.lines(self.part, self.ldp, height)
            for (i, j), total in sums.items():
                old = v.load(v.at(rows[i], j * v.lanes))
                builder.store(builder.fadd(old, builder.load(total)), total)
        with self.when(ADD):
            for ij, total in sums.items():
                old = v.load(spots[ij], masks[ij[1]])
                builder.store(builder.fadd(old, builder.load(total)), total)
        with self.when(BIAS):
            add = [self.bias_vector(j) for j in range(self.width)]
            for (_, j), total in sums.items():
                builder.store(builder.fadd(builder.load(total), add[j]), total)
        with self.when(RELU):
            for total in sums.values():
                value = builder.load(total)
                below = builder.fcmp_ordered("<=", value, v.zero)
                builder.store(builder.select(below, v.zero, value), total)
        full = ir.Constant(WORD, self.width * v.lanes)
        whole = builder.icmp_signed("==", self.columns, full)
        with builder.if_else(whole) as (plain, masked):
            with plain:
                for ij, total in sums.items():
                    v.store(builder.load(total), spots[ij])
            with masked:
                for ij, total in sums.items():
                    v.store(builder.load(total), spots[ij], masks[ij[1]])

    def when(self, flag: int) -> Any:
        bit = self.builder.and_(self.mode, ir.Constant(WORD, flag))
        return self.builder.if_then(cgutils.is_not_null(self.builder, bit))

    def bias_vector(self, j: int) -> Any:
        return self.v.load(self.v.at(self.bias, j * self.v.lanes), self.masks[j])


tiles = make_tiles(Vectors)
