"""Batch normalisation by the statistics of all shards of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_core.hooks import Array
from autograd_core.launch import (
    add_into,
    contiguous,
    duplicate,
    empty,
    flat,
    full,
    hyper,
    launch,
    new_status,
    raise_if,
)
from autograd_core.op import fused, primitive
from autograd_core.ops.batchnorm import (
    _affine,
    _back,
    _check_memory,
    _not_finite,
    _rows,
    _vector,
    check_channels,
)
from autograd_core.ops.broadcasting import as_dtype, floats
from autograd_core.ops.elementwise import add, div, sqrt, square, sub
from autograd_core.ops.reduce import sum as total
from autograd_core.samples import sample
from autograd_core.shards import ALONE, Shard
from autograd_kernels import batchnorm_shards as k
from autograd_kernels.batchnorm import UNIT


@primitive(
    lambda g, out, x, shard=ALONE: sum_of_shards(g, shard=shard),
    saves="",
    samples=(sample((3, 4)),),
)
def sum_of_shards(x: Any, *, shard: Shard = ALONE) -> Any:
    """The sum of all shards' x, in their order: the same for each of them."""
    parts = shard.gather(contiguous(floats(x)))
    out = duplicate(parts[0])
    for part in parts[1:]:
        add_into(out, part)
    return out


def _forward(
    x: Any,
    weight: Any,
    bias: Any,
    eps: float = 1e-5,
    running: tuple[Array, Array] | None = None,
    momentum: float | Array = 0.1,
    shard: Shard = ALONE,
) -> tuple[Array, tuple[Array, ...]]:
    x = floats(x)
    check_channels(x, weight, bias, *(running or ()))
    if running is not None:
        _check_memory(*running)
    rows = _rows(x)
    n, channels = rows.shape
    gamma, beta = _vector(weight, 1.0, rows), _vector(bias, 0.0, rows)
    blocks, tiny, status = -(-channels // UNIT), hyper(x.dtype, eps), new_status()
    part, stats = empty((4, channels), x.dtype), empty((5, channels), x.dtype)
    launch(k.moments, blocks, rows, part)
    parts, out = shard.gather(part), empty(rows.shape, x.dtype)
    if len(parts) * n < 2 or not channels:
        raise ValueError(
            "training needs more than one value in each channel, got an input of "
            f"shape {x.shape}; a larger batch or .eval() helps"
        )
    given = rows, parts, gamma, beta, tiny
    launch(k.normalise, blocks, *given, stats, status, out)
    if running is not None:
        dtype = running[0].dtype
        moved = as_dtype(stats, dtype)
        if isinstance(momentum, float):
            rate = hyper(dtype, momentum)
        else:
            rate = flat(as_dtype(momentum, dtype))
        launch(k.move_running, channels, moved, rate, status, *running)
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
    shard: Shard = ALONE,
    **attrs: Any,
) -> list[Any]:
    rows, gamma, stats = residuals
    g, dx, channels = _rows(g), empty(rows.shape, g.dtype), len(gamma)
    dgamma, part = empty((channels,), g.dtype), empty((2, channels), g.dtype)
    blocks = -(-channels // UNIT)
    launch(k.products, blocks, g, rows, stats, dgamma, part)
    parts = shard.gather(part)
    launch(k.slopes, blocks, g, rows, gamma, stats, parts, dx)
    dweight = None if weight is None else as_dtype(dgamma, weight.dtype)
    dbias = None if bias is None else as_dtype(part[0], bias.dtype)
    return [_back(dx, x.shape), dweight, dbias]


@fused(
    _forward,
    _backward,
    saves="x weight",
    samples=(
        sample((5, 3), (3,), (3,), least=2),
        sample((4, 3, 2), (3,), None, eps=0.1, least=2),
        sample((2, 3, 2, 4), None, None, least=2),
    ),
)
def batch_norm_of_shards(
    x: Any,
    weight: Any,
    bias: Any,
    *,
    eps: float = 1e-5,
    running: tuple[Array, Array] | None = None,
    momentum: float | Array = 0.1,
    shard: Shard = ALONE,
) -> Any:
    """`batch_norm` of x, a shard, by mean and variance of all shards together.

    So it is PyTorch's SyncBatchNorm, with one order of additions. Gradients of weight
    and bias are the shard's part of them. ``running`` moves towards the statistics of
    all shards. Raises as `batch_norm` does.
    """
    check_channels(x, weight, bias)
    axes = (0, *range(2, len(x.shape)))
    size = 1
    for axis in axes:
        size *= x.shape[axis]
    count = sum_of_shards(full((), size, x.dtype), shard=shard)

    def mean(values: Any) -> Any:
        return div(
            sum_of_shards(total(values, axis=axes, keepdims=True), shard=shard), count
        )

    d = sub(x, mean(x))
    return _affine(div(d, sqrt(add(mean(square(d)), eps))), weight, bias)
