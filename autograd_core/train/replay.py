"""Steps that are replayed as Programs where that pays and works."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from autograd_core.hooks import Array
from autograd_core.program import compile
from autograd_core.program.compile import Compiled
from autograd_core.train.data import Batches

# A Program costs as much as some 80 eager steps of a small network, and saves half.
WORTH = 100


class Taken(NamedTuple):
    """Steps: rows of each, losses, outputs and targets if wanted, costs if any."""

    rows: int
    losses: list[float]
    outputs: tuple[Array, Array] | None
    costs: list[float]


class Replayed(Protocol):
    """What can be replayed; ``updating`` once it has begun to change parameters."""

    updating: bool

    def __call__(self, *batch: Any) -> Any: ...


class Replay:
    """Takes steps, compiled or not; the same bits either way.

    ``compiled``: True compiles and raises what compiling raises, False never does, None
    compiles a run of ``WORTH`` steps or more and goes on eagerly, and silently, from
    the first step that cannot be compiled.
    """

    def __init__(self, step: Replayed, compiled: bool | None, steps: int) -> None:
        self.step = step
        self.insists = compiled is True
        self.wanted = steps >= WORTH if compiled is None else compiled
        self.failed = False  # a step could not be compiled
        # By rows: going from one Program to another of the same function takes longer.
        self.compiled: dict[int, Compiled[..., Any]] = {}

    def __call__(self, batch: tuple[Any, ...], put_back: Callable[[], None]) -> Any:
        """The step; ``put_back`` undoes what a forward that failed has changed."""
        self.step.updating = False
        if not self.wanted:
            return self.step(*batch)
        rows = len(batch[1])
        compiled = self.compiled.get(rows)
        if compiled is None:
            compiled = self.compiled[rows] = compile(self.step, strict=True)
        try:
            return compiled(*batch)
        except Exception as error:
            # Bad data raises in both ways, and a step that came as far as the update
            # cannot be taken again.
            given = isinstance(error, FloatingPointError) or self.step.updating
            if given and not self.insists and isinstance(error, RuntimeError):
                error.add_note("fit(..., compiled=False) takes every step eagerly.")
            loss = getattr(self.step, "loss", None)  # shards have none of their own
            code = getattr(loss, "__code__", None)
            if self.insists and code and type(error) is RuntimeError:
                place = f"{os.path.basename(code.co_filename)}:{code.co_firstlineno}"
                raise RuntimeError(f"{error} (The loss is at {place}.)") from error
            if self.insists or given:
                raise
        put_back()
        found = self.step(*batch)
        self.wanted, self.failed = False, True
        return found

    def expect(self, steps: int) -> None:
        """Compile from now on, if so many steps are worth it and it works."""
        self.wanted = self.wanted or (steps >= WORTH and not self.failed)

    def at_once(self, columns: list[Array], order: Array) -> tuple[int, Any] | None:
        """Steps on rows of ``order``, see `Compiled.replays`."""
        compiled = self.compiled.get(order.shape[1]) if self.wanted else None
        return None if compiled is None else compiled.replays(columns, order)


class Steps:
    """Takes the steps of a run, by their number."""

    def __init__(self, replay: Replay, batches: Batches, outputs: bool) -> None:
        self.replay, self.batches, self.outputs = replay, batches, outputs

    def __call__(self, number: int, put_back: Callable[[], None]) -> Taken:
        """The step of this number; ``put_back`` as in `Replay`."""
        batch = self.batches.at(number)
        loss, output, *cost = self.replay(batch, put_back)
        outputs = (output._data, batch[1]) if self.outputs else None
        return Taken(len(batch[1]), [loss.item()], outputs, [c.item() for c in cost])

    def at_once(self, number: int) -> Taken | None:
        """Steps from this number on, of one epoch, in one native call.

        None if there is none for this step; so it is for one that will raise.
        """
        run = self.batches.run_of(number) if self.replay.wanted else None
        if run is None:
            return None
        columns, order = run
        found = self.replay.at_once(columns, order)
        if found is None:
            return None
        steps, (losses, output, *costs) = found
        outputs = None
        if self.outputs:
            given = output._data
            rows = order[:steps].reshape(-1)
            outputs = given.reshape(-1, *given.shape[2:]), columns[1][rows]
        return Taken(
            order.shape[1],
            losses._data.tolist(),
            outputs,
            [value for cost in costs for value in cost._data.tolist()],
        )
