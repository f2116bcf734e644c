"""Steps that are replayed as Programs where that pays and works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_core.program import compile
from autograd_core.program.compile import Compiled
from autograd_core.train.step import Step

# A Program costs as much as some 80 eager steps of a small network, and saves half.
WORTH = 100


class Replay:
    """Takes steps, compiled or not; the same bits either way.

    ``compiled``: True compiles and raises what compiling raises, False never does, None
    compiles a run of ``WORTH`` steps or more and goes on eagerly, and silently, from
    the first step that cannot be compiled.
    """

    def __init__(self, step: Step, compiled: bool | None, steps: int) -> None:
        self.step = step
        self.insists = compiled is True
        wanted = steps >= WORTH if compiled is None else compiled
        self.compiled: Compiled[..., Any] | None = None
        if wanted:
            self.compiled = compile(step, strict=True)

    def __call__(self, batch: tuple[Any, ...], put_back: Callable[[], None]) -> Any:
        """The step; ``put_back`` undoes what a forward that failed has changed."""
        self.step.prepare()
        if self.compiled is None:
            return self.step(*batch)
        try:
            return self.compiled(*batch)
        except Exception as error:
            # Bad data raises in both ways, and a step that came as far as the update
            # cannot be taken again.
            given = isinstance(error, FloatingPointError) or self.step.updating
            if self.insists or given:
                raise
        put_back()
        found = self.step(*batch)
        self.compiled = None
        return found
