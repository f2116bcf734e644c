"""A step of Adam over all parameters beside PyTorch's fused one, float32.

    python asv_bench/peers/adam.py [--threads 1 2] [--json FILE]

Run it with a Python that has torch and this package, and nothing else on the machine.
Ours is ``opt.step()`` as a compiled Program and as eager code; both sides are checked
against the rule in float64 first. A ratio is the median over turns of PyTorch's time by
ours: above 1, ours is faster. Bandwidth counts 28 bytes a parameter (four arrays read,
three written) and is compared with the triad ``a = b + s c`` of the same turns over
arrays of as many elements, which counts 12 (a CPU that reads a line before it writes it
moves 16).
`clock` says how they take turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numba
import numpy as np
import torch
from clock import repeated, turns

import autograd_core as ag

SIZES = (100_000, 8_000_000)
LAYERS = 4  # a matrix and a bias each
BIAS = 250
TURNS = 15
BYTES, TRIAD_BYTES = 28, 12  # of a parameter, of an element
Call = Callable[[], Any]


class Case:
    """Parameters and their gradients, and every way to take a step."""

    def __init__(self, size: int) -> None:
        rng = np.random.default_rng(0)
        shapes = LAYERS * [(size // LAYERS // BIAS - 1, BIAS), (BIAS,)]
        self.values = [rng.standard_normal(s, np.float32) for s in shapes]
        self.grads = [rng.standard_normal(s, np.float32) for s in shapes]

    def ours(self, compiled: bool) -> tuple[Call, list[Any]]:
        params = [ag.tensor(v, requires_grad=True) for v in self.values]
        for p, g in zip(params, self.grads, strict=True):
            p.grad = ag.tensor(g)
        step = ag.optim.Adam(params).step
        return (ag.compile(step) if compiled else step), params

    def theirs(self) -> tuple[Call, list[Any]]:
        params = [torch.tensor(v, requires_grad=True) for v in self.values]
        for p, g in zip(params, self.grads, strict=True):
            p.grad = torch.tensor(g)
        return torch.optim.Adam(params, fused=True).step, params

    def check(self, step: Call, params: list[Any]) -> None:
        """Three steps, against Kingma & Ba (2015), Algorithm 1, in float64.

        A Program's third is its first replay.
        """
        for _ in range(3):
            step()
        for p, value, g in zip(params, self.values, self.grads, strict=True):
            want, g = value.astype(np.float64), g.astype(np.float64)
            m = v = 0.0
            for t in 1, 2, 3:
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                unbiased = m / (1 - 0.9**t), v / (1 - 0.999**t)
                want = want - 1e-3 * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-8)
            got = p.detach().numpy()
            np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-7)


@numba.njit(nogil=True)
def _triad(a: Any, b: Any, c: Any, s: Any) -> None:
    for i in range(a.size):
        a[i] = b[i] + s * c[i]


def triad(size: int, threads: int, pool: ThreadPoolExecutor) -> Call:
    """The triad over ``size`` elements, a part for each thread."""
    a, b, c = np.ones((3, size), np.float32)  # zeros may all lie in one page
    cuts = [size * i // threads for i in range(threads + 1)]
    parts = [slice(*cut) for cut in pairwise(cuts)]
    s = np.float32(3)

    def run() -> None:
        done = [pool.submit(_triad, a[p], b[p], c[p], s) for p in parts[1:]]
        _triad(a[parts[0]], b[parts[0]], c[parts[0]], s)
        for future in done:
            future.result()

    return run


@dataclass
class Row:
    """Microseconds, ratios above 1 in our favour, and the share of the triad."""

    size: int
    threads: int
    program: float
    eager: float
    torch: float
    program_ratio: float
    eager_ratio: float
    triad_percent: float
    triad_gb_per_s: float


def measure(size: int, threads: int, pool: ThreadPoolExecutor, count: int) -> Row:
    """Everything in turn, as many calls as fill a BATCH."""
    case = Case(size)
    ways = [case.ours(compiled=True), case.ours(compiled=False), case.theirs()]
    for way in ways:
        case.check(*way)
    runs = [repeated(step) for step, _ in ways]
    runs.append(repeated(triad(size, threads, pool)))
    times = turns(runs, count, rest=threads > 1)
    columns = [*zip(*times, strict=True)]
    micros = [1e6 * statistics.median(column) for column in columns[:3]]
    elements = sum(v.size for v in case.values)
    return Row(
        size,
        threads,
        *micros,
        program_ratio=statistics.median(t / p for p, _, t, _ in times),
        eager_ratio=statistics.median(t / e for _, e, t, _ in times),
        triad_percent=100 * BYTES * elements / (TRIAD_BYTES * size)
        * statistics.median(t / p for p, _, _, t in times),
        triad_gb_per_s=1e-9 * TRIAD_BYTES * size / statistics.median(columns[3]),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--sizes", type=int, nargs="*", default=[*SIZES])
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--json", type=Path, help="where to write all of it")
    options = parser.parse_args()
    rows = []
    print("parameters threads  program us  eager us  PyTorch us  ratios       of triad")
    with ThreadPoolExecutor(max(options.threads)) as pool:
        for threads in options.threads:
            ag.set_num_threads(threads)
            torch.set_num_threads(threads)
            for size in options.sizes:
                r = measure(size, threads, pool, options.turns)
                rows.append(r)
                print(
                    f"{size:10} {threads:7} {r.program:11.1f} {r.eager:9.1f} "
                    f"{r.torch:11.1f} {r.program_ratio:7.2f} {r.eager_ratio:5.2f} "
                    f"{r.triad_percent:5.0f} % of {r.triad_gb_per_s:.0f} GB/s",
                    flush=True,
                )
    if options.json:
        options.json.write_text(json.dumps([asdict(r) for r in rows], indent=1))


if __name__ == "__main__":
    main()
