"""Data for training: what is refused, splits, batches by number, augmentation."""

import numpy as np
import pytest

from autograd_core.train import (
    Batches,
    check_data,
    check_labels,
    class_weights,
    split,
)

X = np.arange(12.0).reshape(6, 2)
Y = np.arange(6) % 3


def with_value(value, place):
    x = X.copy()
    x[place] = value
    return x


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (with_value(np.nan, (4, 1)), Y, ValueError, r"1 NaN .* nan at x\[4, 1\]"),
        (with_value(-np.inf, (0, 0)), Y, ValueError, r"-inf at x\[0, 0\]"),
        (X, np.r_[0.0, np.nan, np.nan, 0, 0, 0], ValueError, r"y has 2 NaN .*y\[1\]"),
        (X, Y[:5], ValueError, "x has 6 rows and y has 5"),
        (X[:0], Y[:0], ValueError, r"x has no rows, its shape is \(0, 2\)"),
        (3.0, Y, ValueError, r"x has no rows, its shape is \(\)"),
        ([["a", "b"]], [0], TypeError, "x must be numbers, got dtype <U1"),
        (X, [object()] * 6, TypeError, "y must be numbers, got dtype object"),
        (X * 1j, Y, TypeError, "complex128"),
    ],
)
def test_data_that_cannot_be_trained_on_is_refused(x, y, error, message):
    with pytest.raises(error, match=message):
        check_data(x, y, "these")


@pytest.mark.parametrize(
    ("bad", "message"), [(3, "0 ... 2.* got 3 in row 4"), (-1, "got -1 in row 4")]
)
def test_labels_out_of_range_are_refused(bad, message):
    y = Y.copy()
    check_labels(y, 3)
    y[4] = bad
    with pytest.raises(ValueError, match=message):
        check_labels(y, 3)


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5, 0.77])
def test_split_is_a_partition_that_keeps_the_shares(fraction, rng):
    y = rng.choice(5, 403, p=[0.4, 0.3, 0.2, 0.07, 0.03])
    rest, held = split(y, fraction, seed=3)
    assert np.array_equal(np.sort(np.r_[rest, held]), np.arange(403))
    assert len(held) == round(fraction * 403)
    expected = fraction * np.bincount(y)
    assert np.abs(np.bincount(y[held], minlength=5) - expected).max() <= 1
    again = split(y, fraction, seed=3)
    assert np.array_equal(held, again[1])
    assert not np.array_equal(held, split(y, fraction, seed=4)[1])


def test_split_without_strata_takes_any_rows(rng):
    targets = rng.standard_normal(50)
    rest, held = split(targets, 0.3, stratify=False)
    assert np.array_equal(np.sort(np.r_[rest, held]), np.arange(50))
    assert len(held) == 15
    assert held[-1] - held[0] > 20


@pytest.mark.parametrize("fraction", [0.0, 1.0, 0.01, -1])
def test_split_refuses_an_empty_side(fraction):
    with pytest.raises(ValueError, match="leaves one side empty"):
        split(Y, fraction)


def test_split_into_three(rng):
    for seed in range(50):
        y = rng.choice(6, int(rng.integers(20, 300)))
        fractions = rng.uniform(0.1, 0.4, 2)
        parts = split(y, *fractions, seed=seed)
        assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(y)))
        shares = (1 - fractions.sum(), *fractions)
        for rows, share in zip(parts, shares, strict=True):
            off = np.bincount(y[rows], minlength=6) - share * np.bincount(y)
            assert np.abs(off).max() <= 2
            assert (np.diff(rows) > 0).all()
    first = split(y, fractions[0], seed=3)[1]
    assert np.array_equal(split(y, *fractions, seed=3)[1], first)


def strings(y):
    return np.array(list("abcde"))[y]


@pytest.mark.parametrize(
    "form",
    [
        strings,
        lambda y: y[:, None],
        lambda y: np.eye(5)[y],
        list,
        lambda y: y * 0.5 - 7,
    ],
    ids=["text", "column", "one-hot", "list", "gaps"],
)
def test_split_takes_labels_in_every_form(form, rng):
    y = np.sort(rng.choice(5, 203, p=[0.4, 0.3, 0.2, 0.07, 0.03]))
    held = split(form(y), 0.3, seed=1)[1]
    assert len(held) == 61
    off = np.bincount(y[held], minlength=5) - 0.3 * np.bincount(y)
    assert np.abs(off).max() <= 1
    if form not in (strings,):
        assert form is not list or np.array_equal(held, split(y, 0.3, seed=1)[1])


def test_split_of_numbers_and_of_rare_classes():
    targets = np.random.default_rng(0).standard_normal(5000)
    rest, held = split(targets, 0.2)  # every number is a class of its own
    assert (len(rest), len(held)) == (4000, 1000)
    y = np.array([0] * 9 + [1])
    rest, held = split(y, 0.5)
    assert np.array_equal(np.sort(np.r_[rest, held]), np.arange(10))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((Y, 0.2, 3), ValueError, r"0\.2 and 3 of 6 rows leaves one side empty.*seed="),
        ((Y, 0.5, 0.5), ValueError, "leaves one side empty"),
        ((Y,), TypeError, r"split\(y, 0\.2\)"),
        ((Y, "0.2"), TypeError, "must be a number, got '0.2'"),
        ((Y, np.nan), ValueError, "got nan"),
        ((5, 0.2), ValueError, r"a label for each row, its shape is \(\)"),
        (([], 0.2), ValueError, r"its shape is \(0,\)"),
    ],
)
def test_split_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        split(*arguments)


# Class weights ---------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["i8", "u1", "f4"])
def test_class_weights_are_scikit_learns_balanced(dtype, rng):
    oracle = pytest.importorskip("sklearn.utils.class_weight")
    for _ in range(20):
        y = rng.choice([0, 1, 3, 6], rng.integers(1, 50), p=[0.6, 0.3, 0.05, 0.05])
        labels = np.unique(y)
        expected = np.ones(9)
        expected[labels] = oracle.compute_class_weight("balanced", classes=labels, y=y)
        np.testing.assert_allclose(class_weights(y.astype(dtype), 9), expected)
        short = class_weights(y[:, None].tolist())
        np.testing.assert_allclose(short, expected[: y.max() + 1])


@pytest.mark.parametrize(
    ("y", "classes", "message"),
    [
        ([0, 1, 5], 3, "label 5 is none of 3 classes"),
        ([-1, 1], None, "whole numbers from 0"),
        ([0.5], None, "whole numbers from 0"),
        (np.eye(3), None, r"y\.argmax\(1\)"),
        ([], None, "a label for each row"),
        ([0], 0, "at least 1"),
    ],
)
def test_class_weights_refuse(y, classes, message):
    with pytest.raises(ValueError, match=message):
        class_weights(y, classes)


# Batches ---------------------------------------------------------------------------


def counts(batches, number):
    return [len(y) for _, y in batches.epoch(number)]


@pytest.mark.parametrize(
    ("rows", "size", "drop", "expected"),
    [
        (10, 4, False, [4, 4, 2]),
        (10, 4, True, [4, 4]),
        (9, 4, False, [4, 5]),  # one row alone would be no batch for BatchNorm
        (9, 4, True, [4, 4]),
        (8, 4, False, [4, 4]),
        (3, 4, False, [3]),
        (1, 4, False, [1]),
        (3, 1, False, [1, 1, 1]),
        (5, 4, False, [5]),
    ],
)
def test_sizes_of_batches(rows, size, drop, expected):
    x = np.arange(rows)
    batches = Batches(x, x, size, drop_last=drop, seed=1)
    for number in (0, 1, 7):
        assert counts(batches, number) == expected
        seen = np.concatenate([y for _, y in batches.epoch(number)])
        assert len(np.unique(seen)) == sum(expected)
    assert batches.steps == len(expected)


def test_a_batch_follows_from_seed_and_step_alone():
    def jitter(x, rng):
        return x + rng.random(x.shape)

    x = np.arange(23.0)
    a, b = (Batches(x, x, 5, seed=2, augment=jitter) for _ in range(2))
    forward = [a.at(t) for t in range(20)]
    for t in (19, 3, 11, 3, 0):  # in any order, by another object
        for one, two in zip(forward[t], b.at(t), strict=True):
            assert np.array_equal(one, two)
    orders = [np.concatenate([y for _, y in a.epoch(e)]) for e in range(3)]
    orders.append(np.concatenate([y for _, y in Batches(x, x, 5, seed=3).epoch(0)]))
    assert len({tuple(order) for order in orders}) == 4
    noise = [bx - y for bx, y in forward]
    assert len({tuple(n) for n in noise}) == 20


def test_unshuffled_batches_keep_the_order():
    batches = Batches(X, Y, 4, shuffle=False)
    for number in range(2):
        got = np.concatenate([x for x, _ in batches.epoch(number)])
        assert np.array_equal(got, X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be >= 1, got 0"),
        ({"batch_size": 7, "drop_last": True}, "6 rows fill no batch of 7"),
    ],
)
def test_batches_refuse(options, message):
    with pytest.raises(ValueError, match=message):
        Batches(X, Y, **options)
