"""Functions that sort: see `numpy_functions`. Gradients go where the values went."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.numpy_functions.arguments import operand, plain
from autograd_core.numpy_functions.indexing import take_along_axis
from autograd_core.numpy_functions.shapes import ravel
from autograd_core.ops import sorting as o


def _flat(a: Any, axis: Any) -> tuple[Any, Any]:
    """``a``, or all of its elements in one axis, and that axis."""
    a = operand(a)
    return (ravel(a), -1) if axis is None else (a, axis)


def _kind(kind: Any, stable: Any) -> Any:
    if kind is not None and stable is not None:
        raise ValueError("sort: kind and stable are the same thing; give one of them")
    return "stable" if stable else kind


def sort(a: Any, axis: Any = -1, kind: Any = None, *, stable: Any = None) -> Any:
    """See `numpy.sort`; elements that are equal stay in order, as do their gradients.

    That is so unless ``kind`` names a method without it.
    """
    a, axis = _flat(a, axis)
    order = o.argsort(a, axis=axis, kind=_kind(kind, stable) or "stable")
    return take_along_axis(a, order, axis)


def argsort(a: Any, axis: Any = -1, kind: Any = None, *, stable: Any = None) -> Any:
    """See `numpy.argsort`; no gradient."""
    a, axis = _flat(a, axis)
    return o.argsort(a, axis=axis, kind=_kind(kind, stable))


def partition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect") -> Any:
    """See `numpy.partition`; which elements end up beside ``kth`` may differ."""
    a, axis = _flat(a, axis)
    order = argpartition(a, kth, axis, kind)
    return take_along_axis(a, order, axis)


def argpartition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect") -> Any:
    """See `numpy.argpartition`; no gradient."""
    a, axis = _flat(a, axis)
    kth = np.asarray(plain(kth))
    if kth.dtype.kind not in "iu":
        raise TypeError(f"partition: expected integers as kth, got {kth.dtype}")
    return o.argpartition(a, kth=kth.tolist(), axis=axis, kind=kind)


def argmin(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    """See `numpy.argmin`; no gradient."""
    return o.argmin(operand(a), axis=axis, keepdims=bool(keepdims))
