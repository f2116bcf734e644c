"""``checkpoint``: memory for time. Backward runs a function again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar
from zlib import crc32

from autograd_core.hooks import Array, recorder
from autograd_core.launch import contiguous, copy_into, duplicate
from autograd_core.op import Op
from autograd_core.random import default_generator
from autograd_core.tape import (
    Node,
    TensorBase,
    grad_mode,
    next_number,
    state,
    version_of,
)
from autograd_core.tensor import Tensor
from autograd_core.trees import copied, leaves_of
from autograd_core.walk import Place, walk

P = ParamSpec("P")
R = TypeVar("R")


class _Recompute(Op[...]):
    """An op whose vjp runs its function again. Its one input is that function."""

    runs_user_code = True

    def by_rule(
        self, g: Any, needs: Any, out: Any, inputs: Sequence[Any], attrs: Any
    ) -> list[Any]:
        again: Callable[[Any], list[Any]] = inputs[0]
        return again(g)


def _unused(again: Any) -> Array:
    raise NotImplementedError("checkpoint runs its function itself")


_recompute = _Recompute(_unused, [lambda g, y, again: None], saves="")
_recompute.name = "checkpoint"


def checkpoint(f: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """``f(*args)`` without keeping its intermediates; backward runs ``f`` again.

    Tensors that ``f`` captures (parameters) get their gradients too, and random ops
    draw the same keys again. ``f`` returns one Tensor and, apart from drawing random
    keys, should change nothing: a BatchNorm in training updates its running statistics
    twice. Arguments that are NumPy arrays, or hold some, are copied, so that they may
    be filled anew before backward; arrays that ``f`` captures are not. Raises
    RuntimeError if a Tensor among arguments or parameters was changed in place before
    backward, or if ``f`` gives other numbers when it is run again.
    """
    if not state.grad_enabled:
        return f(*args, **kwargs)
    kept = (args, kwargs) if recorder() is not None else copied((args, kwargs))
    drawn, start = duplicate(default_generator.state), next_number()
    out = f(*args, **kwargs)
    if not isinstance(out, Tensor):
        raise TypeError(
            f"checkpoint: the function must return one Tensor, got {type(out).__name__}"
        )
    if out.node is None or out.node.number < start:
        return out
    places, bits = _boundary(out.node, start), _bits(out)
    read = [x for x in leaves_of((args, kwargs, places)) if isinstance(x, TensorBase)]

    def again(g: Any) -> list[Any]:
        graph = state.grad_enabled  # a graph of the gradient is wanted
        now = duplicate(default_generator.state)
        copy_into(drawn, default_generator.state)
        with grad_mode(True):
            second: Any = f(*kept[0], **kept[1])
        copy_into(now, default_generator.state)
        bits_now = _bits(second)
        if None not in (bits, bits_now) and bits != bits_now:
            raise RuntimeError(
                "checkpoint: run again in backward, the function gave other numbers. "
                "Something that it reads has changed since: a tensor, an array or a "
                "number that it captures, train() or eval(), a random state of NumPy's"
            )
        found = walk([second], [g], places, create_graph=graph)
        return [found.get(place) for place in places]

    result: Any = out.detach()
    result._requires_grad = True
    versions = [(x.version, version_of(x.version)) for x in read]
    result.node = Node(_recompute, places, (again,), {}, None, (), versions)
    return result


def _bits(out: Any) -> int | None:
    """A checksum of what a function gave; a recording has no numbers to compare."""
    return crc32(contiguous(out._data).data) if recorder() is None else None


def _boundary(root: Node, start: int) -> list[Place]:
    """The places older than ``start`` and the leaves that ``root`` depends on."""
    seen: dict[Place, None] = {}  # a set in order of discovery
    stack: list[Place] = [root]
    while stack:
        place = stack.pop()
        if place not in seen:
            seen[place] = None
            if isinstance(place, Node) and place.number > start:
                stack += [parent for parent in place.parents if parent is not None]
    return [p for p in seen if not isinstance(p, Node) or p.number < start]
