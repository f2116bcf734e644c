"""What train.search shows: table, importance, picture, progress."""

import math
import sys

import numpy as np
import pytest
import scipy.stats
from search_cases import SPACE, bowl

from autograd_core import train
from autograd_core.train.tuning.importance import explained


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
    few = train.search(lambda x: x, {"x": SPACE["p"]}, 9, refine=1)
    with pytest.warns(UserWarning, match=r"9 trials .* how much x matters") as told:
        assert math.isnan(few.importance()["x"])
    assert "at least 10" in str(told[0].message)
    assert told[0].filename == __file__
    few.plot()  # silent: warnings are errors
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


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_says_the_best_so_far(terminal, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    train.search(lambda x: 0.25, {"x": SPACE["p"]}, 3, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err
    assert "best 0.25" in err
    assert ("trials/s" in err) == terminal
    train.search(lambda x: 0.25, {"x": SPACE["p"]}, 3)
    assert capsys.readouterr() == ("", "")
