"""The steps of `fit` over several processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.tensor import Tensor
from autograd_core.train.data import Batches
from autograd_core.train.parallel.gradients import Parallel, ShardGradients, shares_of
from autograd_core.train.parallel.shards import cut
from autograd_core.train.replay import Taken
from autograd_core.train.step import Step


class ShardedSteps:
    """Takes steps as `Replay` does: the gradients of all shards, then one update.

    The gradients are compiled, if they can be; the update, of which all ranks do the
    same, is a few launches.
    """

    def __init__(
        self,
        parallel: Parallel,
        step: Step,
        batches: Batches,
        compiled: bool | None,
        steps: int,
        outputs: bool,
    ) -> None:
        self.parallel, self.step, self.batches = parallel, step, batches
        self.outputs = outputs  # wanted of all ranks, for metrics
        batches.reuse = False  # the rows of all shards are there at once
        self._gradients = ShardGradients(parallel, step.forward, compiled, steps)

    def __call__(self, number: int, put_back: Callable[[], None]) -> Taken:
        """The step of this number."""
        rows = self.batches.rows_at(number)
        runs = cut(len(rows), self.parallel.shards)
        weight = self.batches.sample_weight
        shares = shares_of(runs, None if weight is None else weight[rows])
        targets: list[Any] = []

        def shard(i: int) -> tuple[Any, ...]:
            made = self.batches.part(number, i, slice(*runs[i]))
            targets.append(made[1])
            return made

        loss, given = self._gradients(shard, shares, len(rows))
        outputs = None
        if self.outputs:
            ranks = self.parallel.ranks
            outputs = ranks.rows([o._data for (o,) in given]), ranks.rows(targets)
        dtype = self.parallel.parameters[0].dtype
        cost = self.step.descend(Tensor(np.array(loss, dtype)))
        return Taken(len(rows), [loss], outputs, [c.item() for c in cost])

    def at_once(self, number: int) -> Taken | None:
        """None: ranks meet in every step."""
        return None
