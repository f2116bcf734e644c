"""Ours and each peer on the same work, a group for each work; checked, then timed.

    pytest tests/benchmarks -o addopts= --benchmark-only
    pytest tests/benchmarks -o addopts= --benchmark-only --benchmark-group-by=param:way

A peer that is not installed is skipped by its name. The normal test run leaves all of
this out; CI runs each once, untimed, with ``-o addopts= --benchmark-disable``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import compare
import numpy as np
import pytest
from adams import ADAMS
from libraries import WAYS, WORKS
from networks import Task

pytestmark = [
    pytest.mark.benchmark(warmup=True, min_rounds=20, max_time=0.5, disable_gc=True),
    pytest.mark.filterwarnings("default"),  # the peers' are theirs
]
# By title; a scan is many steps a call.
STEPS = {title: name for name, (_, title) in compare.variants().items()}
STEPS = {title: name for title, name in STEPS.items() if name != "jax-scan"}
TOLERANCE = 1e-5  # of the largest: float32, sums of 128 terms


def built(title: str, build: Callable[..., Any], *args: Any) -> Any:
    try:
        return build(*args)
    except ImportError as missing:
        pytest.skip(f"{title} is not installed: {missing}")


def close(found: Any, expected: Any) -> None:
    """Each array to float32's rounding of its largest entry."""
    for a, b in zip(found, expected, strict=True):
        a = np.asarray(getattr(a, "data", a) if not hasattr(a, "detach") else a)
        np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCE * np.abs(b).max())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("work", WORKS)
def test_gradient(benchmark: Any, work: str, way: str) -> None:
    benchmark.group = f"gradient of {work}"
    task = WORKS[work]
    call = built(way, WAYS[way], task, task.arrays())
    close(call(), task.by_hand(*(a.astype(np.float64) for a in task.arrays())))
    benchmark(call)


@pytest.mark.parametrize("way", ADAMS)
def test_adam(benchmark: Any, way: str) -> None:
    """In place: each timed step starts from the same parameters."""
    benchmark.group = "Adam, 1M parameters in place"
    rng = np.random.default_rng(0)
    start, gradient = rng.standard_normal((2, 1 << 20)).astype(np.float32)
    start *= np.float32(0.01)  # not so large that it rounds the steps away
    param, step = built(way, ADAMS[way], start, gradient)
    expected, oracle = ADAMS["NumPy by hand"](*map(np.float64, (start, gradient)))
    for _ in range(3):
        step()
        oracle()
    close([param - start], [expected - start])

    def again() -> None:
        np.copyto(param, start)

    benchmark.pedantic(step, setup=again, rounds=50, warmup_rounds=5)


@pytest.mark.parametrize("way", STEPS)
@pytest.mark.parametrize("size", ["XS", "S"])
def test_training_step(benchmark: Any, size: str, way: str) -> None:
    """The networks of ``make bench``; losses are checked without dropout."""
    benchmark.group = f"training step {size}"
    name = STEPS[way]
    module, _ = compare.variants()[name]
    build = importlib.import_module(f"networks.{module}").build
    if name not in compare.LESS_WORK:
        plain = Task.of(size, 0.0, 1)
        built(way, compare.check, build, name, plain, compare.expected_losses(plain))
    step = built(way, build, name, Task.of(size, compare.P_DROP, 1))
    benchmark(step)
