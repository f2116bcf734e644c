"""Rows of ops that are one kernel over elements: the decorated stub names them.

The kernel is told once: it is the body, and what the op's front calls by address.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec

import numpy as np

from autograd_core import calls, front
from autograd_core.hooks import Array
from autograd_core.launch import empty, flat, host, hyper, launch
from autograd_core.op import Op, Saves, Vjp, primitive
from autograd_core.ops import broadcasting
from autograd_core.samples import BINARY, UNARY, Sample

P = ParamSpec("P")


def unary(
    kernel: Any,
    vjp: Vjp,
    *,
    saves: Saves,
    slope: Slope | None = None,
    integers: Any = None,
    samples: Sequence[Sample] = UNARY,
) -> Callable[[Callable[P, Any]], Op[P]]:
    """An op of one operand; integers become float64, or go to NumPy's ``integers``."""

    def decorate(stub: Callable[P, Any]) -> Op[P]:
        @wraps(stub)
        def body(x: Any) -> Any:
            if integers is not None and np.asarray(x).dtype.kind in "biu":
                return host(integers, x)
            return broadcasting.unary(kernel, x)

        op: Any = primitive(
            vjp,
            backward=slope,
            saves=saves,
            samples=samples,
            elementwise=True,
            front=lambda op: calls.unary(op, front.unary(kernel)),
        )(body)
        return op

    return decorate


def binary(
    kernel: Any,
    ufunc: np.ufunc,
    *vjps: Vjp,
    saves: Saves,
    samples: Sequence[Sample] = BINARY,
) -> Callable[[Callable[P, Any]], Op[P]]:
    """An op of two operands that broadcast; integers go to NumPy's ``ufunc``."""

    def decorate(stub: Callable[P, Any]) -> Op[P]:
        @wraps(stub)
        def body(a: Any, b: Any) -> Any:
            return broadcasting.binary(kernel, ufunc, a, b)

        op: Any = primitive(
            *vjps,
            saves=saves,
            samples=samples,
            elementwise=True,
            front=lambda op: calls.binary(op, front.binary(kernel)),
        )(body)
        return op

    return decorate


def comparison(
    kernel: Any, ufunc: np.ufunc, samples: Sequence[Sample]
) -> Callable[[Callable[P, Any]], Op[P]]:
    """An op of two operands whose results are bool; it has no gradient."""

    def decorate(stub: Callable[P, Any]) -> Op[P]:
        @wraps(stub)
        def body(a: Any, b: Any) -> Any:
            return broadcasting.binary(kernel, ufunc, a, b, np.bool_)

        op: Any = primitive(
            samples=samples,
            elementwise=True,
            front=lambda op: calls.binary(op, front.binary(kernel, comparison=True)),
        )(body)
        return op

    return decorate


class Slope:
    """The backward of a unary op as one kernel: g times the slope.

    The kernel, ``(lo, hi, [c,] g, x, out)``, reads the op's input or, if ``by_output``,
    its output. ``defaults`` are the op's attributes, which it finds in c.
    """

    def __init__(self, kernel: Any, by_output: bool, **defaults: float) -> None:
        self.kernel, self.by_output, self.defaults = kernel, by_output, defaults
        self.front = None if defaults else front.slope(kernel)

    def __call__(
        self,
        g: Array,
        needs: Sequence[bool],
        out: Any,
        residuals: tuple[()],
        x: Any,
        **attrs: float,
    ) -> list[Array]:
        """The cotangent of the input."""
        at, gx = out if self.by_output else x, empty(g.shape, g.dtype)
        values = (self.defaults | attrs).values()
        numbers = (hyper(g.dtype, *values),) if values else ()
        launch(self.kernel, g.size, *numbers, flat(g), flat(at), gx.ravel())
        return [gx]


def by_input(kernel: Any, **defaults: float) -> Slope:
    """A `Slope` whose kernel reads the input."""
    return Slope(kernel, False, **defaults)


def by_output(kernel: Any) -> Slope:
    """A `Slope` whose kernel reads the output."""
    return Slope(kernel, True)
