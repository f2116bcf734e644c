"""``checkpoint``: memory for time. Backward runs a function again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

from autograd_core.hooks import Array, recorder
from autograd_core.launch import copy_into, duplicate
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
    backward.
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
    places = _boundary(out.node, start)
    read = [x for x in leaves_of((args, kwargs, places)) if isinstance(x, TensorBase)]

    def again(g: Any) -> list[Any]:
        graph = state.grad_enabled  # a graph of the gradient is wanted
        now = duplicate(default_generator.state)
        copy_into(drawn, default_generator.state)
        with grad_mode(True):
            second: Any = f(*kept[0], **kept[1])
        copy_into(now, default_generator.state)
        found = walk([second], [g], places, create_graph=graph)
        return [found.get(place) for place in places]

    result: Any = out.detach()
    result._requires_grad = True
    versions = [(x.version, version_of(x.version)) for x in read]
    result.node = Node(_recompute, places, (again,), {}, None, (), versions)
    return result


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
