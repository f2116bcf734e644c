"""Tensor: an array that remembers how it was made. Operators delegate to ops."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

from autograd_core import protocols
from autograd_core.grad import backward
from autograd_core.hooks import RECORDING, Array, current, recorder
from autograd_core.launch import const, copy_into, duplicate, host
from autograd_core.methods import Methods
from autograd_core.ops import elementwise as e
from autograd_core.ops import matmul as mm
from autograd_core.ops import shape as s
from autograd_core.tape import TensorBase, state, version_of
from autograd_core.writes import array_of, overwrite, write

Axis = int | Sequence[int] | None


class Tensor(Methods):
    """An n-dimensional array with a gradient. Make one with `tensor`.

    ``data`` is the NumPy array itself; writing to it directly is not seen by the tape.
    """

    __slots__ = ()
    __hash__ = object.__hash__

    def __init__(self, data: Array, requires_grad: bool = False) -> None:
        self._data = data
        self._grad = None
        self.node = None
        self._requires_grad = requires_grad
        self.version = [0]

    def _result(self, data: Array) -> Tensor:
        return Tensor(data)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A leaf with a copy of the data; RuntimeError for what an op has made."""
        if self.node is not None:
            raise RuntimeError(
                f"deepcopy: only leaves can be copied, this is the result of the op "
                f"{self.node.op.name!r}; detach() it first"
            )
        out = memo[id(self)] = type(self).__new__(type(self))
        if recorder() is None:
            out._data = copy.deepcopy(self._data, memo)
        else:
            out._data = duplicate(array_of(self))
        out._grad = copy.deepcopy(self.grad, memo)
        out.node, out._requires_grad = None, self._requires_grad
        out.version = memo.setdefault(id(self.version), [version_of(self.version)])
        return out

    # What it is ------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self._data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._data.dtype

    @property
    def ndim(self) -> int:
        return self._data.ndim

    @property
    def size(self) -> int:
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

    def item(self) -> Any:
        """The single value as a Python number."""
        self._leaving("item()")
        if self._data.size != 1:
            raise ValueError(f"item: needs exactly one element, got shape {self.shape}")
        return self._data.item()

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
        return np.array(self._data, dtype, copy=copy)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        self._leaving("a truth value")
        return bool(self._data)

    def __index__(self) -> int:
        self._leaving("an index")
        return self._data.__index__()

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    # Gradients -------------------------------------------------------------------

    def backward(
        self,
        gradient: Any = None,
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

    # In place --------------------------------------------------------------------

    def _writable(self, how: str, value: Any = None) -> Array:
        if self.requires_grad and state.grad_enabled:
            raise RuntimeError(
                f"{how}: in-place update of a tensor that requires grad. Write "
                "`x = x + y`, or do it under `ag.no_grad()`."
            )
        if isinstance(value, TensorBase) and value.requires_grad and state.grad_enabled:
            raise RuntimeError(
                f"{how}: the value requires grad, and a write in place would lose its "
                "graph. Use ops (np.where, np.concatenate), or value.detach()."
            )
        if RECORDING and (listener := current.recorder) is not None:
            for touched in (self, value):
                if isinstance(touched, TensorBase):
                    listener.on_leaf(touched)
        return self._data

    def copy_(self, other: Any) -> Self:
        """Overwrite the values, in place."""
        self._writable("copy_", other)
        write(self, other)
        return self

    def fill_(self, value: float) -> Self:
        """Overwrite all values by one, in place."""
        given = isinstance(value, np.ndarray | TensorBase)
        return self.copy_(value if given else const(value, self.dtype))

    def zero_(self) -> Self:
        """Overwrite all values by 0, in place."""
        return self.fill_(0)

    def add_(self, other: Any) -> Self:
        """``self += other``, strictly in place."""
        return self._apply(e.add, other, "add_")

    def sub_(self, other: Any) -> Self:
        """``self -= other``, strictly in place."""
        return self._apply(e.sub, other, "sub_")

    def mul_(self, other: Any) -> Self:
        """``self *= other``, strictly in place."""
        return self._apply(e.mul, other, "mul_")

    def div_(self, other: Any) -> Self:
        """``self /= other``, strictly in place."""
        return self._apply(e.div, other, "div_")

    def _update(self, op: Any, other: Any, how: str) -> Tensor:
        """``self op= other``: in place outside the graph, a new tensor inside it."""
        inside = isinstance(other, TensorBase) and other.requires_grad
        if state.grad_enabled and (self.node is not None or inside):
            out: Tensor = op(self, other)
            return out
        return self._apply(op, other, how)

    def _apply(self, op: Any, other: Any, how: str) -> Self:
        self._writable(how, other)
        value = other._data if isinstance(other, TensorBase) else other
        result = op.forward(self._data, value)
        if result.shape != self.shape:
            raise ValueError(f"{how}: result {result.shape} does not fit {self.shape}")
        copy_into(result, self._data)
        self.wrote()
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        data = self._writable("x[...] = ", value)
        index = protocols.plain(index)
        if s.is_basic(index):
            overwrite(s.view(data, index), value)
        else:
            self._leaving("assignment by an array of indices")
            data[index] = array_of(value)
        self.wrote()

    def __iadd__(self, other: Any) -> Tensor:
        return self._update(e.add, other, "+=")

    def __isub__(self, other: Any) -> Tensor:
        return self._update(e.sub, other, "-=")

    def __imul__(self, other: Any) -> Tensor:
        return self._update(e.mul, other, "*=")

    def __itruediv__(self, other: Any) -> Tensor:
        return self._update(e.div, other, "/=")

    # Operators -------------------------------------------------------------------

    def __add__(self, other: Any) -> Tensor:
        return e.add(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return e.add(other, self)

    def __sub__(self, other: Any) -> Tensor:
        return e.sub(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return e.sub(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return e.mul(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return e.mul(other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return e.div(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return e.div(other, self)

    def __pow__(self, other: Any) -> Tensor:
        return e.pow(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return e.pow(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return mm.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return mm.matmul(other, self)

    def __neg__(self) -> Tensor:
        return e.neg(self)

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return e.abs(self)

    def __gt__(self, other: Any) -> Tensor:
        return e.greater(self, other)

    def __ge__(self, other: Any) -> Tensor:
        return e.greater_equal(self, other)

    def __lt__(self, other: Any) -> Tensor:
        return e.less(self, other)

    def __le__(self, other: Any) -> Tensor:
        return e.less_equal(self, other)

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        return e.equal(self, other)

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        return e.not_equal(self, other)

    def __getitem__(self, index: Any) -> Tensor:
        return s.getitem(self, index=protocols.plain(index))

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    # NumPy's protocols ------------------------------------------------------------

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any
    ) -> Any:
        return protocols.ufunc(ufunc, method, args, kwargs)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return protocols.function(function, args, kwargs)


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor around a copy of ``data`` (array, number, nested lists or Tensor).

    Python floats become float32; arrays keep their dtype. Raises TypeError for dtypes
    other than float32, float64, integers and bool, and for a non-float tensor that
    asks for gradients.

    >>> import autograd_core as ag
    >>> x = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """
    if isinstance(data, TensorBase):
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_leaf(data)
        data = data._data
    return new_tensor(copied(data, dtype), requires_grad, data)


def copied(data: Any, dtype: Any = None) -> Array:
    """A copy of ``data`` as an array that a Tensor can hold; see `tensor`."""
    known = isinstance(data, np.ndarray | np.generic | TensorBase)
    array = np.array(data, dtype, order="C")
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if dtype is None and not known and array.dtype == np.float64:
        array = array.astype(np.float32)
    if array.dtype.kind not in "iub" and array.dtype not in (np.float32, np.float64):
        raise TypeError(
            f"tensor: expected float32, float64, integers or bool, got {array.dtype}"
        )
    return array


def new_tensor(array: Array, requires_grad: bool = False, source: Any = None) -> Tensor:
    """A Tensor around a new array, which a Program makes anew in each replay.

    It holds what ``source`` holds then, if that is an array, else what it holds now.
    """
    if requires_grad and array.dtype.kind != "f":
        raise TypeError(
            "tensor: only float32 and float64 tensors have gradients, got "
            f"{array.dtype} with requires_grad=True; pass dtype=np.float32"
        )
    listener = recorder()
    if listener is None:
        return Tensor(array, requires_grad)
    constant = not isinstance(source, np.ndarray)
    if constant or source.dtype == array.dtype:
        out = Tensor(duplicate(array if constant else source), requires_grad)
    else:
        dtype = array.dtype  # a function that is replayed holds no array
        out = Tensor(host(lambda a: a.astype(dtype), source), requires_grad)
    listener.on_new_tensor(out, constant)
    return out
