"""NumPy's functions on Tensors: which op answers which."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from autograd_core import composites as c
from autograd_core.hooks import recorder
from autograd_core.ops import activations
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
        np.tanh: activations.tanh,
        np.isnan: c.isnan,
        np.isinf: c.isinf,
        np.isfinite: c.isfinite,
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
        np.concatenate: lambda xs, axis=0: (
            s.concatenate(*map(c.ravel, xs), axis=0)
            if axis is None
            else s.concatenate(*xs, axis=axis)
        ),
        np.max: lambda x, axis=None, keepdims=False: r.max(
            x, axis=axis, keepdims=keepdims
        ),
        np.min: lambda x, axis=None, keepdims=False: r.min(
            x, axis=axis, keepdims=keepdims
        ),
        np.argmax: lambda x, axis=None, keepdims=False: r.argmax(
            x, axis=axis, keepdims=keepdims
        ),
        np.var: lambda x, axis=None, ddof=0, keepdims=False, correction=0: r.var(
            x, axis=axis, correction=correction or ddof, keepdims=keepdims
        ),
        np.std: lambda x, axis=None, ddof=0, keepdims=False, correction=0: c.std(
            x, axis, correction or ddof, keepdims
        ),
        np.clip: lambda x, a_min=None, a_max=None, min=None, max=None: c.clip(
            x, a_min if min is None else min, a_max if max is None else max
        ),
        np.squeeze: c.squeeze,
        np.expand_dims: c.expand_dims,
        np.ravel: c.ravel,
        np.moveaxis: lambda a, source, destination: c.moveaxis(a, source, destination),
        np.swapaxes: lambda a, axis1, axis2: c.swapaxes(a, axis1, axis2),
        np.flip: lambda m, axis=None: c.flip(m, axis),
        np.stack: lambda arrays, axis=0: c.stack(arrays, axis),
        np.vstack: c.vstack,
        np.hstack: c.hstack,
        np.split: lambda x, parts, axis=0: c.split(x, parts, axis),
        np.take: lambda x, indices, axis=None: c.take(x, plain(indices), axis),
        np.repeat: c.repeat,
        np.tile: c.tile,
        np.dot: c.dot,
        np.outer: c.outer,
        np.copy: lambda x: s.astype(x, dtype=x.dtype),
        np.shape: lambda x: x.shape,
        np.ndim: lambda x: x.ndim,
        np.size: lambda x: x.size,
    }
)

# Their results carry no gradient: they are NumPy's own, of the bare data.
BARE = frozenset(
    {
        np.all,
        np.allclose,
        np.any,
        np.argmin,
        np.argsort,
        np.array_equal,
        np.count_nonzero,
        np.isclose,
        np.may_share_memory,
        np.nonzero,
        np.result_type,
        np.shares_memory,
        np.unique,
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
    if function in BARE:
        given = {name: bare(arg) for name, arg in kwargs.items()}
        return function(*map(bare, args), **given)
    op = FUNCTIONS.get(function)
    if op is None:
        raise TypeError(
            f"np.{function.__name__} has no derivative here. Use t.detach().numpy() to "
            "leave the graph, or an op from autograd_core."
        )
    try:
        return op(*args, **kwargs)
    except TypeError as error:
        takes = inspect.signature(op)
        try:
            takes.bind(*args, **kwargs)
        except TypeError as mismatch:
            raise TypeError(
                f"np.{function.__name__} of a Tensor: {mismatch}; it takes {takes}"
            ) from None
        raise error


def bare(x: Any) -> Any:
    """A Tensor's array, out of the graph."""
    return x.numpy() if hasattr(x, "numpy") else x


def plain(index: Any) -> Any:
    """An index with Tensors replaced by their arrays.

    A Program's shapes are fixed, so it cannot have a mask that it computes.
    """
    if isinstance(index, TensorBase):
        if (listener := recorder()) is not None:
            listener.on_leaf(index)
            if index._data.dtype == bool:
                listener.on_escape(index._data, "an index by a mask")
        return index._data
    if isinstance(index, tuple):
        return tuple(plain(part) for part in index)
    return index


def unpacked(args: tuple[Any, ...]) -> tuple[int, ...]:
    """``(2, 3)`` from ``f(2, 3)`` and from ``f((2, 3))``."""
    if len(args) == 1 and not isinstance(args[0], int | np.integer):
        return tuple(args[0])
    return args
