"""Activations: each with its slope in ops and, for ordinary backward, in one kernel.

Where a slope jumps, it is the one on the left, as in PyTorch: 0 at relu's kink.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import empty, flat, hyper, launch
from autograd_core.op import primitive
from autograd_core.ops import broadcasting
from autograd_core.ops.broadcasting import floats
from autograd_core.ops.elementwise import (
    add,
    exp,
    greater,
    less_equal,
    mul,
    square,
    sub,
    where,
)
from autograd_core.ops.maps import by_input, by_output, unary
from autograd_core.samples import Arg, sample
from autograd_kernels import activations as k
from autograd_kernels import activations_with_slope

SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717
GELU_SLOPE = math.sqrt(2 / math.pi)
GELU_CUBE = 0.044715
KINKED = (sample(Arg((3, 4), kind="distinct")), sample(Arg((7,), -5.0, 5.0)))
SMOOTH = (sample((3, 4)), sample(Arg((7,), -5.0, 5.0)))


def _tuned(kernel: Any, x: Any, *values: float) -> Array:
    """`broadcasting.unary` for a kernel with hyper-parameters."""
    x = floats(x)
    out = empty(x.shape, x.dtype)
    launch(kernel, x.size, hyper(x.dtype, *values), flat(x), out.ravel())
    return out


# Piecewise -------------------------------------------------------------------------


@unary(
    k.relu,
    lambda g, y, x: where(less_equal(y, 0.0), 0.0, g),
    slope=by_output(k.relu_backward),
    saves="out",
    samples=KINKED,
)
def relu(x: Any) -> Any:
    """The larger of ``x`` and 0; NaN stays NaN."""


@primitive(
    lambda g, y, x, negative_slope=0.01: where(
        greater(x, 0.0), g, mul(g, negative_slope)
    ),
    backward=by_input(k.leaky_relu_backward, negative_slope=0.01),
    saves="x",
    samples=(*KINKED, sample(Arg((3, 4), kind="distinct"), negative_slope=0.2)),
    elementwise=True,
)
def leaky_relu(x: Any, *, negative_slope: float = 0.01) -> Any:
    """``x`` above 0, ``negative_slope * x`` below."""
    return _tuned(k.leaky_relu, x, negative_slope)


def _exponential_slope(g: Any, x: Any, right: float, left: float) -> Any:
    """``g`` times ``right`` above 0 and ``left * exp(x)`` below."""
    above = greater(x, 0.0)
    below = mul(exp(where(above, 0.0, x)), left)  # no overflow in the part not taken
    return where(above, mul(g, right), mul(g, below))


@primitive(
    lambda g, y, x, alpha=1.0: _exponential_slope(g, x, 1.0, alpha),
    backward=by_input(k.elu_backward, alpha=1.0),
    saves="x",
    samples=(*KINKED, sample(Arg((3, 4), kind="distinct"), alpha=0.7)),
    elementwise=True,
)
def elu(x: Any, *, alpha: float = 1.0) -> Any:
    """``x`` above 0, ``alpha * (exp(x) - 1)`` below (Clevert et al. 2015)."""
    return _tuned(k.elu, x, alpha)


@unary(
    k.selu,
    lambda g, y, x: _exponential_slope(g, x, SELU_SCALE, SELU_SCALE * SELU_ALPHA),
    slope=by_input(k.selu_backward),
    saves="x",
    samples=KINKED,
)
def selu(x: Any) -> Any:
    """Elu with the scale and alpha that keep mean 0, variance 1 (Klambauer 2017)."""


# Sigmoids --------------------------------------------------------------------------


@unary(
    k.sigmoid,
    lambda g, y, x: mul(g, mul(y, sub(1.0, y))),
    slope=by_output(k.sigmoid_backward),
    saves="out",
    samples=SMOOTH,
)
def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``, without overflow; returns the dtype of ``x``."""


@unary(
    k.tanh,
    lambda g, y, x: mul(g, mul(sub(1.0, y), add(1.0, y))),
    slope=by_output(k.tanh_backward),
    ufunc=np.tanh,
    saves="out",
    samples=SMOOTH,
)
def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""


@unary(
    k.erf,
    lambda g, y, x: mul(g, mul(exp(mul(square(x), -1.0)), 2 / math.sqrt(math.pi))),
    saves="x",
    samples=SMOOTH,
)
def erf(x: Any) -> Any:
    """The error function."""


def _softplus_slope(g: Any, x: Any, beta: float, threshold: float) -> Any:
    z = mul(x, beta)
    return where(greater(z, threshold), g, mul(g, sigmoid(z)))


@primitive(
    lambda g, y, x, beta=1.0, threshold=20.0: _softplus_slope(g, x, beta, threshold),
    backward=by_input(k.softplus_backward, beta=1.0, threshold=20.0),
    saves="x",
    samples=(*SMOOTH, sample((3, 4), beta=2.5, threshold=3.0)),
    elementwise=True,
)
def softplus(x: Any, *, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """``log(1 + exp(beta * x)) / beta``, and ``x`` where ``beta * x > threshold``."""
    if not beta > 0:
        raise ValueError(f"beta must be positive, got {beta}")
    return _tuned(k.softplus, x, beta, threshold)


# Gated by a sigmoid ----------------------------------------------------------------


def _silu_slope(g: Any, x: Any) -> Any:
    s = sigmoid(x)
    return mul(g, mul(s, add(mul(x, sub(1.0, s)), 1.0)))


@unary(
    k.silu,
    lambda g, y, x: _silu_slope(g, x),
    slope=by_input(k.silu_backward),
    saves="x",
    samples=SMOOTH,
)
def silu(x: Any) -> Any:
    """``x * sigmoid(x)``, also called swish."""


def _normal_slope(x: Any) -> Any:
    """P(a standard normal number <= x), plus x times its density."""
    cumulative = mul(add(erf(mul(x, math.sqrt(0.5))), 1.0), 0.5)
    density = mul(exp(mul(square(x), -0.5)), 1 / math.sqrt(2 * math.pi))
    return add(cumulative, mul(x, density))


def _tanh_slope(x: Any) -> Any:
    """The slope of gelu's tanh approximation."""
    squared = square(x)
    t = tanh(mul(mul(x, add(mul(squared, GELU_CUBE), 1.0)), GELU_SLOPE))
    inner = mul(add(mul(squared, 3 * GELU_CUBE), 1.0), GELU_SLOPE)
    slope = mul(mul(x, inner), mul(sub(1.0, t), add(1.0, t)))
    return mul(add(add(t, 1.0), slope), 0.5)


def _gelu_slope(g: Any, x: Any, approximate: str) -> Any:
    return mul(g, _normal_slope(x) if approximate == "none" else _tanh_slope(x))


def _kernel(module: Any, approximate: str) -> Any:
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate must be 'none' or 'tanh', got {approximate!r}")
    return module.gelu if approximate == "none" else module.gelu_tanh


def _gelu_saving(x: Any, approximate: str = "none") -> tuple[Array, tuple[Array]]:
    """gelu and its slope: most of the work for one is the work for the other."""
    x = floats(x)
    out, slope = empty(x.shape, x.dtype), empty(x.shape, x.dtype)
    kernel = _kernel(activations_with_slope, approximate)
    launch(kernel, x.size, flat(x), slope.ravel(), out.ravel())
    return out, (slope,)


def _gelu_backward(
    g: Array,
    needs: Sequence[bool],
    out: Any,
    residuals: tuple[Array],
    x: Array,
    approximate: str = "none",
) -> list[Array]:
    return [mul(g, residuals[0])]


@primitive(
    lambda g, y, x, approximate="none": _gelu_slope(g, x, approximate),
    saving=_gelu_saving,
    backward=_gelu_backward,
    saves="x",
    samples=(*SMOOTH, sample((3, 4), approximate="tanh")),
    elementwise=True,
)
def gelu(x: Any, *, approximate: str = "none") -> Any:
    """``x`` times P(a standard normal number <= x) (Hendrycks and Gimpel 2016).

    ``approximate="tanh"`` takes their approximation of that probability.
    """
    return broadcasting.unary(_kernel(k, approximate), x)
