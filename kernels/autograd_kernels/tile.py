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

from autograd_kernels.simd import REGISTERS, WORD, Vectors

# Epilogue of a tile, in this order: add PART, add to C, add the bias row, relu.
BIAS, RELU, ADD, PART = 1, 2, 4, 8
HEIGHT = 6 if REGISTERS == 16 else 12  # rows; 2 column vectors leave room for B
COLUMNS = 2  # vectors
DOTS = 8  # rows that `dots` takes at once
HEIGHTS = (12, 8, 4, 2, 1) if HEIGHT == 12 else (6, 4, 2, 1)  # tiles that exist


@intrinsic
def tile(
    typing: Any, rows: Any, columns: Any, mode: Any, k: Any, a: Any, row: Any,
    column: Any, b: Any, ldb: Any, c: Any, ldc: Any, bias: Any, part: Any,
) -> Any:  # fmt: skip
    """``c[i, j] = sum over p of a[i * row + p * column] * b[p * ldb + j]``, epilogue.

    rows is one of HEIGHTS, columns <= 2 vectors; B is read to the end of its last
    vector, C and the bias are not.
    """

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _Tile(Vectors(context, builder, b.dtype), *args).choose()
        return context.get_dummy_value()

    n = types.intp
    return types.void(n, n, n, n, a, n, n, b, n, c, n, bias, part), build


class _Tile:
    """Writes the code of tiles; the fields are LLVM values."""

    def __init__(self, v: Vectors, rows: Any, columns: Any, mode: Any, k: Any,
                 a: Any, row: Any, column: Any, b: Any, ldb: Any, c: Any, ldc: Any,
                 bias: Any, part: Any) -> None:  # fmt: skip
        self.v, self.builder = v, v.builder
        self.rows, self.columns, self.mode, self.k = rows, columns, mode, k
        self.a, self.row, self.column = a, row, column
        self.b, self.ldb, self.c, self.ldc = b, ldb, c, ldc
        self.bias, self.part = bias, part
        first = [ir.Constant(WORD, w * v.lanes) for w in range(COLUMNS)]
        self.masks = [v.first(v.builder.sub(columns, skip)) for skip in first]

    def choose(self) -> None:
        """A branch to code for just this height and width."""
        builder = self.builder
        lanes, tall = ir.Constant(WORD, self.v.lanes), ir.Constant(WORD, HEIGHT)
        wide = builder.zext(builder.icmp_signed(">", self.columns, lanes), WORD)
        done = builder.append_basic_block("done")
        key = builder.add(self.rows, builder.mul(wide, tall))
        switch = builder.switch(key, done)
        for height, width in product(HEIGHTS, range(1, COLUMNS + 1)):
            block = builder.append_basic_block("tile")
            switch.add_case(ir.Constant(WORD, height + (width - 1) * HEIGHT), block)
            builder.position_at_end(block)
            self.emit(height, width)
            builder.branch(done)
        builder.position_at_end(done)

    def emit(self, height: int, width: int) -> None:
        v, grid = self.v, [*product(range(height), range(width))]
        sums = {ij: cgutils.alloca_once(self.builder, v.type) for ij in grid}
        for place in sums.values():
            self.builder.store(v.zero, place)
        self.accumulate(sums, height, width)
        self.epilogue(sums, width)

    def accumulate(self, sums: Any, height: int, width: int) -> None:
        v, builder = self.v, self.builder
        # Four rows a pointer: their addresses then are base + index * scale.
        groups = [v.at(self.a, v.times(self.row, i)) for i in range(0, height, 4)]
        lines = [cgutils.alloca_once_value(builder, g) for g in groups]
        b_at = cgutils.alloca_once_value(builder, self.b)
        with cgutils.for_range(builder, self.k):
            base = builder.load(b_at)
            right = [v.load(v.at(base, j * v.lanes)) for j in range(width)]
            bases = [builder.load(line) for line in lines]
            for i in range(height):
                left = builder.load(v.at(bases[i // 4], v.times(self.row, i % 4)))
                left = v.splat(left)
                for j in range(width):
                    total = v.fma(left, right[j], builder.load(sums[i, j]))
                    builder.store(total, sums[i, j])
            builder.store(v.at(base, self.ldb), b_at)
            for line, pointer in zip(lines, bases, strict=True):
                builder.store(v.at(pointer, self.column), line)

    def epilogue(self, sums: Any, width: int) -> None:
        v, builder = self.v, self.builder
        masks = self.masks
        spots = {(i, j): self.spot(self.c, self.ldc, i, j) for i, j in sums}
        with self.when(PART):
            ld = ir.Constant(WORD, COLUMNS * v.lanes)
            for (i, j), total in sums.items():
                old = v.load(self.spot(self.part, ld, i, j))
                builder.store(builder.fadd(old, builder.load(total)), total)
        with self.when(ADD):
            for ij, total in sums.items():
                old = v.load(spots[ij], masks[ij[1]])
                builder.store(builder.fadd(old, builder.load(total)), total)
        with self.when(BIAS):
            add = [self.bias_vector(j) for j in range(width)]
            for (_, j), total in sums.items():
                builder.store(builder.fadd(builder.load(total), add[j]), total)
        with self.when(RELU):
            for total in sums.values():
                value = builder.load(total)
                below = builder.fcmp_ordered("<=", value, v.zero)
                builder.store(builder.select(below, v.zero, value), total)
        full = ir.Constant(WORD, width * v.lanes)
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

    def spot(self, base: Any, ld: Any, i: int, j: int) -> Any:
        return self.v.at(base, self.v.times(ld, i), j * self.v.lanes)

    def bias_vector(self, j: int) -> Any:
        return self.v.load(self.v.at(self.bias, j * self.v.lanes), self.masks[j])


@intrinsic
def dots(
    typing: Any, count: Any, k: Any, x: Any, rows: Any, ld: Any, out: Any
) -> Any:  # fmt: skip
    """``out[l] = sum over p of x[p] * rows[l * ld + p]`` for l < count <= DOTS.

    All DOTS elements of ``out`` are written. The order of a sum follows from k alone:
    lane by lane, then the lanes by halves.
    """

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        limit, depth, x_at, first, step, target = args
        v = Vectors(context, builder, x.dtype)
        sums = [cgutils.alloca_once_value(builder, v.zero) for _ in range(DOTS)]
        for total in sums:
            builder.store(v.zero, total)
        last = builder.sub(limit, ir.Constant(WORD, 1))
        lines = []
        for i in range(DOTS):
            i_at = ir.Constant(WORD, i)
            inside = builder.icmp_signed("<", i_at, last)
            row = builder.select(inside, i_at, last)
            lines.append(v.at(first, builder.mul(row, step)))

        def add(p: Any, mask: Any) -> None:
            left = v.load(v.at(x_at, p), mask)
            for line, total in zip(lines, sums, strict=True):
                right = v.load(v.at(line, p), mask)
                builder.store(v.fma(left, right, builder.load(total)), total)

        lanes = ir.Constant(WORD, v.lanes)
        whole = builder.sdiv(depth, lanes)
        with cgutils.for_range(builder, whole) as loop:
            add(builder.mul(loop.index, lanes), None)
        p = builder.mul(whole, lanes)
        add(p, v.first(builder.sub(depth, p)))
        for i, total in enumerate(sums):
            builder.store(v.sum(builder.load(total)), v.at(target, i))
        return context.get_dummy_value()

    n = types.intp
    return types.void(n, n, x, rows, n, out), build
