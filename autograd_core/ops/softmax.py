"""Softmax and its logarithm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import contiguous, empty, launch
from autograd_core.op import primitive
from autograd_core.ops.broadcasting import floats
from autograd_core.ops.elementwise import exp, mul, sub
from autograd_core.ops.reduce import sum
from autograd_core.samples import Arg, sample
from autograd_kernels import softmax as k

SAMPLES = (
    sample((3, 4)),
    sample((3, 4), axis=0),
    sample(Arg((2, 3, 4), -9.0, 9.0), axis=1),
)


def row_stats(x: Array) -> Array:
    """Maximum and sum of exponentials of each row of contiguous (rows, n)."""
    stats = empty((2, x.shape[0]), x.dtype)
    kernel = k.row_stats_few if x.shape[1] <= k.FEW else k.row_stats
    launch(kernel, x.shape[0], x, stats)
    return stats


def _along(run: Callable[..., None], axis: int, *xs: Array) -> Array:
    """Let ``run(*rows, out)`` work on the arrays seen as rows along ``axis``."""
    ndim = xs[0].ndim
    if not -ndim <= axis < ndim:
        text = f"axis {axis} is out of range for {ndim} dimensions"
        raise np.exceptions.AxisError(text)
    turned = [contiguous(x.swapaxes(axis, -1)) for x in xs]
    out = empty(turned[0].shape, turned[0].dtype)
    if out.size:
        n = out.shape[-1]
        run(*[x.reshape(-1, n) for x in turned], out.reshape(-1, n))
    return out if axis in (-1, ndim - 1) else out.swapaxes(axis, -1)


def _backward(kernel: Any) -> Callable[..., list[Array]]:
    def run(y: Array, g: Array, out: Array) -> None:
        launch(kernel, len(y), y, g, out)

    def backward(
        g: Array,
        needs: Sequence[bool],
        out: Array,
        residuals: tuple[()],
        x: Any,
        axis: int = -1,
    ) -> list[Array]:
        return [_along(run, axis, out, g)]

    return backward


@primitive(
    lambda g, y, x, axis=-1: mul(y, sub(g, sum(mul(g, y), axis=axis, keepdims=True))),
    backward=_backward(k.softmax_backward),
    saves="out",
    samples=SAMPLES,
)
def softmax(x: Any, *, axis: int = -1) -> Any:
    """``exp(x) / sum(exp(x))`` along ``axis``, without overflow."""

    def run(rows: Array, out: Array) -> None:
        launch(k.softmax, len(rows), rows, out)

    return _along(run, axis, floats(x))


@primitive(
    lambda g, y, x, axis=-1: sub(g, mul(exp(y), sum(g, axis=axis, keepdims=True))),
    backward=_backward(k.log_softmax_backward),
    saves="out",
    samples=SAMPLES,
)
def log_softmax(x: Any, *, axis: int = -1) -> Any:
    """``x - log(sum(exp(x)))`` along ``axis``, without overflow or cancellation."""

    def run(rows: Array, out: Array) -> None:
        launch(k.log_softmax, len(rows), rows, row_stats(rows), out)

    return _along(run, axis, floats(x))
