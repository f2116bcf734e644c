"""Layers without state, under PyTorch's names; NumPy arrays in, Tensors out.

from autograd_core import nn
F = nn.functional
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.nn.flatten import flatten as _flatten
from autograd_core.ops import activations, matmul
from autograd_core.tape import TensorBase
from autograd_core.tensor import Tensor, tensor


def seen(x: Any) -> Any:
    """``x`` as a Tensor: an array without a copy, a number or lists as a new one."""
    if isinstance(x, TensorBase):
        return x
    return Tensor(x) if isinstance(x, np.ndarray) else tensor(x)


def linear(x: Any, weight: Any, bias: Any = None) -> Tensor:
    """``x @ weight.T + bias``: x (..., in), weight (out, in), bias (out,) or None."""
    return matmul.linear(seen(x), weight, bias)  # type: ignore[no-any-return]


def flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Axes ``start_dim`` to ``end_dim`` become one."""
    return _flatten(seen(x), start_dim, end_dim)


# Activations -----------------------------------------------------------------------


def relu(x: Any) -> Tensor:
    """The larger of x and 0; slope 0 at 0."""
    return activations.relu(seen(x))  # type: ignore[no-any-return]


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Tensor:
    """X above 0, ``negative_slope * x`` below."""
    return activations.leaky_relu(seen(x), negative_slope=negative_slope)  # type: ignore[no-any-return]


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """X above 0, ``alpha * (exp(x) - 1)`` below."""
    return activations.elu(seen(x), alpha=alpha)  # type: ignore[no-any-return]


def selu(x: Any) -> Tensor:
    """ELU scaled so that activations keep mean 0 and variance 1."""
    return activations.selu(seen(x))  # type: ignore[no-any-return]


def gelu(x: Any, approximate: str = "none") -> Tensor:
    """X times P(a standard normal number <= x), ``approximate`` "none" or "tanh"."""
    return activations.gelu(seen(x), approximate=approximate)  # type: ignore[no-any-return]


def silu(x: Any) -> Tensor:
    """``x * sigmoid(x)``."""
    return activations.silu(seen(x))  # type: ignore[no-any-return]


def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * x)) / beta``; x itself where ``beta * x > threshold``."""
    return activations.softplus(seen(x), beta=beta, threshold=threshold)  # type: ignore[no-any-return]


def sigmoid(x: Any) -> Tensor:
    """``1 / (1 + exp(-x))``."""
    return activations.sigmoid(seen(x))  # type: ignore[no-any-return]


def tanh(x: Any) -> Tensor:
    """Hyperbolic tangent."""
    return activations.tanh(seen(x))  # type: ignore[no-any-return]
