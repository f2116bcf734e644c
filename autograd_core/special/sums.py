"""What SciPy has as functions of Python, not ufuncs: they refuse Tensors, these do not.

They have SciPy's arguments, by SciPy's names and with SciPy's defaults.
"""

from __future__ import annotations

import math
from typing import Any

from autograd_core.numpy_functions.arguments import operand
from autograd_core.ops import elementwise as e
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.ops import softmax as rows
from autograd_core.ops.activations import softplus as smooth
from autograd_core.ops.folding import Axis
from autograd_core.tape import TensorBase


def logsumexp(
    a: Any,
    axis: Axis = None,
    b: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
) -> Any:
    """``log(sum(b * exp(a)))`` over ``axis``, without overflow.

    Args:
        a: real numbers, any shape.
        axis: an axis or several; None, all of them.
        b: what the terms are multiplied by; it broadcasts against a.
        keepdims: whether these axes stay, with length 1.
        return_sign: give (log of the magnitude, sign) instead, for sums below 0.

    Returns the shape of a without these axes. Raises AxisError (a ValueError) for an
    axis that is not there. Blanchard, Higham, Higham, IMA J. Numer. Anal. 41, 2021.

    >>> from autograd_core import special
    >>> round(special.logsumexp([1000.0, 1000.0]).item(), 4)
    1000.6931
    """
    a = operand(a)
    if a.ndim == 0:  # a row of one, as SciPy has it: keepdims keeps that axis
        a = s.reshape(a, shape=(1,))
    if b is None:
        out = r.logsumexp(a, axis=axis, keepdims=keepdims)
        return (out, s.full_like(out, fill_value=1.0)) if return_sign else out
    b = operand(b)
    absent = e.equal(b, 0.0)
    there = e.where(absent, -math.inf, a)
    if not (isinstance(b, TensorBase) and b._requires_grad):  # its slope needs them
        a, b = there, e.where(absent, 0.0, b)
    top = r.max(_detached(there), axis=axis, keepdims=True)
    top = e.where(e.less(e.abs(top), math.inf), top, 0.0)
    terms = e.mul(b, e.exp(e.sub(a, top)))
    total = r.sum(terms, axis=axis, keepdims=keepdims)
    top = s.reshape(top, shape=total.shape)
    if return_sign:
        return e.add(e.log(e.abs(total)), top), e.sign(total)
    return e.add(e.log(total), top)


def _detached(x: Any) -> Any:
    return x.detach() if isinstance(x, TensorBase) else x  # type: ignore[attr-defined]


def softmax(x: Any, axis: Axis = None) -> Any:
    """``exp(x) / sum(exp(x))`` over ``axis``, None for all axes, without overflow.

    ``x``: any shape. Returns its shape and dtype. Raises AxisError (a ValueError) for
    an axis that is not there. See `nn.functional.softmax` for the field's default axis.
    """
    return _over_rows(rows.softmax, e.exp, x, axis)


def log_softmax(x: Any, axis: Axis = None) -> Any:
    """Logarithm of `softmax` over ``axis``, without cancellation.

    ``x``: any shape. Returns its shape and dtype. Raises AxisError (a ValueError) for
    an axis that is not there.
    """
    return _over_rows(rows.log_softmax, s.identity, x, axis)


def _over_rows(op: Any, of_logarithm: Any, x: Any, axis: Axis) -> Any:
    x = operand(x)
    if axis is None:
        return s.reshape(op(s.reshape(x, shape=-1)), shape=x.shape)
    if not isinstance(axis, tuple | list):
        return op(x, axis=axis)
    return of_logarithm(e.sub(x, r.logsumexp(x, axis=axis, keepdims=True)))


def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``, without overflow; returns the shape and dtype of ``x``."""
    return smooth(operand(x), threshold=math.inf)
