"""What the scripts in asv_bench/peers ask of PyTorch, by autograd_core and NumPy.

With it the scripts run where PyTorch is not installed. What they print then is no
comparison.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core import no_grad
from autograd_core.ops import TABLE
from torch import nn, optim

__all__ = [
    "addmm",
    "from_numpy",
    "mm",
    "nn",
    "no_grad",
    "optim",
    "relu_",
    "sin",
    "tensor",
    "zeros",
]
float32, float64 = np.float32, np.float64
sin = TABLE["sin"]


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> ag.Tensor:
    return ag.Tensor(np.array(data, dtype), requires_grad)


def zeros(shape: tuple[int, ...]) -> ag.Tensor:
    return ag.Tensor(np.zeros(shape, np.float32))


def from_numpy(array: Any) -> ag.Tensor:
    return ag.Tensor(array)


def mm(a: Any, b: Any, out: Any) -> None:
    np.matmul(a.data, b.data, out=out.data)


def addmm(bias: Any, a: Any, b: Any, out: Any) -> None:
    np.add(bias.data, a.data @ b.data, out=out.data)


def relu_(x: Any) -> None:
    np.maximum(x.data, 0, out=x.data)


def set_num_threads(n: int) -> None:
    """All is eager, in the threads that autograd_core has."""
