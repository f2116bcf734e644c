"""Is the working tree slower than its base commit? Fails if it is, beyond noise.

    python asv_bench/regression.py [--base COMMIT] [--only NAME] [--plant NAME=1.2]

Both trees run the same work in turn, in two processes that stay: a batch here, a batch
there, on one core, and only the ratio of neighbours counts, so that a busy machine, or
a core that another tenant shares, slows both. A ratio is the median over pairs. Memory
that happens to lie badly can slow a process for good, so what looks slow is measured
again, in new processes on another core, and fails only if it is slow in every one.
``--plant`` makes the working tree do more of some work: a gate that lets that through
is broken.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from turns import Worker, serve

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LIMIT = 1.08  # a ratio above it, in each of TRIES processes, is a slowdown
TRIES = 3
PAIRS = 15
BATCH = 0.02  # seconds of work between two looks at the clock
Work = Callable[[], Any]


# The work: each entry prepares, and returns what is timed --------------------------


def training(batch: int, *dims: int, compiled: bool = True) -> Work:
    """A step of Linear + BatchNorm + ReLU + Dropout blocks, cross-entropy, Adam."""
    import autograd_core as ag
    from autograd_core import nn, optim

    ag.manual_seed(0)
    layers: list[Any] = []
    for n, m in pairwise(dims[:-1]):
        layers += [nn.Linear(n, m), nn.BatchNorm1d(m), nn.ReLU(), nn.Dropout(0.2)]
    model = nn.Sequential(*layers, nn.Linear(*dims[-2:]))
    opt = optim.Adam(model.parameters())
    x, y = normal(batch, dims[0]), np.arange(batch) % dims[-1]

    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    run = ag.compile(step) if compiled else step
    return lambda: run(x, y)


def forward_backward(name: str, *shape: int) -> Work:
    """An op of one array and its gradient, as a Program."""
    import autograd_core as ag
    from autograd_core.ops import TABLE

    op, g = TABLE[name], normal(*shape)
    leaf = ag.tensor(normal(*shape), requires_grad=True)

    def both(g: Any) -> Any:
        leaf.grad = None
        op(leaf).backward(g)
        return leaf.grad

    run = ag.compile(both)
    return lambda: run(g)


def product(m: int, n: int, k: int) -> Work:
    """A matrix product in a Program."""
    import autograd_core as ag

    a, b = normal(m, k), normal(k, n)
    run = ag.compile(lambda a, b: a @ b)
    return lambda: run(a, b)


def recording() -> Work:
    """Record a small network twice, plan and bind it."""
    import autograd_core as ag
    from autograd_core import nn

    layer, x = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3)), normal(4, 8)

    def run() -> Any:
        compiled = ag.compile(lambda x: layer(x).sum())
        return compiled(x), compiled(x)  # a second recording makes the Program

    return run


def normal(*shape: int) -> Any:
    """Random float32 numbers, the same every time."""
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


WORK: dict[str, Callable[[], Work]] = {
    "step XS": lambda: training(32, 4, 16, 16, 3),
    "step S": lambda: training(64, 64, 128, 64, 10),
    "step M": lambda: training(128, 784, 512, 256, 10),
    "step XS, eager": lambda: training(32, 4, 16, 16, 3, compiled=False),
    "step M, eager": lambda: training(128, 784, 512, 256, 10, compiled=False),
    "exp 1e5": lambda: forward_backward("exp", 100_000),
    "tanh 1e5": lambda: forward_backward("tanh", 100_000),
    "softmax 1e3 x 100": lambda: forward_backward("softmax", 1000, 100),
    "matmul 32": lambda: product(32, 32, 32),
    "matmul 256": lambda: product(256, 256, 256),
    "matmul 257 x 100 x 33": lambda: product(257, 100, 33),
    "recording": recording,
}


# A process that works on demand -------------------------------------------------------


def work(tree: str, cores: set[int]) -> None:
    """Answer lines ``name TAB count`` with the seconds that it took."""
    if cores:
        os.sched_setaffinity(0, cores)
    import autograd_core

    found = Path(autograd_core.__file__).resolve().parents[1]
    assert found == Path(tree).resolve(), f"{found} was imported, not {tree}"
    ready: dict[str, Work] = {}

    def answer(line: str) -> float:
        name, count = line.split("\t")
        if name not in ready:
            ready[name] = WORK[name]()
            for _ in range(4):  # two recordings and two replays
                ready[name]()
        run = ready[name]
        start = time.perf_counter()
        for _ in range(int(count)):
            run()
        return time.perf_counter() - start

    serve(answer)


class Side:
    """One tree at work in a process of its own."""

    def __init__(self, tree: Path, threads: int, cores: set[int]) -> None:
        path = os.pathsep.join(map(str, [tree, tree / "kernels", HERE]))
        env = {"PYTHONPATH": path, "AUTOGRAD_CORE_NUM_THREADS": str(threads)}
        args = [__file__, "--serve", str(tree), *map(str, cores)]
        self.worker = Worker(str(tree), args, env)
        self.close = self.worker.close

    def seconds(self, name: str, count: int) -> float:
        """Time of ``count`` calls of some work."""
        return float(self.worker.ask(f"{name}\t{count}"))


def core(attempt: int, threads: int) -> set[int]:
    """Where both sides run: one core, another at each attempt; empty for any."""
    if threads > 1 or not hasattr(os, "sched_getaffinity"):
        return set()
    cores = sorted(os.sched_getaffinity(0))
    return {cores[attempt % len(cores)]}


def ratio(name: str, base: Side, head: Side, more: float) -> float:
    """Time here over time there: the median of neighbouring pairs."""
    once = min(base.seconds(name, 1) for _ in range(3))
    count = max(1, round(BATCH / once))
    head.seconds(name, 1)
    ratios = []
    for i in range(PAIRS):  # who goes first changes from pair to pair
        if i % 2:
            there = base.seconds(name, count)
            here = head.seconds(name, max(1, round(count * more)))
        else:
            here = head.seconds(name, max(1, round(count * more)))
            there = base.seconds(name, count)
        ratios.append(here / there)
    return statistics.median(ratios)


def compare(
    base: Path,
    head: Path,
    names: Iterable[str],
    threads: int,
    planted: dict[str, float],
) -> list[str]:
    """Names of what is slower, after `TRIES` looks at each suspect."""
    suspects = list(names)
    for attempt in range(TRIES):
        if attempt:
            print(f"again, in new processes: {', '.join(suspects)}")
        sides = [Side(tree, threads, core(attempt, threads)) for tree in (base, head)]
        found = []
        for name in suspects:
            r = ratio(name, *sides, planted.get(name, 1.0))
            print(
                f"  {name:24} {r:6.3f} x base{'   slower?' * (r > LIMIT)}", flush=True
            )
            found += [name] * (r > LIMIT)
        for side in sides:
            side.close()
        suspects = found
        if not suspects:
            break
    return suspects


# What is compared ---------------------------------------------------------------------


def git(*args: str) -> bytes:
    """What git prints."""
    return subprocess.run(
        ["git", "-C", str(ROOT), *args], stdout=subprocess.PIPE, check=True
    ).stdout


def default_base() -> str:
    """The last commit, or the one before if nothing has changed since."""
    return "HEAD" if git("status", "--porcelain") else "HEAD~1"


def unpack(commit: str, folder: Path) -> None:
    """The sources of a commit."""
    archive = io.BytesIO(git("archive", commit, "autograd_core", "kernels"))
    with tarfile.open(fileobj=archive) as tar:
        tar.extractall(folder, filter="data")


def plant(text: str) -> tuple[str, float]:
    """``NAME=1.2``."""
    name, _, more = text.rpartition("=")
    if name not in WORK:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(WORK)}")
    return name, float(more)


def main() -> int:
    """See the file's docstring; 1 if something is slower."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--base", help="a commit; by default the last")
    parser.add_argument(
        "--only", action="append", choices=WORK, help="some of the work"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--plant", action="append", type=plant, default=[])
    parser.add_argument("--serve", nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        work(args.serve[0], set(map(int, args.serve[1:])))
        return 0
    commit = git("rev-parse", "--short", args.base or default_base()).decode().strip()
    print(f"working tree against {commit}, {args.threads} thread(s)")
    with tempfile.TemporaryDirectory() as folder:
        unpack(commit, Path(folder))
        slower = compare(
            Path(folder), ROOT, args.only or WORK, args.threads, dict(args.plant)
        )
    print(f"slower: {', '.join(slower)}" if slower else "no slower than its base")
    return bool(slower)


if __name__ == "__main__":
    sys.exit(main())
