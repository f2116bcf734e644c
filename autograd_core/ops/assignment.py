"""Assignment as an op: a copy with other values at an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import duplicate, host
from autograd_core.op import primitive
from autograd_core.ops.broadcasting import unbroadcast
from autograd_core.ops.elementwise import where
from autograd_core.ops.shape import apart, getitem, indexed, is_basic, reshape, view
from autograd_core.samples import sample
from autograd_core.tape import spec
from autograd_core.writes import overwrite


def _cotangent(g: Any, v: Any, index: Any) -> Any:
    """That of the values: of each the place where it stands last."""
    part = getitem(g, index=index)
    if not is_basic(index):
        parts, arrays = apart(index)
        shape = tuple(g.shape)
        last = host(lambda *arrays: _last(indexed(parts, arrays), shape), *arrays)
        part = where(last, part, 0.0)
    extra = max(len(v.shape) - len(part.shape), 0)  # axes of length 1 that NumPy drops
    return reshape(unbroadcast(part, spec(v.shape[extra:], v.dtype)), shape=v.shape)


def _last(index: Any, shape: tuple[int, ...]) -> Array:
    """Where values at ``index`` are not overwritten by later ones at the same place."""
    order = np.zeros(shape, np.intp)
    places = np.arange(order[index].size).reshape(order[index].shape)
    order[index] = places
    return np.asarray(order[index] == places)


@primitive(
    lambda g, y, x, v, index: setitem(g, 0.0, index=index),
    lambda g, y, x, v, index: _cotangent(g, v, index),
    saves="",
    samples=(
        sample((3, 4), (4,), index=1, least=2),
        sample((3, 4), (), index=(slice(None), slice(1, 3)), least=2),
        sample((5, 4), (1, 2, 1), index=(slice(4, 0, -2), slice(1, 3)), least=2),
        sample((5, 4), (3, 4), index=np.array([0, 3, 3]), least=2),
    ),
)
def setitem(x: Any, v: Any, *, index: Any) -> Any:
    """A copy of ``x`` in which ``v``, broadcast, stands at ``index``."""
    x = np.asarray(x)
    if is_basic(index):
        out = duplicate(x)
        overwrite(view(out, index), v)
        return out
    parts, arrays = apart(index)
    return host(lambda x, v, *arrays: _put(x, v, parts, arrays), x, v, *arrays)


def _put(x: Array, v: Any, parts: tuple[Any, ...], arrays: Sequence[Array]) -> Array:
    out = x.copy()
    out[indexed(parts, arrays)] = v
    return out
