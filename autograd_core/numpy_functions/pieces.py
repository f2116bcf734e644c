"""Functions given by pieces: see `numpy_functions`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.launch import host
from autograd_core.numpy_functions.arguments import (
    bare,
    check_cast,
    operand,
    plain,
    weak,
)
from autograd_core.numpy_functions.indexing import take
from autograd_core.numpy_functions.joining import concatenate
from autograd_core.ops import elementwise as e
from autograd_core.ops import logic
from autograd_core.ops import rounding as r
from autograd_core.ops import shape as s


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """See `numpy.select`."""
    if len(condlist) != len(choicelist):
        raise ValueError("select: list of cases must be same length as list of choices")
    if len(condlist) == 0:
        raise ValueError("select: is not possible with an empty condition list")
    conditions = [operand(one) for one in condlist]
    for i, one in enumerate(conditions):
        if one.dtype != bool:
            raise TypeError(f"select: entry {i} of condlist is {one.dtype}, not bool")
    choices = [weak(one) for one in (*choicelist, default)]
    dtype = np.result_type(*[getattr(one, "dtype", one) for one in choices])
    out = choices.pop()
    for condition, choice in zip(conditions[::-1], choices[::-1], strict=True):
        out = e.where(condition, choice, out)
    return out if out.dtype == dtype else s.astype(out, dtype=dtype)


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """See `numpy.piecewise`: each function is given the part of ``x`` that is its own.

    Where conditions overlap, the last one counts, and so does its gradient.
    """
    x = operand(x)
    masks = _masks(x, bare(condlist))
    if len(masks) == len(funclist) - 1:
        masks = np.concatenate([masks, ~np.any(masks, axis=0, keepdims=True)])
    elif len(masks) != len(funclist):
        raise ValueError(
            f"piecewise: with {len(masks)} condition(s), either {len(masks)} or "
            f"{len(masks) + 1} functions are expected, got {len(funclist)}"
        )
    total = s.full_like(x, fill_value=0)
    left = np.ones(x.shape, bool)
    for mask, function in zip(masks[::-1], funclist[::-1], strict=True):
        own, left = mask & left, left & ~mask
        if own.any():
            total = e.add(total, _piece(x, own, function, args, kw))
    return total


def _masks(x: Any, given: Any) -> Any:
    """The conditions of `numpy.piecewise` as masks in the shape of ``x``."""
    if np.isscalar(given):
        given = [given]
    if not isinstance(given, list | tuple | np.ndarray):
        kind = type(given).__name__
        raise TypeError(f"piecewise: expected a list of conditions, got {kind}")
    if not isinstance(given[0], list | np.ndarray) and x.ndim != 0:
        given = [given]  # one condition, which stands for a list of it
    masks = np.asarray(given, bool)
    return np.broadcast_to(masks, (len(masks), *x.shape))


def _piece(x: Any, mask: Any, function: Any, args: Any, kw: Any) -> Any:
    """What ``function`` makes of ``x[mask]``, in its place, and 0 elsewhere."""
    part = s.getitem(x, index=mask)
    out = operand(function(part, *args, **kw) if callable(function) else function)
    out = s.astype(s.broadcast_to(out, shape=part.shape), dtype=x.dtype)
    return s.scatter(out, index=mask, shape=x.shape)


# Interpolation -----------------------------------------------------------------------


def interp(
    x: Any,
    xp: Any,
    fp: Any,
    left: Any = None,
    right: Any = None,
    period: Any = None,
) -> Any:
    """See `numpy.interp`; differentiated in ``x``, ``xp`` and ``fp``.

    At a point of ``xp`` the slope is that of the piece to the right.
    """
    x, xp = operand(x), operand(xp)
    check_cast((x, xp), np.float64, "safe")
    x, xp = (s.astype(one, dtype=np.float64) for one in (x, xp))
    fp = operand(fp)
    wide = np.complex128 if fp.dtype.kind == "c" else np.float64
    fp = s.astype(fp, dtype=wide)
    if xp.ndim != 1 or fp.ndim != 1 or xp.shape != fp.shape:
        raise ValueError(
            f"interp: expected 1-D xp and fp of one length, got {xp.shape}, {fp.shape}"
        )
    if not xp.size:
        raise ValueError("interp: array of sample points is empty")
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, period)
        left = right = None
    return _interpolated(x, xp, fp, left, right)


def _periodic(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    if period == 0:
        raise ValueError("interp: period must be a non-zero value")
    period = e.abs(operand(period))
    x, xp = r.remainder(x, period), r.remainder(xp, period)
    order = host(np.argsort, plain(xp))
    xp, fp = take(xp, order), take(fp, order)
    ends = e.sub(xp[-1:], period), e.add(xp[:1], period)
    return (
        x,
        concatenate((ends[0], xp, ends[1])),
        concatenate((fp[-1:], fp, fp[:1])),
    )


def _interpolated(x: Any, xp: Any, fp: Any, left: Any, right: Any) -> Any:
    """Straight lines between points, in NumPy's own steps."""
    below, above = e.less(x, xp[0]), e.greater(x, xp[-1])
    at, piece, end = (host(_place, plain(x), plain(xp), i) for i in range(3))
    run = e.sub(take(xp, end), take(xp, piece))
    rise = e.sub(take(fp, end), take(fp, piece))
    slope = e.div(rise, e.where(e.equal(run, 0.0), 1.0, run))
    start = take(xp, at)
    inside = e.where(logic.logical_or(below, above), start, x)
    out = e.add(e.mul(slope, e.sub(inside, start)), take(fp, at))
    out = e.where(below, fp[0] if left is None else weak(left), out)
    return e.where(above, fp[-1] if right is None else weak(right), out)


def _place(x: Any, xp: Any, which: int) -> Any:
    """The last point not beyond x; or the start, or the end, of the piece of x."""
    at = np.clip(np.searchsorted(xp, x, "right") - 1, 0, None)
    start = np.minimum(at, max(len(xp) - 2, 0))
    return (at, start, np.minimum(start + 1, len(xp) - 1))[which]
