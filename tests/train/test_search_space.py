"""Scales of a search: even on their own scale, inverse, narrowed, refused."""

import math

import numpy as np
import pytest
from search_cases import SPACE

from autograd_core import nn, train

EVEN = {  # scale, what is spread evenly between which ends
    "Uniform": (train.Uniform(-1, 3), lambda v: v, -1, 3),
    "Log": (train.Log(1e-4, 1), math.log10, -4, 0),
    "OneMinus": (train.OneMinus(1e-3, 0.5), lambda v: math.log(1 - v),
                 math.log(1e-3), math.log(0.5)),
    "Whole": (train.Whole(3, 9), lambda v: v, 2.5, 9.5),
    "Whole log": (train.Whole(100, 9000, log=True), math.log,
                  math.log(99.5), math.log(9000.5)),
}  # fmt: skip
PLACES = (np.arange(20_000) + 0.5) / 20_000


@pytest.mark.parametrize("kind", EVEN)
def test_a_scale_is_even(kind):
    scale, on_scale, low, high = EVEN[kind]
    values = np.array([on_scale(scale.at(place)) for place in PLACES])
    quantiles = np.quantile(values, [0.1, 0.25, 0.5, 0.75, 0.9])
    expected = low + (high - low) * np.array([0.1, 0.25, 0.5, 0.75, 0.9])
    np.testing.assert_allclose(
        quantiles, expected, atol=0.5 if kind == "Whole" else 0.004 * (high - low)
    )


@pytest.mark.parametrize("kind", EVEN)
def test_place_and_value_are_inverse(kind):
    scale = EVEN[kind][0]
    for place in (0.0, 0.013, 0.5, 0.77, math.nextafter(1, 0)):
        value = scale.at(place)
        again = scale.at(min(scale.position(value), math.nextafter(1, 0)))
        np.testing.assert_allclose(again, value, rtol=1e-12)


@pytest.mark.parametrize("log", [False, True])
def test_whole_numbers_are_all_drawn(log):
    scale = train.Whole(1, 5, log=log)
    counts = np.bincount([scale.at(place) for place in PLACES], minlength=6)[1:]
    edges = np.arange(0.5, 6)
    shares = np.diff(np.log(edges) if log else edges)
    np.testing.assert_allclose(counts / len(PLACES), shares / shares.sum(), atol=1e-4)
    assert type(scale.at(0.3)) is int


def test_choices_are_even_and_may_be_anything():
    options = (nn.ReLU, None, 0, [64, 32])
    scale = train.Choice(*options)
    drawn = [scale.index(scale.at(place)) for place in PLACES]
    assert set(np.bincount(drawn)) == {5000}
    assert [scale.at(scale.position(o)) for o in options] == list(options)
    assert repr(scale) == "Choice(ReLU, None, 0, [64, 32])"


def test_ends_stay_within():
    for scale in (train.Log(0.1, 0.3), train.Uniform(0.1, 0.3)):
        for place in (0.0, 1.0, math.nextafter(1, 0)):
            assert 0.1 <= scale.at(place) <= 0.3
    wide = train.Uniform(-1.7e308, 1.7e308)
    assert wide.at(0.5) == 0
    assert wide.position(1.7e308) == 1


AROUND = [
    (train.Log(1e-4, 1), [1e-2, 1e-1], (10**-2.2, 10**-0.8)),
    (train.Uniform(0, 10), [2, 3], (1.5, 3.5)),
    (train.Uniform(0, 10), [0, 0.1], (0, 0.6)),
    (train.OneMinus(1e-4, 0.1), [0.99, 0.999], (10**-3.15, 10**-1.85)),
]


@pytest.mark.parametrize(("scale", "best", "bounds"), AROUND)
def test_the_part_around_values(scale, best, bounds):
    part = scale.around(best)
    assert type(part) is type(scale)
    np.testing.assert_allclose((part.low, part.high), bounds, rtol=1e-9)


def test_the_part_around_whole_numbers_and_choices():
    assert train.Whole(8, 128, log=True).around([16, 32]) == train.Whole(
        14, 37, log=True
    )
    assert train.Whole(1, 4).around([2]) == train.Whole(1, 3)
    assert train.Whole(1, 2).around([1, 1]) == train.Whole(1, 2)
    choice = train.Choice("a", "b", "c").around(["c", "a", "c"])
    assert choice.options == ("a", "c")
    assert train.Choice("a", [1]).around([[1]]).options == ([1],)


def test_a_range_narrows_as_far_as_floats_go():
    for scale in (train.Uniform(0.1, 0.9), train.Log(0.1, 0.9), SPACE["beta"]):
        for _ in range(300):
            part = scale.around([scale.at(0.5)])
            assert scale.low <= part.low < part.high <= scale.high
            scale = part


SCALES_REFUSED = [
    (lambda: train.Uniform(1, 1), ValueError, "low < high"),
    (lambda: train.Uniform(2, 1), ValueError, "got 2 and 1"),
    (lambda: train.Uniform(0, math.inf), ValueError, "finite"),
    (lambda: train.Uniform("0", 1), ValueError, "finite numbers as bounds, got '0'"),
    (lambda: train.Uniform(0, True), ValueError, "got True"),
    (lambda: train.Uniform(0, None), ValueError, "got None"),
    (lambda: train.Log(0, 1), ValueError, "a logarithmic scale has no 0"),
    (lambda: train.Log(-1, 1), ValueError, "0 < low"),
    (lambda: train.Log(1, 0.1), ValueError, "Log: expected low < high"),
    (lambda: train.Log(math.nan, 1), ValueError, "got nan"),
    (lambda: train.OneMinus(0.9, 0.999), ValueError, r"OneMinus\(0\.001, 0\.1\)"),
    (lambda: train.OneMinus(0, 0.5), ValueError, "0 < low"),
    (lambda: train.OneMinus(0.1, 2), ValueError, "bounds of 1 - value"),
    (lambda: train.Whole(8.0, 128), TypeError, r"whole numbers, got 8\.0"),
    (lambda: train.Whole(8, 8), ValueError, "low < high"),
    (lambda: train.Whole(0, 8, log=True), ValueError, "1 <= low"),
    (lambda: train.Choice(), ValueError, "at least one option"),
    (lambda: train.Choice(["relu", "tanh"]), TypeError, r"Choice\(\*options\)"),
]


@pytest.mark.parametrize(("make", "kind", "message"), SCALES_REFUSED)
def test_scales_that_are_none(make, kind, message):
    with pytest.raises(kind, match=message):
        make()
