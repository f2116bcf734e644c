"""Averages, order statistics and covariances: see `numpy_functions`."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core.numpy_functions import reductions as n
from autograd_core.numpy_functions.arguments import bare, operand
from autograd_core.numpy_functions.elements import clip
from autograd_core.numpy_functions.shapes import ravel
from autograd_core.ops import complexes as z
from autograd_core.ops import elementwise as e
from autograd_core.ops import matmul as mm
from autograd_core.ops import order as o
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.ops.folding import Axis, normalize, reduced_shape, single
from autograd_core.tape import TensorBase, check_kept


def average(
    a: Any,
    axis: Axis = None,
    weights: Any = None,
    returned: Any = False,
    *,
    keepdims: Any = False,
) -> Any:
    """See `numpy.average`; differentiated in the weights too."""
    a, keepdims = n.as_floats(operand(a)), bool(keepdims)
    if weights is None:
        out = r.mean(a, axis=axis, keepdims=keepdims)
        total: Any = np.asarray(float(r.count(a, axis)), out.dtype)
    else:
        weights = operand(weights)
        weights = n.astype(weights, np.result_type(a.dtype, weights.dtype))
        weights = _weights(a, weights, axis)
        total = r.sum(weights, axis=axis, keepdims=keepdims)
        if isinstance(total, np.ndarray) and not total.all():
            raise ZeroDivisionError("average: the weights sum to 0")
        out = e.div(r.sum(e.mul(a, weights), axis=axis, keepdims=keepdims), total)
    if not returned:
        return out
    return out, n.astype(e.add(s.full_like(out, fill_value=0), total), out.dtype)


def _weights(a: Any, weights: Any, axis: Axis) -> Any:
    """Weights in the shape of ``a``; they may have only the axes averaged over."""
    shape = tuple(a.shape)
    if weights.shape != shape:
        if axis is None:
            raise TypeError("average: which axis, if shapes of a and weights differ?")
        given = axis if isinstance(axis, tuple) else (axis,)
        axes = [single(one, len(shape)) for one in given]
        if tuple(weights.shape) != tuple(shape[i] for i in axes):
            raise ValueError(
                f"average: weights of shape {tuple(weights.shape)} do not fit axes "
                f"{axis} of shape {shape}"
            )
        weights = s.transpose(weights, axes=tuple(np.argsort(axes).tolist()))
        wide = tuple(m if i in axes else 1 for i, m in enumerate(shape))
        weights = s.broadcast_to(s.reshape(weights, shape=wide), shape=shape)
    return weights


# Order -----------------------------------------------------------------------------


def median(a: Any, axis: Axis = None, keepdims: Any = False) -> Any:
    """See `numpy.median`; the gradient goes to the one or two in the middle."""
    return _quantile("median", n.as_floats(operand(a)), 0.5, axis, "linear", keepdims)


def nanmedian(a: Any, axis: Axis = None, keepdims: Any = False) -> Any:
    """See `numpy.nanmedian`."""
    a = n.as_floats(operand(a))
    return _quantile("nanmedian", a, 0.5, axis, "linear", keepdims, skip=True)


def quantile(
    a: Any, q: Any, axis: Axis = None, method: Any = "linear", keepdims: Any = False
) -> Any:
    """See `numpy.quantile`; the gradient goes to the values that it lies between."""
    return _quantile("quantile", a, q, axis, method, keepdims)


def nanquantile(
    a: Any, q: Any, axis: Axis = None, method: Any = "linear", keepdims: Any = False
) -> Any:
    """See `numpy.nanquantile`."""
    return _quantile("nanquantile", a, q, axis, method, keepdims, skip=True)


def percentile(
    a: Any, q: Any, axis: Axis = None, method: Any = "linear", keepdims: Any = False
) -> Any:
    """See `numpy.percentile`."""
    return _quantile("percentile", a, q, axis, method, keepdims, 100)


def nanpercentile(
    a: Any, q: Any, axis: Axis = None, method: Any = "linear", keepdims: Any = False
) -> Any:
    """See `numpy.nanpercentile`."""
    return _quantile("nanpercentile", a, q, axis, method, keepdims, 100, True)


def _quantile(
    name: str,
    a: Any,
    q: Any,
    axis: Axis,
    method: str,
    keepdims: Any,
    of: int = 1,
    skip: bool = False,
) -> Any:
    """Quantiles over ``axis`` at ``q / of``; with ``skip`` of what is no NaN."""
    if isinstance(q, TensorBase):
        check_kept(q, f"np.{name} in q")
    a = operand(a)
    dtype = _quantile_dtype(a.dtype, bare(q), of, method)
    q = np.asarray(bare(q), np.float64) / of
    a = n.as_floats(a)
    axes = normalize(axis, len(a.shape))
    shape = (*q.shape, *reduced_shape(tuple(a.shape), axes, bool(keepdims)))
    if not r.count(a, axis):
        if name in ("quantile", "percentile"):
            raise ValueError(f"{name}: nothing along axis {axis} of shape {a.shape}")
        return s.full_like(a, fill_value=np.nan, shape=shape)
    kept = tuple(i for i in range(len(a.shape)) if i not in axes)
    rows = s.transpose(a, axes=(*kept, *axes))
    rows = s.reshape(rows, shape=(*rows.shape[: len(kept)], r.count(a, axis)))
    rows = o.gather(rows, o.order(rows))
    found = (_of_known if skip else _of_all)(rows, tuple(q.ravel().tolist()), method)
    found = s.transpose(found, axes=(len(kept), *range(len(kept))))
    return n.astype(s.reshape(found, shape=shape), dtype)


def _quantile_dtype(dtype: Any, q: Any, of: int, method: str) -> Any:
    """What NumPy makes of a dtype: an array of q is not weak, and some only choose."""
    if isinstance(q, int | float) and not isinstance(q, np.generic):
        return _chosen_dtype(dtype, None, method)
    kind = np.asarray(q).dtype
    return _chosen_dtype(
        dtype, kind if of == 1 else np.result_type(kind, np.float32), method
    )


@lru_cache(256)
def _chosen_dtype(dtype: Any, kind: Any, method: str) -> Any:
    q: Any = 0.5 if kind is None else np.zeros(1, kind)
    return np.quantile(np.zeros(2, dtype), q, method=method).dtype  # type: ignore[call-overload]


def _of_all(rows: Any, q: tuple[float, ...], method: str) -> Any:
    """Quantiles of sorted rows, in a new last axis; NaN of a row that has one."""
    places = o.quantiles_of_whole(rows.shape[-1], q, method)
    low = np.floor(places).astype(np.intp)
    high = np.minimum(low + 1, rows.shape[-1] - 1)
    below, above = (s.getitem(rows, index=(..., i)) for i in (low, high))
    found = _between(below, above, (places - low).astype(rows.dtype))
    last = s.getitem(rows, index=(..., slice(-1, None)))
    return e.where(e.equal(last, last), found, last)


def _of_known(rows: Any, q: tuple[float, ...], method: str) -> Any:
    """Quantiles of what is no NaN in sorted rows, where that comes last."""
    counts = r.sum(e.equal(rows, rows), axis=-1)
    places = o.quantile_places(counts, q=q, method=method)
    low = s.astype(places, dtype=np.intp)
    fraction = s.astype(e.sub(places, low), dtype=rows.dtype)
    last = e.sub(s.reshape(counts, shape=(*counts.shape, 1)), 1)
    high = e.maximum(e.minimum(e.add(low, 1), last), 0)
    return _between(o.gather(rows, low), o.gather(rows, high), fraction)


def _between(below: Any, above: Any, fraction: Any) -> Any:
    """A part of the way from one to the other; of the way back for the farther half."""
    way = e.where(e.equal(below, above), 0, e.sub(above, below))
    ahead = e.add(below, e.mul(way, fraction))
    back = e.sub(above, e.mul(way, e.sub(1, fraction)))
    return e.where(e.less(fraction, 0.5), ahead, back)


# Covariance ------------------------------------------------------------------------


def cov(
    m: Any,
    y: Any = None,
    rowvar: Any = True,
    bias: Any = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """See `numpy.cov`; differentiated in ``aweights`` too."""
    if ddof is not None and ddof != int(ddof):
        raise ValueError("cov: ddof must be an integer")
    ddof = int(not bias) if ddof is None else ddof
    x = _variables(m, y, rowvar)
    usual = np.result_type(x.dtype, np.float64)
    x = n.in_floats("cov", x, usual if dtype is None else dtype)
    if not x.shape[0]:
        return s.reshape(x, shape=(0, 0))
    weights = _observed(fweights, aweights, x.shape[1])
    if weights is None:
        x = e.sub(x, r.mean(x, axis=1, keepdims=True))
        return _without_ones(
            e.div(mm.matmul(x, _adjoint(x)), float(max(x.shape[1] - ddof, 0)))
        )
    total = r.sum(weights)
    x = e.sub(x, e.div(r.sum(e.mul(x, weights), axis=1, keepdims=True), total))
    if ddof and aweights is not None:
        squares = r.sum(e.mul(weights, operand(aweights)))
        factor = e.sub(total, e.div(e.mul(squares, ddof), total))
    else:
        factor = e.sub(total, ddof)
    product = mm.matmul(x, _adjoint(e.mul(x, weights)))
    return _without_ones(e.div(product, e.maximum(factor, 0)))


def _adjoint(x: Any) -> Any:
    x = s.transpose(x)
    return z.conj(x) if x.dtype.kind == "c" else x


def _variables(m: Any, y: Any, rowvar: Any) -> Any:
    """What is observed, a row for each variable."""
    parts = [_row(operand(x), rowvar) for x in (m, y) if x is not None]
    return s.concatenate(*parts, axis=0) if len(parts) > 1 else parts[0]


def _row(x: Any, rowvar: Any) -> Any:
    if len(x.shape) > 2:
        raise ValueError(f"cov: expected at most two axes, got shape {tuple(x.shape)}")
    if len(x.shape) < 2:
        return s.reshape(x, shape=(1, math.prod(x.shape)))
    return x if rowvar or x.shape[0] == 1 else s.transpose(x)


def _observed(fweights: Any, aweights: Any, count: int) -> Any:
    """The weight of each observation, None if there is none."""
    given = [operand(w) for w in (fweights, aweights) if w is not None]
    for w in given:
        if tuple(w.shape) != (count,):
            raise ValueError(
                f"cov: weights of shape {tuple(w.shape)} for {count} observations"
            )
    if fweights is not None and given[0].dtype.kind not in "iu":
        raise TypeError("cov: fweights must be integers; aweights may be any numbers")
    return math.prod(given[1:], start=given[0]) if given else None


def _without_ones(x: Any) -> Any:
    return s.reshape(x, shape=tuple(m for m in x.shape if m != 1))


def corrcoef(x: Any, y: Any = None, rowvar: Any = True, *, dtype: Any = None) -> Any:
    """See `numpy.corrcoef`."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not len(c.shape):
        return e.div(c, c)
    deviations = e.sqrt(ravel(_diagonal(c)))
    c = e.div(e.div(c, s.reshape(deviations, shape=(-1, 1))), deviations)
    return clip(c, -1, 1)


def _diagonal(c: Any) -> Any:
    size = c.shape[0]
    return s.getitem(ravel(c), index=slice(None, None, size + 1))
