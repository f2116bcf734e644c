"""Methods of shape and memory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.numpy_functions import diagonals, joining, shapes
from autograd_core.numpy_functions.arguments import check_cast, in_fortran_order
from autograd_core.ops import complexes as cx
from autograd_core.ops import shape as s
from autograd_core.ops.folding import Axis, DType, Shape, single, unpacked
from autograd_core.tape import TensorBase

if TYPE_CHECKING:
    from autograd_core.tensor import Tensor


def _one_axis(x: Any, start: int = 0, end: int = -1) -> Any:
    """Axes ``start`` to ``end``, both included, as one."""
    shape = tuple(x.shape) or (1,)
    first, last = single(start, len(shape)), single(end, len(shape))
    if first > last:
        raise ValueError(f"flatten: axis {start} comes after axis {end}")
    middle = math.prod(shape[first : last + 1])
    return s.reshape(x, shape=(*shape[:first], middle, *shape[last + 1 :]))


class ShapeMethods(TensorBase):
    """Shape and memory."""

    __slots__ = ()

    @property
    def strides(self) -> tuple[int, ...]:
        """See `numpy.ndarray.strides`."""
        return self._data.strides

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self._data.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._data.nbytes

    @property
    def device(self) -> str:
        """Where the data are: always "cpu", as in NumPy."""
        return "cpu"

    def to_device(self, device: str, /, *, stream: None = None) -> Tensor:
        """See `numpy.ndarray.to_device`."""
        if device != "cpu" or stream is not None:
            raise ValueError(f"to_device: there is only 'cpu', not {device!r}")
        return self._same()

    def cpu(self) -> Tensor:
        """The tensor itself, as in PyTorch."""
        return self._same()

    def _same(self) -> Tensor:
        out: Any = self
        return out

    def numel(self) -> int:
        """How many elements."""
        return self._data.size

    @property
    def T(self) -> Tensor:
        """With the axes in the opposite order; a view."""
        return s.transpose(self)

    @property
    def real(self) -> Tensor:
        """The real part, a view."""
        return cx.real(self)

    @property
    def imag(self) -> Tensor:
        """The imaginary part, a view of a complex tensor."""
        return cx.imag(self)

    @property
    def mT(self) -> Tensor:  # noqa: N802
        """The last two axes exchanged."""
        return shapes.swapaxes(self, -1, -2)

    def reshape(self, *shape: Shape, order: Any = "C", copy: Any = None) -> Tensor:
        """See `numpy.ndarray.reshape`."""
        if order == "C" and copy is None:
            return s.reshape(self, shape=unpacked(shape))
        return shapes.reshape(self, unpacked(shape), order, copy=copy)

    view = reshape

    def transpose(self, *axes: Shape | None) -> Tensor:
        """See `numpy.ndarray.transpose`."""
        if not axes or (len(axes) == 1 and axes[0] is None):
            return s.transpose(self)
        return s.transpose(self, axes=unpacked(axes))

    permute = transpose

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """See `numpy.ndarray.swapaxes`."""
        return shapes.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Axis = None) -> Tensor:
        """See `numpy.ndarray.squeeze`."""
        return shapes.squeeze(self, axis)

    def unsqueeze(self, axis: int) -> Tensor:
        """See `numpy.expand_dims`."""
        return shapes.expand_dims(self, axis)

    def flatten(self, start: Any = 0, end: int = -1, order: Any = "C") -> Tensor:
        """Axes ``start`` to ``end``, both included, as one.

        A view where the layout allows it, as in PyTorch; NumPy's is a copy. A string in
        the place of ``start`` is NumPy's ``order``.
        """
        if isinstance(start, str):
            start, order = 0, start
        if not in_fortran_order("flatten", order):
            return _one_axis(self, start, end)
        if (start, end) != (0, -1):
            raise TypeError("flatten: order 'F' is for all axes only")
        return shapes.ravel(self, order)

    def ravel(self, order: Any = "C") -> Tensor:
        """See `numpy.ndarray.ravel`."""
        return shapes.ravel(self, order)

    def astype(
        self,
        dtype: DType,
        order: Any = "K",
        casting: Any = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Tensor:
        """See `numpy.ndarray.astype`; always a copy, in the layout of C."""
        check_cast([self], np.dtype(dtype), casting)
        return s.astype(self, dtype=np.dtype(dtype))

    def float(self) -> Tensor:
        """In float32."""
        return self.astype(np.float32)

    def double(self) -> Tensor:
        """In float64."""
        return self.astype(np.float64)

    def clone(self) -> Tensor:
        """A copy that is differentiated through."""
        return s.astype(self, dtype=self._data.dtype)

    def copy(self, order: Any = "C") -> Tensor:
        """See `numpy.ndarray.copy`: a copy that is differentiated through."""
        return shapes.copy(self, order)

    @property
    def flat(self) -> Tensor:
        """All elements in one axis: a view, or a copy that cannot be written to."""
        out = shapes.ravel(self)
        if np.may_share_memory(out._data, self._data):
            return out
        return s.broadcast_to(out, shape=out.shape)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """See `numpy.ndarray.diagonal`."""
        return diagonals.diagonal(self, offset, axis1, axis2)

    def repeat(self, repeats: Any, axis: int | None = None) -> Tensor:
        """See `numpy.ndarray.repeat`; PyTorch's is `numpy.tile`."""
        return joining.repeat(self, repeats, axis)

    def expand(self, *sizes: Shape) -> Tensor:
        """Repeated to these lengths, -1 for one that stays; PyTorch's, a view."""
        new, old = unpacked(sizes), tuple(self._data.shape)
        old = (1,) * (len(new) - len(old)) + old
        shape = (m if n == -1 else n for n, m in zip(new, old, strict=False))
        return s.broadcast_to(self, shape=(*shape, *new[len(old) :]))

    def unbind(self, dim: int = 0) -> tuple[Tensor, ...]:
        """See `numpy.unstack`."""
        return joining.unstack(self, axis=dim)

    def chunk(self, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """Parts of equal length, the last the shortest; at most so many, as PyTorch."""
        if chunks < 1:
            raise ValueError(f"chunk: {chunks} parts are none")
        n = self._data.shape[dim]
        length = -(-n // chunks) or 1
        return tuple(joining.split(self, range(length, max(n, 1), length), dim))
