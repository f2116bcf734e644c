"""Layers without state, under PyTorch's names; NumPy arrays in, Tensors out.

from autograd_core import nn
F = nn.functional

Inputs are Tensors, arrays, DataFrames, or nested lists of floats, which become float32.
What comes out has their dtype, integers becoming float64; TypeError for others, as
float16, and for what holds no numbers.

Of losses, ``reduction`` is "mean", "sum" or "none". ``sample_weight`` w is a number,
0 or more, for each row or each element: "none" gives w * loss, "sum" their sum, "mean"
sum(w * loss) / sum(w), as scikit-learn's metrics do. Raises ValueError, also in a
replay of a compiled function, for weights of another length, negative or not finite
ones, and for a mean by weights whose sum is 0.
"""

from __future__ import annotations

from typing import Never

from autograd_core.nn.functional.activations import (
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from autograd_core.nn.functional.layers import (
    batch_norm,
    dropout,
    flatten,
    linear,
)
from autograd_core.nn.functional.losses import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)

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


def __getattr__(name: str) -> Never:
    """A name that is not here; of PyTorch's, with what to use instead."""
    from autograd_core.foreign import missing

    raise missing(__name__, name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
