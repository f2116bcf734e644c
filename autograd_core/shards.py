"""A shard of a batch, and what an op in it asks of the others.

Data-parallel training computes a batch in shards. An op that is about the whole batch,
such as batch normalisation, finds its shard in `current` and gathers.
"""

from __future__ import annotations

from contextvars import ContextVar

from autograd_core.hooks import Array


class Shard:
    """One of the shards that compute side by side; by itself, the only one."""

    last = True  # of this process: it moves, once for all of them, what all share

    def gather(self, part: Array) -> Array:
        """The parts of all shards in their order, (shards, *part.shape).

        All shards must come here, with parts of one shape and dtype. Nobody may write
        to what is given or returned.
        """
        return part[None]


ALONE = Shard()
current: ContextVar[Shard | None] = ContextVar("shard", default=None)
