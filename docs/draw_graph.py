"""Draw the graph of a small network for tape.md, from its nodes: docs/graph.png."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd_core as ag
from autograd_core.tape import Node, TensorBase


def network():
    """A loss, and the names of its leaves."""
    x = ag.tensor(np.ones((4, 3)), requires_grad=True)
    w = ag.tensor(np.ones((3, 2)), requires_grad=True)
    b = ag.tensor(np.zeros(2), requires_grad=True)
    loss = np.mean(np.square(np.tanh(x @ w + b)))
    return loss, {x: "x", w: "w", b: "b"}


def edges_of(place):
    """(place, parent) of all the graph below it."""
    parents = place.parents if isinstance(place, Node) else ()
    for parent in dict.fromkeys(p for p in parents if p is not None):
        yield place, parent
        yield from edges_of(parent)


def positions(edges):
    """Nodes from left to right by their number, leaves beside who reads them."""
    nodes = sorted({p for e in edges for p in e if isinstance(p, Node)}, key=number)
    places = {node: (i + 1.0, 0.0) for i, node in enumerate(nodes)}
    for node, parent in edges:
        if isinstance(parent, TensorBase):
            beside = sum(y != 0 for x, y in places.values() if x == places[node][0] - 1)
            places[parent] = places[node][0] - 1, 0.8 - 1.6 * beside
    return places


def number(node):
    return node.number


def draw(file):
    loss, leaves = network()
    edges = list(edges_of(loss.node))
    at = positions(edges)
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    axes = figure.add_subplot()
    arrow = {"arrowstyle": "->", "color": "#555555", "shrinkA": 16, "shrinkB": 18}
    for node, parent in edges:
        axes.annotate("", at[node], at[parent], arrowprops=arrow)
    for place, (x, y) in at.items():
        is_node = isinstance(place, Node)
        text = place.op.name if is_node else leaves[place]
        box = {
            "boxstyle": "round",
            "fc": "#cfe2f3" if is_node else "#fce5cd",
            "ec": "k",
        }
        axes.text(x, y, text, ha="center", va="center", bbox=box)
    last = max(x for x, _ in at.values())
    axes.annotate(
        "backward", (0.6, -1.25), (last, -1.25), arrowprops={"arrowstyle": "->"}
    )
    axes.set(xlim=(-0.5, last + 0.6), ylim=(-1.5, 1.2))
    axes.axis("off")
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    draw(Path(__file__).with_name("graph.png"))
