"""Layer normalisation, written in ops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.nn import check
from autograd_core.nn.module import Layer
from autograd_core.nn.parameter import Parameter
from autograd_core.ops.elementwise import add, div, mul, sqrt, square, sub
from autograd_core.ops.reduce import mean
from autograd_core.tensor import Tensor


class LayerNorm(Layer):
    """Mean 0, variance 1 over the last axes of each example, times weight, plus bias.

    Args:
        normalized_shape: the size of those axes, a number or several.
        eps: added to the variance, which is the biased one.
        elementwise_affine: whether weight and bias, of that shape, are learned.
        bias: whether there is one beside the weight.
        dtype: of weight and bias.

    Raises ValueError for an input whose last axes are others. Ba, Kiros, Hinton: "Layer
    normalization", 2016, arXiv:1607.06450.

    >>> import autograd_core as ag
    >>> from autograd_core import nn
    >>> nn.LayerNorm(2, eps=0)(ag.tensor([[1.0, 3.0]]))
    tensor([[-1.,  1.]], op=add)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        what = "LayerNorm: normalized_shape"
        given = normalized_shape
        sizes = given if isinstance(given, Sequence) else (given,)
        self.normalized_shape = tuple(check.size(what, n) for n in sizes)
        self.eps = check.number("LayerNorm: eps", eps, 0.0)
        shape, learned = self.normalized_shape, elementwise_affine
        self.weight = Parameter(np.ones(shape, dtype)) if learned else None
        self.bias = Parameter(np.zeros(shape, dtype)) if learned and bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Each example by its own mean and variance, in training and evaluation."""
        axes = tuple(range(-len(self.normalized_shape), 0))
        if x.shape[axes[0] :] != self.normalized_shape:
            raise ValueError(
                f"expected an input of shape (..., {str(self.normalized_shape)[1:]}, "
                f"got {x.shape}"
            )
        centred = sub(x, mean(x, axis=axes, keepdims=True))
        variance = mean(square(centred), axis=axes, keepdims=True)
        y = div(centred, sqrt(add(variance, self.eps)))
        y = y if self.weight is None else mul(y, self.weight)
        return y if self.bias is None else add(y, self.bias)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps:g}"
