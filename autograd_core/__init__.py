"""Reverse-mode automatic differentiation for NumPy users; every kernel in Numba.

>>> import numpy as np
>>> import autograd_core as ag
>>> x = ag.tensor([1.0, 2.0], requires_grad=True)
>>> np.sum(x**2).backward()
>>> x.grad
tensor([2., 4.])
>>> ag.grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
tensor([2., 4.], dtype=float64)

- Tensors: `tensor`, `zeros`, `randn`, ...; `no_grad`, `manual_seed`.
- Functions of functions: `grad`, `value_and_grad`, `jacobian`, `hessian`, `hvp`, `jvp`,
  `vjp`, `elementwise_grad`; `checkpoint`, `stop_gradient`.
- `compile`: record a training step, check it, replay it as one native call.
- Checks: `gradcheck`, `check_op`, `detect_anomaly`.
- Ops of your own: `custom_vjp`, `elementwise`, `primitive`, `kernel`.
- Networks: the modules `nn`, `optim`, `train`; and, with SciPy and scikit-learn,
  `special` and `estimators`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd_core import nn, optim
from autograd_core.anomaly import detect_anomaly
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
from autograd_core.precision import get_matmul_precision, set_matmul_precision
from autograd_core.program import compile
from autograd_core.random import manual_seed
from autograd_core.recompute import checkpoint
from autograd_core.tape import no_grad
from autograd_core.tensor import Tensor
from autograd_core.threads import get_num_threads, set_num_threads
from autograd_core.transforms import (
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    stop_gradient,
    value_and_grad,
    vjp,
)

__version__ = "0.1.0"

if TYPE_CHECKING:
    from autograd_core.custom import check_op as check_op
    from autograd_core.custom import custom_vjp as custom_vjp
    from autograd_core.custom import kernel as kernel
    from autograd_core.custom.elementwise import elementwise as elementwise
    from autograd_core.custom.primitive import primitive as primitive

__all__ = [
    "Tensor",
    "__version__",
    "arange",
    "check_op",
    "checkpoint",
    "compile",
    "custom_vjp",
    "detect_anomaly",
    "elementwise",
    "elementwise_grad",
    "eye",
    "full",
    "get_matmul_precision",
    "get_num_threads",
    "grad",
    "gradcheck",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "kernel",
    "linspace",
    "manual_seed",
    "nn",
    "no_grad",
    "ones",
    "ones_like",
    "optim",
    "primitive",
    "rand",
    "randn",
    "set_matmul_precision",
    "set_num_threads",
    "stop_gradient",
    "tensor",
    "value_and_grad",
    "vjp",
    "zeros",
    "zeros_like",
]


# Loaded when they are asked for. The functions are of `custom`.
LATER_MODULES = ("estimators", "special", "train")
LATER = ("check_op", "custom_vjp", "elementwise", "kernel", "primitive")


def __getattr__(name: str) -> Any:
    """What is loaded later."""
    if name in LATER_MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in LATER:
        from autograd_core.foreign import missing

        raise missing(__name__, name)
    value = globals()[name] = getattr(import_module("autograd_core.custom"), name)
    return value


def __dir__() -> list[str]:
    """The public names."""
    return [*__all__, "estimators", "special", "train"]
