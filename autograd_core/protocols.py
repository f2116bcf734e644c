"""NumPy's functions on Tensors: which op answers which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from autograd_core.ops import elementwise as e
from autograd_core.ops import matmul as mm
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.tape import TensorBase

UFUNCS: Mapping[Any, Any] = MappingProxyType(
    {
        np.add: e.add,
        np.subtract: e.sub,
        np.multiply: e.mul,
        np.true_divide: e.div,
        np.power: e.pow,
        np.maximum: e.maximum,
        np.minimum: e.minimum,
        np.greater: e.greater,
        np.greater_equal: e.greater_equal,
        np.less: e.less,
        np.less_equal: e.less_equal,
        np.equal: e.equal,
        np.not_equal: e.not_equal,
        np.negative: e.neg,
        np.absolute: e.abs,
        np.exp: e.exp,
        np.log: e.log,
        np.sqrt: e.sqrt,
        np.square: e.square,
        np.sin: e.sin,
        np.cos: e.cos,
        np.sign: e.sign,
        np.expm1: e.expm1,
        np.log1p: e.log1p,
        np.matmul: mm.matmul,
    }
)

FUNCTIONS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {
        np.sum: lambda x, axis=None, keepdims=False: r.sum(
            x, axis=axis, keepdims=keepdims
        ),
        np.mean: lambda x, axis=None, keepdims=False: r.mean(
            x, axis=axis, keepdims=keepdims
        ),
        np.where: lambda cond, a, b: e.where(cond, a, b),
        np.reshape: lambda x, shape: s.reshape(x, shape=shape),
        np.transpose: lambda x, axes=None: s.transpose(x, axes=axes),
        np.broadcast_to: lambda x, shape: s.broadcast_to(x, shape=shape),
        np.concatenate: lambda xs, axis=0: s.concatenate(*xs, axis=axis),
        np.dot: lambda a, b: mm.matmul(a, b),
        np.shape: lambda x: x.shape,
        np.ndim: lambda x: x.ndim,
        np.size: lambda x: x.size,
    }
)


def ufunc(
    ufunc: np.ufunc, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Answer a NumPy ufunc called on a Tensor."""
    op = UFUNCS.get(ufunc)
    if method != "__call__" or kwargs or op is None:
        what = ufunc.__name__ + ("" if method == "__call__" else f".{method}")
        given = f" with {', '.join(kwargs)}=" if kwargs else ""
        raise TypeError(
            f"np.{what}{given} has no derivative here. Use t.detach().numpy() to "
            "leave the graph, or an op from autograd_core."
        )
    return op(*args)


def function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer a NumPy function called on a Tensor."""
    op = FUNCTIONS.get(function)
    if op is None:
        raise TypeError(
            f"np.{function.__name__} has no derivative here. Use t.detach().numpy() to "
            "leave the graph, or an op from autograd_core."
        )
    return op(*args, **kwargs)


def plain(index: Any) -> Any:
    """An index with Tensors replaced by their arrays."""
    if isinstance(index, TensorBase):
        return index.data
    if isinstance(index, tuple):
        return tuple(plain(part) for part in index)
    return index


def unpacked(args: tuple[Any, ...]) -> tuple[int, ...]:
    """``(2, 3)`` from ``f(2, 3)`` and from ``f((2, 3))``."""
    if len(args) == 1 and not isinstance(args[0], int | np.integer):
        return tuple(args[0])
    return args
