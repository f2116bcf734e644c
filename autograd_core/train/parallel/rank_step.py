"""All that one rank computes of a step: the gradients of its shards, added up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from autograd_core.grad import gradients_told
from autograd_core.hooks import Array
from autograd_core.launch import copy_into, empty, host
from autograd_core.ops.elementwise import equal, mul, sub, where
from autograd_core.tensor import Tensor
from autograd_core.train.loss import as_tensor
from autograd_core.train.parallel.in_turn import in_turn
from autograd_core.train.parallel.moved import Places
from autograd_core.train.parallel.packed import Sums

if TYPE_CHECKING:
    from autograd_core.train.parallel.gradients import Parallel


class RankStep:
    """(share, *rows, share, *rows, ...) -> what the shards gave; see `__call__`.

    It can be compiled: of several ranks, what they send each other are host calls.
    """

    def __init__(
        self, parallel: Parallel, function: Callable[..., Any], own: range
    ) -> None:
        self.parallel, self.function, self.own = parallel, function, own
        self.follows = (parallel.model, function)
        self.updating = False  # never: that is what `Replay` asks

    def __call__(self, *batch: Any) -> tuple[Any, ...]:
        """By shard (loss, `Places.at_end`, the rest); who has gradients; their sums.

        ``batch``: share and rows of each own shard. The sums, by bucket, are of all
        shards where this is the only rank.
        """
        exchange, own = self.parallel.exchange, self.own
        alone = self.parallel.ranks.size == 1
        if not alone:
            host(exchange.restart)
        places = Places(self.parallel.moving, own)
        sums = Sums(self.parallel.buckets, own, self._ignore if alone else self._post)
        there: set[int] = set()
        width = len(batch) // len(own)
        tasks = [
            partial(self._shard, i, batch[n * width : (n + 1) * width], places, sums,
                    there)
            for n, i in enumerate(own)
        ]  # fmt: skip
        found = in_turn(tasks, self._gather, places.enter, places.leave)
        totals = [Tensor(tree.total()) for tree in sums.trees] if alone else []
        has = tuple(n in there for n in range(len(self.parallel.parameters)))
        return tuple(found), has, totals

    def _shard(
        self, i: int, batch: Sequence[Any], places: Places, sums: Sums, there: set[int]
    ) -> tuple[Any, ...]:
        share, *rows = batch
        parallel, moving = self.parallel, self.parallel.moving
        loss, *more = as_tuple(self.function(*map(as_tensor, rows)))
        first = len(moving.floats)
        numbers = {id(p): n for n, p in enumerate(parallel.parameters)}

        def final(leaf: Any, g: Array) -> None:
            number = numbers.get(id(leaf))
            if number is not None:
                there.add(number)
                sums.take(i, first + number, g)

        for leaf, g in gradients_told(loss * share, final).items():
            final(leaf, g)  # of those to which not all paths have led
        for n, buffer in enumerate(moving.floats):
            sums.take(i, n, _moved(buffer._data, places.before[n], share))
        sums.take_rest(i)
        return loss, places.at_end(), tuple(more)

    def _gather(self, parts: Sequence[Array]) -> Array:
        own = empty((len(parts), *parts[0].shape), parts[0].dtype)
        for part, place in zip(parts, own, strict=True):
            copy_into(part, place)
        if self.parallel.ranks.size == 1:
            return own
        return host(self.parallel.exchange.gather, own)

    def _post(self, number: int, blocks: Sequence[Array]) -> None:
        host(self.parallel.exchange.post, number, *blocks)

    def _ignore(self, number: int, blocks: Sequence[Array]) -> None:
        """One rank has no other to tell."""


def _moved(now: Array, before: Array, share: Any) -> Array:
    """A shard's part in how far a buffer moves; of infinity that stays, nothing."""
    part = share._data if isinstance(share, Tensor) else share
    moved: Array = mul(where(equal(now, before), 0.0, sub(now, before)), part)
    return moved


def as_tuple(found: Any) -> tuple[Any, ...]:
    """What a function gives, as a tuple that begins with its loss."""
    return found if isinstance(found, tuple) else (found,)
