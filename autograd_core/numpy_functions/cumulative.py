"""Running sums and products: see `numpy_functions`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.numpy_functions.arguments import operand
from autograd_core.numpy_functions.nan_reductions import without_nan
from autograd_core.numpy_functions.reductions import in_dtype
from autograd_core.numpy_functions.shapes import ravel
from autograd_core.ops import cumulative as c
from autograd_core.ops import shape as s
from autograd_core.ops.folding import single


def cumsum(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """See `numpy.cumsum`."""
    return _running(c.cumsum, operand(a), axis, dtype)


def cumprod(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """See `numpy.cumprod`; its gradient is right where factors are 0."""
    return _running(c.cumprod, operand(a), axis, dtype)


def nancumsum(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """See `numpy.nancumsum`."""
    return _running(c.cumsum, without_nan(a, 0), axis, dtype)


def nancumprod(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """See `numpy.nancumprod`."""
    return _running(c.cumprod, without_nan(a, 1), axis, dtype)


def _running(op: Any, a: Any, axis: Any, dtype: Any) -> Any:
    a = in_dtype(a, None if dtype is None else s.native(dtype))
    if axis is None:
        a, axis = ravel(a), 0
    elif not len(a.shape):
        a = ravel(a)
    return op(a, axis=single(axis, len(a.shape)))


def cumulative_sum(
    x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: Any = False
) -> Any:
    """See `numpy.cumulative_sum`."""
    return _standard(c.cumsum, x, axis, dtype, 0 if include_initial else None)


def cumulative_prod(
    x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: Any = False
) -> Any:
    """See `numpy.cumulative_prod`."""
    return _standard(c.cumprod, x, axis, dtype, 1 if include_initial else None)


def _standard(op: Any, x: Any, axis: Any, dtype: Any, initial: int | None) -> Any:
    x = operand(x)
    if axis is None:
        if len(x.shape) > 1:
            raise ValueError(f"{op.name}: which axis of shape {tuple(x.shape)}?")
        axis = 0
    if not len(x.shape):
        x = ravel(x)
    axis = single(axis, len(x.shape))
    out = _running(op, x, axis, dtype)
    if initial is None:
        return out
    first = tuple(1 if i == axis else n for i, n in enumerate(out.shape))
    ones = np.full(first, initial, out.dtype)
    return s.concatenate(ones, out, axis=axis)
