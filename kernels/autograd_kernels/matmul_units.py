"""How a product is cut into units, and what a unit copies: from its shape alone.

Units are small enough for 64 threads; few threads do many side by side as one. Which
operand is copied (see `matmul`) follows from the sizes of the machine's caches.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from autograd_kernels.caches import L1, L2
from autograd_kernels.jit import kernel, rule
from autograd_kernels.llvm.dots import DOTS, OTHERS
from autograd_kernels.llvm.target import BYTES
from autograd_kernels.llvm.tile import HEIGHT, WIDTH

PANEL = WIDTH * BYTES  # bytes of a row of a panel of B
# Bytes of a block of k: a panel of B, of 64 bytes a vector, fits the first cache, and
# what a unit copies of B the second.
DEPTH = max(1024, min(L1 // 32, L2 // 1024, 2048)) & -256
HALF_L2 = max(1 << 18, min(L2 // 2, 1 << 20))  # bytes of A that are read in place
FAR = 1024  # bytes between rows of B from which on a copy of B pays
REUSED = 8 * HEIGHT  # rows of A above which a copy of B pays
ROWS = 24 * HEIGHT  # of C in a unit, at most
SPAN = 4 * ROWS  # rows that share a copy of B
BAND = 4 * HEIGHT  # rows of A that go past all panels of B, and that share a copy
WIDE = 1024  # bytes of columns in a unit, at most: a page of B is read at one time
WIDEST = 4 * WIDE  # after a copy: threads share out rows, not halves of lines of cache
# Ways to compute a unit.
COPY_A, COPY_B, DOT_ROWS, DOT_COLUMNS, DIRECT = 1, 2, 4, 8, 16
NARROW = 16  # rows or columns up to which dot products along a long k are faster
SPREAD = 6  # rows from which on a copy of a B beyond L2 pays
DOT_LINES = 24  # lines of a unit of dot products: a multiple of DOTS and of ALONE
SMALL = 1 << 16  # bytes of a matrix: if none has more, `matmul` is as fast as any
UNITS = 8  # of a product at least, when they stay large enough
MANY = 64  # of one that is worth so many threads: parts of a launch are no more
WORK = 1 << 20  # multiplications of a unit beyond UNITS, some 20 us


def _cut(m, n, k, ta, tb, size):
    """From the shape: way (flags), parts of rows and of columns, those done together.

    Parts are powers of two. A thread that has several parts of columns side by side
    does so many of them as one.
    """
    if not BYTES:
        return 0, doubled(m, 64), 1, 1
    panel = PANEL // size
    few = min(m, n)
    if not ta and (tb or n == 1) and few <= NARROW and k * size >= 2 * PANEL * few:
        way = DOT_COLUMNS if m <= n else DOT_ROWS
        return way, doubled(m, 4 * DOT_LINES), doubled(n, 4 * DOT_LINES), 1
    again = m > REUSED and n * size >= FAR
    cold = k * n * size > (3 if m > 2 * HEIGHT else 6) * HALF_L2  # for L2 to hold
    way = COPY_B if tb or again or (cold and m >= SPREAD) else 0
    way |= DIRECT if k * size <= DEPTH else 0
    columns, least = (WIDEST if way & COPY_B else WIDE) // size, panel
    far = min(m, n, 4 * k) * size >= FAR
    if m * k * size > HALF_L2 or (ta and far):
        way = COPY_B if way & COPY_B or m > REUSED else 0
        if n * size > WIDE or (ta and 2 * n > panel):
            way |= COPY_A
            columns = WIDEST // size
        least = 4 * panel
    down, across = doubled(m, ROWS), doubled(n, columns)
    together, units = 1, down * across
    while units < UNITS or (units < MANY and m * n * k >= 2 * units * WORK):
        tall, broad = m >= 2 * down * BAND, n >= 2 * across * least
        if tall and (units < UNITS or not broad or m * across >= n * down):
            down *= 2
        elif broad:
            across *= 2
            together *= 2 if units >= UNITS else 1
        else:
            break
        units *= 2
    return way, down, across, together


def doubled(total, most):
    """Parts of at most ``most``: a power of two, so that threads get as many each."""
    parts = 1
    while total > parts * most:
        parts *= 2
    return parts


def in_parts(total, most):
    """How many parts of at most ``most``; no slow division for a single one."""
    return 1 if total <= most else -(-total // most)


def start_of(i, parts, total, step):
    """Where part i of ``parts`` starts: a multiple of ``step``, as even as can be."""
    if i == 0 or i == parts:
        return total if i else 0
    return i * in_parts(total, step) // parts * step


def steps_of(way, panel):
    """Rows and columns that a unit's edges are multiples of."""
    return (DOT_LINES, DOT_LINES) if way & (DOT_ROWS | DOT_COLUMNS) else (HEIGHT, panel)


@cache
def plan(
    m: int, n: int, k: int, ta: int, tb: int, batch: int, dtype: Any
) -> tuple[int, int]:
    """Number of units, and scratch elements for each part that runs at once."""
    size = np.dtype(dtype).itemsize
    way, down, across, together = shape(m, n, k, int(ta), int(tb), size)
    units = batch * down * across if m and n else 0
    if not BYTES:
        return units, n
    if way & (DOT_ROWS | DOT_COLUMNS):
        return units, DOTS * OTHERS[0]
    depth, panel = min(k, DEPTH // size), PANEL // size
    columns = -(-(-(-n // panel) * together) // across) * panel
    band = ROWS if ta else BAND
    a = (depth + panel) * band if way & COPY_A else 0
    sums = columns * min(SPAN, m) if k > depth else 0
    return units, (depth + 1) * columns + a + sums + BYTES // size


in_parts, doubled, cut = rule(in_parts), rule(doubled), rule(_cut)
start_of, steps_of = rule(start_of), rule(steps_of)


@kernel(writes=0)
def shape(m, n, k, ta, tb, size):
    """`_cut` for Python: compiled once per machine, as what it calls is compiled."""
    return cut(m, n, k, ta, tb, size)
