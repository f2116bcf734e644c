"""Kernels that a Program puts in place of several: the same bits in fewer passes."""

from __future__ import annotations

import numpy as np
from numba import carray

from ._jit import kernel
from .dropout import GROUP, philox
from .reduce import stack


@kernel
def relu_dropout(lo, hi, key, p, x, out):
    """out = dropout(relu(x)); see `dropout.dropout`, units: elements."""
    one, zero = x.dtype.type(1), x.dtype.type(0)
    scale = one / (one - p[0])
    least = np.uint32(p[0] * x.dtype.type(4294967296.0))
    words = carray(stack(np.uint32, GROUP), GROUP)
    for start in range(lo, hi, GROUP):
        philox(np.uint64(start) >> np.uint64(2), key, words)
        X, O = x[start : min(start + GROUP, hi)], out[start : min(start + GROUP, hi)]
        for i in range(O.size):
            v = zero if X[i] <= zero else X[i]
            O[i] = v * scale if words[i] >= least else zero


@kernel
def relu_dropout_backward(lo, hi, p, g, y, out):
    """Cotangent of relu's input, from y = dropout(relu(x)); units: elements.

    Where y > 0 (or NaN) an element was kept and relu let it pass, so the mask need not
    be drawn again.
    """
    one, zero = g.dtype.type(1), g.dtype.type(0)
    scale = one / (one - p[0])
    G, Y, O = g[lo:hi], y[lo:hi], out[lo:hi]
    for i in range(O.size):
        O[i] = zero if Y[i] <= zero else G[i] * scale
