"""Losses, each one op: its kernels forward and backward, its decomposition as body."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import (
    contiguous,
    empty,
    flat,
    hyper,
    launch,
    new_status,
    raise_if,
)
from autograd_core.op import Op, fused
from autograd_core.ops.activations import softplus
from autograd_core.ops.broadcasting import as_dtype, floats
from autograd_core.ops.elementwise import (
    abs,
    add,
    equal,
    less_equal,
    mul,
    neg,
    square,
    sub,
    where,
)
from autograd_core.ops.reduce import mean, sum
from autograd_core.ops.shape import reshape
from autograd_core.ops.softmax import log_softmax, row_stats
from autograd_core.ops.targets import check_shapes, is_soft, no_class, no_share
from autograd_core.samples import Arg, Sample, sample
from autograd_kernels import losses as k
from autograd_kernels import softmax as rows_k

P = ParamSpec("P")
REDUCTIONS = ("mean", "sum", "none")
INDEX = np.dtype(np.int64)


def reduced(losses: Any, reduction: str) -> Any:
    """The losses' mean or sum, or themselves."""
    if reduction == "none":
        return losses
    return mean(losses) if reduction == "mean" else sum(losses)


def _reduced(losses: Array, reduction: str) -> Array:
    """`reduced` of a bare array, straight to the kernels."""
    if reduction == "none":
        return losses
    out: Array = mean.call(losses) if reduction == "mean" else sum.call(losses)
    return out


def scale(reduction: str, count: int, dtype: Any) -> Array:
    """What the cotangent of a reduced loss is multiplied by, as a kernel reads it."""
    return hyper(dtype, 1.0 / count if reduction == "mean" and count else 1.0)


def check_reduction(reduction: str) -> None:
    """Raise ValueError for a reduction that is none."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction must be one of {REDUCTIONS}, got {reduction!r}")


# Cross-entropy ---------------------------------------------------------------------


def _operands(logits: Any, target: Any) -> tuple[Array, Array]:
    """Logits (rows, classes) and int64 labels (rows,) or probabilities, contiguous."""
    x, t = floats(logits), np.asarray(target)
    dtype = x.dtype if is_soft(x, t) else INDEX
    return contiguous(x), contiguous(as_dtype(t, dtype))


def _cross_entropy(
    logits: Any, target: Any, label_smoothing: float = 0.0, reduction: str = "mean"
) -> tuple[Array, tuple[Array, ...]]:
    check_reduction(reduction)
    if not isinstance(label_smoothing, numbers.Real):
        given = type(label_smoothing).__name__
        raise TypeError(f"label_smoothing must be a number, got {given}")
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"label_smoothing must be in [0, 1], got {label_smoothing}")
    x, t = _operands(logits, target)
    n = len(x)
    stats, smooth = row_stats(x), hyper(x.dtype, label_smoothing)
    losses, status = empty((n,), x.dtype), new_status()
    kernel = rows_k.cross_entropy if t.ndim == 1 else rows_k.soft_cross_entropy
    launch(kernel, n, x, t, smooth, stats, losses, status)
    raise_if(status, no_class(x.shape, t.ndim == 2))
    return _reduced(losses, reduction), (x, t, stats)


def _cross_entropy_backward(
    g: Array,
    needs: Sequence[bool],
    out: Any,
    residuals: tuple[Array, ...],
    logits: Any,
    target: Any,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> list[Any]:
    x, t, stats = residuals
    grad, grad_target = None, None
    smooth, factor = hyper(x.dtype, label_smoothing), scale(reduction, len(x), x.dtype)
    if needs[0]:
        grad = empty(x.shape, x.dtype)
        kernel = rows_k.cross_entropy_backward
        if t.ndim == 2:
            kernel = rows_k.soft_cross_entropy_backward
        elif x.shape[1] <= rows_k.VERY_FEW:
            kernel = rows_k.cross_entropy_backward_few
        launch(kernel, len(x), x, t, smooth, stats, flat(g), factor, grad)
    if len(needs) > 1 and needs[1]:
        each = mul(mul(g, float(factor[0])), label_smoothing - 1.0)
        if reduction == "none":
            each = each.reshape(-1, 1)
        grad_target = mul(each, log_softmax(x))
    return [grad, grad_target]


CLASSES = Arg((5,), 0, 4, "int")
PROBABILITIES = Arg((5, 4), kind="probs")


@fused(
    _cross_entropy,
    _cross_entropy_backward,
    saves="logits target",
    samples=(
        sample((5, 4), CLASSES, least=1),
        sample((5, 4), CLASSES, label_smoothing=0.1, reduction="sum", least=1),
        sample((5, 4), CLASSES, reduction="none", least=1),
        sample((5, 4), PROBABILITIES, label_smoothing=0.2, least=1),
        sample((5, 4), PROBABILITIES, reduction="none", least=1),
    ),
)
def cross_entropy(
    logits: Any, target: Any, *, label_smoothing: float = 0.0, reduction: str = "mean"
) -> Any:
    """Cross-entropy between softmax(logits) and a target.

    logits: (rows, classes); target: integer labels (rows,) or probabilities (rows,
    classes). With smoothing s a target t becomes (1 - s) t + s / classes (Szegedy et
    al. 2016). reduction: "mean" or "sum" over the rows, or "none". Raises ValueError
    for shapes that do not fit, a label that is no class, a negative probability, and a
    NaN.
    """
    logp = log_softmax(logits)
    classes = logits.shape[1]
    if len(target.shape) == 1:
        mask = equal(reshape(target, shape=(-1, 1)), np.arange(classes))
        picked = sum(where(mask, logp, 0.0), axis=1)
    else:
        picked = sum(mul(target, logp), axis=1)
    losses = mul(picked, label_smoothing - 1.0)
    if label_smoothing:
        losses = sub(losses, mul(mean(logp, axis=1), label_smoothing))
    return reduced(losses, reduction)


# Losses of one element each --------------------------------------------------------


def _pair(name: str, x: Any, t: Any) -> tuple[Array, Array]:
    """Prediction and target of one shape, contiguous and of the prediction's dtype."""
    x, t = floats(x), np.asarray(t)
    check_shapes(name, x, t)
    return contiguous(x), contiguous(as_dtype(t, x.dtype))


def _settings(
    name: str, defaults: Mapping[str, float], given: Mapping[str, float]
) -> list[float]:
    """A loss's settings, all positive, as its kernels read them: one at least."""
    unknown = sorted(given.keys() - defaults.keys())
    if unknown:
        raise TypeError(f"{name}: got an unexpected keyword argument {unknown[0]!r}")
    for key, value in given.items():
        if not value > 0:
            raise ValueError(f"{key} must be positive, got {value}")
    return list((dict(defaults) | dict(given)).values()) or [1.0]


def _elementwise(
    name: str, kernel: Any, defaults: Mapping[str, float]
) -> Callable[..., Any]:
    """The forward of a loss whose kernel gives one number for each element."""

    def forward(
        x: Any, target: Any, reduction: str = "mean", **given: float
    ) -> tuple[Array, tuple[Array, ...]]:
        check_reduction(reduction)
        settings = _settings(name, defaults, given)
        x, t = _pair(name, x, target)
        losses, status = empty(x.shape, x.dtype), new_status()
        c = hyper(x.dtype, *settings)
        launch(kernel, x.size, flat(x), flat(t), c, status, flat(losses))
        raise_if(status, no_share(name, x.shape))
        return _reduced(losses, reduction), (x, t)

    return forward


def _elementwise_backward(
    name: str, kernel: Any, defaults: Mapping[str, float], by_target: ByTarget
) -> Callable[..., Any]:
    """Its backward; ``by_target`` gives the gradient of the target from that of x."""

    def backward(
        g: Array,
        needs: Sequence[bool],
        out: Any,
        residuals: tuple[Array, ...],
        x: Any,
        target: Any,
        reduction: str = "mean",
        **given: float,
    ) -> list[Any]:
        x, t = residuals
        c = hyper(x.dtype, *_settings(name, defaults, given))
        factor = scale(reduction, x.size, x.dtype)
        grad = empty(x.shape, x.dtype)
        launch(kernel, x.size, flat(x), flat(t), c, flat(g), factor, flat(grad))
        wants_target = len(needs) > 1 and needs[1]
        return [grad, by_target(grad, x, g, factor) if wants_target else None]

    return backward


ByTarget = Callable[[Array, Array, Array, Array], Any]


def _opposite(grad: Array, x: Array, g: Array, factor: Array) -> Any:
    """Of a loss of x - target."""
    return neg(grad)


def _minus_logits(grad: Array, x: Array, g: Array, factor: Array) -> Any:
    """Of a loss in which the target appears as -x target."""
    return mul(mul(mul(g, float(factor[0])), -1.0), x)


def elementwise_loss(
    name: str,
    kernel: Any,
    slope: Any,
    samples: Sequence[Sample],
    by_target: ByTarget = _opposite,
    **defaults: float,
) -> Callable[[Callable[P, Any]], Op[P]]:
    """`fused` for a loss by its two kernels; ``defaults`` are those of its settings."""
    return fused(
        _elementwise(name, kernel, defaults),
        _elementwise_backward(name, slope, defaults, by_target),
        saves="x target",
        samples=samples,
    )


PAIRS = (
    sample((3, 4), (3, 4), least=1),
    sample((5,), (5,), reduction="sum"),
    sample((3, 4), (3, 4), reduction="none"),
)
KINKED = tuple(
    sample(
        Arg(shape, kind="distinct"),
        Arg(shape, -1.9, 1.95, "distinct"),
        reduction=reduction,
        least=int(reduction == "mean"),
    )
    for shape, reduction in (((3, 4), "mean"), ((5,), "sum"), ((3, 4), "none"))
)
UNIT = tuple(
    sample(
        (3, 4),
        Arg((3, 4), 0.01, 0.99),
        reduction=reduction,
        least=int(reduction == "mean"),
    )
    for reduction in REDUCTIONS
)


@elementwise_loss("mse_loss", k.mse, k.mse_backward, PAIRS)
def mse_loss(x: Any, target: Any, *, reduction: str = "mean") -> Any:
    """(x - target)**2: mean, sum or "none". Raises ValueError for a NaN."""
    return reduced(square(sub(x, target)), reduction)


@elementwise_loss("l1_loss", k.l1, k.l1_backward, KINKED)
def l1_loss(x: Any, target: Any, *, reduction: str = "mean") -> Any:
    """|x - target|: mean, sum or "none". Slope 0 at equality; ValueError for a NaN."""
    return reduced(abs(sub(x, target)), reduction)


@elementwise_loss(
    "huber_loss",
    k.huber,
    k.huber_backward,
    (*KINKED, sample((3, 4), (3, 4), delta=0.3, least=1)),
    delta=1.0,
)
def huber_loss(
    x: Any, target: Any, *, reduction: str = "mean", delta: float = 1.0
) -> Any:
    """d**2 / 2 up to |d| = delta, then delta (|d| - delta / 2), with d = x - target.

    reduction: mean, sum or "none". Raises ValueError for a NaN (Huber 1964).
    """
    d = sub(x, target)
    size = abs(d)
    far = mul(sub(size, 0.5 * delta), delta)
    return reduced(where(less_equal(size, delta), mul(square(d), 0.5), far), reduction)


@elementwise_loss(
    "binary_cross_entropy_with_logits", k.bce, k.bce_backward, UNIT, _minus_logits
)
def binary_cross_entropy_with_logits(
    x: Any, target: Any, *, reduction: str = "mean"
) -> Any:
    """log(1 + exp(x)) - x target, for logits x and targets in [0, 1].

    reduction: mean, sum or "none". Raises ValueError for a NaN, and for a target
    outside [0, 1] (by more than 1e-6): the loss would have no lower bound.
    """
    whole = softplus(x, threshold=math.inf)  # its slope is never rounded to 1
    return reduced(add(whole, neg(mul(x, target))), reduction)
