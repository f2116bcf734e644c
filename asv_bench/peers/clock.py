"""How ways to do the same work are timed in one process: in turn, again and again.

Threads that have just worked spin for a while: PyTorch's for some milliseconds, ours
for one. They would take a core from whoever is timed next, so with several threads a
turn starts with a rest in which they park. Then its own must come: a virtual machine
gives a core that slept back in its own time, up to 10 ms, and who waits for it (OpenMP)
must not pay less for that than who goes on alone (ours). So calls warm each turn up.
Before all turns each way runs for a while alone: a Program tries whether threads pay,
which others must not disturb.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

REST = 0.02  # seconds
WARM = 0.015  # seconds of calls
SETTLE = 0.2  # seconds
BATCH = 5e-3  # seconds of calls between two looks at the clock
LEAST = 3  # calls of a turn: the first finds in cache what others have left there
Run = Callable[[int], object]  # so many calls


def repeated(call: Callable[[], Any]) -> Run:
    """Calls from Python."""

    def run(count: int) -> None:
        for _ in range(count):
            call()

    return run


def busy(run: Run, count: int, span: float) -> float:
    """Calls that take at least ``span`` seconds together; of one call."""
    start, calls, spent = time.perf_counter(), 0, 0.0
    while spent < span:
        run(count)
        calls += count
        spent = time.perf_counter() - start
    return spent / calls


def seconds(run: Run, count: int, rest: bool) -> float:
    """Of one of ``count`` calls."""
    if rest:
        time.sleep(REST)
        busy(run, count, WARM)
    start = time.perf_counter()
    run(count)
    return (time.perf_counter() - start) / count


def turns(
    runs: list[Run], count: int, rest: bool, settle: float = SETTLE
) -> list[list[float]]:
    """Seconds of a call of each way, ``count`` times in turn; calls fill a BATCH."""
    both = []
    for run in runs:
        time.sleep(REST if rest else 0)
        run(5)  # the first of all are slow
        both.append((run, max(LEAST, int(BATCH / busy(run, 1, settle)))))
    return [[seconds(*one, rest) for one in both] for _ in range(count)]
