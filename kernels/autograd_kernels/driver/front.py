"""Small eager ops as one built-in each: arrays in, a new array out, or None.

None means "not for here": another dtype or layout, more bytes than `MOST` (the GIL is
held all the while), operands that do not broadcast, an address that is not known yet.
Then the op goes its general way, which gives the same bits; nothing is raised here.

A built-in takes its row, an int64 array, and the op's operands as they come. A row is
[globals, address of the kernel for float32, for float64, ...]; the rest is told at each
built-in. ``globals`` is the address of what all rows share: see `GLOBALS`.
"""

from __future__ import annotations

import numpy as np

from autograd_kernels.driver.objects import (
    DATA,
    DTYPE,
    FLAGS,
    NUMBER,
    SHAPE,
    TYPE,
    address_of,
    number,
    number32,
    owned,
    put,
    put_flat,
    put_matrix,
    put_number,
    size_of,
    whole_number,
    words,
)
from autograd_kernels.driver.replay import call, word
from autograd_kernels.driver.rows import (
    AXES,
    BOOL,
    DTYPES,
    FLOAT,
    GLOBALS,
    INT,
    LONG,
    MOST,
    NONE,
    dense,
    kind_of,
    ndim_of,
    new,
    none,
)
from autograd_kernels.jit import holding, rule
from autograd_kernels.llvm.integers import most
from autograd_kernels.native import C, F

LARGEST32 = float(np.finfo(np.float32).max)
EXACT = 1 << 53  # above, not every int is a float64
ADDRESS, REST = 1, 3  # of a row: the kernel's for each dtype, and what follows


@rule
def _scalar(g, x, kind, place):
    """Write a Python number to ``place`` in a dtype; False if that is not exact enough.

    As NumPy does: rounded once; but what overflows is left to NumPy's warning.
    """
    fine = False
    value = 0.0
    if word(x, TYPE) == word(g, FLOAT):
        value = number(x + 8 * NUMBER)
        fine = kind == 1 or not LARGEST32 < abs(value) < np.inf
    elif word(x, TYPE) == word(g, INT):
        put(place, 0, 0)
        whole = whole_number(word(g, LONG), x, place)
        fine = word(place, 0) == 0 and -EXACT < whole < EXACT
        value = float(whole)
    if fine and kind == 0:
        put_number(place, np.float32(value))
    elif fine:
        put_number(place, value)
    return fine


# --- Elementwise --------------------------------------------------------------------

CONSTANTS, COUNT, OUT = REST, REST + 2, REST + 3  # addresses by dtype; dtype of out


@holding
def unary(row, x):
    """f(x); row: [..., constants for float32, for float64, their count]."""
    f, x = word(address_of(row), DATA), address_of(x)
    g = word(f, GLOBALS)
    kind = dense(g, x)
    if kind < 0:
        return none(g)
    address, size, item = word(f, ADDRESS + kind), size_of(x), 4 << kind
    if address == 0 or size * item > MOST:
        return none(g)
    out = new(g, word(x, DTYPE), ndim_of(x), word(x, SHAPE))
    if out != 0:
        w, n = words(21), 0
        if word(f, COUNT) > 0:
            put_flat(w, 0, word(f, CONSTANTS + kind), word(f, COUNT), item)
            n = 7
        put_flat(w, n, word(x, DATA), size, item)
        put_flat(w, n + 7, word(out, DATA), size, item)
        call(address, w, 21, 0, size)
    return owned(out)


@holding
def slope(row, x, y):
    """f(x, y) for arrays of as many elements, in the shape of x; row: as of `unary`."""
    f, x, y = word(address_of(row), DATA), address_of(x), address_of(y)
    g = word(f, GLOBALS)
    kind = dense(g, x)
    if kind < 0 or dense(g, y) != kind:
        return none(g)
    address, size, item = word(f, ADDRESS + kind), size_of(x), 4 << kind
    if address == 0 or size * item > MOST or size != size_of(y):
        return none(g)
    out = new(g, word(x, DTYPE), ndim_of(x), word(x, SHAPE))
    if out != 0:
        w, n = words(28), 0
        if word(f, COUNT) > 0:
            put_flat(w, 0, word(f, CONSTANTS + kind), word(f, COUNT), item)
            n = 7
        put_flat(w, n, word(x, DATA), size, item)
        put_flat(w, n + 7, word(y, DATA), size, item)
        put_flat(w, n + 14, word(out, DATA), size, item)
        call(address, w, 28, 0, size)
    return owned(out)


@rule
def _extent(x, axis, ndim):
    """Length of ``x`` along an axis of a result of ``ndim`` axes."""
    own = axis - (ndim - ndim_of(x))
    return word(word(x, SHAPE), own) if own >= 0 else 1


@rule
def _broadcast(a, b, ndim, shape, geom):
    """Write the result's shape and the `map2` geometry; its size, -1: not for here."""
    size, runs = 1, 0
    cols, a_col, b_col, a_row, b_row = 1, 0, 0, 0, 0
    last_a, last_b = -1, -1
    for back in range(ndim):
        axis = ndim - 1 - back
        na, nb = _extent(a, axis, ndim), _extent(b, axis, ndim)
        n = nb if na == 1 else na
        put(shape, axis, n)
        if na * nb == 0 or (na != nb and na != 1 and nb != 1):
            return -1
        if n == 1:
            continue
        move_a, move_b = 1 if na != 1 else 0, 1 if nb != 1 else 0
        if runs == 0 or move_a != last_a or move_b != last_b:
            runs += 1
            last_a, last_b = move_a, move_b
        if runs == 1:
            cols, a_col, b_col = cols * n, move_a, move_b
        else:
            a_row, b_row = move_a, move_b
        size *= n
    put(geom, 0, cols)
    put(geom, 1, (cols if a_col else 1) * a_row)
    put(geom, 2, a_col)
    put(geom, 3, (cols if b_col else 1) * b_row)
    put(geom, 4, b_col)
    return size if runs <= 2 else -1


@holding
def binary(row, a, b):
    """f(a, b), broadcast, Python numbers weak; row: [..., dtype of out or 0]."""
    f, a, b = word(address_of(row), DATA), address_of(a), address_of(b)
    g = word(f, GLOBALS)
    ka, kb = dense(g, a), dense(g, b)
    kind = most(ka, kb)
    if kind < 0:
        return none(g)
    shape, geom, w, place = words(8), words(5), words(28), words(1)
    ndim, size = AXES + 1, -1
    data_a = data_b = place
    size_a = size_b = 1
    if ka >= 0:
        ndim, data_a, size_a = ndim_of(a), word(a, DATA), size_of(a)
    if kb >= 0:
        ndim, data_b, size_b = ndim_of(b), word(b, DATA), size_of(b)
    if ka >= 0 and kb >= 0:
        ndim = most(ndim_of(a), ndim)
        if ka == kb and ndim <= AXES:
            size = _broadcast(a, b, ndim, shape, geom)
    elif ndim <= AXES and _scalar(g, a if ka < 0 else b, kind, place):
        size = size_b if ka < 0 else size_a
        put(geom, 0, most(size, 1))
        for i in range(1, 5):
            put(geom, i, 0)
        put(geom, 4 if ka < 0 else 2, 1)
        lengths = word(b if ka < 0 else a, SHAPE)
        for axis in range(ndim):
            put(shape, axis, word(lengths, axis))
    address, item = word(f, ADDRESS + kind), 4 << kind
    if size < 0 or address == 0 or size * item > MOST:
        return none(g)
    dtype, out_item = word(g, DTYPES + kind), item
    if word(f, REST) != 0:
        dtype, out_item = word(g, BOOL), 1
    out = new(g, dtype, ndim, shape)
    if out != 0:
        put_flat(w, 0, geom, 5, 8)
        put_flat(w, 7, data_a, size_a, item)
        put_flat(w, 14, data_b, size_b, item)
        put_flat(w, 21, word(out, DATA), size, out_item)
        call(address, w, 28, 0, size)
    return owned(out)


# --- Reductions and products --------------------------------------------------------


@holding
def total(row, x):
    """The sum of all of x, or the mean, () ; row: [..., whether it is the mean]."""
    f, x = word(address_of(row), DATA), address_of(x)
    g = word(f, GLOBALS)
    kind = dense(g, x)
    if kind < 0:
        return none(g)
    address, size, item = word(f, ADDRESS + kind), size_of(x), 4 << kind
    if address == 0 or size == 0 or size * item > MOST:
        return none(g)
    out = new(g, word(x, DTYPE), 0, word(x, SHAPE))
    if out != 0:
        w = words(16)
        put_matrix(w, 0, word(x, DATA), 1, size, item)
        put_flat(w, 9, word(out, DATA), 1, item)
        call(address, w, 16, 0, 1)
        if word(f, REST) != 0 and kind == 0:
            mean = number32(word(out, DATA)) / np.float32(size)
            put_number(word(out, DATA), mean)
        elif word(f, REST) != 0:
            put_number(word(out, DATA), number(word(out, DATA)) / np.float64(size))
    return owned(out)


TA, TB, SCRATCH, SCRATCH_BYTES, PLANS, BIAS = range(REST, REST + 6)
SLOTS, SLOT = 1024, 7  # of the table of plans: m, n, k, flags, units, scratch, mode


def slot(m, n, k, flags):
    """Where the plan of a product stands in the table."""
    mixed = m * 73856093 ^ n * 19349663 ^ k * 83492791 ^ flags * 12582917
    return (mixed ^ mixed >> 15) & (SLOTS - 1)


_slot = rule(slot)


@rule
def _turned(x):
    """0 for memory in C order, 1 for that of the transpose, -1 for neither."""
    flags = word(x, FLAGS)
    return 0 if flags & C else (1 if flags & F else -1)


@holding
def product(row, bias, a, b):
    """op(a) @ op(b) [+ bias] of matrices; bias may be None.

    row: [..., whether a is turned, whether b is, scratch, its bytes, plans, the mode
    with a bias]. A plan that is not in the table is not for here.
    """
    f, a, b = word(address_of(row), DATA), address_of(a), address_of(b)
    v = address_of(bias)
    g = word(f, GLOBALS)
    kind, turned_a, turned_b = kind_of(g, a), _turned(a), _turned(b)
    fine = kind >= 0 and kind_of(g, b) == kind and turned_a >= 0 and turned_b >= 0
    if not fine or ndim_of(a) != 2 or ndim_of(b) != 2:
        return none(g)
    biased = v != word(g, NONE)
    if biased and (dense(g, v) != kind or ndim_of(v) != 1):
        return none(g)
    ta, tb = word(f, TA), word(f, TB)
    rows_a, columns_a = word(word(a, SHAPE), 0), word(word(a, SHAPE), 1)
    rows_b, columns_b = word(word(b, SHAPE), 0), word(word(b, SHAPE), 1)
    m, k = (columns_a, rows_a) if ta else (rows_a, columns_a)
    k_b, n = (columns_b, rows_b) if tb else (rows_b, columns_b)
    if k != k_b or (biased and word(word(v, SHAPE), 0) != n):
        return none(g)
    ta, tb = ta ^ turned_a, tb ^ turned_b
    flags = ta + 2 * tb + 4 * kind
    plan = word(f, PLANS) + 8 * SLOT * _slot(m, n, k, flags)
    known = word(plan, 0) == m and word(plan, 1) == n and word(plan, 2) == k
    item, address = 4 << kind, word(f, ADDRESS + kind)
    if not known or word(plan, 3) != flags or address == 0:
        return none(g)
    if most(most(m * n, m * k), k * n) * item > MOST:
        return none(g)
    if word(plan, 5) * item > word(f, SCRATCH_BYTES):
        return none(g)
    shape = words(2)
    put(shape, 0, m)
    put(shape, 1, n)
    out = new(g, word(a, DTYPE), 2, shape)
    if out != 0:
        w = words(46)
        put(w, 0, ta)
        put(w, 1, tb)
        put(w, 2, word(plan, 6) + (word(f, BIAS) if biased else 0))
        if turned_a:
            rows_a, columns_a = columns_a, rows_a
        if turned_b:
            rows_b, columns_b = columns_b, rows_b
        put_matrix(w, 3, word(a, DATA), rows_a, columns_a, item)
        put_matrix(w, 12, word(b, DATA), rows_b, columns_b, item)
        data = word(v, DATA) if biased else word(f, SCRATCH)
        put_flat(w, 21, data, n if biased else 0, item)
        put_matrix(w, 28, word(f, SCRATCH), 1, word(plan, 5), item)
        put_matrix(w, 37, word(out, DATA), m, n, item)
        call(address, w, 46, 0, word(plan, 4))
    return owned(out)
