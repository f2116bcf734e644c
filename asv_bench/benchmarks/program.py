"""Programs: what a launch, recording and binding cost.

``python -m benchmarks.program`` in asv_bench prints the numbers without asv.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from .common import SIZES, data, if_known, on_one_thread, training_step, warm


def empty_launches(count: int = 1000) -> Any:
    """A table of launches of a kernel that does nothing."""
    from autograd_core.program.bind import Binder, bind
    from autograd_core.program.buffers import Buffers
    from autograd_core.program.events import Launch
    from autograd_kernels.jit import kernel

    @kernel
    def nothing(lo, hi, x, out):
        pass

    x = Buffers([]).ref(np.ones(8, np.float32))
    launches = [Launch(nothing, 8, (x, x)) for _ in range(count)]
    return bind(Binder(0, 1), [[launch] for launch in launches])


class EmptyLaunch:
    """A thousand launches of an empty kernel in one replay: ms here are us each."""

    warmup_time = 0
    repeat = 9

    def setup(self) -> None:
        on_one_thread()
        with if_known():
            from autograd_kernels.driver import replay

            self.replay, self.bound = replay.replay, empty_launches()
            self.start, self.count = self.bound.start, len(self.bound.table)
            warm(self.time_x1000)

    def time_x1000(self) -> None:
        self.replay(self.start, 0, self.count)


class EmptyProgram:
    """A call of a Program that has next to nothing to do: what Python adds."""

    params = (["no argument", "a batch"],)
    param_names = ("given",)
    warmup_time = 0

    def setup(self, given: str) -> None:
        on_one_thread()
        with if_known():
            import autograd_core as ag

            x = np.ones((1, 4), np.float32)
            constant = ag.tensor(x)
            compiled = ag.compile(lambda *args: (args or [constant])[0] + 1.0)
            args = (x,) if given == "a batch" else ()
            self.call = lambda: compiled(*args)
            warm(self.call)

    def time_x1000(self, given: str) -> None:
        for _ in range(1000):
            self.call()


class Recording:
    """The calls before a compiled step is replayed, kernels warm.

    The first records what it runs. The second does too, compares, makes a Program and
    tries it.
    """

    params = (list(SIZES),)
    param_names = ("size",)
    warmup_time = 0
    number = 1  # each after a setup of its own
    timeout = 300

    def setup(self, size: str) -> None:
        on_one_thread()
        with if_known():
            import autograd_core as ag

            self.step, self.x, self.y = training_step(*SIZES[size])
            compiled = ag.compile(self.step)
            warm(lambda: compiled(self.x, self.y), 0)
            self.first, self.second = ag.compile(self.step), ag.compile(self.step)
            self.second(self.x, self.y)

    def time_first_call(self, size: str) -> None:
        self.first(self.x, self.y)

    def time_second_call(self, size: str) -> None:
        self.second(self.x, self.y)

    def time_eager_step(self, size: str) -> None:
        """To take off what the run itself costs."""
        self.step(self.x, self.y)


class Binding:
    """From a recording to something that can be replayed: fused, planned and bound."""

    params = (list(SIZES),)
    param_names = ("size",)
    warmup_time = 0
    timeout = 300

    def setup(self, size: str) -> None:
        on_one_thread()
        with if_known():
            from autograd_core import Tensor, get_num_threads
            from autograd_core.hooks import listen
            from autograd_core.program.outputs import seal, take_out
            from autograd_core.program.pipeline import lower
            from autograd_core.program.record import Recorder
            from autograd_core.program.tree import flatten

            batch, dims = SIZES[size]
            step, _, _ = training_step(batch, dims)
            for last in (False, True):
                inputs = [array.copy() for array in data(batch, dims)]
                recorder = Recorder(inputs)
                with listen(recorder):
                    result = flatten(step(*map(Tensor, inputs)))
                given, *kept = take_out(result, recorder.buffers, seal("the step"))
                recording = recorder.finish(*kept, given)
                self.bind = functools.partial(lower, recording, get_num_threads())
                if not last:  # binding itself needs kernels: load them
                    self.bind()

    def time_plan_and_bind(self, size: str) -> None:
        self.bind()


def least(bench: Any, name: str, *params: Any, rounds: int = 9) -> float:
    """The least seconds of one timing, each after a setup of its own."""
    times = []
    for _ in range(rounds):
        bench.setup(*params)
        start = time.perf_counter()
        getattr(bench, name)(*params)
        times.append(time.perf_counter() - start)
    return min(times)


def main(sizes: Iterable[str] = SIZES, rounds: int = 9) -> None:
    launch = least(EmptyLaunch(), "time_x1000") * 1e6
    print(f"an empty launch          {launch:8.1f} ns")
    for given in EmptyProgram.params[0]:
        call = least(EmptyProgram(), "time_x1000", given) * 1e3
        print(f"a call with {given:12} {call:8.2f} us")
    for size in sizes:
        eager, first, second = (
            least(Recording(), f"time_{name}", size, rounds=rounds) * 1e3
            for name in ("eager_step", "first_call", "second_call")
        )
        bind = least(Binding(), "time_plan_and_bind", size, rounds=rounds) * 1e3
        print(
            f"{size:2} beside an eager step the first call takes {first - eager:8.1f} "
            f"ms more, the second {second - eager:8.1f}, of which planning and binding "
            f"{bind:8.1f}"
        )


if __name__ == "__main__":
    main()
