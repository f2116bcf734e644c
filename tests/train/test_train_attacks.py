"""What a hostile reviewer would try with `fit`, its callbacks, metrics and data.

Each line of a table ends in the right number, or in an error before the first step.
"""

import copy
import functools
import os
import pickle
import threading

import numpy as np
import pytest
from train_net import bits, blobs, make

import autograd_core as ag
from autograd_core import nn, optim, train

F = nn.functional


X, Y = blobs()
VALID = blobs(40, 1)


def fit(parts=None, data=(X, Y), valid=None, loss=F.cross_entropy, epochs=3, **options):
    parts = make() if parts is None else parts
    return train.fit(*parts, loss, data, valid, epochs=epochs, **options)


class Hook(train.Callback):
    """Calls a function at one moment of a run."""

    def __init__(self, moment, function):
        setattr(self, moment, function)

    def __repr__(self):
        return "Hook()"


def raising(error):
    def act(*_):
        raise error

    return act


# Refused before the first step ----------------------------------------------------


def twice(callback):
    return {"callbacks": [callback, callback]}


def one_scheduler_twice(opt):
    scheduler = optim.StepLR(opt, 2)
    return {"callbacks": [scheduler, train.Schedule(scheduler)]}


def used_up(opt):
    cycle = optim.OneCycleLR(opt, 0.1, total_steps=6)
    for _ in range(4):
        cycle.step()
    return {"callbacks": [cycle], "epochs": 3}


def closed(opt):
    scheduler = optim.StepLR(opt, 2)
    scheduler.close()
    return {"callbacks": [scheduler]}


def checkpoints(*names, **options):
    def make_options(opt, folder):
        given = [train.Checkpoint(folder / name, **options) for name in names]
        return {"callbacks": given}

    return make_options


@pytest.mark.parametrize(
    ("kind", "message", "options"),
    [
        (ValueError, r"callbacks has EarlyStopping\(.* twice",
         lambda o, p: twice(train.EarlyStopping("loss"))),
        (ValueError, "StepLR.* twice", lambda o, p: one_scheduler_twice(o)),
        (ValueError, "2 steps left and the run takes 6.*make a new one",
         lambda o, p: used_up(o)),
        (ValueError, "was closed; make a new one", lambda o, p: closed(o)),
        (ValueError, "saves to the same file", checkpoints("a", "a")),
        (ValueError, "saves to the same file", checkpoints("a", "a.best", best="loss")),
        (train.CheckpointError, "Is a directory; give the path of a file",
         checkpoints("")),
        (train.CheckpointError, "Not a directory", checkpoints("file/run")),
        (TypeError, "extra must be a dict, got list",
         lambda o, p: {"callbacks": [train.Checkpoint(p / "a", extra=[1, 2])]}),
        (TypeError, "path must name a file, got ''",
         lambda o, p: {"callbacks": [train.Checkpoint("")]}),
        (TypeError, "resume must be the path", lambda o, p: {"resume": True}),
        (TypeError, "gradcheck must be epochs, as", lambda o, p: {"gradcheck": 0}),
        (ValueError, "an epoch after the last one, 3",
         lambda o, p: {"gradcheck": (0, 9)}),
        (TypeError, "compiled.* must be True or False, got 'yes'",
         lambda o, p: {"compiled": "yes"}),
        (TypeError, "progress must be True or False", lambda o, p: {"progress": "no"}),
        (TypeError, "sparse must be", lambda o, p: {"sparse": "a", "l1": 0.1}),
        (ValueError, "l2 must be a finite number, got nan",
         lambda o, p: {"l2": np.nan}),
        (ValueError, "no name for a column",
         lambda o, p: {"metrics": {"": train.accuracy}}),
        (TypeError, r"got a list of 2 pairs; x, y = map\(np.concatenate",
         lambda o, p: {"data": [(X[:9], Y[:9]), (X[9:], Y[9:])]}),
        (TypeError, "list of 4 pairs", lambda o, p: {"data": [(X, Y)] * 4}),
        (TypeError, "validation data must be.*pairs",
         lambda o, p: {"valid": (VALID, VALID)}),
        (ValueError, r"validation data: the model does not take x of shape \(N, 3\)",
         lambda o, p: {"valid": (VALID[0][:, :3], VALID[1])}),
        (ValueError, "validation data: x has 1 NaN.* at x",
         lambda o, p: {"valid": (np.where(VALID[0] == VALID[0].max(), np.nan,
                                          VALID[0]), VALID[1])}),
        (ValueError, "validation data: labels must lie in 0 ... 2",
         lambda o, p: {"valid": (VALID[0], VALID[1] + 1)}),
        (ValueError, r"valid=1.0: that part of 96 rows leaves one side empty",
         lambda o, p: {"valid": 1.0}),
        (ValueError, "None is no validation", lambda o, p: {"valid": 0}),
        (ValueError, "valid=0.1: that part of 3 rows",
         lambda o, p: {"valid": 0.1, "data": (X[:3], Y[:3])}),
    ],
)  # fmt: skip
def test_refused_before_the_first_step(kind, message, options, tmp_path):
    (tmp_path / "file").touch()
    model, opt = make()
    before = bits(model)
    with pytest.raises(kind, match=message):
        fit((model, opt), **options(opt, tmp_path))
    assert bits(model) == before
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_device_stays_a_device(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(train.CheckpointError, match="not a file but a device, pipe"):
        fit(callbacks=[train.Checkpoint(pipe)])
    with pytest.raises(train.CheckpointError, match="device, pipe or socket"):
        train.save(pipe, {"a": 1})
    assert pipe.is_fifo()


def frozen():
    model, opt = make()
    for parameter in model.parameters():
        parameter.requires_grad = False
    return model, opt


def layer_replaced():
    model, opt = make()
    model[2] = nn.Linear(8, 3)
    return model, opt


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (frozen, "no parameter that requires grad"),
        (layer_replaced, "2 parameters that are not the model's, and lacks the model's "
         r"2\.weight, 2\.bias; make it of this model: Adam\(model.parameters"),
        (lambda: (nn.ReLU(), make()[1]), "no parameter that requires grad"),
    ],
)  # fmt: skip
def test_an_optimizer_that_does_not_train_the_model_as_it_is(parts, message):
    with pytest.raises(ValueError, match=message):
        fit(parts())


def test_an_optimizer_of_a_part_or_of_more_is_taken():
    model, _ = make()
    first = model[0].weight.numpy().copy()
    fit((model, optim.SGD(model[2].parameters(), 0.1)))
    assert (model[0].weight.numpy() == first).all()
    scale = ag.tensor(np.ones(3, "f4"), requires_grad=True)
    opt = optim.SGD([*model.parameters(), scale], 0.1)
    fit((model, opt), loss=lambda output, y: F.cross_entropy(output * scale, y))
    assert (scale.numpy() != 1).all()


def test_nothing_is_trained_under_no_grad():
    with ag.no_grad(), pytest.raises(RuntimeError, match="under no_grad"):
        fit()


# The mode of a column -------------------------------------------------------------

ASKED = (
    "score", "lr", "neg_log_loss", "neg_mean_squared_error", "1-auc", "accuracy_gap",
    "loss_ratio", "loss_improvement", "accuracy_std", "one_minus_f1", "top5_error",
)  # fmt: skip


@pytest.mark.parametrize("column", ASKED)
def test_a_mode_that_a_name_does_not_say_is_asked_for(column):
    with pytest.raises(ValueError, match="give mode='min' or mode='max'"):
        train.EarlyStopping(f"valid_{column}")
    for mode in ("min", "max"):
        assert f"mode={mode!r}" in repr(train.EarlyStopping(column, mode=mode))


@pytest.mark.parametrize(
    ("column", "mode"),
    [("error_rate", "min"), ("perplexity", "min"), ("AUC", "max"), ("top_5", "max"),
     ("log_loss", "min"), ("balanced_accuracy", "max"), ("f1_macro", "max")],
)  # fmt: skip
def test_a_mode_that_a_name_says(column, mode):
    stopping = train.EarlyStopping(f"valid_{column}")
    assert f"mode={mode!r}" in repr(stopping)


# Metrics --------------------------------------------------------------------------


def test_a_metric_that_works_in_place_changes_nothing_else():
    def sorting(output, y):
        output.sort()
        y.sort()
        return 0.0

    kept = VALID[1].copy()
    both = {"a": sorting, "accuracy": train.accuracy}
    found = fit(valid=VALID, metrics=both)
    alone = fit(valid=VALID, metrics={"accuracy": train.accuracy})
    assert found["valid_accuracy"] == alone["valid_accuracy"]
    assert found["accuracy"] == alone["accuracy"]
    assert (VALID[1] == kept).all()


def test_an_error_in_a_metric_names_it():
    with pytest.raises(ZeroDivisionError) as caught:
        fit(metrics={"good": train.accuracy, "bad": lambda o, y: 1 / 0})
    assert caught.value.__notes__ == ["This was raised by the metric 'bad'."]


@pytest.mark.parametrize("metric", [train.accuracy, train.f1, train.recall])
def test_outputs_of_a_sigmoid_are_asked_about(metric):
    shares, y = np.array([0.1, 0.2, 0.7, 0.9]), np.array([0, 0, 1, 1])
    with pytest.warns(UserWarning, match=r"in \[0, 1\].*threshold=0.5"):
        metric(shares, y)
    assert metric(shares, y, threshold=0.5) == 1.0
    assert metric(shares > 0.5, y) == 1.0  # classes
    metric(shares, y, threshold=0.0)
    metric(shares - 0.3, y)


def test_a_model_that_ends_in_a_sigmoid():
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
    opt, data = optim.Adam(model.parameters(), 0.1), (X, (Y == 0)[:, None] * 1.0)
    right = functools.partial(train.accuracy, threshold=0.5)
    history = fit((model, opt), data, loss=F.mse_loss, epochs=9, metrics={"acc": right})
    true = ((train.predict(model, X) > 0.5)[:, 0] == (Y == 0)).mean()
    assert history.last("acc") > 0.9
    assert train.accuracy(train.predict(model, X), data[1], threshold=0.5) == true


# Errors while it trains -----------------------------------------------------------


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("moment", ["start", "step", "epoch", "end", "close"])
def test_every_callback_is_closed_and_the_first_error_is_raised(moment, kind):
    log = []
    with pytest.raises(kind) as caught:
        fit(callbacks=[
            Hook(moment, raising(kind("first"))),
            Hook("close", raising(KeyError("second"))),
            Hook("close", log.append),
        ])  # fmt: skip
    assert len(log) == 1
    assert isinstance(caught.value.history, train.History)
    assert "Then Hook().close raised KeyError('second')." in caught.value.__notes__


def test_early_stopping_on_what_is_never_a_number():
    history = fit(
        valid=VALID, epochs=9, metrics={"auc": lambda o, y: np.nan},
        callbacks=[train.EarlyStopping("valid_auc", patience=3)],
    )  # fmt: skip
    assert history.stopped == "no better valid_auc in 3 epochs; it was never a number"


def test_another_metric_of_the_same_name_does_not_resume(tmp_path):
    options = {"callbacks": [train.Checkpoint(tmp_path / "a")]}
    fit(metrics={"a": train.accuracy}, **options)
    with pytest.raises(train.ResumeError, match=r"'accuracy'.*'f1'"):
        fit(metrics={"a": train.f1}, resume=tmp_path / "a", **options)


# Where and how it is called -------------------------------------------------------


def in_a_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(fit(epochs=60)))
    thread.start()
    thread.join()
    return found[0]


def in_a_callback():
    inner = Hook("epoch", lambda run: fit(make(5), epochs=2))
    return fit(epochs=60, callbacks=[inner])


def of_a_compiled_model_and_loss():
    model, opt = make()
    return fit((ag.compile(model), opt), loss=ag.compile(F.cross_entropy), epochs=60)


def after_find_lr():
    parts = make()
    train.find_lr(*parts, F.cross_entropy, (X, Y))
    return fit(parts, epochs=60)


@pytest.mark.parametrize(
    "called", [in_a_thread, in_a_callback, of_a_compiled_model_and_loss, after_find_lr]
)
def test_the_same_run_however_it_is_called(called):
    assert called()["loss"] == fit(epochs=60)["loss"]


def test_average_early_stopping_and_best_file_agree(tmp_path):
    stopping = train.EarlyStopping(patience=2)
    parts = make(lr=0.3)
    best = train.Checkpoint(tmp_path / "a", best="valid_loss")
    history = fit(
        parts, valid=VALID, average=0.9, epochs=40, callbacks=[stopping, best]
    )
    found = train.load(best.best_path)
    assert found["epoch"] == stopping.best_epoch
    assert bits(parts[0]) == {n: v.tobytes() for n, v in found["model"].items()}
    measured = train.evaluate(parts[0], F.cross_entropy, *VALID)["loss"]
    assert measured == min(history["valid_loss"])


def test_a_history_is_copied_pickled_and_searched():
    history = fit(valid=VALID)
    pickled = pickle.loads(pickle.dumps(history))  # noqa: S301 - made here
    for same in (pickled, copy.deepcopy(history)):
        assert same == history
    assert "valid_loss" in history
    assert "valid_los" not in history
    assert list(history) == history.rows
    long = train.History([{"loss": 1.0}] * 10_000)
    assert repr(long) == "History(10,000 epochs: loss 1)"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: train.predict(m, X, 0), "batch_size must be at least 1, got 0"),
        (lambda m: train.predict(len, X), "predict: model must be an nn.Module"),
        (lambda m: train.evaluate(F.cross_entropy, m, X, Y), "model must be"),
        (lambda m: train.evaluate(m, nn.CrossEntropyLoss, X, Y), "make one: Cross"),
        (lambda m: train.evaluate(m, F.cross_entropy, X, Y, batch_size="a"),
         "batch_size must be an integer, got 'a'"),
    ],
)  # fmt: skip
def test_predict_and_evaluate_refuse(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call(make()[0])
