"""Tensors out of nothing: constants, ranges and random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.protocols import unpacked
from autograd_core.random import default_generator
from autograd_core.tape import TensorBase
from autograd_core.tensor import Tensor, copied, new_tensor


def full(
    shape: Any, value: float, dtype: Any = np.float32, requires_grad: bool = False
) -> Tensor:
    """A Tensor of one value, float32 unless told otherwise."""
    return new_tensor(copied(np.full(shape, value, dtype)), requires_grad)


def zeros(*shape: Any, dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Zeros; the shape as numbers or as a tuple."""
    return full(unpacked(shape), 0, dtype, requires_grad)


def ones(*shape: Any, dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Ones; the shape as numbers or as a tuple."""
    return full(unpacked(shape), 1, dtype, requires_grad)


def zeros_like(x: Any, dtype: Any = None) -> Tensor:
    """Zeros in the shape and dtype of ``x``."""
    return _like(x, 0, dtype)


def ones_like(x: Any, dtype: Any = None) -> Tensor:
    """Ones in the shape and dtype of ``x``."""
    return _like(x, 1, dtype)


def _like(x: Any, value: float, dtype: Any) -> Tensor:
    array = x._data if isinstance(x, TensorBase) else np.asarray(x)
    return full(array.shape, value, array.dtype if dtype is None else dtype)


def eye(n: int, m: int | None = None, dtype: Any = np.float32) -> Tensor:
    """Ones on the diagonal of n rows and m (or n) columns."""
    return new_tensor(copied(np.eye(n, m, dtype=dtype)))


def arange(*bounds: Any, dtype: Any = None) -> Tensor:
    """See `numpy.arange`; float32 if the bounds are floats."""
    values = np.arange(*bounds, dtype=dtype)
    if dtype is None and values.dtype.kind == "f":
        values = values.astype(np.float32)
    return new_tensor(copied(values))


def linspace(start: float, stop: float, n: int, dtype: Any = np.float32) -> Tensor:
    """``n`` numbers from ``start`` to ``stop``, both included."""
    return new_tensor(copied(np.linspace(start, stop, n, dtype=dtype)))


def randn(*shape: Any, dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Standard normal numbers, seeded by `manual_seed`."""
    values = default_generator.numpys("ag.randn()").standard_normal(unpacked(shape))
    return new_tensor(copied(values.astype(dtype)), requires_grad)


def rand(*shape: Any, dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Numbers uniform in [0, 1), seeded by `manual_seed`."""
    values = default_generator.numpys("ag.rand()").random(unpacked(shape), np.float32)
    return new_tensor(copied(values.astype(dtype)), requires_grad)
