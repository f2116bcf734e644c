"""Random graphs: values, gradients and Hessian-vector products against others.

    python tests/random_graphs.py --count 5000 --seed 0 [--against torch numpy]
    python tests/random_graphs.py --graph 'JSON that a failure has printed'

A graph is data: leaves, steps (see `graph_kinds`) and which values are summed up, each
times fixed random numbers. NumPy interprets it, PyTorch and we do. Against PyTorch
gradients by ``backward`` and Hessian-vector products are compared, against NumPy
gradients with central differences. All is float64 but for some leaves in float32, that
only meet ops which do not round, or float64. A failing graph is shrunk and printed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from graph_data import KINDS, Array, Graph, Leaf, cut, draw_graph, evaluate, pruned

import autograd_core as ag

FEATURES = sorted({k.feature for k in KINDS.values() if k.feature} | {"empty"})

# The three interpreters --------------------------------------------------------------


def leaf_of(leaf: Leaf) -> ag.Tensor:
    """With writes in place before it is used."""
    array = leaf.array()
    if leaf.how in ("tensor", "array"):
        return ag.tensor(array, requires_grad=leaf.grad)
    start = array * 2 if leaf.how == "scaled" else np.zeros_like(array)
    out = ag.tensor(start, requires_grad=leaf.grad)
    with ag.no_grad():
        if leaf.how == "scaled":
            out /= 2.0
        elif leaf.how == "copied":
            out.copy_(array)
        else:
            out[...] = array
    return out


def ours(graph: Graph, leaves: Sequence[Any]) -> tuple[list[Any], Any]:
    """All values, and the total."""
    values = list(leaves)
    bare = {i for i, leaf in enumerate(graph.leaves) if leaf.how == "array"}
    for step in graph.steps:
        kind = KINDS[step.kind]
        xs = [values[i] for i in step.args]
        if kind.mixed and not bare.issuperset(step.args):
            xs = [x.numpy() if i in bare else x for i, x in zip(step.args, xs)]  # noqa: B905
        values.append((kind.ours or kind.numpy)(step.params, *xs))
    total: Any = 0.0
    for i, c in zip(graph.outputs, graph.weights, strict=True):
        total = (values[i] * c).sum() + total
    return values, total


def gradients(leaves: Sequence[Any], total: Any, graph: bool = False) -> list[Any]:
    """Of the leaves that require grad, by ``backward``; None is kept."""
    for leaf in leaves:
        leaf.grad = None
    if total.requires_grad:
        total.backward(create_graph=graph)
    found = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.grad = None
    return found


def directions(graph: Graph) -> list[Array]:
    """One for each leaf that requires grad."""
    rng = np.random.default_rng([graph.seed, 1])
    return [
        np.asarray(rng.standard_normal(leaf.shape)).astype(leaf.dtype)
        for leaf in graph.leaves
        if leaf.grad
    ]


@dataclass
class Results:
    """Values of all steps; per leaf that requires grad its gradient and product."""

    values: list[Array]
    grads: list[Array]
    products: list[Array]


def filled(found: Sequence[Any], like: Sequence[Array]) -> list[Array]:
    """None as zeros."""
    return [
        np.zeros_like(d) if g is None else np.asarray(g.detach().numpy())
        for g, d in zip(found, like, strict=True)
    ]


def by_us(graph: Graph) -> Results:
    vs = directions(graph)
    leaves = [leaf_of(leaf) for leaf in graph.leaves]
    inner = [leaf for leaf, told in zip(leaves, graph.leaves, strict=True) if told.grad]
    values, total = ours(graph, leaves)
    for value, number in zip(values, range(len(values)), strict=True):
        if value.requires_grad != graph.flows[number]:
            raise AssertionError(f"v{number}: requires_grad is {value.requires_grad}")
    arrays = [np.array(v.detach().numpy()) for v in values]
    first = filled(gradients(inner, total), vs)
    if graph.seed % 2:
        return Results(arrays, first, products_of_function(graph, leaves, vs))
    _, total = ours(graph, leaves)
    grads = gradients(inner, total, graph=True)
    close(filled(grads, vs), first, 1e-9, 1e-6, "with create_graph, gradient")
    slope: Any = ag.tensor(0.0)
    for g, v in zip(grads, vs, strict=True):
        if g is not None:
            slope = (g * v).sum() + slope
    return Results(arrays, first, filled(gradients(inner, slope), vs))


def products_of_function(
    graph: Graph, leaves: Sequence[Any], vs: Sequence[Array]
) -> list[Array]:
    """By `ag.hvp` of a function of the leaves that require grad."""

    def total(*inner: Any) -> Any:
        given = iter(inner)
        pairs = zip(leaves, graph.leaves, strict=True)
        return ours(graph, [next(given) if t.grad else x for x, t in pairs])[1]

    inner = [x for x, t in zip(leaves, graph.leaves, strict=True) if t.grad]
    return filled(ag.hvp(total, tuple(inner), tuple(map(ag.tensor, vs))), vs)


def by_torch(graph: Graph) -> Results:
    import torch

    leaves = [
        torch.tensor(leaf.array(), requires_grad=leaf.grad) for leaf in graph.leaves
    ]
    inner = [leaf for leaf in leaves if leaf.requires_grad]
    values = list(leaves)
    for step in graph.steps:
        xs = [values[i] for i in step.args]
        values.append(KINDS[step.kind].torch(torch, step.params, *xs))
    total = torch.zeros((), dtype=torch.float64)
    for i, c in zip(graph.outputs, graph.weights, strict=True):
        total = (values[i].double() * torch.from_numpy(c)).sum() + total
    vs = directions(graph)
    given = {"create_graph": True, "allow_unused": True}
    grads = torch.autograd.grad(total, inner, **given)
    slope = torch.zeros((), dtype=torch.float64)
    for g, v in zip(grads, vs, strict=True):
        if g is not None:
            slope = slope + (g * torch.from_numpy(v)).sum()
    products: Sequence[Any] = [None] * len(vs)
    if slope.requires_grad:
        products = torch.autograd.grad(slope, inner, allow_unused=True)
    # A sum, as PyTorch's lazy zeros have no array.
    products = [g if g is None else torch.zeros(g.shape).to(g) + g for g in products]
    arrays = [np.array(v.detach().numpy()) for v in values]
    return Results(arrays, filled(grads, vs), filled(products, vs))


# Comparing ---------------------------------------------------------------------------


def close(
    got: Sequence[Array], want: Sequence[Array], rtol: float, single: float, what: str
) -> None:
    """``rtol`` of the largest number of all; ``single`` of it for float32."""
    scale = max([1.0, *(float(abs(w * 1.0).max(initial=0)) for w in want)])
    for i, (a, b) in enumerate(zip(got, want, strict=True)):
        if a.dtype != b.dtype or a.shape != b.shape:
            how = f"{a.dtype} {a.shape}, expected {b.dtype} {b.shape}"
            raise AssertionError(f"{what} {i} is {how}")
        bound = single if a.dtype == np.float32 else rtol
        error = abs(a * 1.0 - b * 1.0)
        if not (error <= bound * (abs(b * 1.0) + 0.1 * scale)).all():
            raise AssertionError(f"{what} {i} is off by {error.max():.1e}:\n{a}\n{b}")


def against_torch(graph: Graph) -> None:
    """Raises AssertionError for what differs."""
    want, got = by_torch(graph), by_us(graph)
    close(want.values, graph.values, 1e-12, 1e-6, "PyTorch's v")
    close(got.values, want.values, 1e-9, 1e-6, "v")
    close(got.grads, want.grads, 1e-9, 1e-6, "gradient")
    # Gradients of float32 leaves are rounded before they are differentiated again.
    rtol = 1e-5 if any(leaf.dtype == "float32" for leaf in graph.leaves) else 1e-9
    close(got.products, want.products, rtol, 1e-5, "Hessian-vector product")


def slope(graph: Graph, which: int, direction: Array, h: float) -> float:
    """By five points, in float64."""
    frozen, weights = graph.values, graph.weights
    start = [v * 1.0 if v.dtype.kind == "f" else v for v in frozen[: len(graph.leaves)]]
    start = [v.astype(np.float64) if v.dtype.kind == "f" else v for v in start]

    def at(t: float) -> float:
        moved = [v + t * direction if i == which else v for i, v in enumerate(start)]
        values = evaluate(graph, moved, frozen)
        both = zip(graph.outputs, weights, strict=True)
        return float(sum((values[i] * c).sum() for i, c in both))

    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)


def against_numpy(graph: Graph) -> None:
    """Raises AssertionError for what differs."""
    got = by_us(graph)
    close(got.values, graph.values, 1e-9, 1e-6, "v")
    inner = [i for i, leaf in enumerate(graph.leaves) if leaf.grad]
    for i, v, g in zip(inner, directions(graph), got.grads, strict=True):
        d = v.astype(np.float64)
        found, scale = float((g * d).sum()), float((abs(g) * abs(d)).sum()) + 1
        rtol = 1e-6 if g.dtype == np.float32 else 1e-7
        slopes = [slope(graph, i, d, h) for h in (1e-4, 1e-5, 1e-6)]
        if min(abs(s - found) for s in slopes) > rtol * scale:
            raise AssertionError(f"slope of v{i} is {found!r}, by differences {slopes}")


AGAINST = {"torch": against_torch, "numpy": against_numpy}


def fault(graph: Graph, against: Collection[str]) -> str | None:
    """What is wrong with our answer, in words."""
    try:
        for name in against:
            AGAINST[name](graph)
    except AssertionError as wrong:
        return str(wrong)
    except Exception as error:  # of ours: NumPy went through it before
        return f"{type(error).__name__}: {error}"
    return None


# Shrinking ---------------------------------------------------------------------------


def smaller(graph: Graph) -> Iterator[Graph]:
    """Graphs with less in them, the smallest first."""
    first = len(graph.leaves)
    flows = [i for i in range(first, first + len(graph.steps)) if graph.flows[i]]
    for i in flows:
        if graph.values[i].dtype.kind == "f" and (i,) != graph.outputs:
            yield pruned(replace(graph, outputs=(i,)))
    for which in range(len(graph.steps)):
        if first + which not in graph.outputs:
            yield cut(graph, which)
    for i, leaf in enumerate(graph.leaves):
        for plainer in (replace(leaf, grad=False), replace(leaf, how="tensor")):
            if plainer != leaf:
                leaves = (*graph.leaves[:i], plainer, *graph.leaves[i + 1 :])
                yield replace(graph, leaves=leaves)


def shrunk(graph: Graph, against: Collection[str]) -> Graph:
    """The smallest that is found to fail."""
    for candidate in smaller(graph):
        if any(candidate.flows[i] for i in candidate.outputs) and fault(
            candidate, against
        ):
            return shrunk(candidate, against)
    return graph


def reproducer(graph: Graph, against: Collection[str]) -> str:
    """What a failing graph is told by."""
    return f"{graph}\n{fault(graph, against)}\n--graph '{graph.json()}'"


# The long run ------------------------------------------------------------------------


def search(
    seeds: Iterable[int],
    against: Collection[str],
    features: Collection[str] = (),
    progress: Callable[[int, int], object] = lambda done, failed: None,
) -> dict[str, list[Graph]]:
    """Failing graphs by the step and the error that they shrink to."""
    found: dict[str, list[Graph]] = {}
    failed = 0
    for done, seed in enumerate(seeds, 1):
        graph = draw_graph(seed, features)
        if fault(graph, against):
            failed += 1
            graph = shrunk(graph, against)
            last = graph.steps[-1].kind if graph.steps else "no step"
            words = (fault(graph, against) or "").split("\n")[0]
            what = "".join(c for c in words if not c.isdigit())[:40]
            found.setdefault(f"{last}: {what}", []).append(graph)
        progress(done, failed)
    return found


def main() -> int:
    """1 if a graph fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--against", nargs="*", choices=AGAINST, default=[*AGAINST])
    parser.add_argument("--features", nargs="*", choices=FEATURES, default=[])
    parser.add_argument("--progress", action="store_true", help="even into a file")
    parser.add_argument("--graph", help="one, as JSON")
    options = parser.parse_args()
    if options.graph:
        graph = Graph.of(options.graph)
        print(graph, fault(graph, options.against) or "all agree", sep="\n")
        return int(fault(graph, options.against) is not None)

    def progress(done: int, failed: int) -> None:
        if done % 20 == 0 and (options.progress or sys.stderr.isatty()):
            text = f"\r{done} of {options.count}, {failed} failed"
            print(text, end="", file=sys.stderr, flush=True)

    seeds = range(options.seed, options.seed + options.count)
    found = search(seeds, options.against, options.features, progress)
    for what, graphs in sorted(found.items(), key=lambda item: -len(item[1])):
        least = min(graphs, key=lambda g: (len(g.steps), len(g.json())))
        print(f"\n{len(graphs)} x {what}\n{reproducer(least, options.against)}")
    print(f"\n{options.count} graphs, {sum(map(len, found.values()))} failed")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
