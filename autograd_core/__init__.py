"""Reverse-mode automatic differentiation for NumPy users; every kernel in Numba."""

# random arrives with the dropout kernels
from autograd_core.tape import no_grad
from autograd_core.tensor import Tensor, tensor

__all__ = ["Tensor", "no_grad", "tensor"]
