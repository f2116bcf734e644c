"""`fit`: resumes bit for bit, stops cleanly, says what is wrong before it starts."""

import errno
import os
import signal
import threading

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.random import manual_seed
from autograd_core.train import (
    Batches,
    Callback,
    Checkpoint,
    EarlyStopping,
    History,
    Jitter,
    ResumeError,
    Schedule,
    accuracy,
    evaluate,
    fit,
    learning_curve,
    load,
    predict,
)

F = nn.functional


def blobs(rows=90, seed=0, classes=3):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, rows)
    x = np.eye(classes, 4)[y] * 2 + 0.5 * rng.standard_normal((rows, 4))
    return x.astype("f4"), y


class Setup:
    """A model with everything that has a state, made anew the same each time."""

    def __init__(self, seed=0, lr=1e-2):
        manual_seed(seed)
        self.model = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3),
            nn.Linear(8, 3),
        )  # fmt: skip
        self.opt = optim.Adam(self.model.parameters(), lr=lr)

    def fit(self, train=None, epochs=3, valid=None, **options):
        return fit(
            self.model,
            self.opt,
            F.cross_entropy,
            blobs() if train is None else train,
            valid,
            epochs=epochs,
            **{"batch_size": 16, "metrics": {"accuracy": accuracy}, **options},
        )

    def bits(self):
        """Everything the run has come to, as bytes."""
        found = {k: v.tobytes() for k, v in self.model.state_dict().items()}
        for i, row in self.opt.state_dict()["state"].items():
            found |= {f"{i}.{k}": np.asarray(v).tobytes() for k, v in row.items()}
        return found


def test_it_learns_and_measures():
    run = Setup()
    run.model.eval()  # `fit` takes it to training
    history = run.fit(epochs=20, valid=blobs(60, seed=1), l2=1e-3)
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert history["valid_accuracy"][-1] > 0.9
    assert len(history.rows) == 20
    assert history.stopped == ""
    found = evaluate(
        run.model, F.cross_entropy, *blobs(60, seed=1), {"accuracy": accuracy}, 7
    )
    assert found["accuracy"] == pytest.approx(history["valid_accuracy"][-1])
    assert found["loss"] == pytest.approx(history["valid_loss"][-1], rel=1e-5)
    assert run.model.training


def test_nothing_is_printed_unless_asked_for(capfd, monkeypatch):
    Setup().fit()
    assert capfd.readouterr() == ("", "")
    Setup().fit(progress=True)
    assert "steps/s" in capfd.readouterr().err
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)  # not installed
    Setup().fit(progress=True)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("epoch 3/3: loss 0")
    assert "accuracy" in lines[2]


# Stopped and resumed ---------------------------------------------------------------


class StopAt(Callback):
    """Does ``act`` after a step."""

    def __init__(self, number=None, act=None):
        self.number, self.act = number, act

    def step(self, run):
        if run.step == self.number:
            self.act()


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def parts(run, path, number=None):
    """All callbacks that carry a state, and an augmentation."""
    schedule = optim.CosineAnnealingLR(run.opt, T_max=36)
    return {
        "callbacks": [
            Checkpoint(path, every=2),
            Schedule(schedule, every="step"),
            EarlyStopping(patience=4),
            StopAt(number, ctrl_c),
        ],
        "train": Batches(*blobs(), 16, seed=5, augment=Jitter(2, 2, noise=0.1)),
        "valid": blobs(30, seed=2),
        "l1": 1e-4,
        "epochs": 6,
    }


@pytest.mark.parametrize("number", [1, 8, 12, 17, 36])
def test_a_resumed_run_is_bitwise_the_uninterrupted_one(number, tmp_path):
    whole = Setup()
    expected = whole.fit(**parts(whole, tmp_path / "whole"))

    first = Setup()
    history = first.fit(**parts(first, tmp_path / "cut", number))
    assert history.interrupted
    assert load(tmp_path / "cut")["step"] == number

    second = Setup(seed=99)  # other weights, other masks: all comes from the file
    resumed = parts(second, tmp_path / "cut")
    history = second.fit(**resumed, resume=tmp_path / "cut")
    assert not history.interrupted
    assert second.bits() == whole.bits()
    for row, other in zip(history.rows, expected.rows, strict=True):
        assert {**row, "seconds": 0} == {**other, "seconds": 0}
    assert first.bits() != whole.bits() or number == 36


def test_a_longer_run_goes_on_from_a_finished_one(tmp_path):
    long, short = Setup(), Setup()
    manual_seed(1)
    long.fit(epochs=4)
    manual_seed(1)
    short.fit(epochs=2, callbacks=[Checkpoint(tmp_path / "a")])
    again = Setup(7)
    again.fit(epochs=4, callbacks=[Checkpoint(tmp_path / "a")], resume=tmp_path / "a")
    assert again.bits() == long.bits()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 15}, "saved with batch_size=16, this one has 15"),
        ({"seed": 1}, "saved with seed=0, this one has 1"),
        ({"train": blobs(91)}, "saved with rows=90, this one has 91"),
        (
            {"callbacks": [EarlyStopping("loss")]},
            r"callbacks=\[\], this one has \['EarlyStopping'\]",
        ),
    ],
)
def test_another_run_cannot_resume(options, message, tmp_path):
    path = tmp_path / "a"
    Setup().fit(callbacks=[Checkpoint(path)])
    other = Setup(3)
    before = other.bits()
    with pytest.raises(ResumeError, match=message):
        other.fit(**{"callbacks": [Checkpoint(path)], **options}, resume=path)
    assert other.bits() == before


def test_a_misfitting_optimizer_leaves_the_model_alone(tmp_path):
    path = tmp_path / "a"
    Setup().fit(callbacks=[Checkpoint(path)])
    other = Setup(3)
    other.opt = optim.SGD(other.model.parameters(), lr=0.1)
    before = other.bits()
    with pytest.raises(ResumeError, match="SGD"):
        other.fit(callbacks=[Checkpoint(path)], resume=path)
    assert other.bits() == before


# Ended early ----------------------------------------------------------------------


def test_ctrl_c_waits_for_the_step_and_a_second_one_does_not():
    before = signal.getsignal(signal.SIGINT)
    history = Setup().fit(callbacks=[StopAt(7, ctrl_c)])
    assert history.interrupted
    assert len(history.rows) == 1
    with pytest.raises(KeyboardInterrupt):
        Setup().fit(callbacks=[StopAt(7, lambda: (ctrl_c(), ctrl_c()))])
    assert signal.getsignal(signal.SIGINT) is before


def test_it_trains_in_another_thread_and_beside_another_handler():
    histories = []
    thread = threading.Thread(target=lambda: histories.append(Setup().fit()))
    thread.start()
    thread.join()
    assert len(histories[0].rows) == 3
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        assert not Setup().fit(callbacks=[StopAt(7, ctrl_c)]).interrupted
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [1]


class Script(Callback):
    """Writes a column as it was scripted, and remembers the weights of an epoch."""

    def __init__(self, values, remember):
        self.values, self.remember, self.weights = values, remember, None

    def epoch(self, run):
        run.history.rows[-1]["score"] = self.values[run.epoch - 1]
        if run.epoch == self.remember:
            self.weights = run.model.state_dict()


@pytest.mark.parametrize(
    ("mode", "values", "best", "stops"),
    [
        ("min", [3, 2, 2.5, 2, 2, 1], 2, 5),
        ("max", [3, 4, 4.05, 4.1, 0, 9], 2, 5),  # not better by 0.1
        ("min", [np.nan, 1, np.nan, np.nan, np.nan, 0], 2, 5),
        ("min", [6, 5, 4, 3, 2, 1], 6, None),
    ],
)
def test_early_stopping_restores_the_best_weights(mode, values, best, stops):
    run, script = Setup(), Script(values, best)
    stopping = EarlyStopping("score", patience=3, mode=mode, min_delta=0.1)
    history = run.fit(epochs=6, callbacks=[script, stopping])
    assert len(history.rows) == (stops or 6)
    assert bool(history.stopped) == bool(stops)
    for name, value in run.model.state_dict().items():
        np.testing.assert_array_equal(value, script.weights[name])


def test_early_stopping_on_a_column_that_is_not_there():
    with pytest.raises(KeyError, match=r"no column 'valid_loss'; there are: loss, acc"):
        Setup().fit(callbacks=[EarlyStopping()])


def test_schedules_by_step_by_epoch_and_on_a_plateau():
    run = Setup(lr=1.0)
    halves = optim.ExponentialLR(run.opt, 0.5)
    history = run.fit(callbacks=[Schedule(halves, every="epoch")], l2=0.1)
    assert history["lr"] == [1.0, 0.5, 0.25]
    run = Setup(lr=1.0)
    steps = optim.LambdaLR(run.opt, lambda step: 1 / (1 + step))
    history = run.fit(callbacks=[Schedule(steps, every="step")])
    assert history["lr"] == pytest.approx([1 / 6, 1 / 12, 1 / 18])
    run = Setup(lr=1.0)
    plateau = optim.ReduceLROnPlateau(run.opt, patience=0, mode="max", factor=0.1)
    script = Script([1, 0, 0], 1)
    run.fit(callbacks=[script, Schedule(plateau, monitor="score")])
    assert run.opt.param_groups[0]["lr"] == pytest.approx(0.01)


def test_a_compiled_run_is_bitwise_the_eager_one():
    found = []
    for compiled in (False, True):
        run = Setup()
        options = {"l1": 1e-4, "l2": 1e-3, "valid": blobs(20, 1)}
        history = run.fit(train=blobs(100), compiled=compiled, **options)
        rows = [{**row, "seconds": 0} for row in history.rows]
        found.append((run.bits(), rows, predict(run.model, blobs()[0]).tobytes()))
    assert found[0] == found[1]


# Refused --------------------------------------------------------------------------


@pytest.mark.parametrize("compiled", [False, True])
def test_a_loss_that_is_not_finite_updates_nothing(compiled):
    run = Setup()
    run.fit()
    state = run.bits(), ag.random.default_generator.get_state().tolist()

    def overflow(output, y):
        return F.cross_entropy(output, y) * np.float32(np.inf)

    with pytest.raises(FloatingPointError, match="step was not taken"):
        fit(run.model, run.opt, overflow, blobs(), epochs=1, compiled=compiled)
    assert state == (run.bits(), ag.random.default_generator.get_state().tolist())


def bad(place, value):
    x, y = blobs()
    (x if place == "x" else y)[11] = value
    return x, y


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": bad("x", np.nan)}, r"training data: x has 4 NaN .* x\[11, 0\]"),
        ({"train": bad("y", 3)}, "training data: labels .* 0 ... 2.* 3 in row 11"),
        ({"valid": bad("y", -1)}, "validation data: labels .* -1 in row 11"),
        ({"train": (blobs()[0], blobs()[1][:9])}, "90 rows and y has 9"),
        ({"train": (blobs()[0][:, :3], blobs()[1])}, "[Ll]inear"),
        ({"valid": (blobs()[0][:, :3], blobs()[1])}, "[Ll]inear"),
        ({"epochs": -1}, "cannot be negative, got -1"),
        ({"l2": -0.1}, "cannot be negative"),
    ],
)
def test_bad_input_is_refused_before_anything_changes(options, message):
    run = Setup()
    before = run.bits()
    with pytest.raises(ValueError, match=message):
        run.fit(**options)
    assert run.bits() == before


def test_a_loss_that_is_no_scalar_is_refused():
    run = Setup()
    with pytest.raises(ValueError, match=r"must be a scalar, got shape \(3, 3\)"):
        fit(run.model, run.opt, lambda out, y: out, blobs(), epochs=1)


# Details --------------------------------------------------------------------------


def test_the_odd_batch_of_one_row_trains_and_float64_data_is_cast():
    x, y = blobs(33)  # 16 + 17
    run = Setup()
    history = run.fit(train=(x.astype("f8"), y))
    assert len(history.rows) == 3
    assert predict(run.model, x).dtype == np.float32


def test_penalties_pull_the_weights_and_not_the_rest():
    norms = []
    for options in ({}, {"l2": 0.5}, {"l1": 0.05}):
        run = Setup()
        run.fit(epochs=10, **options)
        norms.append(float(np.abs(run.model.state_dict()["0.weight"]).sum()))
    assert norms[1] < 0.5 * norms[0]
    assert norms[2] < 0.5 * norms[0]


def test_predict_keeps_the_mode_of_every_layer():
    run = Setup()
    layers = list(run.model.modules())
    layers[2].eval()  # a frozen BatchNorm
    modes = [layer.training for layer in layers]
    predict(run.model, blobs()[0])
    assert [layer.training for layer in layers] == modes
    run.model[1].weight.requires_grad_(True)
    frozen = run.model.state_dict()["1.running_mean"]
    run.fit()
    np.testing.assert_array_equal(run.model.state_dict()["1.running_mean"], frozen)


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_learning_curve_is_a_picture(ending, tmp_path):
    history = Setup().fit(valid=blobs(20, 1))
    path = tmp_path / f"curve.{ending}"
    learning_curve(history, path, "a title")
    start = path.read_bytes()[:8]
    assert start == b"\x89PNG\r\n\x1a\n" if ending == "png" else start[:5] == b"<?xml"
    history.rows.clear()
    with pytest.raises(ValueError, match="no epochs"):
        learning_curve(history, path)


def test_a_picture_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "curve.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        learning_curve(History([{"loss": 1.0}]), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
