"""Ranks: the processes of a communicator, which agree before they exchange anything."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train.parallel.shards import TreeSum, blocks, bounds

LONG = 90  # characters of what differs
WELL, STOPS, INTERRUPTS, FAILED = range(4)


class OtherRankError(RuntimeError):
    """Another process failed; the message says which, and its error."""


class Ranks:
    """The processes of an MPI communicator, or this one alone (``comm=None``).

    Every exchange begins with `meet`, in which all say whether they are well. One that
    fails says so there (`together` sees to it), so that all end with an exception and
    none waits for a rank that is gone.
    """

    def __init__(self, comm: Any = None) -> None:
        needs = ("Get_rank", "Get_size", "Allgather", "Alltoallv", "allgather", "bcast")
        if comm is not None and not all(hasattr(comm, name) for name in needs):
            raise TypeError(
                "comm must be an MPI communicator, as MPI.COMM_WORLD of mpi4py (pip "
                f"install 'autograd-core[mpi]'), got {comm!r:.60}"
            )
        self.comm = comm
        self.rank: int = 0 if comm is None else comm.Get_rank()
        self.size: int = 1 if comm is None else comm.Get_size()
        self._together = False

    def __repr__(self) -> str:
        return f"<rank {self.rank} of {self.size}>"

    # Agreement -------------------------------------------------------------------

    def meet(self, state: int = WELL, rows: int = 0) -> int:
        """The worst state of all ranks; OtherRankError if that is `FAILED`.

        ValueError, on all of them, if they come with other numbers of rows.
        """
        if self.size == 1:
            return state
        states, counts = self._told(state, rows).T
        if FAILED in states:
            self._failed()
        if len(set(counts.tolist())) > 1:
            raise ValueError(
                "the ranks are not at the same batch: they have "
                f"{', '.join(map(str, counts))} rows in it (0: another call). All must "
                "make the same calls, with the whole batch each"
            )
        return int(states.max())

    def _told(self, state: int, rows: int) -> Array:
        every = np.empty((self.size, 2), np.int64)
        self.comm.Allgather(np.array([state, rows], np.int64), every)
        return every

    @contextmanager
    def together(self) -> Iterator[None]:
        """All ranks come to its end, or an exception leaves it on every one of them."""
        if self.size == 1 or self._together:
            yield
            return
        self._together = True
        try:
            yield
            self.meet()
        except OtherRankError:
            raise
        except Exception as error:
            self._report(error)
            raise
        except BaseException as error:  # to leave at once: the others cannot be asked
            print(f"rank {self.rank}: {error!r}", file=sys.stderr, flush=True)
            self.comm.Abort(1)
            raise
        finally:
            self._together = False

    def _report(self, error: Exception) -> None:
        """Tell the others; they raise, and so does the caller."""
        self._told(FAILED, 0)
        self.comm.allgather(f"{type(error).__name__}: {error}")

    def _failed(self) -> None:
        told = self.comm.allgather("")
        which = [f"rank {i} failed: {text}" for i, text in enumerate(told) if text]
        raise OtherRankError("; ".join(which))

    def require_same(self, what: Mapping[str, Any], hint: str = "") -> None:
        """ValueError, on all ranks, that says which differs from rank 0 and in what."""
        self.meet()
        every = [what] if self.size == 1 else self.comm.allgather(dict(what))
        found = []
        for rank, other in enumerate(every):
            names = [n for n in every[0] | other if other.get(n) != every[0].get(n)]
            found += [
                f"rank {rank} differs in {n}: it has {{}}, rank 0 {{}}".format(
                    *_apart(str(other.get(n)), str(every[0].get(n)))
                )
                for n in names
            ]
        if found:
            raise ValueError(f"{'; '.join(found)}{hint}")

    # Exchange --------------------------------------------------------------------

    def first(self, make: Callable[[], Any]) -> Any:
        """What rank 0 makes, on all of them."""
        made = make() if self.rank == 0 else None
        if self.size == 1:
            return made
        self.meet()
        return self.comm.bcast(made)

    def gather(self, numbers: Array) -> Array:
        """The same numbers of every rank, (ranks, ...)."""
        if self.size == 1:
            return numbers[None]
        every = np.empty((self.size, *numbers.shape), numbers.dtype)
        self.comm.Allgather(np.ascontiguousarray(numbers), every)
        return every

    def rows(self, own: Sequence[Array]) -> Array:
        """Rows of all ranks, one after the other."""
        mine = list(own) or None
        every = [mine] if self.size == 1 else self.comm.allgather(mine)
        return np.concatenate([part for parts in every if parts for part in parts])

    def sum(self, own: TreeSum, shards: int, size: int, dtype: Any) -> Array:
        """The sum over all shards of the arrays (size,) that ranks have in blocks.

        Each rank adds a slice of all of them, in the order of the tree, and then all
        get all slices: what an allreduce sends, in an order that MPI does not choose.
        """
        if self.size == 1:
            return own.total()
        held = [list(blocks(*run)) for run in bounds(shards, self.size)]
        cuts = bounds(size, self.size)
        lengths = [stop - start for start, stop in cuts]
        mine = lengths[self.rank]
        parts = [a[slice(*c)] for c in cuts for _, _, a in own.blocks]
        sent = np.concatenate(parts) if parts else np.empty(0, dtype)
        counts = [len(h) * mine for h in held]
        found = np.empty(sum(counts), dtype)
        self.comm.Alltoallv(
            [sent, [len(own.blocks) * n for n in lengths]], [found, counts]
        )
        tree = TreeSum()
        every = [block for of_rank in held for block in of_rank]
        for place, (start, count) in enumerate(every):
            tree.add(start, count, found[place * mine : (place + 1) * mine])
        whole = np.empty(size, dtype)
        self.comm.Allgatherv(tree.total(), [whole, lengths])
        return whole


def _apart(a: str, b: str) -> tuple[str, str]:
    """Both texts, if long from where they begin to differ."""
    start = 0
    if max(len(a), len(b)) > LONG:
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))
        start = max(sum(1 for _ in alike) - LONG // 3, 0)
    parts = (text[start : start + LONG] for text in (a, b))
    first, second = (f"{'...' * (start > 0)}{' '.join(p.split())}" for p in parts)
    return first, second
