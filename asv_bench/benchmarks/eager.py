"""Eager: what Python costs per op, forward and backward, and per phase of a small step.

``python asv_bench/benchmarks/eager.py`` prints the tables without asv. An op runs on
the data of its first sample in the op table, a dozen numbers, so that nearly all of the
time is Python and dispatch; "kernels" is the part spent in calls of compiled code.
"""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.grad import walk
from autograd_core.op import Arg
from autograd_core.ops import TABLE
from autograd_core.tape import state

CALLS = 1000  # of one op in each timing


class Calls(list):
    """The kernel calls of a block, seen in the place of a Program's recorder."""

    def __enter__(self):
        state.recorder = self
        return self

    def __exit__(self, *_):
        state.recorder = None

    def launch(self, kernel, units, args):
        kernel(0, units, *args)
        self.append((kernel, (0, units, *args)))

    def host(self, *_, **__):
        """NumPy's time counts as Python's."""

    verify = allocated = host

    def again(self):
        for kernel, args in self:
            kernel(*args)


class PerOp:
    """Each op by itself; what asv shows is a thousand calls, or us a call times 1e3."""

    params = (list(TABLE),)
    param_names = ("op",)

    def setup(self, name):
        rng, self.op = np.random.default_rng(0), TABLE[name]
        sample = self.op.samples[0]
        self.attrs = dict(sample.attrs)
        self.arrays = [
            a.draw(rng, np.float32) if isinstance(a, Arg) else a for a in sample.args
        ]
        self.tensors = [
            ag.tensor(a, requires_grad=a.dtype.kind == "f")
            if isinstance(a, np.ndarray) and a.dtype != np.uint64
            else a
            for a in self.arrays
        ]
        with Calls() as self.forward_calls:
            self.out = self.op(*self.tensors, **self.attrs)
        self.backward_calls = Calls()
        if self.out.node is not None:
            g = rng.standard_normal(self.out.shape)
            self.g = g.astype(self.out.dtype).reshape(self.out.shape)
            with self.backward_calls:
                walk([self.out], [self.g], retain_graph=True)

    def time_arrays(self, name):
        for _ in range(CALLS):
            self.op(*self.arrays, **self.attrs)

    def time_forward(self, name):
        for _ in range(CALLS):
            self.op(*self.tensors, **self.attrs)

    def time_forward_kernels(self, name):
        for _ in range(CALLS):
            self.forward_calls.again()

    def time_backward(self, name):
        if self.out.node is not None:
            for _ in range(CALLS):
                walk([self.out], [self.g], retain_graph=True)

    def time_backward_kernels(self, name):
        for _ in range(CALLS):
            self.backward_calls.again()


class PerPhase:
    """A step of Linear + BatchNorm + ReLU + Dropout, cross-entropy, Adam, in parts."""

    params = (["XS", "S"],)
    param_names = ("size",)
    sizes = {"XS": (32, [4, 16, 16, 3]), "S": (64, [64, 128, 64, 10])}  # noqa: RUF012
    number = 1  # each timing starts from what its setup left

    def setup(self, size):
        batch, dims = self.sizes[size]
        ag.manual_seed(0)
        layers = []
        for n, m in pairwise(dims[:-1]):
            layers += [nn.Linear(n, m), nn.BatchNorm1d(m), nn.ReLU(), nn.Dropout(0.2)]
        self.model = nn.Sequential(*layers, nn.Linear(*dims[-2:]))
        self.opt = optim.Adam(self.model.parameters())
        rng = np.random.default_rng(1)
        self.x = rng.standard_normal((batch, dims[0])).astype(np.float32)
        self.y = rng.integers(0, dims[-1], batch)
        for _ in range(3):  # compile, and leave a loss and gradients behind
            self.time_step(size)
        self.losses = [self.forward() for _ in range(100)]

    def forward(self):
        return nn.functional.cross_entropy(self.model(self.x), self.y)

    def time_forward(self, size):
        for _ in range(100):
            self.forward()

    def time_backward(self, size):
        for loss in self.losses:
            self.opt.zero_grad()
            loss.backward()

    def time_optimizer(self, size):
        for _ in range(100):
            self.opt.step()

    def time_step(self, size):
        for _ in range(100):
            self.opt.zero_grad()
            self.forward().backward()
            self.opt.step()


def best(bench, name, *params, rounds=9):
    """The least seconds of one timing, each after a setup of its own."""
    times = []
    for _ in range(rounds):
        bench.setup(*params)
        start = time.perf_counter()
        getattr(bench, name)(*params)
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    columns = "arrays", "forward", "forward_kernels", "backward", "backward_kernels"
    print("us a call     arrays  recorded (kernels)  backward (kernels)")
    for name in TABLE:
        per_op = [best(PerOp(), f"time_{c}", name, rounds=5) * 1e3 for c in columns]
        arrays, forward, inside, backward, inner = per_op
        line = f"{name:12.12} {arrays:8.2f} {forward:9.2f} {inside:9.2f}"
        print(line + (f" {backward:9.2f} {inner:9.2f}" if backward > 0.5 else ""))
    print("\nus a step    forward  backward  optimizer     step")
    for size in PerPhase.sizes:
        phases = "forward", "backward", "optimizer", "step"
        row = [best(PerPhase(), f"time_{p}", size) * 1e4 for p in phases]
        print(f"{size:12} {row[0]:7.1f} {row[1]:9.1f} {row[2]:10.1f} {row[3]:8.1f}")


if __name__ == "__main__":
    main()
