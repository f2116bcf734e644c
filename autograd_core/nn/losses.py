"""Losses as layers: call them with a prediction and a target.

Also with ``sample_weight=``, a weight for each row: see `functional`.
"""

from __future__ import annotations

import numpy as np

from autograd_core.create import is_plain
from autograd_core.nn import check
from autograd_core.nn import functional as F
from autograd_core.nn.module import Module
from autograd_core.nn.parameter import Buffer
from autograd_core.ops.losses import REDUCTIONS
from autograd_core.tensor import Tensor, TensorLike


class Loss(Module):
    """Base of the losses: ``reduction`` is "mean", "sum" or "none"."""

    def __init__(self, reduction: str = "mean") -> None:
        what = f"{type(self).__name__}: reduction"
        self.reduction = check.choice(what, reduction, REDUCTIONS)

    def settings(self) -> dict[str, tuple[object, object]]:
        """What its repr shows: by name, the value and the default."""
        return {"reduction": (self.reduction, "mean")}

    def extra_repr(self) -> str:
        shown = self.settings().items()
        return ", ".join(f"{k}={_shown(v)}" for k, (v, usual) in shown if v != usual)


def _shown(value: object) -> str:
    if not isinstance(value, Buffer):
        return repr(value)
    return np.array2string(value._data, separator=", ", threshold=6, edgeitems=2)


def _weights(what: str, given: TensorLike | None) -> Buffer | None:
    """Weights to be kept; a Buffer, so that ``double()`` and checkpoints see them."""
    if given is None:
        return None
    kept = Buffer(np.asarray(given) if is_plain(given) else given)
    if kept.dtype.kind not in "iuf" or kept.ndim > 1:
        text = f"{what} must be real numbers along one axis"
        raise ValueError(f"{text}, got {kept.dtype} of shape {kept.shape}")
    bad = ~(np.isfinite(kept._data) & (kept._data >= 0))
    if bad.any():
        first = kept._data[bad].flat[0]
        raise ValueError(f"{what} must be finite numbers >= 0, got {first}")
    return kept


class CrossEntropyLoss(Loss):
    """Between softmax(logits) and labels (rows,) or probabilities (rows, classes).

    ``reduction``: "mean", "sum" or "none". ``label_smoothing`` s makes a target t
    (1 - s) t + s / classes. ``weight``, (classes,), weighs the classes
    (`train.class_weights` balances them) and rows with the label ``ignore_index`` are
    left out. Raises ValueError for others; see `functional.cross_entropy`.

    >>> from autograd_core import nn
    >>> nn.CrossEntropyLoss(0.1, weight=[1.0, 5.0])
    CrossEntropyLoss(label_smoothing=0.1, weight=[1., 5.])
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
        *,
        weight: TensorLike | None = None,
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(reduction)
        what = "CrossEntropyLoss: label_smoothing"
        self.label_smoothing = check.number(what, label_smoothing, 0.0, most=1.0)
        self.weight = _weights("CrossEntropyLoss: weight", weight)
        self.ignore_index = ignore_index
        if ignore_index is not None:
            what = "CrossEntropyLoss: ignore_index"
            self.ignore_index = check.integer(what, ignore_index)

    def settings(self) -> dict[str, tuple[object, object]]:
        return {
            "label_smoothing": (self.label_smoothing, 0.0),
            **super().settings(),
            "weight": (self.weight, None),
            "ignore_index": (self.ignore_index, None),
        }

    def forward(
        self,
        logits: Tensor,
        target: Tensor,
        *,
        sample_weight: TensorLike | None = None,
    ) -> Tensor:
        """Logits (rows, classes); ValueError for a label that is no class, or NaN."""
        return F.cross_entropy(
            logits,
            target,
            self.label_smoothing,
            self.reduction,
            weight=self.weight,
            ignore_index=self.ignore_index,
            sample_weight=sample_weight,
        )


class BCEWithLogitsLoss(Loss):
    """Between sigmoid(x) and targets in [0, 1]; see the function of that name.

    ``reduction``: "mean", "sum" or "none"; ``pos_weight``: a number, or one for each
    output, by which the term of the target is multiplied. Raises ValueError for others.
    See `functional.binary_cross_entropy_with_logits`.
    """

    def __init__(
        self, reduction: str = "mean", *, pos_weight: TensorLike | None = None
    ) -> None:
        super().__init__(reduction)
        self.pos_weight = _weights("BCEWithLogitsLoss: pos_weight", pos_weight)

    def settings(self) -> dict[str, tuple[object, object]]:
        return {**super().settings(), "pos_weight": (self.pos_weight, None)}

    def forward(
        self, x: Tensor, target: Tensor, *, sample_weight: TensorLike | None = None
    ) -> Tensor:
        """ValueError for a target outside [0, 1], or NaN."""
        return F.binary_cross_entropy_with_logits(
            x,
            target,
            self.reduction,
            pos_weight=self.pos_weight,
            sample_weight=sample_weight,
        )


class MSELoss(Loss):
    """``(x - target) ** 2``; see `functional.mse_loss`.

    ``reduction``: "mean", "sum" or "none", ValueError otherwise.

    >>> from autograd_core import nn
    >>> nn.MSELoss()([1.0, 2.0], [0.0, 4.0])
    tensor(2.5)
    """

    def forward(
        self, x: Tensor, target: Tensor, *, sample_weight: TensorLike | None = None
    ) -> Tensor:
        return F.mse_loss(x, target, self.reduction, sample_weight=sample_weight)


class L1Loss(Loss):
    """``|x - target|``, slope 0 where they are equal; see `functional.l1_loss`.

    ``reduction``: "mean", "sum" or "none", ValueError otherwise.
    """

    def forward(
        self, x: Tensor, target: Tensor, *, sample_weight: TensorLike | None = None
    ) -> Tensor:
        return F.l1_loss(x, target, self.reduction, sample_weight=sample_weight)


class HuberLoss(Loss):
    """Squares up to ``|x - target| = delta``, then linear (Huber 1964).

    ``reduction``: "mean", "sum" or "none"; ``delta``: above 0; ValueError otherwise.
    See `functional.huber_loss`.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = check.positive("HuberLoss: delta", delta)

    def settings(self) -> dict[str, tuple[object, object]]:
        return {**super().settings(), "delta": (self.delta, 1.0)}

    def forward(
        self, x: Tensor, target: Tensor, *, sample_weight: TensorLike | None = None
    ) -> Tensor:
        return F.huber_loss(
            x, target, self.reduction, self.delta, sample_weight=sample_weight
        )


class SmoothL1Loss(Loss):
    """`HuberLoss` with delta ``beta``, divided by it (Girshick, ICCV 2015).

    ``reduction``: "mean", "sum" or "none"; ``beta``: above 0; ValueError otherwise.
    See `functional.smooth_l1_loss`.
    """

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = check.positive("SmoothL1Loss: beta", beta)

    def settings(self) -> dict[str, tuple[object, object]]:
        return {**super().settings(), "beta": (self.beta, 1.0)}

    def forward(
        self, x: Tensor, target: Tensor, *, sample_weight: TensorLike | None = None
    ) -> Tensor:
        return F.smooth_l1_loss(
            x, target, self.reduction, self.beta, sample_weight=sample_weight
        )
