"""Pictures: what is drawn, what is refused, files that are whole or not there."""

import builtins
import math

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, train
from autograd_core.train import History

pytest.importorskip("matplotlib")
NAN = math.nan


def history(**columns):
    rows = zip(*columns.values(), strict=True)
    return History([dict(zip(columns, row, strict=True)) for row in rows])


def test_panels_by_default_and_on_request():
    found = history(
        loss=[2.0, 1.0],
        accuracy=[0.5, 0.6],
        valid_loss=[2.1, 1.5],
        lr=[0.1, 0.01],
        seconds=[1.0, 2.0],
    )
    figure = train.learning_curve(found)
    assert [ax.get_ylabel() for ax in figure.axes] == ["loss", "accuracy"]
    labels = [line.get_label() for line in figure.axes[0].lines]
    assert labels == ["training", "validation"]
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_ydata(), [2.1, 1.5])
    figure = train.learning_curve(found, columns=["lr", "loss"])
    assert [ax.get_ylabel() for ax in figure.axes] == ["lr", "loss"]
    assert figure._repr_png_().startswith(b"\x89PNG")  # what a notebook shows


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([2.0, 1.0], "log"),
        ([1.0, 1.0], "log"),
        ([2.0, 0.0], "linear"),
        ([2.0, -3.0], "linear"),
        ([2.0, NAN], "linear"),
        ([math.inf, 1.0], "linear"),
        ([NAN, NAN], "linear"),
        ([1e-9, 1e9], "log"),
    ],
)
def test_the_axis_of_a_loss_hides_nothing(values, scale, tmp_path):
    figure = train.learning_curve(history(loss=values), tmp_path / "a.svg")
    ax = figure.axes[0]
    assert ax.get_yscale() == scale
    drawn = ax.lines[0].get_ydata()
    assert (np.isfinite(drawn) == np.isfinite(values)).all()


@pytest.mark.parametrize("epochs", [1, 2, 20, 21])
def test_few_epochs_are_points(epochs):
    line = train.learning_curve(history(loss=[1.0] * epochs)).axes[0].lines[0]
    assert (line.get_marker() == "o") == (epochs <= 20)


def test_a_column_that_some_epochs_lack_joins_those_that_have_it():
    rows = [{"loss": 1.0}, {"loss": 0.5, "valid_loss": 0.7}, {"loss": 0.4}]
    lines = train.learning_curve(History([*rows, rows[1]])).axes[0].lines
    assert lines[1].get_xdata().tolist() == [2, 4]
    assert lines[1].get_ydata().tolist() == [0.7, 0.7]


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(ValueError, match="no epochs"):
        train.learning_curve(History([]))
    with pytest.raises(ValueError, match="no column 'los'; there are: loss"):
        train.learning_curve(history(loss=[1.0]), columns=["los"])
    with pytest.raises(TypeError, match="History of a fit, got dict"):
        train.learning_curve({"loss": [1.0]})
    with pytest.raises(ValueError, match="no parameters"):
        train.weight_histograms(nn.ReLU())
    for draw in (train.histograms, train.bars, train.lines):
        with pytest.raises(ValueError, match="nothing to draw"):
            draw({})
    with pytest.raises(ValueError, match="nothing to draw"):
        train.learning_curve(history(loss=[1.0]), columns=[])


def test_a_picture_is_whole_or_not_there(tmp_path):
    path = tmp_path / "curve.png"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="xyz"):
        train.learning_curve(history(loss=[1.0]), tmp_path / "curve.xyz")
    with pytest.raises(OSError, match="nowhere"):
        train.learning_curve(history(loss=[1.0]), tmp_path / "nowhere" / "curve.png")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    train.learning_curve(history(loss=[1.0]), str(path), "a title")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_pyplot_is_left_alone():
    import matplotlib
    from matplotlib import pyplot

    before = matplotlib.get_backend(), pyplot.get_fignums()
    train.learning_curve(history(loss=[1.0]))
    assert (matplotlib.get_backend(), pyplot.get_fignums()) == before


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name.startswith("matplotlib") or "figure" in (args[2:3] or [()])[0]:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"autograd-core\[demo\]"):
        train.learning_curve(history(loss=[1.0]))


def test_histograms_count_what_they_show():
    values = {"a": np.array([0.0, 0.0, 1.0, NAN]), "b": np.arange(100)}
    axes = train.histograms(values).axes
    title = axes[0].get_title()
    assert title == "a\n2 of 4 are 0\n1 of 4 are not finite"
    assert [sum(p.get_height() for p in ax.patches) for ax in axes] == [3, 100]
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 2))
    axes = train.weight_histograms(model).axes
    assert [ax.get_title() for ax in axes] == ["0.weight", "2.weight"]
    many = nn.Sequential(*[nn.Linear(2, 2) for _ in range(9)])
    width, height = train.weight_histograms(many).get_size_inches()
    assert width < 20
    assert height < 12


def test_bars_and_lines():
    ax = train.bars({"L2": {"train": 1.0, "dev": 0.9}, "none": {"train": 0.5}}).axes[0]
    assert [bar.get_height() for bar in ax.patches] == [1.0, 0.5, 0.9, 0.0]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["L2", "none"]
    assert [p.get_height() for p in train.bars({"a": 1, "b": NAN}).axes[0].patches] == [
        1,
        0,
    ]
    figure = train.lines({"EWMA": [1.0, 2.0], "plain": [3.0]}, log=True, ylabel="y")
    ax = figure.axes[0]
    assert [line.get_xdata().tolist() for line in ax.lines] == [[1, 2], [1]]
    assert (ax.get_yscale(), ax.get_ylabel()) == ("log", "y")
