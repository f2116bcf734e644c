"""Every sample of every op of the table: eager and as a Program, forward and backward.

One timing is a hundred calls in a loop: ``x100``. The cases come from the op table of
this checkout, so a new op is timed without a line here.
"""

from __future__ import annotations

from typing import Any

from .cases import Call, in_checkout
from .common import if_known, on_one_thread, warm

CASES = list(in_checkout())
GRADIENTS = [case for case, differentiable in in_checkout().items() if differentiable]
SIZES = ["own", "64k"]
CALLS = range(100)


class _PerCase:
    param_names = ("case", "size")
    repeat = (2, 5, 0.2)
    warmup_time = 0  # setup is

    def setup(self, case: str, size: str) -> None:
        if size == "own":
            on_one_thread()
        with if_known():
            self.run = self.prepare(Call(case, size))
            warm(self.run, 0.002)

    def prepare(self, call: Call) -> Any:
        raise NotImplementedError


class EagerForward(_PerCase):
    """Recorded for differentiation."""

    params = (CASES, SIZES)

    def prepare(self, call: Call) -> Any:
        return call.forward

    def time_x100(self, case: str, size: str) -> None:
        for _ in CALLS:
            self.run()


class EagerBackward(_PerCase):
    """The walk alone, over the graph of one forward."""

    params = (GRADIENTS, SIZES)

    def prepare(self, call: Call) -> Any:
        return call.backward

    def time_x100(self, case: str, size: str) -> None:
        for _ in CALLS:
            self.run()


class ProgramForward(_PerCase):
    """A Program of nothing but the op; its output is copied out."""

    params = (CASES, SIZES)

    def prepare(self, call: Call) -> Any:
        import autograd_core as ag

        return ag.compile(call.forward)

    def time_x100(self, case: str, size: str) -> None:
        for _ in CALLS:
            self.run()


class ProgramGradient(_PerCase):
    """A Program of forward and backward; the gradients stay at the leaves."""

    params = (GRADIENTS, SIZES)

    def prepare(self, call: Call) -> Any:
        import autograd_core as ag

        return ag.compile(call.gradient)

    def time_x100(self, case: str, size: str) -> None:
        for _ in CALLS:
            self.run()
