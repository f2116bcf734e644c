"""Checks of values that store what they find in a status word; units: elements."""

import math

import numpy as np

from autograd_kernels.jit import inline, kernel

SLACK = 1e-6  # a share that was computed in float32 may leave [0, 1] by its rounding


@inline
def value_code(x):
    """A value as a positive number, so that a status can hold it: 1 + float32 bits."""
    return 1 + np.int64(np.float32(x).view(np.uint32))


def coded_value(code):
    """The value behind `value_code`, to the digits of float32."""
    return float(np.uint32(code - 1).view(np.float32))


@kernel
def outside(lo, hi, x, bounds, status):
    """Status: 1 + index of what is not in bounds[0] <= x <= bounds[1], NaN included.

    It also holds `value_code` of that element, times the number of elements.
    """
    X, low, high = x[lo:hi], bounds[0], bounds[1]
    for i in range(X.size):
        if not low <= X[i] <= high:
            if status[0] == 0:
                status[0] = 1 + lo + i + x.size * value_code(X[i])
            return


@kernel
def not_finite(lo, hi, x, status):
    """status[0] = 1 + index of the first NaN or infinity, if none came before it."""
    X = x[lo:hi]
    for i in range(X.size):
        if not math.isfinite(X[i]):
            if status[0] == 0 or lo + i + 1 < status[0]:
                status[0] = lo + i + 1
            return
