"""Random graphs as data: drawn, evaluated by NumPy, cut down, printed."""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import graph_kinds_joins as kinds  # all of them
import numpy as np

KINDS, Array, Draw = kinds.KINDS, kinds.Array, kinds.Draw
SHAPES = [
    (), (2,), (3,), (3,), (2, 3), (3, 2), (3, 3), (2, 2), (1, 3), (2, 1), (2, 3, 2),
    (2, 2, 3), (1,), (4,),
]  # fmt: skip
EMPTY = [(0,), (0, 3), (2, 0)]  # of the feature "empty"
LARGEST, MOST = 50.0, 60  # values, elements
TRIES = 30  # for a step
HOWS = ["tensor", "tensor", "copied", "assigned", "scaled"]
FEATURES = ("lists",)


@dataclass(frozen=True)
class Leaf:
    """``how``: an operand as a bare array, or the writes that fill it in place."""

    shape: tuple[int, ...]
    dtype: str
    seed: int
    grad: bool = False
    how: str = "tensor"
    values: Any = None

    def array(self) -> Array:
        if self.values is not None:
            return np.array(self.values, self.dtype).reshape(self.shape)
        rng = np.random.default_rng(self.seed)
        if self.dtype == "bool":
            return np.asarray(rng.random(self.shape) < 0.6)
        if self.dtype == "int64":
            return np.asarray(rng.choice([-2, -1, 1, 2, 3], self.shape))
        return np.asarray(rng.uniform(-2, 2, self.shape)).astype(self.dtype)


@dataclass(frozen=True)
class Step:
    """An op on earlier values; leaves come first in their numbers."""

    kind: str
    args: tuple[int, ...]
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """See the file's docstring."""

    leaves: tuple[Leaf, ...]
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    seed: int

    def json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> Graph:
        given = json.loads(text)
        leaves = [
            Leaf(**{**leaf, "shape": tuple(leaf["shape"])}) for leaf in given["leaves"]
        ]
        steps = [Step(s["kind"], tuple(s["args"]), s["params"]) for s in given["steps"]]
        return cls(tuple(leaves), tuple(steps), tuple(given["outputs"]), given["seed"])

    @cached_property
    def flows(self) -> list[bool]:
        """Which values a gradient reaches the leaves from."""
        found = [leaf.grad for leaf in self.leaves]
        for step in self.steps:
            stops = KINDS[step.kind].constant or step.kind == "greater"
            found.append(not stops and any(found[i] for i in step.args))
        return found

    @cached_property
    def values(self) -> list[Array]:
        """Of all leaves and steps, by NumPy."""
        return evaluate(self)

    @cached_property
    def weights(self) -> list[Array]:
        """What the outputs are multiplied by before they are summed up."""
        shapes = [v.shape for v in self.values]
        return [
            np.asarray(np.random.default_rng([self.seed, i]).standard_normal(shapes[i]))
            for i in self.outputs
        ]

    def __str__(self) -> str:
        lines = []
        for i, leaf in enumerate(self.leaves):
            grad = " that requires grad" if leaf.grad else ""
            how = "" if leaf.how == "tensor" else f" ({leaf.how})"
            values = np.array2string(leaf.array(), precision=4, separator=", ")
            text = " ".join(values.split())
            lines.append(f"v{i} = {leaf.dtype} {leaf.shape}{grad}{how}: {text}")
        for i, step in enumerate(self.steps, len(self.leaves)):
            given = [f"v{j}" for j in step.args]
            given += [f"{name}={value!r}" for name, value in step.params.items()]
            lines.append(f"v{i} = {step.kind}({', '.join(given)})")
        sums = " + ".join(f"(v{i} * c{i}).sum()" for i in self.outputs)
        return "\n".join([*lines, f"total = {sums}"])


# Making one --------------------------------------------------------------------------


def draw_leaf(d: Draw, first: bool, shapes: Sequence[tuple[int, ...]]) -> Leaf:
    pick = 0.0 if first else float(d.rng.random())
    shape, seed = d.choice(shapes), d.int(0, 10**6)
    if pick > 0.82:
        dtype = "bool" if pick > 0.92 else "int64"
        return Leaf(shape, dtype, seed, how=d.choice(["tensor", "array"]))
    dtype = "float32" if pick > 0.7 else "float64"
    grad = first or d.int(0, 4) > 0
    how = d.choice(HOWS) if grad else d.choice([*HOWS, "array"])
    return Leaf(shape, dtype, seed, grad, how)


def draw_step(d: Draw, names: Sequence[str], least: int) -> tuple[Step, Array] | None:
    """One whose value is known to be tame, and has ``least`` elements."""
    for _ in range(TRIES):
        name = d.choice(names)
        try:
            drawn = KINDS[name].draw(d)
            found = drawn and tame(Step(name, *drawn), d.values)
        except (ValueError, IndexError):  # NumPy refuses it too
            continue
        if found and least <= found[1].size <= MOST:
            return found
    return None


def tame(step: Step, values: Sequence[Array]) -> tuple[Step, Array] | None:
    """With its value, if that is not near a kink, or large."""
    kind, xs = KINDS[step.kind], [values[i] for i in step.args]
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        if not kind.fine(step.params, *xs):
            return None
        value = np.asarray(kind.numpy(step.params, *xs))
        size = abs(value * 1.0).max(initial=0)
    return (step, value) if size <= LARGEST else None  # NaN is not


def draw_graph(seed: int, features: Collection[str] = ()) -> Graph:
    """The graph of a seed."""
    rng = np.random.default_rng(seed)
    names = [n for n, k in KINDS.items() if k.feature is None or k.feature in features]
    empty = "empty" in features
    shapes = SHAPES + EMPTY if empty else SHAPES
    while True:
        d = Draw(rng, [])
        leaves = [draw_leaf(d, i == 0, shapes) for i in range(d.int(3, 7))]
        d.values += [leaf.array() for leaf in leaves]
        steps = []
        for _ in range(d.int(2, 12)):
            if found := draw_step(d, names, not empty):
                steps.append(found[0])
                d.values.append(found[1])
        graph = Graph(tuple(leaves), tuple(steps), (), seed)
        used = {i for step in steps for i in step.args}
        late = range(len(leaves), len(d.values))
        flows = [i for i in late if graph.flows[i] and d.values[i].dtype.kind == "f"]
        ends = [i for i in flows if i not in used or rng.random() < 0.1]
        if ends:
            return pruned(replace(graph, outputs=tuple(ends)))


# Evaluating ---------------------------------------------------------------------------


def evaluate(
    graph: Graph,
    arrays: Sequence[Array] | None = None,
    frozen: Sequence[Array] | None = None,
) -> list[Array]:
    """All values, by NumPy; what counts as constant is taken from ``frozen``."""
    values = list(arrays or [leaf.array() for leaf in graph.leaves])
    for step in graph.steps:
        if frozen and KINDS[step.kind].constant:
            value = frozen[len(values)]
        else:
            xs = [values[i] for i in step.args]
            with warnings.catch_warnings(action="ignore"):  # the mean of nothing
                value = KINDS[step.kind].numpy(step.params, *xs)
        values.append(np.asarray(value))
    return values


# Cutting down -----------------------------------------------------------------------


def pruned(graph: Graph) -> Graph:
    """Without what no output depends on."""
    first = len(graph.leaves)
    needed = set(graph.outputs)
    for i in reversed(range(len(graph.steps))):
        if first + i in needed:
            needed.update(graph.steps[i].args)
    order = sorted(needed)
    number = {old: new for new, old in enumerate(order)}
    steps = [graph.steps[i - first] for i in order if i >= first]
    return replace(
        graph,
        leaves=tuple(graph.leaves[i] for i in order if i < first),
        steps=tuple(replace(s, args=tuple(number[j] for j in s.args)) for s in steps),
        outputs=tuple(number[i] for i in graph.outputs),
    )


def cut(graph: Graph, which: int) -> Graph:
    """With the value of a step as a leaf."""
    value, first = graph.values[len(graph.leaves) + which], len(graph.leaves)
    grad = graph.flows[first + which]
    leaf = Leaf(value.shape, str(value.dtype), 0, grad, values=value.tolist())
    steps = list(graph.steps)
    steps.pop(which)

    def number(i: int) -> int:
        if i == first + which:
            return first
        return i if i < first else i + (i < first + which)

    return pruned(
        replace(
            graph,
            leaves=(*graph.leaves, leaf),
            steps=tuple(
                replace(s, args=tuple(number(i) for i in s.args)) for s in steps
            ),
            outputs=tuple(number(i) for i in graph.outputs),
        )
    )
