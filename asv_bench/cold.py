"""The first steps of a new user: seconds with an empty cache of kernels and a full one.

    python asv_bench/cold.py

Each row is a process: import, first step (with what the network needs), two calls more.
"""

import argparse
import os
import subprocess
import sys
import tempfile

STEP = """
import time
start = time.perf_counter()
import numpy as np, autograd_core as ag
from autograd_core import nn, optim
times = [time.perf_counter() - start]
model = nn.Sequential(
    nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.1),
    nn.Linear(128, 10),
)
opt = optim.Adam(model.parameters())
@ag.compile
def step(x, y):
    opt.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    opt.step()
    return loss
x, y = np.ones((64, 64), "f4"), np.arange(64) % 10
for _ in range(3):
    start = time.perf_counter()
    step(x, y)
    times.append(time.perf_counter() - start)
print(*(f"{seconds:9.2f}" for seconds in times))
"""


def print_head():
    print(f"{'':24}{'import':>9} {'first':>9} {'second':>9} {'third':>9}")


def print_row(label, env):
    """The seconds of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", STEP],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    print(f"{label:24}{done.stdout.rstrip()}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--warm", action="store_true", help="the user's cache only")
    print_head()
    if parser.parse_args().warm:
        print_row("warm", {})
        print_row("again", {})
        return
    cases = [("cold, one process", "0"), ("cold, all cores", "1")]
    for name, ahead in cases:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
            env = {"AUTOGRAD_CORE_CACHE": cache, "AUTOGRAD_CORE_AHEAD": ahead}
            print_row(name, env)
            print_row("warm", env)


if __name__ == "__main__":
    main()
