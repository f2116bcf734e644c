"""Data for training: what is refused, splits, batches by number, augmentation."""

import numpy as np
import pytest

from autograd_core.train import (
    Batches,
    Standardizer,
    check_data,
    check_labels,
    confusion_matrix,
    split,
    worst_confusions,
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


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i8"])
def test_standardizer_keeps_constant_columns_finite(dtype, rng):
    x = rng.integers(0, 99, (500, 3)).astype(dtype)
    x[:, 1] = 7
    fit = Standardizer(x)
    out = fit(x)
    assert out.dtype == (dtype if dtype[0] == "f" else "f4")
    np.testing.assert_allclose(out.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(out.std(0), [1, 0, 1], atol=1e-5)
    assert fit(x[:1] + 1)[0, 1] == 1  # a new value there is centred only
    whole = Standardizer(x, per_column=False)(x)
    assert abs(whole.mean()) < 1e-5 > abs(whole.std() - 1)


def test_standardizer_is_not_fooled_by_rounding():
    x = np.full((1000, 1), 0.1) * 3e7  # its computed deviation need not be 0
    x[::3] *= 1 + 2e-16
    assert np.abs(Standardizer(x)(x)).max() < 1e-6


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


def test_confusions_are_counted_and_sorted():
    y = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    predicted = np.array([0, 1, 1, 1, 0, 2, 0, 2])
    matrix = confusion_matrix(y, predicted, 3)
    assert matrix.tolist() == [[1, 2, 0], [1, 1, 0], [1, 0, 2]]
    assert worst_confusions(matrix, 2) == [(0, 1, 2), (1, 0, 1)]
    assert worst_confusions(np.diag([3, 4])) == []
