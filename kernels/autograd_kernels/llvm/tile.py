"""The register tile of the matmul: HEIGHT x 2 vectors of C stay in registers.

For every p: one vector load per column vector of B, one broadcast per row of A, and
an FMA for each pair, so that loads stay well below FMAs. The sum over p of one
element is a chain of FMAs in the order of p, whatever the tile's shape.
"""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

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


class Operands(NamedTuple):
    """LLVM values of what `tiles` takes: ``c[i, j] = sum over p of a[i, p] b[p, j]``.

    Element i, p of A is at ``a[i * row + p * column]``, rows of B and C are ``ldb`` and
    ``ldc`` apart, those of ``part`` 2 vectors. The sum is over p < k, ``mode`` says
    which epilogue follows.
    """

    rows: Any
    columns: Any  # at most 2 vectors
    mode: Any
    k: Any
    a: Any
    row: Any
    column: Any
    b: Any
    ldb: Any
    c: Any
    ldc: Any
    bias: Any
    part: Any


def make_tiles(vectors: type[Vectors]) -> Any:
    """`tiles` in other arithmetic: what ``vectors`` make of an FMA."""

    @intrinsic
    def tiles(
        context: Any, rows: Any, columns: Any, mode: Any, k: Any, a: Any, row: Any,
        column: Any, b: Any, ldb: Any, c: Any, ldc: Any, bias: Any, part: Any,
    ) -> Any:  # fmt: skip
        """All rows of a panel, and the epilogue; arguments are those of `Operands`.

        Unless MASKED, B is read to the end of its last vector; C and the bias are not.
        """

        def codegen(target: Any, builder: Any, sig: Any, args: Any) -> Any:
            values = Operands(*args)
            done = builder.append_basic_block("done")
            sizes = [(BYTES // 2, 1)] * HALVES + [(BYTES, 1), (BYTES, COLUMNS)]
            for size, width in sizes:
                v = vectors(target, builder, b.dtype, size)
                limit = WORD(width * v.lanes)
                fits = builder.icmp_signed("<=", values.columns, limit)
                with builder.if_then(fits):
                    _Panel(v, width, values).sweep()
                    builder.branch(done)
            builder.branch(done)
            builder.position_at_end(done)
            return target.get_dummy_value()

        n = types.intp
        return types.void(n, n, n, n, a, n, n, b, n, c, n, bias, part), codegen

    return tiles


class _Panel:
    """Writes the code of all tiles of ``width`` vectors, one below the other."""

    def __init__(self, v: Vectors, width: int, given: Operands) -> None:
        self.v, self.width, self.given = v, width, given
        self.ldp = WORD(COLUMNS * BYTES // v.align)
        moving = given.a, given.c, given.part
        self.places = [cgutils.alloca_once_value(v.builder, x) for x in moving]
        edge = v.first(v.builder.sub(given.columns, WORD((width - 1) * v.lanes)))
        self.masks = [None] * (width - 1) + [edge]

    def sweep(self) -> None:
        """As many of the tallest tiles as fit, then at most one of each other."""
        builder, rows = self.v.builder, self.given.rows
        tallest, *others = TALL if self.width == 1 else HEIGHTS
        step = WORD(tallest)
        count = builder.sdiv(rows, step)
        with rolled(builder, count):
            self.emit(tallest)
        rest = builder.sub(rows, builder.mul(count, step))
        left = cgutils.alloca_once_value(builder, rest)
        for height in others:
            step = WORD(height)
            rows = builder.load(left)
            with builder.if_then(builder.icmp_signed(">=", rows, step)):
                self.emit(height)
                builder.store(builder.sub(rows, step), left)

    def emit(self, height: int) -> None:
        """One tile; moves on to the rows below it."""
        v, builder = self.v, self.v.builder
        tile = _Tile(self, height, *(builder.load(place) for place in self.places))
        tile.accumulate()
        tile.finish()
        steps = self.given.row, self.given.ldc, self.ldp
        for place, step in zip(self.places, steps, strict=True):
            moved = v.at(builder.load(place), v.times(step, height))
            builder.store(moved, place)


class _Tile:
    """Writes the code of one: ``sums`` are its places, which become registers."""

    def __init__(self, panel: _Panel, height: int, a: Any, c: Any, part: Any) -> None:
        self.panel, self.height, self.given = panel, height, panel.given
        self.v, self.builder = panel.v, panel.v.builder
        self.a, self.c, self.part = a, c, part
        self.sums = {}
        for ij in product(range(height), range(panel.width)):
            self.sums[ij] = cgutils.alloca_once(self.builder, self.v.type)
            self.builder.store(self.v.zero, self.sums[ij])

    def accumulate(self) -> None:
        """All of k; UNROLL steps at a time where both operands were copied."""
        builder, given, ldp = self.builder, self.given, self.panel.ldp
        self.a_at = cgutils.alloca_once_value(builder, self.a)
        self.b_at = cgutils.alloca_once_value(builder, given.b)
        left = cgutils.alloca_once_value(builder, given.k)
        steps, one = WORD(UNROLL), WORD(1)
        if self.height == HEIGHT and self.panel.width == COLUMNS:
            near = builder.icmp_signed("==", given.column, one)
            dense = builder.and_(near, builder.icmp_signed("==", given.ldb, ldp))
            with builder.if_then(dense):
                with rolled(builder, builder.sdiv(given.k, steps)):
                    self.steps(UNROLL, one, ldp, masked=False)
                builder.store(builder.srem(given.k, steps), left)
        with rolled(builder, builder.load(left)):
            self.steps(1, given.column, given.ldb, masked=MASKED)

    def steps(self, count: int, column: Any, ldb: Any, masked: bool) -> None:
        """Steps along k: every row of A's column times B's row."""
        v, builder, width = self.v, self.builder, self.panel.width
        masks = self.panel.masks if masked else [None] * width
        base, left = builder.load(self.b_at), builder.load(self.a_at)
        lines = v.lines(left, self.given.row, self.height)
        for _ in range(count):
            starts = [v.at(base, j * v.lanes) for j in range(width)]
            right = [v.load(*pair) for pair in zip(starts, masks, strict=True)]
            for i, line in enumerate(lines):
                one = v.splat(builder.load(line))
                for j in range(width):
                    total = v.fma(one, right[j], builder.load(self.sums[i, j]))
                    builder.store(total, self.sums[i, j])
            base, left = v.at(base, ldb), v.at(left, column)
            lines = [v.at(line, column) for line in lines]
        builder.store(base, self.b_at)
        builder.store(left, self.a_at)

    def finish(self) -> None:
        """The epilogue, as ``mode`` says, and the stores."""
        v, builder, masks = self.v, self.builder, self.panel.masks
        lines = v.lines(self.c, self.given.ldc, self.height)
        spots = {(i, j): v.at(lines[i], j * v.lanes) for i, j in self.sums}
        with self.when(PART):
            rows = v.lines(self.part, self.panel.ldp, self.height)
            for (i, j), total in self.sums.items():
                self.add(v.load(v.at(rows[i], j * v.lanes)), total)
        with self.when(ADD):
            for ij, total in self.sums.items():
                self.add(v.load(spots[ij], masks[ij[1]]), total)
        with self.when(BIAS):
            places = [v.at(self.given.bias, j * v.lanes) for j in range(len(masks))]
            biases = [v.load(*pair) for pair in zip(places, masks, strict=True)]
            for (_, j), total in self.sums.items():
                builder.store(builder.fadd(builder.load(total), biases[j]), total)
        with self.when(RELU):
            for total in self.sums.values():
                value = builder.load(total)
                below = builder.fcmp_ordered("<=", value, v.zero)
                builder.store(builder.select(below, v.zero, value), total)
        full = WORD(self.panel.width * v.lanes)
        whole = builder.icmp_signed("==", self.given.columns, full)
        with builder.if_else(whole) as (plain, masked):
            with plain:
                for ij, total in self.sums.items():
                    v.store(builder.load(total), spots[ij])
            with masked:
                for ij, total in self.sums.items():
                    v.store(builder.load(total), spots[ij], masks[ij[1]])

    def when(self, flag: int) -> Any:
        bit = self.builder.and_(self.given.mode, WORD(flag))
        return self.builder.if_then(cgutils.is_not_null(self.builder, bit))

    def add(self, old: Any, total: Any) -> None:
        self.builder.store(self.builder.fadd(old, self.builder.load(total)), total)


tiles = make_tiles(Vectors)
