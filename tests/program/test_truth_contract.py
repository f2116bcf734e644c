"""What `ag.compile` says of itself: when a function runs, when it warns or raises."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
import warnings
from functools import partial
from typing import Any

import numpy as np
import pytest
from truth_plain import ORDINARY

import autograd_core as ag
from autograd_core import nn, optim

HERE = re.compile(r"test_truth_contract\.py:\d+")
X = np.arange(1, 5, dtype=np.float32)


def repeated(fast: Any, times: int) -> None:
    for _ in range(times):
        fast(X)


class Runs(dict[Any, int]):
    """How often functions really ran, by their code; Python's profiler counts."""

    def __missing__(self, code: Any) -> int:
        return 0

    def of(self, function: Any) -> int:
        """How often this function has run."""
        return self[getattr(function, "__func__", function).__code__]

    def count(self, frame: Any, event: str, _: Any) -> None:
        if event == "call":
            with LOCK:
                self[frame.f_code] += 1


LOCK = threading.Lock()


@pytest.fixture
def runs() -> Any:
    found, before = Runs(), sys.getprofile()
    sys.setprofile(found.count)
    threading.setprofile(found.count)
    yield found
    sys.setprofile(before)
    threading.setprofile(None)  # type: ignore[arg-type]


def scaled(x: Any, by: float = 2.0) -> Any:
    return x * by + 1.0


def really_ran(runs: Runs, calls: int, **options: Any) -> list[int]:
    """The calls, counted from 1, in which Python ran."""
    fast, before, found = ag.compile(scaled, **options), runs.of(scaled), []
    for at in range(1, calls + 1):
        assert fast(X).data.tolist() == (X * 2 + 1).tolist()
        now = runs.of(scaled)
        if now != before:
            assert now == before + 1, f"call {at} ran the function twice"
            found.append(at)
        before = now
    return found


def test_a_function_runs_in_two_calls_and_then_at_growing_distances(runs: Runs) -> None:
    assert really_ran(runs, 600) == [1, 2, 32, 512]


@pytest.mark.parametrize("every", [2, 4, 100])
def test_check_every_caps_the_distance(every: int, runs: Runs) -> None:
    found = really_ran(runs, 250, check_every=every)
    assert found[:2] == [1, 2]
    assert max(np.diff(found)) <= every
    assert len(found) <= 3 + 250 // every + 1


@pytest.mark.parametrize("bad", [0, -1, 1.5, "4"])
def test_check_every_is_a_positive_number(bad: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="check_every"):
        ag.compile(lambda x: x, check_every=bad)


def test_each_key_has_its_own_two_runs(runs: Runs) -> None:
    fast = ag.compile(scaled)
    for _ in range(10):
        for n in (2, 4):
            for by in (1.0, 2.0):
                assert fast(X[:n], by).data.tolist() == (X[:n] * by + 1).tolist()
    assert runs.of(scaled) == 8


def unsettled() -> Any:
    """A function that gives another thing each time."""
    numbers = iter(range(1000))
    return lambda x: x * next(numbers)


def test_what_does_not_settle_warns_once_and_stays_eager() -> None:
    fast = ag.compile(unsettled())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for n in range(50):
            assert fast(X).data.tolist() == (X * n).tolist()
    assert [w.category for w in caught] == [RuntimeWarning]
    assert HERE.search(str(caught[0].message))
    assert caught[0].filename == __file__  # the user's call, not the library's


def test_strict_raises_for_what_does_not_settle() -> None:
    fast = ag.compile(unsettled(), strict=True)
    with pytest.raises(RuntimeError, match=HERE):
        repeated(fast, 5)


def test_strict_is_silent_for_what_settles() -> None:
    fast = ag.compile(lambda x: x * 2.0, strict=True)
    for _ in range(40):
        assert fast(X).data.tolist() == (X * 2).tolist()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AG_TEST_SCALE", "2.0")
    return lambda value: monkeypatch.setenv("AG_TEST_SCALE", value)


def by_environment(x: Any) -> Any:
    return x * float(os.environ["AG_TEST_SCALE"])


def test_a_difference_after_trust_names_line_values_and_doubt(environment: Any) -> None:
    fast = ag.compile(by_environment, check_every=8)
    for _ in range(17):
        fast(X)
    environment("3.5")
    with pytest.raises(RuntimeError) as caught:
        repeated(fast, 16)
    text = str(caught.value)
    line = by_environment.__code__.co_firstlineno + 1
    assert f"test_truth_contract.py:{line}" in text
    assert "2.0" in text
    assert "3.5" in text
    assert re.search(r"\b\d+ (results?|calls?)\b", text)
    assert "doubt" in text


def test_after_a_difference_it_goes_on_right_or_raises(environment: Any) -> None:
    fast = ag.compile(by_environment, check_every=4)
    for _ in range(9):
        fast(X)
    environment("3.0")
    raised = 0
    for _ in range(30):
        try:
            y = fast(X)
        except RuntimeError:
            raised += 1
        else:
            assert not raised or y.data.tolist() == (X * 3).tolist()
    assert raised


def test_a_check_changes_nothing_but_once() -> None:
    def losses(compiled: bool) -> list[bytes]:
        ag.manual_seed(1)
        model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.3))
        opt = optim.Adam(model.parameters())

        def step(x: Any) -> Any:
            opt.zero_grad()
            loss = (model(x) ** 2).mean()
            loss.backward()
            opt.step()
            return loss

        fast = ag.compile(step, check_every=3) if compiled else step
        rng = np.random.default_rng(1)
        xs = rng.standard_normal((40, 6, 4)).astype(np.float32)
        out = [fast(x if compiled else ag.tensor(x)).data.tobytes() for x in xs]
        return out + [v.tobytes() for v in model.state_dict().values()]

    assert losses(True) == losses(False)


def test_profile_and_explain_change_nothing() -> None:
    w = ag.ones(4, requires_grad=True)

    def f(x: Any) -> Any:
        w.grad = None
        loss = (w * x).sum()
        loss.backward()
        return loss

    fast = ag.compile(f)
    for _ in range(4):
        fast(X)
    w.grad = ag.zeros(4)
    before = w.grad
    fast.program.profile()
    str(fast.program.explain())
    assert w.grad is before
    assert before.data.tolist() == [0, 0, 0, 0]


def in_threads(count: int, work: Any) -> None:
    errors: list[BaseException] = []

    def guarded(i: int) -> None:
        try:
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors[0]


def forty_calls(fast: Any, start: Any, inputs: list[Any], i: int) -> None:
    start.wait()
    for n in range(40):
        fast(inputs[(i + n) % len(inputs)])


@pytest.mark.parametrize("shapes", [1, 2])
@pytest.mark.parametrize("warm", [True, False])
def test_threads_lose_no_update(warm: bool, shapes: int) -> None:
    for _ in range(3):
        total = ag.zeros(1 << 16)

        def add(x: Any, total: Any = total) -> Any:
            total.add_(x.sum())
            return x.sum()

        fast, start = ag.compile(add), threading.Barrier(4)
        inputs = [np.ones(s + 1, np.float32) for s in range(shapes)]
        calls = [x for x in inputs for _ in range(3 if warm else 0)]
        for x in calls:
            fast(x)

        in_threads(4, partial(forty_calls, fast, start, inputs))
        each = 160 // shapes
        expected = sum(map(len, calls)) + sum(each * len(x) for x in inputs)
        assert set(total.data.tolist()) == {float(expected)}


def slow(x: Any) -> Any:
    time.sleep(0.01)
    return x * 2.0


def test_threads_record_once(runs: Runs) -> None:
    fast, start = ag.compile(slow), threading.Barrier(8)

    def work(i: int) -> None:
        start.wait()
        for _ in range(3):
            assert fast(X).data.tolist() == (X * 2).tolist()

    in_threads(8, work)
    assert runs.of(slow) == 2


def test_a_shape_in_use_is_not_forgotten(runs: Runs) -> None:
    fast = ag.compile(scaled)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in range(200):
            fast(X)
            fast(np.ones(5 + n, np.float32))
    # The 200 shapes run once each, unless that is found to be hopeless.
    assert runs.of(scaled) <= 204


@pytest.mark.slow
def test_recording_is_not_quadratic() -> None:
    def seconds(steps: int) -> float:
        w = ag.ones(4, 4)

        def f(x: Any) -> Any:
            for _ in range(steps):
                x = np.tanh(x @ w)
            return x

        fast = ag.compile(f)
        start = time.perf_counter()
        fast(X)
        fast(X)
        return time.perf_counter() - start

    seconds(10)
    assert seconds(4000) < 8 * max(seconds(1000), 0.05)


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_functions_are_replayed(name: str, runs: Runs) -> None:
    compiled: list[Any] = []

    def keep(function: Any) -> Any:
        compiled.append(function)
        return ag.compile(function)

    world = ORDINARY[name](keep)
    for n in range(24):
        world.f(*world.args(n))
    assert 1 <= runs.of(compiled[-1]) <= 4
