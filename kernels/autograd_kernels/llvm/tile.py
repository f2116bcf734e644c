"""The register tile of the matmul: HEIGHT x 2 vectors of C stay in registers.

For every p: one vector load per column vector of B, one broadcast per row of A, and
an FMA for each pair, so that loads stay well below FMAs. The sum over p of one
element is a chain of FMAs in the order of p, whatever the tile's shape.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from autograd_kernels.llvm.builder import WORD, Vectors, chosen, rolled
from autograd_kernels.llvm.target import BYTES, HALVES, REGISTERS

# Epilogue of a tile, in this order: add PART, add to C, add the bias row, relu.
BIAS, RELU, ADD, PART = 1, 2, 4, 8
HEIGHT = 6 if REGISTERS == 16 else 12  # rows; 2 column vectors leave room for B
WIDTH = 2  # vectors
UNROLL = 4  # steps along k that are written out
MASKED = BYTES >= 32  # loads of a part of a vector are as fast as of a whole one
HEIGHTS = (12, 8, 4, 2, 1) if HEIGHT == 12 else (6, 4, 2, 1)  # tiles that exist
NARROW_HEIGHTS = (16, *HEIGHTS[1:]) if HEIGHT == 12 else HEIGHTS  # of one vector
FLOPS = 100.0  # a nanosecond, float32, one thread


def nanoseconds(args: Any) -> float:
    """What the FMAs of `matmul.matmul` take in one thread."""
    ta, _, _, a, *_, out = args
    k = a.shape[-2] if ta else a.shape[-1]
    return 2.0 * out.size * k * (out.itemsize / 4) / FLOPS


class Product(NamedTuple):
    """What all blocks of ``c = op(a) @ op(b)`` have in common.

    Elements i, j of a matrix are ``row`` times i and ``column`` times j from its first;
    those of C and of the bias are neighbours. ``way`` is for who cuts C into blocks.
    """

    way: Any
    mode: Any  # which epilogue follows
    k: Any  # terms of a sum
    row_a: Any
    column_a: Any
    row_b: Any
    column_b: Any
    row_c: Any


class Block(NamedTuple):
    """One block of C: its size, and where what belongs to it begins."""

    rows: Any
    columns: Any
    a: Any
    b: Any
    c: Any
    bias: Any


def make_tiles(vectors: type[Vectors]) -> Any:
    """`tiles` in other arithmetic: what ``vectors`` make of an FMA."""

    @intrinsic
    def tiles(context: Any, product: Any, block: Any, part: Any) -> Any:
        """A block of at most 2 vectors of columns, and the epilogue.

        Rows of ``part`` are 2 vectors apart, elements of rows of B are neighbours.
        Unless MASKED, B is read to the end of its last vector; C and the bias are not.
        """

        def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
            given = Product(*cgutils.unpack_tuple(builder, args[0]))
            here = Block(*cgutils.unpack_tuple(builder, args[1]))
            done = builder.append_basic_block("done")
            sizes = [(BYTES // 2, 1)] * HALVES + [(BYTES, 1), (BYTES, WIDTH)]
            for size, width in sizes:
                v = vectors(target, builder, block.types[3].dtype, size)
                limit = WORD(width * v.lanes)
                fits = builder.icmp_signed("<=", here.columns, limit)
                with builder.if_then(fits):
                    _Panel(v, width, given, here).sweep(args[2])
                    builder.branch(done)
            builder.branch(done)
            builder.position_at_end(done)
            return target.get_dummy_value()

        return types.void(product, block, part), codegen

    return tiles


class _Panel:
    """Writes the code of all tiles of ``width`` vectors, one below the other."""

    def __init__(self, v: Vectors, width: int, given: Product, block: Block) -> None:
        self.v, self.width, self.given, self.block = v, width, given, block
        self.row_part = WORD(WIDTH * BYTES // v.align)
        edge = v.first(v.builder.sub(block.columns, WORD((width - 1) * v.lanes)))
        self.masks = [None] * (width - 1) + [edge]

    def sweep(self, part: Any) -> None:
        """As many of the tallest tiles as fit, then at most one of each other."""
        builder, rows = self.v.builder, self.block.rows
        tallest, *others = NARROW_HEIGHTS if self.width == 1 else HEIGHTS
        step = WORD(tallest)
        count = builder.sdiv(rows, step)
        left = builder.sub(rows, builder.mul(count, step))
        places = [self.block.a, self.block.c, part]
        places = rolled(builder, count, places, partial(self.emit, tallest))
        for height in others:
            step = WORD(height)
            fits = builder.icmp_signed(">=", left, step)
            left = builder.select(fits, builder.sub(left, step), left)
            places = chosen(builder, fits, places, partial(self.emit, height))

    def emit(self, height: int, places: list[Any]) -> list[Any]:
        """One tile, from where its a, c and part are to those of the rows below."""
        a, c, part = places
        tile = _Tile(self, height)
        tile.finish(tile.accumulate(a), c, part)
        steps = self.given.row_a, self.given.row_c, self.row_part
        return [
            self.v.at(place, self.v.times(step, height))
            for place, step in zip(places, steps, strict=True)
        ]


class _Tile:
    """Writes the code of one; sums are lists of vectors, row by row."""

    def __init__(self, panel: _Panel, height: int) -> None:
        self.panel, self.height, self.given = panel, height, panel.given
        self.v, self.builder = panel.v, panel.v.builder

    def accumulate(self, a: Any) -> list[Any]:
        """All of k; UNROLL steps at a time where both operands were copied."""
        builder, given, panel = self.builder, self.given, self.panel
        one, unroll = WORD(1), WORD(UNROLL)
        few = partial(self.steps, 1, given.column_a, given.row_b, MASKED)
        many = partial(self.steps, UNROLL, one, panel.row_part, False)

        def by_many(state: list[Any]) -> list[Any]:
            left, *rest = state
            rest = rolled(builder, builder.sdiv(left, unroll), rest, many)
            return [builder.srem(left, unroll), *rest]

        zeros = [self.v.zero] * (self.height * panel.width)
        state = [given.k, panel.block.b, a, *zeros]
        if self.height == HEIGHT and panel.width == WIDTH:
            near = builder.icmp_signed("==", given.column_a, one)
            copied = builder.icmp_signed("==", given.row_b, panel.row_part)
            state = chosen(builder, builder.and_(near, copied), state, by_many)
        left, *state = state
        return rolled(builder, left, state, few)[2:]

    def steps(
        self, count: int, column: Any, row: Any, masked: bool, state: list[Any]
    ) -> list[Any]:
        """Steps along k: every row of A's column times B's row."""
        v, builder, width = self.v, self.builder, self.panel.width
        masks = self.panel.masks if masked else [None] * width
        base, left, *sums = state
        lines = v.lines(left, self.given.row_a, self.height)
        for _ in range(count):
            starts = [v.at(base, j * v.lanes) for j in range(width)]
            right = [v.load(*pair) for pair in zip(starts, masks, strict=True)]
            for i, line in enumerate(lines):
                one = v.splat(builder.load(line))
                for j in range(width):
                    e = i * width + j
                    sums[e] = v.fma(one, right[j], sums[e])
            base, left = v.at(base, row), v.at(left, column)
            lines = [v.at(line, column) for line in lines]
        return [base, left, *sums]

    def finish(self, sums: list[Any], c: Any, part: Any) -> None:
        """The epilogue, as ``mode`` says, and the stores."""
        v, builder, masks = self.v, self.builder, self.panel.masks * self.height
        spots = self.spots(v.lines(c, self.given.row_c, self.height))

        def from_part(sums: list[Any]) -> list[Any]:
            rows = self.spots(v.lines(part, self.panel.row_part, self.height))
            return self.added(map(v.load, rows), sums)

        def from_c(sums: list[Any]) -> list[Any]:
            return self.added(map(v.load, spots, masks), sums)

        def bias(sums: list[Any]) -> list[Any]:
            places = self.spots([self.panel.block.bias])
            row = [v.load(*pair) for pair in zip(places, self.panel.masks, strict=True)]
            return self.added(sums, row * self.height)

        def relu(sums: list[Any]) -> list[Any]:
            return [
                builder.select(builder.fcmp_ordered("<=", x, v.zero), v.zero, x)
                for x in sums
            ]

        epilogue = {PART: from_part, ADD: from_c, BIAS: bias, RELU: relu}
        for flag, change in epilogue.items():
            bit = builder.and_(self.given.mode, WORD(flag))
            sums = chosen(builder, cgutils.is_not_null(builder, bit), sums, change)
        full = WORD(self.panel.width * v.lanes)
        whole = builder.icmp_signed("==", self.panel.block.columns, full)
        with builder.if_else(whole) as (plain, masked):
            with plain:
                for total, spot in zip(sums, spots, strict=True):
                    v.store(total, spot)
            with masked:
                for total, spot, mask in zip(sums, spots, masks, strict=True):
                    v.store(total, spot, mask)

    def spots(self, lines: list[Any]) -> list[Any]:
        """Where the vectors of some rows lie."""
        v, width = self.v, self.panel.width
        return [v.at(line, j * v.lanes) for line in lines for j in range(width)]

    def added(self, left: Iterable[Any], right: Iterable[Any]) -> list[Any]:
        return list(map(self.builder.fadd, left, right))


tiles = make_tiles(Vectors)
