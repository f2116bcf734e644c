"""NumPy's functions that are a few ops: they take arrays or Tensors, like ops do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from autograd_core.ops import elementwise as e
from autograd_core.ops import matmul as mm
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.ops.folding import Axis, normalize


def std(
    x: Any, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Any:
    """The root of `var`; its gradient is not defined where that is 0."""
    return e.sqrt(r.var(x, axis=axis, correction=correction, keepdims=keepdims))


def clip(x: Any, low: Any = None, high: Any = None) -> Any:
    """``x`` held between bounds, None for no bound; NaN stays, the gradient is 0 there.

    A bound that is a Tensor has the gradient that ``x`` does not.
    """
    if low is not None:
        x = e.where(e.less_equal(x, low), low, x)
    if high is not None:
        x = e.where(e.greater_equal(x, high), high, x)
    return x


# Shape -----------------------------------------------------------------------------


def squeeze(x: Any, axis: Axis = None) -> Any:
    """Without axes of length 1 (all of them, or those named)."""
    shape = tuple(x.shape)
    if axis is None:
        return s.reshape(x, shape=tuple(n for n in shape if n != 1))
    gone = normalize(axis, len(shape))
    long = [i for i in gone if shape[i] != 1]
    if long:
        raise ValueError(f"squeeze: axis {long[0]} of shape {shape} is not of length 1")
    return s.reshape(x, shape=tuple(n for i, n in enumerate(shape) if i not in gone))


def expand_dims(x: Any, axis: int | Sequence[int]) -> Any:
    """With axes of length 1 at ``axis`` of the result."""
    count = 1 if isinstance(axis, int) else len(axis)
    ndim = len(x.shape) + count
    new, old = normalize(axis, ndim), iter(x.shape)
    return s.reshape(x, shape=tuple(1 if i in new else next(old) for i in range(ndim)))


def ravel(x: Any) -> Any:
    """All elements in one axis."""
    return s.reshape(x, shape=(math.prod(x.shape),))


def flatten(x: Any, start: int = 0, end: int = -1) -> Any:
    """Axes ``start`` to ``end``, both included, as one."""
    shape = tuple(x.shape) or (1,)
    first, last = normalize(start, len(shape))[0], normalize(end, len(shape))[0]
    if first > last:
        raise ValueError(f"flatten: axis {start} comes after axis {end}")
    middle = math.prod(shape[first : last + 1])
    return s.reshape(x, shape=(*shape[:first], middle, *shape[last + 1 :]))


def moveaxis(x: Any, source: int | Sequence[int], to: int | Sequence[int]) -> Any:
    """See `numpy.moveaxis`."""
    ndim = len(x.shape)
    moved = [normalize(i, ndim)[0] for i in _listed(source)]
    places = [normalize(i, ndim)[0] for i in _listed(to)]
    order = [i for i in range(ndim) if i not in moved]
    for place, axis in sorted(zip(places, moved, strict=True)):
        order.insert(place, axis)
    return s.transpose(x, axes=tuple(order))


def _listed(axis: int | Sequence[int]) -> Sequence[int]:
    return [axis] if isinstance(axis, int) else axis


def swapaxes(x: Any, one: int, other: int) -> Any:
    """See `numpy.swapaxes`."""
    order = list(range(len(x.shape)))
    i, j = (normalize(axis, len(order))[0] for axis in (one, other))
    order[i], order[j] = order[j], order[i]
    return s.transpose(x, axes=tuple(order))


def flip(x: Any, axis: Axis = None) -> Any:
    """See `numpy.flip`."""
    turned = normalize(axis, len(x.shape))
    steps = (-1 if i in turned else 1 for i in range(len(x.shape)))
    return s.getitem(x, index=tuple(slice(None, None, step) for step in steps))


# Joining and repeating -------------------------------------------------------------


def stack(xs: Sequence[Any], axis: int = 0) -> Any:
    """Along a new axis."""
    if not len(xs):
        raise ValueError("stack: needs at least one array")
    xs = [x if hasattr(x, "shape") else np.asarray(x) for x in xs]
    return s.concatenate(*[expand_dims(x, axis) for x in xs], axis=axis)


def at_least_2d(x: Any) -> Any:
    """One row, if ``x`` has fewer than two axes."""
    return s.reshape(x, shape=(1, -1)) if len(x.shape) < 2 else x


def vstack(xs: Sequence[Any]) -> Any:
    """See `numpy.vstack`."""
    return s.concatenate(*map(at_least_2d, xs), axis=0)


def hstack(xs: Sequence[Any]) -> Any:
    """See `numpy.hstack`."""
    xs = [x if len(x.shape) else ravel(x) for x in xs]
    return s.concatenate(*xs, axis=0 if len(xs[0].shape) == 1 else 1)


def split(x: Any, parts: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Into equal ``parts`` or at these places; views."""
    (axis,) = normalize(axis, len(x.shape))
    n = x.shape[axis]
    if isinstance(parts, int):
        if parts < 1 or n % parts:
            raise ValueError(f"split: axis of length {n} into {parts} equal parts")
        parts = range(n // parts, n, n // parts) if n else [0] * (parts - 1)
    cuts = [slice(None)] * axis
    return [
        s.getitem(x, index=(*cuts, slice(lo, hi)))
        for lo, hi in pairwise((0, *parts, n))
    ]


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """See `numpy.take`."""
    if axis is None:
        return s.getitem(ravel(x), index=np.asarray(indices))
    before = (slice(None),) * normalize(axis, len(x.shape))[0]
    return s.getitem(x, index=(*before, np.asarray(indices)))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """See `numpy.repeat`: every element (or slice) several times in a row."""
    if axis is None:
        x, axis = ravel(x), 0
    return take(x, np.repeat(np.arange(x.shape[axis]), repeats), axis)


def tile(x: Any, reps: int | Sequence[int]) -> Any:
    """See `numpy.tile`: the whole array several times along each axis."""
    counts = (reps,) if isinstance(reps, int) else tuple(reps)
    ndim = max(len(counts), len(x.shape))
    counts = (1,) * (ndim - len(counts)) + counts
    shape = (1,) * (ndim - len(x.shape)) + tuple(x.shape)
    paired = tuple(n for pair in zip(counts, shape, strict=True) for n in pair)
    between = s.reshape(x, shape=tuple(n for m in shape for n in (1, m)))
    whole = tuple(c * n for c, n in zip(counts, shape, strict=True))
    return s.reshape(s.broadcast_to(between, shape=paired), shape=whole)


# Products --------------------------------------------------------------------------


def dot(a: Any, b: Any) -> Any:
    """See `numpy.dot`; ``b`` has at most two axes."""
    if not np.ndim(a) or not np.ndim(b):
        return e.mul(a, b)
    if len(b.shape) > 2:
        raise ValueError(f"dot: the second operand has shape {b.shape}; use matmul")
    return mm.matmul(a, b)


def outer(a: Any, b: Any) -> Any:
    """See `numpy.outer`."""
    return e.mul(expand_dims(ravel(a), 1), ravel(b))


def isnan(x: Any) -> Any:
    """True where ``x`` is NaN."""
    return e.not_equal(x, x)


def isinf(x: Any) -> Any:
    """True where ``x`` is infinite."""
    return e.equal(e.abs(x), np.inf)


def isfinite(x: Any) -> Any:
    """True where ``x`` is neither NaN nor infinite."""
    return e.less(e.abs(x), np.inf)
