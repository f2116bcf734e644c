"""Batch normalisation over (N, C) and (N, C, L), with PyTorch's conventions."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import shards
from autograd_core.hooks import RECORDING, Array, current
from autograd_core.launch import launch
from autograd_core.nn import check
from autograd_core.nn.module import Layer
from autograd_core.nn.moments import Moments
from autograd_core.nn.parameter import Buffer, Parameter
from autograd_core.ops import batchnorm as ops
from autograd_core.ops.batchnorm_shards import batch_norm_of_shards
from autograd_core.ops.broadcasting import floats
from autograd_core.ops.elementwise import add, div
from autograd_core.tensor import Tensor, TensorLike
from autograd_core.writes import check_writable
from autograd_kernels.elementwise import add_inplace

ONE: Array = np.ones(1, np.int64)
Running = tuple[Tensor, Tensor]


class BatchNorm1d(Layer):
    """Each channel with mean 0 and variance 1, times weight, plus bias.

    ``num_features`` channels, inputs (N, C) or (N, C, ...); ``eps`` is added to the
    variance; ``affine=False`` has neither weight nor bias, else they are of ``dtype``.

    In training by the mean and the biased variance of the batch; in evaluation by
    ``running_mean`` and ``running_var`` (with ``track_running_stats=False`` always by
    the batch). These are exponentially weighted averages of the batches' means and
    unbiased variances: running = (1 - momentum) * running + momentum * batch, so
    momentum 0.1 is the beta = 0.9 of the literature, about the last 10 batches. There
    is no bias correction: they start from mean 0 and variance 1, where the layer
    changes nothing, and that start weighs beta ** t after t batches, 1 % at t = 44.
    ``momentum=None`` makes them plain averages over all batches, and `nn.recalibrate`
    the exact statistics of a data set. In data-parallel training (`train.Parallel`) the
    batch is that of all shards.

    Raises ValueError, before anything has moved, for another number of channels, for a
    batch of one value per channel in training, and for NaN or infinity. Ioffe, Szegedy:
    "Batch normalization", ICML 2015, arXiv:1502.03167.

    >>> import autograd_core as ag
    >>> from autograd_core import nn
    >>> layer = nn.BatchNorm1d(1)
    >>> layer(ag.tensor([[1.0], [3.0]])).numpy().round(3)
    array([[-1.],
           [ 1.]], dtype=float32)
    >>> layer.running_mean
    Buffer tensor([0.2])
    """

    moments: Moments | None = None  # in `recalibrate`: of what the layer receives

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        n = self.num_features = check.size("BatchNorm1d: num_features", num_features)
        self.eps = check.number("BatchNorm1d: eps", eps, 0.0)
        what = "BatchNorm1d: momentum"
        given = momentum is not None
        self.momentum = check.number(what, momentum, 0.0, 1.0) if given else None
        self.weight = Parameter(np.ones(n, dtype)) if affine else None
        self.bias = Parameter(np.zeros(n, dtype)) if affine else None
        if track_running_stats:
            self.running_mean: Buffer | None = Buffer(np.zeros(n, dtype))
            self.running_var: Buffer | None = Buffer(np.ones(n, dtype))
            self.num_batches_tracked: Buffer | None = Buffer(np.array(0))
        else:
            self.running_mean = self.running_var = self.num_batches_tracked = None

    def forward(self, x: Tensor) -> Tensor:
        shape, n = x._data.shape, self.num_features
        if len(shape) not in (2, 3) or shape[1] != n:
            raise ValueError(f"expected (N, {n}) or (N, {n}, L), got shape {shape}")
        if self.running_mean is None or self.running_var is None:
            return by_batch(x, self.weight, self.bias, self.eps)
        running = self.running_mean, self.running_var
        if not self.training:
            if self.moments is not None:
                self.moments.add(x._data)
            return by_running(x, self.weight, self.bias, self.eps, running)
        shard = shards.current.get()
        if shard is not None and not shard.last:  # the last one moves them for all
            return by_batch(x, self.weight, self.bias, self.eps)
        rate = self.momentum if self.momentum is not None else self._rate()
        y = by_batch(x, self.weight, self.bias, self.eps, running, rate)
        if self.num_batches_tracked is not None:
            count = self.num_batches_tracked._data.reshape(1)
            check_writable(count)
            launch(add_inplace, 1, ONE, count)
            self.num_batches_tracked.wrote()
        return y

    def _rate(self) -> Array:
        """1 / (1 + batches seen): it makes the running statistics plain averages."""
        assert self.num_batches_tracked is not None
        seen = floats(self.num_batches_tracked._data)
        return div(1.0, add(seen, 1.0))

    def extra_repr(self) -> str:
        settings = {
            "eps": (self.eps, 1e-5),
            "momentum": (self.momentum, 0.1),
            "affine": (self.weight is not None, True),
            "track_running_stats": (self.running_mean is not None, True),
        }
        changed = [f"{k}={v}" for k, (v, default) in settings.items() if v != default]
        return ", ".join([str(self.num_features), *changed])


def by_batch(
    x: Tensor,
    weight: TensorLike | None,
    bias: TensorLike | None,
    eps: float,
    running: Running | None = None,
    momentum: float | Array = 0.1,
) -> Tensor:
    """Normalise by the batch's own statistics and move the running ones, if given.

    In a shard of a batch, by those of all shards.
    """
    if RECORDING and (listener := current.recorder) is not None:
        for statistic in running or ():
            listener.on_leaf(statistic)
    arrays = None if running is None else (running[0]._data, running[1]._data)
    options: dict[str, Any] = {"eps": eps, "running": arrays, "momentum": momentum}
    shard = shards.current.get()
    y: Tensor
    if shard is None:
        y = ops.batch_norm.call(x, weight, bias, **options)
    else:
        y = batch_norm_of_shards.call(x, weight, bias, **options, shard=shard)
    for moved in running or ():
        moved.wrote()
    return y


def by_running(
    x: Tensor,
    weight: TensorLike | None,
    bias: TensorLike | None,
    eps: float,
    running: Running,
) -> Tensor:
    """Normalise by running statistics."""
    return ops.batch_norm_eval(x, weight, bias, *running, eps=eps)
