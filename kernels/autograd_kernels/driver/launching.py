"""Any small launch by address, new arrays and pointer tables: built-ins beside `front`.

Each says whether it has done what was asked, or None or False: "not for here".
"""

from __future__ import annotations

import numpy as np

from autograd_kernels.driver.objects import (
    DATA,
    DTYPE,
    FLAGS,
    ITEMS,
    LENGTH,
    SHAPE,
    STRIDES,
    TYPE,
    address_of,
    owned,
    put,
    put_flat,
    release,
    size_of,
    take_back,
    whole_number,
    words,
)
from autograd_kernels.driver.replay import call, word
from autograd_kernels.driver.rows import (
    ARRAY,
    AXES,
    DTYPE_CODES,
    DTYPES,
    GLOBALS,
    INT,
    KNOWN,
    LONG,
    MOST,
    RESTORE,
    SAVE,
    TUPLE,
    item_of,
    ndim_of,
    new,
    none,
)
from autograd_kernels.jit import holding, rule
from autograd_kernels.native import ALIGNED, ROW, WRITEABLE, C, F

HELD = 1 << 18  # bytes of all arrays of a launch up to which it holds the GIL
SHARED = 1 << 19  # elements of its first or last array from which on it is not for here

# --- Memory -------------------------------------------------------------------------


@holding
def empty(row, shape, dtype):
    """A new array for a tuple of lengths and a dtype of `KNOWN`; row: [globals]."""
    f, lengths, dtype = (
        word(address_of(row), DATA),
        address_of(shape),
        address_of(dtype),
    )
    g, overflow, sizes = word(f, GLOBALS), words(1), words(AXES)
    if word(lengths, TYPE) != word(g, TUPLE) or word(lengths, LENGTH) > AXES:
        return none(g)
    known, size = 0, 1
    for i in range(len(KNOWN)):
        if dtype == word(g, DTYPES + i):
            known = item_of(i)
    put(overflow, 0, 0)
    ndim = word(lengths, LENGTH)
    for axis in range(ndim):
        length = word(lengths, ITEMS + axis)
        if word(length, TYPE) != word(g, INT):
            return none(g)
        n = whole_number(word(g, LONG), length, overflow)
        if word(overflow, 0) != 0 or not 0 <= n < MOST:
            return none(g)
        size *= n
        put(sizes, axis, n)
        if size * known >= MOST:
            return none(g)
    if known == 0:
        return none(g)
    return owned(new(g, dtype, ndim, sizes))


@holding
def point(table, column, arrays):
    """Write where the arrays of a tuple lie to a column of an int64 table.

    False, and nothing of use is written, if one is no array in C order or there are
    not as many as rows. ``table`` is an array in C order itself.
    """
    t, arrays, shape = (
        address_of(table),
        address_of(arrays),
        word(address_of(table), SHAPE),
    )
    g = word(word(address_of(column), DATA), 0)
    column = word(word(address_of(column), DATA), 1)
    rows, columns, data = word(shape, 0), word(shape, 1), word(t, DATA)
    if word(arrays, TYPE) != word(g, TUPLE) or word(arrays, LENGTH) != rows:
        return False
    for row in range(rows):
        x = word(arrays, ITEMS + row)
        if word(x, TYPE) != word(g, ARRAY) or not word(x, FLAGS) & C:
            return False
        put(data, row * columns + column, word(x, DATA))
    return True


# --- Any launch ---------------------------------------------------------------------

KERNELS, MOST_KERNELS = (
    1,
    (ROW - 2) // 3,
)  # of a launch's row: count, then [code, code, address]
ARGUMENTS, BITS = 12, 10
WHOLE = (1 << BITS) - 1  # the code of an int
MOST_AXES = 7  # of an array
WORDS = 240  # of the arguments at most: twelve arrays of seven axes are 228


def code(x):
    """What a kernel is compiled for of an argument, -1 if that has no code.

    Its dtype, axes, layout and whether it is writeable, as `_code` reads them.
    """
    if type(x) is int:
        return WHOLE
    if type(x) is not np.ndarray or x.dtype not in DTYPE_CODES or x.ndim > MOST_AXES:
        return -1
    flags = x.flags
    if not flags.aligned:
        return -1
    layout = 0 if flags.c_contiguous else 1 if flags.f_contiguous else 2
    return DTYPE_CODES[x.dtype] | x.ndim << 3 | layout << 6 | flags.writeable << 8


def codes(args):
    """The two words that tell the arguments of a launch, None if they have none."""
    each = [code(x) for x in args]
    if -1 in each or len(each) > ARGUMENTS:
        return None
    found = [0, 0]
    for i, one in enumerate(each):
        found[i >= ARGUMENTS // 2] = found[i >= ARGUMENTS // 2] << BITS | one
    return found


@rule
def _code(g, x):
    """`code` of an array."""
    flags, ndim, dtype = word(x, FLAGS), ndim_of(x), -1
    for i in range(len(KNOWN)):
        if word(x, DTYPE) == word(g, DTYPES + i):
            dtype = i
    if dtype < 0 or ndim > MOST_AXES or not flags & ALIGNED:
        return -1
    layout = 0 if flags & C else (1 if flags & F else 2)
    return dtype | ndim << 3 | layout << 6 | (1 if flags & WRITEABLE else 0) << 8


@holding
def launch(row, units, args):
    """``kernel(0, units, *args)``; whether it was for here.

    What takes long lets other threads run meanwhile.
    """
    f, args = word(address_of(row), DATA), address_of(args)
    g, overflow, w = word(f, GLOBALS), words(1), words(WORDS)
    count, n, size, first, second = word(args, LENGTH), 0, 0, 0, 0
    large = False
    if count > ARGUMENTS or word(address_of(units), TYPE) != word(g, INT):
        return False
    put(overflow, 0, 0)
    for i in range(count):
        x, told = word(args, ITEMS + i), WHOLE
        if word(x, TYPE) == word(g, INT):
            put(w, n, whole_number(word(g, LONG), x, overflow))
            large = large or word(overflow, 0) != 0
            n += 1
        elif word(x, TYPE) == word(g, ARRAY):
            told = _code(g, x)
            if told < 0:
                return False
            ndim, item = ndim_of(x), item_of(told & 7)
            size += size_of(x) * item
            large = large or ((i == 0 or i == count - 1) and size_of(x) >= SHARED)
            put_flat(w, n, word(x, DATA), size_of(x), item)
            for axis in range(ndim):
                put(w, n + 5 + axis, word(word(x, SHAPE), axis))
                put(w, n + 5 + ndim + axis, word(word(x, STRIDES), axis))
            n += 5 + 2 * ndim
        else:
            return False
        if i < ARGUMENTS // 2:
            first = first << BITS | told
        else:
            second = second << BITS | told
    address = 0
    for i in range(word(f, KERNELS)):
        place = KERNELS + 1 + 3 * i
        if word(f, place) == first and word(f, place + 1) == second:
            address = word(f, place + 2)
    last = whole_number(word(g, LONG), address_of(units), overflow)
    if address == 0 or large or word(overflow, 0) != 0:
        return False
    state = release(word(g, SAVE)) if size > HELD else 0
    call(address, w, n, 0, last)
    if state != 0:
        take_back(word(g, RESTORE), state)
    return True
