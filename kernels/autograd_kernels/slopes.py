"""Gradients of the functions in `elementwise`: ``(lo, hi, g, x or y, gx)``, flat.

gx = g times the slope, in the order of the vjps' own steps, so that it has their bits.
A kernel reads y, the function's value, where that is enough.
"""

from autograd_kernels.elementwise import _sign, zip2
from autograd_kernels.jit import elements, inline
from autograd_kernels.llvm.memory import wide
from autograd_kernels.math import trigonometric


@inline
def _exp(g, y):
    return g * y


@inline
def _log(g, x):
    return g / x


@inline
def _sqrt(g, y):
    return g * type(g)(0.5) / y


@inline
def _abs(g, x):
    return g * _sign(x)


@inline
def _square(g, x):
    return g * type(g)(2) * x


@inline
def _sin(g, x):
    return g * trigonometric.cos(x)


@inline
def _far_sin(g, x):
    return g * trigonometric.far_cos(x)


@inline
def _cos(g, x):
    return -(g * trigonometric.sin(x))


@inline
def _far_cos(g, x):
    return -(g * trigonometric.far_sin(x))


@inline
def _expm1(g, y):
    return g * (y + type(y)(1))


@inline
def _log1p(g, x):
    return g / (x + type(x)(1))


@elements
def exp(lo, hi, g, y, gx):
    zip2(_exp, lo, hi, g, y, gx)


@elements
def log(lo, hi, g, x, gx):
    zip2(_log, lo, hi, g, x, gx)


@elements
def sqrt(lo, hi, g, y, gx):
    zip2(_sqrt, lo, hi, g, y, gx)


@elements
def abs(lo, hi, g, x, gx):
    zip2(_abs, lo, hi, g, x, gx)


@elements
def square(lo, hi, g, x, gx):
    zip2(_square, lo, hi, g, x, gx)


@elements
def sin(lo, hi, g, x, gx):
    wide()
    if trigonometric.in_range(x[lo:hi]):
        zip2(_sin, lo, hi, g, x, gx)
    else:
        zip2(_far_sin, lo, hi, g, x, gx)


@elements
def cos(lo, hi, g, x, gx):
    wide()
    if trigonometric.in_range(x[lo:hi]):
        zip2(_cos, lo, hi, g, x, gx)
    else:
        zip2(_far_cos, lo, hi, g, x, gx)


@elements
def expm1(lo, hi, g, y, gx):
    zip2(_expm1, lo, hi, g, y, gx)


@elements
def log1p(lo, hi, g, x, gx):
    zip2(_log1p, lo, hi, g, x, gx)
