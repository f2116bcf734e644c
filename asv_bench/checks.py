"""What a compiled function pays for being checked, as a share of its calls.

    python asv_bench/checks.py [--sizes XS,S,M,L] [--rounds N]

A replay and a check (the function recorded and held against its Program) are timed in
turns. The share is that of the checks which the default makes in so many calls. Then
how long it takes to record long functions.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "kernels"), str(ROOT / "asv_bench")]


def checked_calls(calls: int) -> int:
    """How many of the first ``calls`` record again: 2, 32, 512, ... and the cap."""
    from autograd_core.program.compile import CHECK_EVERY
    from autograd_core.program.program import FACTOR, FIRST

    at, distance, count = 2, FIRST, 0
    while at <= calls:
        at, count = at + distance, count + 1
        distance = min(distance * FACTOR, CHECK_EVERY)
    return count


def seconds(function: Callable[[], Any], calls: int) -> float:
    """Of one call."""
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls


def price(size: str, rounds: int) -> tuple[float, float]:
    """Seconds of a replay and of a check: medians of turns."""
    from benchmarks.common import SIZES, training_step

    import autograd_core as ag

    step, x, y = training_step(*SIZES[size])
    replayed, checked = ag.compile(step), ag.compile(step, check_every=1)
    for _ in range(8):
        replayed(x, y), checked(x, y)
    calls = {"XS": 400, "S": 100, "M": 10, "L": 1}[size]
    turns: list[tuple[float, float]] = []
    for _ in range(rounds):
        replay = seconds(lambda: replayed(x, y), calls)
        turns.append((replay, seconds(lambda: checked(x, y), max(calls // 10, 1))))
    replays, checks = zip(*turns, strict=True)
    return statistics.median(replays), statistics.median(checks)


def recorded(launches: int) -> tuple[int, float, float]:
    """Launches of a long function, and the seconds of its first two calls."""
    import autograd_core as ag

    w = ag.tensor(np.eye(8, dtype=np.float32), requires_grad=True)

    def unrolled(x: Any) -> Any:
        w.grad = None
        h = x
        for _ in range(launches // 6):
            h = np.tanh(h @ w)
        loss = (h * h).mean()
        loss.backward()
        return loss

    fast, x = ag.compile(unrolled), np.ones((4, 8), np.float32)
    first = seconds(lambda: fast(x), 1)
    second = seconds(lambda: fast(x), 1)
    return len(fast.program.recording.events), first, second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="XS,S,M,L")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--launches", type=int, nargs="*", default=[600, 11_000, 50_000]
    )
    given = parser.parse_args()
    print("size    replay us     check us    of 10,000 calls   of 100,000")
    for size in given.sizes.split(","):
        replay, check = price(size, given.rounds)
        shares = [
            f"{100 * checked_calls(n) * check / (n * replay):.2f} %"
            for n in (10_000, 100_000)
        ]
        print(
            f"{size:4} {replay * 1e6:12,.1f} {check * 1e6:12,.1f}"
            f" {shares[0]:>18} {shares[1]:>12}"
        )
    print("\nlaunches    first call s    second call s, with its Program and trial")
    for launches in given.launches:
        count, first, second = recorded(launches)
        print(f"{count:8,} {first:15.2f} {second:16.2f}")


if __name__ == "__main__":
    main()
