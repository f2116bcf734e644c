"""What the benchmarks share: the training step they time, warm-up, what to skip."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np

# Batch, and the widths of the layers.
SIZES = {
    "XS": (32, [4, 16, 16, 3]),
    "S": (64, [64, 128, 64, 10]),
    "M": (128, [784, 512, 256, 10]),
    "L": (256, [1024, 2048, 2048, 1000]),
}


@contextmanager
def if_known() -> Iterator[None]:
    """A setup for a commit that may lack what is timed: asv then skips it there.

    Every name a benchmark needs is looked up inside; tests/asv_bench/test_asv_suite.py
    sees to it that the newest commit lacks none.
    """
    try:
        yield
    except (ImportError, AttributeError, KeyError, TypeError) as error:
        raise NotImplementedError(f"not on this commit: {error!r}") from error


def on_one_thread() -> None:
    """Skip all but one column of asv's matrix, for work that no thread can help with.

    Not so where the matrix is not in use, as with ``--python=same``.
    """
    threads = os.environ.get("AUTOGRAD_CORE_NUM_THREADS", "1")
    if threads != "1":
        raise NotImplementedError(f"the same with {threads} threads as with 1")


def warm(function: Callable[[], Any], seconds: float = 0.03, least: int = 4) -> None:
    """Call until kernels are compiled, caches full and a Program's trials over."""
    for _ in range(least):
        function()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        function()


def classifier(dims: list[int]) -> Any:
    """Linear + BatchNorm + ReLU + Dropout between ``dims``, the last Linear alone."""
    import autograd_core as ag
    from autograd_core import nn

    ag.manual_seed(0)
    layers: list[Any] = []
    for n, m in pairwise(dims[:-1]):
        layers += [nn.Linear(n, m), nn.BatchNorm1d(m), nn.ReLU(), nn.Dropout(0.2)]
    return nn.Sequential(*layers, nn.Linear(*dims[-2:]))


def data(batch: int, dims: list[int]) -> tuple[Any, Any]:
    """Inputs and labels of one batch."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((batch, dims[0])).astype(np.float32)
    return x, rng.integers(0, dims[-1], batch)


def training_step(batch: int, dims: list[int]) -> tuple[Callable[..., Any], Any, Any]:
    """The step that all peers are timed on, with cross-entropy and Adam; its data."""
    from autograd_core import nn, optim

    model = classifier(dims)
    opt = optim.Adam(model.parameters())

    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return step, *data(batch, dims)


def ready_step(mode: str, batch: int, dims: list[int]) -> Callable[[], Any]:
    """`training_step` on its data, "eager" or as a "Program", warm."""
    import autograd_core as ag

    step, x, y = training_step(batch, dims)
    run = ag.compile(step) if mode == "Program" else step
    warm(lambda: run(x, y))
    return lambda: run(x, y)
