"""Dropout as a layer."""

from __future__ import annotations

from autograd_core.nn import check
from autograd_core.nn.module import Layer
from autograd_core.ops import dropout as ops
from autograd_core.random import default_generator
from autograd_core.tensor import Tensor


class Dropout(Layer):
    """In training 0 with probability ``p``, else ``x / (1 - p)``; otherwise nothing.

    In training the loss is another function at every step, so it need not fall from one
    to the next: to see whether the cost goes down, evaluate it with dropout off, in
    ``eval()``, or train with ``p = 0`` first. The division keeps the expected value of
    what follows, so that evaluation needs no factor ("inverted" dropout).

    ``ag.manual_seed`` seeds the masks. Srivastava, Hinton, Krizhevsky, Sutskever,
    Salakhutdinov: "Dropout", JMLR 15, 2014. Raises ValueError for p outside [0, 1).
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = check.probability("Dropout: p", p)

    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, self.p) if self.training else x

    def extra_repr(self) -> str:
        return f"p={self.p:g}"


def dropout(x: Tensor, p: float) -> Tensor:
    """A draw of its own for every call; ValueError for p outside [0, 1)."""
    if p == 0:
        return x
    y: Tensor = ops.dropout.call(x, Tensor(default_generator.draw()), p=p)
    return y
