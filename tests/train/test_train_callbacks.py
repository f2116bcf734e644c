"""Callbacks in `fit`: used twice, modes, schedules; compiled or not, the same."""

import functools

import numpy as np
import pytest
from train_net import Hook, bits, blobs, fit, make

from autograd_core import nn, optim, train

F = nn.functional


# Every run begins anew ------------------------------------------------------------


def stopping():
    return train.EarlyStopping("valid_loss", patience=2)


@pytest.mark.parametrize("second", [{"lr": 1e-4, "seed": 1}, {"lr": 0.0, "seed": 2}])
def test_a_callback_used_twice_does_the_same_as_a_new_one(second, tmp_path):
    used = [stopping(), train.Checkpoint(tmp_path / "a", best="valid_loss")]
    fit(make(), valid=blobs(40, 1), epochs=8, callbacks=used)
    fresh = [stopping(), train.Checkpoint(tmp_path / "b", best="valid_loss")]
    found = []
    for callbacks in (used, fresh):
        model, opt = make(**second)
        history = fit((model, opt), valid=blobs(40, 1), epochs=8, callbacks=callbacks)
        best = train.load(callbacks[1].best_path)
        weights = {k: v.tobytes() for k, v in best["model"].items()}
        found.append((bits(model), history["valid_loss"], best["epoch"], weights))
    assert found[0] == found[1]


def test_folds_with_one_list_of_callbacks_see_nothing_of_each_other():
    callbacks = [stopping()]
    first, opt = make()
    fit((first, opt), valid=blobs(40, 1), epochs=15, callbacks=callbacks)
    second, opt = make(seed=1, lr=1e-4)
    fit((second, opt), valid=blobs(40, 1), epochs=2, callbacks=callbacks)
    assert bits(first) != bits(second)


class Count(train.Callback):
    def reset(self):
        self.count = 0

    def step(self, run):
        self.count += 1


def test_what_a_users_callback_makes_in_reset_starts_anew():
    count = Count()
    for _ in range(2):
        fit(callbacks=[count], batch_size=32, epochs=2)
        assert count.count == 6


def test_a_scheduler_of_another_optimizer_is_refused():
    schedule = train.Schedule(optim.StepLR(make()[1], 10))
    with pytest.raises(ValueError, match="StepLR is of another optimizer"):
        fit(callbacks=[schedule])


# Modes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "mode"),
    [
        ("loss", "min"), ("valid_loss", "min"), ("valid_cost", "min"),
        ("valid_mean_squared_error", "min"), ("valid_MAE", "min"), ("rmse", "min"),
        ("valid_accuracy", "max"), ("valid_f1", "max"), ("valid_f1_macro", "max"),
        ("valid_auc", "max"), ("valid_r2", "max"), ("precision", "max"),
        ("valid_recall", "max"), ("valid_top_5", "max"), ("valid_top5", "max"),
        ("valid_balanced_accuracy", "max"), ("acc", "max"),
        ("valid_score", None), ("valid_lossy", None), ("lr", None),
        ("valid_accuracy_loss", None), ("perplexity", "min"),
    ],
)  # fmt: skip
def test_the_mode_of_a_column_is_known_or_asked_for(column, mode):
    makers = [
        lambda **given: train.EarlyStopping(column, **given),
        lambda **given: train.Checkpoint("x", best=column, **given),
    ]
    for make_one in makers:
        make_one(mode="max"), make_one(mode="min")
        if mode is None:
            with pytest.raises(ValueError, match=r"give mode='min' or mode='max'"):
                make_one()
        else:
            assert make_one()._best.mode == mode
        with pytest.raises(ValueError, match="mode is 'min' or 'max', got 'auto'"):
            make_one(mode="auto")


def test_early_stopping_on_accuracy_restores_the_best_epoch():
    model, opt = make(lr=3e-3)
    x, y = blobs(60, 3)
    history = fit(
        (model, opt), valid=(x, y), epochs=12, metrics={"accuracy": train.accuracy},
        callbacks=[train.EarlyStopping("valid_accuracy", patience=4)],
    )  # fmt: skip
    accuracy = train.evaluate(model, F.cross_entropy, x, y, {"a": train.accuracy})["a"]
    assert accuracy == max(history["valid_accuracy"]) > history["valid_accuracy"][0]
    assert accuracy == history.best("valid_accuracy")["valid_accuracy"]


def test_a_plateau_that_looks_the_wrong_way_is_refused():
    model, opt = make()
    plateau = optim.ReduceLROnPlateau(opt)
    with pytest.raises(ValueError, match="give it mode='max'"):
        fit(
            (model, opt), valid=blobs(20, 1), metrics={"accuracy": train.accuracy},
            callbacks=[train.Schedule(plateau, monitor="valid_accuracy")],
        )  # fmt: skip


# Schedules ------------------------------------------------------------------------


def rates(scheduler, epochs=4, **options):
    model, _ = make()
    given = optim.SGD(model.parameters(), 1.0)
    scheduler = scheduler(given)
    return fit((model, given), epochs=epochs, callbacks=[scheduler], **options)["lr"]


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    ("scheduler", "expected"),
    [
        (lambda o: optim.StepLR(o, 2, 0.5), [1, 0.5, 0.5, 0.25]),
        (lambda o: optim.ExponentialLR(o, 0.5), [0.5, 0.25, 0.125, 0.0625]),
        (lambda o: optim.MultiStepLR(o, [3], 0.1), [1, 1, 0.1, 0.1]),
        (lambda o: optim.LambdaLR(o, lambda e: 1 / (1 + e)), [1 / 2, 1 / 3, 1 / 4, 1]),
    ],
)  # fmt: skip
def test_schedules_are_of_epochs(scheduler, expected, wrapped):
    def make_one(opt):
        return train.Schedule(scheduler(opt)) if wrapped else scheduler(opt)

    found = rates(make_one, batch_size=32, l2=0.01)
    # the column is the rate after the epoch's steps, before the schedule moves on
    assert found == pytest.approx([1, *expected[:-1]])


def test_one_cycle_is_of_steps_and_must_not_end_before_the_run():
    lr = rates(lambda o: optim.OneCycleLR(o, 0.1, 12), batch_size=32)
    assert lr[0] == pytest.approx(0.1, rel=0.3)
    assert lr[-1] < 1e-3 * lr[0]
    with pytest.raises(ValueError, match="total_steps=4 and the run 12 steps"):
        rates(lambda o: optim.OneCycleLR(o, 0.1, 4), batch_size=32)


@pytest.mark.parametrize(
    ("make_schedule", "message"),
    [
        (lambda o: train.Schedule(o), "expected a scheduler"),
        (lambda o: train.Schedule(optim.StepLR(o, 1), "batch"), "'step' or 'epoch'"),
        (lambda o: train.Schedule(optim.ReduceLROnPlateau(o), "step"), "is 'epoch'"),
    ],
)  # fmt: skip
def test_a_schedule_that_makes_no_sense(make_schedule, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make_schedule(make()[1])


# Compiled or not, the same --------------------------------------------------------


def drawn():
    """From the global state, which a recording would freeze."""
    return float(np.random.rand())  # noqa: NPY002


def changing(kind):
    """A loss that reads a number that changes, and what changes it."""
    box = {"b": 0.0}

    def up(run):
        box["b"] += 1.0

    def closure(output, y):
        return F.cross_entropy(output, y) + box["b"]

    class Layer(nn.Module):
        def __init__(self):
            self.b = 0.0

        def forward(self, output, y):
            return F.cross_entropy(output, y) + self.b

    layer = Layer()
    losses = {
        "closure": closure,
        "partial": functools.partial(closure),
        "layer": layer,
        "NumPy": lambda o, y: F.cross_entropy(o, np.eye(3, dtype="f4")[y]) + box["b"],
        "item": lambda o, y: F.cross_entropy(o, y) * (1 + o.data.max() * 0) + box["b"],
        "random": lambda o, y: F.cross_entropy(o, y) * drawn(),
    }

    def change(run):
        up(run)
        layer.b = box["b"]

    return losses[kind], change


@pytest.mark.parametrize(
    "kind", ["closure", "partial", "layer", "NumPy", "item", "random"]
)
def test_compiled_by_default_gives_what_eager_gives(kind):
    found = []
    for compiled in (False, None):
        np.random.seed(0)  # noqa: NPY002
        loss, change = changing(kind)
        model, opt = make()
        history = fit(
            (model, opt), blobs(100), loss=loss, batch_size=16, epochs=30,
            compiled=compiled, callbacks=[Hook(change)],
        )  # fmt: skip
        found.append((history["loss"], bits(model)))
    assert found[0] == found[1]


def test_compiling_insisted_on_says_why_it_cannot():
    with pytest.raises((TypeError, ValueError, RuntimeError), match="NumPy"):
        fit(loss=changing("NumPy")[0], compiled=True)


def test_few_steps_are_not_compiled(monkeypatch):
    seen = []
    replay = train.run.Replay.__call__
    monkeypatch.setattr(
        train.run.Replay, "__call__",
        lambda self, *a: (seen.append(self.wanted), replay(self, *a))[1],
    )  # fmt: skip
    fit(epochs=1, batch_size=8)
    assert not any(seen)
    fit(epochs=20, batch_size=8)
    assert seen[-1]
