"""Arrays made like others: see `numpy_functions`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.hooks import recorder
from autograd_core.launch import constant
from autograd_core.numpy_functions.arguments import is_number, operand, weak
from autograd_core.numpy_functions.joining import concatenate
from autograd_core.numpy_functions.shapes import (
    broadcast_arrays,
    expand_dims,
    moveaxis,
)
from autograd_core.ops import elementwise as e
from autograd_core.ops import power
from autograd_core.ops import shape as s
from autograd_core.ops.folding import whole
from autograd_core.tape import TensorBase


def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: Any = True,
    shape: Any = None,
) -> Any:
    """See `numpy.full_like`; differentiated in ``fill_value``, if that is a Tensor."""
    a = operand(a)
    if isinstance(fill_value, int | float):
        return s.full_like(a, fill_value=fill_value, dtype=dtype, shape=shape)
    value = operand(fill_value)
    value = s.broadcast_to(value, shape=a.shape if shape is None else shape)
    return s.astype(value, dtype=s.native(a.dtype if dtype is None else dtype))


def zeros_like(
    a: Any, dtype: Any = None, order: Any = "K", subok: Any = True, shape: Any = None
) -> Any:
    """See `numpy.zeros_like`."""
    return s.full_like(operand(a), fill_value=0, dtype=dtype, shape=shape)


def ones_like(
    a: Any, dtype: Any = None, order: Any = "K", subok: Any = True, shape: Any = None
) -> Any:
    """See `numpy.ones_like`."""
    return s.full_like(operand(a), fill_value=1, dtype=dtype, shape=shape)


def empty_like(
    prototype: Any,
    /,
    dtype: Any = None,
    order: Any = "K",
    subok: Any = True,
    shape: Any = None,
) -> Any:
    """See `numpy.empty_like`; the values are zeros."""
    return s.full_like(operand(prototype), fill_value=0, dtype=dtype, shape=shape)


def _ends(start: Any, stop: Any, least: Any = np.float32) -> list[Any]:
    """The two in one shape and one dtype of floats."""
    ends = [weak(x) for x in (start, stop)]
    dtype = np.result_type(*(x if is_number(x) else x.dtype for x in ends), 0.0)
    dtype = np.promote_types(dtype, least)
    ends = [np.asarray(x, dtype) if is_number(x) else x for x in ends]
    ends = [x if x.dtype == dtype else s.astype(x, dtype=dtype) for x in ends]
    return list(broadcast_arrays(*ends))


def _samples(num: Any) -> int:
    if (num := whole(num)) < 0:
        raise ValueError(f"a number of samples must not be negative, got {num}")
    return num


def _with_ends(samples: Any, first: Any, last: Any) -> Any:
    """The samples with these in the place of the first and the last, if not None."""
    head, tail = ([] if x is None else [expand_dims(x, 0)] for x in (first, last))
    n = samples.shape[0]
    inner = s.getitem(samples, index=slice(len(head), n - len(tail)))
    return concatenate([*head, inner, *tail])


def _placed(samples: Any, axis: Any, dtype: Any) -> Any:
    """Along ``axis`` and in ``dtype``."""
    samples = moveaxis(samples, 0, axis) if axis else samples
    same = dtype is None or samples.dtype == dtype
    return samples if same else s.astype(samples, dtype=dtype)


def _floor(x: Any, dtype: Any) -> Any:
    """The integers next to ``x`` and not above it."""
    cut = s.astype(x, dtype=dtype)
    return e.sub(cut, s.astype(e.greater(cut, x), dtype=dtype))


def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: Any = True,
    retstep: Any = False,
    dtype: Any = None,
    axis: Any = 0,
) -> Any:
    """See `numpy.linspace`; differentiated in ``start`` and ``stop``."""
    num, (start, stop) = _samples(num), _ends(start, stop)
    delta, parts = e.sub(stop, start), num - 1 if endpoint else num
    steps = np.arange(num).reshape(-1, *(1,) * len(delta.shape))
    step = e.div(delta, float(parts)) if parts > 0 else delta
    out = e.add(e.mul(constant(steps, delta.dtype), step), start)
    if endpoint and num > 1:
        out = _with_ends(out, None, stop)
    if dtype is not None and np.dtype(dtype).kind in "iu":
        out = _floor(out, dtype)
    out = _placed(out, axis, dtype)
    return (out, step if parts > 0 else e.mul(step, math.nan)) if retstep else out


def logspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: Any = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: Any = 0,
) -> Any:
    """See `numpy.logspace`; differentiated in ``start``, ``stop`` and ``base``."""
    num, base = _samples(num), weak(base)
    if not is_number(base) and base.shape:
        start, stop, base = broadcast_arrays(start, stop, base)
        base = expand_dims(base, 0)
    return _placed(power.pow(base, linspace(start, stop, num, endpoint)), axis, dtype)


def geomspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: Any = True,
    dtype: Any = None,
    axis: Any = 0,
) -> Any:
    """See `numpy.geomspace`; differentiated in ``start`` and ``stop``; in float64."""
    num, (start, stop) = _samples(num), _ends(operand(start), operand(stop), "f8")
    one = constant(1, start.dtype)
    sign = e.where(e.less(start, 0.0), e.neg(one), one)
    low, high = (e.log(_not_zero(e.mul(x, sign))) for x in (start, stop))
    out = e.mul(e.exp(linspace(low, high, num, endpoint)), sign)
    if num > 0:
        out = _with_ends(out, start, stop if endpoint and num > 1 else None)
    return _placed(out, axis, dtype)


def _not_zero(x: Any) -> Any:
    values = x._data if isinstance(x, TensorBase) else x
    if recorder() is None and np.any(values == 0):
        raise ValueError("geomspace: a geometric sequence cannot include zero")
    return x


def vander(x: Any, N: Any = None, increasing: Any = False) -> Any:  # noqa: N803
    """See `numpy.vander`."""
    x = operand(x)
    if len(x.shape) != 1:
        raise ValueError(f"vander: expected one axis, got shape {tuple(x.shape)}")
    if x.dtype.kind == "b":
        x = s.astype(x, dtype=int)
    powers = np.arange(x.shape[0] if N is None else whole(N))
    powers = constant(powers if increasing else powers[::-1], x.dtype)
    return power.pow(expand_dims(x, 1), powers)
