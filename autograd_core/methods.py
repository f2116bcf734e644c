"""Methods of Tensor that NumPy and PyTorch users know, each a call of an op."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core import composites as c
from autograd_core import reductions as n
from autograd_core.ops import activations as a
from autograd_core.ops import elementwise as e
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.ops.folding import Axis, DType, Shape, unpacked
from autograd_core.tape import TensorBase

if TYPE_CHECKING:
    from autograd_core.tensor import Tensor, TensorLike


def _without(out: Any, value: Any, name: str) -> Any:
    """``value``; TypeError if there is an array to write to."""
    if out is not None:
        raise TypeError(f"{name}: out= is not supported for Tensors")
    return value


def _keepdim(given: Any, keepdims: bool) -> tuple[Any, bool]:
    """What is left of an argument, and keepdims, which it may have been."""
    return (None, given) if isinstance(given, bool) else (given, keepdims)


def _ddof(dtype: Any, ddof: Any) -> tuple[Any, Any]:
    return (None, dtype) if isinstance(dtype, int | np.integer) else (dtype, ddof)


class Methods(TensorBase):
    """Shapes, reductions and functions, as methods; names as in NumPy or PyTorch."""

    __slots__ = ()

    # Shape -------------------------------------------------------------------------

    @property
    def T(self) -> Tensor:
        return s.transpose(self)

    @property
    def mT(self) -> Tensor:  # noqa: N802
        """The last two axes exchanged."""
        return c.swapaxes(self, -1, -2)

    def reshape(self, *shape: Shape, order: Any = "C", copy: Any = None) -> Tensor:
        """See `numpy.ndarray.reshape`."""
        if order == "C" and copy is None:
            return s.reshape(self, shape=unpacked(shape))
        return c.reshape(self, unpacked(shape), order, copy)

    view = reshape

    def transpose(self, *axes: Shape | None) -> Tensor:
        """See `numpy.ndarray.transpose`."""
        if not axes or (len(axes) == 1 and axes[0] is None):
            return s.transpose(self)
        return s.transpose(self, axes=unpacked(axes))

    permute = transpose

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """See `numpy.ndarray.swapaxes`."""
        return c.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Axis = None) -> Tensor:
        """See `numpy.ndarray.squeeze`."""
        return c.squeeze(self, axis)

    def unsqueeze(self, axis: int) -> Tensor:
        """See `numpy.expand_dims`."""
        return c.expand_dims(self, axis)

    def flatten(self, start: Any = 0, end: int = -1, order: Any = "C") -> Tensor:
        """Axes ``start`` to ``end``, both included, as one.

        A view where the layout allows it, as in PyTorch; NumPy's is a copy. A string in
        the place of ``start`` is NumPy's ``order``.
        """
        if isinstance(start, str):
            start, order = 0, start
        if not c.in_fortran_order("flatten", order):
            return c.flatten(self, start, end)
        if (start, end) != (0, -1):
            raise TypeError("flatten: order 'F' is for all axes only")
        return c.ravel(self, order)

    def ravel(self, order: Any = "C") -> Tensor:
        """See `numpy.ndarray.ravel`."""
        return c.ravel(self, order)

    def astype(
        self,
        dtype: DType,
        order: Any = "K",
        casting: Any = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Tensor:
        """See `numpy.ndarray.astype`; always a copy, in the layout of C."""
        return c.astype(self, dtype, copy, casting)

    def float(self) -> Tensor:
        """In float32."""
        return self.astype(np.float32)

    def double(self) -> Tensor:
        """In float64."""
        return self.astype(np.float64)

    def clone(self) -> Tensor:
        """A copy that is differentiated through."""
        return s.astype(self, dtype=self._data.dtype)

    # Reductions --------------------------------------------------------------------

    # NumPy's arguments in NumPy's order. Where NumPy takes a dtype or an array, and so
    # no bool, a bool is what PyTorch has in that place: keepdim.

    def sum(
        self,
        axis: Axis = None,
        dtype: DType | bool = None,
        out: None = None,
        keepdims: bool = False,
    ) -> Tensor:
        """See `numpy.ndarray.sum`."""
        if axis is None and dtype is None and out is None and keepdims is False:
            return r.sum.call(self)
        dtype, keepdims = _keepdim(dtype, keepdims)
        return n.sum(self, axis, _without(out, dtype, "sum"), keepdims)

    def mean(
        self,
        axis: Axis = None,
        dtype: DType | bool = None,
        out: None = None,
        keepdims: bool = False,
    ) -> Tensor:
        """See `numpy.ndarray.mean`."""
        if axis is None and dtype is None and out is None and keepdims is False:
            return r.mean.call(self)
        dtype, keepdims = _keepdim(dtype, keepdims)
        return n.mean(self, axis, _without(out, dtype, "mean"), keepdims)

    def var(
        self,
        axis: Axis = None,
        dtype: DType | int = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: bool = False,
        *,
        correction: Any = n.MISSING,
    ) -> Tensor:
        """See `numpy.ndarray.var`; a number in the place of ``dtype`` is ``ddof``."""
        out, keepdims = _keepdim(out, keepdims)
        dtype, ddof = _ddof(_without(out, dtype, "var"), ddof)
        return n.var(self, axis, dtype, ddof, keepdims, correction)

    def std(
        self,
        axis: Axis = None,
        dtype: DType | int = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: bool = False,
        *,
        correction: Any = n.MISSING,
    ) -> Tensor:
        """See `numpy.ndarray.std`; a number in the place of ``dtype`` is ``ddof``."""
        out, keepdims = _keepdim(out, keepdims)
        dtype, ddof = _ddof(_without(out, dtype, "std"), ddof)
        return n.std(self, axis, dtype, ddof, keepdims, correction)

    def max(self, axis: Axis = None, out: Any = None, keepdims: bool = False) -> Tensor:
        """See `numpy.ndarray.max`; ties share the gradient."""
        out, keepdims = _keepdim(out, keepdims)
        return n.max(self, axis, _without(out, keepdims, "max"))

    def min(self, axis: Axis = None, out: Any = None, keepdims: bool = False) -> Tensor:
        """See `numpy.ndarray.min`; ties share the gradient."""
        out, keepdims = _keepdim(out, keepdims)
        return n.min(self, axis, _without(out, keepdims, "min"))

    def argmax(
        self, axis: int | None = None, out: Any = None, keepdims: bool = False
    ) -> Tensor:
        """See `numpy.ndarray.argmax`; no gradient."""
        out, keepdims = _keepdim(out, keepdims)
        return n.argmax(self, axis, _without(out, keepdims, "argmax"))

    # Functions ---------------------------------------------------------------------

    def dot(self, other: TensorLike, out: None = None) -> Tensor:
        """See `numpy.dot`."""
        return c.dot(self, _without(out, other, "dot"))

    def clip(
        self,
        min: TensorLike | None = None,
        max: TensorLike | None = None,
        out: None = None,
    ) -> Tensor:
        """See `numpy.clip`; the gradient is 0 at the bounds and beyond."""
        return c.clip(self, min, _without(out, max, "clip"))

    clamp = clip

    def pow(self, exponent: TensorLike) -> Tensor:
        """``self ** exponent``."""
        return e.pow(self, exponent)

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
