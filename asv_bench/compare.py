"""The training step of every library, side by side: a table, a picture, the numbers.

    python asv_bench/compare.py [--sizes XS,S,M,L] [--only NAMES] [--threads 2]

Each library trains the same network on the same data, in a process of its own. Before
it is timed, its losses without dropout are held against a float64 reference. Then all
take turns, round after round, and a ratio is the median over rounds of its time over
ours in the same round: machines are shared and noisy, and only that means anything.
What a first step costs is measured before (`footprint`).
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import math
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import footprint
import numpy as np
from networks import SIZES, Task, numpy_
from report import Results, machine, write
from turns import Worker, serve

ROOT = Path(__file__).resolve().parents[1]
P_DROP = 0.2
CHECKED, TOLERANCE = 5, 1e-5  # steps; error of their losses, as a part of the first
BATCH = 0.2  # seconds on the clock in a turn, roughly
WARM = 0.2  # of a turn's steps come before: caches hold the last one's data
PARK = 0.05  # seconds in which the last one's threads stop spinning
LESS_WORK = {"sklearn"}  # not the same network: nothing to check
MODULES = ("ours", "torch_", "jax_", "pytensor_", "traced", "numpy_", "sklearn_")


def variants() -> dict[str, tuple[str, str]]:
    """By name: the module that builds it, and what to call it in a table."""
    found = {}
    for module in MODULES:
        known = importlib.import_module(f"networks.{module}").VARIANTS
        found.update({name: (module, title) for name, title in known.items()})
    return found


# In a library's process ---------------------------------------------------------------


def check(build: Any, name: str, task: Task, expected: list[float]) -> float:
    """The largest error of the first losses; raises if it is too large.

    As a part of the first loss: five steps on one batch bring a large network's loss
    down to where float32 has no digits left.
    """
    step, losses = build(name, task), np.empty(0)
    while len(losses) < CHECKED:
        losses = np.append(losses, np.ravel(np.asarray(step())))
    error = float(np.abs(losses[:CHECKED] - expected).max() / expected[0])
    if not error <= TOLERANCE:
        raise ValueError(f"{name}: losses are off by {error:.1e}, a wrong answer")
    return error


def work(name: str, size: str, threads: int) -> None:
    """Answer a list of expected losses, then numbers of steps with microseconds."""
    build = importlib.import_module(f"networks.{variants()[name][0]}").build
    per_call, step = 1, None

    def answer(line: str) -> str:
        nonlocal per_call, step
        asked = json.loads(line)
        if isinstance(asked, int):
            count = asked
            for _ in range(math.ceil(WARM * count)):
                step()
            start = time.perf_counter()
            for _ in range(count):
                step()
            return str((time.perf_counter() - start) / count / per_call * 1e6)
        try:
            plain = Task.of(size, 0.0, threads)
            error = 0.0 if name in LESS_WORK else check(build, name, plain, asked)
            step = build(name, Task.of(size, P_DROP, threads))
            per_call = np.size(np.asarray(step()))
            for _ in range(5):
                step()
        except ImportError as missing:
            return json.dumps({"missing": str(missing)})
        except Exception as wrong:
            return json.dumps({"wrong": f"{type(wrong).__name__}: {wrong}"})
        return json.dumps({"error": error, "per_call": per_call})

    serve(answer)


# Turns --------------------------------------------------------------------------------


def start(name: str, size: str, threads: int) -> Worker:
    """A process for one library."""
    names = ("OMP", "OPENBLAS", "MKL", "NUMBA")
    env = {f"{n}_NUM_THREADS": str(threads) for n in names}
    path = [str(ROOT), str(ROOT / "kernels"), str(Path(__file__).parent)]
    env["PYTHONPATH"] = os.pathsep.join(path)
    return Worker(name, [__file__, "--serve", name, size, str(threads)], env)


def expected_losses(task: Task) -> list[float]:
    """Of the first steps without dropout, in float64."""
    reference = numpy_.build("numpy", task, np.float64)
    return [float(reference()) for _ in range(CHECKED)]


def measure(size: str, names: list[str], threads: int, rounds: int) -> Results:
    """All libraries at one size: they start and compile one beside the other."""
    results = Results(size, str(Task.of(size, P_DROP, threads)))
    started = {name: start(name, size, threads) for name in names}
    expected = json.dumps(expected_losses(Task.of(size, 0.0, threads)))
    for worker in started.values():
        worker.send(expected)
    per_call = {}
    for name, worker in started.items():
        said = json.loads(worker.answer())
        if "error" in said:
            per_call[name] = said["per_call"]
            results.errors[name] = said["error"]
        else:
            worker.close()
            results.left_out[name] = said.get("missing") or said["wrong"]
            results.wrong |= "wrong" in said
        print(f"{size}: {name}: {said}", flush=True)
    workers: dict[str, tuple[Worker, int]] = {}
    for name, calls in per_call.items():
        worker = started[name]
        once = min(float(worker.ask("1")) for _ in range(3)) * calls
        workers[name] = worker, max(1, round(BATCH * 1e6 / once))
    time.sleep(10 * PARK)  # all have just run: whoever finds out how many threads pay
    for i in range(rounds):
        turn = list(workers.items())
        for name, (worker, count) in turn[:: -1 if i % 2 else 1]:
            time.sleep(PARK)
            results.micros.setdefault(name, []).append(float(worker.ask(str(count))))
        print(f"{size}: round {i + 1} of {rounds}", flush=True)
    for worker, _ in workers.values():
        worker.close()
    for name in workers:
        print(
            f"  {name:14} {statistics.median(results.micros[name]):12.1f} us "
            f"{results.ratio(name):8.2f} x ours",
            flush=True,
        )
    return results


def main() -> int:
    """See the file's docstring; 1 if some library computed something else."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", default=",".join(SIZES), help="or batch:d0,...;...")
    parser.add_argument("--only", help="names, ours among them")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    parser.add_argument("--readme", action="store_true", help="renew its table")
    parser.add_argument("--no-footprint", action="store_true", help="steps only")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        work(*args.serve[:2], int(args.serve[2]))
        return 0
    known = variants()
    names = args.only.split(",") if args.only else list(known)
    if "ours" not in names or not set(names) <= set(known):
        parser.error(f"--only takes some of {', '.join(known)}, ours among them")
    sizes = args.sizes.split(";" if ":" in args.sizes else ",")
    before = {} if args.no_footprint else footprint.measure()
    found = [measure(size, names, args.threads, args.rounds) for size in sizes]
    about = machine(args.threads, args.rounds, datetime.date.today())
    about["footprint"] = before
    titles = {name: title for name, (_, title) in known.items() if name in names}
    write(args.out, found, titles, about, ROOT / "README.md" if args.readme else None)
    return int(any(results.wrong for results in found))


if __name__ == "__main__":
    sys.exit(main())
