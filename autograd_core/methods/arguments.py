"""Arguments of methods, by NumPy's names and PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np


def without(out: Any, value: Any, name: str) -> Any:
    """``value``; TypeError if there is an array to write to."""
    if out is not None:
        raise TypeError(f"{name}: out= is not supported for Tensors")
    return value


def keepdim_of(given: Any, keepdims: bool) -> tuple[Any, bool]:
    """What is left of an argument, and keepdims, which it may have been."""
    return (None, given) if isinstance(given, bool) else (given, keepdims)


def ddof_of(dtype: Any, ddof: Any) -> tuple[Any, Any]:
    """What is left of a dtype, and ddof, which it may have been."""
    return (None, dtype) if isinstance(dtype, int | np.integer) else (dtype, ddof)


def axis_of(
    name: str, axis: Any, keepdims: Any, dim: Any, keepdim: Any
) -> tuple[Any, Any]:
    """NumPy's axis and keepdims, of which PyTorch says dim and keepdim."""
    if dim is not None:
        if axis is not None:
            raise TypeError(f"{name}: axis and dim are the same; give one")
        axis = dim
    return axis, keepdims if keepdim is None else keepdim
