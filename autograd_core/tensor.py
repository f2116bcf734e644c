"""Tensor: an array that remembers how it was made. Operators delegate to ops."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd_core import protocols, ufuncs
from autograd_core.grad import backward
from autograd_core.hooks import RECORDING, Array, current, recorder
from autograd_core.in_place import InPlace
from autograd_core.launch import duplicate
from autograd_core.numpy_functions.arguments import plain
from autograd_core.numpy_functions.joining import stacked
from autograd_core.ops import TABLE
from autograd_core.ops import shape as s
from autograd_core.tape import (
    PAUSED,
    Node,
    TensorBase,
    check_kept,
    spec,
    state,
    version_of,
)
from autograd_core.writes import array_of

TensorLike: TypeAlias = "Tensor | npt.ArrayLike"  # what becomes a Tensor, or stays one
SLOTS = [name for name in TensorBase.__slots__ if name != "__weakref__"]


class Tensor(InPlace):
    """An n-dimensional array with a gradient. Make one with `tensor`.

    ``data`` is the NumPy array itself; writing to it directly is not seen by the tape.
    With ``requires_grad`` ops write on the tape what they do, and `Tensor.backward`
    leaves the derivatives in ``.grad``. Operators, indexing and the methods of NumPy's
    arrays work, NumPy's functions too: ``np.exp(t)``, ``np.concatenate([t, u])``.
    Raises TypeError for operands and dtypes that have no gradient here, as float16.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> x = ag.tensor([1.0, 2.0], requires_grad=True)
    >>> y = np.exp(x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2.7182817, 7.389056 ])
    """

    __slots__ = ()
    __hash__ = object.__hash__
    __array_priority__ = 10_000.0  # for classes of before `__array_ufunc__`
    __pandas_priority__ = 10_000  # so that pandas leaves operators to us

    if TYPE_CHECKING:  # on the tape's floor there is no Tensor yet

        @property
        def grad(self) -> Tensor | None: ...
        @grad.setter
        def grad(self, value: Tensor | None) -> None: ...

    def stacked(self, values: Sequence[Any]) -> Tensor:
        """Lists that hold Tensors as one Tensor, as NumPy makes an array of lists."""
        out: Tensor = stacked(values)
        return out

    def __copy__(self) -> Self:
        """The same memory and the same place in the graph."""
        out = type(self).__new__(type(self))
        for name in SLOTS:
            setattr(out, name, getattr(self, name))
        if hasattr(self, "__dict__"):  # of a subclass
            vars(out).update(vars(self))
        return out

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A leaf with a copy of the data; RuntimeError for what an op has made."""
        self._check_leaf("deepcopy")
        out = memo[id(self)] = type(self).__new__(type(self))
        if recorder() is None:
            out._data = copy.deepcopy(self._data, memo)
        else:
            out._data = duplicate(array_of(self))
        out._grad = copy.deepcopy(self.grad, memo)
        out.node, out._requires_grad = None, self._requires_grad
        out.version = memo.setdefault(id(self.version), [version_of(self.version)])
        return out

    def __reduce_ex__(self, protocol: Any) -> Any:
        """A leaf, without addresses; RuntimeError for what an op has made."""
        self._check_leaf("pickle")
        kind = type(self)
        state: dict[str, Any] = {"_data": self._data, "_grad": self.grad}
        state |= {"node": None, "version": [0]}
        state["_requires_grad"] = self._requires_grad
        return kind.__new__, (kind,), (getattr(self, "__dict__", None), state)

    def _check_leaf(self, who: str) -> None:
        if self.node is not None:
            raise RuntimeError(
                f"{who}: only leaves can be copied, this is the result of the op "
                f"{self.node.op.name!r}; detach() it first"
            )

    # What it is ------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self._data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of the elements."""
        return self._data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """How many elements there are."""
        return self._data.size

    @property
    def is_leaf(self) -> bool:
        """Made by the user, not by an op that is recorded."""
        return self.node is None

    def __len__(self) -> int:
        if not self._data.shape:
            raise TypeError("len() of a 0-d tensor")
        return self._data.shape[0]

    def __repr__(self) -> str:
        if not isinstance(self._data, np.ndarray):  # made by hand, see `op`
            kind = type(self._data).__name__
            return f"<Tensor around {kind}, no NumPy array: use ag.tensor(...)>"
        text = np.array2string(self._data, separator=", ", prefix="tensor(")
        default = self.dtype in (np.float32, np.int64, np.bool_)
        dtype = "" if default else f", dtype={self.dtype}"
        grad = ""
        if self.node is not None:
            grad = f", op={self.node.op.name}"
        elif self.requires_grad:
            grad = ", requires_grad=True"
        return f"tensor({text}{dtype}{grad})"

    # Out of the graph ------------------------------------------------------------

    def numpy(self) -> Array:
        """The data as a NumPy array that shares memory; not differentiated."""
        self._leaving("numpy()")
        return self._data

    def item(self, *place: Any) -> Any:
        """The single value, or that at a place, as a Python number."""
        self._leaving("item()")
        if self._data.size != 1 and not place:
            raise ValueError(f"item: needs exactly one element, got shape {self.shape}")
        return self._data.item(*place)

    def tolist(self) -> Any:
        """The data as nested lists."""
        self._leaving("tolist()")
        return self._data.tolist()

    def detach(self) -> Tensor:
        """The same memory outside the graph."""
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_leaf(self)
        out = Tensor(self._data)
        out.version = self.version
        return out

    def _leaving(self, how: str) -> None:
        """Values of a Program being recorded do not exist yet at replay time."""
        if (listener := recorder()) is not None:
            listener.on_escape(self._data, how)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        self._leaving("a conversion to a NumPy array")
        if dtype is None or np.dtype(dtype).kind not in "iub":
            check_kept(self, "NumPy")
        return np.array(self._data, dtype, copy=copy)

    @property
    def _mask(self) -> Any:
        """What `numpy.ma` asks of operands, after taking their ``_data``: no mask."""
        self._leaving("a masked array")
        check_kept(self, "a masked array")
        return np.ma.nomask

    def __float__(self) -> float:
        check_kept(self, "float()")
        return float(self.item())

    def __complex__(self) -> complex:
        check_kept(self, "complex()")
        return complex(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        self._leaving("a truth value")
        return bool(self._data)

    def __index__(self) -> int:
        self._leaving("an index")
        return self._data.__index__()

    def __contains__(self, value: Any) -> bool:
        equal = self.__eq__(value)
        return equal is not NotImplemented and bool(np.any(equal))

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    # Gradients -------------------------------------------------------------------

    def backward(
        self,
        gradient: TensorLike | None = None,
        retain_graph: bool = False,
        create_graph: bool = False,
    ) -> None:
        """Add d(self)/d(leaf) to ``.grad`` of every leaf that self depends on.

        ``gradient`` is the cotangent to start from, needed unless self is a scalar.
        The graph is freed unless ``retain_graph`` (or ``create_graph``, which makes
        the gradients differentiable themselves).
        """
        backward(self, gradient, retain_graph, create_graph)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask (or stop asking) for gradients of this leaf, in place."""
        self.requires_grad = requires_grad
        return self

    # Indexing and iteration --------------------------------------------------------

    def __getitem__(self, index: Any) -> Tensor:
        kind = type(index)
        tracked = self._requires_grad and (not PAUSED or state.grad_enabled)
        if RECORDING or (kind is not slice and kind is not int):
            picked = s.getitem(self, index=s.held(plain(index)))
            single = tracked and not picked._data.ndim and not _with_dots(index)
            return _alone(picked) if single else picked
        data = self._data
        if tracked and kind is int and data.ndim == 1:  # as NumPy's elements: no view
            result = Tensor(np.array(data[index]))
        else:
            result = Tensor(data[index] if kind is slice else data[index, ...])
            result.version = self.version
        if tracked:
            result._requires_grad = True
            seen = (spec(self._data.shape, self._data.dtype),)
            parents = (self.node or self,)
            result.node = Node(s.getitem, parents, seen, {"index": index}, None, (), ())
        return result

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    # NumPy's protocols ------------------------------------------------------------

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any
    ) -> Any:
        call = UFUNCS.get(ufunc)
        if call is None or kwargs or method != "__call__":
            return ufuncs.ufunc(ufunc, method, args, kwargs)
        return call(*args)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return protocols.function(function, args, kwargs)


def _with_dots(index: Any) -> bool:
    """Whether NumPy's result is an array for sure, and so a view: ``x[0, ...]``."""
    return (
        any(part is Ellipsis for part in index)
        if isinstance(index, tuple)
        else (index is Ellipsis)
    )


def _alone(element: Any) -> Any:
    """A single element of what is in a graph, in memory of its own."""
    return (
        element
        if element._data.base is None
        else s.astype(element, dtype=element.dtype)
    )


Tensor.result_type = Tensor
UFUNCS = {op.ufunc: op.call for op in TABLE.values() if op.ufunc is not None}
