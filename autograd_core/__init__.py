"""Reverse-mode automatic differentiation for NumPy users; every kernel in Numba."""

from autograd_core import command as command  # first: Ctrl-C while the rest loads
from autograd_core import nn, optim
from autograd_core.create import (
    arange,
    eye,
    full,
    linspace,
    ones,
    ones_like,
    rand,
    randn,
    tensor,
    zeros,
    zeros_like,
)
from autograd_core.gradcheck import gradcheck
from autograd_core.program import compile
from autograd_core.random import manual_seed
from autograd_core.recompute import checkpoint
from autograd_core.tape import no_grad
from autograd_core.tensor import Tensor
from autograd_core.threads import get_num_threads, set_num_threads
from autograd_core.transforms import (
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)

__all__ = [
    "Tensor",
    "arange",
    "checkpoint",
    "compile",
    "eye",
    "full",
    "get_num_threads",
    "grad",
    "gradcheck",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "linspace",
    "manual_seed",
    "nn",
    "no_grad",
    "ones",
    "ones_like",
    "optim",
    "rand",
    "randn",
    "set_num_threads",
    "tensor",
    "value_and_grad",
    "vjp",
    "zeros",
    "zeros_like",
]
