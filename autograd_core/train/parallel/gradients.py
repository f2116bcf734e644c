"""Parallel: the gradients of a batch, shard by shard, on any number of processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.nn import Module, check
from autograd_core.plural import count
from autograd_core.random import default_generator
from autograd_core.tensor import Tensor
from autograd_core.train.parallel.agreement import code_of, digest, kernels, model_of
from autograd_core.train.parallel.exchange import Exchange
from autograd_core.train.parallel.moved import Moving, Told
from autograd_core.train.parallel.packed import apart, buckets_of
from autograd_core.train.parallel.rank_step import RankStep
from autograd_core.train.parallel.ranks import Ranks
from autograd_core.train.parallel.shards import bounds, cut
from autograd_core.train.replay import WORTH, Replay

SHARDS = 8


class Parallel:
    """The gradients of a batch by ``shards``, the same bits on any number of ranks.

    A batch is cut into ``shards`` runs of rows (fewer where a shard would have less
    than 2), however many processes there are; each takes some. Gradients are added in
    the order of the shards, dropout masks follow from the number of the shard.
    ``comm``: an MPI communicator; with None this process takes all shards, and has the
    bits that any number of them has.

    BatchNorm normalises by the statistics of the whole batch, as PyTorch's
    SyncBatchNorm does: moments, and the sums of backward, are added in the order of the
    shards. Other buffers of floats move by the mean of what shards move them; those of
    integers become the largest that any shard made of them.

    The gradients of all shards of a process are one Program. On several, buckets of
    them are summed over the ranks while backward is at work on the layers before.

    Raises, on all ranks, ValueError for fewer shards than ranks and, saying which rank
    it is, for other code, another model, other weights or another seed on one of them.
    Afterwards an exception on one rank raises `OtherRankError` on the others.

    >>> import numpy as np
    >>> from autograd_core import nn, optim, train
    >>> model = nn.Linear(3, 1)
    >>> opt = optim.SGD(model.parameters(), lr=0.1)
    >>> parallel = train.Parallel(model, comm=None, shards=4)
    >>> loss = nn.MSELoss()
    >>> def objective(x, y):
    ...     return loss(model(x), y)
    >>> x = np.ones((32, 3), np.float32)
    >>> values = []
    >>> for _ in range(5):
    ...     values.append(parallel.backward(objective, x, x[:, :1]))
    ...     opt.step()
    >>> values[-1] < values[0]
    True
    """

    def __init__(self, model: Module, comm: Any = None, shards: int = SHARDS) -> None:
        self.ranks = comm if isinstance(comm, Ranks) else Ranks(comm)
        with self.ranks.together():
            self.shards = check.size("Parallel: shards", shards)
            if self.ranks.size > self.shards:
                raise ValueError(
                    f"Parallel: {self.ranks.size} ranks share "
                    f"{count(self.shards, 'shard')}, so some would have nothing to do: "
                    "start fewer, or cut batches into more shards"
                )
            self.model = model
            self.parameters = [p for p in model.parameters() if p.requires_grad]
            if not self.parameters:
                raise ValueError("Parallel: the model has no parameter to train")
            self.moving = Moving(model)
            # Backward comes to what stands last first.
            self.arrays = [t._data for t in (*self.moving.floats, *self.parameters)]
            self.buckets = buckets_of(self.arrays)
            self.exchange = Exchange(self.ranks, self.buckets)
            self._gradients: ShardGradients | None = None
            self.ranks.require_same(
                {
                    "kernels": kernels(),
                    **model_of(model),
                    "shards": self.shards,
                    "seed of dropout": default_generator.get_state().tolist(),
                },
                ". Every rank must make the same model: call ag.manual_seed with the "
                "same number on all of them first",
            )

    def __repr__(self) -> str:
        return f"Parallel({self.ranks!r}, {self.shards} shards)"

    @property
    def rank(self) -> int:
        """The number of this process; 0 prints and saves."""
        return self.ranks.rank

    def backward(
        self, function: Callable[..., Any], *arrays: Any, weights: Any = None
    ) -> float:
        """Leave the gradients of a batch's loss in the parameters; returns the loss.

        ``function(*rows)``, of Tensors, gives the loss, a mean over the rows of a
        shard, or a tuple that begins with it. ``arrays`` (rows, ...) are the whole
        batch, the same on all ranks; a rank takes what is its own. ``weights`` (rows,),
        if the mean is a weighted one, weigh the shards too. It is compiled, where it
        can be, once for each number of rows, as long as ``function`` is the same
        object.

        Raises ValueError for arrays of other lengths, FloatingPointError if the loss is
        not finite; then parameters and buffers are as they were.
        """
        with self.ranks.together():
            batch = [
                a._data if isinstance(a, Tensor) else np.asarray(a) for a in arrays
            ]
            rows = {len(a) if a.ndim else 0 for a in batch}
            if len(rows) != 1 or rows == {0}:
                shapes = ", ".join(str(a.shape) for a in batch)
                raise ValueError(f"backward: the arrays must have rows alike: {shapes}")
            count = rows.pop()
            runs = cut(count, self.shards)
            shares = shares_of(runs, None if weights is None else np.asarray(weights))
            if self._gradients is None or self._gradients.function is not function:
                first = {"arrays": batch}
                self.ranks.require_same(
                    {"function": code_of(function), "first batch": digest(first)}
                )
                self._gradients = ShardGradients(self, function, None, WORTH)
            self.ranks.meet(rows=count)
            loss, _ = self._gradients(
                lambda i: tuple(a[slice(*runs[i])] for a in batch), shares, count
            )
            if not np.isfinite(loss):
                raise FloatingPointError(f"backward: the loss is {loss}")
            return loss

    def close(self) -> None:
        """Give back what MPI keeps for it; all ranks must. It cannot be used after."""
        self.exchange.reduction.close()


class ShardGradients:
    """The gradients of a function, batch by batch, compiled where it can be."""

    def __init__(
        self,
        parallel: Parallel,
        function: Callable[..., Any],
        compiled: bool | None,
        steps: int,
    ) -> None:
        self.parallel, self.function = parallel, function
        self._options = compiled, steps
        self._replays: dict[int, Replay] = {}  # by the number of shards

    def __call__(
        self,
        rows_of: Callable[[int], tuple[Any, ...]],
        shares: Sequence[float],
        rows: int,
    ) -> tuple[float, list[Any]]:
        """(loss, what each own shard gave beside it), gradients and buffers in place.

        ``rows``: of the whole batch. If the loss is not finite, or an exception is
        raised, buffers and seeds are as they were.
        """
        moving, exchange = self.parallel.moving, self.parallel.exchange
        moving.keep()
        exchange.begin(len(shares), rows)
        try:
            return self._take(rows_of, shares, rows)
        except BaseException as error:
            moving.put_back()
            if isinstance(error, Exception):  # else all ranks are ended
                exchange.give_up()
            raise

    def _take(
        self,
        rows_of: Callable[[int], tuple[Any, ...]],
        shares: Sequence[float],
        rows: int,
    ) -> tuple[float, list[Any]]:
        parallel, ranks = self.parallel, self.parallel.ranks
        told = Told(len(shares), len(parallel.parameters), parallel.moving)
        own = range(*bounds(len(shares), ranks.size)[ranks.rank])
        given: list[Any] = []
        sums: list[Array] = []
        if own:
            given, sums = self._compute(rows_of, shares, own, told)
            ranks.meet(rows=rows)
        else:
            parallel.exchange.idle()  # until the others have met
        told.exchange(ranks)
        if len(shares) < ranks.size:
            parallel.moving.hear(ranks)
        if ranks.size > 1:
            sums = parallel.exchange.finish()
        loss = float(np.sum(told.losses * shares))
        self._give(sums, told, moves=bool(np.isfinite(loss)))
        return loss, given

    def _compute(
        self,
        rows_of: Callable[[int], tuple[Any, ...]],
        shares: Sequence[float],
        own: range,
        told: Told,
    ) -> tuple[list[Any], list[Array]]:
        """What the own shards give, and their sums if there is no other rank."""
        batch: list[Any] = []
        for i in own:
            share = np.array(shares[i], self.parallel.parameters[0].dtype)
            batch += [share, *rows_of(i)]
        replay = self._replay_of(len(shares), own)
        found, there, sums = replay(tuple(batch), self.parallel.moving.put_back)
        for i, (loss, ends, _) in zip(own, found, strict=True):
            told.take(i, loss.item(), there, ends)
        return [more for *_, more in found], [total._data for total in sums]

    def _give(self, sums: Sequence[Array], told: Told, *, moves: bool) -> None:
        """Gradients to the parameters, and to buffers what shards have made of them."""
        parallel, moving = self.parallel, self.parallel.moving
        arrays = apart(parallel.buckets, sums, parallel.arrays)
        floats, grads = arrays[: len(moving.floats)], arrays[len(moving.floats) :]
        for p, grad, there in zip(
            parallel.parameters, grads, told.has_gradient, strict=True
        ):
            p.set_grad(Tensor(grad) if there else None)
        if moves:
            moving.finish(floats, told.counts, told.keys)
        else:
            moving.put_back()

    def _replay_of(self, shards: int, own: range) -> Replay:
        replay = self._replays.get(shards)
        if replay is None:
            step = RankStep(self.parallel, self.function, own)
            replay = self._replays[shards] = Replay(step, *self._options)
        return replay


def shares_of(
    runs: Sequence[tuple[int, int]], weights: Array | None = None
) -> list[float]:
    """The part that each shard has in the mean over a batch's rows."""
    sizes = [float(stop - start) for start, stop in runs]
    if weights is not None and weights.sum() > 0:
        sizes = [float(weights[slice(*run)].sum(dtype=np.float64)) for run in runs]
    total = sum(sizes)
    return [size / total for size in sizes]
