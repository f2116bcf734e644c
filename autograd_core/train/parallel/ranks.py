"""Ranks: the processes of a communicator, which agree before they exchange anything."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train.parallel.shards import bounds

LONG = 90  # characters of what differs
WELL, STOPS, INTERRUPTS, FAILED = range(4)
ANY = -1  # bytes: a rank that has nothing to tell gathers what the others do
NEEDS = "Get_rank Get_size Allgather Allgatherv Ialltoallv Iallgatherv allgather bcast"


class OtherRankError(RuntimeError):
    """Another process failed; the message says which, and its error."""


class Ranks:
    """The processes of an MPI communicator, or this one alone (``comm=None``).

    Every exchange begins with `meet`, in which all say whether they are well. One that
    fails says so there (`together` sees to it), so that all end with an exception and
    none waits for a rank that is gone.
    """

    def __init__(self, comm: Any = None) -> None:
        if comm is not None and not all(hasattr(comm, n) for n in NEEDS.split()):
            raise TypeError(
                "comm must be an MPI communicator, as MPI.COMM_WORLD of mpi4py (pip "
                f"install 'autograd-core[mpi]'), got {comm!r:.60}"
            )
        self.comm = comm
        self.rank: int = 0 if comm is None else comm.Get_rank()
        self.size: int = 1 if comm is None else comm.Get_size()
        self._together = False
        # Called on all ranks when one has failed, and all know it.
        self.settle: Callable[[], None] = lambda: None

    def __repr__(self) -> str:
        return f"<rank {self.rank} of {self.size}>"

    # Agreement -------------------------------------------------------------------

    def meet(self, state: int = WELL, rows: int = 0) -> int:
        """The worst state of all ranks; OtherRankError if that is `FAILED`.

        ValueError, on all of them, if they come with other numbers of rows.
        """
        if self.size == 1:
            return state
        return self._meet(state, rows, 0)[0]

    def _meet(self, state: int, rows: int, size: int) -> tuple[int, int]:
        """`meet`; also how many bytes they come to gather (`ANY`: as the others)."""
        states, counts, sizes = self._told(state, rows, size).T
        if FAILED in states:
            self._failed()
        if len(set(counts.tolist())) > 1:
            raise ValueError(
                "the ranks are not at the same batch: they have "
                f"{', '.join(map(str, counts))} rows in it (0: another call). All must "
                "make the same calls, with the whole batch each"
            )
        if len(set(sizes.tolist()) - {ANY}) > 1:
            raise ValueError(
                "the ranks are not at the same layer: they gather "
                f"{', '.join(map(str, sizes))} bytes (0: none). The model must do the "
                "same on all ranks"
            )
        return int(states.max()), int(sizes.max())

    def _told(self, *numbers: int) -> Array:
        every = np.empty((self.size, 3), np.int64)
        self.comm.Allgather(np.array(numbers, np.int64), every)
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
            self.settle()
            raise
        except Exception as error:
            self._report(error)
            self.settle()
            raise
        except BaseException as error:  # to leave at once: the others cannot be asked
            print(f"rank {self.rank}: {error!r}", file=sys.stderr, flush=True)
            self.comm.Abort(1)
            raise
        finally:
            self._together = False

    def _report(self, error: Exception) -> None:
        """Tell the others; they raise, and so does the caller."""
        self._told(FAILED, 0, 0)
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

    def parts(self, own: Array | None, shards: int, rows: int) -> Array:
        """Of all shards (shards, ...) what each rank has of its own, in their order.

        None from a rank without shards: it hears bytes, none if the others are done.
        """
        mine = np.empty(0, np.uint8) if own is None else own
        size = ANY if own is None else own[0].nbytes
        _, size = self._meet(WELL, rows, size)
        every = np.empty(shards * max(size, 0), np.uint8)
        if size <= 0:
            return every
        lengths = [(stop - start) * size for start, stop in bounds(shards, self.size)]
        sent = np.ascontiguousarray(mine).reshape(-1).view(np.uint8)
        self.comm.Allgatherv(sent, [every, lengths])
        if own is None:
            return every
        return every.view(own.dtype).reshape(shards, *own.shape[1:])


def _apart(a: str, b: str) -> tuple[str, str]:
    """Both texts, if long from where they begin to differ."""
    start = 0
    if max(len(a), len(b)) > LONG:
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))
        start = max(sum(1 for _ in alike) - LONG // 3, 0)
    parts = (text[start : start + LONG] for text in (a, b))
    first, second = (f"{'...' * (start > 0)}{' '.join(p.split())}" for p in parts)
    return first, second
