"""Eager: what Python costs per op, forward and backward, and per phase of a small step.

``python -m benchmarks.eager`` in asv_bench prints the tables without asv. An op runs on
the data of its first sample in the op table, a dozen numbers, so that nearly all of the
time is Python and dispatch; "kernels" is the part spent in calls of compiled code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from typing import Any

from .cases import Call, labelled
from .common import SIZES, classifier, data, if_known, on_one_thread


class PerPhase:
    """A step of Linear + BatchNorm + ReLU + Dropout, cross-entropy, Adam, in parts."""

    params = (["XS", "S"],)
    param_names = ("size",)
    repeat = (3, 5, 1.0)
    warmup_time = 0  # setup is

    def setup(self, size: str) -> None:
        on_one_thread()
        with if_known():
            from autograd_core import nn, optim

            batch, dims = SIZES[size]
            self.cross_entropy = nn.functional.cross_entropy
            self.model = classifier(dims)
            self.opt = optim.Adam(self.model.parameters())
            self.x, self.y = data(batch, dims)
            for _ in range(3):  # compile, and leave gradients behind
                self.time_step_x100(size)
            self.losses = [self.forward() for _ in range(100)]

    def forward(self) -> Any:
        return self.cross_entropy(self.model(self.x), self.y)

    def time_forward_x100(self, size: str) -> None:
        for _ in range(100):
            self.forward()

    def time_backward_x100(self, size: str) -> None:
        for loss in self.losses:
            self.opt.zero_grad()
            loss.backward()

    def time_optimizer_x100(self, size: str) -> None:
        for _ in range(100):
            self.opt.step()

    def time_step_x100(self, size: str) -> None:
        for _ in range(100):
            self.opt.zero_grad()
            self.forward().backward()
            self.opt.step()


class Calls(list):
    """The kernel calls of a block, seen in the place of a Program's recorder."""

    def __enter__(self) -> Calls:
        from autograd_core.hooks import listen

        self.listening = listen(self)
        self.listening.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.listening.__exit__(*error)

    def launch(self, kernel: Any, units: int, args: tuple[Any, ...]) -> None:
        kernel(0, units, *args)
        self.append((kernel, (0, units, *args)))

    def launch_many(self, kernel: Any, pointers: Any, args: tuple[Any, ...]) -> None:
        self.launch(kernel, pointers.units, (*args, pointers.table))

    def __getattr__(self, name: str) -> Any:
        """All else that a recorder is told; NumPy's time counts as Python's."""
        if not name.startswith("on_"):
            raise AttributeError(name)
        return lambda *_, **__: None

    def again(self) -> None:
        for kernel, args in self:
            kernel(*args)


def us_a_call(function: Callable[[], Any], calls: int = 1000, rounds: int = 5) -> float:
    """The least of a few rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            function()
        times.append(time.perf_counter() - start)
    return min(times) / calls * 1e6


def per_op(calls: int = 1000, only: Container[str] | None = None) -> None:
    print("us a call     arrays  recorded (kernels)  backward (kernels)")
    first = {op.name: case for case, (op, _) in reversed(labelled().items())}
    for name, case in reversed(first.items()):
        if only is not None and name not in only:
            continue
        call, inside, inner = Call(case, "own"), Calls(), Calls()
        with inside:
            call.forward()
        phases = [lambda c=call: c.op(*c.arrays, **c.attrs), call.forward, inside.again]
        if call.op.differentiable:
            with inner:
                call.backward()
            phases += [call.backward, inner.again]
        times = "".join(f"{us_a_call(phase, calls):9.2f}" for phase in phases)
        print(f"{name:11.11} {times}")


def per_phase(rounds: int = 9) -> None:
    print("\nus a step    forward  backward  optimizer     step")
    for size in PerPhase.params[0]:
        bench, row = PerPhase(), []
        bench.setup(size)
        for phase in "forward", "backward", "optimizer", "step":
            timing = getattr(bench, f"time_{phase}_x100")
            best = []
            for _ in range(rounds):
                bench.losses = [bench.forward() for _ in range(100)]
                best.append(us_a_call(lambda t=timing, s=size: t(s), 1, 1))
            row.append(min(best) / 100)
        print(f"{size:12} {row[0]:7.1f} {row[1]:9.1f} {row[2]:10.1f} {row[3]:8.1f}")


if __name__ == "__main__":
    per_op()
    per_phase()
