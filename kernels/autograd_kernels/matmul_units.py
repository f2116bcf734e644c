"""How a product is cut into units, and what a unit copies: from its shape alone.

Units are small enough for 64 threads; few threads do many side by side as one. Which
operand is copied (see `matmul`) follows from the sizes of the machine's caches. Python
decides once for each shape; a kernel is told by its ``mode``, and `each_block` walks.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from autograd_kernels.caches import L1, L2
from autograd_kernels.jit import rule
from autograd_kernels.llvm.dots import DOTS, OTHERS
from autograd_kernels.llvm.integers import least, most
from autograd_kernels.llvm.memory import at, lanes
from autograd_kernels.llvm.target import BYTES
from autograd_kernels.llvm.tile import HEIGHT, WIDTH, Block, Product

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


# Where a mode tells the way, and the logarithms of a cut's other numbers, behind the
# flags of the epilogue.
WAY, DOWN, ACROSS, TOGETHER, BITS = 4, 16, 24, 32, 63


class Cut(NamedTuple):
    """How ``out`` is cut into blocks: powers of two, so that threads get as many each.

    A thread that has several parts of columns side by side does ``together`` as one.
    """

    way: int
    down: int  # parts of rows
    across: int  # parts of columns
    together: int

    @property
    def mode(self) -> int:
        """What a kernel is told, to which the epilogue is added."""
        logs = ((DOWN, self.down), (ACROSS, self.across), (TOGETHER, self.together))
        return self.way << WAY | sum((n.bit_length() - 1) << at for at, n in logs)


def _cut(m: int, n: int, k: int, ta: int, tb: int, size: int) -> Cut:
    """From the shape, and the bytes of an element."""
    if not BYTES:
        return Cut(0, doubled(m, 64), 1, 1)
    panel = PANEL // size
    few = min(m, n)
    if not ta and (tb or n == 1) and few <= NARROW and k * size >= 2 * PANEL * few:
        way = DOT_COLUMNS if m <= n else DOT_ROWS
        return Cut(way, doubled(m, 4 * DOT_LINES), doubled(n, 4 * DOT_LINES), 1)
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
    return enough(m, n, k, Cut(way, doubled(m, ROWS), doubled(n, columns), 1), least)


def enough(m: int, n: int, k: int, cut: Cut, least: int) -> Cut:
    """More parts, as long as threads would use them; of ``least`` columns and more."""
    way, down, across, together = cut
    units = down * across
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
    return Cut(way, down, across, together)


def doubled(total: int, most: int) -> int:
    """Parts of at most ``most``: a power of two."""
    return 1 << max(-(-total // most) - 1, 0).bit_length()


@cache
def plan(
    m: int, n: int, k: int, ta: int, tb: int, batch: int, dtype: Any
) -> tuple[int, int, int]:
    """Units, scratch elements for each part that runs at once, mode."""
    size = np.dtype(dtype).itemsize
    cut = _cut(m, n, k, int(ta), int(tb), size)
    units = batch * cut.down * cut.across if m and n else 0
    if not BYTES:
        return units, n, cut.mode
    if cut.way & (DOT_ROWS | DOT_COLUMNS):
        return units, DOTS * OTHERS[0], cut.mode
    return units, room(m, n, k, ta, size, cut), cut.mode


def room(m: int, n: int, k: int, ta: int, size: int, cut: Cut) -> int:
    """Elements for copies of B and A and for sums between blocks of k."""
    depth, panel = min(k, DEPTH // size), PANEL // size
    columns = -(-(-(-n // panel) * cut.together) // cut.across) * panel
    a = (depth + panel) * (ROWS if ta else BAND) if cut.way & COPY_A else 0
    sums = columns * min(SPAN, m) if k > depth else 0
    return (depth + 1) * columns + a + sums + BYTES // size


# In kernels ---------------------------------------------------------------------------


@rule
def in_parts(total, most):
    """How many parts of at most ``most``; no slow division for a single one."""
    return 1 if total <= most else -(-total // most)


@rule
def _start_of(i, parts, total, step):
    """Where part i of ``parts`` starts: a multiple of ``step``, as even as can be."""
    if i == 0 or i == parts:
        return total if i else 0
    return i * in_parts(total, step) // parts * step


@rule
def each_block(unit, lo, hi, ta, tb, mode, a, b, bias, scratch, out):
    """``unit(product, block, space)`` for the units lo:hi of a kernel's arguments.

    ``bias`` is a pointer, the other arrays are each a `Matrix`. Units count down the
    columns; those of a part that lie above each other, or are to be done together, are
    one block.
    """
    m, n, k = out.rows, out.columns, a.rows if ta else a.columns
    panel, space = WIDTH * lanes(out.data), scratch.data
    row_a, col_a = (1, m) if ta else (k, 1)
    row_b, col_b = (1, k) if tb else (n, 1)
    step_a = 0 if a.size == m * k else m * k
    step_b = 0 if b.size == k * n else k * n
    way, together = mode >> WAY & BITS, 1 << (mode >> TOGETHER & BITS)
    down, across = 1 << (mode >> DOWN & BITS), 1 << (mode >> ACROSS & BITS)
    tall, wide = HEIGHT, panel
    if way & (DOT_ROWS | DOT_COLUMNS):
        tall, wide = DOT_LINES, DOT_LINES
    product = Product(way, mode, k, row_a, col_a, row_b, col_b, n)
    i, j, share = 0, 0, 1
    if down > 1:
        share = most(SPAN // (in_parts(in_parts(m, tall), down) * tall), 1)
    a_at, b_at, c_at = a.data, b.data, out.data
    if scratch.rows > 1 or lo > 0:
        blocks = down * across
        units = out.size // (m * n) * blocks
        space = at(space, lo // -(-units // scratch.rows) * scratch.columns)
        batch, i, j = lo // blocks, lo % blocks % down, lo % blocks // down
        a_at, b_at = at(a_at, batch * step_a), at(b_at, batch * step_b)
        c_at = at(c_at, batch * m * n)
    side = 1  # parts of columns that are done at once
    while lo < hi:
        if i == 0:
            side = most(least(least(together, across - j), (hi - lo) // down), 1)
        span = least(least(down - i, hi - lo), share)
        top, left = _start_of(i, down, m, tall), _start_of(j, across, n, wide)
        height = _start_of(i + span, down, m, tall) - top
        width = _start_of(j + side, across, n, wide) - left
        block = Block(
            height, width, at(a_at, top * row_a), at(b_at, left * col_b),
            at(c_at, top * n + left), at(bias, left),
        )  # fmt: skip
        unit(product, block, space)
        lo, i = lo + span * side, i + span
        if i == down:
            i, j = 0, j + side
        if j == across:
            j = 0
            a_at, b_at, c_at = at(a_at, step_a), at(b_at, step_b), at(c_at, m * n)
