"""NumPy's functions on Tensors: which op answers which."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from autograd_core import composites as c
from autograd_core import reductions as n
from autograd_core.hooks import recorder
from autograd_core.ops import activations
from autograd_core.ops import elementwise as e
from autograd_core.ops import matmul as mm
from autograd_core.ops import shape as s
from autograd_core.reductions import MISSING
from autograd_core.tape import TensorBase, check_kept, keeps_graph

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

# Each takes NumPy's own arguments by NumPy's own names; what it does not take is not
# supported.
FUNCTIONS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {
        np.sum: n.sum,
        np.mean: n.mean,
        np.max: n.max,
        np.amax: n.max,
        np.min: n.min,
        np.amin: n.min,
        np.argmax: n.argmax,
        np.var: n.var,
        np.std: n.std,
        np.size: n.size,
        np.zeros_like: n.zeros_like,
        np.ones_like: n.ones_like,
        np.full_like: n.full_like,
        np.empty_like: n.empty_like,
        np.where: lambda condition, x=None, y=None: _where(condition, x, y),
        np.clip: lambda a, a_min=MISSING, a_max=MISSING, min=MISSING, max=MISSING: (
            _clip(a, a_min, a_max, min, max)
        ),
        np.copy: c.copy,
        np.reshape: c.reshape,
        np.transpose: c.transpose,
        np.broadcast_to: c.broadcast_to,
        np.concatenate: c.concatenate,
        np.squeeze: c.squeeze,
        np.expand_dims: c.expand_dims,
        np.ravel: c.ravel,
        np.moveaxis: c.moveaxis,
        np.swapaxes: c.swapaxes,
        np.flip: c.flip,
        np.stack: c.stack,
        np.vstack: c.vstack,
        np.hstack: c.hstack,
        np.split: c.split,
        np.take: lambda a, indices, axis=None: c.take(a, _places(indices), axis),
        np.repeat: c.repeat,
        np.tile: c.tile,
        np.dot: c.dot,
        np.outer: c.outer,
        np.shape: lambda a: a.shape,
        np.ndim: lambda a: a.ndim,
        **({np.astype: c.astype} if hasattr(np, "astype") else {}),  # NumPy 2.1
    }
)

# Their results carry no gradient: they are NumPy's own, of the bare data.
_NAMES = """
    all allclose any argmin argpartition argsort argwhere array2string array_equal
    array_equiv array_repr array_str bincount can_cast common_type count_nonzero
    diag_indices_from digitize flatnonzero histogram histogram2d histogram_bin_edges
    histogramdd isclose iscomplex iscomplexobj isin isneginf isposinf isreal isrealobj
    ix_ lexsort may_share_memory min_scalar_type nanargmax nanargmin nonzero packbits
    ravel_multi_index result_type save savetxt savez savez_compressed searchsorted
    shares_memory tril_indices_from triu_indices_from unique unpackbits unravel_index

    bitwise_and bitwise_count bitwise_or bitwise_xor gcd invert lcm left_shift
    logical_and logical_not logical_or logical_xor right_shift signbit
"""
BARE = frozenset(getattr(np, name) for name in _NAMES.split())

# Arguments that change no value, beside None and NumPy's defaults.
NEUTRAL = {"where": True, "casting": "same_kind", "device": "cpu"}


def ufunc(
    ufunc: np.ufunc, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Answer a NumPy ufunc called on a Tensor."""
    op, out = UFUNCS.get(ufunc), kwargs.get("out", ())
    graph = any(isinstance(arg, TensorBase) and keeps_graph(arg) for arg in args)
    arrays = bool(out) and all(type(array) is np.ndarray for array in out)
    if arrays and not graph and method == "__call__":
        return ufunc(*bare(args), **kwargs)  # as in ``w.data -= lr * w.grad``
    if op is not None and method == "__call__":
        if not kwargs and len(args) == ufunc.nin:
            return op(*args)
        return op(*_operands(ufunc, args, dict(kwargs)))
    if ufunc in BARE and method == "__call__":
        return ufunc(*bare(args), **bare(kwargs))
    how = "" if method == "__call__" else f".{method}"
    raise _no_derivative(f"{ufunc.__name__}{how}")


def _no_derivative(name: str) -> TypeError:
    return TypeError(
        f"np.{name} has no derivative here. Use t.detach().numpy() to leave the graph, "
        "or an op from autograd_core."
    )


def _operands(
    ufunc: np.ufunc, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, ...]:
    """What an op gets from a ufunc's arguments; TypeError for what it cannot have."""
    outs = (*args[ufunc.nin :], *kwargs.pop("out", ()))
    if any(out is not None for out in outs):
        raise _unsupported(ufunc.__name__, "out")
    dtype = kwargs.pop("dtype", None)
    usual = {"order": "K", "subok": True}
    for name, value in kwargs.items():
        if not _neutral(name, value, usual.get(name)):
            raise _unsupported(ufunc.__name__, name)
    given = args[: ufunc.nin]
    if dtype is None:
        return given
    dtype = s.native(dtype)
    if dtype.kind != "f" or "d" * ufunc.nin + "->d" not in ufunc.types:
        raise _unsupported(ufunc.__name__, "dtype")
    return tuple(s.astype(c.operand(x), dtype=dtype) for x in given)


def _unsupported(name: str, argument: str) -> TypeError:
    return TypeError(
        f"np.{name}: {argument}= is not supported for Tensors. Use t.detach().numpy() "
        "to leave the graph."
    )


def _neutral(name: str, value: Any, default: Any) -> bool:
    """Whether an argument changes nothing."""
    if value is None or value is MISSING:
        return True
    if isinstance(value, str | int):
        return (type(value) is type(default) and value == default) or (
            name in NEUTRAL and value == NEUTRAL[name]
        )
    return False


def function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer a NumPy function called on a Tensor."""
    answer = FUNCTIONS.get(function)
    if answer is not None:
        if len(args) == 1 and not kwargs:
            return answer(args[0])
        return answer(**_given(function, answer, args, kwargs))
    if function in BARE:
        _refuse_lost(function, args, kwargs)
        return function(*bare(args), **bare(kwargs))
    folder = function.__module__.removeprefix("numpy").strip(".")
    raise _no_derivative(".".join(filter(None, (folder, function.__name__))))


def _given(
    function: Any,
    answer: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> dict[str, Any]:
    """Arguments by NumPy's names, without those that change nothing."""
    defaults, taken = _names(function), _names(answer)
    given = {**dict(zip(defaults, args, strict=False)), **kwargs}
    for name, value in list(given.items()):
        if name not in taken or value is MISSING:
            if not _neutral(name, value, defaults.get(name)):
                raise _unsupported(function.__name__, name)
            del given[name]
    return given


@cache
def _names(function: Any) -> dict[str, Any]:
    """A function's parameters, in order, and their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters}


def _refuse_lost(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """An error if a result would depend on values without their gradient."""
    given = {**dict(zip(_names(function), args, strict=False)), **kwargs}
    weights = given.get("weights")
    if isinstance(weights, TensorBase) and weights.requires_grad:
        raise _unsupported(function.__name__, "weights")
    if function in (np.unique, np.histogram_bin_edges):
        for value in given.values():
            if isinstance(value, TensorBase):
                check_kept(value, f"np.{function.__name__}")


def _where(condition: Any, x: Any, y: Any) -> Any:
    if x is None and y is None:
        return np.nonzero(bare(condition))
    if x is None or y is None:
        raise ValueError("where: either both or neither of x and y should be given")
    return e.where(c.operand(condition), c.weak(x), c.weak(y))


def _places(indices: Any) -> Any:
    """Indices of `numpy.take`, to which a mask is zeros and ones."""
    if isinstance(indices, TensorBase) and indices._data.dtype.kind == "b":
        indices = s.astype(indices, dtype=np.intp)
    return plain(indices)


def _clip(a: Any, a_min: Any, a_max: Any, low: Any, high: Any) -> Any:
    """The two pairs of names that NumPy has for the bounds, and its rules for them."""
    old, new = (
        [bound is not MISSING for bound in pair]
        for pair in ((a_min, a_max), (low, high))
    )
    if any(old) and not all(old):
        raise TypeError("clip: a_min and a_max go together; None is no bound")
    if any(old) and any(new):
        raise ValueError("clip: min and max are for where a_min and a_max are not")
    bounds = (a_min, a_max) if any(old) else (low, high)
    return c.clip(a, *(None if bound is MISSING else bound for bound in bounds))


def bare(x: Any) -> Any:
    """A Tensor's array, out of the graph; also of those in lists, tuples and dicts."""
    if isinstance(x, TensorBase):
        return x.numpy()  # type: ignore[attr-defined]
    if type(x) in (list, tuple):
        return type(x)(map(bare, x))
    if type(x) is dict:
        return {name: bare(one) for name, one in x.items()}
    return x


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
