"""Layers without state, under PyTorch's names; NumPy arrays in, Tensors out.

from autograd_core import nn
F = nn.functional

Of losses, ``reduction`` is "mean", "sum" or "none". ``sample_weight`` w is a number,
0 or more, for each row or each element: "none" gives w * loss, "sum" their sum, "mean"
sum(w * loss) / sum(w), as scikit-learn's metrics do. Raises ValueError, also in a
replay of a compiled function, for weights of another length, negative or not finite
ones, and for a mean by weights whose sum is 0.
"""

from __future__ import annotations

from typing import Never

import numpy as np

from autograd_core.create import seen
from autograd_core.hooks import Array
from autograd_core.nn import batchnorm, check, weighting
from autograd_core.nn.dropout import dropout as _dropout
from autograd_core.nn.flatten import flatten as _flatten
from autograd_core.op import Op
from autograd_core.ops import activations, losses, matmul
from autograd_core.ops import softmax as soft
from autograd_core.tensor import Tensor, TensorLike

__all__ = [
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "elu",
    "flatten",
    "gelu",
    "huber_loss",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_softmax",
    "mse_loss",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "tanh",
]


def linear(x: TensorLike, weight: TensorLike, bias: TensorLike | None = None) -> Tensor:
    """``x @ weight.T + bias``: x (..., in), weight (out, in), bias (out,) or None."""
    return matmul.linear(seen(x), weight, bias)


def flatten(x: TensorLike, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Axes ``start_dim`` to ``end_dim`` become one."""
    return _flatten(seen(x), start_dim, end_dim)


def dropout(x: TensorLike, p: float = 0.5, training: bool = True) -> Tensor:
    """In training 0 with probability ``p``, else ``x / (1 - p)``; else x itself."""
    p = check.probability("dropout: p", p)
    return _dropout(seen(x), p) if training else seen(x)


def batch_norm(
    x: TensorLike,
    running_mean: Tensor | Array | None = None,
    running_var: Tensor | Array | None = None,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel with mean 0 and variance 1, times weight, plus bias.

    x: (N, C) or (N, C, ...), the others (C,) or None. In training by the batch's
    statistics, and the running ones (Tensors or arrays) move in place; else by those.
    """
    if running_mean is None or running_var is None:
        if running_mean is not running_var or not training:
            raise ValueError(
                "batch_norm: expected running_mean and running_var, or neither of them "
                f"and training=True; got {running_mean!r:.40} and {running_var!r:.40}"
            )
        return batchnorm.by_batch(seen(x), weight, bias, eps)
    if not training:
        running = seen(running_mean), seen(running_var)
        return batchnorm.by_running(seen(x), weight, bias, eps, running)
    running = _in_place(running_mean), _in_place(running_var)
    return batchnorm.by_batch(seen(x), weight, bias, eps, running, momentum)


def _in_place(statistic: object) -> Tensor:
    """What training moves: a Tensor, or one around the array itself."""
    if isinstance(statistic, Tensor):
        return statistic
    if type(statistic) is not np.ndarray:
        raise TypeError(
            "batch_norm: running statistics that move in place must be Tensors or "
            f"NumPy arrays, got {type(statistic).__name__}"
        )
    return Tensor(statistic)


# Activations -----------------------------------------------------------------------


def relu(x: TensorLike) -> Tensor:
    """The larger of x and 0; slope 0 at 0."""
    return activations.relu(seen(x))


def leaky_relu(x: TensorLike, negative_slope: float = 0.01) -> Tensor:
    """X above 0, ``negative_slope * x`` below."""
    return activations.leaky_relu(seen(x), negative_slope=negative_slope)


def elu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """X above 0, ``alpha * (exp(x) - 1)`` below."""
    return activations.elu(seen(x), alpha=alpha)


def selu(x: TensorLike) -> Tensor:
    """ELU scaled so that activations keep mean 0 and variance 1."""
    return activations.selu(seen(x))


def gelu(x: TensorLike, approximate: str = "none") -> Tensor:
    """X times P(a standard normal number <= x), ``approximate`` "none" or "tanh"."""
    return activations.gelu(seen(x), approximate=approximate)


def silu(x: TensorLike) -> Tensor:
    """``x * sigmoid(x)``."""
    return activations.silu(seen(x))


def softplus(x: TensorLike, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * x)) / beta``; x itself where ``beta * x > threshold``."""
    return activations.softplus(seen(x), beta=beta, threshold=threshold)


def sigmoid(x: TensorLike) -> Tensor:
    """``1 / (1 + exp(-x))``."""
    return activations.sigmoid(seen(x))


def tanh(x: TensorLike) -> Tensor:
    """Hyperbolic tangent."""
    return activations.tanh(seen(x))


def softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """``exp(x) / sum(exp(x))`` along ``axis``, without overflow."""
    return soft.softmax(seen(x), axis=axis)


def log_softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """``x - log(sum(exp(x)))`` along ``axis``, without overflow or cancellation."""
    return soft.log_softmax(seen(x), axis=axis)


# Losses ----------------------------------------------------------------------------


def cross_entropy(
    logits: TensorLike,
    target: TensorLike,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
    *,
    weight: TensorLike | None = None,
    ignore_index: int | None = None,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """Between softmax(logits), (rows, classes), and labels or probabilities.

    target: integers (rows,) or floats (rows, classes). Smoothing s makes a target t
    (1 - s) t + s / classes. ``weight``, (classes,), multiplies each class's term;
    ``sample_weight``, (rows,), each row's loss; rows whose label is ``ignore_index``
    are left out, whatever their logits hold (None, the default: there are no such
    rows). The mean is divided by the sum of the weights of what counts: of labels,
    weight[label] * sample_weight; of probabilities, sample_weight. So it is in PyTorch.

    Raises ValueError for a label that is no class, a negative probability, a NaN,
    weights that are negative, not finite or of another length, and for a mean if
    nothing counts.

    >>> import numpy as np
    >>> from autograd_core.nn import functional as F
    >>> logits, labels = np.array([[2.0, 0.0], [0.0, 0.0]]), np.array([0, 1])
    >>> round(F.cross_entropy(logits, labels, weight=[1.0, 3.0]).item(), 4)
    0.5516
    """
    x, t = seen(logits), seen(target)
    if weight is None and ignore_index is None and sample_weight is None:
        return losses.cross_entropy(
            x, t, label_smoothing=label_smoothing, reduction=reduction
        )
    return weighting.cross_entropy(
        x, t, label_smoothing, reduction, weight, ignore_index, sample_weight
    )


def binary_cross_entropy_with_logits(
    x: TensorLike,
    target: TensorLike,
    reduction: str = "mean",
    *,
    pos_weight: TensorLike | None = None,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """Between sigmoid(x) and targets in [0, 1], of one shape.

    ``pos_weight``, a number or one for each output (the last axis), multiplies the term
    of the target: with negatives / positives both count alike. As in PyTorch a mean is
    not divided by it, but it is by ``sample_weight``. Raises ValueError for a target
    outside [0, 1], naming the first, another shape, a NaN, and bad weights.
    """
    op = losses.binary_cross_entropy_with_logits
    if pos_weight is None:
        return _by_element(op, x, target, reduction, sample_weight)
    losses.check_reduction(reduction)
    each = weighting.binary_cross_entropy(seen(x), seen(target), pos_weight)
    return weighting.weighted(op.name, each, reduction, sample_weight)


def mse_loss(
    x: TensorLike,
    target: TensorLike,
    reduction: str = "mean",
    *,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """``(x - target) ** 2``."""
    return _by_element(losses.mse_loss, x, target, reduction, sample_weight)


def l1_loss(
    x: TensorLike,
    target: TensorLike,
    reduction: str = "mean",
    *,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """``|x - target|``; slope 0 where they are equal."""
    return _by_element(losses.l1_loss, x, target, reduction, sample_weight)


def huber_loss(
    x: TensorLike,
    target: TensorLike,
    reduction: str = "mean",
    delta: float = 1.0,
    *,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """``d ** 2 / 2`` up to ``|d| = delta``, then ``delta * (|d| - delta / 2)``."""
    op = losses.huber_loss
    return _by_element(op, x, target, reduction, sample_weight, delta=delta)


def smooth_l1_loss(
    x: TensorLike,
    target: TensorLike,
    reduction: str = "mean",
    beta: float = 1.0,
    *,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """Huber's loss with delta ``beta``, divided by it; ``beta`` 0 is `l1_loss`."""
    if beta == 0:
        return l1_loss(x, target, reduction, sample_weight=sample_weight)
    return huber_loss(x, target, reduction, beta, sample_weight=sample_weight) / beta


def _by_element(
    op: Op[...],
    x: TensorLike,
    target: TensorLike,
    reduction: str,
    sample_weight: TensorLike | None,
    **settings: float,
) -> Tensor:
    if sample_weight is None:
        out: Tensor = op(seen(x), seen(target), reduction=reduction, **settings)
        return out
    losses.check_reduction(reduction)
    each: Tensor = op(seen(x), seen(target), reduction="none", **settings)
    return weighting.weighted(op.name, each, reduction, sample_weight)


def __getattr__(name: str) -> Never:
    """A name that is not here; of PyTorch's, with what to use instead."""
    from autograd_core.foreign import missing

    raise missing(__name__, name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
