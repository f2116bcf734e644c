"""Gradients packed into buckets, each a flat array, as backward makes them.

The last layers come first, as they do in backward: a bucket can be on the way while the
layers before it are still at work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_core.hooks import Array
from autograd_core.launch import copy_into, empty, full
from autograd_core.train.parallel.shards import TreeSum

BYTES = 1 << 20  # of a bucket, from which on it is full


class Bucket:
    """Where arrays of one dtype lie in a flat one; ``entries`` are their numbers."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        self.size = 0
        self.entries: list[int] = []
        self.places: list[slice] = []

    def add(self, entry: int, size: int) -> None:
        """One array more."""
        self.entries.append(entry)
        self.places.append(slice(self.size, self.size + size))
        self.size += size

    def packed(self, arrays: Sequence[Array | None]) -> Array:
        """A new flat array; None is zeros."""
        flat = empty((self.size,), self.dtype)
        for array, place in zip(arrays, self.places, strict=True):
            if array is None:
                array = full((place.stop - place.start,), 0, self.dtype)
            copy_into(array.reshape(-1), flat[place])
        return flat


def buckets_of(like: Sequence[Array]) -> list[Bucket]:
    """Buckets for arrays like these, the last ones first."""
    made: list[Bucket] = []
    filling: dict[Any, Bucket] = {}
    for entry in reversed(range(len(like))):
        array = like[entry]
        bucket = filling.get(array.dtype)
        if bucket is None:
            bucket = filling[array.dtype] = Bucket(array.dtype)
            made.append(bucket)
        bucket.add(entry, array.size)
        if bucket.size * array.itemsize >= BYTES:
            del filling[array.dtype]
    return made


def apart(
    buckets: Sequence[Bucket], flats: Sequence[Array], like: Sequence[Array]
) -> list[Array]:
    """The arrays again: parts of the flat ones."""
    found = list(like)
    for bucket, flat in zip(buckets, flats, strict=True):
        for entry, place in zip(bucket.entries, bucket.places, strict=True):
            found[entry] = flat[place].reshape(like[entry].shape)
    return found


class Sums:
    """Adds up a rank's own shards, bucket by bucket, as their arrays come.

    ``full(number, blocks)`` hears of a bucket when all shards are in it, in the order
    of the buckets.
    """

    def __init__(
        self,
        buckets: Sequence[Bucket],
        own: range,
        full: Callable[[int, list[Array]], None],
    ) -> None:
        self.buckets, self.own, self._full = buckets, own, full
        self.trees = [TreeSum() for _ in buckets]
        self._of = {e: n for n, b in enumerate(buckets) for e in b.entries}
        self._came: list[dict[int, dict[int, Array | None]]] = [{} for _ in buckets]
        self._added = [0] * len(buckets)  # shards
        self._told = 0  # buckets

    def take(self, shard: int, entry: int, array: Array | None) -> None:
        """An array of a shard; one that came before stays."""
        number = self._of[entry]
        came = self._came[number].setdefault(shard, {})
        came.setdefault(entry, array)
        if len(came) == len(self.buckets[number].entries):
            self._add(number)

    def take_rest(self, shard: int) -> None:
        """No more arrays of a shard will come: the others are zeros."""
        for bucket in self.buckets:
            for entry in bucket.entries:
                self.take(shard, entry, None)

    def _add(self, number: int) -> None:
        """Add the next shards that are complete, in their order."""
        bucket, came = self.buckets[number], self._came[number]
        while self._added[number] < len(self.own):
            shard = self.own[self._added[number]]
            arrays = came.get(shard, {})
            if len(arrays) < len(bucket.entries):
                return
            flat = bucket.packed([arrays[e] for e in bucket.entries])
            self.trees[number].add(shard, 1, flat)
            came[shard] = dict.fromkeys(bucket.entries)  # let go of the arrays
            self._added[number] += 1
        self._tell()

    def _tell(self) -> None:
        while self._told < len(self.buckets):
            if self._added[self._told] < len(self.own):
                return
            number, self._told = self._told, self._told + 1
            self._full(number, [array for _, _, array in self.trees[number].blocks])
