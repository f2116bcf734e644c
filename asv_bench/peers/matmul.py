"""Products in float32 beside PyTorch's (MKL), interleaved in one process.

    python asv_bench/peers/matmul.py [--threads 1 2] [--sizes 64 512] [--json FILE]

Run it with a Python that has torch and this package, and nothing else on the machine.
Ours is timed as a Program launches it (rows of a native table) and as eager code calls
it; PyTorch's as ``torch.mm(a, b, out=out)``. A ratio is the median over pairs of their
time by ours: above 1, ours is faster. Results are checked against float64 first, those
under "bfloat16" against float64 of the rounded operands; PyTorch's stay float32 there,
as its own setting changes nothing on AVX512-BF16. The peak is that of FMAs which touch
nothing but registers, in the same turns and on as many threads. `clock` says how turns
are taken.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from clock import Run, turns
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from precision import rounded

import autograd_core as ag
from autograd_core.ops.matmul import _geometry
from autograd_core.precision import OPTIONS
from autograd_core.program.buffers import Buffers
from autograd_core.program.cost import split
from autograd_core.program.events import Launch
from autograd_core.threads import teams
from autograd_kernels.driver.replay import SIZES
from autograd_kernels.jit import kernel
from autograd_kernels.llvm.builder import Vectors, rolled
from autograd_kernels.llvm.memory import data
from autograd_kernels.llvm.target import BYTES
from autograd_kernels.matmul import BIAS, RELU
from autograd_kernels.matmul_bfloat16 import matmul_bfloat16
from autograd_kernels.native import exploded, kinds_of

SIZES_OF_AXES = (8, 32, 33, 64, 100, 128, 256, 257, 512, 784, 1000, 1024, 2048)
LARGE = 256  # squares from here on are compared with the peak
FEW = (1, 2, 4)  # rows, by the two largest of the sizes
BFLOAT16 = ((64, 256, 256), (128, 512, 784), (256, 256, 256), (1024, 1024, 1024))
LAYERS = ((32, 16, 4), (64, 128, 64), (128, 512, 784), (256, 1024, 1024))
SETTLE = 0.02  # seconds
TURNS = 9
LINKS = 20_000  # FMAs, one after the other
CHAINS = 12  # of FMAs that wait for nothing but themselves; all fit into registers


@dataclass(frozen=True)
class Shape:
    """out (m, n) = op(a) @ op(b); ``ta``, ``tb``: stored transposed."""

    m: int
    n: int
    k: int
    ta: int = 0
    tb: int = 0


def launches(
    kernel: Any, args: tuple[Any, ...], units: int, parts: int, grain: int
) -> Run:
    """A table of launches, replayed as a Program does it."""
    entry = kernel.address(kinds_of(args))
    words = np.array(exploded(args) + [0] * SIZES[-1], np.int64)
    row = [entry, words.ctypes.data, len(words) - SIZES[-1], units, parts, grain]
    row += [1, 0]

    def run(count: int) -> object:
        table = np.array([row] * count, np.int64)
        if parts == 1:  # the column says how many such rows follow each other
            table[:, 5] = range(count, 0, -1)
        table[:, 7] = range(count)  # each after the one before
        counts = np.zeros(2 * count, np.int64)
        teams.current.replay(table.ctypes.data, count, counts.ctypes.data, parts)
        return words, args  # which the table has only the addresses of

    return run


class Product:
    """Operands of one shape, and every way to multiply them."""

    def __init__(self, shape: Shape, mode: int = 0, option: Any = "float32") -> None:
        m, n, k = shape.m, shape.n, shape.k
        self.option = option
        rng = np.random.default_rng(0)
        self.shape, self.mode = shape, mode
        self.a = rng.standard_normal((k, m) if shape.ta else (m, k), np.float32)
        self.b = rng.standard_normal((n, k) if shape.tb else (k, n), np.float32)
        self.bias = rng.standard_normal(n if mode else 0, np.float32)
        self.theirs = torch.zeros((m, n))
        self.out = torch.zeros((m, n)).numpy()  # a Program's starts at a line as well

    def check(self) -> None:
        """Both within the rounding of a sum of k products, against float64."""
        a, b = (x.astype(np.float64) for x in self.views(self.a, self.b))
        scale = (abs(a) @ abs(b) + 1) * (self.shape.k + 2) * np.finfo(np.float32).eps
        self.native()(1)
        self.torch()(1)
        exact = rounded if self.kernel is matmul_bfloat16 else np.asarray
        for found, want in (
            (self.out, exact(a.astype(np.float32)) @ exact(b.astype(np.float32))),
            (self.theirs.numpy(), a @ b),
        ):
            want = np.maximum(want + self.bias, 0) if self.mode else want
            assert (abs(found - want) <= scale).all(), self.shape

    def views(self, a, b):
        return a.T if self.shape.ta else a, b.T if self.shape.tb else b

    def native(self) -> Run:
        """As a Program does it."""
        s, way = self.shape, OPTIONS.index(self.option)
        kernel, _, (units, size, mode), _ = _geometry(
            self.a.shape, self.b.shape, bool(s.ta), bool(s.tb), self.a.dtype, way
        )
        self.kernel = kernel
        scratch = np.empty((teams.current.size, size), np.float32)
        operands = self.a, self.b, self.bias, scratch, self.out
        args = (s.ta, s.tb, mode + self.mode, *operands)
        known = tuple(map(Buffers([]).argument, args))
        cuts = split(Launch(kernel, units, known), 1, teams.current.size)
        return launches(kernel, args, units, *cuts)

    def eager(self) -> Run:
        """What a user calls."""
        a, b = (ag.tensor(x) for x in (self.a, self.b))
        a, b = self.views(a, b)

        def run(count: int) -> None:
            with ag.no_grad(), ag.set_matmul_precision(self.option):
                for _ in range(count):
                    a @ b

        return run

    def torch(self) -> Run:
        """PyTorch's, into memory that is there."""
        a, b = self.views(torch.from_numpy(self.a), torch.from_numpy(self.b))
        bias, out = torch.from_numpy(self.bias), self.theirs

        def plain(count: int) -> None:
            for _ in range(count):
                torch.mm(a, b, out=out)

        def layer(count: int) -> None:
            for _ in range(count):
                torch.addmm(bias, a, b, out=out)
                torch.relu_(out)

        return layer if self.mode else plain


# The peak: FMAs that touch nothing but registers -------------------------------------


@intrinsic
def _fmas(typing, count, start):
    """CHAINS of ``count`` FMAs each; returns one number of them all."""

    def build(context, builder, signature, args):
        v = Vectors(context, builder, start.dtype)
        one = v.splat(builder.load(args[1]))

        def add(sums):
            return [v.fma(one, one, total) for total in sums]

        total, *others = rolled(builder, args[0], [one] * CHAINS, add)
        for other in others:
            total = builder.fadd(total, other)
        return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))

    return start.dtype(types.intp, start), build


@kernel
def chains(lo, hi, start, out):
    """Units: LINKS FMAs of each of CHAINS vectors."""
    for i in range(lo, hi):
        out[i] = _fmas(LINKS, data(start))


def peak() -> tuple[Run, float]:
    """FMAs, cut among the threads like a product, and how many GFLOP a call is."""
    threads = teams.current.size
    start, out = np.ones(1, np.float32), np.empty(threads, np.float32)
    flops = 2 * CHAINS * LINKS * threads * BYTES // out.itemsize
    return launches(chains, (start, out), threads, threads, 1), 1e-9 * flops


# One row ---------------------------------------------------------------------------


@dataclass
class Row:
    """One shape: ratios above 1 are in our favour."""

    shape: Shape
    threads: int
    native: float
    eager: float
    gflops: float
    theirs: float
    of_peak: float


def measure(product: Product, threads: int, count: int) -> Row:
    """All ways to compute a product, and the peak, interleaved."""
    product.check()
    fmas, flops = peak()
    runs = [product.native(), product.eager(), product.torch(), fmas]
    times = turns(runs, count, threads > 1, SETTLE)
    work = 2e-9 * product.shape.m * product.shape.n * product.shape.k
    native, _, theirs, _ = map(statistics.median, zip(*times, strict=True))
    return Row(
        product.shape,
        threads,
        native=statistics.median(t / n for n, _, t, _ in times),
        eager=statistics.median(t / e for _, e, t, _ in times),
        gflops=work / native,
        theirs=work / theirs,
        of_peak=statistics.median(work / n / (flops / f) for n, _, _, f in times),
    )


# The table --------------------------------------------------------------------------


def shapes(sizes: list[int], count: int) -> Iterator[Shape]:
    """All squares, then a fixed sample of mixed shapes, transposed ones among them."""
    for size in sizes:
        yield Shape(size, size, size)
    rng = np.random.default_rng(0)
    for _ in range(count):
        m, n, k = (int(x) for x in rng.choice(sizes, 3))
        yield Shape(m, n, k, *(int(x) for x in rng.integers(0, 2, 2)))


def show(row: Row) -> None:
    s = row.shape
    print(
        f"{s.m:5} {s.n:5} {s.k:5}  {s.ta} {s.tb} {row.threads:8} {row.native:7.2f} "
        f"{row.eager:7.2f} {row.gflops:8.1f} {row.theirs:8.1f} "
        f"{100 * row.of_peak:6.0f} %",
        flush=True,
    )


def mean(rows: list[Row]) -> dict[str, float]:
    """Geometric means, and the shapes that fall behind."""
    native, eager = [r.native for r in rows], [r.eager for r in rows]
    return {
        "native": statistics.geometric_mean(native),
        "eager": statistics.geometric_mean(eager),
        "least": min(native),
    }


def special(sizes: list[int]) -> dict[str, list[Product]]:
    """Products that have ways of their own, up to the largest size."""
    most = max(sizes)
    few = [Shape(m, n, n) for n in sorted(sizes)[-2:] for m in FEW]
    half = [Shape(*shape) for shape in BFLOAT16 if max(shape) <= most]
    layers = [Shape(*layer, 0, 1) for layer in LAYERS if max(layer) <= most]
    return {
        "few rows": [Product(shape) for shape in few],
        'under "bfloat16"': [Product(shape, option="bfloat16") for shape in half],
        "linear + bias + relu, beside PyTorch's addmm and relu": [
            Product(shape, BIAS | RELU) for shape in layers
        ],
    }


def report(options: argparse.Namespace, threads: int) -> dict[str, object]:
    """Prints the table of a number of threads; returns it as plain data."""
    ag.set_num_threads(threads)
    torch.set_num_threads(threads)
    print(f"\n{threads} threads")
    print("    m     n     k ta tb threads  native   eager  GFLOP/s  PyTorch  of peak")
    rows = []
    for shape in shapes(options.sizes, options.count):
        rows.append(measure(Product(shape), threads, options.turns))
        show(rows[-1])
    means = mean(rows)
    print(f"geometric mean {means['native']:.3f}, eager {means['eager']:.3f}; worst:")
    for row in sorted(rows, key=lambda row: row.native)[:8]:
        show(row)
    squares = [r for r in rows if r.shape.m == r.shape.n == r.shape.k >= LARGE]
    least = min((100 * r.of_peak for r in squares), default=None)
    if least is not None:
        print(f"squares from {LARGE}: at least {least:.0f} % of the peak")
    others: dict[str, list[Row]] = {}
    for name, products in special(options.sizes).items():
        print(f"{name}:")
        others[name] = []
        for product in products:
            others[name].append(measure(product, threads, options.turns))
            show(others[name][-1])
    return {
        "threads": threads,
        "of_peak_percent": least,
        **means,
        "rows": [asdict(row) for row in rows],
        **{name: [asdict(row) for row in rows] for name, rows in others.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--sizes", type=int, nargs="*", default=[*SIZES_OF_AXES])
    parser.add_argument("--count", type=int, default=80, help="mixed shapes")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--json", type=Path, help="where to write all of it")
    options = parser.parse_args()
    results = [report(options, threads) for threads in options.threads]
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
