"""Ops that move data or only look at it differently."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import (
    cast_into,
    contiguous,
    copy_into,
    empty,
    full,
    host,
)
from autograd_core.op import primitive
from autograd_core.operand import snapshot
from autograd_core.ops.folding import dims, single, sum_over
from autograd_core.samples import Arg, sample
from autograd_core.tape import DTYPES, is_numeric

Index = Any  # whatever NumPy's basic indexing takes
HOLE = "an array"  # in an index, where one stands


def native(dtype: Any) -> np.dtype[Any]:
    """A dtype that a Tensor can have, in native byte order; TypeError for others."""
    out = np.dtype(dtype)
    if not out.isnative:
        out = out.newbyteorder("=")
    if not is_numeric(out):
        raise TypeError(f"expected {DTYPES}, got dtype {out}")
    return out


@primitive(lambda g, y, x: g, saves="", view=True)
def identity(x: Any) -> Any:
    """``x`` as a new node of the graph, on the same memory."""
    return np.asarray(x)


@primitive(
    lambda g, y, x, dtype: astype(g, dtype=x.dtype),
    saves="",
    samples=(sample((3, 4), dtype=np.float64),),
)
def astype(x: Any, *, dtype: Any) -> Any:
    """``x`` in another dtype, in native byte order.

    Gradients come back in the dtype of ``x``. A real dtype takes the real part of
    complex numbers. TypeError for what is no float32, float64, complex64, complex128,
    integer or bool.
    """
    x, dtype = np.asarray(x), native(dtype)
    native(x.dtype)  # for its error
    if x.dtype.kind in "fc" and dtype.kind == "u":
        return host(lambda a: _unsigned(a, dtype), contiguous(x))
    out = empty(x.shape, dtype)
    cast_into(x, out)
    return out


def _unsigned(x: Array, dtype: Any) -> Array:
    """Floats as NumPy casts them; what a kernel makes of negative ones is left open."""
    with np.errstate(invalid="ignore"):
        return x.real.astype(dtype)


@primitive(
    saves="", samples=(sample((3, 4), fill_value=1.5), sample((3, 4), fill_value=0.0))
)
def full_like(
    x: Any, *, fill_value: float, dtype: Any = None, shape: Any = None
) -> Any:
    """One number in the shape and dtype of ``x``, or in others; no gradient."""
    x = np.asarray(x)
    shape = x.shape if shape is None else dims(shape)
    return full(shape, fill_value, native(x.dtype if dtype is None else dtype))


@primitive(
    lambda g, y, x, shape: reshape(g, shape=x.shape),
    saves="",
    samples=(sample((3, 4), shape=(2, 6), least=2), sample((3, 4), shape=(-1,))),
    view=True,
)
def reshape(x: Any, *, shape: Sequence[int] | int) -> Any:
    """``x`` in another shape of the same size; a view where the layout allows it."""
    x = np.asarray(x)
    shape = resolved(x.shape, dims(shape))
    view = x.reshape(shape)
    if x.flags.c_contiguous or np.may_share_memory(x, view):
        return view
    return contiguous(x).reshape(shape)  # NumPy copied: do it as a launch


def resolved(old: tuple[int, ...], new: tuple[int, ...]) -> tuple[int, ...]:
    """``new`` with its -1 filled in; an error if the sizes differ."""
    size, known = math.prod(old), math.prod(n for n in new if n != -1)
    if new.count(-1) == 1 and known and size % known == 0:
        return tuple(size // known if n == -1 else n for n in new)
    if -1 in new or known != size:
        raise ValueError(f"reshape: cannot see shape {old} as {new}")
    return new


@primitive(
    lambda g, y, x, axes=None: transpose(g, axes=_inverse(axes)),
    saves="",
    samples=(sample((3, 4)), sample((2, 3, 4), axes=(2, 0, 1))),
    view=True,
)
def transpose(x: Any, *, axes: Sequence[int] | None = None) -> Any:
    """Axes in another order (reversed by default); a view."""
    return np.asarray(x).transpose(None if axes is None else dims(axes))


def _inverse(axes: Sequence[int] | None) -> tuple[int, ...] | None:
    if axes is None:
        return None
    axes = dims(axes)
    order = [axis % len(axes) for axis in axes]
    return tuple(order.index(i) for i in range(len(order)))


@primitive(
    lambda g, y, x, shape: sum_to(g, shape=x.shape),
    saves="",
    samples=(sample((3, 1), shape=(2, 3, 4)),),
    view=True,
)
def broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    """``x`` repeated to ``shape``; a read-only view."""
    return np.broadcast_to(x, dims(shape))


@primitive(
    lambda g, y, x, shape: broadcast_to(g, shape=x.shape),
    saves="",
    samples=(sample((2, 3, 4), shape=(3, 1)), sample((3, 4), shape=())),
)
def sum_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    """The adjoint of `broadcast_to`: sum over the axes that it would repeat."""
    x, shape = np.asarray(x), dims(shape)
    lead = x.ndim - len(shape)
    fits = lead >= 0 and all(
        n in (1, m) for n, m in zip(shape, x.shape[lead:], strict=True)
    )
    if not fits:
        raise ValueError(f"shape {x.shape} is no repetition of {shape}")
    axes = tuple(range(lead)) + tuple(
        i + lead for i, n in enumerate(shape) if n == 1 and x.shape[i + lead] != 1
    )
    return sum_over(x, axes, shape)


# Indexing --------------------------------------------------------------------------


def is_basic(index: Index) -> bool:
    """Whether NumPy would answer ``index`` with a view."""
    parts = index if isinstance(index, tuple) else (index,)
    kinds = (int, np.integer, slice, type(None), type(Ellipsis))
    return all(isinstance(p, kinds) and not isinstance(p, bool) for p in parts)


def held(index: Index) -> Index:
    """The index with copies of its arrays and lists, which their owner may change."""
    if isinstance(index, tuple):
        return tuple([held(part) for part in index])
    if isinstance(index, np.ndarray):
        return snapshot(index)
    if not isinstance(index, list):
        return index
    array = np.array(index)
    return array if array.size else array.astype(np.intp)  # of no numbers: no floats


def apart(index: Index) -> tuple[tuple[Any, ...], list[Array]]:
    """An index as a tuple with holes, and the arrays that belong there.

    A Program must know what it reads, so a function of it may hold no array.
    """
    given = index if isinstance(index, tuple) else (index,)
    arrays = [p for p in given if isinstance(p, np.ndarray)]
    return tuple(HOLE if isinstance(p, np.ndarray) else p for p in given), arrays


def indexed(parts: tuple[Any, ...], arrays: Sequence[Array]) -> tuple[Any, ...]:
    """The index with these arrays in its holes."""
    rest = iter(arrays)
    return tuple(next(rest) if p is HOLE else p for p in parts)


def view(x: Array, index: Index) -> Array:
    """``x[index]`` for a basic index; a view even of a single element."""
    parts = index if isinstance(index, tuple) else (index,)
    out: Array = x[parts if Ellipsis in parts else (*parts, Ellipsis)]
    return out


@primitive(
    lambda g, y, x, index: scatter(g, index=index, shape=x.shape),
    saves="",
    samples=(
        sample((3, 4), index=(slice(None), 1), least=2),
        sample((3, 4), index=(-1, 2), least=2),
        sample((5, 4), index=(slice(4, 0, -2), None, slice(1, 3)), least=2),
        sample((5, 4), index=np.array([0, 3, 3]), least=2),
    ),
    view=True,
)
def getitem(x: Any, *, index: Index) -> Any:
    """``x[index]``: a view for slices and integers, a copy for arrays of indices."""
    x = np.asarray(x)
    if is_basic(index):
        return view(x, index)
    parts, arrays = apart(index)
    return host(lambda a, *arrays: a[indexed(parts, arrays)], x, *arrays)


@primitive(
    lambda g, y, x, index, shape: getitem(g, index=index),
    saves="",
    samples=(
        sample((3,), index=(slice(None), 1), shape=(3, 4), least=2),
        sample((), index=(-1, 2), shape=(3, 4), least=2),
        sample((3, 4), index=np.array([0, 3, 3]), shape=(5, 4), least=2),
    ),
)
def scatter(x: Any, *, index: Index, shape: tuple[int, ...]) -> Any:
    """The adjoint of `getitem`: zeros of ``shape`` with ``x`` added at ``index``."""
    x, shape = np.asarray(x), dims(shape)
    if not is_basic(index):
        parts, arrays = apart(index)
        return host(
            lambda a, *arrays: _added_at(a, indexed(parts, arrays), shape), x, *arrays
        )
    out = full(shape, 0.0, native(x.dtype))
    place = view(out, index)
    if place.shape != x.shape:
        raise ValueError(f"shape {x.shape} at an index that has {place.shape}")
    copy_into(x, place)
    return out


def _added_at(x: Array, index: Index, shape: tuple[int, ...]) -> Array:
    out = np.zeros(shape, x.dtype)
    np.add.at(out, index, x)
    return out


# Joining ---------------------------------------------------------------------------


def _slice_along(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, slice(start, stop))


def _part(i: int, g: Any, y: Any, *xs: Any, axis: int = 0) -> Any:
    axis = single(axis, len(xs[0].shape))
    start = sum(x.shape[axis] for x in xs[:i])
    index = _slice_along(axis, start, start + xs[i].shape[axis])
    part = getitem(g, index=index)
    return part if part.dtype == xs[i].dtype else astype(part, dtype=xs[i].dtype)


def common(arrays: Sequence[Array]) -> Any:
    """The dtype that holds all of them; TypeError with their names if there is none."""
    try:
        return np.result_type(*arrays)
    except TypeError:
        names = ", ".join(str(a.dtype) for a in arrays)
        raise TypeError(f"no dtype holds all of {names}") from None


@primitive(
    _part,
    saves="",
    samples=(sample((3, 4), (2, 4), axis=0), sample((3, 1), Arg((3, 4)), axis=-1)),
)
def concatenate(*xs: Any, axis: int = 0) -> Any:
    """Arrays end to end along an axis that exists."""
    if not xs:
        raise ValueError("needs at least one array")
    arrays = [np.asarray(x) for x in xs]
    first = arrays[0].shape
    axis = single(axis, len(first))
    for a in arrays:
        same = a.ndim == len(first) and all(
            n == m
            for i, (n, m) in enumerate(zip(a.shape, first, strict=True))
            if i != axis
        )
        if not same:
            shapes = ", ".join(str(b.shape) for b in arrays)
            raise ValueError(f"shapes {shapes} differ off axis {axis}")
    total = sum(a.shape[axis] for a in arrays)
    dtype = native(common(arrays))
    out = empty((*first[:axis], total, *first[axis + 1 :]), dtype)
    start = 0
    for a in arrays:
        stop = start + a.shape[axis]
        copy_into(a, out[_slice_along(axis, start, stop)])
        start = stop
    return out
