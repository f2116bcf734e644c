"""Products whose operands are rounded to bfloat16 while they are copied.

Arguments as of `matmul.matmul`, float32; sums are float32, blocks of k as there, each a
chain of dot products of two (see `bfloat16`). Both operands are always copied, B panel
by panel for all rows of a unit, A some rows at a time. Units follow from the shape: the
bits are the same wherever the cuts fall.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from autograd_kernels.jit import elements, inline, kernel, rule
from autograd_kernels.llvm import bfloat16
from autograd_kernels.llvm.integers import least
from autograd_kernels.llvm.memory import aligned, at, data, lanes, matrix, noinline
from autograd_kernels.llvm.tile import PART, WIDTH, Block, Product, nanoseconds
from autograd_kernels.matmul_units import (
    BAND,
    COPY_A,
    COPY_B,
    DEPTH,
    PANEL,
    ROWS,
    SMALL,
    WIDEST,
    Cut,
    doubled,
    each_block,
    enough,
    in_parts,
    room,
)

AVAILABLE = bfloat16.AVAILABLE
SIZE = 4  # bytes of an element, and of a word of two rounded ones
NARROWEST, SHORTEST = 32, 64  # rows and columns, and k, from where on this is faster


def fits(m: int, n: int, k: int) -> bool:
    """Whether a product is faster in this way: a rule by shape, for all machines."""
    large = max(m * n, m * k, k * n) * SIZE > SMALL
    return large and min(m, n) >= NARROWEST and k >= SHORTEST


@cache
def plan(
    m: int, n: int, k: int, ta: int, tb: int, batch: int, dtype: Any
) -> tuple[int, int, int]:
    """Units, scratch elements for each part that runs at once, mode."""
    whole = Cut(COPY_A | COPY_B, doubled(m, ROWS), doubled(n, WIDEST // SIZE), 1)
    cut = enough(m, n, k, whole, 4 * (PANEL // SIZE))
    size = room(m, n, (k + 1) // 2, ta, SIZE, cut)
    return batch * cut.down * cut.across, size, cut.mode


@inline
def _copy_b(source, row, column, columns, depth, target, panel, gap):
    """Words of B in panels: along k they are ``panel`` apart."""
    vector = lanes(source)
    if column == 1:
        for p in range(0, depth, 2):
            line, to = at(source, p * row), at(target, p // 2 * panel)
            for j in range(0, columns, panel):
                for r in range(0, least(panel, columns - j), vector):
                    bfloat16.copy_across(
                        at(line, j + r), row, depth - p, columns - j - r, at(to, r)
                    )
                to = at(to, gap)
    else:
        for j in range(0, columns, panel):
            for r in range(0, least(panel, columns - j), vector):
                for p in range(0, depth, 2 * vector):
                    bfloat16.turn_along(
                        at(source, (j + r) * column + p), column, columns - j - r,
                        depth - p, at(target, p // 2 * panel + r), panel,
                    )  # fmt: skip
            target = at(target, gap)


@inline
def _copy_a(source, row, column, rows, depth, target, line):
    """Words of rows of A: along k they are neighbours."""
    vector = lanes(source)
    if column == 1:
        for i in range(rows):
            for p in range(0, depth, 2 * vector):
                place = at(target, i * line + p // 2)
                bfloat16.copy_along(at(source, i * row + p), depth - p, place)
    else:
        for p in range(0, depth, 2 * vector):
            for i in range(0, rows, vector):
                bfloat16.turn_across(
                    at(source, p * column + i), column, depth - p, rows - i,
                    at(target, i * line + p // 2), line,
                )  # fmt: skip


@inline
def _sweep(product, block, part):
    """A panel's tiles. Apart, or registers run out around them."""
    noinline()
    bfloat16.tiles(product, block, part)


@rule
def _unit(product, block, space):
    """A block of ``out``, in blocks of k: B is copied, then A, some rows at a time."""
    _, mode, k, row_a, col_a, row_b, col_b, ldc = product
    rows, columns, a, b, c, bias = block
    panel, words = WIDTH * lanes(c), (k + 1) // 2
    blocks = in_parts(words, DEPTH // SIZE)
    size = -(-words // blocks)
    band = BAND if col_a == 1 else ROWS
    gap, line = (size + 1) * panel, size + panel
    space = aligned(space)
    a_at = at(space, in_parts(columns, panel) * gap)
    sums = at(a_at, line * band)
    for block in range(blocks):
        p = 2 * block * size
        depth = least(2 * size, k - p)
        _copy_b(at(b, p * row_b), row_b, col_b, columns, depth, space, panel, gap)
        last = block == blocks - 1
        what = (mode if last else 0) | (PART if block > 0 else 0)
        for i in range(0, rows, band):
            height, left = least(band, rows - i), at(a, i * row_a + p * col_a)
            _copy_a(left, row_a, col_a, height, depth, a_at, line)
            for j in range(0, columns, panel):
                part = at(sums, j * rows + i * panel)
                to, ld = (at(c, i * ldc + j), ldc) if last else (part, panel)
                right = at(space, j // panel * gap)
                width = least(panel, columns - j)
                _sweep(
                    Product(0, what, (depth + 1) // 2, line, 1, panel, 1, ld),
                    Block(height, width, a_at, right, to, at(bias, j)),
                    part,
                )


@kernel(writes=2, cost=nanoseconds)
def matmul_bfloat16(lo, hi, ta, tb, mode, a, b, bias, scratch, out):
    """Product and epilogue as of `matmul.matmul`; units are blocks of ``out``."""
    each_block(
        _unit, lo, hi, ta, tb, mode, matrix(a), matrix(b), data(bias), matrix(scratch),
        matrix(out),
    )  # fmt: skip


@elements(writes=2)
def halves(lo, hi, x, high, low):
    """``high``: x rounded to bfloat16, ``low``: what that leaves; both 0 if not finite.

    To nearest even: add a little less than half of what the lower 16 bits can hold.
    """
    X, H, L = x[lo:hi], high[lo:hi], low[lo:hi]
    bits, rounded = X.view(np.uint32), H.view(np.uint32)
    for i in range(X.size):
        value, u = X[i], bits[i]
        up = np.uint32(0x7FFF) + ((u >> np.uint32(16)) & np.uint32(1))
        rounded[i] = (u + up) & np.uint32(0xFFFF0000)
        left = value - H[i]
        finite = abs(left) < np.inf
        H[i] = H[i] if finite else 0
        L[i] = left if finite else 0
