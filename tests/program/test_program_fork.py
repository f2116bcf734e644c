"""A training step from four Python threads at once, with forks in between."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest
from program_cases import data, network

import autograd_core as ag
from autograd_core.program import compile

THREADS = 4
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def losses(steps: int) -> list[float]:
    """Losses of a network trained from the start, eager."""
    train, (x, y) = network()[2], data()
    return [train(x, y).item() for _ in range(steps)]


class Runner(threading.Thread):
    """Trains a network of its own by a Program, and keeps the losses."""

    def __init__(self, steps: int) -> None:
        super().__init__(daemon=True)
        self.step, self.batch = compile(network()[2]), data()
        self.steps, self.losses = steps, [0.0] * 0
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for _ in range(self.steps):
                self.losses.append(self.step(*self.batch).item())
        except Exception as error:
            self.error = error


def child(expected: list[float]) -> bool:
    """In a forked child: the same bits, in threads of its own, and no deadlock."""
    pid = os.fork()
    if pid == 0:  # pragma: no cover
        runners: list[Any] = [Runner(len(expected)) for _ in range(2)]
        for runner in runners:
            runner.start()
        for runner in runners:
            runner.join(60)
        os._exit(any(runner.losses != expected for runner in runners))
    return os.waitpid(pid, 0)[1] == 0


@pytest.mark.parametrize(
    ("steps", "forks"),
    [(100, 3), pytest.param(1000, 20, marks=pytest.mark.slow)],
)
def test_steps_from_four_threads_with_forks_in_between(steps: int, forks: int) -> None:
    before = ag.get_num_threads()
    expected = losses(steps)
    try:
        ag.set_num_threads(2)
        runners = [Runner(steps) for _ in range(THREADS)]
        for runner in runners:
            runner.start()
        assert all(child(expected[:20]) for _ in range(forks))
        for runner in runners:
            runner.join(120)
    finally:
        ag.set_num_threads(before)
    assert [runner.error for runner in runners] == [None] * THREADS
    assert all(runner.losses == expected for runner in runners)
