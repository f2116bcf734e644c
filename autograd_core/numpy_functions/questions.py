"""Questions about elements: bool, without a gradient. See `numpy_functions`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.numpy_functions.arguments import operand, weak
from autograd_core.ops import complexes as cx
from autograd_core.ops import elementwise as e
from autograd_core.ops import logic


def isnan(x: Any) -> Any:
    """True where ``x`` is NaN."""
    return e.not_equal(x, x)


def isinf(x: Any) -> Any:
    """True where ``x`` is infinite."""
    return e.equal(e.abs(x), np.inf)


def isfinite(x: Any) -> Any:
    """True where ``x`` is neither NaN nor infinite."""
    return e.less(e.abs(x), np.inf)


def isposinf(x: Any) -> Any:
    """See `numpy.isposinf`."""
    return e.equal(_ordered("isposinf", x), np.inf)


def isneginf(x: Any) -> Any:
    """See `numpy.isneginf`."""
    return e.equal(_ordered("isneginf", x), -np.inf)


def _ordered(name: str, x: Any) -> Any:
    x = operand(x)
    if x.dtype.kind == "c":
        raise TypeError(f"{name}: expected real values, got {x.dtype}")
    return x


def isreal(x: Any) -> Any:
    """See `numpy.isreal`."""
    return e.equal(cx.imag(operand(x)), 0)


def iscomplex(x: Any) -> Any:
    """See `numpy.iscomplex`."""
    return e.not_equal(cx.imag(operand(x)), 0)


def isclose(
    a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: Any = False
) -> Any:
    """See `numpy.isclose`, with numbers for the tolerances."""
    tolerances = {"rtol": float(rtol), "atol": float(atol)}
    return logic.isclose(weak(a), weak(b), **tolerances, equal_nan=bool(equal_nan))
