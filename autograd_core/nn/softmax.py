"""Softmax and its logarithm as layers; a loss takes logits and needs neither."""

from __future__ import annotations

from autograd_core.nn import check
from autograd_core.nn.module import Layer
from autograd_core.ops import softmax as ops
from autograd_core.tensor import Tensor


class Softmax(Layer):
    """``exp(x) / sum(exp(x))`` along ``axis``, without overflow (Bridle 1990).

    ``axis``: one of the input's, AxisError (a ValueError) otherwise. A loss on top of
    it: `CrossEntropyLoss` takes logits, not its result.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = check.integer(f"{type(self).__name__}: axis", axis)

    def forward(self, x: Tensor) -> Tensor:
        return ops.softmax(x, axis=self.axis)

    def extra_repr(self) -> str:
        return f"axis={self.axis}"


class LogSoftmax(Softmax):
    """``x - log(sum(exp(x)))`` along ``axis``, without overflow or cancellation.

    ``axis``: one of the input's, AxisError (a ValueError) otherwise. See
    `functional.log_softmax`.
    """

    def forward(self, x: Tensor) -> Tensor:
        return ops.log_softmax(x, axis=self.axis)
