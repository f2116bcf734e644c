"""Reverse-mode automatic differentiation for NumPy users; every kernel in Numba."""

from autograd_core import nn
from autograd_core.random import manual_seed
from autograd_core.tape import no_grad
from autograd_core.tensor import Tensor, tensor

__all__ = ["Tensor", "manual_seed", "nn", "no_grad", "tensor"]
