"""Products, elementwise ops and Adam beside PyTorch on two cores: one table.

    python asv_bench/peers/two_cores.py [--threads 2] [--turns 9] [--json FILE]

A choice of what `matmul`, `elementwise` and `adam` measure at length, each beside
PyTorch's in turn, in one process: their time by ours, as a Program launches it, and as
eager code calls it. Above 1, ours is faster. ``--only`` takes beginnings of names.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, product
from pathlib import Path
from typing import Any

import adam
import elementwise
import matmul
import torch
from matmul import BIAS, RELU, Product, Shape

import autograd_core as ag

SQUARES = (64, 256, 512, 1024)
ROWS = (1, 2, 4)
WIDE = 1024  # columns of the matrix that few rows meet
HALF = (256, 1024)  # squares under "bfloat16"
OPS = ("exp", "gelu", "softmax of 100", "batch norm", "dropout")
ELEMENTS = (10_000, 1_000_000)
PARAMETERS = (100_000, 8_000_000)


Case = tuple[str, Callable[[], Any]]  # a name, and what measures it


def products(threads: int, count: int) -> Iterator[Case]:
    """Squares, a gradient, a layer, few rows, rounded operands."""
    cases = {f"{n}, {n}, {n}": (Shape(n, n, n),) for n in SQUARES}
    cases["784, 512, 128, a transposed"] = (Shape(784, 512, 128, 1, 0),)
    layer: tuple[Any, ...] = Shape(256, 1024, 1024, 0, 1), BIAS | RELU
    cases["256, 1024, 1024, bias, relu"] = layer
    cases |= {f"{m}, {WIDE}, {WIDE}": (Shape(m, WIDE, WIDE),) for m in ROWS}
    for n in HALF:
        cases[f"{n}, {n}, {n}, bfloat16"] = (Shape(n, n, n), 0, "bfloat16")
    for name, given in cases.items():

        def measure(given: tuple[Any, ...] = given) -> Any:
            found = matmul.measure(Product(*given), threads, count)
            return found.native, found.eager

        yield f"product {name}", measure


def others(threads: int, count: int, pool: ThreadPoolExecutor) -> Iterator[Case]:
    """Elementwise and row-wise ops, forward and backward; a step of Adam."""
    for kind, size in product(OPS, ELEMENTS):
        call = partial(elementwise.measure, kind, size, threads, count)
        yield f"{kind}, {size}", partial(ratios, call)
    for size in PARAMETERS:
        call = partial(adam.measure, size, threads, pool, count)
        yield f"Adam, {size}", partial(ratios, call)


def ratios(measure: Callable[[], Any]) -> tuple[float, float]:
    """Of a Program and of eager code."""
    found = measure()
    return found.program_ratio, found.eager_ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--only", nargs="*", default=[""], help="beginnings of names")
    parser.add_argument("--json", type=Path, help="where to write all of it")
    options = parser.parse_args()
    ag.set_num_threads(options.threads)
    torch.set_num_threads(options.threads)
    found = []
    print(f"PyTorch's time by ours, {options.threads} threads: Program, eager")
    with ThreadPoolExecutor(options.threads) as pool:
        given = options.threads, options.turns
        for name, measure in chain(products(*given), others(*given, pool)):
            if not name.startswith(tuple(options.only)):
                continue
            program, eager = measure()
            found.append({"name": name, "program": program, "eager": eager})
            print(f"{name:34} {program:7.2f} {eager:7.2f}", flush=True)
    mean = statistics.geometric_mean(row["program"] for row in found)
    print(f"{'geometric mean':34} {mean:7.2f}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
