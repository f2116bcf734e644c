"""Batch normalisation (Ioffe and Szegedy 2015), with PyTorch's conventions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_core.hooks import Array
from autograd_core.launch import (
    contiguous,
    empty,
    flat,
    full,
    hyper,
    launch,
    new_status,
    raise_if,
)
from autograd_core.op import fused
from autograd_core.ops.broadcasting import as_dtype, floats
from autograd_core.ops.elementwise import add, div, mul, sqrt, square, sub
from autograd_core.ops.reduce import mean
from autograd_core.ops.shape import reshape
from autograd_core.samples import sample
from autograd_kernels import batchnorm as k


def _rows(x: Array) -> Array:
    """(N, C, ...) as contiguous (rows, C)."""
    if x.ndim == 2:
        return contiguous(x)
    return contiguous(x.swapaxes(1, -1)).reshape(-1, x.shape[1])


def _back(rows: Array, shape: tuple[int, ...]) -> Array:
    """What `_rows` made, in the shape that it came from."""
    if len(shape) == 2:
        return rows
    turned = list(shape)
    turned[1], turned[-1] = turned[-1], turned[1]
    return rows.reshape(turned).swapaxes(1, -1)


def check_channels(x: Any, *vectors: Any) -> None:
    """Raise ValueError unless x is (N, C, ...) and each vector, if given, is (C,)."""
    if len(x.shape) < 2:
        raise ValueError(f"expected an input (N, C) or (N, C, ...), got {x.shape}")
    channels = x.shape[1:2]
    for v in vectors:
        if v is None:
            continue
        shape = getattr(v, "shape", ())  # a number has none
        if shape != channels:
            raise ValueError(
                f"an input {x.shape} has {x.shape[1]} channels, but a weight, bias or "
                f"running statistic has shape {shape}"
            )


def _check_memory(mean: Array, variance: Array) -> None:
    """Raise ValueError unless a kernel can update both running statistics."""
    fits = mean.flags.carray and variance.flags.carray and mean.dtype == variance.dtype
    if not fits or mean.dtype.kind != "f":
        raise ValueError(
            "running statistics must be C-contiguous and writable, of one dtype, "
            f"float32 or float64; got {mean.dtype} and {variance.dtype}"
        )


def _vector(value: Array | None, missing: float, like: Array) -> Array:
    """A parameter per channel of ``like``, (rows, C), as a kernel reads it."""
    if value is None:
        return full(like.shape[1], missing, like.dtype)
    if value.dtype is like.dtype and value.flags.c_contiguous:
        return value
    return contiguous(as_dtype(value, like.dtype))


def _not_finite(index: int) -> Exception:
    return ValueError(f"batch_norm: channel {index} of the input holds NaN or infinity")


def _forward(
    x: Any,
    weight: Any,
    bias: Any,
    eps: float = 1e-5,
    running: tuple[Array, Array] | None = None,
    momentum: float | Array = 0.1,
) -> tuple[Array, tuple[Array, ...]]:
    x = floats(x)
    check_channels(x, weight, bias, *(running or ()))
    if x.size < 2 * x.shape[1] or not x.shape[1]:
        raise ValueError(
            "training needs more than one value in each channel, got an input of "
            f"shape {x.shape}; a larger batch or .eval() helps"
        )
    if running is not None:
        _check_memory(*running)
    rows = _rows(x)
    n, channels = rows.shape
    gamma, beta = _vector(weight, 1.0, rows), _vector(bias, 0.0, rows)
    stats, status = empty((4, channels), x.dtype), new_status()
    out, blocks = empty(rows.shape, x.dtype), -(-channels // k.UNIT)
    tiny = hyper(x.dtype, eps)
    launch(k.forward_cols, blocks, rows, gamma, beta, tiny, stats, status, out)
    if running is not None:
        dtype = running[0].dtype
        moved = as_dtype(stats, dtype)
        if isinstance(momentum, float):
            rate = hyper(dtype, momentum)
        else:
            rate = flat(as_dtype(momentum, dtype))
        launch(k.update_running, channels, moved, n, rate, status, *running)
    raise_if(status, _not_finite)  # then nothing has moved
    return _back(out, x.shape), (rows, gamma, stats)


def _backward(
    g: Array,
    needs: Sequence[bool],
    out: Any,
    residuals: tuple[Array, ...],
    x: Any,
    weight: Any,
    bias: Any,
    **attrs: Any,
) -> list[Any]:
    rows, gamma, stats = residuals
    channels, dx = len(gamma), empty(rows.shape, g.dtype)
    dgamma, dbeta = empty((channels,), g.dtype), empty((channels,), g.dtype)
    blocks = -(-channels // k.UNIT)
    launch(k.backward_cols, blocks, _rows(g), rows, gamma, stats, dx, dgamma, dbeta)
    dweight = None if weight is None else as_dtype(dgamma, weight.dtype)
    dbias = None if bias is None else as_dtype(dbeta, bias.dtype)
    return [_back(dx, x.shape), dweight, dbias]


@fused(
    _forward,
    _backward,
    saves="x weight",
    samples=(
        sample((5, 3), (3,), (3,), least=2),
        sample((9, 3), (3,), None, eps=0.1, least=2),
        sample((4, 3, 2), (3,), (3,), least=2),
        sample((2, 3, 2, 4), None, None, least=2),
    ),
)
def batch_norm(
    x: Any,
    weight: Any,
    bias: Any,
    *,
    eps: float = 1e-5,
    running: tuple[Array, Array] | None = None,
    momentum: float | Array = 0.1,
) -> Any:
    """Each channel of ``x`` with mean 0 and variance 1, times weight, plus bias.

    x: (N, C) or (N, C, ...); weight, bias: (C,) or None. Normalises by the batch's
    biased variance. ``running``, a mean and a variance (C,), moves in place by
    ``momentum`` (an array is read at replay time) towards the batch's mean and unbiased
    variance. Raises ValueError, before anything has moved, for a channel of one value
    or with NaN or infinity.
    """
    check_channels(x, weight, bias)
    axes = (0, *range(2, len(x.shape)))
    d = sub(x, mean(x, axis=axes, keepdims=True))
    variance = mean(square(d), axis=axes, keepdims=True)
    return _affine(div(d, sqrt(add(variance, eps))), weight, bias)


def batch_norm_eval(
    x: Any,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    *,
    eps: float = 1e-5,
) -> Any:
    """`batch_norm` by given statistics (C,), which stay; differentiable in all."""
    check_channels(x, weight, bias, running_mean, running_var)
    scale = div(1.0 if weight is None else weight, sqrt(add(running_var, eps)))
    return _affine(sub(x, _channel(running_mean, x)), scale, bias)


def _channel(v: Any, x: Any) -> Any:
    """(C,) so that it broadcasts against (N, C, ...)."""
    return v if len(x.shape) == 2 else reshape(v, shape=(-1, *[1] * (len(x.shape) - 2)))


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    if weight is not None:
        x = mul(x, _channel(weight, x))
    return x if bias is None else add(x, _channel(bias, x))
