"""What a forward moves beside making its output: buffers, and the dropout keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.nn import Module
from autograd_core.random import default_generator
from autograd_core.train.parallel.ranks import Ranks
from autograd_core.writes import overwrite, write

KEYS = np.uint64(1 << 40)  # between the dropout keys of one shard and of the next
NOTHING = np.iinfo(np.int64).min  # said by a rank without a shard


class Before:
    """Buffers and the generator before a step: each shard begins from there."""

    def __init__(self, model: Module) -> None:
        buffers = list(model.buffers())
        self.floats = [b for b in buffers if b.dtype.kind == "f"]
        self.counts = [b for b in buffers if b.dtype.kind in "iub"]
        self._kept = [(b._data, b._data.copy()) for b in self.floats + self.counts]
        self._generator = default_generator.get_state()

    def keep(self) -> None:
        """A step begins."""
        for now, kept in self._kept:
            np.copyto(kept, now)
        self._generator = default_generator.get_state()

    def put_back(self, shard: int) -> None:
        """As before, with the dropout keys of a shard."""
        for now, kept in self._kept:
            np.copyto(now, kept)
        np.copyto(default_generator.state, self._generator)
        default_generator.state[1] += KEYS * np.uint64(shard)

    def changes(self, shard: int) -> list[int]:
        """What a shard has done: which floats moved, all integers, keys drawn."""
        moved = [
            now.tobytes() != kept.tobytes()
            for now, kept in self._kept[: len(self.floats)]
        ]
        counts = [int(n) for b in self.counts for n in b._data.reshape(-1)]
        drawn = default_generator.state[1] - self._generator[1]
        return [*moved, *counts, int(drawn - KEYS * np.uint64(shard))]

    def move(self, arrays: Iterator[Array], changes: Sequence[int]) -> None:
        """The end of the step: means of the floats, and the rest as `changes` has it.

        A float that no shard has moved keeps its bits.
        """
        left = iter(changes)
        for buffer, array in zip(self.floats, arrays, strict=True):
            if next(left):
                write(buffer, array)
        for buffer in self.counts:
            numbers = [next(left) for _ in range(buffer.size)]
            write(buffer, np.array(numbers).reshape(buffer.shape))
        state = self._generator.copy()
        state[1] += np.uint64(next(left))
        overwrite(default_generator.state, state)


class Told:
    """Numbers that ranks tell about their shards: losses, and what is the largest.

    The latter are whether a parameter has a gradient, and `Before.changes`.
    """

    def __init__(self, shards: int, parameters: Sequence[Any], before: Before) -> None:
        self.losses = np.zeros(shards)
        self._parameters, self._before = parameters, before
        self._most: Array = np.full(len(self._seen(0)), NOTHING)

    def take(self, shard: int, loss: float) -> None:
        """A shard is done."""
        self.losses[shard] = loss
        self._most = np.maximum(self._most, self._seen(shard))

    def _seen(self, shard: int) -> list[int]:
        there = [p._grad is not None for p in self._parameters]
        return [*there, *self._before.changes(shard)]

    def exchange(self, ranks: Ranks) -> None:
        """Hear of all shards."""
        count = len(self.losses)
        mine = np.concatenate([self.losses.view(np.int64), self._most])
        every = ranks.gather(mine)
        self.losses = every[:, :count].copy().view(np.float64).sum(0)
        self._most = every[:, count:].max(0)

    @property
    def has_gradient(self) -> list[int]:
        """By parameter, of any shard."""
        return self._most[: len(self._parameters)].tolist()

    @property
    def changes(self) -> list[int]:
        """Of all shards, see `Before`."""
        return self._most[len(self._parameters) :].tolist()
