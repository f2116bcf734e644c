"""`train.descend` and `train.paths`: optimizers on surfaces whose ways are known."""

import numpy as np
import pytest

from autograd_core import optim, train


def ravine(p):
    return 0.5 * (p[0] ** 2 + 50 * p[1] ** 2)


def saddle(p):
    return p[0] ** 2 - p[1] ** 2 + 0.25 * p[1] ** 4


def beale(p):
    """E. Beale, 1958: a plateau with a lowest point, 0, at (3, 0.5)."""
    x, y = p[0], p[1]
    return (
        (1.5 - x + x * y) ** 2
        + (2.25 - x + x * y**2) ** 2
        + (2.625 - x + x * y**3) ** 2
    )


def test_gradient_descent_on_a_quadratic_by_its_formula():
    way = train.descend(ravine, (5.0, 1.0), lambda p: optim.SGD(p, lr=0.03), 40)
    k = np.arange(41)[:, None]
    expected = [5.0, 1.0] * (1 - 0.03 * np.array([1.0, 50.0])) ** k
    np.testing.assert_allclose(way, expected, rtol=1e-10, atol=1e-300)
    assert way.dtype == np.float64


def test_momentum_by_its_recurrence():
    way = train.descend(
        ravine, [5.0, 1.0], lambda p: optim.SGD(p, 0.02, momentum=0.9), 30
    )
    x, v = np.array([5.0, 1.0]), np.zeros(2)
    for found in way[1:]:
        v = 0.9 * v + x * [1.0, 50.0]
        x = x - 0.02 * v
        np.testing.assert_allclose(found, x, rtol=1e-10, atol=1e-14)


RACERS = {
    "SGD": lambda p: optim.SGD(p, 1e-2),
    "momentum": lambda p: optim.SGD(p, 1e-3, momentum=0.9),
    "RMSprop": lambda p: optim.RMSprop(p, 2e-2),
    "Adam": lambda p: optim.Adam(p, 1e-1),
}


@pytest.mark.parametrize(
    ("surface", "start", "best"),
    [(saddle, (1.0, 1e-3), (0, 2**0.5)), (beale, (1.0, 1.5), (3, 0.5))],
)
def test_all_arrive(surface, start, best, tmp_path):
    ways = {n: train.descend(surface, start, make, 3000) for n, make in RACERS.items()}
    for name, way in ways.items():
        atol = 0.05 if name == "RMSprop" else 0.02  # its steps stay as long as lr
        np.testing.assert_allclose(way[-1], best, atol=atol, err_msg=name)
    pytest.importorskip("matplotlib")
    figure = train.paths(surface, ways, tmp_path / "race.png")
    assert (tmp_path / "race.png").read_bytes().startswith(b"\x89PNG")
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert texts == list(RACERS)
    (left, right), (low, high) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
    every = np.concatenate(list(ways.values()))
    assert ((every > (left, low)) & (every < (right, high))).all()


def test_a_way_that_leaves_is_not_what_the_picture_is_of():
    pytest.importorskip("matplotlib")
    ways = {
        "leaves": train.descend(ravine, (1.0, 1.0), lambda p: optim.SGD(p, 0.1), 50),
        "stays": train.descend(ravine, (1.0, 1.0), lambda p: optim.SGD(p, 0.02), 300),
    }
    assert np.abs(ways["leaves"]).max() > 1e20
    ax = train.paths(ravine, ways).axes[0]
    assert np.abs([*ax.get_xlim(), *ax.get_ylim()]).max() < 20


def test_a_way_that_leaves_ends_with_what_is_finite():
    way = train.descend(ravine, (1.0, 1.0), lambda p: optim.SGD(p, 1e30), 100)
    assert 1 < len(way) < 101
    assert np.isfinite(way).all()
    way = train.descend(lambda p: np.log(p[0]), (0.1,), lambda p: optim.SGD(p, 1.0), 9)
    assert way.tolist() == [[0.1]]
    still = train.descend(ravine, (0.0, 0.0), lambda p: optim.Adam(p, 0.1), 5)
    assert (still == 0).all()
    assert len(still) == 6


@pytest.mark.parametrize(
    ("f", "start", "steps", "error", "text"),
    [
        (ravine, 1.0, 5, ValueError, r"finite numbers \(n,\)"),
        (ravine, (np.nan, 1.0), 5, ValueError, "finite numbers"),
        (ravine, (1.0, 1.0), -1, ValueError, "negative"),
        (lambda p: p, (1.0, 1.0), 5, TypeError, r"one number as a Tensor, got \(2,\)"),
        (lambda p: 3.0, (1.0, 1.0), 5, TypeError, "got float"),
        (lambda p: np.log(p[0]), (-1.0, 1.0), 5, ValueError, "the function is nan"),
    ],
)
def test_errors(f, start, steps, error, text):
    with pytest.raises(error, match=text):
        train.descend(f, start, lambda p: optim.SGD(p, 0.1), steps)


def test_pictures_of_flat_and_undefined_surfaces_and_a_box():
    pytest.importorskip("matplotlib")
    way = {"still": [[1.0, 1.0]]}
    train.paths(lambda p: p[0] * 0.0, way)
    train.paths(lambda p: np.log(p[0]), {"a": [[-1.0, 0.0], [1.0, 1.0]]})
    box = ((-2, 2), (-1, 1))
    ax = train.paths(ravine, way, box=box, title="A ravine").axes[0]
    assert (ax.get_xlim(), ax.get_ylim(), ax.get_title()) == (*box, "A ravine")
    with pytest.raises(ValueError, match=r"'a' must be points \(n, 2\), got shape"):
        train.paths(ravine, {"a": np.ones((3, 3))})
    with pytest.raises(ValueError, match="nothing to draw"):
        train.paths(ravine, {})
