"""What a call was given: what a Program depends on of it, and how it gets in."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.operand import refuse_mask
from autograd_core.program.tree import LEAF, Tree
from autograd_core.program.values import is_plain as is_plain_value
from autograd_core.program.values import mark
from autograd_core.tape import TensorBase, state
from autograd_core.tensor import Tensor
from autograd_core.user_code import user_line


@dataclasses.dataclass(frozen=True)
class Key:
    """Shapes and dtypes of arrays, other arguments by value, and the modes."""

    mode: tuple[Any, ...]
    structure: Hashable
    leaves: tuple[Hashable, ...]

    def differs_from(self, other: Key) -> str:
        """What is not as it was there, in words."""
        named = [
            f"argument {i} ({_told(new)} after {_told(old)})"
            for i, (old, new) in enumerate(zip(other.leaves, self.leaves, strict=False))
            if old != new
        ]
        return ", ".join(named) or "its options, modes or number of arguments"


class Same:
    """An object by identity, kept alive."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)

    def __str__(self) -> str:
        return f"{self.value!r:.40}"


def key_of(tree: Tree, mode: tuple[Any, ...]) -> tuple[Key, list[Array]]:
    """The key of a call, and its arrays."""
    arrays: list[Array] = []
    leaves = tuple([_leaf(leaf, arrays) for leaf in tree.leaves])
    return Key(mode, tree.structure, leaves), arrays


def _leaf(leaf: Any, arrays: list[Array]) -> Hashable:
    if isinstance(leaf, TensorBase):
        if leaf._requires_grad and state.grad_enabled:
            raise ValueError(
                f"ag.compile: an argument at {user_line()} requires grad. Gradients "
                "are for what the function closes over; pass data (x.detach()), or use "
                "ag.grad inside."
            )
        leaf = leaf._data
    if isinstance(leaf, np.ndarray):
        refuse_mask(leaf)
        arrays.append(leaf)
        return leaf.shape, leaf.dtype
    return _option(leaf)


def _option(value: Any) -> Hashable:
    if is_plain_value(value):
        found: Hashable = mark(value)
        return found
    if isinstance(value, slice):
        return slice, _option(value.start), _option(value.stop), _option(value.step)
    if isinstance(value, frozenset):
        return frozenset, frozenset(map(_option, value))
    if isinstance(value, set | bytearray | list | dict):
        raise TypeError(
            f"ag.compile: argument {value!r:.60} at {user_line()} is neither an array "
            "nor hashable"
        )
    return Same(value)


def _told(leaf: Any) -> str:
    if isinstance(leaf, tuple) and len(leaf) == 2:
        return f"{leaf[0]} {leaf[1]}" if isinstance(leaf[0], tuple) else f"{leaf[1]}"
    return str(leaf)


def is_plain(tree: Tree) -> bool:
    """Whether all arguments are positional NumPy arrays."""
    args, kwargs = tree.structure[2]
    flat = args[2] == (LEAF,) * len(tree.leaves) and not kwargs[2]
    return flat and all(type(leaf) is np.ndarray for leaf in tree.leaves)


def traced(leaf: Any, buffers: list[Array]) -> Any:
    """An argument as the function sees it: arrays as Tensors around copies."""
    if isinstance(leaf, TensorBase):
        leaf = leaf._data
    if not isinstance(leaf, np.ndarray):
        return leaf
    buffer = np.array(leaf, leaf.dtype.newbyteorder("="), order="C")
    buffers.append(buffer)
    return Tensor(buffer)
