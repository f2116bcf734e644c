"""The sum of gradients over all ranks, beside the computation that makes them.

Each rank adds up a slice of a bucket in the order of the tree, and then all get all
slices: what an allreduce sends, in an order that MPI does not choose. Both exchanges
are non-blocking, on communicators of their own, where all ranks begin them in the order
of the buckets. Whenever another bucket is posted, those on the way are moved on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import empty
from autograd_core.train.parallel.packed import Bucket
from autograd_core.train.parallel.ranks import Ranks
from autograd_core.train.parallel.shards import TreeSum, blocks, bounds


class Reduction:
    """The sums of all buckets of a step."""

    def __init__(self, ranks: Ranks, buckets: Sequence[Bucket]) -> None:
        self.ranks, self.buckets = ranks, buckets
        self.cuts = [bounds(bucket.size, ranks.size) for bucket in buckets]
        self.lengths = [[stop - start for start, stop in cut] for cut in self.cuts]
        self.whole: list[Array] = []  # sums, of this step
        self._held: list[list[tuple[int, int]]] = []  # blocks of shards, by rank
        self._scatters: list[tuple[Any, Array, Array]] = []  # request, sent, found
        self._gathers: list[Any] = []
        self._comms: tuple[Any, Any] | None = None

    def begin(self, shards: int) -> None:
        """A step of so many shards."""
        self._held = [list(blocks(*run)) for run in bounds(shards, self.ranks.size)]
        self._scatters, self._gathers = [], []
        if self.ranks.size > 1:  # somebody may hold gradients of the last step
            self.whole = [empty((b.size,), b.dtype) for b in self.buckets]
        if self._comms is None and self.ranks.size > 1:
            self._comms = self.ranks.comm.Dup(), self.ranks.comm.Dup()

    def close(self) -> None:
        """Give the communicators back; all ranks must."""
        for comm in self._comms or ():
            comm.Free()
        self._comms = None

    def packed(self, number: int, own: Sequence[Array]) -> Array:
        """What a rank sends of a bucket: each rank's slice of all its blocks."""
        if not own:
            return np.empty(0, self.buckets[number].dtype)
        return np.concatenate([a[slice(*c)] for c in self.cuts[number] for a in own])

    def post(self, number: int, sent: Array) -> None:
        """Begin to add up a bucket, which is the next one."""
        assert number == len(self._scatters)
        assert self._comms is not None
        rank, lengths = self.ranks.rank, self.lengths[number]
        own = len(self._held[rank])
        counts = [len(held) * lengths[rank] for held in self._held]
        found = np.empty(sum(counts), sent.dtype)
        request = self._comms[0].Ialltoallv(
            [sent, [own * n for n in lengths]], [found, counts]
        )
        self._scatters.append((request, sent, found))
        self._move_on()

    def post_rest(self) -> None:
        """Begin what has not begun, with zeros."""
        if self.ranks.size == 1:
            return
        own = len(self._held[self.ranks.rank])
        for number in range(len(self._scatters), len(self.buckets)):
            bucket = self.buckets[number]
            self.post(number, np.zeros(own * bucket.size, bucket.dtype))

    def finish(self) -> list[Array]:
        """Wait for all; the sums."""
        while len(self._gathers) < len(self._scatters):
            self._scatters[len(self._gathers)][0].Wait()
            self._share()
        for request in self._gathers:
            request.Wait()
        return self.whole

    def _move_on(self) -> None:
        """Share the slices that have come, in the order of the buckets."""
        while len(self._gathers) < len(self._scatters):
            if not self._scatters[len(self._gathers)][0].Test():
                return
            self._share()

    def _share(self) -> None:
        """Add up this rank's slice of the next bucket, and begin to give it to all."""
        assert self._comms is not None
        number = len(self._gathers)
        found, lengths = self._scatters[number][2], self.lengths[number]
        mine, tree = lengths[self.ranks.rank], TreeSum()
        every = [block for held in self._held for block in held]
        for place, (start, count) in enumerate(every):
            tree.add(start, count, found[place * mine : (place + 1) * mine])
        self._gathers.append(
            self._comms[1].Iallgatherv(tree.total(), [self.whole[number], lengths])
        )
