"""Copies between memory of any strides."""

from autograd_kernels.jit import inline, kernel
from autograd_kernels.llvm.integers import least
from autograd_kernels.llvm.memory import at, dense

BAND = 8  # rows of a transposed source that are read at once: more would share L1 sets


@inline
def _copy_rows(src, out):
    cols = out.shape[1]
    for r in range(out.shape[0]):
        S, O = at(dense(src[r]), 0), at(out[r], 0)
        for c in range(cols):
            O[c] = S[c]


@inline
def _copy_bands(src, out, width):
    """Down a band of ``width`` columns at a time."""
    rows, cols = out.shape
    for left in range(0, cols, width):
        right = least(left + width, cols)
        for r in range(rows):
            S, O = src[r, left:right], at(out[r], left)
            for c in range(right - left):
                O[c] = S[c]


@inline
def _copy_any(src, out):
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[r, c] = src[r, c]


@kernel
def copy4(lo, hi, src, out):
    """out = src, 4-D, any strides; units are the first two axes' matrices.

    ``n`` is ``shape[0] * shape[1]``.
    """
    cols = out.shape[3]
    for unit in range(lo, hi):
        i, j = unit // out.shape[1], unit % out.shape[1]
        S, O = src[i, j], out[i, j]
        if O.strides[1] != O.itemsize:  # the others write to adjacent elements
            _copy_any(S, O)
        elif S.strides[1] == O.itemsize and cols > BAND:
            _copy_rows(S, O)
        elif abs(S.strides[1]) <= abs(S.strides[0]) and cols > BAND:
            _copy_bands(S, O, cols)
        else:
            _copy_bands(S, O, BAND)
