"""How calls of microseconds are timed: in turns, each the least of a few batches."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from typing import Any

from clock import LEAST, busy, repeated, seconds

BATCHES = 3  # in a turn, of which the least counts
SETTLE = 0.1  # seconds, at most


def micros(
    calls: Iterable[Callable[[], Any]], rounds: int, batch: float
) -> list[list[float]]:
    """Microseconds of each call, ``rounds`` times in turn; ``batch`` is in seconds."""
    gc.collect()
    gc.freeze()  # a turn's collections are of its own garbage
    runs = []
    for call in calls:
        run = repeated(call)
        run(5)  # the first of all are slow
        once = busy(run, 1, min(SETTLE, 20 * batch))
        runs.append((run, max(LEAST, int(batch / once))))
    turns = [
        [1e6 * min(seconds(*run, rest=False) for _ in range(BATCHES)) for run in runs]
        for _ in range(rounds)
    ]
    gc.unfreeze()
    return turns
