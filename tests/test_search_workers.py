"""train.search in several processes: the same rows, whatever becomes of them."""

import itertools
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from search_cases import SPACE, bowl, told

import autograd_core as ag
from autograd_core import nn, optim, train
from autograd_core.random import default_generator
from autograd_core.train.tuning import workers as workers_file

UNIT = {"x": train.Uniform(0, 1)}
RNG = np.random.default_rng(0)
Y = np.arange(90) % 3
X = (RNG.standard_normal((90, 4)) + 2 * np.eye(3, 4)[Y]).astype("f4")


def fitted(lr, p):
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(p), nn.Linear(8, 3))
    opt, loss = optim.Adam(model.parameters(), lr), nn.functional.cross_entropy
    return train.fit(model, opt, loss, (X, Y), (X, Y), epochs=2)


FITTED = {"lr": train.Log(1e-4, 1), "p": train.Uniform(0, 0.5)}


def timeless(found):
    for trial in found.trials:
        trial.values.pop("seconds", None)  # of a history
    return repr(told(found.trials))


@pytest.mark.parametrize(("score", "space"), [(bowl, SPACE), (fitted, FITTED)])
def test_the_rows_are_the_same_whatever_the_number(score, space, tmp_path):
    one = train.search(score, space, 6, refine=1)
    before = default_generator.get_state().tolist()
    for workers in (2, 9):
        path = tmp_path / f"{workers}.jsonl"
        many = train.search(score, space, 6, refine=1, workers=workers, path=path)
        assert timeless(many) == timeless(one)
        again = train.search(score, space, 6, refine=1, path=path)  # all from the file
        assert timeless(again) == timeless(one)
    assert default_generator.get_state().tolist() == before
    assert not multiprocessing.active_children()


def test_where_processes_are_not_forked(monkeypatch):
    monkeypatch.setattr(workers_file, "FORKS", False)
    with pytest.raises(TypeError, match="score must be a function of a module"):
        train.search(lambda x: x, UNIT, 3, workers=2)
    found = train.search(bowl, SPACE, 3, workers=2)
    assert told(found.trials) == told(train.search(bowl, SPACE, 3).trials)


def test_trials_are_taken_side_by_side_and_share_the_threads():
    def score(x):
        time.sleep(0.3)
        return {"x": x, "process": os.getpid(), "threads": ag.get_num_threads()}

    start, threads = time.perf_counter(), ag.get_num_threads()
    found = train.search(score, UNIT, 8, workers=8, monitor="x", maximize=False)
    assert time.perf_counter() - start < 8 * 0.3
    processes = {trial.values["process"] for trial in found.trials}
    assert len(processes) == 8
    assert os.getpid() not in processes
    assert {t.values["threads"] for t in found.trials} == {max(1, threads // 8)}


def dying(path, times, how):
    """A score that ends its process in one trial, so many times."""

    def score(x):
        if x == worst and len(list(path.glob("*"))) < times:
            (path / str(os.getpid())).touch()
            how()
        return x

    worst = max(t.score for t in train.search(lambda x: x, UNIT, 6).trials)
    return score


WAYS = {
    "SIGKILL": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda: os._exit(0),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_worker_that_dies_loses_nothing(way, tmp_path):
    whole = train.search(lambda x: x, UNIT, 6)
    found = train.search(dying(tmp_path, 1, WAYS[way]), UNIT, 6, workers=2)
    assert told(found.trials) == told(whole.trials)


def test_a_trial_that_kills_each_worker_is_a_row(tmp_path):
    killing = dying(tmp_path, 99, WAYS["SIGKILL"])
    found = train.search(killing, UNIT, 6, workers=2)
    *good, bad = found.trials
    assert told(good) == told(train.search(lambda x: x, UNIT, 6).trials[:-1])
    assert bad.error == "its worker died twice (exit code -9)"
    assert math.isnan(bad.score)
    assert len(list(tmp_path.glob("*"))) == 2


def test_all_die():
    found = train.search(lambda x: os._exit(3), UNIT, 3, workers=2)
    assert all(t.error.endswith("twice (exit code 3)") for t in found.trials)


class OddError(Exception):
    def __init__(self, one, two):
        super().__init__(one)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (KeyError("k"), KeyError),
        (OddError(1, 2), RuntimeError),
        (SystemExit(2), SystemExit),
    ],
)
def test_errors_come_out_with_what_is_finished(error, kind, tmp_path):
    path = tmp_path / "s.jsonl"
    first = train.search(lambda x: x, UNIT, 8).trials
    params = [t.params["x"] for t in sorted(first, key=lambda t: t.number)]

    def score(x):
        if x == params[5]:
            while path.read_bytes().count(b"\n") < 4:
                time.sleep(0.01)
            raise error
        return x

    with pytest.raises(kind) as caught:
        train.search(score, UNIT, 8, workers=3, path=path)
    notes = "\n".join(caught.value.__notes__)
    assert "in a worker process" in notes
    assert "raise error" in notes
    assert "in trial 5" in notes
    if isinstance(error, Exception):
        assert len(caught.value.search) >= 3
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("score", [lambda x: "a", lambda x: [x, x]])
def test_what_is_no_score_is_refused(score):
    with pytest.raises(TypeError, match="expected a number"):
        train.search(score, UNIT, 3, workers=2)


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2", True, None])
def test_numbers_of_workers_that_are_none(workers):
    with pytest.raises(ValueError, match="workers must be a whole number >= 1, got"):
        train.search(bowl, SPACE, 2, workers=workers)


def press_at(path, lines):
    """Ctrl-C as soon as a file has so many lines."""

    def wait():
        while not path.exists() or path.read_bytes().count(b"\n") < lines:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()


def test_ctrl_c_ends_all_workers_and_returns_what_is_finished(tmp_path):
    order = itertools.count()
    slow = [t.params["x"] for t in train.search(lambda x: x, UNIT, 12).trials[6:]]

    def score(x):
        next(order)
        if x in slow:
            time.sleep(60)
        return x

    path = tmp_path / "s.jsonl"
    press_at(path, 4)
    start = time.perf_counter()
    found = train.search(score, UNIT, 12, workers=8, path=path)
    assert time.perf_counter() - start < 30  # and not 60
    assert found.interrupted
    assert 3 <= len(found) <= 6
    assert next(order) == 0
    assert not multiprocessing.active_children()
    found = train.search(lambda x: x, UNIT, 12, path=path)
    assert told(found.trials) == told(train.search(lambda x: x, UNIT, 12).trials)


KILLED = """
import os, sys, time
from autograd_core import train
def score(x):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(0.1)
    return x
train.search(score, {"x": train.Uniform(0, 1)}, 30, workers=3, path=sys.argv[1])
"""


def runs(pid):
    """Whether there is such a process, and it is no zombie."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return False


def test_a_killed_search_leaves_no_process_and_goes_on(tmp_path):
    path, script = tmp_path / "s.jsonl", tmp_path / "s.py"
    script.write_text(KILLED)
    run = [sys.executable, "-W", "error", script, path]
    with subprocess.Popen(run, stdout=subprocess.PIPE) as process:
        workers = {int(process.stdout.readline()) for _ in range(9)}
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert len(workers) == 3
    ends = time.monotonic() + 10
    while any(map(runs, workers)):
        assert time.monotonic() < ends
        time.sleep(0.02)
    calls = itertools.count()
    found = train.search(lambda x: x + 0 * next(calls), UNIT, 30, path=path)
    assert next(calls) < 30 - 3
    assert told(found.trials) == told(train.search(lambda x: x, UNIT, 30).trials)
