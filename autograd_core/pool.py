"""Memory for large results, used again once nobody holds it.

What an eager step frees, the C library hands back to the system, which has to find and
clear the same pages for the next step: up to half the time of a step whose arrays take
some hundred kilobytes. Here a block stays until `MOST` bytes are held, whoever uses
them; then all are forgotten, and each goes when its array does.
"""

from __future__ import annotations

import mmap
from collections import deque
from sys import getrefcount
from typing import Any

import numpy as np

from autograd_core.hooks import Array

LEAST = 1 << 16  # bytes of an array that are worth it
LARGEST = 1 << 25  # beyond, what is done with the memory takes much longer
MOST = 1 << 28  # bytes held
TRIES = 8  # blocks that are looked at, those handed out longest ago
PRIVATE = (  # to a process: the default is shared with a forked child
    {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS}
    if hasattr(mmap, "MAP_ANONYMOUS")
    else {}
)


def _references() -> int:
    """References that this CPython counts for an object in one list alone."""
    held = [mmap.mmap(-1, 1, **PRIVATE)]
    return getrefcount(held[0])


# The list's and the argument's. No variable is counted: whoever looks at those of a
# frame (a debugger, a tracer) holds them once more. More was counted if somebody holds
# on to what he found: then it is still 2, and what he holds is not used again.
ALONE = min(2, _references())


class Pool:
    """Blocks by their size. An array's base is its block; its views hold it too."""

    def __init__(self) -> None:
        self.blocks: dict[int, deque[mmap.mmap]] = {}
        self.held = 0

    def empty(self, shape: int | tuple[int, ...], dtype: Any) -> Array:
        """`numpy.empty`."""
        return self.instead_of(np.empty(shape, dtype))

    def instead_of(self, out: Array) -> Array:
        """An array like ``out``, which nobody has written to, in memory that is there.

        What NumPy has reserved it takes back: nobody has touched its pages.
        """
        if not LEAST <= out.nbytes <= LARGEST:
            return out
        ring = self.blocks.get(out.nbytes)
        block = self._unused(ring) if ring else None
        if block is None:
            try:
                block = self._new(out.nbytes)
            except OSError:  # as many mappings as the system allows
                return out
        out = np.ndarray(out.shape, out.dtype, block)
        self.blocks.setdefault(out.nbytes, deque()).append(block)
        return out

    @staticmethod
    def _unused(ring: deque[mmap.mmap]) -> mmap.mmap | None:
        """A block that no array holds; off the ring, so no other thread finds it."""
        for _ in range(min(len(ring), TRIES)):
            try:
                held = [ring.popleft()]
            except IndexError:
                break
            if getrefcount(held[0]) <= ALONE:
                return held[0]
            ring.append(held[0])
        return None

    def _new(self, size: int) -> mmap.mmap:
        self.held += size
        if self.held > MOST:
            self.blocks.clear()
            self.held = size
        return mmap.mmap(-1, size, **PRIVATE)


pool = Pool()
