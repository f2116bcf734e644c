"""Ops made by ``ag.elementwise``, ``ag.kernel`` and ``ag.primitive``."""

import numpy as np

import autograd_core as ag
from autograd_core.samples import sample

EPS = 1e-6


@ag.elementwise
def swish(x):
    """``x`` by its logistic function."""
    return x / (1.0 + np.exp(-x))


@ag.elementwise
def quick_swish(x):
    """`swish` with a backward."""
    return x / (1.0 + np.exp(-x))


@quick_swish.defvjp
def swish_slope(g, x):
    s = 1.0 / (1.0 + np.exp(-x))
    return g * (s + x * s * (1.0 - s))


@ag.elementwise
def damped(x, rate):
    """``x exp(-rate**2)``."""
    return x * np.exp(-rate * rate)


@damped.defvjp
def damped_slopes(g, x, rate):
    e = g * np.exp(-rate * rate)
    return e, -2.0 * rate * x * e


@ag.elementwise
def blend(a, b, t):
    """Of three."""
    return a * (1.0 - t) + b * t * t


@blend.defvjp
def blend_slopes(g, a, b, t):
    return g * (1.0 - t), g * t * t, g * (2.0 * b * t - a)


@ag.elementwise
def four(a, b, c, d):
    """Of four."""
    return a * b + c * np.tanh(d)


@ag.elementwise(
    composition=lambda x: np.where(x > 0.0, x, 0.1 * x),
    samples=(sample((3, 4)), sample((0, 3))),
)
def leaky(x):
    """With a choice that Tensors cannot make."""
    if x > 0.0:
        return x
    return 0.1 * x


@ag.kernel
def rms(lo, hi, x, out):
    for i in range(lo, hi):
        total = x.dtype.type(0)
        for j in range(x.shape[1]):
            total += x[i, j] * x[i, j]
        scale = x.dtype.type(1 / np.sqrt(total / x.shape[1] + EPS))
        for j in range(x.shape[1]):
            out[i, j] = x[i, j] * scale


@ag.kernel
def rms_slope(lo, hi, g, x, gx):
    for i in range(lo, hi):
        total, inner = x.dtype.type(0), x.dtype.type(0)
        for j in range(x.shape[1]):
            total += x[i, j] * x[i, j]
            inner += g[i, j] * x[i, j]
        scale = x.dtype.type(1 / np.sqrt(total / x.shape[1] + EPS))
        pull = x.dtype.type(inner * scale**3 / x.shape[1])
        for j in range(x.shape[1]):
            gx[i, j] = g[i, j] * scale - x[i, j] * pull


@ag.primitive(
    composition=lambda x: x / np.sqrt((x * x).mean(1, keepdims=True) + EPS),
    backward=lambda g, out, x: rms_slope(len(x), g, x, out=x),
)
def rms_norm(x):
    """Each row by its root mean square."""
    return rms(len(x), x, out=x)


@ag.kernel(sums=True)
def power_sums(lo, hi, x, p, out):
    for i in range(lo, hi):
        total = x.dtype.type(0)
        for j in range(x.shape[1]):
            total += abs(x[i, j]) ** p[0]
        out[i] = total


@ag.primitive(
    lambda g, out, x, *, p=3.0: g[:, None] * p * np.abs(x) ** (p - 1) * np.sign(x),
    saves="x",
)
def powers(x, *, p=3.0):
    """Sums over rows, with an option."""
    return power_sums(len(x), x, p, out=((len(x),), x.dtype))


@ag.primitive(
    composition=lambda x, w: (x @ w) * np.exp(-x @ w),
    samples=(sample((3, 4), (4, 2)),),
)
def composed_only(x, w):
    """A body in NumPy functions."""
    y = x @ w
    return y * np.exp(-y)


OPS = [
    swish,
    quick_swish,
    damped,
    blend,
    four,
    leaky,
    rms_norm,
    powers,
    composed_only,
]
