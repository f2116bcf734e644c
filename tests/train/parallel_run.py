"""A training run for test_parallel.py: mpiexec -n N python parallel_run.py JSON

The JSON is a list of runs: what is to be otherwise in each, see `main`. Every rank
prints a line for each, a digest of all that it has come to, or the error that ended it.
"""

import hashlib
import json
import os
import signal
import sys

import numpy as np
from killed_run import blobs, write

from autograd_core import nn, optim, train
from autograd_core.random import manual_seed
from autograd_core.train.parallel import packed


class Watch(train.Callback):
    """Says where the run is, and does on one rank what a test asks for."""

    def __init__(self, **asked):
        self.asked = asked

    def step(self, run):
        self.run = run
        if [run.rank, run.step] == self.asked.get("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if [run.rank, run.step] == self.asked.get("error"):
            raise KeyError("mine")
        if [run.rank, run.step] == self.asked.get("stop"):
            run.stop("enough")
        if [run.rank, run.step] == self.asked.get("moves"):
            run.model[0].bias.data[0] += 1


def plain(x, rng):
    return x + rng.standard_normal(x.shape).astype(x.dtype) / 8


def main(epochs=2, mpi=True, shards=8, path=None, compiled=None, other=None, **asked):
    comm = None
    if mpi:
        from mpi4py import MPI

        comm = MPI.COMM_WORLD
    rank = 0 if comm is None else comm.Get_rank()
    if asked.get("mixed"):
        compiled = rank == 0
    if asked.get("outside") and rank == 1:
        raise KeyError("mine")
    odd = other if rank == 1 else None  # what is otherwise on rank 1
    manual_seed(9 if odd == "seed" else 1)
    model = nn.Sequential(
        nn.Linear(4, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(24, 4 if odd == "shapes" else 3),
    )  # fmt: skip
    manual_seed(2)
    opt = optim.Adam(model.parameters(), lr=0.02 if odd == "optimizer" else 0.01)
    x, y = blobs(103, 0)
    if odd == "data":
        x[7] += 1
    if odd == "rows":
        x, y = x[:-1], y[:-1]
    loss = loss_of(asked, odd)
    augment = [train.Noise(0.1), plain]
    watch = Watch(**asked)
    save = [train.Checkpoint(path)] if path else []
    history = train.fit(
        model, opt, loss,
        train.Batches(x, y, 16, seed=5, augment=augment, sample_weight=weights(asked)),
        blobs(30, 1), epochs=epochs,
        metrics={"accuracy": train.accuracy}, l2=1e-3, l1=1e-4, sparse=True,
        average=0.9, clip_norm=1.0, compiled=compiled,
        callbacks=[watch, train.EarlyStopping(patience=99), *save],
        resume=path if path and os.path.exists(path) else None,
        comm=comm, shards=shards,
    )  # fmt: skip
    rows = [{**row, "seconds": 0} for row in history.rows]
    digest = hashlib.sha256()
    state = watch.run.state_dict()
    state.pop("callbacks")
    write(digest, [state | {"history": rows}])
    return f"{len(rows)} epochs {digest.hexdigest()}"


def loss_of(asked, odd):
    """Cross-entropy; on rank 1, and for a blow-up, something else."""
    entropy = nn.functional.cross_entropy
    if asked.get("blow"):
        return lambda output, y: entropy(output * 1e30, y) * 1e30
    if asked.get("classes"):
        return nn.CrossEntropyLoss(weight=np.array([1.0, 5.0, 1.0], "f4"))
    return (lambda output, y: entropy(output, y) * 1) if odd == "code" else entropy


def weights(asked):
    return np.linspace(0.5, 2, 103) if asked.get("weighted") else None


def own_loop(rows, batch):
    """Six steps; from the fourth on as many rows as the rank is told."""
    from mpi4py import MPI

    rank = MPI.COMM_WORLD.Get_rank()
    manual_seed(0)
    model = nn.Linear(4, 2)
    parallel = train.Parallel(model, MPI.COMM_WORLD, shards=4)
    opt = optim.SGD(model.parameters(), lr=0.1)
    x = np.random.default_rng(batch[rank]).standard_normal((32, 4)).astype("f4")

    def objective(x):
        return (model(x) ** 2).mean()

    held = []
    for i in range(6):
        loss = parallel.backward(objective, x[: rows[rank]] if i > 2 else x)
        held.append((model.bias.grad, model.bias.grad.numpy().tobytes()))
        opt.step()
    assert all(grad.numpy().tobytes() == before for grad, before in held)
    return loss


def odd_layer(does):
    """In the second of three steps rank 1 fails, or leaves out, a layer."""
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
    manual_seed(0)
    norms = [nn.BatchNorm1d(4), nn.BatchNorm1d(4), nn.Linear(4, 2)]
    model = nn.Sequential(*norms)
    parallel = train.Parallel(model, comm, shards=4)
    x = np.random.default_rng(0).standard_normal((32, 4)).astype("f4")
    odd = []

    def objective(x):
        h = norms[0](x)
        if odd and does == "raises":
            raise KeyError("mine")
        if not odd or does != "skips":
            h = norms[1](h)
        return (norms[2](h) ** 2).mean()

    for i in range(3):
        odd[:] = [1] * (i == 1 and comm.Get_rank() == 1)
        loss = parallel.backward(objective, x)
    return f"{loss:.6f}"


def line_of(case):
    try:
        if "layer" in case:
            return odd_layer(case["layer"])
        return own_loop(**case["own"]) if "own" in case else main(**case)
    except Exception as error:
        if case.get("raises"):
            raise
        return f"{type(error).__name__}: {error}".replace("\n", " ")


if __name__ == "__main__":
    packed.BYTES = 512  # several buckets
    for case in json.loads(sys.argv[1]):
        sys.stdout.write(f"{line_of(case)}\n")
        sys.stdout.flush()
