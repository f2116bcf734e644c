"""What a step sends to the other ranks and hears of them while it computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_core.hooks import Array
from autograd_core.train.parallel.packed import Bucket
from autograd_core.train.parallel.ranks import Ranks
from autograd_core.train.parallel.reduction import Reduction


class Exchange:
    """The exchanges of one step after the other, the same on all ranks.

    A step may be taken twice, as a Program is tried before it is trusted, or eagerly
    after it could not be compiled. `restart` begins it; what was sent before is then
    not sent again, but must have the same bits, and is answered as it was. So a rank
    may compile while another does not.
    """

    def __init__(self, ranks: Ranks, buckets: Sequence[Bucket]) -> None:
        self.ranks, self.buckets = ranks, buckets
        self.reduction = Reduction(ranks, buckets)
        # A recording knows functions by identity, and methods are made anew.
        self.restart: Callable[[], int] = self._restart
        self.gather: Callable[[Array], Array] = self._gather
        self.post: Callable[..., int] = self._post
        self._log: list[tuple[Array, Any]] = []
        self._place = 0
        self.shards = self.rows = 0
        self._open = False  # a step is under way
        ranks.settle = self._settle

    def begin(self, shards: int, rows: int) -> None:
        """A step begins whose batch has so many."""
        self.shards, self.rows = shards, rows
        self._log, self._place, self._open = [], 0, True
        self.reduction.begin(shards)

    def _restart(self) -> int:
        self._place = 0
        return 0

    def _gather(self, own: Array) -> Array:
        """(own shards, ...) -> (all shards, ...)."""
        sent = own.copy()  # a Program uses its memory again
        found: Array = self._once(
            sent, lambda: self.ranks.parts(sent, self.shards, self.rows)
        )
        return found

    def _post(self, number: int, *blocks: Array) -> int:
        """Begin to add up a bucket; ``blocks`` are the sums of the rank's own."""
        sent = self.reduction.packed(number, blocks)
        self._once(sent, lambda: self.reduction.post(number, sent))
        return 0

    def _once(self, sent: Array, do: Callable[[], Any]) -> Any:
        place, self._place = self._place, self._place + 1
        if place == len(self._log):
            try:
                found = do()
            except Exception as error:
                found = error
            self._log.append((sent, found))
        before, found = self._log[place]
        if before is not sent and before.tobytes() != sent.tobytes():
            raise RuntimeError(
                "a step that was taken again sends other numbers to the other ranks"
            )
        if isinstance(found, Exception):
            raise found
        return found

    def idle(self) -> None:
        """What a rank does that has no shard of a small batch."""
        self.reduction.post_rest()
        while self.ranks.parts(None, self.shards, self.rows).size:
            pass

    def finish(self) -> list[Array]:
        """The sums over all shards, by bucket."""
        found = self.reduction.finish()
        self._open = False
        return found

    def give_up(self) -> None:
        """After a failure: no rank waits for what this one has not sent."""
        if self._open:
            self.reduction.post_rest()

    def _settle(self) -> None:
        """When all ranks know of a failure: end what is on the way."""
        if self._open:
            self.give_up()
            self.finish()
