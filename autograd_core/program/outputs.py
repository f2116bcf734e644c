"""What a function returned: Tensors, and what cannot be made anew in a replay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

import numpy as np

from autograd_core.hooks import Array
from autograd_core.op import Op
from autograd_core.program.bind import Binder
from autograd_core.program.buffers import Buffer, Buffers, Ref, Role
from autograd_core.program.tree import Tree
from autograd_core.program.values import is_plain
from autograd_core.tape import Node, TensorBase
from autograd_core.tensor import Tensor
from autograd_core.user_code import user_line

DEEPEST = 4  # how far into an object we look for Tensors
BYTE = np.dtype(np.uint8)


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
        kind = type(leaf).__name__
        if isinstance(leaf, Iterator):
            raise TypeError(
                f"ag.compile: {name} returns a {kind}, which can be read once only; "
                "return a list"
            )
        if any(_computed(inner, buffers) for inner in _inside(leaf, DEEPEST)):
            raise TypeError(
                f"ag.compile: {name} returns a {kind} that holds Tensors, which a "
                "replay could not fill anew; return a tuple, list, dict, namedtuple or "
                "dataclass"
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


# Out of the graph ------------------------------------------------------------------


class _Sealed(Op[...]):
    """The op of an output whose gradient would have to flow into the function."""

    def __init__(self, where: str) -> None:
        super().__init__(_never, [None], saves="")
        self.name = "compile"
        self.where = where

    def by_rule(self, *_: Any, **__: Any) -> list[Any]:
        raise RuntimeError(
            "backward: gradients do not flow out of a compiled function "
            f"({self.where}) at {user_line()}. Call backward inside it, or detach() "
            "what it returns."
        )


def _never(function: Any) -> Array:
    raise NotImplementedError("outputs are made by the function")


def seal(where: str) -> Node:
    """A node at which backward raises."""
    end = Tensor(np.empty(0, np.float32), requires_grad=True)
    return Node(_Sealed(where), (end,), (end,), {}, None, (), ())


def needs_seal(leaf: TensorBase) -> bool:
    """Whether a gradient could flow back from an output: its graph is still there."""
    return leaf.node is not None and leaf.node.inputs is not None


def sealed(tensor: Tensor, node: Node | None) -> Tensor:
    """A tensor through which backward does not go, and says so."""
    if node is not None:
        tensor.node, tensor._requires_grad = node, True
    return tensor


class Own(NamedTuple):
    """Stands in a recording for an output that each replay gives anew."""

    sealed: bool
    again: int  # the leaf that is the very same Tensor, or -1


def take_out(
    result: Tree, buffers: Buffers, node: Node
) -> tuple[list[Any], Tree, list[Ref | None]]:
    """The outputs for the caller, what the recording keeps of them, where they are."""
    firsts: dict[int, int] = {}
    given: list[Any] = []
    known: list[Any] = []
    refs: list[Ref | None] = []
    for i, leaf in enumerate(result.leaves):
        first = firsts.setdefault(id(leaf), i)
        if not isinstance(leaf, TensorBase):
            given.append(leaf)
            known.append(leaf)
            refs.append(None)
            continue
        ref = buffers.ref(leaf._data)
        own = ref.buffer.role is not Role.OUTSIDE
        if first != i:
            leaf, seals = given[first], given[first].node is node
        elif own or leaf.node is not None:
            seals = needs_seal(leaf)
            leaf = sealed(Tensor(leaf._data), node if seals else None)
        given.append(leaf)
        known.append(Own(seals, first if first != i else -1) if own else leaf)
        refs.append(ref if own else None)
    return given, Tree(tuple(known), result.structure), refs


# How a replay gives them ------------------------------------------------------------


class Output(NamedTuple):
    """A leaf of the result that each replay gives anew."""

    number: int  # among the arrays that are copied out
    view: Ref | None  # the part of it, if others share its memory
    again: int  # the leaf that is the very same Tensor, or -1
    sealed: bool


class Outputs:
    """Which arrays a replay copies out, and how the result is made of them.

    Outputs that share memory with each other go on sharing it.
    """

    def __init__(self, refs: Sequence[Ref | None], leaves: Sequence[Any]) -> None:
        self.arrays: list[Ref] = []
        self.leaves: list[Output | None] = []
        ours = [ref for ref in refs if ref is not None]
        numbers: dict[Buffer, int] = {}
        for ref, leaf in zip(refs, leaves, strict=True):
            if ref is None:
                self.leaves.append(None)
                continue
            shared = {r for r in ours if r.buffer is ref.buffer} != {ref}
            if ref.buffer not in numbers:
                numbers[ref.buffer] = len(self.arrays)
                self.arrays.append(_whole(ref.buffer) if shared else ref)
            view = ref if shared else None
            self.leaves.append(
                Output(numbers[ref.buffer], view, leaf.again, leaf.sealed)
            )
        single = self.leaves == [Output(0, None, -1, False)]
        self.single = single

    def places(self, binder: Binder) -> list[Array]:
        """Where a replay leaves the arrays."""
        return [binder.view(ref) for ref in self.arrays]

    def given(self, arrays: Sequence[Array], leaves: Sequence[Any], node: Any) -> Any:
        """The leaves of a result around copies of these arrays."""
        made: list[Any] = []
        for output, leaf in zip(self.leaves, leaves, strict=True):
            if output is None:
                made.append(leaf)
            elif output.again >= 0:
                made.append(made[output.again])
            else:
                array = arrays[output.number]
                if output.view is not None:
                    array = _part(array, output.view)
                made.append(sealed(Tensor(array), node if output.sealed else None))
        return made


def _whole(buffer: Buffer) -> Ref:
    size = buffer.nbytes
    if buffer.home is not None and not buffer.home.flags.c_contiguous:
        raise TypeError("outputs share memory that is not contiguous")
    return Ref(buffer, 0, (size,), (1,), BYTE, 0x503)


def _part(whole: Array, ref: Ref) -> Array:
    return np.ndarray(ref.shape, ref.dtype, whole, ref.offset, ref.strides)
