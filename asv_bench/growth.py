"""Does cost grow as the work does? Step time against batch and width, as a picture.

    python asv_bench/growth.py [--threads N] [--out docs/growth]

Prints a table and writes it as JSON with the picture beside it. The dashed line is what
the arithmetic of the largest step would take at its rate in smaller ones.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "kernels")]

BATCHES = [8, 16, 32, 64, 128, 256, 512, 1024, 2048]
WIDTHS = [8, 16, 32, 64, 128, 256, 512, 1024, 2048]
FIXED_BATCH, FIXED_WIDTH, CLASSES = 128, 256, 10
ROUNDS, SECONDS = 9, 0.05


def flops(batch: int, width: int) -> int:
    """Floating-point operations of the products of a step, forward and backward."""
    dims = width, width, width, CLASSES
    products = [n * m for n, m in pairwise(dims)]
    return 2 * batch * (3 * sum(products) - products[0])  # the data has no gradient


def micros(batch: int, width: int, compiled: bool, count: int) -> float:
    """Microseconds of a training step: the median of some rounds."""
    from networks import Task, ours

    dims = ",".join(map(str, (width, width, width, CLASSES)))
    import autograd_core as ag

    task = Task.of(f"{batch}:{dims}", 0.2, ag.get_num_threads())
    step = ours.build("ours" if compiled else "ours-eager", task)
    for _ in range(20):
        step()
    start = time.perf_counter()
    step()
    calls = max(1, round(SECONDS / (time.perf_counter() - start)))
    rounds = []
    for _ in range(count):
        start = time.perf_counter()
        for _ in range(calls):
            step()
        rounds.append((time.perf_counter() - start) / calls * 1e6)
    return statistics.median(rounds)


def sweep(most: int, count: int) -> list[dict[str, Any]]:
    """All points, printed as they come."""
    points = [("batch", batch, FIXED_WIDTH) for batch in BATCHES if batch <= most]
    points += [("width", FIXED_BATCH, width) for width in WIDTHS if width <= most]
    rows = []
    head = "batch", "width", "GFLOP", "us", "GFLOP/s", "eager us"
    print("{:>6} {:>6} {:>8} {:>11} {:>8} {:>11}".format(*head))
    for axis, batch, width in points:
        work = flops(batch, width)
        replayed, eager = (micros(batch, width, c, count) for c in (True, False))
        print(
            f"{batch:6} {width:6} {work / 1e9:8.4f} {replayed:11.1f} "
            f"{work / replayed / 1e3:8.1f} {eager:11.1f}",
            flush=True,
        )
        rows.append(
            {
                "axis": axis,
                "batch": batch,
                "width": width,
                "flops": work,
                "us": replayed,
                "eager_us": eager,
            }
        )
    return rows


def picture(rows: list[dict[str, Any]], path: Path) -> None:
    """Time against batch, and against width, both axes logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    fixed = {"batch": f"width {FIXED_WIDTH}", "width": f"batch {FIXED_BATCH}"}
    for axis, name in zip(axes, ("batch", "width"), strict=True):
        some = [row for row in rows if row["axis"] == name]
        x, last = [row[name] for row in some], some[-1]
        ideal = [row["flops"] * last["us"] / last["flops"] for row in some]
        axis.loglog(x, [row["eager_us"] for row in some], "o-", label="eager")
        axis.loglog(x, [row["us"] for row in some], "o-", label="compiled")
        axis.loglog(x, ideal, "k--", linewidth=0.8, label="arithmetic alone")
        axis.set_xlabel(f"{name} ({fixed[name]})")
        axis.set_ylabel("training step, µs")
        axis.grid(alpha=0.3)
        axis.legend(frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    """See the file's docstring."""
    import autograd_core as ag

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=ag.get_num_threads())
    parser.add_argument("--most", type=int, default=BATCHES[-1], help="of an axis")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "growth")
    args = parser.parse_args()
    ag.set_num_threads(args.threads)
    rows = sweep(args.most, args.rounds)
    args.out.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    picture(rows, args.out.with_suffix(".png"))
    print(f"written: {args.out}.json, .png")


if __name__ == "__main__":
    main()
