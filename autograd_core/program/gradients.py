"""Gradients that replays write to: given out, and left to those who keep them."""

from __future__ import annotations

import ctypes
from typing import Any

from autograd_core.hooks import Array
from autograd_core.program.bind import place
from autograd_core.program.buffers import Ref, Role
from autograd_core.tape import TensorBase
from autograd_core.tensor import Tensor


class Gradient:
    """A gradient that replays give: its leaf, where it is, the Tensor given out."""

    __slots__ = ("array", "copied", "leaf", "ref", "tensor")

    def __init__(self, leaf: TensorBase, ref: Ref | None, tensor: Any) -> None:
        own = ref is not None and ref.buffer.role is not Role.OUTSIDE
        self.leaf = leaf
        self.ref = ref if own else None
        self.array: Array | None = None
        self.tensor: Any = tensor
        self.copied = False  # for who gets it: somebody keeps arrays of gradients

    def renew(self, replays: Array) -> None:
        """Another Tensor; whoever holds the old one keeps its values."""
        if self.ref is None:
            return
        if self.array is not None and self.tensor._data is self.array:
            self.tensor._data = self.array.copy()
        self.array = place(self.ref)
        self.tensor = Tensor(self.array)
        self.tensor.version.append(replays)

    def give(self) -> None:
        """Leave it where the recorded run did."""
        if self.copied and self.array is not None:
            self.leaf._grad = Tensor(self.array.copy())
        else:
            self.leaf._grad = self.tensor

    @property
    def array_is_held(self) -> bool:
        """Whether somebody has the array itself, and not only the Tensor."""
        if self.array is None or self.copied:
            return False
        ours = 1 + (self.tensor._data is self.array)
        return references(id(self.array)) > ours

    @property
    def tensor_is_held(self) -> bool:
        """Whether somebody has the Tensor, or gave it another array."""
        if self.array is None or self.copied:
            return False
        ours = 1 + (self.leaf._grad is self.tensor)
        moved = self.tensor._data is not self.array
        return moved or references(id(self.tensor)) > ours


def references(address: int) -> int:
    """How many references an object has (the lower half of its first word)."""
    return ctypes.c_uint32.from_address(address).value
