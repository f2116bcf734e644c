"""Parallel: the gradients of a batch, shard by shard, on any number of processes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.nn import Module, check
from autograd_core.random import default_generator
from autograd_core.tensor import Tensor
from autograd_core.train.parallel.agreement import code_of, digest, kernels, model_of
from autograd_core.train.parallel.moved import Before, Told
from autograd_core.train.parallel.packed import Packing
from autograd_core.train.parallel.ranks import Ranks
from autograd_core.train.parallel.shards import TreeSum, bounds, cut
from autograd_core.train.replay import WORTH, Replay

SHARDS = 8


class Parallel:
    """The gradients of a batch by ``shards``, the same bits on any number of ranks.

    A batch is cut into ``shards`` runs of rows (fewer where a shard would have less
    than 2), however many processes there are; each takes some. Gradients are added in
    the order of the shards, dropout masks follow from the number of the shard.
    ``comm``: an MPI communicator; with None this process takes all shards, and has the
    bits that any number of them has.

    BatchNorm normalises each shard by its own statistics ("ghost batches"; Hoffer,
    Hubara, Soudry, NeurIPS 2017, arXiv:1705.08741), as PyTorch's data parallelism does
    where layers are not converted; running statistics move to the means over the
    shards. So make shards of 16 rows or more. Buffers of integers become the largest
    that any shard made of them.

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
                    f"Parallel: {self.ranks.size} ranks share {self.shards} shards, so "
                    "some would have nothing to do: start fewer, or cut batches into "
                    "more shards"
                )
            self.model = model
            self.parameters = [p for p in model.parameters() if p.requires_grad]
            if not self.parameters:
                raise ValueError("Parallel: the model has no parameter to train")
            self.before = Before(model)
            arrays = [t._data for t in (*self.parameters, *self.before.floats)]
            self.packing = Packing(arrays)
            self._replay: Replay | None = None
            self._function: Any = None  # that it replays
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

        ``function(*rows)`` gives the loss, a mean over the rows of a shard, or a tuple
        that begins with it. ``arrays`` (rows, ...) are the whole batch, the same on all
        ranks; a rank takes what is its own. ``weights`` (rows,), if the mean is a
        weighted one, weigh the shards too. It is compiled, where it can be, once for
        each number of rows, as long as ``function`` is the same object.

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
            if self._replay is None or self._function is not function:
                first = {"arrays": batch}
                self.ranks.require_same(
                    {"function": code_of(function), "first batch": digest(first)}
                )
                self._replay = self.replay(function, None, WORTH)
                self._function = function
            loss, _ = self.shard_by_shard(
                self._replay,
                lambda i: tuple(a[slice(*runs[i])] for a in batch),
                shares,
                count,
            )
            if not np.isfinite(loss):
                raise FloatingPointError(f"backward: the loss is {loss}")
            return loss

    def replay(
        self, function: Callable[..., Any], compiled: bool | None, steps: int
    ) -> Replay:
        """Takes the gradients of a shard, compiled or not."""
        return Replay(ShardGradients(self.model, function), compiled, steps)

    def shard_by_shard(
        self,
        replay: Replay,
        rows_of: Callable[[int], tuple[Any, ...]],
        shares: Sequence[float],
        rows: int,
    ) -> tuple[float, list[Any]]:
        """(loss, what each own shard gave beside it), gradients and buffers in place.

        ``rows``: of the whole batch. If the loss is not finite, buffers and seeds are
        as they were.
        """
        before, ranks = self.before, self.ranks
        before.keep()
        sums = {dtype: TreeSum() for dtype in self.packing.sizes}
        told, given = Told(len(shares), self.parameters, before), []
        try:
            for i in range(*bounds(len(shares), ranks.size)[ranks.rank]):
                before.put_back(i)
                share = np.array(shares[i], self.parameters[0].dtype)
                put_back = functools.partial(before.put_back, i)
                loss, *more = as_tuple(replay((share, *rows_of(i)), put_back))
                told.take(i, loss.item())
                given.append(more)
                for dtype, flat in self._packed(shares[i]).items():
                    sums[dtype].add(i, 1, flat)
        finally:
            before.put_back(0)
        ranks.meet(rows=rows)
        told.exchange(ranks)
        loss = float(np.sum(told.losses * shares))
        whole = {
            dtype: ranks.sum(sums[dtype], len(shares), size, dtype)
            for dtype, size in self.packing.sizes.items()
        }
        arrays = iter(self.packing.apart(whole))
        for p, there in zip(self.parameters, told.has_gradient, strict=True):
            array = next(arrays)
            p.set_grad(Tensor(array) if there else None)
        if np.isfinite(loss):
            before.move(arrays, told.changes)
        return loss, given

    def _packed(self, share: float) -> dict[Any, Array]:
        """A shard's gradients, and its part in the mean of each buffer."""
        grads = [None if p._grad is None else p._grad._data for p in self.parameters]
        moved = [b._data * b.dtype.type(share) for b in self.before.floats]
        return self.packing.packed([*grads, *moved])


class ShardGradients:
    """(share, *rows) -> what ``function`` gives; its gradients, times the share."""

    def __init__(self, model: Module, function: Callable[..., Any]) -> None:
        self.model, self.function = model, function
        self.follows = (model, function)
        self.updating = False

    def __call__(self, share: Any, *rows: Any) -> Any:
        self.model.zero_grad()
        found = self.function(*rows)
        (as_tuple(found)[0] * share).backward()
        return found


def as_tuple(found: Any) -> tuple[Any, ...]:
    """What a function gives, as a tuple that begins with its loss."""
    return found if isinstance(found, tuple) else (found,)


def shares_of(
    runs: Sequence[tuple[int, int]], weights: Array | None = None
) -> list[float]:
    """The part that each shard has in the mean over a batch's rows."""
    sizes = [float(stop - start) for start, stop in runs]
    if weights is not None and weights.sum() > 0:
        sizes = [float(weights[slice(*run)].sum(dtype=np.float64)) for run in runs]
    total = sum(sizes)
    return [size / total for size in sizes]
