"""Matrix products: ``out = op(a) @ op(b)``, float32 and float64.

    units, size, mode = plan(m, n, k, ta, tb, batch, dtype)
    scratch = empty((rows, size), dtype)    # rows: parts that may run at once
    matmul(0, units, ta, tb, mode + BIAS, a, b, bias, scratch, out)

a is (m, k), or (k, m) if ``ta``; b is (k, n), or (n, k) if ``tb``; out is (m, n). Each
may carry one leading batch axis; an operand without it, or with a batch of one, serves
every product. To ``mode`` may be added BIAS (add the row ``bias``), RELU (``0 if v <= 0
else v``) and ADD (``out = out + a @ b``, bitwise as if a @ b had been stored first),
applied in the order ADD, BIAS, RELU. ``out`` must not overlap ``a`` or ``b``.

A unit is a block of ``out`` that follows from the shape (see `matmul_units`).
A part lo:hi uses row ``lo // ceil(units / len(scratch))`` of the scratch, so parts that
run at once start at multiples of that number; the bits are the same wherever the cuts
fall.

An element is the sum over blocks of k (DEPTH, even sizes), each a chain of FMAs in the
order of k. A part of B is copied, panel by panel (2 vectors of columns), where it is
transposed, or larger than L2, or its rows are far apart and many rows of A pass by it
(or it is ragged, without masks); units of a part that lie above each other share the
copy. A band of A passes by all panels before the next: its pages and those of C stay
near. An A that L2 does not hold is copied as well, band by band (Goto, van de
Geijn: Anatomy of high-performance matrix multiplication, 2008).
"""

from __future__ import annotations

from autograd_kernels.jit import inline, kernel, rule
from autograd_kernels.llvm.dots import ALONE, DOTS, dots
from autograd_kernels.llvm.integers import least
from autograd_kernels.llvm.memory import aligned, at, data, lanes, matrix, noinline
from autograd_kernels.llvm.packing import copy_lanes, copy_vector, transpose_lanes
from autograd_kernels.llvm.target import BYTES, HALVES
from autograd_kernels.llvm.tile import (
    ADD,
    BIAS,
    MASKED,
    PART,
    RELU,
    WIDTH,
    Block,
    Product,
    nanoseconds,
    tiles,
)
from autograd_kernels.matmul_units import (
    BAND,
    COPY_A,
    COPY_B,
    DEPTH,
    DIRECT,
    DOT_COLUMNS,
    DOT_ROWS,
    MANY,
    PANEL,
    ROWS,
    each_block,
    in_parts,
    plan,
)

__all__ = ["ADD", "BIAS", "MANY", "RELU", "matmul", "plan"]


@inline
def _pack(source, line, step, count, depth, target, panel, apart):
    """target[r // panel * apart + p * panel + r % panel] = source[r * line + p * step].

    For r < count and p < depth, zeros to a vector's end. Elements of a line (step = 1)
    or the lines (line = 1) are neighbours, and are read as they lie: from page to page
    costs more than from line to line.
    """
    noinline()
    vector = lanes(source)
    if step == 1:
        for j in range(0, count, panel):
            there = least(panel, count - j)
            narrow = HALVES and least(there, depth) <= vector // 2
            side = vector // 2 if narrow else vector
            for r in range(0, there, side):
                for p in range(0, depth, side):
                    transpose_lanes(
                        at(source, (j + r) * line + p), line, there - r, depth - p,
                        at(target, p * panel + r), panel, panel - r, side,
                    )  # fmt: skip
            target = at(target, apart)
    else:
        for p in range(depth):
            line, to = at(source, p * step), at(target, p * panel)
            for j in range(0, count, panel):
                there = least(panel, count - j)
                r = 0
                while r + vector <= there:
                    copy_vector(at(line, j + r), at(to, r))
                    r += vector
                if r < there:
                    copy_lanes(at(line, j + r), there - r, at(to, r), panel - r)
                to = at(to, apart)


@inline
def _sweep(product, block, part):
    """A panel's `tiles`. Apart, or registers run out around them."""
    noinline()
    tiles(product, block, part)


@rule
def _tiles(product, block, space):
    """One unit, in blocks of k: B is copied, then A, some rows at a time."""
    way, mode, k, row_a, col_a, row_b, col_b, ldc = product
    rows, columns, a, b, c, bias = block
    vector = lanes(c)
    panel = WIDTH * vector
    blocks = in_parts(k, DEPTH // PANEL * panel)
    size = k if blocks == 1 else -(-k // blocks)
    copies = way & COPY_B or (columns % vector and not MASKED)
    band = BAND if copies or way & COPY_A else rows
    if way & COPY_A and col_a > 1:
        band = ROWS  # A's lines are read across: as much of each as can be
    gap = (size + 1) * panel  # not a power of two: panels would share lines of cache
    space = aligned(space)
    a_at = at(space, in_parts(columns, panel) * gap)
    line = size + panel
    sums = at(a_at, line * band if way & COPY_A else 0)
    for block in range(blocks):
        p = block * size
        depth = least(size, k - p)
        right, ldb, apart = at(b, p * row_b), row_b, panel
        if copies:
            _pack(right, col_b, row_b, columns, depth, space, panel, gap)
            right, ldb, apart = space, panel, gap
        last = block == blocks - 1
        what = (mode if last else 0) | (PART if block > 0 else 0)
        for i in range(0, rows, band):
            height = least(band, rows - i)
            left, row, step = at(a, i * row_a + p * col_a), row_a, col_a
            if way & COPY_A:
                _pack(left, step, row, depth, height, a_at, line, gap)
                left, row, step = a_at, line, 1
            for j in range(0, columns, panel):
                part = at(sums, j * rows + i * panel)
                to, ld = (at(c, i * ldc + j), ldc) if last else (part, panel)
                _sweep(
                    Product(way, what, depth, row, step, ldb, col_b, ld),
                    Block(
                        height, least(panel, columns - j), left,
                        at(right, j // panel * apart), to, at(bias, j),
                    ),
                    part,
                )  # fmt: skip


@rule
def _finish(mode, v, c, bias, j):
    """The epilogue of one element."""
    if mode & ADD:
        v = c[0] + v
    if mode & BIAS:
        v = v + bias[j]
    c[0] = v
    if mode & RELU and v <= 0:
        c[0] = 0


@rule
def _plain(product, block, space):
    """A unit without vectors by hand: a row of sums in the scratch."""
    _, mode, k, row_a, col_a, row_b, col_b, ldc = product
    rows, columns, a, b, c, bias = block
    for i in range(rows):
        for j in range(columns):
            space[j] = 0
        for p in range(k):
            x = a[i * row_a + p * col_a]
            for j in range(columns):
                space[j] += x * b[p * row_b + j * col_b]
        for j in range(columns):
            _finish(mode, space[j], at(c, i * ldc + j), bias, j)


@rule
def _dots(product, block, space):
    """A narrow unit of operands that lie along k: some lines by some others."""
    way, mode, k, row_a, _, _, col_b, ldc = product
    rows, columns, a, b, c, bias = block
    lines, others, x, ldx, y, ldy = columns, rows, a, row_a, b, col_b
    if way & DOT_ROWS:
        lines, others, x, ldx, y, ldy = rows, columns, b, col_b, a, row_a
    step = DOTS if others > 1 else ALONE
    for line in range(0, lines, step):
        count, other = least(step, lines - line), 0
        while other < others:
            left, right = at(x, other * ldx), at(y, line * ldy)
            done = dots(others - other, count, k, left, ldx, right, ldy, space)
            for o in range(other, other + done):
                sums = at(space, (o - other) * DOTS)
                for e in range(line, line + count):
                    i, j = (e, o) if way & DOT_ROWS else (o, e)
                    _finish(mode, sums[e - line], at(c, i * ldc + j), bias, j)
            other += done


@inline
def _indirect(product, block, space):
    """A unit whose set-up is nothing beside the work."""
    noinline()
    if product.way & (DOT_ROWS | DOT_COLUMNS):
        _dots(product, block, space)
    else:
        _tiles(product, block, space)


@rule
def _direct(product, block, space):
    """A unit that is no longer along k than a block, of an A that is read in place."""
    way, mode, k, row_a, col_a, row_b, col_b, ldc = product
    rows, columns, a, b, c, bias = block
    vector = lanes(c)
    panel = WIDTH * vector
    gap, band = panel, rows
    if way & COPY_B or (columns % vector and not MASKED):
        gap, band = (k + 1) * panel, BAND
        space = aligned(space)
        _pack(b, col_b, row_b, columns, k, space, panel, gap)
        b, row_b = space, panel
    part = Product(way, mode, k, row_a, col_a, row_b, col_b, ldc)
    for i in range(0, rows, band):
        right = b
        for j in range(0, columns, panel):
            _sweep(
                part,
                Block(
                    least(band, rows - i), least(panel, columns - j), at(a, i * row_a),
                    right, at(c, i * ldc + j), at(bias, j),
                ),
                space,
            )  # fmt: skip
            right = at(right, gap)


@rule
def _vectors(product, block, space):
    if product.way & DIRECT:
        _direct(product, block, space)
    else:
        _indirect(product, block, space)


_unit = _vectors if BYTES > 0 else _plain


@kernel(writes=2, cost=nanoseconds)
def matmul(lo, hi, ta, tb, mode, a, b, bias, scratch, out):
    """Product and epilogue as above; units are blocks of ``out`` (see `plan`)."""
    each_block(
        _unit, lo, hi, ta, tb, mode, matrix(a), matrix(b), data(bias), matrix(scratch),
        matrix(out),
    )  # fmt: skip
