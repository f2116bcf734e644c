"""Losses of one element each, forward and backward; units: elements of flat arrays.

Forward: ``(lo, hi, x, t, c, status, out)``: prediction, target, the loss's parameter
(one element; only `huber` reads it). Status: 1 + the first element of a part whose loss
is NaN; of `bce` also whose target is no share, and then `value_code` of that target is
added, times the number of elements. The sum or mean is a reduction's matter.

Backward: ``(lo, hi, x, t, c, g, scale, out)``: out = scale g times the derivative for
x, where ``g`` has one element or as many as x, and ``scale`` has one.
"""

from autograd_kernels.checks import SLACK, value_code
from autograd_kernels.jit import ELEMENTS, elements, inline, kernel
from autograd_kernels.llvm.memory import wide
from autograd_kernels.math.scalar import exp, log1p


@inline
def _any(t):
    return True


@inline
def _share(t):
    slack, one = type(t)(SLACK), type(t)(1)
    return (t >= -slack) & (t <= one + slack)


@inline
def _forward(f, fits, lo, hi, x, t, c, status, out):
    X, T, O = x[lo:hi], t[lo:hi], out[lo:hi]
    c0 = c[0]
    good = 0
    for i in range(O.size):
        O[i] = f(X[i], T[i], c0)
    for i in range(O.size):
        good += (O[i] == O[i]) & fits(T[i])
    if good < O.size and status[0] == 0:
        i = 0
        while O[i] == O[i] and fits(T[i]):
            i += 1
        code = 0 if fits(T[i]) else value_code(T[i])
        status[0] = 1 + lo + i + x.size * code


@inline
def _backward(f, lo, hi, x, t, c, g, scale, out):
    X, T, O = x[lo:hi], t[lo:hi], out[lo:hi]
    c0 = c[0]
    for i in range(O.size):
        O[i] = f(X[i], T[i], c0)
    if g.size == 1:
        a = g[0] * scale[0]
        for i in range(O.size):
            O[i] *= a
    else:
        G, s = g[lo:hi], scale[0]
        for i in range(O.size):
            O[i] *= G[i] * s


@inline
def _mse(x, t, c):
    return (x - t) * (x - t)


@inline
def _mse_slope(x, t, c):
    d = x - t
    return d + d


@inline
def _l1(x, t, c):
    return abs(x - t)


@inline
def _l1_slope(x, t, c):
    d = x - t
    one = type(d)(1)
    return one if d > 0 else (-one if d < 0 else d)


@inline
def _huber(x, t, c):
    a = abs(x - t)
    half = type(a)(0.5)
    return half * a * a if a <= c else c * (a - half * c)


@inline
def _huber_slope(x, t, c):
    d = x - t
    return c if d > c else (-c if d < -c else d)


@inline
def _bce(x, t, c):
    zero = type(x)(0)
    return ((x if x > zero else zero) - x * t) + log1p(exp(-abs(x)))


@inline
def _bce_slope(x, t, c):
    one = type(x)(1)
    e = exp(-abs(x))
    return (one if x >= 0 else e) / (one + e) - t


@kernel(writes=2, step=ELEMENTS)
def mse(lo, hi, x, t, c, status, out):
    """(x - t)**2."""
    _forward(_mse, _any, lo, hi, x, t, c, status, out)


@elements
def mse_backward(lo, hi, x, t, c, g, scale, out):
    """2 (x - t)."""
    _backward(_mse_slope, lo, hi, x, t, c, g, scale, out)


@kernel(writes=2, step=ELEMENTS)
def l1(lo, hi, x, t, c, status, out):
    """|x - t|."""
    _forward(_l1, _any, lo, hi, x, t, c, status, out)


@elements
def l1_backward(lo, hi, x, t, c, g, scale, out):
    """The sign of x - t; 0 where they are equal."""
    _backward(_l1_slope, lo, hi, x, t, c, g, scale, out)


@kernel(writes=2, step=ELEMENTS)
def huber(lo, hi, x, t, c, status, out):
    """d**2 / 2 up to |d| = c, then c (|d| - c / 2), with d = x - t (Huber 1964)."""
    _forward(_huber, _any, lo, hi, x, t, c, status, out)


@elements
def huber_backward(lo, hi, x, t, c, g, scale, out):
    """x - t, kept in -c..c."""
    _backward(_huber_slope, lo, hi, x, t, c, g, scale, out)


@kernel(writes=2, step=ELEMENTS)
def bce(lo, hi, x, t, c, status, out):
    """Binary cross-entropy of the logit x: max(x, 0) - x t + log(1 + exp(-|x|))."""
    wide()
    _forward(_bce, _share, lo, hi, x, t, c, status, out)


@elements
def bce_backward(lo, hi, x, t, c, g, scale, out):
    """The sigmoid of x, minus t."""
    wide()
    _backward(_bce_slope, lo, hi, x, t, c, g, scale, out)
