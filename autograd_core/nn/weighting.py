"""Losses with weights: of rows, of classes, of positive targets; rows left out.

Each takes a loss without weights, one number for each row or element, and works out
sum(w * loss) / sum(w) over what counts. Weights are looked at before they count, in a
Program at every replay.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.create import is_plain, ones_like, seen
from autograd_core.hooks import RECORDING, current
from autograd_core.launch import flat, hyper, launch, new_status, raise_if
from autograd_core.nn import check
from autograd_core.ops import losses as ops
from autograd_core.ops.activations import softplus
from autograd_core.ops.elementwise import equal, where
from autograd_core.ops.shape import broadcast_to
from autograd_core.ops.targets import check_shapes, is_soft, no_share
from autograd_core.tensor import Tensor, TensorLike
from autograd_kernels.checks import SLACK, coded_value, outside


def weighted(
    name: str,
    losses: Tensor,
    reduction: str,
    sample_weight: TensorLike | None,
    counts: Tensor | None = None,
) -> Tensor:
    """Reduce losses, one for each row or element, by weights of rows or elements.

    ``counts`` are the weights that the losses have already, in their shape: a mean is
    divided by the sum of these times ``sample_weight``. Raises ValueError for weights
    of another length, negative or not finite ones, and for a mean of no weight at all.
    """
    if sample_weight is not None:
        w = _of_rows(name, sample_weight, losses)
        losses = losses * w
        counts = w if counts is None else w * counts
    if counts is None or reduction != "mean":
        reduced: Tensor = ops.reduced(losses, reduction)
        return reduced
    total = counts.sum()
    info = np.finfo(total.dtype)
    _require(total, float(info.tiny), float(info.max), _weightless(name))
    return losses.sum() / total


def cross_entropy(
    logits: Tensor,
    target: Tensor,
    label_smoothing: float,
    reduction: str,
    weight: TensorLike | None,
    ignore_index: int | None,
    sample_weight: TensorLike | None,
) -> Tensor:
    """See `functional.cross_entropy`."""
    ops.check_reduction(reduction)
    soft = is_soft(logits, target)
    if weight is not None:
        weight = _of_classes("cross_entropy", "weight", weight, logits)
    if soft:
        if ignore_index is not None:
            raise ValueError(
                "cross_entropy: ignore_index is for labels, and the target is "
                "probabilities; sample_weight can leave rows out"
            )
        losses = _by_probabilities(logits, target, label_smoothing, weight)
        return weighted("cross_entropy", losses, reduction, sample_weight)
    ignored, what = None, "cross_entropy: ignore_index"
    if ignore_index is not None:
        ignored = equal(target, check.integer(what, ignore_index))
        target = where(ignored, 0, target)
        logits = where(ignored.reshape(-1, 1), 0.0, logits)  # nor does its NaN count
    losses, counts = _by_labels(logits, target, label_smoothing, weight)
    if ignored is not None:
        losses, counts = where(ignored, 0.0, losses), where(ignored, 0.0, counts)
    return weighted("cross_entropy", losses, reduction, sample_weight, counts)


def _by_probabilities(
    logits: Tensor, target: Tensor, smoothing: float, weight: Tensor | None
) -> Tensor:
    """Losses by row: a class of weight w has w times its term."""
    if weight is None:
        return _losses(logits, target, smoothing)
    smooth = target * (1.0 - smoothing) + smoothing / logits.shape[1]
    return _losses(logits, smooth * weight, 0.0)


def _by_labels(
    logits: Tensor, labels: Tensor, smoothing: float, weight: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Losses by row, and the weights of the rows' classes."""
    if weight is None:
        losses = _losses(logits, labels, smoothing)
        return losses, ones_like(losses)
    losses = _losses(logits, labels, 0.0)
    counts = weight[labels]
    losses = losses * counts
    if smoothing:
        shares = weight * (smoothing / logits.shape[1])
        even = _losses(logits, broadcast_to(shares, shape=logits.shape), 0.0)
        losses = losses * (1.0 - smoothing) + even
    return losses, counts


def _losses(logits: Tensor, target: Tensor, smoothing: float) -> Tensor:
    out: Tensor = ops.cross_entropy.call(
        logits, target, label_smoothing=smoothing, reduction="none"
    )
    return out


def binary_cross_entropy(x: Tensor, target: Tensor, pos_weight: TensorLike) -> Tensor:
    """Losses by element: the target's own term times ``pos_weight``."""
    name = "binary_cross_entropy_with_logits"
    check_shapes(name, x, target)
    p = _seen(pos_weight)
    if p.size != 1:
        p = _of_classes(name, "pos_weight", p, x)
    else:
        p = _checked(name, "pos_weight", p.reshape(()), x.dtype)
    t = target.astype(x.dtype)
    _require(t, -SLACK, 1.0 + SLACK, no_share(name, x.shape))
    yes = t * p * softplus(-x, threshold=math.inf)
    out: Tensor = yes + (1.0 - t) * softplus(x, threshold=math.inf)
    return out


# Weights as given ---------------------------------------------------------------------


def _seen(given: TensorLike) -> Tensor:
    """As a Tensor; plain numbers with all their digits, whatever the loss's dtype."""
    out: Tensor = seen(np.asarray(given) if is_plain(given) else given)
    return out


def _of_rows(name: str, given: TensorLike, losses: Tensor) -> Tensor:
    """Weights of rows, or of all elements, in the shape and dtype of the losses."""
    w, shape = _seen(given), losses.shape
    if w.shape not in (shape, shape[:1]):
        each = f"{shape[:1]}, one for each row" if shape else "()"
        also = f", or {shape}, one for each loss" if len(shape) > 1 else ""
        also += "; take w.reshape(-1)" if w.shape == (*shape[:1], 1) else ""
        raise ValueError(
            f"{name}: sample_weight has shape {w.shape}, expected {each}{also}"
        )
    w = _checked(name, "sample_weight", w, losses.dtype)
    if w.shape == shape:
        return w
    w = w.reshape(-1, *[1] * (len(shape) - 1))
    out: Tensor = broadcast_to(w, shape=shape)
    return out


def _of_classes(name: str, what: str, given: TensorLike, like: Tensor) -> Tensor:
    """Weights along the last axis of ``like``, in its dtype."""
    w, shape = _seen(given), like.shape[-1:]
    if w.shape != shape:
        raise ValueError(
            f"{name}: {what} has shape {w.shape}, expected {shape}: one for each class "
            f"of {like.shape}"
        )
    return _checked(name, what, w, like.dtype)


def _checked(name: str, what: str, w: Tensor, dtype: Any) -> Tensor:
    """``w`` in ``dtype``; ValueError, in replays too, for negative or endless ones."""
    if w.dtype.kind not in "biuf":
        raise TypeError(f"{name}: {what} must be real numbers, got dtype {w.dtype}")
    w = w if w.dtype == dtype else w.astype(dtype)
    size = w.size

    def error(index: int) -> Exception:
        code, place = divmod(index, size)
        return ValueError(
            f"{name}: {what} holds {coded_value(code):g} at place {place}; expected "
            "finite numbers >= 0"
        )

    _require(w, 0.0, float(np.finfo(dtype).max), error)
    return w


def _require(
    x: Tensor, low: float, high: float, error: Callable[[int], Exception]
) -> None:
    """Raise ``error`` unless all numbers lie in [low, high]; in replays too."""
    if RECORDING and (listener := current.recorder) is not None:
        listener.on_op((x,))
    status = new_status()
    launch(outside, x.size, flat(x._data), hyper(x.dtype, low, high), status)
    raise_if(status, error)


def _weightless(name: str) -> Callable[[int], Exception]:
    def error(index: int) -> Exception:
        return ValueError(
            f"{name}: the weights sum to {coded_value(index):g}, so there is no mean; "
            "at least one row must count (a weight above 0, a label not ignored)"
        )

    return error
