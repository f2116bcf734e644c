"""examples/course: scripts run, draw, show what they say; docs/course.md too."""

import ast
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from autograd_core import train

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")
pytest.importorskip("PIL")

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "examples" / "course"
PAGE = (ROOT / "docs" / "course.md").read_text(encoding="utf-8")
HELPERS = {"real_data", "make_page"}
NAMES = sorted({path.stem for path in COURSE.glob("*.py")} - HELPERS)


@pytest.fixture(scope="module")
def page():
    sys.path.insert(0, str(COURSE))
    try:
        import make_page

        yield make_page
    finally:
        sys.path.remove(str(COURSE))
        for name in HELPERS:
            sys.modules.pop(name, None)


def bias_variance(found):
    errors = found["errors"]
    small, big, calmer = errors.values()
    assert small["train"] > max(0.1, 2 * big["test"])  # bias
    assert big["train"] == 0
    assert big["dev"] > 0.04  # variance
    assert calmer["dev"] < big["dev"] < small["dev"]


def l2(found):
    free, *_, best, most = found["scores"].values()
    assert free["train"] > 0.9 > 0.6 > free["hold-out"] + 0.4
    assert best["hold-out"] > free["hold-out"] + 0.3
    assert most["train"] < best["train"] < free["train"]


def max_norm(found):
    free, one, half, quarter = found["scores"].values()
    assert half["hold-out"] > free["hold-out"] + 0.3
    assert quarter["train"] < half["train"] < one["train"] < free["train"]


def l1(found):
    zeros = {name: (w == 0).sum() for name, w in found["weights"].items()}
    assert zeros["no penalty"] == zeros["L1, plain steps"] == 0
    assert zeros["L1, sparse"] >= 5
    assert zeros["elastic net"] >= 4
    assert found["away"] < 1e-3


def dropout(found):
    without, with_dropout = found["scores"].values()
    assert with_dropout["hold-out"] > without["hold-out"] + 0.05
    rises = [(np.diff(cost) > 0).sum() for cost in found["curves"].values()]
    plain, _, noisy, evaluated = rises
    assert plain < 10 < 50 < noisy
    assert evaluated < noisy / 3


def augmentation(found):
    right = {name: score["hold-out"] for name, score in found["scores"].items()}
    assert right["Jitter"] > right["none"] + 0.015
    assert right["both"] > right["none"] + 0.015


def early_stopping(found):
    stopped, whole = found["kept"].values()
    assert stopped["hold-out"] < 0.7 * whole["hold-out"]
    assert whole["train"] < stopped["train"]


def normalisation(found):
    assert found["ends"]["normalised"] < 0.25
    assert found["ends"]["raw"] > 2 * found["ends"]["normalised"]


def initialisation(found):
    last = {name: std[-1] for name, std in found["sizes"].items()}
    first = {name: grads[0] for name, grads in found["grads"].items()}
    for ends in (last, first):
        assert ends["std 0.5"] > 1e3
        assert ends["std 0.02"] < 1e-9
        assert 10 * ends["Xavier"] < ends["He"] < 1


def gradient_checking(found):
    right, wrong = found["reports"].values()
    assert right
    assert not wrong
    assert right.relative < 1e-7
    assert wrong.relative > 1e-3
    bad = {row.name for row in wrong.rows if row.failures}
    assert bad == {"0.weight", "0.bias"}  # below the bug, and no other


def batch_size(found):
    one, some, whole = found["histories"].values()
    assert some.last("valid_loss") < 0.5 * whole.last("valid_loss")
    assert some.last("seconds") < one.last("seconds")


def averages(found):
    loss, biased, corrected, plain = map(np.array, found["series"].values())
    assert biased[0] == pytest.approx(0.1 * loss[0])
    assert corrected[0] == pytest.approx(loss[0])
    assert np.abs(corrected - plain)[:10].max() < 0.2 < 0.5 < (plain - biased)[:3].min()


def race(found):
    saddle, plateau, ravine = found["ends"].values()
    assert saddle["SGD"] > 0.4
    assert saddle["Adam"] < -0.99
    assert saddle["RMSprop"] < -0.99
    assert plateau["momentum"] < plateau["Adam"] < 0.2 < plateau["SGD"]
    assert ravine["momentum"] < 0.1
    assert ravine["Adam"] < ravine["SGD"]


def decay(found):
    losses = {name: np.mean(column[-5:]) for name, column in found["losses"].items()}
    constant = losses.pop("constant")
    assert sum(loss < constant for loss in losses.values()) >= 7  # of 8
    assert losses["exponential"] < 0.7 * constant
    assert found["rates"]["warm restarts"][8] == pytest.approx(0.5)  # it begins again


def find_lr(found):
    low, good = found["final"].values()
    assert good < 0.6 * low
    assert 0.03 < found["found"].suggestion < 1


def batch_norm(found):
    without, with_norm = found["losses"].values()
    assert min(without) > 1 > 0.3 > with_norm[-1]


def softmax(found):
    np.testing.assert_allclose(found["chances"].sum(1), 1, rtol=1e-5)
    matrix = found["matrix"]
    assert matrix.sum() == len(found["y"])
    assert np.trace(matrix) / matrix.sum() > 0.9
    assert matrix[8].argmax() == 8


def imbalance(found):
    plain, weighted = found["scores"].values()
    assert weighted["recall"] > plain["recall"] + 0.2
    assert weighted["f1"] > plain["f1"]


def search(found):
    trials = found["found"].trials
    rounds = [[t.score for t in trials if t.round == n] for n in (0, 1)]
    assert len(rounds[0]) == len(rounds[1]) == 25
    assert np.median(rounds[1]) < np.median(rounds[0])
    assert found["found"].best.score < 0.3
    assert max(found["found"].importance().items(), key=lambda item: item[1])[0] == "lr"


CLAIMS = {name: claim for name, claim in globals().items() if name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_script(page, name, tmp_path):
    picture = tmp_path / "out.png"
    printed, found = page.run(name, picture)
    assert picture.stat().st_size > 1000
    CLAIMS[name](found)
    assert words(page.section(name, printed)) in words(PAGE), "run make_page.py"


def words(text):
    """Without its numbers, which another machine rounds otherwise."""
    return re.sub(r"-?\d+(\.\d+)?(e[+-]?\d+)?", "#", re.sub(r" +", " ", text))


def lines(source):
    """Statements, one a line or more, but for imports, docstrings and printing."""
    found = [s for s in ast.walk(ast.parse(source)) if isinstance(s, ast.stmt)]
    found = [s for s in found if not isinstance(s, ast.Import | ast.ImportFrom)]
    texts = [ast.unparse(s) for s in found]
    return [t for t in texts if not t.startswith(("print(", "'", '"'))]


def test_every_topic_is_short_and_has_its_picture(page):
    assert sorted(page.ORDER) == NAMES
    for name in NAMES:
        found = lines((COURSE / f"{name}.py").read_text(encoding="utf-8"))
        assert len(found) < 15, name
        picture = ROOT / "docs" / "gallery" / "course" / f"{name}.png"
        assert 1000 < picture.stat().st_size < 60_000


@pytest.mark.parametrize("own", [True, False])
def test_pictures_are_drawn_into_given_axes(own, tmp_path):
    from matplotlib.figure import Figure

    if own:
        figure, axes = train.panels(3)
    else:  # of matplotlib's own
        figure = Figure()
        axes = figure.subplots(1, 3)
    assert train.lines({"a": [1.0, 2.0]}, ax=axes[0]) is figure
    assert train.bars({"a": 1.0}, ax=axes[1]) is figure
    way = np.array([[0.0, 0.0], [1.0, 1.0]])
    drawn = train.paths(
        lambda p: p[0] ** 2 + p[1], {"way": way}, tmp_path / "f.png", ax=axes[2]
    )
    assert drawn is figure
    assert len(figure.axes) == 3
    assert all(ax.has_data() for ax in axes)
    assert (tmp_path / "f.png").stat().st_size > 1000
