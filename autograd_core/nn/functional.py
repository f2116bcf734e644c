"""Layers without state, under PyTorch's names; NumPy arrays in, Tensors out.

from autograd_core import nn
F = nn.functional

Inputs are Tensors, arrays, or nested lists of floats, which become float32. What comes
out has their dtype, integers becoming float64; TypeError for others, as float16.

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
    """``x @ weight.T + bias``.

    Args:
        x: (..., in).
        weight: (out, in).
        bias: (out,), or None.

    Returns (..., out). Raises ValueError for shapes that do not fit.

    >>> import autograd_core as ag
    >>> from autograd_core.nn import functional as F
    >>> x = ag.tensor([[1.0, 2.0]])
    >>> F.linear(x, ag.tensor([[3.0, 4.0]]), ag.tensor([0.5]))
    tensor([[11.5]])
    """
    return matmul.linear(seen(x), weight, bias)


def flatten(x: TensorLike, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Make one axis of several.

    Args:
        x: any shape.
        start_dim: the first of these axes; as in PyTorch 0, where `nn.Flatten` has 1.
        end_dim: the last of them.

    Returns a view where the layout allows it. Raises ValueError for axes that are not
    there or in the wrong order.

    >>> import numpy as np
    >>> from autograd_core.nn import functional as F
    >>> F.flatten(np.zeros((2, 3, 4)), 1).shape
    (2, 12)
    """
    return _flatten(seen(x), start_dim, end_dim)


def dropout(x: TensorLike, p: float = 0.5, training: bool = True) -> Tensor:
    """In training 0 with probability ``p``, else ``x / (1 - p)``; otherwise x itself.

    Args:
        x: any shape.
        p: in [0, 1), the probability of 0.
        training: False returns x.

    Each call draws a mask of its own, which `ag.manual_seed` seeds. Raises ValueError
    for another p. Srivastava et al., "Dropout", JMLR 15, 2014, in its inverted form.
    """
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

    Args:
        x: (N, C) or (N, C, ...).
        running_mean: (C,), a Tensor or array. In training it moves in place, to ``(1 -
            momentum) * running + momentum * batch``; else x is normalised by it. In
            training it may be None.
        running_var: likewise; it moves to the unbiased variance.
        weight: (C,), or None for 1.
        bias: (C,), or None for 0.
        training: normalise by the batch's mean and biased variance.
        momentum: how far running statistics move.
        eps: added to the variance.

    Returns the shape and dtype of x. Raises ValueError for other shapes, for one value
    per channel in training, and for NaN or infinity there. Ioffe, Szegedy, ICML 2015,
    arXiv:1502.03167, Algorithm 1.
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
    """The larger of x and 0; slope 0 at 0.

    ``x``: any shape. Returns its shape and dtype. Nair,
    Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010.

    >>> from autograd_core.nn import functional as F
    >>> F.relu([-1.0, 0.0, 2.0])
    tensor([0., 0., 2.])
    """
    return activations.relu(seen(x))


def leaky_relu(x: TensorLike, negative_slope: float = 0.01) -> Tensor:
    """``x`` where it is above 0, ``negative_slope * x`` elsewhere.

    ``x``: any shape; ``negative_slope``: a number, which is also the slope at 0.
    Returns the shape and dtype of x. Maas, Hannun, Ng, "Rectifier nonlinearities
    improve neural network acoustic models", ICML 2013.
    """
    return activations.leaky_relu(seen(x), negative_slope=negative_slope)


def elu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """``x`` where it is above 0, ``alpha * (exp(x) - 1)`` elsewhere.

    ``x``: any shape; ``alpha``: a number. Returns the shape and dtype of x. Clevert,
    Unterthiner, Hochreiter, ICLR 2016, arXiv:1511.07289.
    """
    return activations.elu(seen(x), alpha=alpha)


def selu(x: TensorLike) -> Tensor:
    """``scale * elu(x, alpha)``, which keeps mean 0 and variance 1 through a network.

    ``x``: any shape. Returns its shape and dtype. scale = 1.0507..., alpha = 1.6732...,
    for weights drawn by `nn.init.lecun_normal_`. Klambauer, Unterthiner, Mayr,
    Hochreiter, NeurIPS 2017, arXiv:1706.02515, equation 2.
    """
    return activations.selu(seen(x))


def gelu(x: TensorLike, approximate: str = "none") -> Tensor:
    """``x`` times the probability that a standard normal number is below it.

    ``x``: any shape; ``approximate``: "none", by erf, or "tanh", by ``x / 2 * (1 +
    tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3)))``. Returns the shape and dtype of x.
    Raises ValueError for another ``approximate``. Hendrycks, Gimpel, 2016,
    arXiv:1606.08415.
    """
    return activations.gelu(seen(x), approximate=approximate)


def silu(x: TensorLike) -> Tensor:
    """``x * sigmoid(x)``, also called swish.

    ``x``: any shape. Returns its shape and dtype. Hendrycks, Gimpel, 2016,
    arXiv:1606.08415; Ramachandran, Zoph, Le, 2017, arXiv:1710.05941.
    """
    return activations.silu(seen(x))


def softplus(x: TensorLike, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * x)) / beta``, without overflow.

    ``x``: any shape; ``beta``: above 0, how sharp the bend is; ``threshold``: where
    ``beta * x`` is above it, x itself, as in PyTorch. Returns the shape and dtype of x.
    Raises ValueError for another beta. Dugas et al., NIPS 2000.
    """
    return activations.softplus(seen(x), beta=beta, threshold=threshold)


def sigmoid(x: TensorLike) -> Tensor:
    """``1 / (1 + exp(-x))``, without overflow.

    ``x``: any shape. Returns its shape and dtype. Verhulst, 1845.

    >>> from autograd_core.nn import functional as F
    >>> F.sigmoid([-1000.0, 0.0, 1000.0])
    tensor([0. , 0.5, 1. ])
    """
    return activations.sigmoid(seen(x))


def tanh(x: TensorLike) -> Tensor:
    """The hyperbolic tangent of ``x``, any shape; returns its shape and dtype.

    Its scale of 1 and mean of 0 suit hidden layers better than `sigmoid`: LeCun,
    Bottou, Orr, Mueller, "Efficient backprop", 1998, section 4.4.
    """
    return activations.tanh(seen(x))


def softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """``exp(x) / sum(exp(x))`` along ``axis``, without overflow.

    ``x``: any shape; ``axis``: one of its axes. Returns the shape and dtype of x.
    Raises AxisError (a ValueError) for an axis that is not there. Bridle 1990.

    >>> from autograd_core.nn import functional as F
    >>> F.softmax([0.0, 0.0, 1000.0])
    tensor([0., 0., 1.])
    """
    return soft.softmax(seen(x), axis=axis)


def log_softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """``x - log(sum(exp(x)))`` along ``axis``, without overflow or cancellation.

    ``x``: any shape; ``axis``: one of its axes. Returns the shape and dtype of x.
    Raises AxisError (a ValueError) for an axis that is not there. Blanchard, Higham,
    Higham, "Accurately computing the log-sum-exp and softmax functions", IMA J. Numer.
    Anal. 41, 2021.
    """
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

    Args:
        logits: (rows, classes), before any softmax.
        target: labels, integers (rows,), or probabilities, floats (rows, classes).
        label_smoothing: s in [0, 1] makes a target t (1 - s) t + s / classes (Szegedy
            et al., CVPR 2016, section 7).
        reduction: "mean", "sum" or "none".
        weight: (classes,), multiplies each class's term.
        ignore_index: rows of this label are left out, whatever their logits hold (None,
            the default: there are no such rows).
        sample_weight: (rows,), multiplies each row's loss.

    Returns -sum(t * log_softmax(logits)) of each row, (rows,), or their sum, or their
    mean: divided, as in PyTorch, by the sum of the weights of what counts (of labels,
    weight[label] * sample_weight; of probabilities, sample_weight).

    Raises ValueError for a label that is no class, a negative probability, a NaN,
    weights that are negative, not finite or of another length, and for a mean if
    nothing counts. Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.

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
    """Between sigmoid(x) and targets in [0, 1], without overflow.

    Args:
        x: logits, any shape.
        target: the same shape, in [0, 1].
        reduction: "mean", "sum" or "none".
        pos_weight: a number, or one for each output (the last axis), by which the term
            of the target is multiplied: with negatives / positives both count alike.
        sample_weight: for each row or element.

    Returns ``softplus(x) - target * x`` of each element, or their sum or mean; as in
    PyTorch a mean is not divided by ``pos_weight``, but it is by ``sample_weight``.

    Raises ValueError for a target outside [0, 1], naming the first, another shape, a
    NaN, and bad weights. Goodfellow, Bengio, Courville, "Deep Learning", 2016, section
    6.2.2.2.

    >>> from autograd_core.nn import functional as F
    >>> round(F.binary_cross_entropy_with_logits([0.0, 2.0], [1.0, 1.0]).item(), 4)
    0.41
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
    """``(x - target) ** 2``; the mean over all elements, unlike ``sum / rows``.

    ``x`` and ``target``: one shape; ``reduction``: "mean", "sum" or "none";
    ``sample_weight``: for each row or element. Returns a scalar, or the shape of x.
    Raises ValueError for other shapes (nothing broadcasts) and bad weights. Gauss 1809.

    >>> from autograd_core.nn import functional as F
    >>> F.mse_loss([1.0, 2.0], [0.0, 4.0])
    tensor(2.5)
    """
    return _by_element(losses.mse_loss, x, target, reduction, sample_weight)


def l1_loss(
    x: TensorLike,
    target: TensorLike,
    reduction: str = "mean",
    *,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """``|x - target|``; slope 0 where they are equal.

    ``x`` and ``target``: one shape; ``reduction``: "mean", "sum" or "none";
    ``sample_weight``: for each row or element. Returns a scalar, or the shape of x.
    Raises ValueError for other shapes and bad weights. Laplace 1774.
    """
    return _by_element(losses.l1_loss, x, target, reduction, sample_weight)


def huber_loss(
    x: TensorLike,
    target: TensorLike,
    reduction: str = "mean",
    delta: float = 1.0,
    *,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """``d ** 2 / 2`` up to ``|d| = delta``, then ``delta * (|d| - delta / 2)``.

    d is ``x - target``, of one shape; ``delta``: above 0; ``reduction``: "mean", "sum"
    or "none"; ``sample_weight``: for each row or element. Returns a scalar, or the
    shape of x. Raises ValueError for other shapes, another delta and bad weights.
    Huber, "Robust estimation of a location parameter", Ann. Math. Stat. 35, 1964.

    >>> from autograd_core.nn import functional as F
    >>> F.huber_loss([0.5, 3.0], [0.0, 0.0], "none")
    tensor([0.125, 2.5  ])
    """
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
    """`huber_loss` with delta ``beta``, divided by it; ``beta`` 0 is `l1_loss`.

    ``x`` and ``target``: one shape; ``reduction``: "mean", "sum" or "none";
    ``sample_weight``: for each row or element. Returns a scalar, or the shape of x.
    Raises ValueError for other shapes, a negative beta and bad weights. Girshick, "Fast
    R-CNN", ICCV 2015, equation 3.
    """
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
