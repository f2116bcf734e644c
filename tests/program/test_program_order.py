"""What must be done before a launch: by bytes, and obeyed by any number of threads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.threads import teams
from autograd_kernels.driver.replay import ADDRESS, AFTER, PARTS


@pytest.fixture
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = ag.get_num_threads()
    ag.set_num_threads(request.param)
    yield request.param
    ag.set_num_threads(before)


def compiled(function: Any, *args: Any) -> Any:
    step = ag.compile(function, check_every=1 << 40)
    for _ in range(4):
        step(*args)
    assert step.program.bound.shared
    return step


def shared(program: Any) -> int:
    """A replay by all threads, whether or not that pays."""
    bound = program.bound
    table = bound.start, len(bound.table), bound.counts
    return teams.current.replay(*table, teams.current.size)


def after(program: Any) -> list[int]:
    """AFTER of the launches that are shared, by their number in the table."""
    table = program.bound.table
    return [(i, int(row[AFTER])) for i, row in enumerate(table) if row[PARTS] > 1]


@pytest.mark.parametrize("threads", [2], indirect=True)
def test_what_needs_nothing_of_the_last_launch_does_not_wait(threads: int) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((300, 300), np.float32) for _ in range(2))

    def apart(a: Any, b: Any) -> Any:
        return a.sum(0), b.sum(0), np.exp(a)

    assert [need for _, need in after(compiled(apart, a, b).program)] == [0, 0, 0]

    def chain(a: Any) -> Any:
        return np.exp(a.sum(0) * a).sum(0)

    rows = after(compiled(chain, a).program)
    assert [need for _, need in rows] == [i for i, _ in rows]


@pytest.mark.parametrize("threads", [2, 5, 16], indirect=True)
def test_shared_replays_are_those_of_one_thread(threads: int) -> None:
    """Many small parts, more threads than cores: in any order, the same bits."""
    ag.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(96, 160), nn.BatchNorm1d(160), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(160, 130), nn.BatchNorm1d(130), nn.ReLU(), nn.Linear(130, 7),
    )  # fmt: skip
    opt = optim.Adam(model.parameters())
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((200, 96), np.float32), rng.integers(0, 7, 200)

    def step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    program = compiled(step, x, y).program
    state = [p.data for p in model.parameters()]
    homes = {id(r.buffer.home): r.buffer.home for e in program.events for r in e.outs}
    homes = [home for home in homes.values() if home is not None]
    start, results = [home.copy() for home in homes], []
    for replay in (lambda: program.replay_alone(), lambda: shared(program)):
        for home, copy in zip(homes, start, strict=True):
            np.copyto(home, copy)
        for _ in range(40):
            replay()
        results.append([array.tobytes() for array in (*state, *homes)])
    assert results[0] == results[1]


@pytest.mark.parametrize("threads", [2, 5], indirect=True)
def test_nothing_runs_after_a_check_that_found_something(threads: int) -> None:
    weight = ag.tensor(np.ones((400, 400), np.float32), requires_grad=True)
    norm = nn.BatchNorm1d(400)
    opt = optim.SGD([weight], lr=0.1)

    def step(x: Any) -> None:
        opt.zero_grad()
        (norm(x) @ weight).sum().backward()
        opt.step()

    x = np.random.default_rng(0).standard_normal((400, 400), np.float32)
    program = compiled(step, x).program
    table = program.bound.table
    checks = np.flatnonzero(table[:, ADDRESS] == 0)
    assert len(checks)
    x[3, 5] = math.nan
    np.copyto(program.inputs[0], x)
    before = weight.data.copy()
    for _ in range(20):
        assert shared(program) == checks[0]
    assert (weight.data == before).all()
    later = table[checks[0] + 1 :]
    assert (later[later[:, PARTS] > 1, AFTER] > checks[0]).all()
