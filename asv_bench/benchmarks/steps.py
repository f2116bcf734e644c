"""Whole training steps: Linear + BatchNorm + ReLU + Dropout, cross-entropy, Adam.

Eager, and as a Program replayed natively. How the time grows with batch and width is
on the x-axis of the graphs of `Batch` and `Width`.
"""

from __future__ import annotations

from typing import Any

from .common import SIZES, if_known, ready_step

MODES = ["eager", "Program"]


class Step:
    """A hundred steps in one timing."""

    params = (["XS", "S", "M"], MODES)
    param_names = ("size", "mode")
    repeat = (3, 5, 1.0)
    warmup_time = 0  # setup is
    timeout = 300

    def setup(self, size: str, mode: str) -> None:
        with if_known():
            self.step = ready_step(mode, *SIZES[size])

    def time_100_steps(self, size: str, mode: str) -> None:
        for _ in range(100):
            self.step()


class LargeStep:
    """One step of 7 million parameters."""

    params = (MODES,)
    param_names = ("mode",)
    repeat = (5, 9, 3.0)
    warmup_time = 0
    timeout = 300

    def setup(self, mode: str) -> None:
        with if_known():
            self.step = ready_step(mode, *SIZES["L"])

    def time_step(self, mode: str) -> None:
        self.step()


class Memory:
    """Peak of the process over ten steps, and what a Program plans for one."""

    params = (list(SIZES), MODES)
    param_names = ("size", "mode")
    timeout = 300

    def setup(self, size: str, mode: str) -> None:
        with if_known():
            self.step = ready_step(mode, *SIZES[size])

    def peakmem_10_steps(self, size: str, mode: str) -> None:
        for _ in range(10):
            self.step()


class Arena:
    """Bytes of temporaries: all that eager allocates in a step, a Program's arena."""

    params = (list(SIZES), MODES)
    param_names = ("size", "mode")
    unit = "bytes"
    timeout = 300

    def setup(self, size: str, mode: str) -> None:
        import autograd_core as ag

        from .common import training_step

        with if_known():
            step, x, y = training_step(*SIZES[size])
            run = ag.compile(step)
            for _ in range(3):
                run(x, y)
            plan = run.program.plan
            both = {"eager": plan.eager_bytes, "Program": plan.peak_bytes}
            self.bytes = both[mode]

    def track_temporaries(self, size: str, mode: str) -> int:
        return self.bytes


class _Growth:
    repeat = (3, 5, 1.0)
    warmup_time = 0
    timeout = 300
    step: Any

    def time_10_steps(self, n: int, mode: str) -> None:
        for _ in range(10):
            self.step()


class Batch(_Growth):
    """Rows, at a width of 256."""

    params = ([2, 16, 128, 1024], MODES)
    param_names = ("batch", "mode")

    def setup(self, batch: int, mode: str) -> None:
        with if_known():
            self.step = ready_step(mode, batch, [64, 256, 256, 10])


class Width(_Growth):
    """Units of both hidden layers, at a batch of 64."""

    params = ([16, 64, 256, 1024], MODES)
    param_names = ("width", "mode")

    def setup(self, width: int, mode: str) -> None:
        with if_known():
            self.step = ready_step(mode, 64, [64, width, width, 10])
