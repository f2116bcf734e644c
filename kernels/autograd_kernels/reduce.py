"""Reductions over the middle axis of a C-contiguous view (outer, n, inner).

``inner == 1`` is a reduction of rows, anything else one of columns. Sums are blocked,
and the blocks' sums are added with compensation (Knuth's TwoSum), so that a float32
sum of 1e7 terms keeps its last digits. The order of additions follows from the shape
alone; a column is summed the same way whatever its neighbours are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.core import cgutils
from numba.extending import intrinsic

from ._jit import inline, kernel, reduction

BLOCK = 512  # terms of a row that are summed plainly before a compensated addition
COLUMNS = 64  # columns that one unit of a column reduction covers
STRIP = 1024  # columns that are walked at once where a part holds so many
LANES = 16  # a width that is compiled apart: small networks are full of it
CHUNK = 1 << 15  # elements of one chunk of a long reduction


@intrinsic(prefer_literal=True)
def stack(typingctx: Any, like: Any, size: Any) -> Any:
    """Pointer to ``size`` (a literal) uninitialised elements on the C stack."""
    count = size.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = context.get_data_type(like.dtype)
        with builder.goto_entry_block():
            return builder.alloca(kind, ir.Constant(cgutils.intp_t, count))

    return types.CPointer(like.dtype)(like, size), codegen


@inline
def _plus(s, c, x):
    """Knuth's TwoSum: ``s + x``, and ``c`` with what that addition lost."""
    t = s + x
    z = t - s
    return t, c + ((s - (t - z)) + (x - z))


@inline
def _settle(s, c):
    """The compensated sum; once ``s`` is infinite or NaN, ``c`` means nothing."""
    return s + c if s - s == 0 else s


@reduction
def sum_rows(lo, hi, x, out):
    """out[i] = sum of x[i, :]; units: rows. x: (rows, n), out: (rows,)."""
    zero = x.dtype.type(0)
    n = x.shape[1]
    for i in range(lo, hi):
        s = c = zero
        for start in range(0, n, BLOCK):
            b = zero
            part = x[i][start : start + BLOCK]
            for j in range(part.size):
                b += part[j]
            s, c = _plus(s, c, b)
        out[i] = _settle(s, c)



@kernel
def sum_cols(lo, hi, x, out):
    """out[o, j] = sum over i of x[o, i, j]; units: outer * ceil(inner / COLUMNS).

    x: (outer, n, inner), out: (outer, inner). Eight rows are added plainly, then
    to the compensated sum.
    """
    n, inner = x.shape[1], x.shape[2]
    blocks = (inner + COLUMNS - 1) // COLUMNS
    total, lost = carray(stack(x, STRIP), STRIP), carray(stack(x, STRIP), STRIP)
    zero = x.dtype.type(0)
    unit = lo
    while unit < hi:
        o, left = unit // blocks, unit % blocks * COLUMNS
        many = min(hi - unit, blocks - unit % blocks, STRIP // COLUMNS)
        width = min(many * COLUMNS, inner - left)
        for j in range(width):
            total[j] = lost[j] = zero
        for i in range(0, n - 7, 8):
            for j in range(width):
                t = zero
                for r in range(8):
                    t += x[o, i + r, np.uint64(left + j)]
                total[j], lost[j] = _plus(total[j], lost[j], t)
        for i in range(n & -8, n):
            for j in range(width):
                total[j], lost[j] = _plus(total[j], lost[j], x[o, i, np.uint64(left + j)])
        for j in range(width):
            out[o, left + j] = _settle(total[j], lost[j])
        unit += many
