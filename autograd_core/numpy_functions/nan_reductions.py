"""Reductions that pass over NaN: see `numpy_functions`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.numpy_functions import reductions as n
from autograd_core.numpy_functions.arguments import MISSING, operand, weak
from autograd_core.ops import elementwise as e
from autograd_core.ops import reduce as r
from autograd_core.ops.folding import Axis


def known(a: Any, where: Any = True) -> Any:
    """Where ``a``, an operand, is no NaN, and ``where`` holds."""
    mask = e.equal(a, a)
    return mask if where is True else e.where(operand(where), mask, False)


def without_nan(a: Any, fill: Any) -> Any:
    """An operand with ``fill`` in the place of NaN."""
    a = operand(a)
    return e.where(known(a), a, fill) if a.dtype.kind not in "biu" else a


def nansum(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    keepdims: Any = False,
    initial: Any = MISSING,
    where: Any = True,
) -> Any:
    """See `numpy.nansum`."""
    return n.sum(without_nan(a, 0), axis, dtype, keepdims, initial, where)


def nanprod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    keepdims: Any = False,
    initial: Any = MISSING,
    where: Any = True,
) -> Any:
    """See `numpy.nanprod`."""
    return n.prod(without_nan(a, 1), axis, dtype, keepdims, initial, where)


def nanmean(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    keepdims: Any = False,
    *,
    where: Any = True,
) -> Any:
    """See `numpy.nanmean`; NaN of nothing."""
    a = n.in_floats("nanmean", a, dtype)
    return n.mean(a, axis, None, keepdims, where=known(a, where))


def nanvar(
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
    """See `numpy.nanvar`; NaN of too few."""
    a = n.in_floats("nanvar", a, dtype)
    mask = known(a, where)
    options = {"where": mask, "mean": mean, "correction": correction}
    out = n.var(a, axis, None, ddof, keepdims, **options)
    ddof = ddof if correction is MISSING else correction
    many = e.greater(r.sum(mask, axis=axis, keepdims=bool(keepdims)), ddof)
    return e.where(many, out, np.nan)


def nanstd(
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
    """See `numpy.nanstd`; its gradient is 0 where it is 0."""
    options = {"where": where, "mean": mean, "correction": correction}
    return n.root(nanvar(a, axis, dtype, ddof, keepdims, **options))


def nanmax(
    a: Any,
    axis: Axis = None,
    keepdims: Any = False,
    initial: Any = MISSING,
    where: Any = True,
) -> Any:
    """See `numpy.nanmax`; ties share the gradient."""
    return _extreme(n.max, -np.inf, a, axis, keepdims, initial, where)


def nanmin(
    a: Any,
    axis: Axis = None,
    keepdims: Any = False,
    initial: Any = MISSING,
    where: Any = True,
) -> Any:
    """See `numpy.nanmin`; ties share the gradient."""
    return _extreme(n.min, np.inf, a, axis, keepdims, initial, where)


def _extreme(
    plain: Any, fill: float, a: Any, axis: Axis, keepdims: Any, initial: Any, where: Any
) -> Any:
    """The extreme of what is no NaN; NaN where all is, unless there is an initial."""
    a = operand(a)
    if a.dtype.kind in "biu":
        return plain(a, axis, keepdims, initial, where)
    if initial is not MISSING and initial is not None:
        initial = weak(initial)
        return plain(a, axis, keepdims, initial, known(a, where))
    out = plain(without_nan(a, fill), axis, keepdims, initial, where)
    some = r.any(known(a), axis=axis, keepdims=bool(keepdims))
    return e.where(some, out, np.nan)
