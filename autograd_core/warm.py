"""`warm`: compile all kernels of this machine, by all of its cores, before need.

What is compiled is what the op table, the layers and the optimizers call: each op with
the samples of its row, forward and backward, in float32 and float64. A worker process
takes one after another; two never compile the same (see `autograd_kernels.ahead`).
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_core import nn, optim
from autograd_core.ops import TABLE
from autograd_core.program import compile
from autograd_core.samples import Arg
from autograd_core.tensor import Tensor

DTYPES = ("float32", "float64")
OPTIMIZERS = ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam", "Lion")
Task = tuple[str, str]


def tasks() -> list[Task]:
    """(an op or an optimizer, a dtype): what one worker does at a time."""
    steps = [(name, dtype) for dtype in DTYPES for name in OPTIMIZERS]
    return steps + [(name, dtype) for name in TABLE for dtype in DTYPES]


def run(task: Task) -> None:
    """Compile what it calls; what cannot be called so is left to its first use."""
    name, dtype = task
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            _train(name, dtype) if name in OPTIMIZERS else _differentiate(name, dtype)
        except (ValueError, TypeError, ImportError, RuntimeError):
            return


def _differentiate(name: str, dtype: str) -> None:
    op = TABLE[name]
    for one in op.samples:
        rng = np.random.default_rng(0)
        args = [
            Tensor(a.draw(rng, np.dtype(dtype))) if isinstance(a, Arg) else a
            for a in one.args
        ]
        for a in args:
            if op.differentiable and isinstance(a, Tensor) and a._data.dtype == dtype:
                a.requires_grad = True
        out = op(*args, **dict(one.attrs))
        if isinstance(out, Tensor) and out.requires_grad:
            out.backward(np.ones_like(out._data))


def _train(name: str, dtype: str) -> None:
    """Steps of a network, eager and compiled."""
    model = nn.Sequential(
        nn.Linear(64, 32),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(32, 10),
    ).astype(dtype)
    opt = getattr(optim, name)(model.parameters())

    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    compiled = compile(step)
    x, y = np.ones((32, 64), dtype), np.arange(32) % 10
    step(x, y)
    for _ in range(4):
        compiled(x, y)


def warm(workers: int | None = None) -> Iterator[tuple[int, int]]:
    """Compile everything; yields (tasks done, tasks in all) as it goes."""
    every = tasks()
    if workers is None:
        workers = os.cpu_count() or 1
        if hasattr(os, "sched_getaffinity"):
            workers = len(os.sched_getaffinity(0))
    os.environ["AUTOGRAD_CORE_AHEAD"] = "0"  # these workers are the helpers
    os.environ["AUTOGRAD_CORE_NUM_THREADS"] = "1"
    spawning = multiprocessing.get_context("spawn")
    with spawning.Pool(workers) as pool:
        for done, _ in enumerate(pool.imap_unordered(run, every), 1):
            yield done, len(every)


def main() -> None:
    """`python -m autograd_core warm`: with a bar, or a few lines without tqdm."""
    try:
        from tqdm import tqdm
    except ImportError:
        tqdm = None
    if tqdm is not None and sys.stderr.isatty():
        bar = tqdm(total=len(tasks()), unit=" ops", dynamic_ncols=True)
        for _ in warm():
            bar.update()
        bar.close()
        return
    for done, total in warm():
        if done == total or done % max(1, total // 10) == 0:
            print(f"compiled {done} of {total} ops", file=sys.stderr, flush=True)
