"""Differences, integrals, convolutions and polynomials: see `numpy_functions`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.numpy_functions.arguments import (
    MISSING,
    check_cast,
    is_number,
    operand,
    weak,
)
from autograd_core.numpy_functions.reductions import as_floats, in_dtype
from autograd_core.numpy_functions.shapes import copy, ravel
from autograd_core.ops import elementwise as e
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.ops.convolution import convolve as every_overlap
from autograd_core.ops.folding import normalize, single, whole


def _part(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    """``x[start:stop]`` along an axis."""
    return s.getitem(x, index=(*(slice(None),) * axis, slice(start, stop)))


def _along(x: Any, axis: int, ndim: int) -> Any:
    """A sequence as an array of ``ndim`` axes that runs along one of them."""
    return s.reshape(x, shape=tuple(-1 if i == axis else 1 for i in range(ndim)))


def diff(
    a: Any, n: Any = 1, axis: Any = -1, prepend: Any = MISSING, append: Any = MISSING
) -> Any:
    """See `numpy.diff`."""
    a, n = operand(a), whole(n)
    if n < 0:
        raise ValueError(f"diff: order must not be negative, got {n}")
    if not len(a.shape):
        raise ValueError("diff: needs at least one axis")
    axis = single(axis, len(a.shape))
    ends = [_end(x, a, axis) for x in (prepend, append) if x is not MISSING]
    if ends and n:
        before = ends[: prepend is not MISSING]
        a = s.concatenate(*before, a, *ends[len(before) :], axis=axis)
    for _ in range(min(n, a.shape[axis])):  # then nothing is left, which stays so
        a = _steps(a, axis)
    return a if n else copy(a)


def _end(x: Any, a: Any, axis: int) -> Any:
    x = operand(x)
    if len(x.shape):
        return x
    shape = tuple(1 if i == axis else m for i, m in enumerate(a.shape))
    return s.broadcast_to(x, shape=shape)


def _steps(a: Any, axis: int) -> Any:
    op = e.not_equal if a.dtype.kind == "b" else e.sub
    return op(_part(a, axis, 1, None), _part(a, axis, None, -1))


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """See `numpy.ediff1d`."""
    a = ravel(ary)
    before, after = ([] if x is None else [ravel(x)] for x in (to_begin, to_end))
    check_cast([*before, *after], a.dtype, "same_kind")
    parts = [in_dtype(x, a.dtype) for x in (*before, _steps(a, 0), *after)]
    return s.concatenate(*parts, axis=0)


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: Any = -1) -> Any:
    """See `numpy.trapezoid`."""
    y = operand(y)
    axis = single(axis, len(y.shape))
    steps = weak(dx) if x is None else operand(x)
    if x is not None:
        along = len(steps.shape) == 1
        steps = _steps(steps, 0 if along else axis)
        steps = _along(steps, axis, len(y.shape)) if along else steps
    sums = e.add(_part(y, axis, 1, None), _part(y, axis, None, -1))
    return r.sum(e.div(e.mul(steps, sums), 2.0), axis=axis)


# Gradient --------------------------------------------------------------------------


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: Any = 1) -> Any:
    """See `numpy.gradient`; differentiated in the spacings too."""
    f = as_floats(operand(f))
    ndim = len(f.shape)
    if axis is None:
        axes = tuple(range(ndim))
    elif isinstance(axis, tuple):
        axes = tuple(single(one, ndim) for one in axis)
        normalize(axes, ndim)  # for its error
    else:
        axes = (single(axis, ndim),)
    order = whole(edge_order)
    if order not in (1, 2):
        raise ValueError(f"gradient: edge_order must be 1 or 2, got {order}")
    spacings = [weak(x) for x in varargs]
    if len(spacings) == 1 and not np.ndim(varargs[0]):
        spacings *= len(axes)
    if len(spacings) not in (0, len(axes)):
        raise TypeError(f"gradient: {len(spacings)} spacings for {len(axes)} axes")
    spacings = spacings or [1.0] * len(axes)
    found = [_slopes(f, *pair, order) for pair in zip(axes, spacings, strict=True)]
    return found[0] if len(axes) == 1 else tuple(found)


def _slopes(f: Any, axis: int, spacing: Any, order: int) -> Any:
    """Derivatives along an axis, by central differences within it."""
    length = f.shape[axis]
    if length < order + 1:
        raise ValueError(
            f"gradient: axis {axis} of length {length} is too short for edge_order "
            f"{order}: it needs {order + 1} elements"
        )
    ends = _first_order(f, axis, spacing) if order == 1 else None
    if np.ndim(spacing):
        if len(spacing.shape) != 1 or spacing.shape[0] != length:
            raise ValueError(
                f"gradient: coordinates of shape {tuple(spacing.shape)} do not fit "
                f"axis {axis} of length {length}"
            )
        d = _along(as_floats(_steps(spacing, 0)), axis, len(f.shape))
        d1, d2 = _part(d, axis, None, -1), _part(d, axis, 1, None)
        inside = _combined(f, axis, _weights(d1, d2))
        if ends is None:
            ends = _second_order(f, axis, d1, d2)
    else:
        outer = e.sub(_part(f, axis, 2, None), _part(f, axis, None, -2))
        twice = spacing * 2.0 if is_number(spacing) else e.mul(spacing, 2.0)
        inside = e.div(outer, twice)
        if ends is None:
            d = s.broadcast_to(operand(spacing), shape=(1,) * len(f.shape))
            d = s.astype(d, dtype=f.dtype)
            ends = _second_order(f, axis, d, d)
    out = s.concatenate(ends[0], inside, ends[1], axis=axis)
    return in_dtype(out, f.dtype)


def _first_order(f: Any, axis: int, spacing: Any) -> tuple[Any, Any]:
    pairs = [_steps(_part(f, axis, *part), axis) for part in ((None, 2), (-2, None))]
    if np.ndim(spacing):
        d = [_steps(s.getitem(spacing, index=slice(*p)), 0) for p in ((2,), (-2, None))]
        d = [_along(one, axis, len(f.shape)) for one in d]
    else:
        d = [spacing, spacing]
    return e.div(pairs[0], d[0]), e.div(pairs[1], d[1])


def _second_order(f: Any, axis: int, d1: Any, d2: Any) -> tuple[Any, Any]:
    """The first and the last derivative, each from three values."""
    a, b = _part(d1, axis, None, 1), _part(d2, axis, None, 1)
    both = e.add(a, b)
    first = (
        e.neg(e.div(e.add(both, a), e.mul(a, both))),
        e.div(both, e.mul(a, b)),
        e.neg(e.div(a, e.mul(b, both))),
    )
    a, b = _part(d1, axis, -1, None), _part(d2, axis, -1, None)
    both = e.add(a, b)
    last = (
        e.div(b, e.mul(a, both)),
        e.neg(e.div(both, e.mul(a, b))),
        e.div(e.add(both, b), e.mul(b, both)),
    )
    start, stop = _part(f, axis, None, 3), _part(f, axis, -3, None)
    return _combined(start, axis, first), _combined(stop, axis, last)


def _weights(d1: Any, d2: Any) -> tuple[Any, Any, Any]:
    """Of three values, for the derivative in the middle one."""
    both = e.add(d1, d2)
    return (
        e.neg(e.div(d2, e.mul(d1, both))),
        e.div(e.sub(d2, d1), e.mul(d1, d2)),
        e.div(d1, e.mul(d2, both)),
    )


def _combined(f: Any, axis: int, weights: Any) -> Any:
    """Three values that follow each other, by their weights."""
    n = f.shape[axis]
    parts = [_part(f, axis, i, n - 2 + i) for i in range(3)]
    a, b, c = (e.mul(*pair) for pair in zip(weights, parts, strict=True))
    return e.add(e.add(a, b), c)


# Convolution -----------------------------------------------------------------------


def convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    """See `numpy.convolve`."""
    a, v = _sequence("convolve", a), _sequence("convolve", v)
    short, long = sorted((a.shape[0], v.shape[0]))
    return _overlap(every_overlap(a, v), mode, (short - 1) // 2, short, long)


def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    """See `numpy.correlate`."""
    a, v = _sequence("correlate", a), _sequence("correlate", v)
    if v.dtype.kind == "c":
        v = np.conj(v)
    short, long = sorted((a.shape[0], v.shape[0]))
    start = short // 2 if v.shape[0] > a.shape[0] else (short - 1) // 2
    turned = s.getitem(v, index=slice(None, None, -1))
    return _overlap(every_overlap(a, turned), mode, start, short, long)


def _sequence(name: str, x: Any) -> Any:
    x = operand(x)
    if len(x.shape) > 1 or not x.size:
        raise ValueError(
            f"{name}: expected a sequence that is not empty, got shape {tuple(x.shape)}"
        )
    return x if len(x.shape) else ravel(x)


def _overlap(whole: Any, mode: Any, start: int, short: int, long: int) -> Any:
    """Of all overlaps of two sequences those that ``mode`` names."""
    if mode in ("full", 2):
        return whole
    if mode in ("same", 1):
        return s.getitem(whole, index=slice(start, start + long))
    if mode in ("valid", 0):
        return s.getitem(whole, index=slice(short - 1, long))
    raise ValueError(f"mode must be 'full', 'same' or 'valid', got {mode!r}")


# Polynomials -----------------------------------------------------------------------


def polyval(p: Any, x: Any) -> Any:
    """See `numpy.polyval`: coefficients from the highest power on."""
    p, x = operand(p), operand(x)
    out = e.mul(x, 0)
    for i in range(p.shape[0]):
        out = e.add(e.mul(out, x), s.getitem(p, index=i))
    return out


def poly(seq_of_zeros: Any) -> Any:
    """See `numpy.poly`; of a sequence of zeros, not of a matrix."""
    zeros = operand(seq_of_zeros)
    if len(zeros.shape) > 1:
        raise TypeError("poly: of a matrix it is not supported for Tensors")
    zeros = as_floats(ravel(zeros))
    one = np.ones(1, zeros.dtype)
    out: Any = one
    for i in range(zeros.shape[0]):
        factor = s.concatenate(one, e.neg(s.getitem(zeros, index=slice(i, i + 1))))
        out = every_overlap(out, factor)
    return out
