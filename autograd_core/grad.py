"""The backward walk, and the functions of functions built on it.

The walk is a loop over a heap of nodes, newest first, each handing cotangents to the
nodes that made its inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from autograd_core.hooks import RECORDING, Array, current
from autograd_core.launch import add_into, const, duplicate
from autograd_core.ops.broadcasting import as_dtype
from autograd_core.ops.elementwise import add
from autograd_core.ops.shape import astype, identity
from autograd_core.tape import Node, TensorBase, state
from autograd_core.writes import array_of

Place = Node | TensorBase  # where a cotangent can arrive: an op's output or a leaf


def reachable(roots: Sequence[Place], stop: set[Place]) -> list[Node]:
    """Nodes that the roots depend on, newest first; not looking behind ``stop``."""
    seen: set[Node] = set()
    stack = [r for r in roots if isinstance(r, Node)]
    while stack:
        node = stack.pop()
        if node in seen or node in stop:
            continue
        seen.add(node)
        for parent in node.parents:
            if isinstance(parent, Node):
                stack.append(parent)
    return sorted(seen, key=lambda node: node.number, reverse=True)


def useful(nodes: Sequence[Node], targets: set[Place]) -> set[Place]:
    """The targets and every node with one of them among its ancestors."""
    found = set(targets)
    for node in reversed(nodes):
        if any(parent in found for parent in node.parents if parent is not None):
            found.add(node)
    return found


def walk(
    roots: Sequence[TensorBase],
    seeds: Sequence[Any],
    targets: Sequence[Place] | None = None,
    *,
    create_graph: bool = False,
    retain_graph: bool = False,
) -> dict[Place, Any]:
    """Cotangents of the targets (default: of every leaf) given those of the roots.

    With ``create_graph`` the cotangents are Tensors with a graph of their own, and
    nothing is freed.
    """
    places = [root.node or root for root in roots]
    stop = set(targets or ())
    wanted = None if targets is None else useful(reachable(places, stop), stop)
    front = Front(stop)
    before, state.grad_enabled = state.grad_enabled, create_graph
    try:
        front.add(places, [True] * len(places), seeds)
        while front.heap:
            node = heappop(front.heap)[1]
            g = front.cotangents.pop(node)
            if wanted is None:
                needs = [parent is not None for parent in node.parents]
            else:
                needs = [parent in wanted for parent in node.parents]
            if True in needs or node.inputs is None:  # None: freed, an error there
                grads = cotangents_of(node, g, needs, create_graph)
                front.add(node.parents, needs, grads)
            if not (retain_graph or create_graph):
                node.free()
    finally:
        state.grad_enabled = before
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_backward(None)
    return front.cotangents


class Front:
    """Where a walk stands: cotangents so far, and a heap of the nodes that have one."""

    __slots__ = ("cotangents", "heap", "stop")

    def __init__(self, stop: set[Place]) -> None:
        self.cotangents: dict[Place, Any] = {}
        self.heap: list[tuple[int, Node]] = []  # the newest on top
        self.stop = stop

    def add(
        self, places: Sequence[Any], needs: Sequence[bool], grads: Sequence[Any]
    ) -> None:
        """Add to the cotangents of places; a node's first puts it on the heap."""
        cotangents = self.cotangents
        for place, need, g in zip(places, needs, grads, strict=False):
            if not need or g is None:
                continue
            if place in cotangents:
                cotangents[place] = add(cotangents[place], g)
                continue
            cotangents[place] = g
            if isinstance(place, Node) and place not in self.stop:
                heappush(self.heap, (-place.number, place))


def cotangents_of(
    node: Node, g: Any, needs: Sequence[bool], create_graph: bool
) -> Sequence[Any]:
    """What one node hands to its parents; None where it is not needed."""
    node.check()
    if RECORDING and (listener := current.recorder) is not None:
        listener.on_backward(node)
    op, inputs = node.op, node.inputs
    assert inputs is not None
    if create_graph:
        if op.fused:
            return _through_body(node, g, needs)
        return op.by_rule(g, needs, node.output(), inputs, node.attrs)
    arrays = [a._data if isinstance(a, TensorBase) else a for a in inputs]
    out = None if node.out is None else node.out[0]
    if op.backward is None:
        return op.by_rule(g, needs, out, arrays, node.attrs)
    grads: Sequence[Any] = op.backward(
        g, needs, out, node.residuals, *arrays, **node.attrs
    )
    return grads


def _through_body(node: Node, g: Any, needs: Sequence[bool]) -> list[Any]:
    """Differentiate the decomposition of a fused op: its gradient as a graph."""
    assert node.inputs is not None
    inputs = [
        identity(a) if need else a for a, need in zip(node.inputs, needs, strict=True)
    ]
    out = node.op.body(*inputs, **node.attrs)
    targets = [a.node for a, need in zip(inputs, needs, strict=True) if need]
    found = walk([out], [g], targets, create_graph=True)
    return [
        found.get(a.node) if need else None
        for a, need in zip(inputs, needs, strict=True)
    ]


def seed_for(root: TensorBase, gradient: Any) -> Array:
    """The cotangent to start from: ones for a scalar, else what was given, itself."""
    if gradient is None:
        if root._data.size != 1:
            raise ValueError(
                f"backward: the loss must be a scalar, got shape {root._data.shape}. "
                "Reduce it (for example with .mean()) or pass a gradient of its shape."
            )
        return const(1.0, root._data.dtype).reshape(root._data.shape)
    if (
        RECORDING
        and (listener := current.recorder) is not None
        and isinstance(gradient, TensorBase)
    ):
        listener.on_leaf(gradient)
    g = array_of(gradient)
    if g.shape != root._data.shape:
        raise ValueError(
            f"backward: the gradient has shape {g.shape}, the tensor {root._data.shape}"
        )
    return as_dtype(g, root._data.dtype)


def backward(
    root: TensorBase,
    gradient: Any = None,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> None:
    """Add the gradient of ``root`` to ``.grad`` of every leaf it depends on."""
    if not root.requires_grad:
        raise RuntimeError(
            "backward: this tensor does not require grad: none of its inputs do, or it "
            "was made under no_grad"
        )
    seed: Any = seed_for(root, gradient)
    taken = {id(seed)}  # perhaps the caller's
    if create_graph:
        seed = root._result(seed)
    found = walk([root], [seed], create_graph=create_graph, retain_graph=retain_graph)
    for leaf, g in found.items():
        assert isinstance(leaf, TensorBase)
        _add_to_grad(leaf, g, taken)


def _add_to_grad(leaf: TensorBase, g: Any, taken: set[int]) -> None:
    """Give ``leaf`` its gradient in memory that nothing else uses."""
    before, graph = leaf.grad, isinstance(g, TensorBase)
    if before is not None and graph:
        leaf.grad = add(before, g)
        return
    if before is not None:
        add_into(before._data, g)
        before.wrote()
        return
    data = g._data if graph else g
    if isinstance(data.base, np.ndarray) or id(data) in taken or not data.flags.carray:
        g = astype(g, dtype=g.dtype) if graph else duplicate(g)  # a copy
    else:
        taken.add(id(data))
    leaf.grad = g if graph else leaf._result(g)
