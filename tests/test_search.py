"""train.search: scales, draws, rounds, failures, its file, its table and picture."""

import itertools
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import scipy.stats

import autograd_core as ag
from autograd_core import nn, optim, train
from autograd_core.train.tuning.importance import explained

SPACE = {
    "lr": train.Log(1e-4, 1),
    "beta": train.OneMinus(1e-3, 0.5),
    "width": train.Whole(8, 128, log=True),
    "depth": train.Whole(1, 4),
    "p": train.Uniform(0, 0.5),
    "act": train.Choice("relu", "tanh"),
}


def bowl(lr, beta, width, depth, p, act):
    """Best at lr = 0.03; the rest hardly matters; large rates diverge."""
    if lr > 0.5:
        raise FloatingPointError("the loss is not finite")
    return math.log10(lr / 0.03) ** 2 + 1e-3 * width / 128 + 1e-3 * (act == "relu")


def told(trials):
    """What must be the same again: all but the seconds."""
    return [
        (t.number, t.round, t.params, repr(t.score), t.values, t.error) for t in trials
    ]


# Scales ----------------------------------------------------------------------------

EVEN = {  # scale, what is spread evenly between which ends
    "Uniform": (train.Uniform(-1, 3), lambda v: v, -1, 3),
    "Log": (train.Log(1e-4, 1), math.log10, -4, 0),
    "OneMinus": (train.OneMinus(1e-3, 0.5), lambda v: math.log(1 - v),
                 math.log(1e-3), math.log(0.5)),
    "Whole": (train.Whole(3, 9), lambda v: v, 2.5, 9.5),
    "Whole log": (train.Whole(100, 9000, log=True), math.log,
                  math.log(99.5), math.log(9000.5)),
}  # fmt: skip
PLACES = (np.arange(20_000) + 0.5) / 20_000


@pytest.mark.parametrize("kind", EVEN)
def test_a_scale_is_even(kind):
    scale, on_scale, low, high = EVEN[kind]
    values = np.array([on_scale(scale.at(place)) for place in PLACES])
    quantiles = np.quantile(values, [0.1, 0.25, 0.5, 0.75, 0.9])
    expected = low + (high - low) * np.array([0.1, 0.25, 0.5, 0.75, 0.9])
    np.testing.assert_allclose(
        quantiles, expected, atol=0.5 if kind == "Whole" else 0.004 * (high - low)
    )


@pytest.mark.parametrize("kind", EVEN)
def test_place_and_value_are_inverse(kind):
    scale = EVEN[kind][0]
    for place in (0.0, 0.013, 0.5, 0.77, math.nextafter(1, 0)):
        value = scale.at(place)
        again = scale.at(min(scale.position(value), math.nextafter(1, 0)))
        np.testing.assert_allclose(again, value, rtol=1e-12)


@pytest.mark.parametrize("log", [False, True])
def test_whole_numbers_are_all_drawn(log):
    scale = train.Whole(1, 5, log=log)
    counts = np.bincount([scale.at(place) for place in PLACES], minlength=6)[1:]
    edges = np.arange(0.5, 6)
    shares = np.diff(np.log(edges) if log else edges)
    np.testing.assert_allclose(counts / len(PLACES), shares / shares.sum(), atol=1e-4)
    assert type(scale.at(0.3)) is int


def test_choices_are_even_and_may_be_anything():
    options = (nn.ReLU, None, 0, [64, 32])
    scale = train.Choice(*options)
    drawn = [scale.index(scale.at(place)) for place in PLACES]
    assert set(np.bincount(drawn)) == {5000}
    assert [scale.at(scale.position(o)) for o in options] == list(options)
    assert repr(scale) == "Choice(ReLU, None, 0, [64, 32])"


def test_ends_stay_within():
    for scale in (train.Log(0.1, 0.3), train.Uniform(0.1, 0.3)):
        for place in (0.0, 1.0, math.nextafter(1, 0)):
            assert 0.1 <= scale.at(place) <= 0.3
    wide = train.Uniform(-1.7e308, 1.7e308)
    assert wide.at(0.5) == 0
    assert wide.position(1.7e308) == 1


AROUND = [
    (train.Log(1e-4, 1), [1e-2, 1e-1], (10**-2.2, 10**-0.8)),
    (train.Uniform(0, 10), [2, 3], (1.5, 3.5)),
    (train.Uniform(0, 10), [0, 0.1], (0, 0.6)),
    (train.OneMinus(1e-4, 0.1), [0.99, 0.999], (10**-3.15, 10**-1.85)),
]


@pytest.mark.parametrize(("scale", "best", "bounds"), AROUND)
def test_the_part_around_values(scale, best, bounds):
    part = scale.around(best)
    assert type(part) is type(scale)
    np.testing.assert_allclose((part.low, part.high), bounds, rtol=1e-9)


def test_the_part_around_whole_numbers_and_choices():
    assert train.Whole(8, 128, log=True).around([16, 32]) == train.Whole(
        14, 37, log=True
    )
    assert train.Whole(1, 4).around([2]) == train.Whole(1, 3)
    assert train.Whole(1, 2).around([1, 1]) == train.Whole(1, 2)
    choice = train.Choice("a", "b", "c").around(["c", "a", "c"])
    assert choice.options == ("a", "c")
    assert train.Choice("a", [1]).around([[1]]).options == ([1],)


def test_a_range_narrows_as_far_as_floats_go():
    for scale in (train.Uniform(0.1, 0.9), train.Log(0.1, 0.9), SPACE["beta"]):
        for _ in range(300):
            part = scale.around([scale.at(0.5)])
            assert scale.low <= part.low < part.high <= scale.high
            scale = part


SCALES_REFUSED = [
    (lambda: train.Uniform(1, 1), ValueError, "low < high"),
    (lambda: train.Uniform(2, 1), ValueError, r"got 2\.0 and 1\.0"),
    (lambda: train.Uniform(0, math.inf), ValueError, "finite"),
    (lambda: train.Uniform("0", 1), ValueError, "finite numbers as bounds, got '0'"),
    (lambda: train.Uniform(0, True), ValueError, "got True"),
    (lambda: train.Uniform(0, None), ValueError, "got None"),
    (lambda: train.Log(0, 1), ValueError, "a logarithmic scale has no 0"),
    (lambda: train.Log(-1, 1), ValueError, "0 < low"),
    (lambda: train.Log(1, 0.1), ValueError, "Log: expected low < high"),
    (lambda: train.Log(math.nan, 1), ValueError, "got nan"),
    (lambda: train.OneMinus(0.9, 0.999), ValueError, r"OneMinus\(0\.001, 0\.1\)"),
    (lambda: train.OneMinus(0, 0.5), ValueError, "0 < low"),
    (lambda: train.OneMinus(0.1, 2), ValueError, "bounds of 1 - value"),
    (lambda: train.Whole(8.0, 128), TypeError, r"whole numbers, got 8\.0"),
    (lambda: train.Whole(8, 8), ValueError, "low < high"),
    (lambda: train.Whole(0, 8, log=True), ValueError, "1 <= low"),
    (lambda: train.Choice(), ValueError, "at least one option"),
    (lambda: train.Choice(["relu", "tanh"]), TypeError, r"Choice\(\*options\)"),
]


@pytest.mark.parametrize(("make", "kind", "message"), SCALES_REFUSED)
def test_scales_that_are_none(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


# The search ------------------------------------------------------------------------


def test_it_finds_the_best_and_says_it():
    found = train.search(bowl, SPACE, trials=40)
    assert len(found) == 40
    assert found.best.params == found.trials[0].params
    assert 0.02 < found.best.params["lr"] < 0.045
    scores = [trial.score for trial in found.trials if not trial.failed]
    assert scores == sorted(scores)
    assert [bowl(**t.params) for t in found.trials if not t.failed] == scores
    assert bowl(**found.best.params) == found.best.score


def test_what_is_drawn_follows_from_seed_and_number():
    few, many = (train.search(bowl, SPACE, trials=n).trials for n in (7, 20))
    assert told(few) == told(t for t in many if t.number < 7)
    turned = dict(reversed([*SPACE.items()]))
    one, other = (train.search(bowl, s, trials=9) for s in (SPACE, turned))
    assert [t.params for t in one.trials] == [t.params for t in other.trials]
    lr = {seed: train.search(lambda lr: lr, {"lr": SPACE["lr"]}, 5, seed).best.score
          for seed in range(4)}  # fmt: skip
    assert len(set(lr.values())) == 4
    rounds = train.search(bowl, SPACE, 20, refine=1).trials
    assert told(many) == told(t for t in rounds if t.round == 0)


def test_rounds_close_in_on_the_best():
    found = train.search(bowl, SPACE, trials=40, refine=2)
    assert [t.round for t in sorted(found.trials, key=lambda t: t.number)] == (
        [0] * 40 + [1] * 40 + [2] * 40
    )
    far = [
        max(abs(math.log(t.params["lr"] / 0.03)) for t in found.trials if t.round == r)
        for r in range(3)
    ]
    assert far[0] > 3 * far[1] > 6 * far[2]
    plain = train.search(bowl, SPACE, trials=120)
    assert found.best.score < plain.best.score


def test_maximize_turns_it():
    space = {"x": train.Uniform(0, 1)}
    found = train.search(lambda x: x, space, 30, maximize=True, refine=1)
    assert found.best.score == max(t.score for t in found.trials) > 0.98
    assert found.trials[-1].score == min(t.score for t in found.trials)


DIVERGED = {
    "raised": (FloatingPointError("loss is NaN in step 3"), "loss is NaN in step 3"),
    "empty": (FloatingPointError(), "FloatingPointError"),
    "nan": (math.nan, "the score is nan"),
    "inf": (math.inf, "the score is inf"),
    "-inf": (-math.inf, "the score is -inf"),
    "float32": (np.float32("nan"), "the score is nan"),
}


@pytest.mark.parametrize("how", DIVERGED)
def test_a_diverged_trial_is_a_row(how):
    result, message = DIVERGED[how]

    def score(x):
        if x < 0.5:
            return x
        if isinstance(result, Exception):
            raise result
        return result

    found = train.search(score, {"x": train.Uniform(0, 1)}, 20)
    failed = [t for t in found.trials if t.failed]
    assert 0 < len(failed) < 20
    assert found.trials[-len(failed) :] == failed
    assert {t.error for t in failed} == {message}
    assert all(math.isnan(t.score) for t in failed)
    assert message in str(train.search(score, {"x": train.Uniform(0.6, 1)}, 2))


def test_without_any_score():
    found = train.search(lambda x: math.nan, {"x": train.Uniform(0, 1)}, 3, refine=1)
    assert len(found) == 6
    assert repr(found) == "Search: 6 trials, 6 without a score"
    with pytest.raises(ValueError, match="no trial has a score; trial 0: the score is"):
        found.best  # noqa: B018
    with pytest.raises(ValueError, match="no trial has a score"):
        found.plot()


def test_another_exception_hands_over_the_rows():
    calls = itertools.count()

    def score(x):
        if next(calls) == 3:
            raise RuntimeError("no such data set")
        return x

    with pytest.raises(RuntimeError, match="no such data set") as caught:
        train.search(score, {"x": train.Uniform(0, 1)})
    assert len(caught.value.search) == 3
    assert "in trial 3 with {'x': " in caught.value.__notes__[0]


RETURNED = {
    "int": (3, 3.0),
    "array": (np.array([2.5]), 2.5),
    "Tensor": (ag.tensor(2.5), 2.5),
    "float32": (np.float32(0.5), 0.5),
    "one of a dict": ({"valid_loss": 1.5}, 1.5),
}


@pytest.mark.parametrize("what", RETURNED)
def test_what_a_score_may_return(what):
    given, score = RETURNED[what]
    assert train.search(lambda x: given, {"x": SPACE["p"]}, 1).best.score == score


NOT_RETURNED = [
    (None, {}, TypeError, "score returned None; expected a number"),
    ("0.3", {}, TypeError, "score returned '0.3'"),
    (True, {}, TypeError, "score returned True"),
    (np.zeros(2), {}, TypeError, "expected a number"),
    ({"a": 1.0, "b": 2.0}, {}, ValueError, r"\['a', 'b'\]: say which .* monitor="),
    ({"a": 1.0}, {"monitor": "loss"}, ValueError, "no 'loss' .* there are: a"),
    ({"a": "x"}, {}, TypeError, "score returned 'a': 'x'"),
    ({}, {}, ValueError, "say which"),
    (train.History(), {}, ValueError, "without epochs"),
    (train.History([{"loss": 1.0}]), {}, ValueError, "no 'valid_loss'"),
    (train.History([{"valid_loss": 1.0}]), {"maximize": True}, ValueError, "monitor="),
]


@pytest.mark.parametrize(("result", "options", "kind", "message"), NOT_RETURNED)
def test_what_a_score_may_not_return(result, options, kind, message):
    with pytest.raises(kind, match=message) as caught:
        train.search(lambda x: result, {"x": SPACE["p"]}, 3, **options)
    assert len(caught.value.search) == 0


HISTORY = train.History(
    [
        {"loss": 3.0, "valid_loss": 2.0, "valid_accuracy": 0.5, "valid_kappa": 0.1},
        {"loss": 2.0, "valid_loss": 1.0, "valid_accuracy": 0.6, "valid_kappa": 0.2},
        {
            "loss": 1.0,
            "valid_loss": 1.5,
            "valid_accuracy": 0.7,
            "valid_kappa": math.nan,
        },
    ]
)
MONITORED = [
    ({}, 1.0, 2),
    ({"monitor": "valid_accuracy"}, 0.7, 3),
    ({"monitor": "valid_accuracy", "maximize": False}, 0.5, 1),
    ({"monitor": "valid_kappa", "maximize": True}, 0.2, 2),
    ({"monitor": "loss"}, 1.0, 3),
]


@pytest.mark.parametrize(("options", "score", "epoch"), MONITORED)
def test_the_best_epoch_of_a_history(options, score, epoch):
    best = train.search(lambda x: HISTORY, {"x": SPACE["p"]}, 1, **options).best
    assert best.score == score
    assert best.values == {**HISTORY.rows[epoch - 1], "epoch": epoch}


def test_a_dict_keeps_its_other_numbers():
    score = {"valid_loss": 0.5, "valid_accuracy": 0.9}
    found = train.search(
        lambda x: score, {"x": SPACE["p"]}, 2, monitor="valid_accuracy"
    )
    assert found.maximize
    assert found.best.score == 0.9
    row = found.rows[0]
    assert (row["valid_loss"], row["score"], row["x"]) == (
        0.5, 0.9, found.best.params["x"],
    )  # fmt: skip


@pytest.fixture
def digits():
    rng = np.random.default_rng(0)
    y = np.arange(120) % 3
    x = (rng.standard_normal((120, 4)) + 2 * np.eye(3, 4)[y]).astype("f4")
    return (x[:90], y[:90]), (x[90:], y[90:])


def fitted(data, lr, p=0.2):
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(p), nn.ReLU(), nn.Linear(8, 3))
    opt = optim.SGD(model.parameters(), lr)
    return train.fit(model, opt, nn.functional.cross_entropy, *data, epochs=2)


def test_fits_and_trials_that_diverge(digits):
    space = {"lr": train.Log(1e-2, 1e39)}
    with np.errstate(all="ignore"):
        found = train.search(lambda lr: fitted(digits, lr), space, 12, seed=1)
    failed = [t for t in found.trials if t.failed]
    assert 0 < len(failed) < 12
    assert found.best.values["valid_loss"] == found.best.score < 1.2


def test_a_trial_does_not_depend_on_those_before(digits):
    """Initial weights and dropout masks come from the trial's own seed."""
    space = {"lr": train.Log(1e-2, 1)}
    before = ag.random.default_generator.get_state()
    all_, calls = (
        train.search(lambda lr: fitted(digits, lr), space, 4),
        itertools.count(),
    )
    np.testing.assert_array_equal(ag.random.default_generator.get_state(), before)
    third = train.search(
        lambda lr: fitted(digits, lr) if next(calls) == 3 else 9.0, space, 4
    )
    alone, among = (next(t for t in s.trials if t.number == 3) for s in (third, all_))
    assert alone.score == among.score


CALLS_REFUSED = [
    (dict(space={}), ValueError, "the space is empty"),
    (dict(space=[("lr", 1)]), TypeError, "must map names to scales"),
    (dict(space={"lr": (1e-4, 1)}), TypeError, r"'lr' must be a scale .* \(0\.0001, 1"),
    (dict(space={"lr": train.Log}), TypeError, "with its bounds\\), got Log"),
    (dict(space={3: SPACE["lr"]}), TypeError, "names must be str, got 3"),
    (dict(space={"score": SPACE["lr"]}), ValueError, r"\['score'\] name columns"),
    (dict(space={"rate": SPACE["lr"]}), TypeError, r"score\(lr\) .* \(rate\)"),
    (
        dict(score=lambda lr, width: 0),
        TypeError,
        "missing a required argument: 'width'",
    ),
    (dict(score=3.0), TypeError, "must be a function .*got 3.0"),
    (dict(trials=0), ValueError, "trials must be a whole number >= 1, got 0"),
    (dict(trials=True), ValueError, "got True"),
    (dict(trials=2.5), ValueError, r"got 2\.5"),
    (dict(refine=-1), ValueError, "refine must be a whole number >= 0"),
    (dict(seed=-1), ValueError, "seed"),
    (dict(seed=None), ValueError, "seed must be a whole number >= 0, got None"),
    (dict(monitor="valid_kappa"), ValueError, "a larger or a smaller 'valid_kappa'"),
    (dict(path="/no/such/folder/s.jsonl"), FileNotFoundError, "no/such/folder"),
]


@pytest.mark.parametrize(("given", "kind", "message"), CALLS_REFUSED)
def test_calls_that_are_refused_before_the_first_trial(given, kind, message):
    def score(lr):
        raise AssertionError("called")

    call = {"score": score, "space": {"lr": SPACE["lr"]}, **given}
    with pytest.raises(kind, match=message):
        train.search(**call)


def test_scores_of_other_forms():
    class Object:
        def __call__(self, x, extra=1):
            return x

    for score in (Object(), lambda **params: params["x"]):
        assert len(train.search(score, {"x": SPACE["p"]}, 1)) == 1


# Ctrl-C ----------------------------------------------------------------------------


def press_at(trial, swallow=False):
    """A score function during whose call of that number Ctrl-C is pressed."""
    calls = itertools.count()

    def score(x):
        if next(calls) == trial:
            try:
                signal.raise_signal(signal.SIGINT)
                time.sleep(0)  # the signal is handled at the next opportunity
            except BaseException:
                if not swallow:
                    raise
        return x

    return score


@pytest.mark.parametrize("swallow", [False, True])
def test_ctrl_c_ends_the_search_not_one_trial(swallow):
    found = train.search(press_at(4, swallow), {"x": train.Uniform(0, 1)}, 50)
    assert found.interrupted
    assert len(found) == 4
    assert "4 trials, interrupted; best" in repr(found)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_in_a_fit_ends_the_search(digits):
    """Also where the score is a number: the search cannot see that it was cut."""

    class Press(train.Callback):
        def step(self, run):
            if run.step == 3:
                signal.raise_signal(signal.SIGINT)

    def score(lr):
        model = nn.Linear(4, 3)
        opt = optim.SGD(model.parameters(), lr)
        called = [Press()] if next(calls) == 2 else []
        loss = nn.functional.cross_entropy
        history = train.fit(model, opt, loss, *digits, epochs=2, callbacks=called)
        return history.last("valid_loss")

    calls = itertools.count()
    found = train.search(score, {"lr": SPACE["lr"]}, 50)
    assert (len(found), found.interrupted) == (2, True)


def test_an_interrupted_history_ends_it_too():
    """As a fit returns where the program handles Ctrl-C in a way of its own."""
    cut = train.History([{"valid_loss": 1.0}], train.INTERRUPTED)
    found = train.search(lambda x: cut, {"x": SPACE["p"]}, 5)
    assert (len(found), found.interrupted) == (0, True)
    assert repr(found) == "Search: 0 trials, interrupted"
    with pytest.raises(ValueError, match="no trial was finished"):
        found.best  # noqa: B018


def test_in_another_thread():
    found = []
    work = threading.Thread(
        target=lambda: found.append(train.search(bowl, SPACE, trials=3))
    )
    work.start()
    work.join()
    assert len(found[0]) == 3


# Its file --------------------------------------------------------------------------


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
    for cut in [0, *range(head, len(data), 37), len(data) - 1, len(data)]:
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
    (dict(seed=1), "was searched with seed=0, this search has 1"),
    (dict(space={**SPACE, "lr": train.Log(1e-3, 1)}), "was searched with space="),
    (dict(maximize=True), "maximize=False"),
    (dict(monitor="valid_loss"), "monitor=None"),
    (dict(trials=4), "has trial 4 in round 0, with trials=4 it is of round 1"),
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
    (lambda data: data[: data.index(b"\n") // 2], "is no file of train.search"),
    (lambda data: changed(data, 3, lambda line: line[:20] + b"\n"), "line 4 .* damaged"),
    (lambda data: changed(data, 3, lambda line: b"[]\n"), "line 4 .* damaged"),
    (lambda data: changed(data, 3, lambda line: b"\n"), "line 4 .* damaged"),
    (lambda data: changed(data, 3, lambda line: b""), "line 4 .* has trial 3, expected 2"),
    (lambda data: changed(data, 3, lambda line: 2 * line), "line 5 .* trial 2, expected 3"),
]  # fmt: skip


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


# Table, importance, picture --------------------------------------------------------


def test_how_it_shows_itself():
    found = train.search(bowl, SPACE, trials=15)
    line = repr(found)
    assert line.startswith("Search: 15 trials, 1 without a score; best score 0.0")
    assert "\n" not in line
    lines = str(found).splitlines()
    assert lines[0] == line
    assert lines[1].split() == ["trial", "score", *SPACE]
    assert len(lines) == 13
    assert lines[-1] == "... and 5 more in .trials"
    assert lines[2].split()[0] == str(found.best.number)
    page = found._repr_html_()
    assert page.count("<tr>") == 11
    assert "<th>width</th>" in page
    assert (
        "&lt;b&gt;"
        in train.search(lambda x: 0.0, {"x": train.Choice("<b>")}, 1)._repr_html_()
    )


def test_rows_are_a_table():
    pandas = pytest.importorskip("pandas")
    found = train.search(bowl, SPACE, trials=15)
    frame = pandas.DataFrame(found.rows)
    assert list(frame) == ["trial", "round", "score", *SPACE, "seconds", "error"]
    assert frame.loc[0, "score"] == found.best.score
    assert frame["score"].isna().sum() == 1


def test_importance_says_what_mattered():
    found = train.search(bowl, SPACE, trials=100)
    shares = found.importance()
    assert next(iter(shares)) == "lr"
    assert shares["lr"] > 0.8
    assert all(share < 0.15 for name, share in shares.items() if name != "lr")
    space = {"x": train.Uniform(0, 1), "kind": train.Choice("a", "b", "c")}
    by_kind = train.search(lambda x, kind: "abc".index(kind) + x / 9, space, 80)
    assert by_kind.importance()["kind"] > 0.85
    turned = train.search(
        lambda x, kind: -"abc".index(kind) - x / 9, space, 80, maximize=True
    )
    assert turned.importance() == by_kind.importance()


def test_importance_sees_what_diverges():
    def score(x, y):
        if y > 0.5:
            raise FloatingPointError("diverged")
        return 1.0 + 1e-3 * x

    space = {"x": train.Uniform(0, 1), "y": train.Uniform(0, 1)}
    assert train.search(score, space, 60).importance()["y"] > 0.5


def test_importance_is_epsilon_squared():
    """F-test of SciPy: epsilon^2 = (F - 1) / (F + (n - k) / (k - 1))."""
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 4, 50)
    values = rng.standard_normal(50) + groups
    f = scipy.stats.f_oneway(*(values[groups == g] for g in range(4))).statistic
    np.testing.assert_allclose(
        explained(values, groups), (f - 1) / (f + 46 / 3), rtol=1e-12
    )


def test_importance_of_noise_and_of_little():
    rng = np.random.default_rng(0)
    shares = [
        train.search(lambda x: rng.random(), {"x": SPACE["p"]}, 60, s).importance()["x"]
        for s in range(20)
    ]
    assert np.mean(shares) < 0.06
    few = train.search(lambda x: x, {"x": SPACE["p"]}, 9).importance()
    assert math.isnan(few["x"])
    same = train.search(lambda x: 1.0, {"x": SPACE["p"]}, 20).importance()
    assert same["x"] == 0


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_picture(tmp_path, ending):
    found = train.search(bowl, SPACE, trials=20, refine=1)
    path = tmp_path / f"search.{ending}"
    figure = found.plot(path)
    assert path.stat().st_size > 5000
    shares = found.importance()
    named = {"beta": "1 - beta"}
    assert [ax.get_xlabel() for ax in figure.axes] == [named.get(n, n) for n in shares]
    by_name = dict(zip(shares, figure.axes, strict=True))
    assert by_name["lr"].get_title() == f"explains {shares['lr']:.0%}"
    logs = {name for name, ax in by_name.items() if ax.get_xscale() == "log"}
    assert logs == {"lr", "beta", "width"}
    assert {ax.get_yscale() for ax in figure.axes} == {"log"}
    failed = [t.params["lr"] for t in found.trials if t.failed]
    assert failed
    assert by_name["lr"].get_xlim()[1] > max(failed)
    drawn = sum(len(dots.get_offsets()) for dots in by_name["lr"].collections)
    assert drawn == len(found) + 1  # and the star


def test_pictures_of_one_parameter_and_of_negative_scores(tmp_path):
    train.search(lambda x: -x, {"x": SPACE["p"]}, 1).plot(tmp_path / "one.png")
    found = train.search(lambda x: -x, {"x": SPACE["p"]}, 12, maximize=True)
    (ax,) = train.plot_search(found).axes
    assert ax.get_yscale() == "linear"


# Progress --------------------------------------------------------------------------


@pytest.mark.parametrize("tqdm", [True, False])
def test_progress_says_the_best_so_far(tqdm, capsys, monkeypatch):
    if not tqdm:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    train.search(lambda x: 0.25, {"x": SPACE["p"]}, 3, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err
    assert "best 0.25" in err
    train.search(lambda x: 0.25, {"x": SPACE["p"]}, 3)
    assert capsys.readouterr() == ("", "")
