"""Random graphs agree with NumPy's values, differences, and PyTorch where it is.

The long run is ``python tests/random_graphs.py --count 5000``, or ``pytest -m slow``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Iterable
from dataclasses import replace

import pytest
from graph_data import KINDS, Graph, Leaf, Step, draw_graph
from random_graphs import AGAINST, by_us, close, fault, reproducer, search

import autograd_core as ag

FEW, MANY = 250, 5000
FEATURES = ("lists", "powers", "far logits")


def holds(
    seeds: Iterable[int], against: Collection[str], features: Collection[str] = FEATURES
) -> None:
    found = search(seeds, against, features)
    least = [min(graphs, key=lambda g: len(g.steps)) for graphs in found.values()]
    assert not found, "\n\n".join(reproducer(graph, against) for graph in least)


def test_graphs_agree_with_numpy_and_differences() -> None:
    holds(range(FEW), ["numpy"])


def test_graphs_agree_with_pytorch() -> None:
    pytest.importorskip("torch")
    holds(range(FEW, 2 * FEW), ["torch"])


def test_graphs_of_empty_arrays_agree() -> None:
    holds(range(2 * FEW, 3 * FEW), ["numpy"], ["empty", *FEATURES])


@pytest.mark.slow
def test_many_graphs_agree_with_numpy() -> None:
    holds(range(10**6, 10**6 + MANY), ["numpy"])


@pytest.mark.slow
def test_many_graphs_agree_with_pytorch() -> None:
    pytest.importorskip("torch")
    holds(range(10**6, 10**6 + MANY), ["torch"])


def test_all_kinds_are_drawn() -> None:
    drawn = {s.kind for i in range(500) for s in draw_graph(i, _features()).steps}
    assert drawn >= set(KINDS)


def _features() -> set[str]:
    return {kind.feature for kind in KINDS.values() if kind.feature}


def test_a_graph_is_the_same_from_its_text() -> None:
    for seed in range(20):
        graph = draw_graph(seed)
        again = Graph.of(graph.json())
        assert again == graph
        one, other = by_us(graph), by_us(again)
        close(one.grads, other.grads, 0, 0, "gradient")
        close(one.products, other.products, 0, 0, "product")


def test_a_wrong_gradient_is_found_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 1e-5, which no value shows."""
    right = KINDS["sigmoid"]

    def wrong(p: object, x: ag.Tensor) -> ag.Tensor:
        y = x.sigmoid()
        return y + (y - y.detach()) * 1e-5

    monkeypatch.setitem(KINDS, "sigmoid", replace(right, ours=wrong))
    graphs = [g for some in search(range(60), ["numpy"]).values() for g in some]
    assert graphs
    for graph in graphs:
        assert [step.kind for step in graph.steps] == ["sigmoid"]
        assert len(graph.leaves) == 1
        assert "slope of v0" in (fault(graph, ["numpy"]) or "")


def test_an_error_is_told_and_the_script_fails() -> None:
    leaf = Leaf((2,), "float64", 0, grad=True, values=[1.0, float("nan")])
    graph = Graph((leaf,), (Step("sin", (0,)),), (1,), 0)
    script = [sys.executable, AGAINST["numpy"].__code__.co_filename]
    args = ["--against", "numpy", "--graph", graph.json()]
    done = subprocess.run(
        [*script, *args], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1, done.stderr
    assert "v1 = sin(v0)" in done.stdout
