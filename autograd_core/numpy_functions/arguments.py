"""What NumPy's functions are given, as ops take it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import recorder
from autograd_core.operand import operand as op_operand
from autograd_core.tape import TensorBase, keeps_graph

MISSING: Any = np._NoValue  # what NumPy has for an argument that is not given


def operand(x: Any) -> Any:
    """A Tensor or an array; of a sequence that holds Tensors, their stack."""
    x = op_operand(x)
    return x if isinstance(x, TensorBase | np.ndarray) else np.asarray(x)


def weak(x: Any) -> Any:
    """Like `operand`, but a Python number stays one: it takes the other's dtype."""
    return x if isinstance(x, int | float | complex) else operand(x)


def is_number(x: Any) -> bool:
    """Whether ``x`` is a Python number."""
    return isinstance(x, int | float | complex)


def in_fortran_order(name: str, order: Any) -> bool:
    """Whether ``order`` means Fortran's, not C's; an error if it is neither."""
    known = order.upper() if isinstance(order, str) else order
    if known not in ("C", "F", None):
        kind = TypeError if known in ("A", "K") else ValueError
        raise kind(f"{name}: expected order 'C' or 'F' for a Tensor, got {order!r}")
    return bool(known == "F")


def check_cast(xs: Sequence[Any], dtype: Any, casting: Any) -> None:
    """TypeError unless NumPy's rule lets all of ``xs`` become ``dtype``."""
    for x in xs:
        if not np.can_cast(x.dtype, dtype, casting):
            raise TypeError(f"dtype {x.dtype} to {dtype} is no {casting!r} cast")


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


def graph_in(args: Any, kwargs: Any = None) -> bool:
    """Whether there is a gradient to lose in arguments, or in what they hold."""
    return any(keeps_graph(x) for x in tensors_in((args, kwargs)))


def tensors_in(x: Any) -> Iterator[TensorBase]:
    """The Tensors in nested lists, tuples and dicts."""
    if isinstance(x, TensorBase):
        yield x
    elif isinstance(x, list | tuple | dict):
        for part in x.values() if isinstance(x, dict) else x:
            yield from tensors_in(part)
