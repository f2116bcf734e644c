"""Forward and backward of elementwise and row-wise ops beside PyTorch eager, float32.

    python asv_bench/peers/elementwise.py [--threads 1 2] [--only tanh] [--json FILE]

Run it with a Python that has torch and this package, and nothing else on the machine.
Both sides hold the input as a leaf that requires grad, compute the op, and go backward
with a fixed random cotangent; outputs and gradients are checked against float64 first.
Ours is timed as a compiled Program and as eager code; a Program leaves the output where
it leaves gradients, so that no forward pass is dropped. A ratio is the median over
turns of PyTorch's time by ours: above 1, ours is faster.
`clock` says how they take turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from clock import repeated, turns
from torch.nn import functional as theirs

import autograd_core as ag
from autograd_core.nn import functional as ours

SIZES = (10_000, 100_000, 1_000_000)
TURNS = 9
P = 0.2  # of dropout
ROWS = 100  # of a batch norm
Call = Callable[[], Any]


@dataclass(frozen=True)
class Op:
    """``run(library, x, *parameters)``; rows of ``width`` elements, or ROWS of them."""

    run: Callable[..., Any]
    width: int = 1
    parameters: int = 0

    def shape(self, size: int) -> tuple[int, ...]:
        return (size // self.width, self.width) if self.width else (ROWS, size // ROWS)


def _exp(library: Any, x: Any) -> Any:
    return x.exp()


def _tanh(library: Any, x: Any) -> Any:
    return x.tanh()


def _sigmoid(library: Any, x: Any) -> Any:
    return x.sigmoid()


def _gelu(library: Any, x: Any) -> Any:
    return library.gelu(x)


def _gelu_tanh(library: Any, x: Any) -> Any:
    return library.gelu(x, approximate="tanh")


def _softmax(library: Any, x: Any) -> Any:
    return library.softmax(x, -1)


def _dropout(library: Any, x: Any) -> Any:
    return library.dropout(x, P, True)


def _batch_norm(library: Any, x: Any, weight: Any, bias: Any) -> Any:
    return library.batch_norm(x, None, None, weight, bias, True)


OPS = {
    "exp": Op(_exp),
    "tanh": Op(_tanh),
    "sigmoid": Op(_sigmoid),
    "gelu": Op(_gelu),
    "gelu (tanh)": Op(_gelu_tanh),
    "softmax of 10": Op(_softmax, width=10),
    "softmax of 100": Op(_softmax, width=100),
    "batch norm": Op(_batch_norm, width=0, parameters=2),
    "dropout": Op(_dropout),
}


class Case:
    """One op on one input, and every way to run it."""

    def __init__(self, op: Op, size: int) -> None:
        rng, shape = np.random.default_rng(0), op.shape(size)
        self.op = op
        draw = [shape] + op.parameters * [shape[1:]]
        self.arrays = [rng.standard_normal(s, np.float32) for s in draw]
        self.cotangent = rng.standard_normal(shape, np.float32)

    def ours(self, compiled: bool) -> tuple[Call, list[Any]]:
        """A call that gives the output, and the leaves that get gradients."""
        leaves = [ag.tensor(a, requires_grad=True) for a in self.arrays]
        g = ag.tensor(self.cotangent)
        place = ag.zeros(g.shape, requires_grad=True)

        def run() -> None:
            for leaf in leaves:
                leaf.grad = None
            y = self.op.run(ours, *leaves)
            y.backward(g)
            place.grad = y.detach()

        step = ag.compile(run) if compiled else run

        def call() -> Any:
            step()
            return place.grad

        return call, leaves

    def theirs(self, dtype: Any = torch.float32) -> tuple[Call, list[Any]]:
        """The same in PyTorch."""
        leaves = [torch.tensor(a, dtype=dtype) for a in self.arrays]
        g = torch.tensor(self.cotangent, dtype=dtype)
        for leaf in leaves:
            leaf.requires_grad_()

        def run() -> Any:
            for leaf in leaves:
                leaf.grad = None
            y = self.op.run(theirs, *leaves)
            y.backward(g)
            return y

        return run, leaves

    def check(self, run: Call, leaves: list[Any]) -> None:
        """Output and gradients, four times: a Program is replayed from the third on."""
        for _ in range(4):
            y = run().detach().numpy()
            got = [y, *(leaf.grad.numpy() for leaf in leaves)]
            if self.op.run is _dropout:
                kept = np.where(y != 0, np.float32(1 / (1 - P)), np.float32(0))
                assert abs((y != 0).mean() - (1 - P)) < 5 * (P / y.size) ** 0.5
                want = [self.arrays[0] * kept, self.cotangent * kept]
            else:
                exact, wide = self.theirs(torch.float64)
                want = [exact().detach().numpy(), *(w.grad.numpy() for w in wide)]
            for a, b in zip(got, want, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-5 * abs(b).max())


@dataclass
class Cell:
    """Microseconds; ratios above 1 are in our favour."""

    op: str
    size: int
    threads: int
    program: float
    eager: float
    torch: float
    program_ratio: float
    eager_ratio: float


def measure(name: str, size: int, threads: int, count: int) -> Cell:
    """All three in turn, as many calls as fill a BATCH."""
    case = Case(OPS[name], size)
    ways = [case.ours(compiled=True), case.ours(compiled=False), case.theirs()]
    for way in ways:
        case.check(*way)
    runs = [repeated(run) for run, _ in ways]
    times = turns(runs, count, rest=threads > 1)
    micros = [1e6 * statistics.median(column) for column in zip(*times, strict=True)]
    program = statistics.median(t / p for p, _, t in times)
    eager = statistics.median(t / e for _, e, t in times)
    return Cell(name, size, threads, *micros, program, eager)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--only", nargs="*", default=[*OPS], help="names of ops")
    parser.add_argument("--sizes", type=int, nargs="*", default=[*SIZES])
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--json", type=Path, help="where to write all of it")
    options = parser.parse_args()
    cells = []
    print("op                  size threads  program us  eager us  PyTorch us  ratios")
    for threads in options.threads:
        ag.set_num_threads(threads)
        torch.set_num_threads(threads)
        for name in options.only:
            for size in options.sizes:
                c = measure(name, size, threads, options.turns)
                cells.append(c)
                print(
                    f"{name:14} {size:9} {threads:7} {c.program:11.1f} {c.eager:9.1f} "
                    f"{c.torch:11.1f} {c.program_ratio:7.2f} {c.eager_ratio:5.2f}",
                    flush=True,
                )
    least = min(cells, key=lambda c: c.program_ratio)
    print(f"least: {least.op}, {least.size}, {least.program_ratio:.2f}")
    if options.json:
        options.json.write_text(json.dumps([asdict(c) for c in cells], indent=1))


if __name__ == "__main__":
    main()
