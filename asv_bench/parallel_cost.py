"""Data-parallel training: what a step costs, its reduction, and the part hidden.

    python asv_bench/parallel_cost.py [--ranks 2] [--widths 32 256 1024]

64 inputs, two hidden layers with BatchNorm, 10 classes, Adam, 256 rows, one thread a
rank; the least of many steps, in milliseconds.

- plain: one process, no shards, one Program with the update in it.
- 8 shards: the same in one process; N ranks: as many shards as ranks.
- late: the same, with the sums of the gradients begun when backward has ended.
- reduction: these sums alone, nothing else going on; hidden: (late - N ranks) of it.

Then the reduction and the small messages of a step on 64 ranks, computed from bytes and
latency, and the part of the time of a step of 20 ms that is not spent on them.
"""

import argparse
import json
import subprocess
import sys
import time
from math import log2
from pathlib import Path

import numpy as np

import autograd_core as ag
from autograd_core import nn, optim, train
from autograd_core.train.parallel.reduction import Reduction

ROWS, LAYERS = 256, 2
NETWORKS = [
    ("10 Gbit/s, 20 us", 10e9 / 8, 20e-6),
    ("100 Gbit/s, 2 us", 100e9 / 8, 2e-6),
]
RANKS, WORK = 64, 20e-3


class Late(Reduction):
    """The sums of gradients begun when backward has ended."""

    def begin(self, shards):
        super().begin(shards)
        self.waiting = []

    def post(self, number, sent):
        self.waiting.append((number, sent))

    def finish(self):
        for number, sent in self.waiting:
            super().post(number, sent)
        return super().finish()


class Network:
    """A network of one width, and steps of it."""

    def __init__(self, width):
        ag.manual_seed(0)
        hidden = nn.Linear(64, width), nn.BatchNorm1d(width), nn.ReLU()
        more = nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU()
        self.model = nn.Sequential(*hidden, *more, nn.Linear(width, 10))
        self.opt = optim.Adam(self.model.parameters())
        rng = np.random.default_rng(0)
        x = rng.standard_normal((ROWS, 64)).astype("f4")
        self.batch = x, rng.integers(0, 10, ROWS)
        self.size = sum(p.size for p in self.model.parameters())

    def loss(self, x, y):
        return nn.functional.cross_entropy(self.model(x), y)

    def plain(self, steps):
        """Seconds of a step without shards."""
        made = train.make_step(self.model, self.opt, nn.functional.cross_entropy)
        step = ag.compile(made)
        return least(lambda: step(*self.batch), steps)

    def sharded(self, steps, comm=None, shards=8):
        """Seconds of a step, of one whose reduction comes last, and of that alone."""
        parallel = train.Parallel(self.model, comm, shards)
        objective = self.loss

        def step():
            parallel.backward(objective, *self.batch)
            self.opt.step()

        if comm is None:
            return [least(step, steps)]
        exchange = parallel.exchange
        beside, late = exchange.reduction, Late(parallel.ranks, parallel.buckets)

        def alone():
            beside.begin(shards)
            beside.post_rest()
            beside.finish()

        found = []
        for _ in range(3):
            times = []
            for exchange.reduction in (beside, late):
                times.append(least(step, steps // 3))
            comm.Barrier()
            found.append([*times, least(alone, steps // 3, comm.Barrier)])
        return np.min(found, 0).tolist()


def steps_of(width, steps):
    """Fewer of those that take long."""
    return max(6, steps * 64 // max(width, 64))


def least(step, steps, before=lambda: None):
    """Seconds of the quickest of some steps, after the first ones."""
    times = []
    for i in range(steps + 4):
        before()
        start = time.perf_counter()
        step()
        times += [time.perf_counter() - start] * (i >= 4)
    return min(times)


def inside(widths, steps):
    """A rank: prints its numbers as JSON."""
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
    for width in widths:
        count = steps_of(width, steps)
        times = Network(width).sharded(count, comm, comm.Get_size())
        slowest = comm.allreduce(times, lambda a, b: np.maximum(a, b).tolist())
        if not comm.Get_rank():
            print(json.dumps(slowest), flush=True)


def measured(widths, steps, ranks, threads):
    """Print what this machine needs."""
    own = Path(sys.executable).with_name("mpiexec")
    mpiexec = str(own) if own.exists() else "mpiexec"
    command = [mpiexec, "-n", str(ranks), sys.executable, __file__, "--inside"]
    options = ["--steps", steps, "--threads", threads, "--widths", *widths]
    command += map(str, options)
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    lines = map(json.loads, done.stdout.decode().splitlines())
    names = "plain", "8 shards", f"{ranks} ranks", "late", "reduction", "hidden", "sent"
    print(f"{'parameters':>12}" + "".join(f"{name:>12}" for name in names))
    for width, (beside, late, alone) in zip(widths, lines, strict=True):
        net, count = Network(width), steps_of(width, steps)
        times = net.plain(count), *Network(width).sharded(count), beside, late, alone
        row = "".join(f"{1e3 * t:12.2f}" for t in times)
        hidden = min(max((late - beside) / alone, 0.0), 1.0)
        sent = 8 * net.size * (ranks - 1) / ranks
        print(f"{net.size:12,}{row}{hidden:12.0%}{sent / 1e3:9,.0f} kB")


def computed(widths, ranks=RANKS):
    """Print what a cluster would need."""
    print(
        f"\n{ranks} ranks{'':4}{'sent':>12}" + "".join(f"{n:>26}" for n, *_ in NETWORKS)
    )
    for width in widths:
        net = Network(width)
        buckets = len(train.Parallel(net.model).buckets)
        sent = 8 * net.size * (ranks - 1) / ranks
        row = f"{net.size:12,}{sent / 1e3:9,.0f} kB"
        small = (3 + 4 * LAYERS) * log2(ranks)
        for _, bandwidth, latency in NETWORKS:
            messages = 2 * (ranks - 1) * buckets + small
            seconds = messages * latency + sent / bandwidth
            row += f"{1e3 * seconds:14.2f} ms {WORK / (WORK + seconds):8.0%}"
        print(row)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--widths", type=int, nargs="+", default=[32, 256, 1024])
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--threads", type=int, default=1, help="of a rank")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    ag.set_num_threads(args.threads)
    if args.inside:
        inside(args.widths, args.steps)
        return
    measured(args.widths, args.steps, args.ranks, args.threads)
    computed(args.widths)


if __name__ == "__main__":
    main()
