"""Methods that pick, order or overwrite elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.methods.arguments import without
from autograd_core.numpy_functions import blocks, indexing, sorting, writing
from autograd_core.numpy_functions.arguments import bare, plain
from autograd_core.ops import shape as s
from autograd_core.ops.folding import single
from autograd_core.tape import TensorBase, keeps_graph
from autograd_core.writes import write

if TYPE_CHECKING:
    from autograd_core.tensor import Tensor, TensorLike


numpys: Any = np  # which calls Tensors by its protocol


class PlaceMethods(TensorBase):
    """Elements by their places, and their order."""

    __slots__ = ()

    def take(
        self,
        indices: TensorLike,
        axis: int | None = None,
        out: None = None,
        mode: Any = "raise",
    ) -> Tensor:
        """See `numpy.ndarray.take`."""
        return indexing.take(self, indices, axis, mode=without(out, mode, "take"))

    def compress(
        self, condition: TensorLike, axis: int | None = None, out: None = None
    ) -> Tensor:
        """See `numpy.ndarray.compress`."""
        return indexing.compress(condition, self, without(out, axis, "compress"))

    def choose(self, *choices: Any, out: None = None, mode: Any = "raise") -> Tensor:
        """See `numpy.ndarray.choose`: the choices one by one, or as a sequence."""
        given = choices[0] if len(choices) == 1 else choices
        return blocks.choose(self, given, mode=without(out, mode, "choose"))

    def gather(self, dim: int, index: TensorLike) -> Tensor:
        """PyTorch's: element by element along ``dim``, see `numpy.take_along_axis`.

        The index may be shorter than the tensor along the other axes.
        """
        shape = np.shape(plain(index))
        if len(shape) != self._data.ndim:
            raise ValueError(f"gather: index of shape {shape} into {self._data.shape}")
        axis = single(dim, len(shape))
        cut = tuple(slice(None if i == axis else n) for i, n in enumerate(shape))
        return indexing.take_along_axis(s.getitem(self, index=cut), index, axis)

    def nonzero(self) -> tuple[Any, ...]:
        """See `numpy.ndarray.nonzero`: an array of places for each axis."""
        found: tuple[Any, ...] = numpys.nonzero(self)
        return found

    def searchsorted(
        self, v: TensorLike, side: Any = "left", sorter: Any = None
    ) -> Any:
        """See `numpy.ndarray.searchsorted`; no gradient."""
        return numpys.searchsorted(self, v, side, sorter)

    def argsort(
        self,
        axis: int | None = -1,
        kind: Any = None,
        order: None = None,
        *,
        stable: bool | None = None,
    ) -> Tensor:
        """See `numpy.ndarray.argsort`; no gradient."""
        _without_fields("argsort", order)
        return sorting.argsort(self, axis, kind, stable=stable)

    def argpartition(
        self,
        kth: Any,
        axis: int | None = -1,
        kind: Any = "introselect",
        order: Any = None,
    ) -> Tensor:
        """See `numpy.ndarray.argpartition`; no gradient."""
        _without_fields("argpartition", order)
        return sorting.argpartition(self, kth, axis, kind)

    # In place, as in NumPy ----------------------------------------------------------

    def sort(
        self,
        axis: int = -1,
        kind: Any = None,
        order: None = None,
        *,
        stable: bool | None = None,
    ) -> None:
        """See `numpy.ndarray.sort`: in place. `numpy.sort` gives a sorted tensor."""
        _without_fields("sort", order)
        self._in_place("sort", "np.sort(x)")
        write(
            self, sorting.sort(self, single(axis, self._data.ndim), kind, stable=stable)
        )

    def partition(
        self, kth: Any, axis: int = -1, kind: Any = "introselect", order: None = None
    ) -> None:
        """See `numpy.ndarray.partition`: in place. `numpy.partition` gives a tensor."""
        _without_fields("partition", order)
        self._in_place("partition", "np.partition(x, kth)")
        axis = single(axis, self._data.ndim)
        write(self, sorting.partition(self, kth, axis, kind))

    def put(self, indices: TensorLike, values: TensorLike, mode: Any = "raise") -> None:
        """See `numpy.ndarray.put`: in place."""
        writing.put(self, indices, values, mode)

    def fill(self, value: Any) -> None:
        """See `numpy.ndarray.fill`: in place."""
        target: Any = self
        target[...] = value

    def resize(self, *new_shape: Any, refcheck: bool = True) -> None:
        """A Tensor's size is fixed: TypeError."""
        raise TypeError("resize: a Tensor stays in its size; use np.resize(x, shape)")

    def _in_place(self, name: str, instead: str) -> None:
        if keeps_graph(self):
            raise RuntimeError(
                f"{name}: in-place update of a tensor that requires grad. "
                f"Write `{instead}`, or do it under `ag.no_grad()`."
            )

    # Out of the graph ---------------------------------------------------------------

    def tobytes(self, order: Any = "C") -> bytes:
        """See `numpy.ndarray.tobytes`."""
        data: bytes = bare(self).tobytes(order)
        return data

    def tofile(self, fid: Any, sep: str = "", format: str = "%s") -> None:
        """See `numpy.ndarray.tofile`."""
        bare(self).tofile(fid, sep, format)


def _without_fields(name: str, order: Any) -> None:
    if order is not None:
        raise TypeError(f"{name}: order= names fields, which a Tensor has not")
