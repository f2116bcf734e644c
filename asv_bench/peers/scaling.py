"""How far a training step can gain from more threads: from its plan, and by the clock.

    python asv_bench/peers/scaling.py [--sizes S M L] [--threads 2 4 8 16 32 64]

A Program of each step is recorded and planned for each number of threads. Its table is
then walked by as many imaginary ones: each takes the next part that nobody has, as soon
as what that needs is done. A part takes its share of what the launch takes in one
thread, by the estimates that cuts are made by, or with ``--profile`` as measured here.
That bounds the speed-up. The second number also counts what it costs that threads meet,
`MEET` for each part: by it a machine of many cores can be foreseen on one of two. What
memory can give, which all cores share, is in neither. Where there are as many cores,
steps are timed too (``--seconds``).
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
from autograd_core.program.cost import MEET, nanoseconds
from autograd_core.program.events import Launch, name_of
from autograd_core.program.explain import shapes_of
from autograd_core.program.order import needed
from autograd_core.program.passes.tiles import runs
from autograd_core.program.pipeline import lower
from autograd_core.program.program import Program
from autograd_kernels.driver.replay import GRAIN, PARTS

P_DROP = 0.2
THREADS = (2, 4, 8, 16, 32, 64)


@dataclass
class Work:
    """A launch, or a run of several over the same elements, as threads share it."""

    name: str
    units: int
    cost: float  # nanoseconds in one thread
    parts: int
    grain: int  # units of a part
    needs: int  # of the works before it

    def spans(self) -> list[float]:
        """Nanoseconds of each part."""
        if self.parts == 1:
            return [self.cost]
        starts = range(0, self.units, self.grain)
        return [
            self.cost * min(self.grain, self.units - i) / self.units for i in starts
        ]


def planned(program: Program, times: Sequence[float], threads: int) -> list[Work]:
    """A Program as it is cut for so many threads; ``times``: nanoseconds by row."""
    plan = lower(program.recording, threads)
    groups, found, row = runs(plan.events), [], 0
    needs = needed(groups, plan.binder.start_of, plan.binder.threads)
    for group, need in zip(groups, needs, strict=True):
        first = group[0]
        parts, grain = (int(plan.bound.table[row, column]) for column in (PARTS, GRAIN))
        cost = sum(times[row : row + len(group)])
        units = first.units if isinstance(first, Launch) else 1
        name = f"{name_of(first)} {shapes_of(first)}"
        found.append(Work(name, units, cost, max(parts, 1), grain, need))
        row += len(group)
    return found


def walked(work: Sequence[Work], threads: int, meet: float) -> float:
    """Nanoseconds until all is done; what is in one part is the first thread's."""
    free, done = [0.0] * threads, [0.0]  # done[i]: the first i works
    for w in work:
        ready, end, shared = done[w.needs], 0.0, w.parts > 1
        for span in w.spans():
            who = free.index(min(free)) if shared else 0
            free[who] = max(free[who], ready) + span
            end = max(end, free[who])
        done.append(max(done[-1], end + meet * w.parts * shared))
    return done[-1]


@dataclass
class Bound:
    """What so many threads can gain at most."""

    threads: int
    units_each: float  # of launches that are shared, weighted by their time
    micros: float
    speedup: float
    with_meetings: float  # speed-up, too


def bound(work: Sequence[Work], threads: int) -> Bound:
    """From the cuts alone."""
    total = sum(w.cost for w in work)
    shared = [w for w in work if w.parts > 1]
    time = sum(w.cost for w in shared) or 1.0
    units = sum(w.cost * w.units for w in shared) / time / threads
    least, meeting = walked(work, threads, 0.0), walked(work, threads, MEET)
    return Bound(threads, units, least / 1e3, total / least, total / meeting)


def seconds(step: Any, batch: Any, threads: int, span: float) -> float:
    """Of a call, with so many threads."""
    ag.set_num_threads(threads)
    run = repeated(partial(step, *batch))
    busy(run, 5, span / 4)
    return min(busy(run, 5, span / 4) for _ in range(4))


def show(work: Sequence[Work], count: int) -> None:
    """The launches whose largest part takes longest."""
    for w in sorted(work, key=lambda w: -max(w.spans()))[:count]:
        print(
            f"    {max(w.spans()) / 1e3:9.1f} us of {w.cost / 1e3:9.1f}, "
            f"{w.parts:2} parts of {w.units:7} units  {w.name}"
        )


def report(size: str, options: argparse.Namespace) -> dict[str, Any]:
    """Prints the table of a step; returns it as plain data."""
    task = Task.of(size, P_DROP, 1)
    step, batch = ag.compile(ours.training_step(task)), task.data()
    for _ in range(8):
        step(*batch)
    program, cores = step.program, os.cpu_count() or 1
    events = program.bound.events
    times = [nanoseconds(e) if isinstance(e, Launch) else 0.0 for e in events]
    if options.profile:
        times = [1e3 * micros for micros in program.profile(20).micros]
    print(f"\n{size}: {len(events)} launches, {sum(times) / 1e3:.1f} us in one thread")
    print("threads  units each       us  speed-up at most  with meetings  measured")
    rows, alone = [], 0.0
    if options.seconds:
        timed = ag.compile(ours.training_step(task))
        alone = seconds(timed, batch, 1, options.seconds)
    for threads in options.threads:
        work, took = planned(program, times, threads), 0.0
        found = bound(work, threads)
        if options.seconds and threads <= cores:
            took = seconds(timed, batch, threads, options.seconds)
        rows.append({**asdict(found), "measured": alone / took if took else None})
        print(
            f"{threads:7} {found.units_each:11.1f} {found.micros:8.1f} "
            f"{found.speedup:17.2f} {found.with_meetings:14.2f}"
            + (f" {alone / took:9.2f}" if took else "")
        )
        show(work, options.launches)
    return {"size": size, "micros": sum(times) / 1e3, "rows": rows}


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
