"""Tensors made of data, and out of nothing: constants, ranges, random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.hooks import RECORDING, Array, current, recorder
from autograd_core.launch import duplicate, host
from autograd_core.operand import first_tensor, operand, refuse_mask, snapshot
from autograd_core.ops.folding import DType, Shape, unpacked
from autograd_core.random import default_generator
from autograd_core.tape import TensorBase, check_dtype, check_kept, recording_ops
from autograd_core.tensor import Tensor, TensorLike


def tensor(
    data: TensorLike, dtype: DType = None, requires_grad: bool = False
) -> Tensor:
    """A Tensor around a copy of ``data`` (array, number, nested lists or Tensor).

    Python floats become float32, as in PyTorch; arrays keep their dtype. Raises
    TypeError for dtypes other than float32, float64, complex64, complex128, integers
    and bool, and for a non-float tensor that asks for gradients.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """
    if isinstance(data, TensorBase):
        check_kept(data, "ag.tensor, which makes a leaf")
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_leaf(data)
        data = data._data
    return new_tensor(copied(data, dtype), requires_grad, data)


def seen(x: Any) -> Any:
    """``x`` as a Tensor; of an array as it is now, see `operand.snapshot`."""
    if isinstance(x, TensorBase):
        return x
    if isinstance(x, np.ndarray):
        x = operand(x)
        return Tensor(snapshot(x) if recording_ops() else x)
    if isinstance(x, list | tuple) and (inside := first_tensor(x)) is not None:
        return inside.stacked(x)
    return tensor(x)


def copied(data: Any, dtype: DType = None) -> Array:
    """A copy of ``data`` as an array that a Tensor can hold; see `tensor`."""
    refuse_mask(data)
    array = np.array(data, dtype, order="C")
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if dtype is None and array.dtype in ("f8", "c16") and is_plain(data):
        array = array.astype(np.float32 if array.dtype == "f8" else np.complex64)
    if array.dtype == object:
        raise TypeError(f"tensor: expected numbers, got {type(data).__name__}")
    check_dtype("tensor", array.dtype)
    return array


def is_plain(data: Any) -> bool:
    """Whether ``data`` is of Python's own numbers, which have no dtype to keep."""
    if isinstance(data, list | tuple):
        return all(map(is_plain, data))
    return type(data) in (float, int, bool, complex)


def new_tensor(array: Array, requires_grad: bool = False, source: Any = None) -> Tensor:
    """A Tensor around a new array, which a Program makes anew in each replay.

    It holds what ``source`` holds then, if that is an array, else what it holds now.
    """
    if requires_grad and array.dtype.kind != "f":
        raise TypeError(
            "tensor: only float32 and float64 tensors have gradients, got "
            f"{array.dtype} with requires_grad=True; pass dtype=np.float32"
        )
    listener = recorder()
    if listener is None:
        return Tensor(array, requires_grad)
    constant = not isinstance(source, np.ndarray)
    if constant or source.dtype == array.dtype:
        out = Tensor(duplicate(array if constant else source), requires_grad)
    else:
        dtype = array.dtype  # a function that is replayed holds no array
        out = Tensor(host(lambda a: a.astype(dtype), source), requires_grad)
    listener.on_new_tensor(out, constant)
    return out


def full(
    shape: Shape,
    value: float,
    dtype: DType = np.float32,
    requires_grad: bool = False,
) -> Tensor:
    """A Tensor of one value.

    Args:
        shape: a number or a tuple.
        value: what every element is.
        dtype: float32 unless told otherwise.
        requires_grad: whether it is a leaf with a gradient; TypeError with integers.

    Returns a Tensor of this shape.

    >>> import autograd_core as ag
    >>> ag.full((2, 2), 7.0)
    tensor([[7., 7.],
            [7., 7.]])
    """
    if isinstance(value, TensorBase):
        check_kept(value, "ag.full, which makes a leaf")
    return new_tensor(copied(np.full(shape, value, dtype)), requires_grad)


def zeros(
    *shape: Shape, dtype: DType = np.float32, requires_grad: bool = False
) -> Tensor:
    """Zeros; the ``shape`` as numbers or as a tuple.

    ``dtype``, ``requires_grad`` and what is raised are those of `full`.

    >>> import autograd_core as ag
    >>> ag.zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    return full(unpacked(shape), 0, dtype, requires_grad)


def ones(
    *shape: Shape, dtype: DType = np.float32, requires_grad: bool = False
) -> Tensor:
    """Ones; the ``shape`` as numbers or as a tuple.

    ``dtype``, ``requires_grad`` and what is raised are those of `full`.
    """
    return full(unpacked(shape), 1, dtype, requires_grad)


def zeros_like(x: TensorLike, dtype: DType = None) -> Tensor:
    """Zeros in the shape and dtype of ``x``, or in ``dtype``. Returns a Tensor."""
    return _like(x, 0, dtype)


def ones_like(x: TensorLike, dtype: DType = None) -> Tensor:
    """Ones in the shape and dtype of ``x``, or in ``dtype``. Returns a Tensor."""
    return _like(x, 1, dtype)


def _like(x: Any, value: float, dtype: DType) -> Tensor:
    array = x._data if isinstance(x, TensorBase) else np.asarray(x)
    return full(array.shape, value, array.dtype if dtype is None else dtype)


def eye(n: int, m: int | None = None, dtype: DType = np.float32) -> Tensor:
    """Ones on the diagonal, zeros elsewhere.

    ``n`` rows and ``m`` columns (None: as many), float32 or ``dtype``. Returns a
    Tensor; raises ValueError for negative sizes.
    """
    return new_tensor(copied(np.eye(n, m, dtype=dtype)))


def arange(*bounds: float, dtype: DType = None) -> Tensor:
    """Numbers at equal distances: to ``stop``, from start to stop, and by steps.

    As `numpy.arange` of the same ``bounds``, without the end. Returns a Tensor of
    ``dtype``, by default int64, or float32 if a bound is a float; raises
    ZeroDivisionError for steps of 0.

    >>> import autograd_core as ag
    >>> ag.arange(3), ag.arange(0.0, 1.0, 0.5)
    (tensor([0, 1, 2]), tensor([0. , 0.5]))
    """
    values = np.arange(*bounds, dtype=dtype)
    if dtype is None and values.dtype.kind == "f":
        values = values.astype(np.float32)
    return new_tensor(copied(values))


def linspace(start: float, stop: float, n: int, dtype: DType = np.float32) -> Tensor:
    """``n`` numbers from ``start`` to ``stop``, both included.

    Returns a Tensor (n,) of float32 or ``dtype``; raises ValueError for a negative n.

    >>> import autograd_core as ag
    >>> ag.linspace(0, 1, 3)
    tensor([0. , 0.5, 1. ])
    """
    return new_tensor(copied(np.linspace(start, stop, n, dtype=dtype)))


def randn(
    *shape: Shape, dtype: DType = np.float32, requires_grad: bool = False
) -> Tensor:
    """Standard normal numbers, seeded by `manual_seed`.

    The ``shape`` is numbers or a tuple. Returns a Tensor of float32 or ``dtype``, a
    leaf with a gradient if ``requires_grad``; raises TypeError for that with a dtype
    that is not floating.
    """
    values = default_generator.numpys("ag.randn()").standard_normal(unpacked(shape))
    return new_tensor(copied(values.astype(dtype)), requires_grad)


def rand(
    *shape: Shape, dtype: DType = np.float32, requires_grad: bool = False
) -> Tensor:
    """Numbers uniform in [0, 1), seeded by `manual_seed`.

    The ``shape`` is numbers or a tuple. Returns a Tensor of float32 or ``dtype``, a
    leaf with a gradient if ``requires_grad``; raises TypeError for that with a dtype
    that is not floating.
    """
    values = default_generator.numpys("ag.rand()").random(unpacked(shape), np.float32)
    return new_tensor(copied(values.astype(dtype)), requires_grad)
