"""Methods of Tensor that NumPy and PyTorch users know, each a call of an op."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from autograd_core import composites as c
from autograd_core.ops import activations as a
from autograd_core.ops import elementwise as e
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.ops.folding import Axis
from autograd_core.protocols import unpacked
from autograd_core.tape import TensorBase


class Methods(TensorBase):
    """Shapes, reductions and functions, as methods; names as in NumPy or PyTorch."""

    __slots__ = ()

    # Shape -------------------------------------------------------------------------

    @property
    def T(self) -> Self:
        return s.transpose(self)

    @property
    def mT(self) -> Self:  # noqa: N802
        """The last two axes exchanged."""
        return c.swapaxes(self, -1, -2)

    def reshape(self, *shape: Any) -> Self:
        """See `numpy.ndarray.reshape`."""
        return s.reshape(self, shape=unpacked(shape))

    view = reshape

    def transpose(self, *axes: Any) -> Self:
        """See `numpy.ndarray.transpose`."""
        order = unpacked(axes) if axes and axes != (None,) else None
        return s.transpose(self, axes=order)

    permute = transpose

    def swapaxes(self, axis1: int, axis2: int) -> Self:
        """See `numpy.ndarray.swapaxes`."""
        return c.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Axis = None) -> Self:
        """See `numpy.ndarray.squeeze`."""
        return c.squeeze(self, axis)

    def unsqueeze(self, axis: int) -> Self:
        """See `numpy.expand_dims`."""
        return c.expand_dims(self, axis)

    def flatten(self, start: int = 0, end: int = -1) -> Self:
        """Axes ``start`` to ``end``, both included, as one."""
        return c.flatten(self, start, end)

    def ravel(self) -> Self:
        """See `numpy.ndarray.ravel`."""
        return c.ravel(self)

    def astype(self, dtype: Any) -> Self:
        """See `numpy.ndarray.astype`."""
        return s.astype(self, dtype=np.dtype(dtype))

    def float(self) -> Self:
        """In float32."""
        return self.astype(np.float32)

    def double(self) -> Self:
        """In float64."""
        return self.astype(np.float64)

    def clone(self) -> Self:
        """A copy that is differentiated through."""
        return s.astype(self, dtype=self._data.dtype)

    # Reductions --------------------------------------------------------------------

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Self:
        """See `numpy.ndarray.sum`."""
        return r.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Self:
        """See `numpy.ndarray.mean`."""
        return r.mean(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Axis = None, ddof: Any = 0, keepdims: bool = False) -> Self:
        """See `numpy.ndarray.var`."""
        return r.var(self, axis=axis, correction=ddof, keepdims=keepdims)

    def std(self, axis: Axis = None, ddof: Any = 0, keepdims: bool = False) -> Self:
        """See `numpy.ndarray.std`."""
        return c.std(self, axis, ddof, keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Self:
        """See `numpy.ndarray.max`; ties share the gradient."""
        return r.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Self:
        """See `numpy.ndarray.min`; ties share the gradient."""
        return r.min(self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Self:
        """See `numpy.ndarray.argmax`; no gradient."""
        return r.argmax(self, axis=axis, keepdims=keepdims)

    # Functions ---------------------------------------------------------------------

    def dot(self, other: Any) -> Self:
        """See `numpy.dot`."""
        return c.dot(self, other)

    def clip(self, min: Any = None, max: Any = None) -> Self:
        """See `numpy.clip`; the gradient is 0 at the bounds and beyond."""
        return c.clip(self, min, max)

    clamp = clip

    def pow(self, exponent: Any) -> Self:
        """``self ** exponent``."""
        return e.pow(self, exponent)

    def exp(self) -> Self:
        """``e ** self``."""
        return e.exp(self)

    def log(self) -> Self:
        """Natural logarithm."""
        return e.log(self)

    def sqrt(self) -> Self:
        """Square root."""
        return e.sqrt(self)

    def square(self) -> Self:
        """``self * self``."""
        return e.square(self)

    def abs(self) -> Self:
        """Magnitude; subgradient 0 at 0."""
        return e.abs(self)

    def tanh(self) -> Self:
        """Hyperbolic tangent."""
        return a.tanh(self)

    def sigmoid(self) -> Self:
        """``1 / (1 + exp(-self))``."""
        return a.sigmoid(self)

    def relu(self) -> Self:
        """``max(self, 0)``; subgradient 0 at 0."""
        return a.relu(self)
