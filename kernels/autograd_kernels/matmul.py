"""Matrix products: ``out = op(a) @ op(b)``, float32 and float64.

    units, size = plan(m, n, k, ta, tb, batch, dtype)
    scratch = empty((rows, size), dtype)    # rows: parts that may run at once
    matmul(0, units, ta, tb, mode, a, b, bias, scratch, out)

a is (m, k), or (k, m) if ``ta``; b is (k, n), or (n, k) if ``tb``; out is (m, n). Each
may carry one leading batch axis; an operand without it, or with a batch of one, serves
every product. ``mode`` is 0 or a sum of BIAS (add the row ``bias``), RELU (``0 if v < 0
else v``) and ADD (``out = out + a @ b``, bitwise as if a @ b had been stored first),
applied in the order ADD, BIAS, RELU. ``out`` must not overlap ``a`` or ``b``.

A unit is a block of ``out`` that follows from the shape. A part lo:hi uses row
``lo // ceil(units / len(scratch))`` of the scratch, so parts that run at once start
at multiples of that number; the bits are the same wherever the cuts fall.

An element is the sum over blocks of k (K_BLOCK, even sizes), each a chain of FMAs in
the order of k. Small products read A and B where they are; larger ones copy them to
panels in the order of the tile (Goto, van de Geijn: Anatomy of high-performance
matrix multiplication, 2008), with a unit's B in L2 and HEIGHT rows of A in L1.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from autograd_kernels._jit import inline, kernel
from autograd_kernels.simd import BYTES, at, copy_lanes, data, transpose_lanes
from autograd_kernels.tile import ADD, BIAS, COLUMNS, HEIGHT, HEIGHTS, PART, RELU, tile

__all__ = ["ADD", "BIAS", "RELU", "matmul", "plan"]

VECTORS = BYTES > 0
K_BLOCK = 384  # HEIGHT rows of A: 18 KB of L1 in float32
ROWS = 10 * HEIGHT  # of C in a packed unit
PANELS = 8  # of B in a packed unit: 384 KB of L2
SMALL = 1 << 17  # products m * n * k up to here are read in place


def _shape(m: int, n: int, k: int, lanes: int) -> tuple[int, int, int]:
    """(is packed, rows, columns) of a unit; from the shape alone."""
    panel = COLUMNS * lanes
    if not VECTORS:
        return 0, 64, n
    if m * n * k <= SMALL and k <= K_BLOCK:
        return 0, 4 * HEIGHT, 4 * panel
    return 1, ROWS, PANELS * panel


_unit = inline(_shape)


@cache
def plan(
    m: int, n: int, k: int, ta: int, tb: int, batch: int, dtype: Any
) -> tuple[int, int]:
    """Number of units, and scratch elements for each part that runs at once."""
    itemsize = np.dtype(dtype).itemsize
    lanes = BYTES // itemsize
    packed, rows, columns = _shape(m, n, k, lanes)
    units = batch * -(-m // rows) * -(-n // max(columns, 1))
    if not VECTORS:
        return units, n
    if not packed:
        return units, k * COLUMNS * lanes if tb else 0
    depth = min(k, K_BLOCK)
    parts = rows * columns if k > K_BLOCK else 0
    return units, depth * (columns + HEIGHT) + parts


@inline
def _pack(source, lines, along, count, depth, lanes, target, room):
    """target[p, r] for p < depth, r < room: line r, element p; zeros for r >= count.

    Lines lie along rows of the source (``along`` = 1) or down its columns.
    """
    for r in range(0, room, lanes):
        space = min(lanes, room - r)
        valid = min(lanes, max(count - r, 0))
        if along:
            for p in range(0, depth, lanes):
                transpose_lanes(
                    at(source, r * lines + p), lines, valid, min(lanes, depth - p),
                    at(target, p * room + r), room, space,
                )  # fmt: skip
        else:
            for p in range(depth):
                copy_lanes(
                    at(source, p * lines + r), valid, at(target, p * room + r), space
                )


@inline
def _tallest(rows):
    """The tallest tile that fits."""
    for height in HEIGHTS:
        if height <= rows:
            return height
    return 1


@inline
def _in_place(
    ta, tb, mode, k, rows, columns, a, lda, b, ldb, bias, lanes, space, c, ldc
):
    """A unit whose A, and B unless it is transposed, are read where they are."""
    row, column = (1, lda) if ta else (lda, 1)
    panel = COLUMNS * lanes
    for j in range(0, columns, panel):
        width = min(panel, columns - j)
        right, step = at(b, j), ldb
        if tb:
            step = panel if width > lanes else lanes
            right = space
            _pack(at(b, j * ldb), ldb, 1, width, k, lanes, right, step)
        i = 0
        while i < rows:
            height = _tallest(rows - i)
            tile(
                0, height, width, mode, k, at(a, i * row), row, column, right, step,
                at(c, i * ldc + j), ldc, at(bias, j), space,
            )  # fmt: skip
            i += height


@inline
def _packed(ta, tb, mode, k, rows, columns, a, lda, b, ldb, bias, lanes, space, c, ldc):
    """A unit in blocks of k: B packed once a block, A HEIGHT rows at a time."""
    panel = COLUMNS * lanes
    blocks = -(-k // K_BLOCK)
    size = -(-k // blocks)
    tiles = -(-columns // panel)
    left = at(space, size * tiles * panel)
    sums = at(left, size * HEIGHT)
    for block in range(blocks):
        p = block * size
        depth = min(size, k - p)
        for t in range(tiles):
            j = t * panel
            start = at(b, j * ldb + p) if tb else at(b, p * ldb + j)
            width = min(panel, columns - j)
            _pack(start, ldb, tb, width, depth, lanes, at(space, j * depth), panel)
        what = PART if block > 0 else 0
        last = block == blocks - 1
        if last:
            what |= mode
        for i in range(0, rows, HEIGHT):
            height = min(HEIGHT, rows - i)
            start = at(a, p * lda + i) if ta else at(a, i * lda + p)
            _pack(start, lda, 1 - ta, height, depth, lanes, left, HEIGHT)
            for t in range(tiles):
                j = t * panel
                width = min(panel, columns - j)
                part = at(sums, (i * tiles + t * HEIGHT) * panel)
                target, step = (at(c, i * ldc + j), ldc) if last else (part, panel)
                tile(
                    1, height, width, what, depth, left, 1, HEIGHT,
                    at(space, j * depth), panel, target, step, at(bias, j), part,
                )  # fmt: skip


@inline
def _plain(ta, tb, mode, k, rows, columns, a, lda, b, ldb, bias, lanes, space, c, ldc):
    """A unit without vectors by hand: a row of sums in the scratch."""
    for i in range(rows):
        for j in range(columns):
            space[j] = 0
        for p in range(k):
            x = a[p * lda + i] if ta else a[i * lda + p]
            for j in range(columns):
                space[j] += x * (b[j * ldb + p] if tb else b[p * ldb + j])
        for j in range(columns):
            v = space[j]
            if mode & ADD:
                v = c[i * ldc + j] + v
            if mode & BIAS:
                v = v + bias[j]
            space[j] = 0
            if mode & RELU and v < 0:
                v = space[j]
            c[i * ldc + j] = v


_small, _large = (_in_place, _packed) if VECTORS else (_plain, _plain)


@inline
def _step(x):
    """From one matrix of a batch to the next; 0 when there is one for all."""
    size = x.shape[-1] * x.shape[-2]
    return 0 if x.size == size else size


@kernel
def matmul(lo, hi, ta, tb, mode, a, b, bias, scratch, out):
    """out = op(a) @ op(b) and an epilogue; units are blocks of ``out`` (see `plan`)."""
    m, n = out.shape[-2], out.shape[-1]
    lda, ldb = a.shape[-1], b.shape[-1]
    k = a.shape[-2] if ta else lda
    lanes = BYTES // out.itemsize
    packed, rows, columns = _unit(m, n, k, lanes)
    across = -(-n // columns)
    blocks = -(-m // rows) * across
    units = max(1, out.size // (m * n)) * blocks
    space = data(scratch[lo // -(-units // len(scratch))])
    for unit in range(lo, hi):
        batch, block = unit // blocks, unit % blocks
        i, j = block // across * rows, block % across * columns
        left = at(data(a), batch * _step(a) + (i if ta else i * lda))
        right = at(data(b), batch * _step(b) + (j * ldb if tb else j))
        target = at(data(out), batch * m * n + i * n + j)
        height, width = min(rows, m - i), min(columns, n - j)
        row = at(data(bias), j)
        if packed:
            _large(
                ta, tb, mode, k, height, width, left, lda, right, ldb, row, lanes,
                space, target, n,
            )  # fmt: skip
        else:
            _small(
                ta, tb, mode, k, height, width, left, lda, right, ldb, row, lanes,
                space, target, n,
            )  # fmt: skip
