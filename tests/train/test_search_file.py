"""train.search's file: cut, killed, damaged, of another search, of two."""

import itertools
import json
import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from search_cases import SPACE, bowl, press_at, told

from autograd_core import nn, train


@pytest.fixture
def whole(tmp_path):
    """(path, the bytes of a search that was never stopped, its trials)."""
    path = tmp_path / "study.jsonl"
    found = train.search(bowl, SPACE, trials=8, refine=1, path=path)
    return path, path.read_bytes(), told(found.trials)


def test_a_line_is_on_the_disk_before_the_next_trial(tmp_path):
    path, seen = tmp_path / "s.jsonl", []

    def score(x):
        seen.append(path.read_bytes().count(b"\n"))
        return x

    train.search(score, {"x": SPACE["p"]}, 4, path=path)
    assert seen == [1, 2, 3, 4]


def test_cut_anywhere_it_goes_on_to_the_same_rows(whole):
    path, data, rows = whole
    head = data.index(b"\n") + 1
    for cut in [0, 9, head - 1, *range(head, len(data), 37), len(data) - 1, len(data)]:
        path.write_bytes(data[:cut])
        calls = itertools.count()

        def score(calls=calls, **params):
            next(calls)
            return bowl(**params)

        found = train.search(score, SPACE, trials=8, refine=1, path=path)
        assert told(found.trials) == rows, cut
        done = max(data[:cut].count(b"\n") - 1, 0)
        assert next(calls) == 16 - done, cut
        again = [json.loads(line) for line in path.read_bytes().splitlines()[1:]]
        assert [row["trial"] for row in again] == list(range(16))


def test_more_trials_or_rounds_go_on(tmp_path):
    path, space = tmp_path / "s.jsonl", {"x": train.Uniform(0, 1)}
    for trials, refine in ((3, 0), (6, 0), (6, 1), (6, 2)):
        done = path.read_bytes().count(b"\n") - 1 if path.exists() else 0
        calls = itertools.count()
        found = train.search(
            lambda x, calls=calls: x + next(calls) * 0,
            space,
            trials,
            0,
            refine,
            path=path,
        )
        assert next(calls) == trials * (1 + refine) - done
        plain = train.search(lambda x: x, space, trials, 0, refine)
        assert told(found.trials) == told(plain.trials)
    assert len(train.search(lambda x: x, space, 4, path=path)) == 4  # and fewer


def test_numbers_and_failures_come_back(tmp_path):
    results = [
        {"a": 0.1 + 0.2, "b": math.nan},
        {"a": 5e-324, "b": math.inf},
        {"a": math.nan, "b": 1.0},
    ]
    path, calls = tmp_path / "s.jsonl", itertools.count()
    space = {"x": train.Choice(nn.ReLU, nn.Tanh), "y": SPACE["lr"]}

    def score(x, y):
        return results[next(calls)]

    found = [
        train.search(score, space, 3, path=path, monitor="a", maximize=False)
        for _ in range(2)
    ]
    first, again = (repr(told(f.trials)) for f in found)
    assert first == again


def test_ctrl_c_leaves_a_file_that_goes_on(tmp_path):
    path, space = tmp_path / "s.jsonl", {"x": train.Uniform(0, 1)}
    cut = train.search(press_at(4), space, 9, path=path)
    assert cut.interrupted
    found = train.search(lambda x: x, space, 9, path=path)
    assert told(found.trials) == told(train.search(lambda x: x, space, 9).trials)


def changed(data, at, make):
    """The file with one row changed."""
    lines = data.splitlines(keepends=True)
    lines[at] = make(lines[at])
    return b"".join(lines)


OTHER_SEARCHES = [
    ({"seed": 1}, "was searched with seed=0, this search has 1"),
    ({"space": {**SPACE, "lr": train.Log(1e-3, 1)}}, "was searched with space="),
    ({"maximize": True}, "maximize=False"),
    ({"monitor": "valid_loss"}, "monitor=None"),
    ({"trials": 4}, "has trial 4 in round 0, with trials=4 it is of round 1"),
]


@pytest.mark.parametrize(("given", "message"), OTHER_SEARCHES)
def test_the_file_of_another_search(whole, given, message):
    path, data, _ = whole
    call = {"score": bowl, "space": SPACE, "trials": 8, "refine": 1, **given}
    with pytest.raises(ValueError, match=message):
        train.search(**call, path=path)
    assert path.read_bytes() == data


DAMAGED = [
    (lambda data: b"lr,score\n0.1,2\n", "is no file of train.search"),
    (lambda data: b"\x93NUMPY", "is no file of train.search"),
    (lambda data: b'{"search": 2}\n', "is no file of train.search"),
    (lambda data: b"\n", "is no file of train.search"),
    (lambda data: b"lr,score", "is no file of train.search"),
    *(
        (lambda data, make=make: changed(data, 3, make), message)
        for make, message in [
            (lambda line: line[:20] + b"\n", "line 4 .* is damaged"),
            (lambda line: b"[]\n", "line 4 .* is damaged"),
            (lambda line: b"\n", "line 4 .* is damaged"),
            (lambda line: 2 * line, "line 5 .* has trial 2 for the second time"),
        ]
    ),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGED)
def test_damaged_files_are_said_and_left_alone(whole, damage, message):
    path, data, _ = whole
    path.write_bytes(damage(data))
    with pytest.raises(ValueError, match=message):
        train.search(bowl, SPACE, trials=8, refine=1, path=path)
    assert path.read_bytes() == damage(data)


KILLED = """
import sys, time
import numpy as np
from autograd_core import nn, optim, train

rng = np.random.default_rng(0)
y = np.arange(120) % 3
x = (rng.standard_normal((120, 4)) + 2 * np.eye(3, 4)[y]).astype("f4")

def score(lr, p):
    layers = nn.Linear(4, 8), nn.Dropout(p), nn.ReLU(), nn.Linear(8, 3)
    model = nn.Sequential(*layers)
    opt = optim.Adam(model.parameters(), lr)
    data = (x[:90], y[:90]), (x[90:], y[90:])
    print("trial", flush=True)
    return train.fit(model, opt, nn.functional.cross_entropy, *data, epochs=3)

space = {"lr": train.Log(1e-4, 1), "p": train.Uniform(0, 0.5)}
path = sys.argv[1] if len(sys.argv) > 1 else None
found = train.search(score, space, trials=10, refine=1, path=path)
for trial in sorted(found.trials, key=lambda t: t.number):
    print(trial.number, trial.round, trial.params, trial.score)
"""


def test_killed_searches_end_with_the_same_bits(tmp_path):
    (tmp_path / "s.py").write_text(KILLED)
    run = [sys.executable, "-W", "error", tmp_path / "s.py"]
    path, rng = tmp_path / "s.jsonl", np.random.default_rng(0)

    def rows(text):
        return [line for line in text.splitlines() if line != "trial"]

    expected = rows(subprocess.check_output(run, text=True))
    assert len(expected) == 20
    killed = 0
    for _ in range(3):
        with subprocess.Popen([*run, path], stdout=subprocess.PIPE) as process:
            for _ in range(rng.integers(2, 7)):
                process.stdout.readline()
            time.sleep(rng.uniform(0, 0.01))
            process.kill()
        killed += process.returncode == -signal.SIGKILL
    assert killed == 3
    last = subprocess.check_output([*run, path], text=True)
    assert last.count("trial\n") < 20
    assert rows(last) == expected


@pytest.mark.skipif(os.name == "nt", reason="no limits there")
def test_a_full_disk_loses_no_trial(tmp_path):
    path = tmp_path / "s.jsonl"
    code = (
        "import resource\nfrom autograd_core import train\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (600, -1))\n"
        "space = {'x': train.Uniform(0, 1)}\n"
        f"try: train.search(lambda x: x, space, 20, path={str(path)!r})\n"
        "except OSError as error: print(len(error.search), error.search.best.number)"
    )
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    finished, best = map(int, said.split())
    assert path.stat().st_size == 600
    assert finished == path.read_bytes().count(b"\n")  # head, and one that was cut
    space, calls = {"x": train.Uniform(0, 1)}, itertools.count()
    plain = train.search(lambda x: x, space, finished)
    assert plain.best.number == best
    found = train.search(lambda x: x + 0 * next(calls), space, finished, path=path)
    assert (told(found.trials), next(calls)) == (told(plain.trials), 1)


@pytest.mark.skipif(os.name == "nt", reason="no locks there")
def test_two_processes_on_one_file(tmp_path):
    path = tmp_path / "s.jsonl"
    code = (
        "from autograd_core import train\n"
        "def score(x):\n print('on', flush=True); input(); return x\n"
        f"train.search(score, {{'x': train.Uniform(0, 1)}}, 2, path={str(path)!r})"
    )
    ours = {"score": lambda x: x, "space": {"x": train.Uniform(0, 1)}, "trials": 2}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as it:
        it.stdout.readline()
        with pytest.raises(BlockingIOError, match="another process is searching"):
            train.search(**ours, path=path)
        it.kill()
    assert len(train.search(**ours, path=path)) == 2
