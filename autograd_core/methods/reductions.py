"""Reductions, as methods.

NumPy's arguments in NumPy's order. Where NumPy takes a dtype or an array, and so
no bool, a bool is what PyTorch has in that place: keepdim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.methods.arguments import (
    axis_of,
    ddof_of,
    keepdim_of,
    without,
)
from autograd_core.numpy_functions import diagonals, sorting
from autograd_core.numpy_functions import reductions as n
from autograd_core.numpy_functions.arguments import MISSING
from autograd_core.ops import elementwise as e
from autograd_core.ops import reduce as r
from autograd_core.ops.folding import Axis, DType
from autograd_core.tape import TensorBase

if TYPE_CHECKING:
    from autograd_core.tensor import Tensor


numpys: Any = np  # which calls Tensors by its protocol


class ReductionMethods(TensorBase):
    """Reductions and sums."""

    __slots__ = ()

    def sum(
        self,
        axis: Axis = None,
        dtype: DType | bool = None,
        out: None = None,
        keepdims: bool = False,
        *,
        dim: Axis = None,
        keepdim: bool | None = None,
    ) -> Tensor:
        """See `numpy.ndarray.sum`."""
        usual = keepdims is False and keepdim is None and dim is None
        if axis is None and dtype is None and out is None and usual:
            return r.sum.call(self)
        dtype, keepdims = keepdim_of(dtype, keepdims)
        axis, keepdims = axis_of("sum", axis, keepdims, dim, keepdim)
        return n.sum(self, axis, without(out, dtype, "sum"), keepdims)

    def mean(
        self,
        axis: Axis = None,
        dtype: DType | bool = None,
        out: None = None,
        keepdims: bool = False,
        *,
        dim: Axis = None,
        keepdim: bool | None = None,
    ) -> Tensor:
        """See `numpy.ndarray.mean`."""
        usual = keepdims is False and keepdim is None and dim is None
        if axis is None and dtype is None and out is None and usual:
            return r.mean.call(self)
        dtype, keepdims = keepdim_of(dtype, keepdims)
        axis, keepdims = axis_of("mean", axis, keepdims, dim, keepdim)
        return n.mean(self, axis, without(out, dtype, "mean"), keepdims)

    def var(
        self,
        axis: Axis = None,
        dtype: DType | int = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: bool = False,
        *,
        correction: Any = MISSING,
        dim: Axis = None,
        keepdim: bool | None = None,
    ) -> Tensor:
        """See `numpy.ndarray.var`; a number in the place of ``dtype`` is ``ddof``."""
        out, keepdims = keepdim_of(out, keepdims)
        dtype, ddof = ddof_of(without(out, dtype, "var"), ddof)
        axis, keepdims = axis_of("var", axis, keepdims, dim, keepdim)
        return n.var(self, axis, dtype, ddof, keepdims, correction=correction)

    def std(
        self,
        axis: Axis = None,
        dtype: DType | int = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: bool = False,
        *,
        correction: Any = MISSING,
        dim: Axis = None,
        keepdim: bool | None = None,
    ) -> Tensor:
        """See `numpy.ndarray.std`; a number in the place of ``dtype`` is ``ddof``."""
        out, keepdims = keepdim_of(out, keepdims)
        dtype, ddof = ddof_of(without(out, dtype, "std"), ddof)
        axis, keepdims = axis_of("std", axis, keepdims, dim, keepdim)
        return n.std(self, axis, dtype, ddof, keepdims, correction=correction)

    def max(
        self,
        axis: Axis = None,
        out: Any = None,
        keepdims: bool = False,
        *,
        dim: Axis = None,
        keepdim: bool | None = None,
    ) -> Tensor:
        """See `numpy.ndarray.max`; ties share the gradient."""
        out, keepdims = keepdim_of(out, keepdims)
        axis, keepdims = axis_of("max", axis, keepdims, dim, keepdim)
        return n.max(self, axis, without(out, keepdims, "max"))

    def min(
        self,
        axis: Axis = None,
        out: Any = None,
        keepdims: bool = False,
        *,
        dim: Axis = None,
        keepdim: bool | None = None,
    ) -> Tensor:
        """See `numpy.ndarray.min`; ties share the gradient."""
        out, keepdims = keepdim_of(out, keepdims)
        axis, keepdims = axis_of("min", axis, keepdims, dim, keepdim)
        return n.min(self, axis, without(out, keepdims, "min"))

    def argmax(
        self,
        axis: int | None = None,
        out: Any = None,
        keepdims: bool = False,
        *,
        dim: int | None = None,
        keepdim: bool | None = None,
    ) -> Tensor:
        """See `numpy.ndarray.argmax`; no gradient."""
        out, keepdims = keepdim_of(out, keepdims)
        axis, keepdims = axis_of("argmax", axis, keepdims, dim, keepdim)
        return n.argmax(self, axis, keepdims=without(out, keepdims, "argmax"))

    def argmin(
        self,
        axis: int | None = None,
        out: Any = None,
        keepdims: bool = False,
        *,
        dim: int | None = None,
        keepdim: bool | None = None,
    ) -> Tensor:
        """See `numpy.ndarray.argmin`; no gradient."""
        out, keepdims = keepdim_of(out, keepdims)
        axis, keepdims = axis_of("argmin", axis, keepdims, dim, keepdim)
        return sorting.argmin(self, axis, keepdims=without(out, keepdims, "argmin"))

    def prod(
        self,
        axis: Axis = None,
        dtype: DType | bool = None,
        out: None = None,
        keepdims: bool = False,
        *,
        dim: Axis = None,
        keepdim: bool | None = None,
    ) -> Tensor:
        """See `numpy.ndarray.prod`."""
        dtype, keepdims = keepdim_of(dtype, keepdims)
        axis, keepdims = axis_of("prod", axis, keepdims, dim, keepdim)
        dtype = without(out, dtype, "prod")
        return numpys.prod(self, axis, dtype=dtype, keepdims=keepdims)

    def cumsum(
        self,
        axis: int | None = None,
        dtype: DType = None,
        out: None = None,
        *,
        dim: int | None = None,
    ) -> Tensor:
        """See `numpy.ndarray.cumsum`."""
        axis, _ = axis_of("cumsum", axis, None, dim, None)
        return numpys.cumsum(self, axis, without(out, dtype, "cumsum"))

    def cumprod(
        self,
        axis: int | None = None,
        dtype: DType = None,
        out: None = None,
        *,
        dim: int | None = None,
    ) -> Tensor:
        """See `numpy.ndarray.cumprod`."""
        axis, _ = axis_of("cumprod", axis, None, dim, None)
        return numpys.cumprod(self, axis, without(out, dtype, "cumprod"))

    def all(
        self,
        axis: Axis = None,
        out: Any = None,
        keepdims: bool = False,
        *,
        dim: Axis = None,
        keepdim: bool | None = None,
    ) -> Any:
        """See `numpy.ndarray.all`; no gradient."""
        out, keepdims = keepdim_of(out, keepdims)
        axis, keepdims = axis_of("all", axis, keepdims, dim, keepdim)
        return numpys.all(self, axis, keepdims=without(out, keepdims, "all"))

    def any(
        self,
        axis: Axis = None,
        out: Any = None,
        keepdims: bool = False,
        *,
        dim: Axis = None,
        keepdim: bool | None = None,
    ) -> Any:
        """See `numpy.ndarray.any`; no gradient."""
        out, keepdims = keepdim_of(out, keepdims)
        axis, keepdims = axis_of("any", axis, keepdims, dim, keepdim)
        return numpys.any(self, axis, keepdims=without(out, keepdims, "any"))

    def trace(
        self,
        offset: int = 0,
        axis1: int = 0,
        axis2: int = 1,
        dtype: DType = None,
        out: None = None,
    ) -> Tensor:
        """See `numpy.ndarray.trace`."""
        dtype = without(out, dtype, "trace")
        return diagonals.trace(self, offset, axis1, axis2, dtype)

    def norm(
        self, p: Any = 2, dim: Axis = None, keepdim: bool = False, *, axis: Axis = None
    ) -> Tensor:
        """PyTorch's norm of all elements, or along axes; its gradient is 0 at 0."""
        axis, keepdims = axis_of("norm", axis, keepdim, dim, None)
        if p not in (2, None, "fro"):
            x = self.ravel() if axis is None else self  # type: ignore[attr-defined]
            return numpys.linalg.norm(x, p, axis, keepdims=keepdims)
        total = n.sum(e.square(self), axis, keepdims=keepdims)
        zero = e.equal(total, 0.0)
        return e.where(zero, 0.0, e.sqrt(e.where(zero, 1.0, total)))
