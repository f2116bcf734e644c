"""What a launch costs, roughly, and into how many parts it is worth cutting."""

from __future__ import annotations

from autograd_core.program.events import Launch

BANDWIDTH = 20.0  # bytes a nanosecond, in cache, one thread
WORTH = 1_000.0  # nanoseconds that a part must take to be given away


def nanoseconds(launch: Launch) -> float:
    """Time in one thread, by bytes, and by operations where these take longer."""
    time = sum(a.nbytes for a in launch.arrays) / BANDWIDTH
    cost = launch.traits.cost
    return time if cost is None else time + cost(launch.args)


def split(launch: Launch, run: int, threads: int) -> tuple[int, int]:
    """(parts, units in each). The cuts never change a bit, only the time.

    ``run`` launches over the same elements, this one first, are shared as one.
    """
    units = launch.units
    most = min(threads, units, int(nanoseconds(launch) * run / WORTH))
    if most < 2:
        return 1, max(units, 1)
    step = launch.traits.step
    grain = -(-units // (most * step)) * step
    return -(-units // grain), grain
