"""Activations that give their slope too, so that backward is a product.

Kernels take ``(lo, hi, x, slope, out)``, flat arrays of one size, and write the last
two; ``out`` has the bits of the kernel in `activations`. One exponential serves both.
"""

from autograd_kernels.jit import elements, rule
from autograd_kernels.llvm.memory import at, wide
from autograd_kernels.math import normal


@rule
def _both(f, df, lo, hi, x, slope, out):
    """slope = df(x), out = f(x)."""
    X, S, O = at(x, lo), at(slope, lo), at(out, lo)
    for i in range(hi - lo):
        v = X[i]
        S[i] = df(v)
        O[i] = f(v)


@elements(writes=2)
def gelu(lo, hi, x, slope, out):
    wide()
    _both(normal.gelu, normal.gelu_slope, lo, hi, x, slope, out)


@elements(writes=2)
def gelu_tanh(lo, hi, x, slope, out):
    wide()
    _both(normal.gelu_tanh, normal.gelu_tanh_slope, lo, hi, x, slope, out)
