"""The same spaces on Optuna: suggest, Prune, several workers of which one is killed."""

import math
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from autograd_core import nn, optim, train

optuna = pytest.importorskip("optuna")
FAIL, RUNNING = optuna.trial.TrialState.FAIL, optuna.trial.TrialState.RUNNING
PRUNED = optuna.trial.TrialState.PRUNED

SPACE = {
    "lr": train.Log(1e-4, 1),
    "beta": train.OneMinus(1e-3, 0.5),
    "width": train.Whole(8, 128, log=True),
    "depth": train.Whole(1, 4),
    "p": train.Uniform(0, 0.5),
    "act": train.Choice(nn.ReLU, nn.Tanh),
    "norm": train.Choice(None, "batch", 3),
}


@pytest.fixture(autouse=True)
def quiet():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(before)


def random_study(**options):
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(0), **options)


def test_scales_are_optunas_distributions():
    study = random_study()
    study.optimize(lambda trial: train.suggest(trial, SPACE)["lr"], 1)
    d = optuna.distributions
    assert study.trials[0].distributions == {
        "lr": d.FloatDistribution(1e-4, 1, log=True),
        "1 - beta": d.FloatDistribution(1e-3, 0.5, log=True),
        "width": d.IntDistribution(8, 128, log=True),
        "depth": d.IntDistribution(1, 4),
        "p": d.FloatDistribution(0, 0.5),
        "act": d.CategoricalDistribution(("ReLU", "Tanh")),
        "norm": d.CategoricalDistribution((None, "batch", 3)),
    }


def test_what_is_suggested_is_as_search_draws_it():
    trial = optuna.trial.FixedTrial(
        {"lr": 0.1, "1 - beta": 0.25, "width": 9, "depth": 2, "p": 0.5}
        | {"act": "Tanh", "norm": None}
    )
    assert train.suggest(trial, SPACE) == {
        "lr": 0.1, "beta": 0.75, "width": 9, "depth": 2, "p": 0.5, "act": nn.Tanh,
        "norm": None,
    }  # fmt: skip


def test_spaces_that_are_none():
    trial = optuna.trial.FixedTrial({})
    with pytest.raises(ValueError, match="suggest: the space is empty"):
        train.suggest(trial, {})
    with pytest.raises(TypeError, match="suggest: 'lr' must be a scale"):
        train.suggest(trial, {"lr": (0, 1)})
    same = train.Choice([1], [1])
    with pytest.raises(ValueError, match=r"\[1\], \[1\]\) has options of one name"):
        train.suggest(trial, {"x": same})


# Pruning ---------------------------------------------------------------------------


RNG = np.random.default_rng(0)
Y = np.arange(120) % 3
X = (RNG.standard_normal((120, 4)) + 2 * np.eye(3, 4)[Y]).astype("f4")
TRAIN, VALID = (X[:90], Y[:90]), (X[90:], Y[90:])


def fit(trial, lr, *others, epochs=4, valid=VALID, prune=None, **options):
    model = nn.Linear(4, 3)
    opt = optim.SGD(model.parameters(), lr)
    callbacks = [prune or train.Prune(trial), *others]
    loss = nn.functional.cross_entropy
    return train.fit(
        model, opt, loss, TRAIN, valid, epochs=epochs, callbacks=callbacks, **options
    )


class Below(optuna.pruners.BasePruner):
    """Prunes a rate that is small, after two epochs."""

    def prune(self, study, trial):
        return trial.params["lr"] < 1e-2 and trial.last_step >= 2


class Closed(train.Callback):
    """Notes which hooks a run has come to."""

    def __init__(self):
        self.seen = []

    def end(self, run):
        self.seen.append("end")

    def close(self, run):
        self.seen.append("close")


def test_pruned_trials_go_through_fit_to_the_study():
    study, closed = random_study(pruner=Below()), {}

    def objective(trial):
        seen = closed[trial.number] = Closed()
        lr = train.suggest(trial, {"lr": SPACE["lr"]})["lr"]
        return fit(trial, lr, seen).last("valid_loss")

    study.optimize(objective, 12)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    pruned = [t for t in study.trials if t.state == PRUNED]
    assert 0 < len(pruned) < 12
    for trial in study.trials:
        small = trial.params["lr"] < 1e-2
        assert (trial.state == PRUNED) == small
        assert len(trial.intermediate_values) == (2 if small else 4)
        assert closed[trial.number].seen == ["end", "close"][small:]


def test_what_is_reported_is_the_column():
    study = random_study(pruner=optuna.pruners.NopPruner(), direction="maximize")

    def objective(trial):
        column = train.Prune(trial, "valid_accuracy")
        metrics = {"accuracy": train.accuracy}
        history = fit(trial, 0.1, prune=column, metrics=metrics)
        trial.set_user_attr("column", history["valid_accuracy"])
        return history.last("valid_accuracy")

    study.optimize(objective, 1)
    (trial,) = study.trials
    assert list(trial.intermediate_values.values()) == trial.user_attrs["column"]


def test_one_for_several_folds_counts_on():
    study = random_study(pruner=optuna.pruners.NopPruner())

    def objective(trial):
        prune = train.Prune(trial)
        return sum(
            fit(trial, 0.1, prune=prune, epochs=3).last("valid_loss") for _ in range(2)
        )

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study.optimize(objective, 1)
    assert list(study.trials[0].intermediate_values) == [1, 2, 3, 4, 5, 6]


def test_a_resumed_fit_reports_its_own_epochs(tmp_path):
    study = random_study(pruner=optuna.pruners.NopPruner())

    def objective(trial):
        path = tmp_path / "run.safetensors"
        fit(trial, 0.1, train.Checkpoint(path), epochs=2)
        return fit(trial, 0.1, train.Checkpoint(path), epochs=4, resume=path).last(
            "valid_loss"
        )

    study.optimize(objective, 1)
    assert list(study.trials[0].intermediate_values) == [1, 2, 3, 4]


def test_ctrl_c_ends_the_study_not_one_fit(tmp_path):
    class Press(train.Callback):
        def step(self, run):
            if run.step == 3:
                signal.raise_signal(signal.SIGINT)

    path = tmp_path / "run.safetensors"
    study = random_study()

    def objective(trial):
        more = [Press(), train.Checkpoint(path)] if trial.number == 2 else []
        return fit(trial, 0.1, *more).last("valid_loss")

    with pytest.raises(KeyboardInterrupt):
        study.optimize(objective, 9)
    assert len(study.trials) == 3
    assert study.trials[2].state == FAIL
    assert train.load(path)["step"] == 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


REFUSED = [
    (
        "minimize",
        "valid_accuracy",
        ValueError,
        "better larger, the study goes the other",
    ),
    ("maximize", "valid_loss", ValueError, r'create_study\(direction="minimize"\)'),
    ("minimize", "valid_auc", KeyError, "no column 'valid_auc'; .* valid_accuracy"),
]


@pytest.mark.parametrize(("direction", "monitor", "kind", "message"), REFUSED)
def test_prune_that_cannot_be_right(direction, monitor, kind, message):
    trial, closed = random_study(direction=direction).ask(), Closed()
    prune, metrics = train.Prune(trial, monitor), {"accuracy": train.accuracy}
    with pytest.raises(kind, match=message):
        fit(trial, 0.1, closed, prune=prune, metrics=metrics)
    assert closed.seen == []  # before the first step


def test_prune_without_validation_or_a_single_objective():
    with pytest.raises(KeyError, match="Prune: no column 'valid_loss'"):
        fit(random_study().ask(), 0.1, valid=None)
    several = optuna.create_study(directions=["minimize", "minimize"])
    with pytest.raises(ValueError, match="several objectives"):
        fit(several.ask(), 0.1)


def test_prune_outside_of_a_study():
    trial = optuna.trial.FixedTrial({})
    assert len(fit(trial, 0.1, prune=train.Prune(trial, "loss")).rows) == 4


def test_epochs_without_validation_are_not_reported():
    study = random_study(pruner=Below())

    def objective(trial):
        trial.suggest_float("lr", 0.1, 1)
        return fit(trial, 0.1, epochs=5, valid_every=2).last("valid_loss")

    study.optimize(objective, 1)
    assert list(study.trials[0].intermediate_values) == [2, 4, 5]


def test_without_optuna(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r"autograd-core\[tune\]"):
        fit(None, 0.1)


# A study as a Search ---------------------------------------------------------------


def test_a_study_is_shown_as_a_search(tmp_path):
    study = random_study(direction="maximize")

    def objective(trial):
        params = train.suggest(trial, SPACE)
        if trial.number == 3:
            raise optuna.TrialPruned
        if trial.number == 4:
            raise FloatingPointError("diverged")
        return -abs(math.log10(params["lr"] / 0.03)) + (params["act"] is nn.Tanh) / 99

    study.optimize(objective, 40, catch=(FloatingPointError,))
    study.ask()  # still running
    found = train.from_study(study, SPACE)
    assert len(found) == 40
    assert found.maximize
    assert (found.best.number, found.best.score) == (
        study.best_trial.number, study.best_value,
    )  # fmt: skip
    beta = 1 - study.best_params["1 - beta"]
    assert found.best.params["beta"] == beta
    assert found.best.params["act"] in (nn.ReLU, nn.Tanh)
    assert [t.error for t in found.trials[-2:]] == ["pruned", "fail"]
    assert next(iter(found.importance())) == "lr"
    found.plot(tmp_path / "study.png")
    with pytest.raises(ValueError, match="no trial was finished"):
        train.from_study(study, {"other": SPACE["lr"]}).best  # noqa: B018


def test_importance_agrees_with_optunas_about_what_matters_most():
    pytest.importorskip("sklearn")
    space = {name: SPACE[name] for name in ("lr", "p", "width")}
    study = random_study()

    def objective(trial):
        params = train.suggest(trial, space)
        return math.log10(params["lr"] / 0.01) ** 2 + 4 * params["p"]

    study.optimize(objective, 60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fanova = optuna.importance.FanovaImportanceEvaluator(n_trees=16, seed=0)
        theirs = optuna.importance.get_param_importances(study, evaluator=fanova)
    assert list(train.from_study(study, space).importance())[:2] == list(theirs)[:2]


# Several workers, one of them killed -----------------------------------------------


WORKER = """
import pathlib, sys, time
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from autograd_core import train

optuna.logging.set_verbosity(optuna.logging.ERROR)
folder, name, wanted = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def objective(trial):
    lr = train.suggest(trial, {"lr": train.Log(1e-4, 1)})["lr"]
    print(trial.number, flush=True)
    time.sleep(60 if name == "victim" else 0.05)
    return lr

storage = JournalStorage(JournalFileBackend(str(folder / "study.log")))
study = optuna.create_study(study_name="s", storage=storage, load_if_exists=True)
states = optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED
enough = optuna.study.MaxTrialsCallback(wanted, states=states)
study.optimize(objective, callbacks=[enough])
"""


def test_a_study_outlives_a_killed_worker(tmp_path):
    (tmp_path / "worker.py").write_text(WORKER)

    def start(name, wanted, **options):
        command = [sys.executable, tmp_path / "worker.py", tmp_path, name, str(wanted)]
        return subprocess.Popen(command, text=True, **options)

    victim = start("victim", 12, stdout=subprocess.PIPE)
    lost = int(victim.stdout.readline())
    others = [start(f"worker {i}", 12, stdout=subprocess.DEVNULL) for i in range(2)]
    victim.kill()
    victim.wait()
    victim.stdout.close()
    assert [other.wait(60) for other in others] == [0, 0]

    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "study.log"))
    storage = optuna.storages.JournalStorage(backend)
    study = optuna.load_study(study_name="s", storage=storage)
    complete = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    assert len(complete) in (12, 13)  # two may end at the same time
    assert [t.number for t in study.get_trials(states=[RUNNING])] == [lost]

    params = study.trials[lost].params
    assert train.requeue(study) == [lost]
    assert train.requeue(study) == []
    study.optimize(
        lambda trial: train.suggest(trial, {"lr": train.Log(1e-4, 1)})["lr"], 1
    )
    assert study.trials[lost].state == FAIL
    again = study.trials[-1]
    assert (again.params, again.value) == (params, params["lr"])
    assert again.user_attrs == {"retried_trial": lost}
    assert len(train.from_study(study, {"lr": train.Log(1e-4, 1)})) == len(study.trials)


@pytest.mark.slow
def test_a_database_knows_a_dead_worker_by_its_heartbeat(tmp_path):
    """As docs/tuning.md says it; needs SQLAlchemy, which Optuna brings."""
    url = f"sqlite:///{tmp_path / 'study.db'}"
    code = f"""
import optuna, time, warnings
warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
storage = optuna.storages.RDBStorage({url!r}, heartbeat_interval=1)
study = optuna.create_study(study_name="s", storage=storage)
def objective(trial):
    trial.suggest_float("lr", 0, 1)
    print("on", flush=True)
    time.sleep(60)
study.optimize(objective, 1)
"""
    victim = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout.readline() == "on\n"
    victim.kill()
    victim.wait()
    victim.stdout.close()
    time.sleep(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # heartbeats are called experimental
        storage = optuna.storages.RDBStorage(
            url,
            heartbeat_interval=1,
            failed_trial_callback=optuna.storages.RetryFailedTrialCallback(),
        )
        study = optuna.load_study(study_name="s", storage=storage)
        study.optimize(lambda trial: trial.suggest_float("lr", 0, 1), 1)
    lost, again = study.trials
    assert lost.state == FAIL
    assert again.params == lost.params
