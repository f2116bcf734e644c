"""Programs: what a launch, a recording, a first step and a replay cost.

``python asv_bench/benchmarks/program.py`` prints the numbers without asv.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise

import numpy as np

SIZES = {
    "XS": (32, [4, 16, 16, 3]),
    "S": (64, [64, 128, 64, 10]),
    "M": (128, [784, 512, 256, 10]),
}

FIRST_STEP = """
import time
start = time.perf_counter()
import autograd_core as ag
imported = time.perf_counter() - start
from asv_bench_step import training_step
start = time.perf_counter()
step, x, y = training_step("XS")
run = ag.compile(step)
run(x, y)
print(imported, time.perf_counter() - start)
"""


def training_step(config):
    """The peers' step: Linear + BatchNorm + ReLU + Dropout, cross-entropy, Adam."""
    import autograd_core as ag
    from autograd_core import nn, optim

    batch, dims = SIZES[config]
    ag.manual_seed(0)
    layers = []
    for n, m in pairwise(dims[:-1]):
        layers += [nn.Linear(n, m), nn.BatchNorm1d(m), nn.ReLU(), nn.Dropout(0.2)]
    model = nn.Sequential(*layers, nn.Linear(*dims[-2:]))
    opt = optim.Adam(model.parameters())
    rng = np.random.default_rng(1)
    x = rng.standard_normal((batch, dims[0])).astype(np.float32)
    y = rng.integers(0, dims[-1], batch)

    def step(x, y):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return step, x, y


def empty_launches(count=1000):
    """A table of launches of a kernel that does nothing."""
    from autograd_core.program.bind import Binder, bind
    from autograd_core.program.record import Launch
    from autograd_kernels._jit import kernel

    @kernel
    def nothing(lo, hi, x, out):
        pass

    x = np.ones(8, np.float32)
    launches = [Launch(nothing, 8, (x, x)) for _ in range(count)]
    return bind(Binder(0, 1), [[launch] for launch in launches]).table


def first_step(cache):
    """Seconds of the import and of the first compiled step, in a new process."""
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(here, "program.py")
        shutil.copy(source, os.path.join(folder, "asv_bench_step.py"))
        path = os.pathsep.join([folder, *filter(None, sys.path)])
        env = {**os.environ, "AUTOGRAD_CORE_CACHE": cache, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-c", FIRST_STEP],
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
    return tuple(map(float, done.stdout.split()))


class Replay:
    """One replayed training step, called from Python. Unit: seconds a step."""

    params = (["XS", "S", "M"], [1, 2])
    param_names = ("config", "threads")

    def setup(self, config, threads):
        import autograd_core as ag

        ag.set_num_threads(threads)
        step, self.x, self.y = training_step(config)
        self.run = ag.compile(step)
        for _ in range(3):
            self.run(self.x, self.y)

    def time_100_steps(self, config, threads):
        for _ in range(100):
            self.run(self.x, self.y)


class Launch:
    """An empty launch, of a thousand in one replay."""

    unit = "ns"

    def setup(self):
        from autograd_kernels import replay

        self.replay, self.table = replay.replay, empty_launches()
        self.start = self.table.__array_interface__["data"][0]
        self.replay(self.start, 0, len(self.table))

    def track_launch(self):
        rounds = []
        for _ in range(200):
            start = time.perf_counter()
            self.replay(self.start, 0, len(self.table))
            rounds.append(time.perf_counter() - start)
        return float(np.median(rounds)) / len(self.table) * 1e9


class Recording:
    """Recording, planning and binding the XS step, kernels warm. Unit: ms."""

    unit = "ms"

    def track_record(self):
        import autograd_core as ag

        step, x, y = training_step("XS")
        ag.compile(step)(x, y)
        rounds = []
        for _ in range(10):
            start = time.perf_counter()
            step(x, y)
            eager = time.perf_counter() - start
            start = time.perf_counter()
            ag.compile(step)(x, y)
            rounds.append(time.perf_counter() - start - eager)
        return float(np.median(rounds)) * 1e3


class FirstStep:
    """Seconds until the first compiled step is done, in a new process."""

    unit = "s"
    timeout = 300

    def track_import(self, cache):
        return first_step(cache)[0]

    def track_warm_cache(self, cache):
        return first_step(cache)[1]

    def track_cold_cache(self, cache):
        with tempfile.TemporaryDirectory() as empty:
            return first_step(empty)[1]

    def setup_cache(self):
        cache = os.path.join(os.getcwd(), "kernel-cache")
        first_step(cache)
        return cache


def main():
    import autograd_core as ag

    launch = Launch()
    launch.setup()
    print(f"an empty launch          {launch.track_launch():8.1f} ns")
    print(f"recording an XS step     {Recording().track_record():8.1f} ms")
    with tempfile.TemporaryDirectory() as cache:
        print(f"first step, cold cache   {first_step(cache)[1]:8.2f} s")
        imports, steps = zip(*(first_step(cache) for _ in range(5)), strict=True)
    print(f"first step, warm cache   {np.median(steps):8.2f} s")
    print(f"import                   {np.median(imports):8.2f} s")
    for config in SIZES:
        for threads in (1, 2):
            replay = Replay()
            replay.setup(config, threads)
            rounds = []
            for _ in range(7):
                start = time.perf_counter()
                replay.time_100_steps(config, threads)
                rounds.append((time.perf_counter() - start) * 1e4)
            print(
                f"{config:2} step, {threads} thread(s)     {np.median(rounds):10.1f} us"
            )
    ag.set_num_threads(1)


if __name__ == "__main__":
    main()
