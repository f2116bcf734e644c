"""Activations, and softmax."""

from __future__ import annotations

from autograd_core.create import seen
from autograd_core.ops import activations
from autograd_core.ops import softmax as soft
from autograd_core.tensor import Tensor, TensorLike


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
