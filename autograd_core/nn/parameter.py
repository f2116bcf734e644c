"""Tensors that a Module owns: trained or only saved."""

from __future__ import annotations

from typing import Any

from autograd_core.create import copied
from autograd_core.tensor import Tensor


class Parameter(Tensor):
    """A Tensor that a Module trains: found by `Module.parameters`, saved, a leaf.

    Holds a copy of ``data`` (float32 or float64; nested lists become float32; converted
    to ``dtype`` if there is one), with gradients unless ``requires_grad=False``. Raises
    TypeError for other dtypes.

    >>> from autograd_core import nn
    >>> nn.Parameter([1.0, 2.0])
    Parameter tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(
        self, data: Any, requires_grad: bool = True, *, dtype: Any = None
    ) -> None:
        array = copied(data, dtype)
        if array.dtype.kind != "f":
            raise TypeError(
                f"Parameter: expected float32 or float64, got {array.dtype}; "
                "use Buffer for what is saved but not trained"
            )
        super().__init__(array, requires_grad)

    def __repr__(self) -> str:
        return f"Parameter {super().__repr__()}"


class Buffer(Tensor):
    """A Tensor that a Module saves but does not train; a copy of ``data``.

    Converted to ``dtype`` if there is one: any that a Tensor has, TypeError for others.

    >>> from autograd_core import nn
    >>> nn.Buffer([0.0, 0.0])
    Buffer tensor([0., 0.])
    """

    __slots__ = ()

    def __init__(self, data: Any, *, dtype: Any = None) -> None:
        super().__init__(copied(data, dtype))

    def __repr__(self) -> str:
        return f"Buffer {super().__repr__()}"
