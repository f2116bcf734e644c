"""Functions that join, cut and repeat: see `numpy_functions`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from autograd_core.numpy_functions.arguments import (
    check_cast,
    is_number,
    operand,
    weak,
)
from autograd_core.numpy_functions.indexing import take
from autograd_core.numpy_functions.shapes import (
    _at_least_2d,
    _at_least_3d,
    copy,
    expand_dims,
    ravel,
)
from autograd_core.ops import shape as s
from autograd_core.ops.folding import dims, single, whole
from autograd_core.tape import TensorBase


def stacked(values: Sequence[Any]) -> Any:
    """Sequences that hold Tensors as one Tensor; Python's numbers take its dtype."""
    parts = [stacked(v) if isinstance(v, list | tuple) else weak(v) for v in values]
    known = [p.dtype for p in parts if not isinstance(p, int | float)]
    dtype = np.result_type(*known) if known else None
    return stack([np.asarray(p, dtype) if is_number(p) else p for p in parts])


def concatenate(
    arrays: Any, /, axis: Any = 0, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    """See `numpy.concatenate`."""
    xs = [operand(x) for x in arrays]
    if axis is None:
        xs, axis = [ravel(x) for x in xs], 0
    if dtype is not None or casting != "same_kind":
        found = np.result_type(*(x.dtype for x in xs)) if dtype is None else dtype
        check_cast(xs, found, casting)
    out = s.concatenate(*xs, axis=axis)
    return out if dtype is None else s.astype(out, dtype=dtype)


def stack(
    arrays: Any, axis: Any = 0, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    """Along a new axis."""
    xs = [operand(x) for x in arrays]
    if not xs:
        raise ValueError("stack: needs at least one array")
    axis = single(axis, len(xs[0].shape) + 1)
    xs = [expand_dims(x, axis) for x in xs]
    return concatenate(xs, axis, dtype=dtype, casting=casting)


concat = concatenate


def vstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """See `numpy.vstack`."""
    return concatenate(_rows(tup), 0, dtype=dtype, casting=casting)


def _rows(xs: Any) -> list[Any]:
    return [_at_least_2d(operand(x)) for x in xs]


def dstack(tup: Any) -> Any:
    """See `numpy.dstack`."""
    return concatenate([_at_least_3d(operand(x)) for x in tup], 2)


def column_stack(tup: Any) -> Any:
    """See `numpy.column_stack`."""
    xs = [operand(x) for x in tup]
    return concatenate(
        [s.transpose(_at_least_2d(x)) if x.ndim < 2 else x for x in xs], 1
    )


def hstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """See `numpy.hstack`."""
    xs = [operand(x) for x in tup]
    xs = [x if len(x.shape) else ravel(x) for x in xs]
    axis = 0 if not xs or len(xs[0].shape) == 1 else 1
    return concatenate(xs, axis, dtype=dtype, casting=casting)


def split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Any]:
    """See `numpy.split`: into equal parts or at these places; views."""
    ary = operand(ary)
    if not np.ndim(indices_or_sections):
        n = ary.shape[single(axis, len(ary.shape))]
        parts = whole(indices_or_sections)
        if parts < 1 or n % parts:
            raise ValueError(f"split: axis of length {n} into {parts} equal parts")
    return array_split(ary, indices_or_sections, axis)


def array_split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Any]:
    """See `numpy.array_split`; views."""
    ary = operand(ary)
    axis = single(axis, len(ary.shape))
    n = ary.shape[axis]
    if np.ndim(indices_or_sections):
        cuts = [whole(cut) for cut in indices_or_sections]
    else:
        parts = whole(indices_or_sections)
        if parts < 1:
            raise ValueError(f"array_split: {parts} parts are none")
        each, more = divmod(n, parts)
        cuts = [i * each + min(i, more) for i in range(1, parts)]
    before = [slice(None)] * axis
    return [
        s.getitem(ary, index=(*before, slice(lo, hi)))
        for lo, hi in pairwise((0, *cuts, n))
    ]


def _split(name: str, ary: Any, parts: Any, axis: int, least: int) -> list[Any]:
    if len(ary.shape) < least:
        raise ValueError(f"{name}: needs at least {least} axes, got shape {ary.shape}")
    return split(ary, parts, axis)


def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """See `numpy.hsplit`."""
    ary = operand(ary)
    return _split("hsplit", ary, indices_or_sections, int(len(ary.shape) > 1), 1)


def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """See `numpy.vsplit`."""
    return _split("vsplit", operand(ary), indices_or_sections, 0, 2)


def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """See `numpy.dsplit`."""
    return _split("dsplit", operand(ary), indices_or_sections, 2, 3)


def unstack(x: Any, /, *, axis: Any = 0) -> tuple[Any, ...]:
    """See `numpy.unstack`; views."""
    x = operand(x)
    if not x.shape:
        raise ValueError("unstack: needs at least one axis")
    before = (slice(None),) * single(axis, len(x.shape))
    count = x.shape[len(before)]
    return tuple(s.getitem(x, index=(*before, i)) for i in range(count))


def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    """See `numpy.repeat`: every element (or slice) several times in a row."""
    a = operand(a)
    if axis is None:
        a, axis = ravel(a), 0
    axis = single(axis, len(a.shape))
    if isinstance(repeats, TensorBase):
        repeats = repeats.numpy()  # type: ignore[attr-defined]
    return take(a, np.repeat(np.arange(a.shape[axis]), repeats), axis)


def tile(A: Any, reps: Any) -> Any:  # noqa: N803
    """See `numpy.tile`: the whole array several times along each axis; a copy."""
    x, counts = operand(A), dims(reps)
    ndim = max(len(counts), len(x.shape))
    counts = (1,) * (ndim - len(counts)) + counts
    shape = (1,) * (ndim - len(x.shape)) + tuple(x.shape)
    paired = tuple(n for pair in zip(counts, shape, strict=True) for n in pair)
    between = s.reshape(x, shape=tuple(n for m in shape for n in (1, m)))
    total = tuple(c * n for c, n in zip(counts, shape, strict=True))
    out = s.reshape(s.broadcast_to(between, shape=paired), shape=total)
    viewed = all(1 in pair for pair in zip(counts, shape, strict=True))
    return copy(out) if viewed else out
