"""Layers, losses and initialisation, under the names that PyTorch's users know.

`Module` is what all layers are; `functional` has the same without state, `init` fills
weights. Layers take what `functional` takes: Tensors, arrays, lists of numbers,
DataFrames. A Module of your own gets arrays as Tensors, and all else as it is.

>>> import numpy as np
>>> from autograd_core import nn
>>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
>>> model(np.ones((5, 4), np.float32)).shape
(5, 3)
"""

from typing import Never

from autograd_core.nn import functional, init
from autograd_core.nn.activations import (
    ELU,
    GELU,
    SELU,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
)
from autograd_core.nn.batchnorm import BatchNorm1d
from autograd_core.nn.dropout import Dropout
from autograd_core.nn.flatten import Flatten, Identity
from autograd_core.nn.layernorm import LayerNorm
from autograd_core.nn.linear import Linear
from autograd_core.nn.losses import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    SmoothL1Loss,
)
from autograd_core.nn.module import Module
from autograd_core.nn.parameter import Buffer, Parameter
from autograd_core.nn.recalibrate import recalibrate
from autograd_core.nn.regularisation import (
    elastic_net_penalty,
    l1_penalty,
    l2_penalty,
    named_weights,
)
from autograd_core.nn.sequential import Sequential
from autograd_core.nn.softmax import LogSoftmax, Softmax

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "Buffer",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "HuberLoss",
    "Identity",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "Tanh",
    "elastic_net_penalty",
    "functional",
    "init",
    "l1_penalty",
    "l2_penalty",
    "named_weights",
    "recalibrate",
]


def __getattr__(name: str) -> Never:
    """A name that is not here; of PyTorch's, with what to use instead."""
    from autograd_core.foreign import missing

    raise missing(__name__, name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
