"""Losses with weights of rows, classes and positives, and rows that are left out."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn

F = nn.functional
X = np.array([[1, -2, 0.5], [0.3, 0.1, -1], [2, 0, -0.5], [-1.5, 0.7, 0.2]])
LABELS, IGNORED = np.array([2, 0, 0, 1]), np.array([2, 0, -100, 1])
SHARES = np.array([[0.2, 0.3, 0.5], [1, 0, 0], [0, 0.6, 0.4], [0.1, 0.1, 0.8]])
WEIGHT = np.array([0.5, 2, 1.25])
ROWS = np.array([0.5, 2.0, 0, 1.25])
TARGETS = {"labels": LABELS, "ignored": IGNORED, "shares": SHARES}

# Numbers of torch 2.9, float64: each row's loss, the mean, its slope for the first row.
# target, weight, smoothing
CROSS_ENTROPY = [
    ("labels", WEIGHT, 0.0,
     [1.2557461279278543, 0.36888398631859015, 0.09836704845980856, 1.0815459647961063],
     0.6598925005887905,
     [0.17757320474959584, 0.00884084928516883, -0.18641405403476466]),
    ("labels", WEIGHT, 0.1,
     [1.4140794612611876, 0.49171658426637865, 0.35062210572877983, 1.0984879911162524],
     0.7893896805582585,
     [0.17365163612214485, -0.0068454252246350905, -0.16680621089750977]),
    ("ignored", None, 0.0,
     [1.0045969023422834, 0.7377679726371803, 0.0, 0.5407729823980532],
     0.7610459524591723,
     [0.20124963204954194, 0.010019629189858006, -0.21126926123939993]),
    ("ignored", WEIGHT, 0.1,
     [1.4140794612611876, 0.49171658426637865, 0.0, 1.0984879911162524],
     0.8011424097716849,
     [0.19680518760509752, -0.007758148587919769, -0.18904703901717776]),
    ("shares", WEIGHT, 0.0,
     [2.7810908956035254, 0.36888398631859015, 3.9844479647633486, 1.2859662279975665],
     2.105097268670758,
     [0.1749918218492323, -0.1400429934925786, -0.03494882835665369]),
    ("shares", WEIGHT, 0.1,
     [2.7868897521692917, 0.49171658426637865, 3.848094930401966, 1.2824662279975665],
     2.1022918737088006,
     [0.17219312600228695, -0.14176602057343823, -0.030427105428848723]),
]  # fmt: skip
# pos_weight, mean, its slope for the first row
BINARY = [
    (2.5, 1.1810910465164401,
     [0.03753134601825053, -0.04809631358899413, -0.01339134753306287]),
    (WEIGHT, 0.8891813836502895,
     [0.046496060063917044, -0.0370863501142706, 0.006272228966840533]),
]  # fmt: skip


def close(found, expected, dtype):
    tol = 1e-13 if dtype == np.float64 else 2e-6
    np.testing.assert_allclose(found, expected, rtol=tol, atol=tol)


def both(loss, dtype, *args):
    """Loss and slope for X, eager and in the replays of a Program: one and the same."""
    x = ag.tensor(X.astype(dtype), requires_grad=True)

    def step(*args):
        x.grad = None
        found = loss(x, *args)
        found.sum().backward()
        return found

    found, slope = step(*args).data, x.grad.data
    replayed = ag.compile(step)
    for _ in range(4):
        again = replayed(*args)
    np.testing.assert_array_equal(again.data, found)
    np.testing.assert_array_equal(x.grad.data, slope)
    assert found.dtype == dtype
    return found, slope


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("row", CROSS_ENTROPY, ids=lambda row: f"{row[0]}-{row[2]}")
def test_cross_entropy_is_torchs(row, dtype):
    target, weight, smoothing, each, mean, slope = row
    target = TARGETS[target]
    ignore = -100 if target is IGNORED else None
    for reduction, expected in (("none", each), ("sum", np.sum(each)), ("mean", mean)):
        layer = nn.CrossEntropyLoss(
            smoothing, reduction, weight=weight, ignore_index=ignore
        )
        found, slopes = both(layer, dtype, target)
        close(found, expected, dtype)
        same = F.cross_entropy(
            X.astype(dtype),
            target,
            smoothing,
            reduction,
            weight=weight,
            ignore_index=ignore,
        )
        np.testing.assert_array_equal(same.data, found)
    close(slopes[0], slope, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("row", BINARY, ids=["one", "each"])
def test_positive_weights_are_torchs(row, dtype):
    pos_weight, mean, slope = row
    layer = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
    found, slopes = both(layer, dtype, SHARES.astype(dtype))
    close(found, mean, dtype)
    close(slopes[0], slope, dtype)
    plain = F.binary_cross_entropy_with_logits(X, SHARES, pos_weight=1.0)
    close(plain.data, F.binary_cross_entropy_with_logits(X, SHARES).data, np.float64)


def test_positive_weights_keep_the_digits_of_far_logits():
    x, t = np.array([[600.0], [-700.0], [-30.0]]), np.array([[1.0], [0.0], [0.0]])
    loss = F.binary_cross_entropy_with_logits(x, t, "none", pos_weight=1e-8)
    expected = [[1e-8 * np.exp(-600)], [np.exp(-700)], [np.exp(-30)]]
    np.testing.assert_allclose(loss.data, expected, rtol=1e-12)


# name: (loss of logits X, its target); each row's loss is the mean over the columns
ELEMENTWISE = {
    "mse": (nn.MSELoss, SHARES),
    "l1": (nn.L1Loss, SHARES),
    "huber": (nn.HuberLoss, SHARES),
    "smooth l1": (nn.SmoothL1Loss, SHARES),
    "smooth l1 without": (lambda r: lambda *a, **k: F.smooth_l1_loss(*a, r, 0, **k),
                          SHARES),
    "bce": (nn.BCEWithLogitsLoss, SHARES),
    "cross entropy": (lambda r: nn.CrossEntropyLoss(0.1, r), LABELS),
    "soft": (lambda r: nn.CrossEntropyLoss(0.1, r), SHARES),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_rows_have_weights(name, dtype):
    make, target = ELEMENTWISE[name]
    target = target.astype(dtype) if target.dtype.kind == "f" else target
    each = make("none")(X.astype(dtype), target).data
    w = ROWS.reshape(-1, *[1] * (each.ndim - 1))
    expected = {"none": w * each, "sum": np.sum(w * each)}
    expected["mean"] = np.sum(w * each) / np.sum(np.broadcast_to(w, each.shape))
    for reduction, numbers in expected.items():
        loss = make(reduction)
        found, slope = both(
            lambda x, t, w, loss=loss: loss(x, t, sample_weight=w), dtype, target, ROWS
        )
        close(found, numbers, dtype)
        assert not slope[2].any()
    for form in (ROWS.tolist(), ag.tensor(ROWS), ROWS.astype(np.float32)):
        again = loss(X.astype(dtype), target, sample_weight=form)
        np.testing.assert_array_equal(again.data, found)
    twice = np.repeat(np.arange(4), [1, 4, 0, 0])  # whole weights are copies of rows
    copies = make("mean")(X[twice].astype(dtype), target[twice]).item()
    weighted = make("mean")(X.astype(dtype), target, sample_weight=[1, 4, 0, 0])
    close(weighted.item(), copies, dtype)


def test_elements_have_weights():
    w = np.arange(12.0).reshape(4, 3)
    loss = F.mse_loss(X, SHARES, sample_weight=w)
    expected = np.average((X - SHARES) ** 2, weights=w)
    np.testing.assert_allclose(loss.item(), expected, rtol=1e-14)


def test_weights_of_rows_and_of_classes_multiply():
    loss = F.cross_entropy(
        X, IGNORED, weight=WEIGHT, ignore_index=-100, sample_weight=ROWS
    )
    each = F.cross_entropy(X, LABELS, reduction="none").data
    w = ROWS * WEIGHT[LABELS] * (IGNORED >= 0)
    np.testing.assert_allclose(loss.item(), np.average(each, weights=w), rtol=1e-14)


def test_means_are_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics")
    shares = F.softmax(X).data
    loss = F.cross_entropy(X, LABELS, sample_weight=ROWS).item()
    expected = metrics.log_loss(LABELS, shares, sample_weight=ROWS)
    assert loss == pytest.approx(expected, rel=1e-13)
    loss = F.mse_loss(X, SHARES, sample_weight=ROWS).item()
    expected = metrics.mean_squared_error(SHARES, X, sample_weight=ROWS)
    assert loss == pytest.approx(expected, rel=1e-13)


def test_rows_left_out_are_not_looked_at():
    x = X.copy()
    x[2] = np.nan, np.inf, -np.inf
    leaf = ag.tensor(x, requires_grad=True)
    loss = F.cross_entropy(leaf, IGNORED, ignore_index=-100)
    loss.backward()
    rest = [0, 1, 3]
    assert loss.item() == pytest.approx(F.cross_entropy(X[rest], LABELS[rest]).item())
    np.testing.assert_array_equal(leaf.grad.data[2], 0)
    class_zero = F.cross_entropy(X, LABELS, ignore_index=0, reduction="none").data
    assert class_zero.tolist()[1:3] == [0, 0]


SECOND = {
    "class": lambda x, w: F.cross_entropy(
        x, IGNORED, 0.1, weight=w[:3], ignore_index=-100, sample_weight=w
    ),
    "soft": lambda x, w: F.cross_entropy(x, SHARES, 0.1, weight=w[:3]),
    "pos": lambda x, w: F.binary_cross_entropy_with_logits(
        x, SHARES, pos_weight=w[:3], sample_weight=w
    ),
    "huber": lambda x, w: F.huber_loss(x, SHARES, sample_weight=w),
}


@pytest.mark.parametrize("name", SECOND)
def test_slopes_of_first_and_second_order(name, rng):
    loss, w = SECOND[name], np.array([0.5, 2, 1.5, 0.75])
    leaves = ag.tensor(X, requires_grad=True), ag.tensor(w, requires_grad=True)
    assert ag.gradcheck(loss, leaves)
    direction = rng.normal(size=X.shape)

    def slope(x):
        return (ag.grad(lambda x: loss(x, w))(x) * direction).sum()

    assert ag.gradcheck(slope, leaves[:1])


def test_repr_shows_the_settings():
    shown = nn.CrossEntropyLoss(0.1, "sum", weight=[1, 2.5], ignore_index=-1)
    assert repr(shown) == (
        "CrossEntropyLoss(label_smoothing=0.1, reduction='sum', weight=[1. , 2.5], "
        "ignore_index=-1)"
    )
    assert repr(nn.BCEWithLogitsLoss(pos_weight=3.0)) == (
        "BCEWithLogitsLoss(pos_weight=3.)"
    )
    assert repr(nn.HuberLoss(delta=0.5)) == "HuberLoss(delta=0.5)"
    assert repr(nn.MSELoss()) == "MSELoss()"


def test_weights_go_with_the_layer():
    layer = nn.CrossEntropyLoss(weight=np.array([1, 2, 3.0]))
    assert layer.state_dict()["weight"].tolist() == [1, 2, 3]
    other = nn.CrossEntropyLoss(weight=[1.0, 1, 1])
    other.load_state_dict(layer.state_dict())
    assert other(X, LABELS).item() == layer(X, LABELS).item()


def test_plain_numbers_keep_their_digits():
    expected = F.cross_entropy(X, LABELS, weight=np.array([0.1, 0.2, 0.7])).item()
    for weight in ([0.1, 0.2, 0.7], ag.tensor(np.array([0.1, 0.2, 0.7]))):
        assert F.cross_entropy(X, LABELS, weight=weight).item() == expected
        assert nn.CrossEntropyLoss(weight=weight)(X, LABELS).item() == expected
