"""How far a training step can gain from more threads: from its plan, and by the clock.

    python asv_bench/peers/scaling.py [--sizes S M L] [--threads 2 4 8 16 32 64]

Of each step a Program is recorded, and for each number of threads the table of its
launches is looked at as it would be cut: units, parts, and how long the largest part
takes, by the estimates that cuts are made by, or with ``--profile`` by what each launch
takes here in one thread. All launches one after another, each as long as its largest
part, are the chain; one thread's time divided by it bounds the speed-up. The second
number also counts what it costs that threads meet, `MEET` for each part: by it a
machine of many cores can be foreseen on one of two. Memory that all cores share is in
neither. Where there are as many cores, steps are timed too (``--seconds``).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from clock import busy, repeated
from networks import SIZES, Task, ours

import autograd_core as ag
from autograd_core.program.cost import nanoseconds, split
from autograd_core.program.events import Launch, name_of
from autograd_core.program.explain import shapes_of
from autograd_core.program.passes.tiles import runs
from autograd_core.program.program import Program

P_DROP = 0.2
THREADS = (2, 4, 8, 16, 32, 64)
MEET = 100.0  # nanoseconds, by which each part of a launch delays its end


@dataclass
class Work:
    """A launch, or a run of several over the same elements, as threads share it."""

    first: Launch
    run: int
    cost: float  # nanoseconds in one thread

    def longest(self, threads: int) -> tuple[float, int]:
        """Nanoseconds of its largest part, and the number of parts."""
        parts, grain = split(self.first, self.run, threads)
        share = 1.0 if parts == 1 else grain / self.first.units
        return self.cost * share, parts


def work_of(program: Program, measured: Sequence[float] | None) -> list[Work]:
    """A Program's launches in order; ``measured``: nanoseconds of each, or estimates."""
    rows = program.bound.events
    times = dict(zip(map(id, rows), measured, strict=True)) if measured else {}
    found = []
    for group in runs(program.events):
        first = group[0]
        if isinstance(first, Launch):
            launches = [e for e in group if isinstance(e, Launch)]
            cost = sum(times.get(id(e)) or nanoseconds(e) for e in launches)
            found.append(Work(first, len(group), cost))
    return found


@dataclass
class Bound:
    """What so many threads can gain at most."""

    threads: int
    units_per_thread: float  # of launches that are shared, weighted by their time
    chain: float  # microseconds
    speedup: float
    with_meetings: float  # speed-up, too


def bound(work: Sequence[Work], threads: int) -> Bound:
    """From the cuts alone."""
    total = sum(w.cost for w in work)
    parts = [w.longest(threads) for w in work]
    chain = sum(time for time, _ in parts)
    meetings = MEET * sum(count for _, count in parts if count > 1)
    shared = [w for w, (_, count) in zip(work, parts, strict=True) if count > 1]
    time = sum(w.cost for w in shared) or 1.0
    units = sum(w.cost * w.first.units for w in shared) / time / threads
    return Bound(
        threads, units, chain / 1e3, total / chain, total / (chain + meetings)
    )


def seconds(call: Any, threads: int, span: float) -> float:
    """Of a call, with so many threads."""
    ag.set_num_threads(threads)
    run = repeated(call)
    busy(run, 5, span / 4)
    return min(busy(run, 5, span / 4) for _ in range(4))


def show(work: Sequence[Work], threads: int, count: int) -> None:
    """The launches that the chain is made of, the longest first."""
    rows = [(*w.longest(threads), w) for w in work]
    for time, parts, w in sorted(rows, key=lambda row: -row[0])[:count]:
        print(
            f"    {time / 1e3:9.1f} us  {w.cost / 1e3:9.1f} in {parts:2} of "
            f"{w.first.units:7} units  {name_of(w.first)} {shapes_of(w.first)}"
        )


def report(size: str, options: argparse.Namespace) -> dict[str, Any]:
    """Prints the table of a step; returns it as plain data."""
    task = Task.of(size, P_DROP, 1)
    step, batch = ag.compile(ours.training_step(task)), task.data()
    call = partial(step, *batch)
    for _ in range(8):
        call()
    program = step.program
    micros = program.profile(20).micros if options.profile else None
    work = work_of(program, micros and [1e3 * m for m in micros])
    total, cores = sum(w.cost for w in work), os.cpu_count() or 1
    print(f"\n{size}: {len(work)} launches, {total / 1e3:.1f} us in one thread")
    print("threads  units each  chain us  speed-up at most  with meetings  measured")
    rows, alone = [], 0.0
    if options.seconds:
        alone = seconds(call, 1, options.seconds)
    for threads in options.threads:
        found, took = bound(work, threads), 0.0
        if options.seconds and threads <= cores:
            took = seconds(call, threads, options.seconds)
        rows.append({**asdict(found), "measured": alone / took if took else None})
        print(
            f"{threads:7} {found.units_per_thread:11.1f} {found.chain:9.1f} "
            f"{found.speedup:17.2f} {found.with_meetings:14.2f}"
            + (f" {alone / took:9.2f}" if took else "")
        )
        show(work, threads, options.launches)
    return {"size": size, "micros": total / 1e3, "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="*", default=[*SIZES])
    parser.add_argument("--threads", type=int, nargs="*", default=[*THREADS])
    parser.add_argument("--profile", action="store_true", help="costs measured here")
    parser.add_argument("--seconds", type=float, default=0.0, help="of timing each")
    parser.add_argument("--launches", type=int, default=0, help="longest ones shown")
    parser.add_argument("--json", type=Path, help="where to write all of it")
    options = parser.parse_args()
    results = [report(size, options) for size in options.sizes]
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
