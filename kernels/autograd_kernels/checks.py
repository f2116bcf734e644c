"""Checks of values that store what they find in a status word; units: elements."""

import math

from autograd_kernels._jit import kernel


@kernel
def not_finite(lo, hi, x, status):
    """status[0] = 1 + index of the first NaN or infinity, if none came before it."""
    X = x[lo:hi]
    for i in range(X.size):
        if not math.isfinite(X[i]):
            if status[0] == 0 or lo + i + 1 < status[0]:
                status[0] = lo + i + 1
            return
