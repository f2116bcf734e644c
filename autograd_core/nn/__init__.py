"""Layers, losses and initialisation, under the names that PyTorch's users know."""

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
from autograd_core.nn.flatten import Flatten, Identity
from autograd_core.nn.layernorm import LayerNorm
from autograd_core.nn.linear import Linear
from autograd_core.nn.module import Module
from autograd_core.nn.parameter import Buffer, Parameter
from autograd_core.nn.regularisation import l1_penalty, l2_penalty
from autograd_core.nn.sequential import Sequential

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Buffer",
    "Flatten",
    "Identity",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "functional",
    "init",
    "l1_penalty",
    "l2_penalty",
]
