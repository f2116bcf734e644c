"""Training under alarms at random moments: ``python alarms_run.py SECONDS SEED``.

As pytest-timeout and Ctrl-C do it: a signal handler raises, between any two steps of
Python. What was interrupted is done again from the start and must give the bits that it
gave undisturbed; no lock may be left taken, and another number of threads must be had
at once. Prints how many alarms came.
"""

from __future__ import annotations

import faulthandler
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.threads import teams
from autograd_kernels.driver import replay
from autograd_kernels.jit import compiling

EACH = 50  # calls in a row that an alarm may fall into
LONGEST = 4e-3  # seconds until an alarm
HUNG = 60  # seconds


class Alarm(BaseException):
    """Raised by the signal handler."""


def ring(*_: object) -> None:
    raise Alarm


class Training:
    """A network and its step, which can be put back to the start."""

    def __init__(self, compiled: bool) -> None:
        ag.manual_seed(0)
        rng = np.random.default_rng(0)
        self.x = rng.standard_normal((256, 96), np.float32)
        self.y = rng.integers(0, 10, 256)
        self.model = nn.Sequential(
            nn.Linear(96, 160), nn.BatchNorm1d(160), nn.ReLU(), nn.Linear(160, 10)
        )
        self.opt = optim.Adam(self.model.parameters())
        self.step: Callable[..., Any] = self._step
        if compiled:
            self.step = ag.compile(self._step)
        self.start = self.model.state_dict(), self.opt.state_dict()

    def _step(self, x: Any, y: Any) -> Any:
        self.opt.zero_grad()
        loss = nn.functional.cross_entropy(self.model(x), y)
        loss.backward()
        self.opt.step()
        return loss

    def run(self) -> list[bytes]:
        """Bits of two losses and of all weights after them, from the start."""
        self.model.load_state_dict(self.start[0])
        self.opt.load_state_dict(self.start[1])
        found = [self.step(self.x, self.y).numpy().tobytes() for _ in range(2)]
        return found + [p.numpy().tobytes() for p in self.model.parameters()]


def interrupted(call: Callable[[], Any], seconds: float) -> bool:
    """Calls, again and again, until an alarm (it may fall into a destructor)."""
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        for _ in range(EACH):
            call()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except Alarm:
        return True
    return False


def taken() -> list[object]:
    """What another thread finds held, if anything; it also sets other threads."""
    found: list[object] = []

    def look() -> None:
        for lock in (*teams.locks, teams.current.lock, compiling._lock):
            if lock.acquire(timeout=5):
                lock.release()
            else:
                found.append(lock)
        if teams.current.memory[replay.TAKEN]:
            found.append("the team")
        ag.set_num_threads(3)
        ag.set_num_threads(2)

    other = threading.Thread(target=look, daemon=True)
    other.start()
    other.join(HUNG / 2)
    return [*found, *["set_num_threads"] * other.is_alive()]


def main(seconds: float, seed: int) -> None:
    draw, count = random.Random(seed), 0
    ag.set_num_threads(2)
    signal.signal(signal.SIGALRM, ring)
    cases = [Training(compiled) for compiled in (False, True)]
    for _ in range(6):
        wants = [case.run() for case in cases]
    assert not cases[1].step.program.brief  # a brief Program takes no lock
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        faulthandler.dump_traceback_later(HUNG, exit=True)
        for case, want in zip(cases, wants, strict=True):
            if interrupted(case.run, LONGEST * draw.random()):
                count += 1
            held = taken()
            assert not held, held
            assert case.run() == want, f"other bits after {count} alarms"
    print(count)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
