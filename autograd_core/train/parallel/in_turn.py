"""Shards of one process, computed side by side: each until it waits for the others.

A shard that gathers stops in the middle of the user's model. So each runs in a thread
of its own, but only one at a time, in the order of the shards: Python code of a model
sees no other one, and what a recorder hears is one list of launches, which a Program
replays without any thread.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Sequence
from typing import Any

from autograd_core import shards
from autograd_core.hooks import Array, current

Exchange = Callable[[Sequence[Array]], Array]  # own parts -> those of all shards


class Left(BaseException):
    """Raised in a shard that waits for others when one of them has failed."""


class Only(shards.Shard):
    """The only shard of this process: it need not wait for its turn."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def gather(self, part: Array) -> Array:
        return self._exchange([part])


class Waiting(shards.Shard):
    """One of several: a task that stops where it gathers, and is resumed."""

    def __init__(self, task: Callable[[], Any], last: bool) -> None:
        self.last = last
        self.done = False
        self.part: Array | None = None  # that it waits with
        self.found: Array | None = None  # what it waited for
        self.result: Any = None
        self._task = task
        self._error: BaseException | None = None
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread: threading.Thread | None = None
        self._left = False

    def gather(self, part: Array) -> Array:
        self.part = part
        self._stopped.release()
        self._go.acquire()
        if self._left:
            raise Left
        assert self.found is not None
        return self.found

    def resume(self) -> None:
        """Run until it gathers or is done; its exception is raised here."""
        if self._thread is None:
            context, hears = contextvars.copy_context(), dict(vars(current))
            run = lambda: context.run(self._run, hears)  # noqa: E731
            self._thread = threading.Thread(target=run, daemon=True)
            self._thread.start()
        else:
            self._go.release()
        self._stopped.acquire()
        if self.done:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def leave(self) -> None:
        """End it where it waits."""
        if self._thread is not None and not self.done:
            self._left = True
            self._go.release()
            self._thread.join()

    def _run(self, hears: dict[str, Any]) -> None:
        vars(current).update(hears)  # a recorder hears this thread too
        shards.current.set(self)
        try:
            self.result = self._task()
        except Left:
            pass
        except BaseException as error:
            self._error = error
        finally:
            self.done = True
            self._stopped.release()


def in_turn(
    tasks: Sequence[Callable[[], Any]],
    exchange: Exchange,
    enter: Callable[[int], None],
    leave: Callable[[int], None],
) -> list[Any]:
    """The results of the tasks, which gather from each other by ``exchange``.

    ``enter(i)`` and ``leave(i)`` are called around each stretch of task i. Raises
    RuntimeError if the tasks do not gather equally often.
    """
    if len(tasks) == 1:
        enter(0)
        token = shards.current.set(Only(exchange))
        try:
            return [tasks[0]()]
        finally:
            shards.current.reset(token)
            leave(0)
    waiting = [Waiting(task, i == len(tasks) - 1) for i, task in enumerate(tasks)]
    try:
        while not all(shard.done for shard in waiting):
            for i, shard in enumerate(waiting):
                enter(i)
                shard.resume()
                leave(i)
            _exchange(waiting, exchange)
    finally:
        for shard in waiting:
            shard.leave()
    return [shard.result for shard in waiting]


def _exchange(waiting: Sequence[Waiting], exchange: Exchange) -> None:
    """Give all what they wait for, if they do."""
    parts = [shard.part for shard in waiting if not shard.done]
    if not parts:
        return
    kinds = {(p.shape, p.dtype) for p in parts if p is not None}
    if len(parts) != len(waiting) or len(kinds) != 1:
        raise RuntimeError(
            "the shards of a batch must go through the same layers: some normalise a "
            "batch where others do not"
        )
    found = exchange([part for part in parts if part is not None])
    for shard in waiting:
        shard.part, shard.found = None, found
