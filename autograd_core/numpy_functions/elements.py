"""Functions of elements, one by one: see `numpy_functions`."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from autograd_core.numpy_functions.arguments import MISSING, bare, operand, weak
from autograd_core.numpy_functions.questions import isneginf, isposinf
from autograd_core.numpy_functions.shapes import copy
from autograd_core.ops import complexes as cx
from autograd_core.ops import elementwise as e
from autograd_core.ops import exponential as ex
from autograd_core.ops import power
from autograd_core.ops import rounding as r
from autograd_core.ops import shape as s
from autograd_core.ops import trigonometric as t


def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    """See `numpy.where`; of a condition alone, where it holds."""
    if x is None and y is None:
        return np.nonzero(bare(condition))
    if x is None or y is None:
        raise ValueError("where: either both or neither of x and y should be given")
    return e.where(operand(condition), weak(x), weak(y))


def clip(
    a: Any,
    a_min: Any = MISSING,
    a_max: Any = MISSING,
    *,
    min: Any = MISSING,
    max: Any = MISSING,
) -> Any:
    """See `numpy.clip`, whose bounds have two pairs of names."""
    old, new = (
        [bound is not MISSING for bound in pair]
        for pair in ((a_min, a_max), (min, max))
    )
    if any(old) and not all(old):
        raise TypeError("clip: a_min and a_max go together; None is no bound")
    if any(old) and any(new):
        raise ValueError("clip: min and max are for where a_min and a_max are not")
    bounds = (a_min, a_max) if any(old) else (min, max)
    return _between(a, *(None if bound is MISSING else bound for bound in bounds))


def _between(a: Any, low: Any = None, high: Any = None) -> Any:
    """``a`` held between bounds, None for no bound; NaN stays, the gradient is 0 there.

    A bound that is a Tensor has the gradient that ``a`` does not. A NaN bound gives
    NaN.
    """
    a = operand(a)
    if low is None and high is None:
        return copy(a)
    if low is not None:
        a = _bounded(a, low, e.less_equal, e.greater)
    if high is not None:
        a = _bounded(a, high, e.greater_equal, e.less)
    return a


def _bounded(a: Any, bound: Any, beyond: Any, within: Any) -> Any:
    if isinstance(bound, int | float) and bound == bound:
        return e.where(beyond(a, bound), bound, a)
    bound = weak(bound)
    return e.where(within(a, bound), a, e.where(e.equal(a, a), bound, a))


# Rounding and remainders -------------------------------------------------------------


def round(a: Any, decimals: Any = 0) -> Any:
    """See `numpy.round`; the gradient is 0."""
    return r.round(operand(a), decimals=index(decimals))


def around(a: Any, decimals: Any = 0) -> Any:
    """See `numpy.around`; the gradient is 0."""
    return round(a, decimals)


def fix(x: Any) -> Any:
    """See `numpy.fix`; the gradient is 0."""
    return r.trunc(operand(x))


def divmod(x1: Any, x2: Any) -> tuple[Any, Any]:
    """See `numpy.divmod`."""
    return r.floor_divide(x1, x2), r.remainder(x1, x2)


def modf(x: Any) -> tuple[Any, Any]:
    """See `numpy.modf`; the gradient of the whole part is 0."""
    x = _inexact(x)
    return r.fraction(x), r.trunc(x)


def frexp(x: Any) -> tuple[Any, Any]:
    """See `numpy.frexp`; the gradient of the exponent is 0."""
    x = _inexact(x)
    exponent = r.exponent(x)
    return r.ldexp(x, e.neg(exponent)), exponent


def _inexact(x: Any) -> Any:
    x = operand(x)
    return s.astype(x, dtype=np.float64) if x.dtype.kind in "biu" else x


def nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """See `numpy.nan_to_num`; the gradient is 0 where a value is replaced."""
    x = operand(x)
    if x.dtype.kind in "biu":
        return copy(x)
    if x.dtype.kind == "c":
        parts = [_replaced(p, nan, posinf, neginf) for p in (cx.real(x), cx.imag(x))]
        return e.add(parts[0], e.mul(parts[1], 1j))
    return _replaced(x, nan, posinf, neginf)


def _replaced(x: Any, nan: Any, high: Any, low: Any) -> Any:
    largest = float(np.finfo(x.dtype).max)
    out = e.where(e.not_equal(x, x), weak(nan), x)
    out = e.where(isposinf(x), largest if high is None else weak(high), out)
    out = e.where(isneginf(x), -largest if low is None else weak(low), out)
    return out if out.dtype == x.dtype else s.astype(out, dtype=x.dtype)


# Powers and angles -------------------------------------------------------------------


def float_power(x1: Any, x2: Any) -> Any:
    """See `numpy.float_power`, which computes in float64 or complex128."""
    x1, x2 = operand(x1), operand(x2)
    wide = np.complex128 if "c" in (x1.dtype.kind, x2.dtype.kind) else np.float64
    return power.pow(s.astype(x1, dtype=wide), s.astype(x2, dtype=wide))


def sinc(x: Any) -> Any:
    """See `numpy.sinc`."""
    return t.sinc(operand(x))


def i0(x: Any) -> Any:
    """See `numpy.i0`."""
    return ex.i0(operand(x))


def radians(x: Any) -> Any:
    """See `numpy.radians`."""
    return t.deg2rad(x)


def degrees(x: Any) -> Any:
    """See `numpy.degrees`."""
    return t.rad2deg(x)


def unwrap(
    p: Any, discont: Any = None, axis: Any = -1, *, period: Any = 2 * np.pi
) -> Any:
    """See `numpy.unwrap`; the jumps that it adds have gradient 0."""
    period = int(period) if isinstance(period, int | np.integer) else float(period)
    discont = None if discont is None else float(discont)
    return r.unwrap(operand(p), discont=discont, axis=index(axis), period=period)


# Complex numbers ---------------------------------------------------------------------


def real(val: Any) -> Any:
    """See `numpy.real`; of a Tensor a view."""
    return cx.real(operand(val))


def imag(val: Any) -> Any:
    """See `numpy.imag`; of a complex Tensor a view."""
    return cx.imag(operand(val))


def angle(z: Any, deg: Any = False) -> Any:
    """See `numpy.angle`; the gradient at 0 is 0."""
    z = operand(z)
    is_complex = z.dtype.kind == "c"
    out = t.arctan2(cx.imag(z), cx.real(z)) if is_complex else t.arctan2(0, z)
    return e.mul(out, 180 / np.pi) if deg else out


def real_if_close(a: Any, tol: Any = 100) -> Any:
    """See `numpy.real_if_close`."""
    a = operand(a)
    if a.dtype.kind != "c":
        return a
    tol = np.finfo(a.dtype).eps * tol if tol > 1 else tol
    return cx.real(a) if np.all(np.abs(bare(cx.imag(a))) < tol) else a
