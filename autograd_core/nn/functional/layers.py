"""What layers compute: a product, a normalisation, a mask, another shape."""

from __future__ import annotations

import numpy as np

from autograd_core.create import seen
from autograd_core.hooks import Array
from autograd_core.nn import batchnorm, check
from autograd_core.nn.dropout import dropout as _dropout
from autograd_core.nn.flatten import flatten as _flatten
from autograd_core.ops import matmul
from autograd_core.tensor import Tensor, TensorLike


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
