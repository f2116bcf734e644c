"""Tensor: an array that remembers how it was made. Operators delegate to ops."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd_core import composites as c
from autograd_core import protocols
from autograd_core.calls import operator, reflected
from autograd_core.grad import backward
from autograd_core.hooks import RECORDING, Array, current, recorder
from autograd_core.launch import const, copy_into, duplicate
from autograd_core.methods import Methods
from autograd_core.operand import is_numeric, operand
from autograd_core.ops import elementwise as e
from autograd_core.ops import matmul as mm
from autograd_core.ops import shape as s
from autograd_core.tape import (
    PAUSED,
    Node,
    TensorBase,
    check_kept,
    recording_ops,
    spec,
    state,
    version_of,
)
from autograd_core.writes import array_of, as_written, check_writable, overwrite, write

TensorLike: TypeAlias = "Tensor | npt.ArrayLike"  # what becomes a Tensor, or stays one
Unary: TypeAlias = "Callable[[Tensor], Tensor]"
Binary: TypeAlias = "Callable[[Tensor, TensorLike], Tensor]"
Equality: TypeAlias = "Callable[[Tensor, object], Tensor]"
SLOTS = [name for name in TensorBase.__slots__ if name != "__weakref__"]


def _in_place(op: Any, how: str) -> Any:
    def update(self: Tensor, other: Any) -> Any:
        return self._update(op, other, how)

    return update


class Tensor(Methods):
    """An n-dimensional array with a gradient. Make one with `tensor`.

    ``data`` is the NumPy array itself; writing to it directly is not seen by the tape.
    """

    __slots__ = ()
    __hash__ = object.__hash__
    __pandas_priority__ = 10_000  # so that pandas leaves operators to us

    if TYPE_CHECKING:  # on the tape's floor there is no Tensor yet

        @property
        def grad(self) -> Tensor | None: ...
        @grad.setter
        def grad(self, value: Tensor | None) -> None: ...

    def stacked(self, values: Sequence[Any]) -> Tensor:
        """Lists that hold Tensors as one Tensor, as NumPy makes an array of lists."""
        out: Tensor = c.stacked(values)
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

    # In place --------------------------------------------------------------------

    def _writable(self, how: str, value: Any = None) -> tuple[Array, Any]:
        """The data, and ``value`` as an op takes it; raises where a graph is lost."""
        recorded = recording_ops()
        if self.requires_grad and recorded:
            raise RuntimeError(
                f"{how}: in-place update of a tensor that requires grad. Write "
                "`x = x + y`, or do it under `ag.no_grad()`."
            )
        value = operand(value)
        if isinstance(value, TensorBase) and value.requires_grad and recorded:
            raise RuntimeError(
                f"{how}: the value requires grad, and a write in place would lose its "
                "graph. Use ops (np.where, np.concatenate), or value.detach()."
            )
        if RECORDING and (listener := current.recorder) is not None:
            for touched in (self, value):
                if isinstance(touched, TensorBase):
                    listener.on_leaf(touched)
        return self._data, value

    def copy_(self, other: TensorLike) -> Self:
        """Overwrite the values, in place."""
        _, value = self._writable("copy_", other)
        write(self, value)
        return self

    def fill_(self, value: float) -> Self:
        """Overwrite all values by one, in place."""
        given = isinstance(value, np.ndarray | TensorBase)
        return self.copy_(value if given else const(value, self.dtype))

    def zero_(self) -> Self:
        """Overwrite all values by 0, in place."""
        return self.fill_(0)

    def add_(self, other: TensorLike) -> Self:
        """``self += other``, strictly in place."""
        return self._apply(e.add, other, "add_")

    def sub_(self, other: TensorLike) -> Self:
        """``self -= other``, strictly in place."""
        return self._apply(e.sub, other, "sub_")

    def mul_(self, other: TensorLike) -> Self:
        """``self *= other``, strictly in place."""
        return self._apply(e.mul, other, "mul_")

    def div_(self, other: TensorLike) -> Self:
        """``self /= other``, strictly in place."""
        return self._apply(e.div, other, "div_")

    def _update(self, op: Any, other: Any, how: str) -> Any:
        """``self op= other``: in place outside the graph, a new tensor inside it."""
        if not is_numeric(other):
            return NotImplemented
        other = operand(other)
        inside = isinstance(other, TensorBase) and other.requires_grad
        if (self.node is not None or inside) and recording_ops():
            return op(self, other)
        return self._apply(op, other, how)

    def _apply(self, op: Any, other: Any, how: str) -> Self:
        data, other = self._writable(how, other)
        check_writable(data)
        value = other._data if isinstance(other, TensorBase) else other
        result = op.forward(data, value)
        if result.shape != self.shape:
            raise ValueError(f"{how}: result {result.shape} does not fit {self.shape}")
        if not np.can_cast(result.dtype, data.dtype, "same_kind"):
            raise TypeError(
                f"{how}: the result is {result.dtype} and does not fit {data.dtype}; "
                "write x = x + y, or astype() first"
            )
        copy_into(result, data)
        self.wrote()
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        data, value = self._writable("x[...] = ", value)
        index = protocols.plain(index)
        if s.is_basic(index):
            overwrite(s.view(data, index), value)
        else:
            self._leaving("assignment by an array of indices")
            data[index] = as_written(value, data.dtype)
        self.wrote()

    __iadd__: ClassVar[Binary] = _in_place(e.add, "+=")
    __isub__: ClassVar[Binary] = _in_place(e.sub, "-=")
    __imul__: ClassVar[Binary] = _in_place(e.mul, "*=")
    __itruediv__: ClassVar[Binary] = _in_place(e.div, "/=")
    __ipow__: ClassVar[Binary] = _in_place(e.pow, "**=")
    __imatmul__: ClassVar[Binary] = _in_place(mm.matmul, "@=")

    # Operators -------------------------------------------------------------------

    __add__: ClassVar[Binary] = operator(e.add)
    __radd__: ClassVar[Binary] = reflected(__add__)
    __sub__: ClassVar[Binary] = operator(e.sub)
    __rsub__: ClassVar[Binary] = reflected(__sub__)
    __mul__: ClassVar[Binary] = operator(e.mul)
    __rmul__: ClassVar[Binary] = reflected(__mul__)
    __truediv__: ClassVar[Binary] = operator(e.div)
    __rtruediv__: ClassVar[Binary] = reflected(__truediv__)
    __pow__: ClassVar[Binary] = operator(e.pow)
    __rpow__: ClassVar[Binary] = reflected(__pow__)
    __matmul__: ClassVar[Binary] = operator(mm.matmul)
    __rmatmul__: ClassVar[Binary] = reflected(__matmul__)
    __gt__: ClassVar[Binary] = operator(e.greater)
    __ge__: ClassVar[Binary] = operator(e.greater_equal)
    __lt__: ClassVar[Binary] = operator(e.less)
    __le__: ClassVar[Binary] = operator(e.less_equal)
    __eq__: ClassVar[Equality] = operator(e.equal)  # type: ignore[assignment]
    __ne__: ClassVar[Equality] = operator(e.not_equal)  # type: ignore[assignment]
    __neg__: ClassVar[Unary] = e.neg.call
    if TYPE_CHECKING:  # abs() asks checkers for a method

        def __abs__(self) -> Tensor: ...
    else:
        __abs__ = e.abs.call

    def __pos__(self) -> Tensor:
        return self

    def __getitem__(self, index: Any) -> Tensor:
        kind = type(index)
        if RECORDING or (kind is not slice and kind is not int):
            return s.getitem(self, index=s.held(protocols.plain(index)))
        out = self._data[index] if kind is slice else self._data[index, ...]
        result = Tensor(out)
        result.version = self.version
        if self._requires_grad and (not PAUSED or state.grad_enabled):
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
            return protocols.ufunc(ufunc, method, args, kwargs)
        return call(*args)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return protocols.function(function, args, kwargs)


Tensor.result_type = Tensor
UFUNCS = {ufunc: getattr(op, "call", op) for ufunc, op in protocols.UFUNCS.items()}
