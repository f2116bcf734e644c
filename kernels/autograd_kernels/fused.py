"""Kernels that a Program puts in place of several: the same bits in fewer passes."""

from __future__ import annotations

from autograd_kernels.dropout import drawing, drop_all
from autograd_kernels.jit import elements


@elements(cost=drawing)
def relu_dropout(lo, hi, key, p, x, out):
    """out = dropout(relu(x)); see `dropout.dropout`, units: elements."""
    drop_all(lo, hi, key, p, True, x, out)


@elements
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
