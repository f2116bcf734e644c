"""Functions of functions: grad, vjp, jvp, hvp, jacobian, hessian and their like.

Each sees its inputs under new nodes, so that transforms nest without confusion. Inputs
are arrays, numbers or Tensors; results are Tensors. A graph of the gradients is built
only if something outside could use it: an input or a captured tensor requires grad.
"""

from autograd_core.transforms.gradients import (
    elementwise_grad,
    grad,
    stop_gradient,
    value_and_grad,
)
from autograd_core.transforms.jacobian import hessian, jacobian
from autograd_core.transforms.products import hvp, jvp, vjp

__all__ = [
    "elementwise_grad",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
