"""Steps that are taken in one native call: the bits of those taken one by one."""

import signal
import threading

import numpy as np
import pytest
from train_net import Hook, bits, blobs

import autograd_core as ag
from autograd_core import nn, optim, train
from autograd_core.program import cost
from autograd_core.random import default_generator
from autograd_core.train.replay import Steps

F = nn.functional
ROWS = 100


def net(kind, lr=1e-2):
    ag.manual_seed(0)
    first, inside = {
        "plain": ([], [nn.ReLU()]),
        "normalised": ([], [nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2)]),
        "normalised inputs": ([nn.BatchNorm1d(4)], [nn.ReLU(), nn.Dropout(0.2)]),
    }[kind]
    model = nn.Sequential(*first, nn.Linear(4, 8), *inside, nn.Linear(8, 3))
    return model, optim.Adam(model.parameters(), lr=lr)


def run(kind="plain", data=None, lr=1e-2, epochs=45, callbacks=(), **options):
    """Everything that a run leaves behind."""
    model, opt = net(kind, lr)
    data = blobs(ROWS) if data is None else data
    if not isinstance(data, train.Batches):
        options.setdefault("batch_size", 16)
    error = None
    try:
        history = train.fit(
            model, opt, F.cross_entropy, data, epochs=epochs,
            callbacks=[c(opt) for c in callbacks], **options,
        )  # fmt: skip
    except FloatingPointError as raised:
        error, history = str(raised), raised.history
    rows = [{k: v for k, v in r.items() if k != "seconds"} for r in history.rows]
    state = [(k, np.asarray(v).tobytes()) for k, v in flat(opt.state_dict())]
    grads = [None if p.grad is None else p.grad.numpy().tobytes() for p in opt.state]
    drawn = default_generator.get_state().tolist()
    return rows, bits(model), state, grads, drawn, error


def flat(tree, name=""):
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        if isinstance(value, dict | list | tuple):
            yield from flat(value, f"{name}.{key}")
        else:
            yield f"{name}.{key}", value


@pytest.fixture
def counted(monkeypatch):
    """How many steps each native call took; of none where they go one by one."""
    found = []
    at_once = Steps.at_once

    def count(self, number):
        taken = at_once(self, number)
        found.append(0 if taken is None else len(taken.losses))
        return taken

    monkeypatch.setattr(Steps, "at_once", count)
    return found


def one_by_one(monkeypatch, **options):
    with monkeypatch.context() as patch:
        patch.setattr(Steps, "at_once", lambda self, number: None)
        return run(**options)


def slower(run):
    run.opt.param_groups[0]["lr"] *= 0.9


X, Y = blobs(ROWS)
ACCURACY = {"accuracy": train.accuracy}
CASES = {
    "plain": {},
    "BatchNorm and dropout": {"kind": "normalised"},
    "an odd last batch": {"batch_size": 30},
    "a merged last batch": {"batch_size": 33},
    "float64": {"data": (X.astype("f8"), Y)},
    "metrics": {"metrics": ACCURACY},
    "validation": {"valid": 0.2, "metrics": ACCURACY},
    "penalties": {"l1": 1e-3, "l2": 1e-2},
    "sparse": {"l1": 1e-2, "sparse": True, "max_norm": 1.0},
    "average": {"average": 0.9, "kind": "normalised"},
    "clipped": {"clip_norm": 0.1},
    "a rate that falls": {"callbacks": [lambda opt: Hook(slower)]},
    "a schedule of epochs": {
        "callbacks": [lambda opt: train.Schedule(optim.StepLR(opt, 5))]
    },
    "a bar": {"progress": True},
    "weights": {"data": train.Batches(X, Y, 16, sample_weight=1 + X[:, 0] ** 2)},
    "dropped rows": {"data": train.Batches(X, Y, 16, drop_last=True)},
    "in order": {"data": train.Batches(X, Y, 16, shuffle=False)},
}


@pytest.mark.parametrize("case", CASES)
def test_bits_are_those_of_steps_one_by_one(case, counted, monkeypatch):
    assert run(**CASES[case]) == one_by_one(monkeypatch, **CASES[case])
    assert max(counted) > 1
    assert sum(counted) > 100


@pytest.mark.parametrize("threads", [1, 2])
def test_bits_are_those_of_any_number_of_threads(threads, counted, monkeypatch):
    monkeypatch.setattr(cost, "WORTH", 1.0)  # nanoseconds: even these are shared
    monkeypatch.setattr(cost, "BRIEF", 1.0)
    before = ag.get_num_threads()
    ag.set_num_threads(threads)
    try:
        found = run("normalised", epochs=60)
    finally:
        ag.set_num_threads(before)
    assert found == one_by_one(monkeypatch, kind="normalised", epochs=60)
    assert max(counted) > 1


@pytest.mark.parametrize("kind", ["plain", "normalised", "normalised inputs"])
def test_a_step_that_raises_changes_nothing(kind, counted, monkeypatch):
    def leap(run):
        if run.epoch == 30:
            run.opt.param_groups[0]["lr"] = 1e30

    options = {"kind": kind, "callbacks": [lambda opt: Hook(leap)]}
    found = run(**options)
    assert "This step was not taken" in found[-1]
    assert counted[-2:] == [1, 0]  # the one that leaps, the one that raises
    assert found == one_by_one(monkeypatch, **options)


def other_batches():
    class Doubled(train.Batches):
        def at(self, step):
            x, y = super().at(step)
            return 2 * x, y

    return {"data": Doubled(X, Y, 16)}


ONE_BY_ONE = {
    "a callback of steps": lambda: {"callbacks": [lambda opt: StepHook()]},
    "a schedule of steps": lambda: {
        "callbacks": [lambda opt: train.Schedule(optim.StepLR(opt, 5), every="step")]
    },
    "batches of its own kind": other_batches,
    "augmented": lambda: {"data": train.Batches(X, Y, 16, augment=lambda x, rng: -x)},
    "bytes": lambda: {"data": ((X * 9).astype("i1"), Y)},
    "eager": lambda: {"compiled": False},
    "few steps": lambda: {"epochs": 2},
}


class StepHook(train.Callback):
    def reset(self):
        self.seen = []

    def step(self, run):
        self.seen.append(run.step)

    def end(self, run):
        assert self.seen == list(range(1, run.steps + 1))


@pytest.mark.parametrize("case", ONE_BY_ONE)
def test_what_must_be_seen_is_taken_step_by_step(case, counted):
    assert run(**ONE_BY_ONE[case]())[-1] is None
    assert not any(counted)


def test_ctrl_c_ends_it_between_steps_and_it_can_be_resumed(tmp_path, counted):
    path = tmp_path / "run.safetensors"
    main = threading.get_ident()
    press = threading.Timer(0.3, lambda: signal.pthread_kill(main, signal.SIGINT))
    press.start()
    model, opt = net("normalised")
    history = train.fit(
        model, opt, F.cross_entropy, (X, Y), epochs=10**6, batch_size=16,
        callbacks=[train.Checkpoint(path, every=10**6)],
    )  # fmt: skip
    press.join()
    assert history.interrupted
    assert max(counted) > 1
    more = len(history) + 3
    resumed = run("normalised", epochs=more, resume=path)
    assert resumed[1:] == run("normalised", epochs=more)[1:]
