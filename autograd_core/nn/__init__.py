"""Layers, losses and initialisation; what PyTorch's users know, under its names."""

from autograd_core.nn import init
from autograd_core.nn.linear import Linear
from autograd_core.nn.module import Module
from autograd_core.nn.parameter import Buffer, Parameter
from autograd_core.nn.sequential import Sequential

__all__ = ["Buffer", "Linear", "Module", "Parameter", "Sequential", "init"]
