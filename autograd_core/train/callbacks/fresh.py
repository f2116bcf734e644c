"""What one run changes in a callback is put back before the next."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import random
from collections import deque
from dataclasses import MISSING
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from autograd_core.train.callbacks.base import Callback

CONTAINERS = (list, deque, dict, set, bytearray, np.ndarray)
DRAWING = (np.random.Generator, np.random.RandomState, random.Random)
MEMORY = "_between_runs"  # the attribute of a callback that remembers


class BetweenRuns:
    """The attributes of a callback: before its last run, and at the end of that."""

    def __init__(self, callback: Callback) -> None:
        given = {*inspect.signature(type(callback).__init__).parameters}
        if dataclasses.is_dataclass(callback):  # what it has made is no argument
            own = dataclasses.fields(callback)
            given -= {f.name for f in own if f.default_factory is not MISSING}
        self.after = dict(vars(callback))
        memo: dict[int, Any] = {}
        self.before = {
            name: value if name in given else copied(value, memo)
            for name, value in self.after.items()
        }

    def put_back(self, callback: Callback) -> None:
        """Undo what the run changed, but for what somebody has changed since."""
        own = vars(callback)
        for name in {**self.before, **self.after}:
            now, then = (of.get(name, MISSING) for of in (own, self.after))
            if name in callback.keeps or not unchanged(now, then):
                continue
            if name in self.before:
                own[name] = self.before[name]
            else:
                own.pop(name, None)


def begin(callback: Callback) -> None:
    """Make a callback, before a run, what it was before its last one.

    Containers that a run may change in place are copied for that, unless they are
    arguments of ``__init__`` by name: those are the caller's.
    """
    if isinstance(callback.keeps, str):
        raise TypeError(
            f"{type(callback).__name__}: keeps must be a tuple of names, as "
            f"({callback.keeps!r},), got {callback.keeps!r}"
        )
    memory = vars(callback).pop(MEMORY, None)
    if memory is not None:
        memory.put_back(callback)
    vars(callback)[MEMORY] = BetweenRuns(callback)


def leave(callback: Callback) -> None:
    """The run is over: what is changed from now on is somebody else's doing."""
    own = dict(vars(callback))
    if (memory := own.pop(MEMORY, None)) is not None:
        memory.after = own


def copied(value: Any, memo: dict[int, Any]) -> Any:
    """A copy of containers, and of those in them; all else is the object itself.

    ``memo`` has the copies by the originals' ids: what was shared is shared again.
    """
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, DRAWING):
        return memo.setdefault(id(value), copy.deepcopy(value))
    if type(value) is tuple:
        return tuple(copied(item, memo) for item in value)
    if not isinstance(value, CONTAINERS) or isinstance(value, np.memmap):
        return value
    made: Any = copy.copy(value)
    memo[id(value)] = made
    if isinstance(made, dict | list | deque):
        for place in made if isinstance(made, dict) else range(len(made)):
            made[place] = copied(made[place], memo)
    return made


def unchanged(now: Any, then: Any) -> bool:
    """Whether it is the same object, or the same number or text."""
    plain = isinstance(now, bool | int | float | str) and type(now) is type(then)
    return now is then or (plain and now == then)
