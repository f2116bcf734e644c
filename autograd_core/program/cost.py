"""What a launch costs, roughly, and into how many parts it is worth cutting."""

from __future__ import annotations

import math
from collections.abc import Iterable

from autograd_core.program.events import Event, Launch

BRIEF = 30_000.0  # nanoseconds, for which a replay may keep the GIL, in one thread
BANDWIDTH = 20.0  # bytes a nanosecond, in cache, one thread
WORTH = 1_000.0  # nanoseconds that a part must take to be given away
MEET = (
    100.0  # nanoseconds by which each part delays the end of all: a word changes hands
)


def nanoseconds(launch: Launch) -> float:
    """Time in one thread, by bytes, and by operations where these take longer."""
    time = sum(a.nbytes for a in launch.arrays) / BANDWIDTH
    cost = launch.traits.cost
    return time if cost is None else time + cost(launch.args)


def brief(events: Iterable[Event]) -> bool:
    """Whether all of them take less time than threads or the GIL are worth.

    It takes longer to wake a thread, and in one native code makes the whole call.
    """
    return sum(nanoseconds(e) for e in events if isinstance(e, Launch)) < BRIEF


def split(launch: Launch, run: int, threads: int) -> tuple[int, int]:
    """(parts, units in each). The cuts never change a bit, only the time.

    ``run`` launches over the same elements, this one first, are shared as one.
    """
    units, time = launch.units, nanoseconds(launch) * run
    # time / parts + MEET * parts is least at the root.
    most = min(threads, units, int(time / WORTH), int(math.sqrt(time / MEET)))
    if most < 2:
        return 1, max(units, 1)
    step = launch.traits.step
    grain = -(-units // (most * step)) * step
    return -(-units // grain), grain
