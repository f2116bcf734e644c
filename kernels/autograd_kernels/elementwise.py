"""Arithmetic kernels over elements; units are elements of the contiguous ``out``."""

from autograd_kernels._jit import inline, kernel


@inline
def _add(a, b):
    return a + b


@kernel
def add(lo, hi, a, b, out):
    A, B, O = a[lo:hi], b[lo:hi], out[lo:hi]
    for i in range(O.size):
        O[i] = _add(A[i], B[i])
