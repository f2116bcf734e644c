"""User's callbacks that keep what they count in ``__init__`` only start anew too."""

import collections
import copy
import pickle
import random
from dataclasses import dataclass, field

import numpy as np
import pytest
from train_net import blobs, fit

from autograd_core import train


class Counter(train.Callback):
    """Changes an attribute of every kind, and says what a run has left in them."""

    keeps = ("all_epochs",)

    def __init__(self, log, patience=3, noise=1.0):
        self.log, self.patience, self.noise = log, patience, noise
        self.steps, self.best, self.text = 0, float("inf"), "|"
        self.losses, self.seen, self.queue = [], set(), collections.deque(maxlen=2)
        self.counts, self.nested = collections.Counter(), {"a": [0, {"b": [1]}]}
        self.array, self.rng = np.zeros(3), np.random.default_rng(0)
        self.all_epochs, self.fold, self.pair = [], 0, ([], 0)
        self.random = random.Random(0)

    def start(self, run):
        self.started = getattr(self, "started", 0) + 1

    def step(self, run):
        self.steps += 1
        self.noise *= 0.5
        self.draw = self.rng.random(), self.random.random()
        self.pair[0].append(self.steps)
        self.array[0] += 1
        self.nested["a"][1]["b"][0] += 1
        self.counts["step"] += 1

    def epoch(self, run):
        self.best = min(self.best, self.steps)
        self.text += "|"
        for container in (self.losses, self.queue, self.all_epochs, self.log):
            container.append(run.epoch)
        self.seen.add(self.steps)

    def found(self):
        kept = (
            "log",
            "all_epochs",
            "patience",
            "fold",
            "_between_runs",
            "rng",
            "random",
        )
        return {n: repr(v) for n, v in vars(self).items() if n not in kept}


def again(callback, epochs=3):
    fit(data=blobs(), epochs=epochs, callbacks=[callback])
    return callback.found()


def test_nothing_that_a_run_changes_is_seen_by_the_next():
    used, log = Counter([]), []
    first, *later = [again(used) for _ in range(3)]
    assert later == [first] * 2
    assert again(used, 2) == again(Counter(log), 2)
    assert used.all_epochs == used.log == [1, 2, 3] * 3 + [1, 2]
    assert log == [1, 2]


def raising(run):
    raise KeyError


@pytest.mark.parametrize("moment", ["check", "start", "step", "epoch", "end", "close"])
def test_a_run_that_failed_leaves_nothing_either(moment):
    used, fresh = Counter([]), Counter([])
    setattr(used, moment, raising)
    with pytest.raises(KeyError):
        again(used)
    delattr(used, moment)
    used.patience = 7
    assert again(used) == again(fresh)
    assert used.patience == 7


def by_pickle(callback):
    return pickle.loads(pickle.dumps(callback))  # noqa: S301


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, by_pickle])
def test_copies_of_a_used_callback_start_anew(copied):
    used = Counter([])
    first = again(used)
    assert again(copied(used)) == first


def test_what_somebody_sets_between_two_runs_stays():
    used = Counter([])
    again(used)
    used.patience, used.fold, used.noise, used.extra = 9, 4, 32.0, "new"
    again(used)
    assert (used.patience, used.fold, used.extra) == (9, 4, "new")
    noise = used.noise
    assert noise > Counter([]).noise * 0.5**used.steps
    again(used)
    assert used.noise == noise


def test_what_the_last_run_left_can_be_read_until_the_next():
    used = Counter([])
    again(used)
    held = used.losses
    assert held == [1, 2, 3]
    again(used, 1)
    assert (held, used.losses) == ([1, 2, 3], [1])


@dataclass
class Data(train.Callback):
    given: list
    losses: list = field(default_factory=list)
    steps: int = 0

    def step(self, run):
        self.steps += 1
        self.losses.append(run.step)
        self.given.append(run.step)


def test_a_dataclass_makes_its_lists_anew_and_keeps_those_it_was_given():
    used = Data([])
    for _ in range(2):
        fit(data=blobs(), epochs=3, callbacks=[used])
        assert (used.steps, used.losses) == (6, [1, 2, 3, 4, 5, 6])
    assert used.given == used.losses * 2


def test_one_name_to_keep_is_a_tuple():
    used = Counter([])
    used.keeps = "all_epochs"
    with pytest.raises(TypeError, match=r"keeps must be a tuple of names, as \('all"):
        again(used)


class Linked(train.Callback):
    def __init__(self):
        self.rows = self.current = []
        self.rows.append({"of": self.rows})

    def epoch(self, run):
        self.current.append(run.epoch)


def test_what_is_one_object_stays_one():
    used = Linked()
    for _ in range(3):
        fit(data=blobs(), epochs=2, callbacks=[used])
        assert used.rows is used.current is used.rows[0]["of"]
        assert used.rows[1:] == [1, 2]
