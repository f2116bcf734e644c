"""A training run for test_kill_and_resume.py: python killed_run.py PATH EPOCHS MODE

It goes on from PATH if that is there, prints a line for each epoch, and in the end a
digest of all that the run has come to. MODE is "eager" or "compiled".
"""

import hashlib
import sys
from pathlib import Path

import numpy as np

from autograd_core import nn, optim
from autograd_core.random import manual_seed
from autograd_core.train import (
    Batches,
    Callback,
    Checkpoint,
    EarlyStopping,
    Jitter,
    Schedule,
    accuracy,
    fit,
)


class Watch(Callback):
    """Says where the run is."""

    def epoch(self, run):
        self.run = run
        print("epoch", run.epoch, flush=True)


def blobs(rows, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, rows)
    x = np.eye(3, 4)[y] * 2 + rng.standard_normal((rows, 4))
    return x.astype("f4"), y


def main(path, epochs, mode):
    # A resumed process has another seed: all must come from the file.
    manual_seed(99 if path.exists() else 1)
    model = nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(16, 3),
    )  # fmt: skip
    opt = optim.Adam(model.parameters(), lr=0.01)
    watch = Watch()
    history = fit(
        model,
        opt,
        nn.functional.cross_entropy,
        Batches(*blobs(90, 0), 16, seed=5, augment=Jitter(2, 2, shift=0.5, noise=0.1)),
        blobs(30, 1),
        epochs=epochs,
        metrics={"accuracy": accuracy},
        l1=1e-4,
        average=0.9,
        callbacks=[
            Schedule(optim.CosineAnnealingLR(opt, T_max=6 * epochs), every="step"),
            watch,
            EarlyStopping(patience=epochs),
            Checkpoint(path),
        ],
        compiled=mode == "compiled",
        resume=path if path.exists() else None,
    )
    rows = [{**row, "seconds": 0} for row in history.rows]
    digest = hashlib.sha256()
    write(digest, [watch.run.state_dict() | {"history": rows}])
    print(len(rows), digest.hexdigest(), flush=True)


def write(digest, value):
    """All of a tree into the digest, arrays by their bytes."""
    if isinstance(value, dict):
        value = list(value.items())
    if isinstance(value, list | tuple):
        for item in value:
            write(digest, item)
    else:
        is_array = isinstance(value, np.ndarray)
        digest.update(value.tobytes() if is_array else repr(value).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
