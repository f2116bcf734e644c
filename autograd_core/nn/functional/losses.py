"""Losses; all take `sample_weight`, see `functional`."""

from __future__ import annotations

from autograd_core.create import seen
from autograd_core.nn import weighting
from autograd_core.op import Op
from autograd_core.ops import losses
from autograd_core.tensor import Tensor, TensorLike


def cross_entropy(
    logits: TensorLike,
    target: TensorLike,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
    *,
    weight: TensorLike | None = None,
    ignore_index: int | None = None,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """Between softmax(logits), (rows, classes), and labels or probabilities.

    Args:
        logits: (rows, classes), before any softmax.
        target: labels, integers (rows,), or probabilities, floats (rows, classes).
        label_smoothing: s in [0, 1] makes a target t (1 - s) t + s / classes (Szegedy
            et al., CVPR 2016, section 7).
        reduction: "mean", "sum" or "none".
        weight: (classes,), multiplies each class's term.
        ignore_index: rows of this label are left out, whatever their logits hold (None,
            the default: there are no such rows).
        sample_weight: (rows,), multiplies each row's loss.

    Returns -sum(t * log_softmax(logits)) of each row, (rows,), or their sum, or their
    mean: divided, as in PyTorch, by the sum of the weights of what counts (of labels,
    weight[label] * sample_weight; of probabilities, sample_weight).

    Raises ValueError for a label that is no class, a negative probability, a NaN,
    weights that are negative, not finite or of another length, and for a mean if
    nothing counts. Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.

    >>> import numpy as np
    >>> from autograd_core.nn import functional as F
    >>> logits, labels = np.array([[2.0, 0.0], [0.0, 0.0]]), np.array([0, 1])
    >>> round(F.cross_entropy(logits, labels, weight=[1.0, 3.0]).item(), 4)
    0.5516
    """
    x, t = seen(logits), seen(_numbered(target))
    if weight is None and ignore_index is None and sample_weight is None:
        return losses.cross_entropy(
            x, t, label_smoothing=label_smoothing, reduction=reduction
        )
    return weighting.cross_entropy(
        x, t, label_smoothing, reduction, weight, ignore_index, sample_weight
    )


def binary_cross_entropy_with_logits(
    x: TensorLike,
    target: TensorLike,
    reduction: str = "mean",
    *,
    pos_weight: TensorLike | None = None,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """Between sigmoid(x) and targets in [0, 1], without overflow.

    Args:
        x: logits, any shape.
        target: the same shape, in [0, 1].
        reduction: "mean", "sum" or "none".
        pos_weight: a number, or one for each output (the last axis), by which the term
            of the target is multiplied: with negatives / positives both count alike.
        sample_weight: for each row or element.

    Returns ``softplus(x) - target * x`` of each element, or their sum or mean; as in
    PyTorch a mean is not divided by ``pos_weight``, but it is by ``sample_weight``.

    Raises ValueError for a target outside [0, 1], naming the first, another shape, a
    NaN, and bad weights. Goodfellow, Bengio, Courville, "Deep Learning", 2016, section
    6.2.2.2.

    >>> from autograd_core.nn import functional as F
    >>> round(F.binary_cross_entropy_with_logits([0.0, 2.0], [1.0, 1.0]).item(), 4)
    0.41
    """
    op = losses.binary_cross_entropy_with_logits
    if pos_weight is None:
        return _by_element(op, x, target, reduction, sample_weight)
    losses.check_reduction(reduction)
    each = weighting.binary_cross_entropy(seen(x), seen(target), pos_weight)
    return weighting.weighted(op.name, each, reduction, sample_weight)


def mse_loss(
    x: TensorLike,
    target: TensorLike,
    reduction: str = "mean",
    *,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """``(x - target) ** 2``; the mean over all elements, unlike ``sum / rows``.

    ``x`` and ``target``: one shape; ``reduction``: "mean", "sum" or "none";
    ``sample_weight``: for each row or element. Returns a scalar, or the shape of x.
    Raises ValueError for other shapes (nothing broadcasts) and bad weights. Gauss 1809.

    >>> from autograd_core.nn import functional as F
    >>> F.mse_loss([1.0, 2.0], [0.0, 4.0])
    tensor(2.5)
    """
    return _by_element(losses.mse_loss, x, target, reduction, sample_weight)


def l1_loss(
    x: TensorLike,
    target: TensorLike,
    reduction: str = "mean",
    *,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """``|x - target|``; slope 0 where they are equal.

    ``x`` and ``target``: one shape; ``reduction``: "mean", "sum" or "none";
    ``sample_weight``: for each row or element. Returns a scalar, or the shape of x.
    Raises ValueError for other shapes and bad weights. Laplace 1774.
    """
    return _by_element(losses.l1_loss, x, target, reduction, sample_weight)


def huber_loss(
    x: TensorLike,
    target: TensorLike,
    reduction: str = "mean",
    delta: float = 1.0,
    *,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """``d ** 2 / 2`` up to ``|d| = delta``, then ``delta * (|d| - delta / 2)``.

    d is ``x - target``, of one shape; ``delta``: above 0; ``reduction``: "mean", "sum"
    or "none"; ``sample_weight``: for each row or element. Returns a scalar, or the
    shape of x. Raises ValueError for other shapes, another delta and bad weights.
    Huber, "Robust estimation of a location parameter", Ann. Math. Stat. 35, 1964.

    >>> from autograd_core.nn import functional as F
    >>> F.huber_loss([0.5, 3.0], [0.0, 0.0], "none")
    tensor([0.125, 2.5  ])
    """
    op = losses.huber_loss
    return _by_element(op, x, target, reduction, sample_weight, delta=delta)


def smooth_l1_loss(
    x: TensorLike,
    target: TensorLike,
    reduction: str = "mean",
    beta: float = 1.0,
    *,
    sample_weight: TensorLike | None = None,
) -> Tensor:
    """`huber_loss` with delta ``beta``, divided by it; ``beta`` 0 is `l1_loss`.

    ``x`` and ``target``: one shape; ``reduction``: "mean", "sum" or "none";
    ``sample_weight``: for each row or element. Returns a scalar, or the shape of x.
    Raises ValueError for other shapes, a negative beta and bad weights. Girshick, "Fast
    R-CNN", ICCV 2015, equation 3.
    """
    if beta == 0:
        return l1_loss(x, target, reduction, sample_weight=sample_weight)
    return huber_loss(x, target, reduction, beta, sample_weight=sample_weight) / beta


def _numbered(target: TensorLike) -> TensorLike:
    """The target, unless its labels are text."""
    kind = getattr(target, "dtype", None)
    if getattr(kind, "kind", "") in ("U", "S", "O"):
        raise TypeError(
            f"cross_entropy: labels are whole numbers, got dtype {kind}; "
            "np.unique(y, return_inverse=True)[1] makes them"
        )
    return target


def _by_element(
    op: Op[...],
    x: TensorLike,
    target: TensorLike,
    reduction: str,
    sample_weight: TensorLike | None,
    **settings: float,
) -> Tensor:
    if sample_weight is None:
        out: Tensor = op(seen(x), seen(target), reduction=reduction, **settings)
        return out
    losses.check_reduction(reduction)
    each: Tensor = op(seen(x), seen(target), reduction="none", **settings)
    return weighting.weighted(op.name, each, reduction, sample_weight)
