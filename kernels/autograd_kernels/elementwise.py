"""Arithmetic kernels over elements; units are elements of the contiguous ``out``.

Unary kernels take ``(lo, hi, x, out)``, flat arrays of one size. Binary kernels take
``(lo, hi, geom, a, b, out)`` and read their operands broadcast, see `map2`. A part
may start at any multiple of 1024 elements.
"""

import math

from autograd_kernels.jit import elements, inline, rule
from autograd_kernels.llvm.integers import least
from autograd_kernels.llvm.memory import at, wide
from autograd_kernels.math import power, scalar, trigonometric

# --- Loops --------------------------------------------------------------------------


@rule
def map1(f, lo, hi, x, out):
    """out = f(x)."""
    X, O = at(x, lo), at(out, lo)
    for i in range(hi - lo):
        O[i] = f(X[i])


@rule
def zip2(f, lo, hi, a, b, out):
    """out = f(a, b) for operands of one size."""
    A, B, O = at(a, lo), at(b, lo), at(out, lo)
    for i in range(hi - lo):
        O[i] = f(A[i], B[i])


@rule
def zip3(f, lo, hi, a, b, c, out):
    """out = f(a, b, c) for operands of one size."""
    A, B, C, O = at(a, lo), at(b, lo), at(c, lo), at(out, lo)
    for i in range(hi - lo):
        O[i] = f(A[i], B[i], C[i])


@rule
def map2(f, lo, hi, geom, a, b, out):
    """out = f(a, b) with ``geom`` = [cols, a_row, a_col, b_row, b_col], int64.

    ``out`` is seen as rows of ``cols`` elements; element (r, c) reads
    ``a[r * a_row + c * a_col]`` and ``b[r * b_row + c * b_col]``, where ``a_col`` and
    ``b_col`` are 0 or 1.
    """
    cols, a_row, a_col, b_row, b_col = geom[0], geom[1], geom[2], geom[3], geom[4]
    row = lo // cols
    col = lo - row * cols
    while lo < hi:
        n = least(cols - col, hi - lo)
        O = at(out, lo)
        A = at(a, row * a_row + col * a_col)
        B = at(b, row * b_row + col * b_col)
        if a_col != 0 and b_col != 0:
            for i in range(n):
                O[i] = f(A[i], B[i])
        elif a_col != 0:
            y = B[0]
            for i in range(n):
                O[i] = f(A[i], y)
        elif b_col != 0:
            x = A[0]
            for i in range(n):
                O[i] = f(x, B[i])
        else:
            both = f(A[0], B[0])
            for i in range(n):
                O[i] = both
        lo, row, col = lo + n, row + 1, 0


# --- Scalar functions ---------------------------------------------------------------


@inline
def _neg(x):
    return -x


@inline
def _abs(x):
    return abs(x)


@inline
def _square(x):
    return x * x


@inline
def _sqrt(x):
    return math.sqrt(x)


@inline
def _sign(x):
    one = type(x)(1)
    s = one if x > 0 else (-one if x < 0 else type(x)(0))
    return s if x == x else x


@inline
def _reciprocal(x):
    return type(x)(1) / x


@inline
def _add(a, b):
    return a + b


@inline
def _sub(a, b):
    return a - b


@inline
def _mul(a, b):
    return a * b


@inline
def _div(a, b):
    return a / b


@inline
def _maximum(a, b):
    larger = a if a > b else b  # b where either is NaN
    return larger if a == a else a


@inline
def _minimum(a, b):
    smaller = a if a < b else b
    return smaller if a == a else a


@inline
def _greater(a, b):
    return a > b


@inline
def _greater_equal(a, b):
    return a >= b


@inline
def _less(a, b):
    return a < b


@inline
def _less_equal(a, b):
    return a <= b


@inline
def _equal(a, b):
    return a == b


@inline
def _not_equal(a, b):
    return a != b


@inline
def _where(cond, a, b):
    return a if cond else b


# --- Unary kernels ------------------------------------------------------------------


@elements
def neg(lo, hi, x, out):
    map1(_neg, lo, hi, x, out)


@elements
def abs_(lo, hi, x, out):
    map1(_abs, lo, hi, x, out)


@elements
def square(lo, hi, x, out):
    map1(_square, lo, hi, x, out)


@elements
def reciprocal(lo, hi, x, out):
    map1(_reciprocal, lo, hi, x, out)


@elements
def sign(lo, hi, x, out):
    """-1, 0 or 1; NaN at NaN."""
    map1(_sign, lo, hi, x, out)


@elements
def sqrt(lo, hi, x, out):
    map1(_sqrt, lo, hi, x, out)


@elements
def exp(lo, hi, x, out):
    wide()
    map1(scalar.exp, lo, hi, x, out)


@elements
def expm1(lo, hi, x, out):
    wide()
    map1(scalar.expm1, lo, hi, x, out)


@elements
def log(lo, hi, x, out):
    wide()
    map1(scalar.log, lo, hi, x, out)


@elements
def log1p(lo, hi, x, out):
    wide()
    map1(scalar.log1p, lo, hi, x, out)


@elements
def sin(lo, hi, x, out):
    wide()
    if trigonometric.in_range(x[lo:hi]):
        map1(trigonometric.sin, lo, hi, x, out)
    else:
        map1(trigonometric.far_sin, lo, hi, x, out)


@elements
def cos(lo, hi, x, out):
    wide()
    if trigonometric.in_range(x[lo:hi]):
        map1(trigonometric.cos, lo, hi, x, out)
    else:
        map1(trigonometric.far_cos, lo, hi, x, out)


# --- Binary kernels, operands broadcast by ``geom`` ---------------------------------


@elements
def add(lo, hi, geom, a, b, out):
    map2(_add, lo, hi, geom, a, b, out)


@elements
def sub(lo, hi, geom, a, b, out):
    map2(_sub, lo, hi, geom, a, b, out)


@elements
def mul(lo, hi, geom, a, b, out):
    map2(_mul, lo, hi, geom, a, b, out)


@elements
def div(lo, hi, geom, a, b, out):
    map2(_div, lo, hi, geom, a, b, out)


@elements
def pow_(lo, hi, geom, a, b, out):
    wide()
    map2(power.pow, lo, hi, geom, a, b, out)


@elements
def maximum(lo, hi, geom, a, b, out):
    """The larger; NaN where either is NaN."""
    map2(_maximum, lo, hi, geom, a, b, out)


@elements
def minimum(lo, hi, geom, a, b, out):
    """The smaller; NaN where either is NaN."""
    map2(_minimum, lo, hi, geom, a, b, out)


@elements
def greater(lo, hi, geom, a, b, out):
    map2(_greater, lo, hi, geom, a, b, out)


@elements
def greater_equal(lo, hi, geom, a, b, out):
    map2(_greater_equal, lo, hi, geom, a, b, out)


@elements
def less(lo, hi, geom, a, b, out):
    map2(_less, lo, hi, geom, a, b, out)


@elements
def less_equal(lo, hi, geom, a, b, out):
    map2(_less_equal, lo, hi, geom, a, b, out)


@elements
def equal(lo, hi, geom, a, b, out):
    map2(_equal, lo, hi, geom, a, b, out)


@elements
def not_equal(lo, hi, geom, a, b, out):
    map2(_not_equal, lo, hi, geom, a, b, out)


# --- The rest -----------------------------------------------------------------------


@elements
def where(lo, hi, cond, a, b, out):
    """out = a where the bool ``cond`` holds, else b; all flat, of one size."""
    zip3(_where, lo, hi, cond, a, b, out)


@elements
def fill(lo, hi, value, out):
    """out = value[0]."""
    out[lo:hi] = value[0]


@elements
def add_inplace(lo, hi, x, out):
    """out += x."""
    zip2(_add, lo, hi, out, x, out)


@elements
def cast(lo, hi, x, out):
    """out = x in the dtype of out."""
    X, O = x[lo:hi], out[lo:hi]
    for i in range(O.size):
        O[i] = X[i]
