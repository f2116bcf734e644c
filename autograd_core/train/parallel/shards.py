"""Shards of a batch, and sums over them whose order is that of the shards alone.

The sum is a binary tree over the numbers of the shards: ((0 + 1) + (2 + 3)) + ... Any
run of shards that a rank holds is a few whole subtrees, its blocks. It adds within
these, and so sends one array for each instead of one for each shard; what comes out
does not depend on who has added what.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise

from autograd_core.hooks import Array
from autograd_core.launch import add_into

LEAST = 2  # rows of a shard: a loss, or a layer, may not be made for one


def bounds(rows: int, parts: int) -> list[tuple[int, int]]:
    """``rows`` cut into ``parts`` runs (start, stop); longer ones, by one, first."""
    size, more = divmod(rows, parts)
    ends = accumulate((size + (i < more) for i in range(parts)), initial=0)
    return list(pairwise(ends))


def cut(rows: int, shards: int) -> list[tuple[int, int]]:
    """The shards of a batch: so many, or fewer where that leaves less than 2 rows."""
    return bounds(rows, max(1, min(shards, rows // LEAST)))


def blocks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The subtrees (first shard, number of shards) that make up a run of shards."""
    while start < stop:
        size = start & -start or 1 << stop.bit_length()
        while size > stop - start:
            size >>= 1
        yield start, size
        start += size


class TreeSum:
    """Adds arrays of shards, or of blocks of them, given from left to right.

    ``blocks`` holds the sums of whole subtrees so far, each (start, size, array).
    """

    def __init__(self) -> None:
        self.blocks: list[tuple[int, int, Array]] = []

    def add(self, start: int, size: int, array: Array) -> None:
        """Take in a block; its array is kept, and may be written to."""
        while self.blocks:
            first, other, left = self.blocks[-1]
            if other != size or first % (2 * size):
                break
            self.blocks.pop()
            add_into(left, array)
            array = left
            start, size = first, 2 * size
        self.blocks.append((start, size, array))

    def total(self) -> Array:
        """The sum of all; the last blocks, which fill no subtree, are added first."""
        _, _, found = self.blocks.pop()
        while self.blocks:
            _, _, left = self.blocks.pop()
            add_into(left, found)
            found = left
        return found
