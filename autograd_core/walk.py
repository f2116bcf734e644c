"""The backward walk: a loop over nodes, newest first.

Each node hands cotangents to the places that made its inputs: other nodes, or leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

from autograd_core.hooks import RECORDING, current
from autograd_core.ops.elementwise import add
from autograd_core.ops.shape import identity
from autograd_core.tape import Node, TensorBase, set_grad_mode

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
    keep = retain_graph or create_graph
    cotangents_of = as_graph if create_graph else as_arrays
    if RECORDING and (watcher := current.watcher) is not None:
        cotangents_of = watcher.backward(cotangents_of)
    plain = wanted is None and not create_graph and not RECORDING
    before = set_grad_mode(create_graph)
    try:
        front.add(places, seeds)
        while (found := front.newest()) is not None:
            node, g = found
            if plain and node.op.slope is not None and not front.heap:
                place, g = straight(node, g, keep)
                if place is not node:
                    front.add((place,), (g,))
                    continue
            parents = node.parents
            if wanted is not None:
                parents = [place if place in wanted else None for place in parents]
            grads = cotangents_of(node, g, parents)
            if not keep:
                node.free()
            front.add(parents, grads)
    finally:
        set_grad_mode(before)
        if RECORDING and (listener := current.recorder) is not None:
            listener.on_backward(None)
    return front.cotangents


class Front:
    """Where a walk stands: cotangents so far, and the nodes that have one.

    These are in a heap, the newest on top; but as long as there is only one, it is
    ``alone`` beside its cotangent, and the heap is empty.
    """

    __slots__ = ("alone", "cotangents", "g", "heap", "stop")

    def __init__(self, stop: set[Place]) -> None:
        self.cotangents: dict[Place, Any] = {}
        self.heap: list[tuple[int, Node]] = []
        self.stop = stop
        self.alone: Node | None = None
        self.g: Any = None

    def newest(self) -> tuple[Node, Any] | None:
        """The newest node and its cotangent, which are taken out; None at the end."""
        node = self.alone
        if node is not None:
            self.alone = None
            return node, self.g
        if not self.heap:
            return None
        node = heappop(self.heap)[1]
        return node, self.cotangents.pop(node)

    def add(self, places: Sequence[Any], grads: Sequence[Any]) -> None:
        """Add to the cotangents of places; None is none, or for nobody."""
        cotangents, stop = self.cotangents, self.stop
        for place, g in zip(places, grads):  # noqa: B905
            if place is None or g is None:
                continue
            if type(place) is not Node or place in stop:
                before = cotangents.get(place)
                cotangents[place] = g if before is None else add(before, g)
            elif self.alone is None and not self.heap:
                self.alone, self.g = place, g
            elif place is self.alone:
                self.g = add(self.g, g)
            elif place in cotangents:
                cotangents[place] = add(cotangents[place], g)
            else:
                self._push(place, g)

    def _push(self, node: Node, g: Any) -> None:
        other, self.alone = self.alone, None
        if other is not None:
            self.cotangents[other] = self.g
            heappush(self.heap, (-other.number, other))
        self.cotangents[node] = g
        heappush(self.heap, (-node.number, node))


def straight(node: Node, g: Any, keep: bool) -> tuple[Place, Any]:
    """Go on from a node that is alone, while a built-in does it: the place, and its g.

    That is through ops of one operand whose gradient is a kernel. Nothing is checked
    here but that all is plain; `as_arrays` says what is wrong.
    """
    place: Place = node
    while type(place) is Node and (slope := place.op.slope) is not None:
        out, inputs = place.out, place.inputs
        if inputs is None:
            break
        for cell, seen in place.versions:
            if cell[0] != seen or len(cell) > 1:
                return place, g
        found = slope.enter(g, inputs[0]._data if out is None else out[0])
        if found is None:
            slope.missed(g)
            break
        parent = place.parents[0]
        if not keep:
            place.free()
        place, g = parent, found  # type: ignore[assignment]
    return place, g


def as_arrays(node: Node, g: Any, parents: Sequence[Any]) -> Sequence[Any]:
    """The cotangents, arrays, that one node hands to its parents that are not None."""
    for cell, seen in node.versions:
        if cell[0] != seen or len(cell) > 1:
            node.check()
    inputs = node.inputs
    if inputs is None:
        node.check()
        raise AssertionError
    if RECORDING and (listener := current.recorder) is not None:
        listener.on_backward(node)
    op, out = node.op, node.out
    y = None if out is None else out[0]
    if op.slope is not None and not RECORDING:
        found = op.slope.enter(g, inputs[0]._data if y is None else y)
        if found is not None:
            return (found,)
        op.slope.missed(g)
    needs, arrays = [], []
    for place, a in zip(parents, inputs):  # noqa: B905
        needs.append(place is not None)
        arrays.append(a._data if isinstance(a, TensorBase) else a)
    if op.backward is None:
        grads: Sequence[Any] = op.by_rule(g, needs, y, arrays, node.attrs)
    else:
        grads = op.backward(g, needs, y, node.residuals, *arrays, **node.attrs)
    return grads


def as_graph(node: Node, g: Any, parents: Sequence[Any]) -> Sequence[Any]:
    """`as_arrays`, as Tensors with a graph of their own."""
    node.check()
    if RECORDING and (listener := current.recorder) is not None:
        listener.on_backward(node)
    assert node.inputs is not None
    needs = [place is not None for place in parents]
    if node.op.fused:
        return _through_body(node, g, needs)
    found: Sequence[Any] = node.op.by_rule(
        g, needs, node.output(), node.inputs, node.attrs
    )
    return found


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
