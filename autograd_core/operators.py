"""Operators of Tensor, each a call of an op, as NumPy's arrays have them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from autograd_core.calls import operator, reflected
from autograd_core.methods import Methods
from autograd_core.numpy_functions import elements
from autograd_core.operand import is_numeric
from autograd_core.ops import elementwise as e
from autograd_core.ops import logic, power
from autograd_core.ops import matmul as mm
from autograd_core.ops import rounding as r
from autograd_core.tape import check_kept

if TYPE_CHECKING:
    from autograd_core.tensor import Tensor, TensorLike

Unary: TypeAlias = "Callable[[Tensor], Tensor]"
Binary: TypeAlias = "Callable[[Tensor, TensorLike], Tensor]"
Equality: TypeAlias = "Callable[[Tensor, object], Tensor]"


def _in_place(op: Any, how: str) -> Any:
    def update(self: Any, other: Any) -> Any:
        return self._update(op, other, how)

    return update


def _number(tensor: Any, how: str) -> Any:
    check_kept(tensor, how)
    if tensor.ndim:
        raise TypeError(f"{how}: expected a 0-d tensor, got shape {tensor.shape}")
    return tensor.item()


class Operators(Methods):
    """What Python's operators and its functions of numbers do with a Tensor."""

    __slots__ = ()
    __hash__ = object.__hash__

    __add__: ClassVar[Binary] = operator(e.add)
    __radd__: ClassVar[Binary] = reflected(__add__)
    __sub__: ClassVar[Binary] = operator(e.sub)
    __rsub__: ClassVar[Binary] = reflected(__sub__)
    __mul__: ClassVar[Binary] = operator(e.mul)
    __rmul__: ClassVar[Binary] = reflected(__mul__)
    __truediv__: ClassVar[Binary] = operator(e.div)
    __rtruediv__: ClassVar[Binary] = reflected(__truediv__)
    __pow__: ClassVar[Binary] = operator(power.pow)
    __rpow__: ClassVar[Binary] = reflected(__pow__)
    __matmul__: ClassVar[Binary] = operator(mm.matmul)
    __rmatmul__: ClassVar[Binary] = reflected(__matmul__)
    __floordiv__: ClassVar[Binary] = operator(r.floor_divide)
    __rfloordiv__: ClassVar[Binary] = reflected(__floordiv__)
    __mod__: ClassVar[Binary] = operator(r.remainder)
    __rmod__: ClassVar[Binary] = reflected(__mod__)
    __and__: ClassVar[Binary] = operator(logic.bitwise_and)
    __rand__: ClassVar[Binary] = reflected(__and__)
    __or__: ClassVar[Binary] = operator(logic.bitwise_or)
    __ror__: ClassVar[Binary] = reflected(__or__)
    __xor__: ClassVar[Binary] = operator(logic.bitwise_xor)
    __rxor__: ClassVar[Binary] = reflected(__xor__)
    __lshift__: ClassVar[Binary] = operator(logic.left_shift)
    __rlshift__: ClassVar[Binary] = reflected(__lshift__)
    __rshift__: ClassVar[Binary] = operator(logic.right_shift)
    __rrshift__: ClassVar[Binary] = reflected(__rshift__)
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
        return r.positive.call(self)

    def __invert__(self) -> Tensor:
        return logic.invert.call(self)

    def __divmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        return elements.divmod(self, other) if is_numeric(other) else NotImplemented

    def __rdivmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        return elements.divmod(other, self) if is_numeric(other) else NotImplemented

    def __round__(self, ndigits: int | None = None) -> Tensor:
        """Rounded to a number of decimals, as `numpy.round`; its gradient is 0."""
        return elements.round(self, ndigits or 0)

    def __trunc__(self) -> int:
        return math.trunc(_number(self, "math.trunc()"))

    def __floor__(self) -> int:
        return math.floor(_number(self, "math.floor()"))

    def __ceil__(self) -> int:
        return math.ceil(_number(self, "math.ceil()"))

    # In place: outside the graph only, a new Tensor inside it -----------------------

    __iadd__: ClassVar[Binary] = _in_place(e.add, "+=")
    __isub__: ClassVar[Binary] = _in_place(e.sub, "-=")
    __imul__: ClassVar[Binary] = _in_place(e.mul, "*=")
    __itruediv__: ClassVar[Binary] = _in_place(e.div, "/=")
    __ipow__: ClassVar[Binary] = _in_place(power.pow, "**=")
    __imatmul__: ClassVar[Binary] = _in_place(mm.matmul, "@=")
    __ifloordiv__: ClassVar[Binary] = _in_place(r.floor_divide, "//=")
    __imod__: ClassVar[Binary] = _in_place(r.remainder, "%=")
    __iand__: ClassVar[Binary] = _in_place(logic.bitwise_and, "&=")
    __ior__: ClassVar[Binary] = _in_place(logic.bitwise_or, "|=")
    __ixor__: ClassVar[Binary] = _in_place(logic.bitwise_xor, "^=")
    __ilshift__: ClassVar[Binary] = _in_place(logic.left_shift, "<<=")
    __irshift__: ClassVar[Binary] = _in_place(logic.right_shift, ">>=")
