"""Pointer tables: how one kernel call covers many arrays.

A table is an int64 array. A row stands for arrays of one size: first the number of
their elements, then an address for each, last the row's first unit of work. A unit is a
chunk of `CHUNK` elements; the last chunk of a row is short, none straddles two rows.
"""

import numba

from autograd_kernels.jit import inline, rule
from autograd_kernels.llvm.integers import least, most
from autograd_kernels.llvm.memory import pointer

CHUNK = 4096  # elements that one unit of work covers


@inline
def stretch(row, column, start, stop, like):
    """Elements start:stop of the array whose address stands in ``column``."""
    return numba.carray(pointer(row[column], like), stop)[start:]


@rule
def span(r, lo, hi, table):
    """The elements of row ``r`` that are in chunks lo:hi, maybe none: start, stop."""
    unit = table[r, -1]
    return most(lo - unit, 0) * CHUNK, least((hi - unit) * CHUNK, table[r, 0])
