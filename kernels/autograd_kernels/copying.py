"""Copies from any strides into contiguous memory."""

from autograd_kernels._jit import inline, kernel
from autograd_kernels.memory import dense

BLOCK = 32  # a block of 32 x 32 float64 is 8 KB: it and its target stay in L1


@inline
def _copy_rows(src, out):
    for r in range(out.shape[0]):
        S, O = dense(src[r]), out[r]
        for c in range(O.size):
            O[c] = S[c]


@inline
def _copy_columns(src, out):
    """Block by block, since one side or the other is read across its rows."""
    rows, cols = out.shape
    for r0 in range(0, rows, BLOCK):
        for c0 in range(0, cols, BLOCK):
            O = out[r0 : r0 + BLOCK, c0 : c0 + BLOCK]
            for c in range(O.shape[1]):
                S = dense(src[r0 : r0 + BLOCK, c0 + c])
                for r in range(O.shape[0]):
                    O[r, c] = S[r]


@inline
def _copy_any(src, out):
    rows, cols = out.shape
    for r in range(rows):
        for c in range(cols):
            out[r, c] = src[r, c]


@kernel
def copy4(lo, hi, src, out):
    """out = src, 4-D; ``src`` has any strides; units are the first two axes' matrices.

    ``n`` is ``shape[0] * shape[1]``. Rows that are contiguous and matrices that are
    transposed (stride of the last axis but one = itemsize) have fast paths.
    """
    for unit in range(lo, hi):
        i, j = unit // out.shape[1], unit % out.shape[1]
        S, O = src[i, j], out[i, j]
        if S.strides[1] == O.itemsize:
            _copy_rows(S, O)
        elif S.strides[0] == O.itemsize:
            _copy_columns(S, O)
        else:
            _copy_any(S, O)
