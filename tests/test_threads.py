"""The team, and when a Program uses it: interrupts, no more threads, timing."""

from __future__ import annotations

import dis
import math
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.program.cost import BRIEF, nanoseconds
from autograd_core.threads import (
    GAIN,
    LEAST_REST,
    PRICE,
    TRIALS,
    Helper,
    ShareOrNot,
    ThreadTeam,
    teams,
)
from autograd_kernels import elementwise
from autograd_kernels.driver import replay as native

STEP = elementwise.fill.traits.step


@pytest.fixture
def team() -> Iterator[ThreadTeam]:
    made = ThreadTeam(3)
    yield made
    made.close()


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = ag.get_num_threads()
    ag.set_num_threads(2)
    yield
    ag.set_num_threads(before)


def works(team: ThreadTeam) -> bool:
    """Whether all of a launch in five parts is done."""
    out, seven = np.zeros(5 * STEP - 1), np.full(1, 7.0)
    team.run(elementwise.fill, out.size, (seven, out))
    return bool((out == 7).all())


# Interrupts ---------------------------------------------------------------------------


def signal_points(code: CodeType) -> set[int]:
    """Where CPython runs signal handlers: after calls, and where a frame goes on."""
    found = list(dis.get_instructions(code))
    return {
        after.offset
        for before, after in pairwise(found)
        if before.opname.startswith(("CALL", "RESUME"))
    }


def interrupted(function: Any, step: int, event: str = "line") -> bool:
    """Raise KeyboardInterrupt before the ``step``-th line, or opcode, that runs.

    Lines are those of threads.py. Opcodes are those of all that is called, where a
    signal handler may run.
    """
    count = 0

    def watch(frame: Any, seen: str, arg: Any) -> Any:
        nonlocal count
        if event == "opcode":
            frame.f_trace_opcodes = True
            counts = frame.f_lasti in signal_points(frame.f_code)
        else:
            counts = frame.f_code.co_filename.endswith("autograd_core/threads.py")
        if seen == event and counts:
            count += 1
            if count == step:
                raise KeyboardInterrupt
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        function()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_an_interrupt_at_any_line_leaves_the_team_free() -> None:
    line = 1
    while True:
        team = ThreadTeam(3)
        again = interrupted(lambda team=team: works(team), line)
        assert team.memory[native.TAKEN] == 0
        assert works(team)
        assert len(team.helpers) == 2
        assert team.lock.acquire(blocking=False)
        team.lock.release()
        team.close()
        if not again:
            break
        line += 1
    assert line > 10


def test_an_interrupt_at_any_opcode_leaves_a_helper_to_be_called(
    team: ThreadTeam,
) -> None:
    """Also inside what wakes it: a lock of Python's could stay taken."""
    assert works(team)
    step = 1
    while interrupted(lambda: team.wake(2), step, "opcode"):
        step += 1
        until = time.monotonic() + 10
        while not all(helper.parked for helper in team.helpers):
            assert time.monotonic() < until
            time.sleep(1e-4)
    assert step > 3
    closing = threading.Thread(target=team.close, daemon=True)
    closing.start()
    closing.join(10)
    assert not closing.is_alive()


def free(lock: Any) -> bool:
    """Whether another thread can have a lock."""
    found: list[bool] = []

    def take() -> None:
        found.append(lock.acquire(blocking=False))
        if found[0]:
            lock.release()

    other = threading.Thread(target=take)
    other.start()
    other.join()
    return found[0]


def test_an_interrupt_at_any_opcode_leaves_a_compiled_function_free() -> None:
    settling = ag.compile(lambda x: x)._settling

    def take() -> None:
        with settling._mine() as mine:
            assert mine

    step = 1
    while interrupted(take, step, "opcode"):
        assert free(settling._lock), step
        step += 1
    assert step > 10


@pytest.mark.parametrize(
    "seconds", [2, pytest.param(60, marks=pytest.mark.slow)], ids="{}s".format
)
def test_alarms_at_random_moments(seconds: int) -> None:
    """Whatever step of Python they come after: see `alarms_run`."""
    script = Path(__file__).with_name("alarms_run.py")
    done = subprocess.run(
        [sys.executable, str(script), str(seconds), "0"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120 + 2 * seconds,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) > seconds


def test_an_input_taken_where_it_was_is_forgotten(two_threads: None) -> None:
    """Also if an interrupt came before the Program let go of it."""
    values = np.random.default_rng(0).standard_normal((400, 200)).astype(np.float32)
    total = ag.compile(lambda x: np.exp(x).sum(0))
    for _ in range(3):
        expected = total(values).data.tobytes()
    program = total.program
    assert program.relocations.inputs
    program.relocations.enter((np.zeros_like(values),))
    assert total(np.asfortranarray(values)).data.tobytes() == expected


def test_whoever_finds_the_team_taken_works_alone(team: ThreadTeam) -> None:
    team.memory[native.TAKEN] = 1
    assert works(team)
    assert team.memory[native.TAKEN] == 1
    team.memory[native.TAKEN] = 0
    assert works(team)
    assert team.memory[native.TAKEN] == 0


def test_set_num_threads_waits_for_nobody(two_threads: None) -> None:
    teams.current.memory[native.TAKEN] = 1
    ag.set_num_threads(3)
    assert works(teams.current)


def test_a_closed_team_starts_no_more_threads(team: ThreadTeam) -> None:
    assert works(team)
    assert len(team.helpers) == 2
    team.close()
    assert works(team)
    assert not team.helpers


# No more threads ----------------------------------------------------------------------


@pytest.mark.parametrize("room", [0, 1])
def test_without_more_threads_the_caller_does_the_rest(
    room: int, team: ThreadTeam, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, started = threading.Thread.start, []

    def limited(thread: threading.Thread) -> None:
        if isinstance(thread, Helper):
            if len(started) >= room:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    for _ in range(3):
        assert works(team)
        assert len(team.helpers) == room
    assert team.size == 3


# Alone or shared ----------------------------------------------------------------------


def calls(pace: ShareOrNot, count: int, alone: float, shared: float) -> list[bool]:
    """Which of ``count`` calls that take so many seconds are shared."""
    chosen = []
    for _ in range(count):
        chosen.append(pace.share())
        pace.took(shared if chosen[-1] else alone, chosen[-1])
    return chosen


@pytest.mark.parametrize("seconds", [5e-5, 0.1])
@pytest.mark.parametrize(("factor", "faster"), [(0.5, True), (1.0, False), (2, False)])
def test_pace_settles_on_the_faster_way_after_a_cold_start(
    seconds: float, factor: float, faster: bool
) -> None:
    pace = ShareOrNot()
    pace.took(10 * seconds, shared=pace.share())  # pages fault in
    chosen = calls(pace, 60, seconds, factor * seconds)
    assert chosen[-20:] == [faster] * 20
    assert chosen.count(not faster) <= 2 * TRIALS


def test_helpers_that_come_late_in_the_first_round_are_waited_for() -> None:
    pace = ShareOrNot()
    took = iter([1.0, 0.1] + [0.05] * 60)  # one wakes, one comes too late, both help
    chosen = []
    for _ in range(20):
        chosen.append(pace.share())
        pace.took(next(took) if chosen[-1] else 0.1, chosen[-1])
    assert chosen == [False] * 2 + [True] * 18


def test_a_gain_too_small_for_another_core_is_none() -> None:
    assert not any(calls(ShareOrNot(), 60, 1e-4, 1.01 * GAIN * 1e-4)[-20:])
    assert all(calls(ShareOrNot(), 60, 1e-4, 0.99 * GAIN * 1e-4)[-20:])


@pytest.mark.parametrize("factor", [0.3, 1.3, 10, 100])
def test_trials_of_the_slower_way_cost_little(factor: float) -> None:
    alone, shared, count = 1e-4, factor * 1e-4, 100_000
    chosen = calls(ShareOrNot(), count, alone, shared)
    best = min(alone, shared)
    lost = sum((shared if c else alone) - best for c in chosen)
    assert lost <= 2 * PRICE * count * best


def test_a_round_begins_again_when_things_change() -> None:
    pace = ShareOrNot()
    assert not any(calls(pace, 100, 1e-4, 2e-4)[-20:])
    assert all(calls(pace, 1000, 1e-4, 5e-5)[-20:])
    assert not any(calls(pace, 1000, 1e-4, 3e-4)[-20:])


def test_sharing_that_has_lost_what_it_won_ends_at_once() -> None:
    pace = ShareOrNot()
    calls(pace, 3 * TRIALS, 1e-4, 5e-5)
    assert pace.chosen
    chosen = calls(pace, LEAST_REST // 2, 1e-4, 4e-3)
    assert sum(chosen) == 1


def test_a_call_stopped_once_in_a_while_does_not_end_it() -> None:
    pace = ShareOrNot()
    chosen = []
    for i in range(20_000):
        chosen.append(pace.share())
        took = (4e-3 if i % 500 == 499 else 5e-5) if chosen[-1] else 1e-4
        pace.took(took, chosen[-1])
    assert sum(chosen) > 0.8 * len(chosen)


# Programs too brief to share ----------------------------------------------------------


@pytest.mark.parametrize(("n", "brief"), [(32, True), (64, True), (160, False)])
def test_a_brief_program_is_the_same_on_any_number_of_threads(
    n: int, brief: bool, two_threads: None
) -> None:
    values = np.random.default_rng(0).standard_normal((n, n)).astype(np.float32)
    product = ag.compile(lambda x: x @ x)
    expected = (ag.tensor(values) @ ag.tensor(values)).data.tobytes()
    for _ in range(30):
        assert product(values).data.tobytes() == expected
    program = product.program
    assert (sum(map(nanoseconds, program.events)) < BRIEF) is brief
    assert program.brief is brief
    assert program.bound.shared is not brief
    ag.set_num_threads(5)
    assert product(values).data.tobytes() == expected
    assert product.recordings == (2 if brief else 3)


def test_typical_of_nothing_is_never_chosen() -> None:
    pace = ShareOrNot()
    assert pace.alone == math.inf
    assert not pace.share()
