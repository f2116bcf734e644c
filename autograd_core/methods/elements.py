"""Functions of elements and products, as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.methods.arguments import without
from autograd_core.numpy_functions import elements, products
from autograd_core.numpy_functions.arguments import operand
from autograd_core.ops import activations as a
from autograd_core.ops import elementwise as e
from autograd_core.ops import matmul as mm
from autograd_core.ops import power, softmax
from autograd_core.ops import shape as s
from autograd_core.tape import TensorBase

if TYPE_CHECKING:
    from autograd_core.tensor import Tensor, TensorLike


numpys: Any = np  # which calls Tensors by its protocol


class ElementMethods(TensorBase):
    """Functions of elements, and products."""

    __slots__ = ()

    def dot(self, other: TensorLike, out: None = None) -> Tensor:
        """See `numpy.dot`."""
        return products.dot(self, without(out, other, "dot"))

    def clip(
        self,
        min: TensorLike | None = None,
        max: TensorLike | None = None,
        out: None = None,
    ) -> Tensor:
        """See `numpy.clip`; the gradient is 0 at the bounds and beyond."""
        return elements.clip(self, min, without(out, max, "clip"))

    clamp = clip

    def pow(self, exponent: TensorLike) -> Tensor:
        """``self ** exponent``."""
        return power.pow(self, exponent)

    def exp(self) -> Tensor:
        """``e ** self``."""
        return e.exp(self)

    def log(self) -> Tensor:
        """Natural logarithm."""
        return e.log(self)

    def sqrt(self) -> Tensor:
        """Square root."""
        return e.sqrt(self)

    def square(self) -> Tensor:
        """``self * self``."""
        return e.square(self)

    def abs(self) -> Tensor:
        """Magnitude; subgradient 0 at 0."""
        return e.abs(self)

    def tanh(self) -> Tensor:
        """Hyperbolic tangent."""
        return a.tanh(self)

    def sigmoid(self) -> Tensor:
        """``1 / (1 + exp(-self))``."""
        return a.sigmoid(self)

    def relu(self) -> Tensor:
        """``max(self, 0)``; subgradient 0 at 0."""
        return a.relu(self)

    def sin(self) -> Tensor:
        """Sine."""
        return e.sin(self)

    def cos(self) -> Tensor:
        """Cosine."""
        return e.cos(self)

    def tan(self) -> Tensor:
        """Tangent."""
        return numpys.tan(self)

    def expm1(self) -> Tensor:
        """``exp(self) - 1``, exact near 0."""
        return e.expm1(self)

    def log1p(self) -> Tensor:
        """``log(1 + self)``, exact near 0."""
        return e.log1p(self)

    def neg(self) -> Tensor:
        """``-self``."""
        return e.neg(self)

    def softmax(self, dim: int = -1) -> Tensor:
        """``exp(self)``, of sum 1 along ``dim``."""
        return softmax.softmax(self, axis=dim)

    def log_softmax(self, dim: int = -1) -> Tensor:
        """The logarithm of `softmax`, without overflow."""
        return softmax.log_softmax(self, axis=dim)

    def add(self, other: TensorLike) -> Tensor:
        """``self + other``."""
        return e.add(self, other)

    def sub(self, other: TensorLike) -> Tensor:
        """``self - other``."""
        return e.sub(self, other)

    def mul(self, other: TensorLike) -> Tensor:
        """``self * other``."""
        return e.mul(self, other)

    def div(self, other: TensorLike) -> Tensor:
        """``self / other``."""
        return e.div(self, other)

    def matmul(self, other: TensorLike) -> Tensor:
        """``self @ other``."""
        return mm.matmul(self, other)

    def round(self, decimals: int = 0, out: None = None) -> Tensor:
        """See `numpy.ndarray.round`; the gradient is 0."""
        return numpys.round(self, without(out, decimals, "round"))

    def conj(self) -> Tensor:
        """See `numpy.ndarray.conj`."""
        return numpys.conjugate(self)

    conjugate = conj

    def masked_fill(self, mask: TensorLike, value: TensorLike) -> Tensor:
        """``value`` where ``mask`` is true, the elements elsewhere; PyTorch's."""
        value = s.astype(operand(value), dtype=self._data.dtype)
        return e.where(operand(mask), value, self)
