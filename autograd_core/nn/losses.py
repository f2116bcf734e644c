"""Losses as layers: call them with a prediction and a target."""

from __future__ import annotations

from autograd_core.nn import check
from autograd_core.nn.module import Module
from autograd_core.ops import losses as ops
from autograd_core.ops.elementwise import div
from autograd_core.tensor import Tensor


class Loss(Module):
    """Base of the losses: ``reduction`` is "mean", "sum" or "none"."""

    def __init__(self, reduction: str = "mean") -> None:
        what = f"{type(self).__name__}: reduction"
        self.reduction = check.choice(what, reduction, ops.REDUCTIONS)

    def extra_repr(self) -> str:
        return "" if self.reduction == "mean" else f"reduction={self.reduction!r}"


class CrossEntropyLoss(Loss):
    """Between softmax(logits) and labels (rows,) or probabilities (rows, classes).

    Smoothing s makes a target t (1 - s) t + s / classes.
    """

    def __init__(self, label_smoothing: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        what = "CrossEntropyLoss: label_smoothing"
        self.label_smoothing = check.number(what, label_smoothing, 0.0, most=1.0)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Logits (rows, classes); ValueError for a label that is no class, or NaN."""
        return ops.cross_entropy(
            logits,
            target,
            label_smoothing=self.label_smoothing,
            reduction=self.reduction,
        )


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy between sigmoid(x) and targets in [0, 1], of one shape."""

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        return ops.binary_cross_entropy_with_logits(x, target, reduction=self.reduction)


class MSELoss(Loss):
    """``(x - target) ** 2``."""

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        return ops.mse_loss(x, target, reduction=self.reduction)


class L1Loss(Loss):
    """``|x - target|``; slope 0 where they are equal."""

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        return ops.l1_loss(x, target, reduction=self.reduction)


class HuberLoss(Loss):
    """``d ** 2 / 2`` up to ``|d| = delta``, then ``delta * (|d| - delta / 2)``."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = check.positive("HuberLoss: delta", delta)

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        return ops.huber_loss(x, target, delta=self.delta, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """Huber's loss with delta ``beta``, divided by it: slope 1 far from the target."""

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = check.positive("SmoothL1Loss: beta", beta)

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        loss = ops.huber_loss(x, target, delta=self.beta, reduction=self.reduction)
        return div(loss, self.beta)
