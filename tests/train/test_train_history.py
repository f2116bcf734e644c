"""What a run says of itself: history, progress, reprs."""

import copy
import io
import math
import sys

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim, train

F = nn.functional
ROWS = [
    {"loss": 3.0, "valid_accuracy": 0.5, "lr": 0.1},
    {"loss": 1.0, "valid_accuracy": 0.9, "lr": 0.1},
    {"loss": math.nan, "valid_accuracy": 0.8, "lr": 0.01},
]


def fit(epochs=3, valid=None, **options):
    ag.manual_seed(0)
    rng = np.random.default_rng(0)
    data = rng.standard_normal((64, 4)).astype("f4"), rng.integers(0, 3, 64)
    model = nn.Linear(4, 3)
    opt = optim.SGD(model.parameters(), lr=0.1)
    options |= {"epochs": epochs, "batch_size": 16}
    return train.fit(model, opt, F.cross_entropy, data, valid, **options)


def test_columns_are_floats_and_arrays():
    history = train.History([dict(row) for row in ROWS])
    assert history["lr"] == [0.1, 0.1, 0.01]
    assert history.last("valid_accuracy") == 0.8
    arrays = history.arrays()
    assert list(arrays) == history.columns == ["loss", "valid_accuracy", "lr"]
    assert all(a.dtype == np.float64 and a.shape == (3,) for a in arrays.values())
    assert len(history) == 3
    assert str(vars(copy.deepcopy(history))) == str(vars(history))
    with pytest.raises(KeyError, match="no column 'los'; there are: loss, valid_acc"):
        history["los"]


@pytest.mark.parametrize(
    ("column", "mode", "epoch"),
    [
        ("loss", None, 2),
        ("loss", "max", 1),
        ("valid_accuracy", None, 2),
        ("lr", "min", 3),
    ],
)
def test_the_best_row_and_its_epoch(column, mode, epoch):
    history = train.History([dict(row) for row in ROWS])
    best = history.best(column, mode)
    assert best["epoch"] == epoch
    assert {**best, "epoch": 0} == {**ROWS[epoch - 1], "epoch": 0}


def test_columns_that_a_callback_began_later_have_holes():
    history = train.History([{"loss": 1.0}, {"loss": 0.5, "score": 2.0}])
    assert math.isnan(history["score"][0])
    assert history.best("score", "max")["epoch"] == 2
    assert "score" in history._repr_html_()


@pytest.mark.parametrize("ask", ["last", "best"])
def test_a_history_of_no_epochs_says_so(ask):
    history = fit(epochs=0)
    assert history["loss"] == []
    assert repr(history) == "History(0 epochs)"
    with pytest.raises(ValueError, match=rf"{ask}\('loss'\): the history has no ep"):
        getattr(history, ask)("loss")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda h: h.best("lr"), "give mode='min' or mode='max'"),
        (lambda h: h.best("empty", "min"), "'empty' is NaN in every epoch"),
    ],
)
def test_best_needs_something_to_compare(ask, message):
    with pytest.raises(ValueError, match=message):
        ask(train.History([{"lr": 0.1, "empty": math.nan}]))


def test_reprs_are_one_line_and_say_what_it_is():
    opt = optim.SGD(nn.Linear(4, 3).parameters(), lr=0.1)
    history = fit(metrics={"accuracy": train.accuracy}, epochs=2)
    seen = []

    class Look(train.Callback):
        def epoch(self, run):
            seen.append(repr(run))

    fit(callbacks=[Look()])
    shown = {
        "History(2 epochs: loss": history,
        "accuracy 3": history,
        "EarlyStopping('valid_loss', patience=3, mode='min'":
            train.EarlyStopping(patience=3),
        "Checkpoint('a.st', every=2, best='loss')":
            train.Checkpoint("a.st", 2, best="loss"),
        "Schedule(StepLR(": train.Schedule(optim.StepLR(opt, 3)),
        "Progress()": train.Progress(),
        "Look()": Look(),
    }  # fmt: skip
    for text, value in shown.items():
        assert text in repr(value)
        assert "\n" not in repr(value)
    assert seen[0].startswith("Run(Linear, epoch 1/3, step 4/12: History(1 epoch: loss")


def test_a_table_for_notebooks():
    rows = [{"loss": 1 / (1 + i), "a<b": 0.5} for i in range(100)]
    table = train.History(rows, "no <better>")._repr_html_()
    assert table.count("<tr>") == 1 + 30 + 1
    assert "a&lt;b" in table
    assert "no &lt;better&gt;" in table
    assert "<td>100</td>" in table


# Progress -------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_in_a_terminal_has_rate_loss_metric_and_time_left(monkeypatch):
    pytest.importorskip("tqdm")
    err = Terminal()
    monkeypatch.setattr(sys, "stderr", err)
    fit(progress=True, metrics={"accuracy": train.accuracy}, valid=0.25)
    text = err.getvalue()
    for part in ("epoch 3/3", "steps/s", "loss", "valid_accuracy", "<00:0", "9/9"):
        assert part in text


def test_lines_in_a_pipe(capfd):
    fit(progress=True, metrics={"accuracy": train.accuracy}, valid=0.25)
    out, err = capfd.readouterr()
    assert out == ""
    assert "\r" not in err
    assert len(err.splitlines()) == 3
    for part in ("epoch 3/3: loss ", "valid_accuracy", "steps/s", "0 s left"):
        assert part in err.splitlines()[-1]


def test_a_notebook_without_widgets_gets_its_bar_without_warnings(monkeypatch):
    pytest.importorskip("tqdm")

    class Shell:
        kernel = None

    shell = type(sys)("IPython")
    shell.get_ipython = Shell
    monkeypatch.setitem(sys.modules, "IPython", shell)
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    fit(progress=True)
    assert "steps/s" in err.getvalue()


def test_nothing_is_printed_by_what_is_not_asked_to(capfd, tmp_path):
    fit(
        valid=0.25, average=0.9, gradcheck=[0],
        callbacks=[train.EarlyStopping(), train.Checkpoint(tmp_path / "a")],
    )  # fmt: skip
    assert capfd.readouterr() == ("", "")
