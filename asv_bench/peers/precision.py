"""Options of ag.set_matmul_precision beside each other: time, and error.

    python asv_bench/peers/precision.py [--threads 1 2] [--sizes 256 1024] [--json FILE]

Times are the least of all turns, the options taking turns in one process; a ratio is
float32's time by the option's. Errors are norms of differences by the norm of the exact
product: against float64, and of "bfloat16" against float64 of the rounded operands
("rounded"). Both tables are those of docs/precision.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from clock import repeated, turns

import autograd_core as ag
from autograd_core import nn
from autograd_core.precision import OPTIONS

SIZES_OF_AXES = (256, 512, 1024)
MIXED = ((64, 512, 784), (128, 512, 784), (256, 2048, 2048))
NARROW = ((64, 64, 4096), (32, 2048, 64))  # whose errors are shown as well
KINDS = ("normal", "one sign", "scaled", "cancelling")
NETWORKS = {"M": (128, [784, 512, 256, 10]), "L": (256, [1024, 2048, 2048, 1000])}
TURNS = 9
SETTLE = 0.05  # seconds
Row = dict[str, Any]


def rounded(x: Any) -> Any:
    """To bfloat16, the nearest, even ones of two, in float64."""
    bits = np.ascontiguousarray(x).view(np.uint32).astype(np.uint64)
    bits = bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


def under(option: Any, call: Callable[[], Any]) -> Callable[[int], object]:
    """Calls with an option set."""
    run = repeated(call)

    def calls(count: int) -> None:
        with ag.set_matmul_precision(option):
            run(count)

    return calls


def times(call: Callable[[], Any], count: int) -> dict[str, float]:
    """Least seconds of a call under each option, interleaved."""
    runs = [under(option, call) for option in OPTIONS]
    found = turns(runs, count, ag.get_num_threads() > 1, SETTLE)
    return dict(zip(OPTIONS, map(min, zip(*found, strict=True)), strict=True))


def show(name: str, row: Row) -> None:
    ratios = (f"{row['float32'] / row[option]:10.2f}" for option in OPTIONS[1:])
    print(f"{name:22} {1e3 * row['float32']:10.3f} ms", *ratios, flush=True)


def products(sizes: list[int], mixed: bool, count: int) -> list[Row]:
    """Eager products, of untransposed and of transposed operands."""
    rows = []
    shapes = [(n, n, n) for n in sizes] + (list(MIXED) if mixed else [])
    rng = np.random.default_rng(0)
    for m, n, k in shapes:
        for ta, tb in ((0, 0), (0, 1), (1, 0)):
            a = rng.standard_normal((k, m) if ta else (m, k), np.float32)
            b = rng.standard_normal((n, k) if tb else (k, n), np.float32)
            left, right = (ag.tensor(v) for v in (a, b))
            left, right = left.T if ta else left, right.T if tb else right
            row: Row = times(lambda x=left, y=right: x @ y, count)  # type: ignore[misc]
            show(f"{m} {n} {k} {'AT' * ta}{'BT' * tb}", row)
            rows.append({"m": m, "n": n, "k": k, "ta": ta, "tb": tb, **row})
    return rows


def step(batch: int, widths: list[int]) -> Callable[[], Any]:
    """A compiled training step: Linear, BatchNorm, ReLU; cross-entropy; Adam."""
    layers: list[Any] = []
    for fan_in, fan_out in pairwise(widths[:-1]):
        linear = nn.Linear(fan_in, fan_out)
        layers += [linear, nn.BatchNorm1d(fan_out), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(*widths[-2:]))
    opt = ag.optim.Adam(model.parameters())
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, widths[0]), np.float32)
    y = rng.integers(0, widths[-1], batch)

    @ag.compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return lambda: run(x, y)


def operands(kind: str, m: int, n: int, k: int) -> tuple[Any, Any]:
    """Normal data; of one sign; over six powers of ten along k; or sums that cancel.

    Those are a thousandth of what is summed.
    """
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((m, k)), rng.standard_normal((k, n))
    if kind == "one sign":
        a, b = abs(a), abs(b)
    elif kind == "scaled":
        a *= 10.0 ** rng.uniform(-3, 3, k)
    elif kind == "cancelling":
        half = k // 2
        a[:, half:] = a[:, :half]
        b[half:] = b[:half] * (1e-3 * rng.standard_normal((half, n)) - 1)
    return a.astype(np.float32), b.astype(np.float32)


def errors_of(kind: str, m: int, n: int, k: int) -> dict[str, float]:
    """By option, and "rounded"."""
    a, b = operands(kind, m, n, k)
    exact, found = a.astype(float) @ b.astype(float), {}
    for option in OPTIONS:
        with ag.set_matmul_precision(option):
            out = (ag.tensor(a) @ ag.tensor(b)).numpy()
        found[option] = _apart(out, exact)
    return {**found, "rounded": _apart(out, rounded(a) @ rounded(b))}


def errors(shapes: list[tuple[int, int, int]]) -> list[Row]:
    """Of all options, over shapes and kinds of data, as a table in Markdown."""
    rows = []
    print("| m, n, k | data |", " | ".join([*OPTIONS, "rounded"]), "|")
    print("|---" * (len(OPTIONS) + 3) + "|")
    for m, n, k in shapes:
        for kind in KINDS:
            found = errors_of(kind, m, n, k)
            told = [f"{x:.1e}".replace("e-0", "e-") for x in found.values()]
            told = [x.removesuffix("e+00") for x in told]
            print(f"| {m}, {n}, {k} | {kind} |", " | ".join(told), "|")
            rows.append({"m": m, "n": n, "k": k, "kind": kind, **found})
    return rows


def _apart(out: Any, want: Any) -> float:
    return float(np.linalg.norm(out - want) / np.linalg.norm(want))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--sizes", type=int, nargs="*", default=[*SIZES_OF_AXES])
    parser.add_argument("--networks", nargs="*", default=[*NETWORKS])
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--json", type=Path, help="where to write all of it")
    options = parser.parse_args()
    mixed = max(options.sizes) > min(SIZES_OF_AXES)
    result: Row = {}
    for threads in options.threads:
        ag.set_num_threads(threads)
        print(f"\n{threads} threads: float32's time, and what it is of the others'")
        print(f"{'':33}", *(f"{option:>10}" for option in OPTIONS[1:]))
        rows = products(options.sizes, mixed, options.turns)
        for name in options.networks:
            row: Row = times(step(*NETWORKS[name]), options.turns)
            show(f"step {name}", row)
            rows.append({"batch": NETWORKS[name][0], **row})
        result[f"{threads} threads"] = rows
    print()
    squares = [(n, n, 2 * n) for n in options.sizes]
    result["errors"] = errors(squares + list(NARROW) * mixed)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
