"""What a forward moves beside making its output: buffers, and the dropout keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import constant, duplicate, launch
from autograd_core.nn import BatchNorm1d, Module
from autograd_core.random import default_generator
from autograd_core.tensor import Tensor
from autograd_core.train.parallel.ranks import Ranks
from autograd_core.writes import overwrite, write
from autograd_kernels.elementwise import add_inplace

KEYS = 1 << 40  # between the dropout keys of one shard and of the next
NOTHING = np.iinfo(np.int64).min  # said by a rank without a shard


class Moving:
    """The buffers of a model, and the generator: what each shard moves for itself.

    Not the statistics of BatchNorm, which all shards move together.
    """

    def __init__(self, model: Module) -> None:
        norms = [m for m in model.modules() if isinstance(m, BatchNorm1d)]
        norms = [m for m in norms if type(m).forward is BatchNorm1d.forward]
        self.together = [b for m in norms for b in m.buffers()]
        shared = set(map(id, self.together))
        own = [b for b in model.buffers() if id(b) not in shared]
        self.floats = [b for b in own if b.dtype.kind == "f"]
        self.counts = [b for b in own if b.dtype.kind in "iub"]
        self.size = sum(b.size for b in self.counts)
        every = *self.floats, *self.counts, *self.together
        self._kept = [(b._data, b._data.copy()) for b in every]
        self._kept.append((default_generator.state, default_generator.get_state()))

    def keep(self) -> None:
        """A step begins."""
        for now, kept in self._kept:
            np.copyto(kept, now)

    def put_back(self) -> None:
        """As before the step."""
        for now, kept in self._kept:
            np.copyto(now, kept)

    def hear(self, ranks: Ranks) -> None:
        """What the first rank has of what shards move together; some had no shard."""
        for buffer in self.together:
            write(buffer, ranks.comm.bcast(buffer._data))

    def finish(self, means: Sequence[Array], counts: Sequence[int], keys: int) -> None:
        """The end of a step: how far the floats move, the integers, the keys drawn."""
        for buffer, moved, (_, before) in zip(
            self.floats, means, self._kept, strict=False
        ):
            write(buffer, np.where(moved == 0, before, before + moved))
        left = iter(counts)
        for buffer in self.counts:
            numbers = [next(left) for _ in range(buffer.size)]
            write(buffer, np.array(numbers).reshape(buffer.shape))
        state = self._kept[-1][1].copy()
        state[1] += np.uint64(keys)
        overwrite(default_generator.state, state)


class Places:
    """Each of a rank's shards finds all that moves as it was, or as it left it.

    All of it is launches, so a Program that is recorded does it too.
    """

    def __init__(self, moving: Moving, own: range) -> None:
        self.moving, self.own = moving, own
        self.before = self._copies()
        self._left: list[Any] = [None] * len(own)

    def _copies(self) -> list[Array]:
        buffers = [b._data for b in (*self.moving.floats, *self.moving.counts)]
        return [duplicate(a) for a in (*buffers, default_generator.state)]

    def enter(self, number: int) -> None:
        """The turn of own shard ``number`` begins."""
        if len(self.own) == 1 or self._left[number] is None:
            self._put(self.before if number else [])
            keys = constant([KEYS * self.own[number]], np.int64)
            launch(add_inplace, 1, keys, default_generator.state.view(np.int64)[1:])
        else:
            self._put(self._left[number])

    def _put(self, values: Sequence[Array]) -> None:
        if not values:
            return
        for buffer, value in zip(
            (*self.moving.floats, *self.moving.counts), values[:-1], strict=True
        ):
            write(buffer, value)
        overwrite(default_generator.state, values[-1])

    def leave(self, number: int) -> None:
        """Its turn ends."""
        if len(self.own) > 1:
            self._left[number] = self._copies()

    def at_end(self) -> list[Tensor]:
        """Integers and the generator, as the shard whose turn it is leaves them."""
        counts = [duplicate(b._data) for b in self.moving.counts]
        return [Tensor(a) for a in (*counts, duplicate(default_generator.state))]


class Told:
    """Numbers that ranks tell about their shards: losses, and what is the largest.

    The latter are whether a parameter has a gradient, integer buffers, keys drawn.
    """

    def __init__(self, shards: int, parameters: int, moving: Moving) -> None:
        self.losses = np.zeros(shards)
        self.parameters = parameters
        self._most: Array = np.full(parameters + moving.size + 1, NOTHING)
        self._drawn = int(moving._kept[-1][1][1])

    def take(
        self, shard: int, loss: float, there: Sequence[bool], ends: Sequence[Tensor]
    ) -> None:
        """A shard is done; ``ends`` are of `Places.at_end`."""
        self.losses[shard] = loss
        counts = [int(n) for end in ends[:-1] for n in end._data.reshape(-1)]
        drawn = int(ends[-1]._data[1]) - KEYS * shard - self._drawn
        self._most = np.maximum(self._most, [*there, *counts, drawn])

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
        return self._most[: self.parameters].tolist()

    @property
    def counts(self) -> list[int]:
        """Of integer buffers."""
        return self._most[self.parameters : -1].tolist()

    @property
    def keys(self) -> int:
        """How many were drawn."""
        return int(self._most[-1])
