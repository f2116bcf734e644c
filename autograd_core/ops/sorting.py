"""Orders of elements; they are integers and have no gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.launch import host
from autograd_core.op import primitive
from autograd_core.ops.folding import single, whole
from autograd_core.samples import Arg, sample

ALONG = tuple(
    sample(Arg((3, 4), kind="distinct"), least=1, **attrs)
    for attrs in ({"axis": 0}, {"axis": -1})
)


@primitive(
    None,
    saves="",
    samples=(
        *ALONG,
        sample((3, 4), least=1),
        sample((3, 4), axis=-1, keepdims=True, least=1),
    ),
)
def argmin(x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Index (int64) of the first minimum, or first NaN, along ``axis`` or in all."""
    axis = None if axis is None else whole(axis)
    return host(lambda a: np.argmin(a, axis=axis, keepdims=keepdims), np.asarray(x))


@primitive(None, saves="", samples=(*ALONG, sample((3, 4), kind="stable")))
def argsort(x: Any, *, axis: int = -1, kind: Any = None) -> Any:
    """Indices (int64) that sort ``x`` along ``axis``; NaN comes last."""
    x = np.asarray(x)
    axis = single(axis, x.ndim)
    return host(lambda a: np.argsort(a, axis=axis, kind=kind), x)


@primitive(None, saves="", samples=(sample((3, 4), kth=1, axis=-1, least=2),))
def argpartition(
    x: Any, *, kth: int | Sequence[int], axis: int = -1, kind: Any = "introselect"
) -> Any:
    """Indices (int64) that bring element ``kth`` to its place, others beside it."""
    x = np.asarray(x)
    axis = single(axis, x.ndim)
    return host(lambda a: np.argpartition(a, kth, axis=axis, kind=kind), x)
