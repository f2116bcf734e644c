"""Reductions over axes: see `numpy_functions`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.numpy_functions.arguments import MISSING, is_number, operand, weak
from autograd_core.ops import complexes as z
from autograd_core.ops import cumulative as c
from autograd_core.ops import elementwise as e
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.ops.folding import Axis, normalize, reduced_shape


def _given(x: Any) -> bool:
    """Whether there is an argument."""
    return x is not None and x is not MISSING


def _hides(mask: Any) -> bool:
    """Whether a mask may leave something out."""
    return _given(mask) and mask is not True


def masked(x: Any, mask: Any, fill: Any) -> Any:
    """``x`` with ``fill`` where the mask is not True; it is as wide as both."""
    return e.where(operand(mask), x, fill) if _hides(mask) else x


def _first(initial: Any, dtype: Any) -> Any:
    """What a reduction begins with, in its own dtype."""
    initial = weak(initial)
    return np.asarray(initial, dtype) if is_number(initial) else astype(initial, dtype)


def _started(op: Any, out: Any, initial: Any) -> Any:
    """A total that began with ``initial``."""
    return op(out, _first(initial, out.dtype)) if _given(initial) else out


def sum(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    keepdims: Any = False,
    initial: Any = MISSING,
    where: Any = True,
) -> Any:
    """See `numpy.sum`."""
    out = _total(r.sum, a, axis, dtype, keepdims, where, 0)
    return _started(e.add, out, initial)


def prod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    keepdims: Any = False,
    initial: Any = MISSING,
    where: Any = True,
) -> Any:
    """See `numpy.prod`; its gradient is right where factors are 0."""
    out = _total(c.prod, a, axis, dtype, keepdims, where, 1)
    return _started(e.mul, out, initial)


def _total(
    op: Any, a: Any, axis: Any, dtype: Any, keepdims: Any, where: Any, neutral: int
) -> Any:
    dtype = None if dtype is None else _numeric(op.name, dtype)
    a = in_dtype(a, dtype)
    out = op(masked(a, where, neutral), axis=axis, keepdims=bool(keepdims))
    return out if dtype is None else astype(out, dtype)


def _numeric(name: str, dtype: Any) -> Any:
    dtype = s.native(dtype)
    if dtype.kind == "b":
        raise TypeError(f"{name}: dtype bool is not supported for Tensors")
    return dtype


def astype(x: Any, dtype: Any) -> Any:
    """``x`` in a dtype, itself if it is."""
    return x if x.dtype == dtype else s.astype(x, dtype=dtype)


def in_dtype(a: Any, dtype: Any) -> Any:
    """An operand in a dtype, None for its own."""
    a = operand(a)
    return a if dtype is None else astype(a, dtype)


def in_floats(name: str, a: Any, dtype: Any = None) -> Any:
    """``a`` in ``dtype``, if that is one; no float is refused."""
    if dtype is None:
        return operand(a)
    dtype = s.native(dtype)
    if dtype.kind in "biu":
        raise TypeError(f"{name}: dtype {dtype} is not supported for Tensors")
    return in_dtype(a, dtype)


def mean(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    keepdims: Any = False,
    *,
    where: Any = True,
) -> Any:
    """See `numpy.mean`."""
    a = in_floats("mean", a, dtype)
    if not _hides(where):
        return r.mean(a, axis=axis, keepdims=bool(keepdims))
    return _mean_of(a, operand(where), axis, bool(keepdims))


def as_floats(a: Any) -> Any:
    """Integers as float64."""
    return s.astype(a, dtype=np.float64) if a.dtype.kind in "biu" else a


def _mean_of(a: Any, mask: Any, axis: Axis, keepdims: bool) -> Any:
    """The mean of what a mask lets through; NaN of nothing."""
    a = masked(as_floats(a), mask, 0)
    total = r.sum(a, axis=axis, keepdims=keepdims)
    return e.div(total, _counted(a, mask, axis, keepdims))


def _counted(a: Any, mask: Any, axis: Axis, keepdims: bool) -> Any:
    """How many elements a mask lets through, in the dtype of ``a``."""
    ones = s.broadcast_to(s.astype(mask, dtype=a.dtype), shape=a.shape)
    return r.sum(ones, axis=axis, keepdims=keepdims)


def var(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = MISSING,
    correction: Any = MISSING,
) -> Any:
    """See `numpy.var`."""
    ddof = _ddof("var", ddof, correction)
    a = in_floats("var", a, dtype)
    if not _hides(where) and not _given(mean) and a.dtype.kind != "c":
        return r.var(a, axis=axis, correction=ddof, keepdims=bool(keepdims))
    return spread_of(a, where, mean, axis, ddof, bool(keepdims))


def std(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = MISSING,
    correction: Any = MISSING,
) -> Any:
    """See `numpy.std`; its gradient is 0 where it is 0, as in PyTorch."""
    ddof = _ddof("std", ddof, correction)
    a = in_floats("std", a, dtype)
    if not _hides(where) and not _given(mean) and a.dtype.kind != "c":
        return r.std(a, axis=axis, correction=ddof, keepdims=bool(keepdims))
    return root(spread_of(a, where, mean, axis, ddof, bool(keepdims)))


def _ddof(name: str, ddof: Any, correction: Any) -> float:
    if correction is MISSING:
        return float(ddof)
    if ddof != 0:
        raise ValueError(f"{name}: ddof and correction are the same thing")
    return float(correction)


def root(x: Any) -> Any:
    """The square root; its gradient is 0 at 0."""
    flat = e.equal(x, 0)
    return e.where(flat, 0, e.sqrt(e.where(flat, 1, x)))


def spread_of(
    a: Any, where: Any, centre: Any, axis: Axis, ddof: float, keepdims: bool
) -> Any:
    """Variance of what a mask lets through, about its mean or about ``centre``."""
    a = as_floats(a)
    mask = operand(where) if _hides(where) else None
    if mask is not None:
        a = masked(a, mask, 0)  # what is masked may be NaN
    if _given(centre):
        centre = operand(centre)
    elif mask is None:
        centre = r.mean(a, axis=axis, keepdims=True)
    else:
        centre = _mean_of(a, mask, axis, True)
    squares = masked(_modulus_squared(masked(e.sub(a, centre), mask, 0)), mask, 0)
    total = r.sum(squares, axis=axis, keepdims=keepdims)
    if mask is None:
        return e.div(total, float(np.maximum(r.count(a, axis) - ddof, 0)))
    n = e.sub(_counted(squares, mask, axis, keepdims), ddof)
    return e.div(total, e.maximum(n, 0))


def _modulus_squared(x: Any) -> Any:
    if x.dtype.kind != "c":
        return e.square(x)
    return e.add(e.square(z.real(x)), e.square(z.imag(x)))


# Extremes --------------------------------------------------------------------------


def max(
    a: Any,
    axis: Axis = None,
    keepdims: Any = False,
    initial: Any = MISSING,
    where: Any = True,
) -> Any:
    """See `numpy.max`; ties share the gradient."""
    return _extreme(r.max, e.maximum, a, axis, bool(keepdims), initial, where)


def min(
    a: Any,
    axis: Axis = None,
    keepdims: Any = False,
    initial: Any = MISSING,
    where: Any = True,
) -> Any:
    """See `numpy.min`; ties share the gradient."""
    return _extreme(r.min, e.minimum, a, axis, bool(keepdims), initial, where)


amax, amin = max, min


def _extreme(
    op: Any, of_two: Any, a: Any, axis: Axis, keepdims: bool, initial: Any, where: Any
) -> Any:
    a = operand(a)
    if not _given(initial):
        if _hides(where):
            raise ValueError(
                f"{op.name}: of nothing it has no value; where= needs initial="
            )
        return op(a, axis=axis, keepdims=keepdims)
    initial = _first(initial, a.dtype)
    a = masked(a, where, initial)
    if r.count(a, axis):
        return of_two(op(a, axis=axis, keepdims=keepdims), initial)
    axes = normalize(axis, len(a.shape))
    shape = reduced_shape(tuple(a.shape), axes, keepdims)
    return e.add(s.full_like(a, fill_value=0, shape=shape), initial)


def argmax(a: Any, axis: int | None = None, *, keepdims: Any = False) -> Any:
    """See `numpy.argmax`; no gradient."""
    return r.argmax(operand(a), axis=axis, keepdims=bool(keepdims))


def ptp(a: Any, axis: Axis = None, keepdims: Any = False) -> Any:
    """See `numpy.ptp`: the greatest less the least."""
    a, keepdims = operand(a), bool(keepdims)
    high = r.max(a, axis=axis, keepdims=keepdims)
    return e.sub(high, r.min(a, axis=axis, keepdims=keepdims))


# Truth -----------------------------------------------------------------------------


def any(a: Any, axis: Axis = None, keepdims: Any = False, *, where: Any = True) -> Any:
    """See `numpy.any`; bool, no gradient."""
    a = masked(_truth(a, where), where, False)
    return r.any(a, axis=axis, keepdims=bool(keepdims))


def all(a: Any, axis: Axis = None, keepdims: Any = False, *, where: Any = True) -> Any:
    """See `numpy.all`; bool, no gradient."""
    a = masked(_truth(a, where), where, True)
    return r.all(a, axis=axis, keepdims=bool(keepdims))


def _truth(a: Any, where: Any) -> Any:
    a = operand(a)
    return e.not_equal(a, 0) if _hides(where) else a
