"""train.search: draws, rounds, failures, what a score returns, Ctrl-C."""

import itertools
import math
import signal
import threading

import numpy as np
import pytest
from search_cases import SPACE, bowl, press_at, told

import autograd_core as ag
from autograd_core import nn, optim, train


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
    (train.History(), {}, ValueError, "no epochs"),
    (train.History([{"loss": 1.0}]), {}, KeyError, "no column 'valid_loss'"),
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


def test_a_history_of_nothing_but_nan_is_a_failure():
    history = train.History([{"valid_loss": math.nan}] * 2)
    found = train.search(lambda x: history, {"x": SPACE["p"]}, 2)
    assert [trial.error for trial in found.trials] == ["the score is nan"] * 2


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
    found = train.search(lambda lr: fitted(digits, lr), space, 12)
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
    ({"space": {}}, ValueError, "the space is empty"),
    ({"space": [("lr", 1)]}, TypeError, "must map names to scales"),
    ({"space": {"lr": (1e-4, 1)}}, TypeError, r"'lr' must be a scale .* \(0\.0001, 1"),
    ({"space": {"lr": train.Log}}, TypeError, "with its bounds\\), got Log"),
    ({"space": {3: SPACE["lr"]}}, TypeError, "names must be str, got 3"),
    ({"space": {"score": SPACE["lr"]}}, ValueError, r"\['score'\] name columns"),
    ({"space": {"rate": SPACE["lr"]}}, TypeError, r"score\(lr\) .* \(rate\)"),
    (
        {"score": lambda lr, width: 0},
        TypeError,
        "missing a required argument: 'width'",
    ),
    ({"score": 3.0}, TypeError, "must be a function .*got 3.0"),
    ({"trials": 0}, ValueError, "trials must be a whole number >= 1, got 0"),
    ({"trials": True}, ValueError, "got True"),
    ({"trials": 2.5}, ValueError, r"got 2\.5"),
    ({"refine": -1}, ValueError, "refine must be a whole number >= 0"),
    ({"seed": -1}, ValueError, "seed"),
    ({"seed": None}, ValueError, "seed must be a whole number >= 0, got None"),
    ({"monitor": "valid_kappa"}, ValueError, "a larger or a smaller 'valid_kappa'"),
    ({"path": "/no/such/folder/s.jsonl"}, FileNotFoundError, "no/such/folder"),
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
