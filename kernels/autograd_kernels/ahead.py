"""Compiles what a first training step needs, in other processes, ahead of need.

A machine that has no kernels on disk yet compiles some 25 for a first step, one after
another, while its other cores stand still. So the first kernel that is missing starts a
few processes that go through `FIRST` from its end, while the step itself comes from the
beginning. `claim` sees to it that no two compile the same.

``AUTOGRAD_CORE_AHEAD=0`` forbids it. A helper is no child of the process that started
it, prints nothing, and ends with its list.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # not a POSIX system: nobody claims, nobody helps
    fcntl = None  # type: ignore[assignment]

HELPERS = 3  # at most; more would wait for the longest kernel anyway
PATIENCE = 20.0  # seconds that another process is waited for: it may be stopped
POLL = 0.004

# Kernels in the order of need, a letter and a dimension for each argument, of kernels
# after lo and hi: f float32, i int64, u uint64; 0 dimensions is a number, o a Python
# object.
FIRST = """
elementwise.cast u1 u1
dropout.draw u1 u1
elementwise.cast f1 f1
matmul.matmul i0 i0 i0 f2 f2 f1 f2 f2
elementwise.fill i1 i1
batchnorm.forward_cols f2 f1 f1 f1 f2 i1 f2
batchnorm.update_running f2 i0 f1 i1 f1 f1
elementwise.add_inplace i1 i1
activations.relu f1 f1
dropout.dropout u1 f1 f1 f1
softmax.row_stats_few f2 f2
softmax.cross_entropy f2 i1 f1 f2 f1 i1
reduce.sum_rows f2 f1
elementwise.div i1 f1 f1 f1
softmax.cross_entropy_backward f2 i1 f1 f2 f1 f1 f2
reduce.sum_cols f3 f2
activations.relu_backward f1 f1 f1
optim.adam.adam_advance f2 i2
optim.adam.adam f2 i2
batchnorm.backward_cols f2 f2 f1 f2 f2 f1 f1
driver.entry.unchanged i0 i0
fused.relu_dropout u1 f1 f1 f1
fused.relu_dropout_backward f1 f1 f1 f1
driver.replay.replay i0 i0 i0
driver.entry.enter i0 o0 o0
"""
# What makes larger and longer work faster, compiled when all of that is there.
THEN = """
driver.replay.replay_shared i0 i0 i0 i0
driver.replay.serve i0 i0 i0
driver.launching.launch o0 o0 o0
driver.front.product o0 o0 o0 o0
driver.front.binary o0 o0 o0
driver.front.unary o0 o0
driver.front.slope o0 o0 o0
driver.front.total o0 o0
driver.launching.empty o0 o0 o0
driver.launching.point o0 o0 o0
"""


def needs(text: str = FIRST) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(module, kernel, argument types as in `FIRST`), in the order of need."""
    for line in text.strip().splitlines():
        name, *kinds = line.split()
        module, _, kernel = name.rpartition(".")
        yield module, kernel, tuple(kinds)


def types(module: str, kinds: tuple[str, ...]) -> tuple[Any, ...]:
    """Numba's types of all arguments of a kernel, or of a built-in of `driver`."""
    import numba

    from autograd_kernels.driver.objects import BORROWED

    letters = {"f": numba.float32, "i": numba.int64, "u": numba.uint64, "o": BORROWED}

    def of(kind: str) -> Any:
        scalar, ndim = letters[kind[0]], int(kind[1])
        return numba.types.Array(scalar, ndim, "C") if ndim else scalar

    lo_hi = () if module.startswith("driver.") else (numba.int64, numba.int64)
    return (*lo_hi, *(of(kind) for kind in kinds))


class Claim:
    """The right to compile what belongs into ``path``: a lock that ends with us."""

    held = 0  # by this process: who holds one does not wait for another

    def __init__(self, path: Path) -> None:
        self.path = path.with_suffix(".lock")
        self.handle = -1

    def take(self) -> bool:
        """Take it; False where somebody else has it. OSError without a folder."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self.handle = handle
        Claim.held += 1
        return True

    def drop(self) -> None:
        """Give it back."""
        if self.handle >= 0:
            with suppress(OSError):
                os.unlink(self.path)
            os.close(self.handle)
            self.handle = -1
            Claim.held -= 1


def claim(path: Path) -> Claim | None:
    """Wait until nobody else compiles ``path``; None where it need not be claimed."""
    if fcntl is None or Claim.held:
        return None
    mine = Claim(path)
    end = time.monotonic() + PATIENCE
    try:
        while not mine.take():
            if time.monotonic() > end:
                return None
            time.sleep(POLL)
    except OSError:
        return None
    return mine


def start() -> None:
    """Start helpers, if they have something to do and cores to do it on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if fcntl is None or cores < 2 or os.environ.get("AUTOGRAD_CORE_AHEAD") == "0":
        return
    if getattr(sys, "frozen", False) or not sys.executable:
        return
    script = f"from {__name__} import detach; detach()"
    # By -P nothing is imported from the working folder that is not on our own path.
    path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    for _ in range(min(cores - 1, HELPERS)):
        with suppress(OSError):
            subprocess.run(
                [sys.executable, "-P", "-c", script],
                env={**os.environ, "PYTHONPATH": path, "AUTOGRAD_CORE_AHEAD": "0"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )


def detach() -> None:
    """Go on in a process that nobody has to wait for."""
    if os.fork() == 0:
        os.setsid()  # Ctrl-C is not for it: what it compiles is kept
        work()
    os._exit(0)


def work() -> None:
    """Compile, from the last to the first, what is not there and nobody is at."""
    for need in reversed([*needs()]):
        make(*need)
    os.nice(10)  # nobody waits for these
    for need in needs(THEN):
        make(*need)


def make(module: str, name: str, kinds: tuple[str, ...]) -> None:
    """Compile one kernel."""
    with suppress(Exception):
        kernel = getattr(importlib.import_module(f"{__package__}.{module}"), name)
        sig = types(module, kinds)
        busy = Claim(path := kernel._cache.path(sig))
        if not os.path.exists(path) and busy.take():
            busy.drop()
            kernel.compile(sig)
