"""Batches: weights, chains of augmentations, dtypes, what tells two runs apart."""

import functools

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim, train
from autograd_core.train import Batches

X = np.arange(46.0).reshape(23, 2)
Y = np.arange(23)


def plus(x, rng):
    return x + rng.random((len(x), 1))


def double(x, rng):
    return 2 * x


class Swap:
    """Changes targets too."""

    changes_targets = True

    def __call__(self, x, y, rng):
        order = rng.permutation(len(y))
        return x[order], np.eye(23)[y[order]]


def test_weights_stay_with_their_rows():
    batches = Batches(X, Y, 4, sample_weight=Y[:, None] * 10.0, seed=3)
    for x, y, w in batches.epoch(1):
        assert np.array_equal(w, 10 * y)
        assert np.array_equal(x[:, 0], 2 * y)
    cast = batches.astype("f4", "i8", weights="f4").at(0)
    assert [part.dtype.str[1:] for part in cast] == ["f4", "i8", "f4"]


def test_a_chain_is_applied_in_order_with_one_generator():
    one = Batches(X, Y, 4, augment=[plus, double], seed=1)
    two = Batches(X, Y, 4, augment=(double, plus), seed=1)
    plain = Batches(X, Y, 4, seed=1)
    for step in (0, 7, 31):
        x, y = plain.at(step)
        first, second = one.at(step)[0], two.at(step)[0]
        noise = second - 2 * x
        np.testing.assert_allclose(first, 2 * (x + noise))
        assert np.array_equal(one.at(step)[1], y)
    assert np.array_equal(Batches(X, Y, 4, augment=plus).at(1)[0],
                          Batches(X, Y, 4, augment=[plus]).at(1)[0])  # fmt: skip


@pytest.mark.parametrize("drop_last", [False, True])
def test_a_row_is_augmented_alike_in_any_batch(drop_last):
    def by_row(batch_size, **options):
        noise = train.Noise(0.1)
        batches = Batches(X, Y, batch_size, augment=noise, seed=2, **options)
        found = [dict(zip(y.tolist(), x.tolist(), strict=True))
                 for x, y in batches.epoch(1)]  # fmt: skip
        return functools.reduce(dict.__or__, found)

    whole = by_row(23)
    assert by_row(8) == by_row(4, shuffle=False) == whole
    assert by_row(5, drop_last=drop_last).items() <= whole.items()


def test_an_augmentation_may_change_targets():
    for x, y in Batches(X, Y, 4, augment=[double, Swap()]).epoch(0):
        assert y.shape == (len(x), 23)
        assert np.array_equal(x[:, 0], 4 * y.argmax(1))


def test_dtypes_before_and_after_augmentation():
    seen = []

    def halves(x, rng):
        seen.append(x.dtype)
        return x.astype("f8") / 2

    bytes_ = X.astype("u1")
    batches = Batches(bytes_, Y, 4, augment=[halves, Swap()]).astype("f4", "i8")
    x, y = batches.at(0)
    assert (seen, x.dtype, y.dtype) == ([np.float32], np.float32, np.float64)
    targets = Batches(X, Y * 1.0, 4, augment=halves).astype("f4", "f4").at(0)[1]
    assert targets.dtype == np.float32


def test_batches_are_new_arrays():
    def spoil(x, rng):
        x[:] = 0
        return x

    spoiled = Batches(X, Y, 23, shuffle=False, augment=spoil)
    spoiled.at(0)
    x, y = Batches(X, Y, 23, shuffle=False).at(0)
    y[:] = x[:] = -1
    assert np.array_equal(spoiled.x, np.arange(46.0).reshape(23, 2))
    assert np.array_equal(X, np.arange(46.0).reshape(23, 2))
    assert np.array_equal(Y, np.arange(23))


def test_a_batch_larger_than_the_data_is_all_of_it():
    batches = Batches(X, Y, 1000)
    assert (batches.steps, len(batches.at(0)[1]), len(batches.at(5)[1])) == (1, 23, 23)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 32.0}, TypeError, "batch_size must be an integer, got 32.0"),
        ({"batch_size": "32"}, TypeError, "got '32'"),
        ({"batch_size": None}, TypeError, "got None"),
        ({"batch_size": True}, TypeError, "got True"),
        ({"seed": -1}, ValueError, "seed must be >= 0, got -1"),
        ({"seed": None}, TypeError, "seed must be an integer, got None"),
        ({"augment": 3}, TypeError, "augment must be a function"),
        ({"augment": [plus, "flip"]}, TypeError, "got 'flip'"),
        ({"augment": Swap}, TypeError, "got the class Swap"),
    ],
)
def test_options_are_checked(options, error, message):
    with pytest.raises(error, match=message):
        Batches(X, Y, **options)


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (lambda x, rng: x.tolist(), "must return x as an array, got list"),
        (lambda x, rng: x[:2], r"got 4 rows and returned x of shape \(2, 2\)"),
        (lambda x, rng: None, "got NoneType"),
        (lambda x, rng: (x, x), "got tuple"),
        (lambda x, rng: ag.tensor(x), "got Tensor"),
    ],
)
def test_an_augmentation_that_gives_no_batch_is_named(augment, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Batches(X, Y, 4, augment=augment).at(0)


def test_an_augmentation_of_targets_gives_two_arrays():
    class Wrong(Swap):
        def __call__(self, x, y, rng):
            return x

    with pytest.raises(TypeError, match=r"must return \(x, y\)"):
        Batches(X, Y, 4, augment=Wrong()).at(0)


def test_a_step_is_counted_from_0():
    with pytest.raises(IndexError, match="step must be >= 0, got -1"):
        Batches(X, Y, 4).at(-1)


# What a resumed run must find again ------------------------------------------------


def other(place, value):
    x = X.copy()
    x[place] = value
    return x


@pytest.mark.parametrize(
    "changed",
    [
        lambda: Batches(other((22, 1), 0), Y),
        lambda: Batches(X, Y[::-1]),
        lambda: Batches(X[::-1], Y[::-1]),
        lambda: Batches(X[:, :1], Y),
        lambda: Batches(X, Y, sample_weight=np.ones(23)),
        lambda: Batches(X, Y, 63),
        lambda: Batches(X, Y, seed=1),
        lambda: Batches(X, Y, shuffle=False),
        lambda: Batches(X, Y, augment=plus),
        lambda: Batches(X, Y, augment=[plus, double]),
    ],
)
def test_other_batches_are_described_otherwise(changed):
    assert changed().describe() != Batches(X, Y).describe()


def test_the_same_batches_are_described_alike():
    expected = Batches(X, Y).describe()
    for x in (X.tolist(), np.asfortranarray(X), X.astype("f4"), X.astype("u1")):
        for y in (Y.tolist(), Y.astype("u1")):
            assert Batches(x, y).astype("f8", "i8").describe() == expected
    name = functools.partial(plus, rng=3)
    texts = [Batches(X, Y, augment=[f, Swap()]).describe()["augment"]
             for f in (name, plus, lambda x, rng: x)]  # fmt: skip
    assert len(set(texts)) == 3
    assert not any("0x" in text for text in texts)


def test_large_data_is_described_by_a_sample():
    x = np.zeros((1 << 19, 17))  # 71 MB
    y = np.zeros(len(x), int)
    before = Batches(x, y).describe()
    x[-1, -1] = 1
    assert Batches(x, y).describe() != before


def test_repr():
    assert repr(Batches(X, Y, 4, sample_weight=Y, augment=plus)) == (
        "Batches(23 rows, x (2,) float64, y () int64; batch_size=4, 6 steps an epoch, "
        "shuffled, seed=0, with weights, augmented by Chain(<function plus>))"
    )
    assert "1 step an epoch, in order" in repr(Batches(X, Y, shuffle=False))


def test_a_run_resumed_on_other_data_is_refused(tmp_path):
    def fit(x, resume=None):
        model = nn.Linear(2, 23)
        opt = optim.SGD(model.parameters(), 1e-3)
        loss, keep = nn.functional.cross_entropy, train.Checkpoint(tmp_path / "c")
        train.fit(model, opt, loss, (x, Y), epochs=1, callbacks=[keep], resume=resume)

    fit(X)
    fit(X.tolist(), tmp_path / "c")
    with pytest.raises(train.ResumeError, match="data="):
        fit(other((3, 1), 0), tmp_path / "c")
