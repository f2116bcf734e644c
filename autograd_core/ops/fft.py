"""Discrete Fourier transforms of one axis, which NumPy computes.

The matrix of `dft` is symmetric, so its transpose is itself; that of `rdft` is `irdft`
but for weights, as `irdft` reads each number in the middle for two. For every length,
odd ones too. A float32 input has complex64 transforms, as in NumPy 2.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import constant, host
from autograd_core.op import primitive
from autograd_core.ops.broadcasting import floats, inexact, unbroadcast
from autograd_core.ops.complexes import conj
from autograd_core.ops.elementwise import mul
from autograd_core.ops.shape import astype
from autograd_core.samples import Arg, sample

SWAPPED = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


@primitive(
    lambda g, y, x, axis, norm="backward", inverse=False: unbroadcast(
        dft(g, axis=axis, norm=norm, inverse=inverse), x
    ),
    saves="",
    samples=(
        sample((3, 4), axis=0, least=1),
        sample(Arg((3, 4), kind="complex"), axis=1, norm="ortho", least=1),
        sample(Arg((3, 4), kind="complex"), axis=0, inverse=True, least=1),
    ),
)
def dft(x: Any, *, axis: int, norm: Any = "backward", inverse: bool = False) -> Any:
    """The transform along ``axis``; with ``inverse``, `numpy.fft.ifft`."""
    transform: Any = np.fft.ifft if inverse else np.fft.fft
    return host(lambda x: transform(x, axis=axis, norm=norm), inexact(x))


@lru_cache(256)
def _weights(n: int, ndim: int, axis: int, middle: float, dtype: Any) -> Array:
    """1 where a real signal's transform stands for itself, else ``middle``."""
    weights = np.full(n // 2 + 1, middle)
    weights[0] = 1.0
    if n % 2 == 0:
        weights[-1] = 1.0
    return constant(
        weights.reshape([-1 if i == axis else 1 for i in range(ndim)]), dtype
    )


def _weighted(z: Any, n: int, axis: int, middle: float) -> Any:
    ndim = len(z.shape)
    dtype = np.float32 if z.dtype == np.complex64 else np.float64
    return mul(z, _weights(n, ndim, axis % ndim, middle, dtype))


def _rfft_vjp(g: Any, y: Any, x: Any, axis: int, norm: Any = "backward") -> Any:
    n = x.shape[axis]
    z = _weighted(conj(g), n, axis, 0.5)
    out = irdft(z, n=n, axis=axis, norm=SWAPPED[norm])
    return out if out.dtype == x.dtype else astype(out, dtype=x.dtype)


@primitive(
    _rfft_vjp,
    saves="",
    samples=(
        sample((3, 4), axis=1, least=1),
        sample((3, 4), axis=0, norm="ortho", least=1),
        sample((3, 4), axis=1, norm="forward", least=1),
    ),
)
def rdft(x: Any, *, axis: int, norm: Any = "backward") -> Any:
    """The first half of the transform of real numbers along ``axis``."""
    return host(lambda x: np.fft.rfft(x, axis=axis, norm=norm), floats(x))


def _irfft_vjp(
    g: Any, y: Any, z: Any, n: int, axis: int, norm: Any = "backward"
) -> Any:
    half = conj(rdft(g, axis=axis, norm=SWAPPED[norm]))
    return unbroadcast(_weighted(half, n, axis, 2.0), z)


@primitive(
    _irfft_vjp,
    saves="",
    samples=(
        sample(Arg((2, 3), kind="complex"), n=5, axis=1, least=2),
        sample(Arg((3, 2), kind="complex"), n=4, axis=0, norm="ortho", least=2),
        sample((2, 3), n=4, axis=1, norm="forward", least=2),
    ),
)
def irdft(z: Any, *, n: int, axis: int, norm: Any = "backward") -> Any:
    """``n`` real numbers of which ``z``, n // 2 + 1 long, is the `rdft`."""
    return host(lambda z: np.fft.irfft(z, n, axis=axis, norm=norm), inexact(z))
