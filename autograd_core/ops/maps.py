"""Rows of ops that are one kernel over elements: the decorated stub names them.

The kernel is told once: it is the body, and what the op's front calls by address.
"""

from __future__ import annotations

import math
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
BUFFER = 8192  # elements; NumPy's buffers hold as many, and cost microseconds


def unary(
    kernel: Any,
    vjp: Vjp,
    *,
    saves: Saves,
    ufunc: np.ufunc | None = None,
    slope: Slope | None = None,
    integers: bool = False,
    samples: Sequence[Sample] = UNARY,
) -> Callable[[Callable[P, Any]], Op[P]]:
    """An op of one operand; integers become float64, or go to NumPy's ``ufunc``."""
    if slope is not None:
        slope.rule = vjp

    def decorate(stub: Callable[P, Any]) -> Op[P]:
        @wraps(stub)
        def body(x: Any) -> Any:
            if integers and ufunc and np.asarray(x).dtype.kind in "biu":
                return host(ufunc, x)
            return broadcasting.unary(kernel, x, ufunc)

        op: Any = primitive(
            vjp,
            backward=slope,
            saves=saves,
            samples=samples,
            elementwise=True,
            ufunc=ufunc,
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
            ufunc=ufunc,
            front=lambda op: calls.binary(op, front.binary(kernel)),
        )(body)
        return op

    return decorate


class Quiet:
    """A ufunc that warns of nothing in floats, as kernels do.

    With ``wide``, float32 is computed in float64 and rounded once. That is for those
    of NumPy's functions of which some float32 is off by more than 2 units in the last
    place (by 2.1 to 3.7, with AVX-512, over all or every 251st of them).
    """

    def __init__(self, ufunc: np.ufunc, wide: bool = False) -> None:
        self.ufunc, self.wide = ufunc, wide
        self.__name__ = ufunc.__name__

    def __call__(self, *args: Any) -> Any:
        dtype = np.result_type(*args)
        if dtype.kind not in "fc":
            return self.ufunc(*args)  # whose warning of a division by 0 is due
        with np.errstate(all="ignore"):
            if not self.wide or dtype != np.float32:
                return self.ufunc(*args)
            return self._in_float64([np.asarray(x, dtype) for x in args])

    def _in_float64(self, args: Sequence[Array]) -> Any:
        """By casts of the whole, of large arrays by NumPy's buffers: no temporaries."""
        shape = np.broadcast_shapes(*[x.shape for x in args])
        if math.prod(shape) <= BUFFER:
            return self.ufunc(*[x.astype(np.float64) for x in args]).astype(np.float32)
        out = np.empty(shape, np.float32)
        return self.ufunc(*args, out=out, dtype=np.float64, casting="same_kind")


def hosted(
    ufunc: np.ufunc,
    *vjps: Vjp | None,
    saves: Saves = None,
    integers: bool = False,
    wide: bool = False,
    samples: Sequence[Sample] = UNARY,
) -> Callable[[Callable[P, Any]], Op[P]]:
    """An op over elements that broadcast, without a kernel: NumPy computes it.

    A Program replays it as a host call. Integers become float64, unless ``integers``
    says that ``ufunc`` has a meaning of its own for them. The stub's parameters are the
    operands of ``ufunc``. See `Quiet` for ``wide``.
    """
    compute = Quiet(ufunc, wide)

    def decorate(stub: Callable[P, Any]) -> Op[P]:
        @wraps(stub)
        def body(*args: Any) -> Any:
            return broadcasting.hosted(compute, args, integers)

        op: Any = primitive(
            *vjps, saves=saves, samples=samples, elementwise=True, ufunc=ufunc
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
            ufunc=ufunc,
            front=lambda op: calls.binary(op, front.binary(kernel, comparison=True)),
        )(body)
        return op

    return decorate


class Slope:
    """The backward of a unary op as one kernel: g times the slope.

    The kernel, ``(lo, hi, [c,] g, x, out)``, reads the op's input or, if ``by_output``,
    its output; of complex numbers, the op's ``rule`` does it. ``defaults`` are the op's
    attributes, which it finds in c.
    """

    rule: Vjp

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
        if x is not None and x.dtype.kind == "c":
            return [self.rule(g, out, x, **attrs)]
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
