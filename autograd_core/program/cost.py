"""What a launch costs, roughly, and into how many parts it is worth cutting."""

from __future__ import annotations

from autograd_core.program.record import Launch
from autograd_core.program.tiles import OVER_ELEMENTS
from autograd_core.team import ELEMENTS
from autograd_kernels.dropout import dropout
from autograd_kernels.fused import relu_dropout
from autograd_kernels.matmul import matmul

BANDWIDTH = 20.0  # bytes a nanosecond, in cache, one thread
FLOPS = 100.0  # a nanosecond, float32, one thread
DRAW = 0.4  # nanoseconds for a random word
DRAWING = frozenset({dropout, relu_dropout})
WORTH = 1_000.0  # nanoseconds that a part must take to be given away


def nanoseconds(launch: Launch) -> float:
    """Time in one thread, by bytes, and by operations where these take longer."""
    time = sum(a.nbytes for a in launch.arrays) / BANDWIDTH
    if launch.kernel is matmul:
        ta, _, _, a, *_, out = launch.args
        k = a.shape[-2] if ta else a.shape[-1]
        time += 2.0 * out.size * k * (out.itemsize / 4) / FLOPS
    elif launch.kernel in DRAWING:
        time += DRAW * launch.args[-1].size
    return time


def split(launch: Launch, run: int, threads: int) -> tuple[int, int]:
    """(parts, units in each). The cuts never change a bit, only the time.

    ``run`` launches over the same elements, this one first, are shared as one.
    """
    units = launch.units
    most = min(threads, units, int(nanoseconds(launch) * run / WORTH))
    if most < 2:
        return 1, max(units, 1)
    step = ELEMENTS if launch.file in {*OVER_ELEMENTS, "losses"} else 1
    grain = -(-units // (most * step)) * step
    return -(-units // grain), grain
