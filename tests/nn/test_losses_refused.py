"""What losses refuse, eager and in replays, and what they say to do."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn

F = nn.functional
X = np.array([[1, -2, 0.5], [0.3, 0.1, -1], [2, 0, -0.5], [-1.5, 0.7, 0.2]])
Y = np.array([2, 0, 0, 1])
HOT = np.eye(3)[Y]
CE, BCE, MSE = F.cross_entropy, F.binary_cross_entropy_with_logits, F.mse_loss

SHAPES = {
    "float labels": (lambda: CE(X, Y.astype(float)),
                     r"labels are float64: take y\.astype\(int\)"),
    "bool labels": (lambda: CE(X[:, :2], Y > 0),
                    r"labels are bool: take y\.astype\(int\)"),
    "a column": (lambda: CE(X, Y[:, None]), r"got \(4, 1\); .* take y\.reshape\(-1\)$"),
    "a float column": (lambda: CE(X, Y[:, None] * 1.0),
                       r"take y\.reshape\(-1\)\.astype\(int\)$"),
    "one-hot": (lambda: CE(X, HOT.astype(int)), r"one-hot rows take y\.argmax\(1\)"),
    "bool one-hot": (lambda: CE(X, HOT > 0), r"one-hot rows take y\.argmax\(1\)"),
    "weighted float labels": (lambda: CE(X, Y * 1.0, weight=[1, 2, 3]),
                              r"^cross_entropy: logits .*take y\.astype\(int\)"),
    "one logit": (lambda: CE(X[:, :1], Y), r"binary_cross_entropy_with_logits"),
    "weights in torch's place": (lambda: CE(X, Y, np.ones(3)),
                                 "label_smoothing must be a number, got ndarray"),
    "no ignore_index": (lambda: CE(X, np.array([0, 1, -100, 1])),
                        "label -100 in row 2 .* ignore_index=-100"),
    "column of logits": (lambda: BCE(X[:, :1], (Y > 0).astype(int)),
                         r"\(4, 1\) and target \(4,\) .* target to \(-1, 1\)"),
    "column of targets": (lambda: BCE(X[:, 0], (Y > 0)[:, None]),
                          r"\(4,\) and target \(4, 1\) .* target to \(-1,\)"),
    "labels for BCE": (lambda: BCE(X, Y), r"np\.eye\(3\)\[target\]"),
    "regression": (lambda: MSE(X[:, :1], X[:, 0]), r"target to \(-1, 1\)"),
    "with weights": (lambda: BCE(X[:, :1], Y, pos_weight=2.0), r"target to \(-1, 1\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_targets_that_do_not_fit(name):
    call, message = SHAPES[name]
    with pytest.raises((ValueError, TypeError), match=message):
        call()


WEIGHTS = {
    "short": ([1, 2], r"sample_weight has shape \(2,\), expected \(4,\), one for each"),
    "one": (2.0, r"sample_weight has shape \(\), expected \(4,\)"),
    "column": (np.ones((4, 1)), r"take w\.reshape\(-1\)"),
    "negative": ([1, 1, -2, 1], "sample_weight holds -2 at place 2; expected finite"),
    "NaN": ([1, np.nan, 1, 1], "sample_weight holds nan at place 1"),
    "infinite": ([1, 1, 1, np.inf], "sample_weight holds inf at place 3"),
    "all zero": ([0, 0, 0, 0], "the weights sum to 0, so there is no mean"),
    "complex": (np.ones(4) * 1j, "sample_weight must be real numbers, got .* complex"),
}


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("loss", [CE, BCE, MSE], ids=lambda loss: loss.__name__)
def test_weights_of_rows(loss, name):
    given, message = WEIGHTS[name]
    target = Y if loss is CE else HOT
    with pytest.raises(
        (ValueError, TypeError), match=rf"^{loss.__name__}: .*{message}"
    ):
        loss(X, target, sample_weight=given)


OTHERS = {
    "classes": (lambda w: CE(X, Y, weight=w), "weight", r"\(3,\): one for each class"),
    "of shares": (lambda w: CE(X, HOT, weight=w), "weight", "one for each class"),
    "positives": (lambda w: BCE(X, HOT, pos_weight=w), "pos_weight", "each class"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_weights_of_classes(name):
    call, what, expected = OTHERS[name]
    with pytest.raises(ValueError, match=rf": {what} has shape \(2,\), .*{expected}"):
        call([1.0, 2.0])
    with pytest.raises(ValueError, match=rf": {what} holds -1 at place 1"):
        call([1.0, -1.0, 1.0])
    with pytest.raises(ValueError, match=rf": {what} holds nan at place 2"):
        call([1.0, 1.0, np.nan])


def test_settings_of_layers():
    for bad in ([1.0, -1.0], [np.nan, 1.0], np.ones((2, 2)), ["a"]):
        with pytest.raises((ValueError, TypeError)):
            nn.CrossEntropyLoss(weight=bad)
        with pytest.raises((ValueError, TypeError)):
            nn.BCEWithLogitsLoss(pos_weight=bad)
    with pytest.raises(TypeError, match=r"ignore_index must be an integer, got 1\.5"):
        nn.CrossEntropyLoss(ignore_index=1.5)
    with pytest.raises(ValueError, match="ignore_index is for labels"):
        nn.CrossEntropyLoss(ignore_index=0)(X, HOT)


# name: (loss of (target, weights), good target, bad target, message); values differ in
# a replay, so that they must be looked at there
VALUES = {
    "share above": (lambda t, w: BCE(X, t), HOT, HOT * 2,
                    r"the target at \(0, 2\) is 2; expected numbers in \[0, 1\]"),
    "signs": (lambda t, w: BCE(X, t), HOT, 2 * HOT - 1, r"at \(0, 0\) is -1;"),
    "NaN share": (lambda t, w: BCE(X, t), HOT, np.where(HOT > 0, np.nan, 0),
                  r"at \(0, 2\) is nan;"),
    "with weights": (lambda t, w: BCE(X, t, sample_weight=w), HOT, HOT * 1.5,
                     r"at \(0, 2\) is 1\.5;"),
    "pos_weight": (lambda t, w: BCE(X, t, pos_weight=2.0), HOT, HOT * 1.5,
                   r"at \(0, 2\) is 1\.5;"),
    "probability": (lambda t, w: CE(X, t), HOT, 2 * HOT - 1,
                    "a probability in row 0 is -1; expected none below 0"),
    "NaN": (lambda t, w: CE(X, t), HOT, np.where(HOT > 0, np.nan, 0),
            "a probability in row 0 is nan"),
    "label": (lambda t, w: CE(X, t, weight=w[:3], ignore_index=-1), Y,
              np.array([0, -1, 3, 0]), "label 3 in row 2 is not one of 3 classes"),
    "none counts": (lambda t, w: CE(X, t, ignore_index=-1), Y, np.full(4, -1),
                    "the weights sum to 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_values_are_looked_at_in_every_replay(name):
    loss, good, bad, message = VALUES[name]
    w = np.ones(4)
    with pytest.raises(ValueError, match=message):
        loss(bad, w)
    replayed = ag.compile(loss)
    for _ in range(4):
        expected = replayed(good, w).item()
    with pytest.raises(ValueError, match=message):
        replayed(bad, w)
    assert replayed(good, w).item() == expected


def test_weights_are_looked_at_in_every_replay():
    replayed = ag.compile(lambda w: CE(X, Y, sample_weight=w))
    for _ in range(4):
        replayed(np.ones(4))
    for bad in ("negative", "NaN", "infinite", "all zero"):
        given, message = WEIGHTS[bad]
        with pytest.raises(ValueError, match=message):
            replayed(np.array(given, float))


def test_shares_may_be_off_by_their_rounding():
    shares = np.array([[1 + 1e-7, -1e-7, 0.5]] * 4)
    assert BCE(X, shares).item() == pytest.approx(BCE(X, shares.round(3)).item())
    assert CE(X, shares).item() == pytest.approx(CE(X, shares.round(3)).item())


def test_classes_weights_of_numpy_in_a_compiled_loss_name_the_remedy():
    w = np.array([1.0, 2, 3])
    loss = ag.compile(lambda y, w=w: (CE(X, y, reduction="none") * w[y]).mean())
    with pytest.raises(RuntimeError, match=r"w in w\[y\], must be ag\.tensor\(w\)"):
        loss(Y)
    w = ag.tensor(w)
    loss = ag.compile(lambda y: (CE(X, y, reduction="none") * w[y]).mean())
    for _ in range(3):
        found = loss(Y)
    each = CE(X, Y, reduction="none").data * w.data[Y]
    assert found.item() == pytest.approx(each.mean())
