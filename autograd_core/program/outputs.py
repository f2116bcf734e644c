"""What a function returned: Tensors, and what cannot be made anew in a replay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.program.buffers import Buffers, Role
from autograd_core.program.tree import Tree
from autograd_core.program.values import is_plain
from autograd_core.tape import TensorBase

DEEPEST = 4  # how far into an object we look for Tensors


def check_outputs(result: Tree, buffers: Buffers, name: str) -> None:
    """Raise TypeError for an output that would stay as the recording left it."""
    for leaf in result.leaves:
        if isinstance(leaf, TensorBase) or is_plain(leaf):
            continue
        if isinstance(leaf, np.ndarray) and _computed(leaf, buffers):
            raise TypeError(
                f"ag.compile: {name} returns the bare array of a tensor; return the "
                "Tensor itself and take .numpy() of it outside"
            )
        if isinstance(leaf, Iterator):
            raise TypeError(
                f"ag.compile: {name} returns a {type(leaf).__name__}, which can be read "
                "once only; return a list"
            )
        for inner in _inside(leaf, DEEPEST):
            if _computed(inner, buffers):
                raise TypeError(
                    f"ag.compile: {name} returns a {type(leaf).__name__} that holds "
                    "Tensors, which a replay could not fill anew; return a tuple, list, "
                    "dict, namedtuple or dataclass"
                )


def _computed(array: Array, buffers: Buffers) -> bool:
    return buffers.ref(array).buffer.role is not Role.OUTSIDE


def _inside(value: Any, depth: int) -> Iterator[Array]:
    """Arrays in an object of a kind that is not taken apart."""
    if isinstance(value, TensorBase):
        yield value._data
    elif isinstance(value, np.ndarray) and value.dtype != object:
        yield value
    elif depth and not is_plain(value) and not isinstance(value, type):
        for part in _parts(value):
            yield from _inside(part, depth - 1)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, tuple | list | Set) or type(value).__name__ == "dict_values":
        return list(value)
    if isinstance(value, np.ndarray):
        return value.reshape(-1).tolist()
    return [] if callable(value) else list(getattr(value, "__dict__", {}).values())
