"""What the built-ins of `front` and `launching` share: their globals, and first looks.

A built-in takes a row, an int64 array whose first word is the address of the globals
(`shared`): [function, type, object, ..., dtype, ...] as named below.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from autograd_kernels.driver.objects import (
    BORROWED,
    DTYPE,
    FLAGS,
    HALF,
    NDIM,
    NEW_FROM_DESCR,
    TYPE,
    function_of_numpy,
    function_of_python,
    keep,
    new_array,
    owned,
)
from autograd_kernels.driver.replay import word
from autograd_kernels.jit import rule
from autograd_kernels.native import ALIGNED, C

NEW, ARRAY, NONE, FLOAT, INT, TUPLE, LONG, KEEP, SAVE, RESTORE, DTYPES = range(11)
KNOWN = ("f4", "f8", "?", "i8", "u8", "i4", "u4", "u1")  # dtypes from there on
DTYPE_CODES = {np.dtype(name): i for i, name in enumerate(KNOWN)}
BOOL = DTYPES + 2
GLOBALS = 0  # of a row
MOST = 1 << 16  # bytes of an array: the GIL is held all the while
AXES = 8
TWO, THREE, FOUR = (BORROWED,) * 2, (BORROWED,) * 3, (BORROWED,) * 4


@cache
def shared():
    """The words that all rows share."""
    functions = [function_of_numpy(NEW_FROM_DESCR), id(np.ndarray), id(None)]
    functions += [id(float), id(int), id(tuple)]
    functions += [function_of_python("PyLong_AsLongLongAndOverflow")]
    functions += [function_of_python("Py_IncRef")]
    functions += map(function_of_python, ("PyEval_SaveThread", "PyEval_RestoreThread"))
    return np.array([*functions, *(id(np.dtype(name)) for name in KNOWN)], np.int64)


@rule
def kind_of(g, x):
    """0 for an aligned array of float32, 1 of float64, -1 for anything else."""
    kind = -1
    if word(x, TYPE) == word(g, ARRAY) and word(x, FLAGS) & ALIGNED:
        dtype = word(x, DTYPE)
        if dtype == word(g, DTYPES):
            kind = 0
        elif dtype == word(g, DTYPES + 1):
            kind = 1
    return kind


@rule
def dense(g, x):
    """`_kind` of an array in C order."""
    kind = kind_of(g, x)
    return kind if kind >= 0 and word(x, FLAGS) & C else -1


@rule
def ndim_of(x):
    """How many axes an array has."""
    return word(x, NDIM) & HALF


@rule
def new(g, dtype, ndim, shape):
    """Address of a new array; 0 where there is no memory."""
    keep(word(g, KEEP), dtype)
    return new_array(word(g, NEW), word(g, ARRAY), dtype, ndim, shape)


@rule
def none(g):
    """None, for the caller: "not for here"."""
    keep(word(g, KEEP), word(g, NONE))
    return owned(word(g, NONE))


@rule
def item_of(dtype):
    """Bytes of an element of `KNOWN`."""
    item = 8
    if dtype == 0 or dtype == 5 or dtype == 6:
        item = 4
    elif dtype == 2 or dtype == 7:
        item = 1
    return item
