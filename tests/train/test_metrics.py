"""Metrics: scikit-learn's numbers on random cases, and what is refused."""

import functools

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import train

SEEDS = range(24)


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def binary_case(seed):
    """Logits and labels of two classes: ties, constant scores, rare classes."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(2, 60))
    y = (rng.random(rows) < rng.choice([0.05, 0.5, 0.9])).astype(
        rng.choice(["i8", "f4"])
    )
    score = rng.standard_normal(rows) + y
    if seed % 4 == 1:
        score = np.round(score)
    if seed % 8 == 2:
        score[:] = rng.choice([-1.0, 1.0])
    return score, y


def as_forms(score, y):
    """The same outputs and labels as every shape that says it."""
    two = np.stack([-score / 2, score / 2], 1)
    column, hot = y[:, None], np.eye(2)[y.astype(int)]
    yield from ((o, t) for o in (score, score[:, None]) for t in (y, column))
    yield from ((two, t.astype(int)) for t in (y, column, hot))
    yield two, hot * 0.8 + 0.1


def many_case(seed):
    """Logits and labels of several classes, some of which are never there."""
    rng = np.random.default_rng(seed)
    rows, classes = int(rng.integers(3, 80)), int(rng.integers(3, 8))
    y = rng.integers(0, rng.integers(1, classes + 1), rows)
    score = rng.standard_normal((rows, classes)) + np.eye(classes)[y]
    if seed % 4 == 1:
        score = np.round(score)
    if seed % 8 == 2:
        score[:] = 0.0
    return score, y


@pytest.fixture
def oracle():
    return pytest.importorskip("sklearn.metrics")


def scored(oracle, y, guess, averages):
    """scikit-learn's precision, recall and F1, by name and average."""
    found = {}
    for average in averages:
        three = oracle.precision_recall_fscore_support(
            y, guess, average=average, zero_division=0
        )
        for name, value in zip(("precision", "recall", "f1"), three, strict=False):
            found[name, average] = value
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_two_classes_in_every_form_are_scikit_learns(seed, oracle):
    score, y = binary_case(seed)
    true, guess = y.astype(int), (score > 0).astype(int)
    one = len(np.unique(true)) == 1
    area = np.nan if one else oracle.roc_auc_score(true, score)
    loss = oracle.log_loss(true, sigmoid(score), labels=[0, 1])
    expected = scored(oracle, true, guess, ("binary", "macro", "micro", "weighted"))
    for output, target in as_forms(score, y):
        assert train.accuracy(output, target) == oracle.accuracy_score(true, guess)
        for (name, average), value in expected.items():
            got = getattr(train, name)(output, target, average=average)
            assert got == pytest.approx(value, rel=1e-12)
        assert train.f1(output, target) == train.f1(output, target, average="binary")
        got = train.auc(output, target)
        assert got == pytest.approx(area, rel=1e-12, nan_ok=True)
        if target.shape != (len(y), 2):
            assert train.log_loss(output, target) == pytest.approx(loss, rel=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_several_classes_in_every_form_are_scikit_learns(seed, oracle):
    score, y = many_case(seed)
    guess, classes = score.argmax(1), np.arange(score.shape[1])
    shares = softmax(score)
    loss = oracle.log_loss(y, shares, labels=classes)
    expected = scored(oracle, y, guess, ("macro", "micro", "weighted"))
    tops = [oracle.top_k_accuracy_score(y, score, k=k, labels=classes)
            for k in classes[1:]]  # fmt: skip
    for target in (y, y[:, None], y.astype("f4"), np.eye(len(classes))[y]):
        assert train.accuracy(score, target) == oracle.accuracy_score(y, guess)
        for (name, average), value in expected.items():
            got = getattr(train, name)(score, target, average=average)
            assert got == pytest.approx(value, rel=1e-12)
        assert train.f1(score, target) == train.f1(score, target, average="macro")
        for output in (score, shares):
            assert train.log_loss(output, target) == pytest.approx(loss, rel=1e-9)
        assert [train.top_k(k)(score, target) for k in classes[1:]] == tops
    present = np.unique(y)
    expected = np.nan
    if len(present) > 1:
        each = [oracle.roc_auc_score(y == c, shares[:, c]) for c in present]
        expected = np.mean(each)
    assert train.auc(score, y) == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert train.auc(shares, y) == pytest.approx(expected, rel=1e-12, nan_ok=True)
    if len(present) == len(classes):
        whole = oracle.roc_auc_score(y, shares, multi_class="ovr")
        assert train.auc(score, y) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_regression_is_scikit_learns(seed, oracle):
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(2, 50)), int(rng.integers(1, 4)))
    y = rng.standard_normal(shape).astype("f4") + 10
    output = y + rng.standard_normal(shape).astype("f4")
    if seed % 4 == 1:
        y[:, 0] = 0.5  # constant, and its mean is exactly that
    if seed % 8 == 1:
        output[:, 0] = y[:, 0]
    pairs = [(output, y), (output.astype("f8"), y.tolist())]
    if shape[1] == 1:
        pairs += [(output[:, 0], y), (output, y[:, 0])]
    for name in ("r2", "mean_absolute_error", "mean_squared_error"):
        function = getattr(oracle, "r2_score" if name == "r2" else name)
        expected = function(y.astype("f8"), output.astype("f8"))
        for o, t in pairs:
            assert getattr(train, name)(o, t) == pytest.approx(expected, rel=1e-9)


# Numbers that need no library ------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "y", "expected"),
    [
        (
            [[-5.0], [5.0]],
            [[1.0], [0.0]],
            0.0,
        ),  # one logit: argmax over one is no answer
        (np.eye(3), [[0], [1], [2]], 1.0),
        ([[-5.0], [5.0], [-5.0]], [0, 1, 1], 2 / 3),
        ([-5.0, 5.0], [False, True], 1.0),
        ([1.0, -1.0], [0.7, 0.2], 1.0),
        ([0.0, 0.0], [0, 1], 0.5),  # the border is class 0
        ([[1, 2], [2, 1]], [[0.1, 0.9], [0.2, 0.8]], 0.5),
        ([[1.0, 1.0]], [0], 1.0),
        (np.eye(2, dtype="f4"), np.array([0, 1], "u1"), 1.0),
    ],
)
def test_accuracy_of_forms(output, y, expected):
    assert train.accuracy(np.array(output), np.array(y)) == expected
    assert train.accuracy(output, y) == expected
    assert train.accuracy(ag.tensor(np.array(output, "f4")), np.array(y)) == expected


def test_a_sigmoid_has_its_own_threshold():
    p, y = np.array([0.2, 0.7, 0.6]), np.array([0, 1, 0])
    assert train.accuracy(p, y, threshold=0.5) == pytest.approx(2 / 3)
    assert train.precision(p, y, threshold=0.5) == 0.5
    assert train.recall(p, y, threshold=0.65) == 1.0


@pytest.mark.parametrize(
    "metric",
    [train.accuracy, train.f1, train.precision, train.recall, train.auc,
     train.log_loss, train.top_k(1)],
    ids=lambda m: m.__name__,
)  # fmt: skip
@pytest.mark.parametrize(
    ("output", "y", "message"),
    [
        (np.zeros((3, 1)), [-1, 1, 1], "must lie between 0 and 1, got -1 in row 0"),
        (np.zeros(3), [0, 1, 2], "got 2 in row 2"),
        (np.zeros(3), [0, np.nan, 1], "got nan in row 1"),
        (np.zeros((3, 4)), [0, 4, 1], r"0 \.\.\. 3.* got 4 in row 1"),
        (np.zeros((3, 4)), [0, 1, -1], "got -1 in row 2"),
        (np.zeros((3, 4)), [0, 0.5, 1], "got 0.5 in row 1"),
        (np.zeros((3, 4)), [0, np.nan, 1], "got nan in row 1"),
        (np.zeros((3, 4)), [0, 1], r"shape \(3,\), or have shape \(3, 4\), got \(2,\)"),
        (np.zeros((3, 1)), np.zeros((3, 2)), r"shape \(3,\), got \(3, 2\)"),
        (np.zeros((3, 2)), np.ones((3, 2)), "one-hot or probabilities"),
        (np.zeros((3, 2)), [[2, -1]] * 3, "one-hot or probabilities"),
        (np.zeros((3, 4, 5)), [0, 1, 2], r"got \(3, 4, 5\)"),
        (np.zeros((0, 4)), np.zeros(0, int), r"got \(0, 4\)"),
        (np.float64(3.0), [0], r"got \(\)"),
        ([[0, 1], [np.nan, 2]], [0, 1], "output has NaN in row 1"),
    ],
)
def test_what_no_metric_of_classes_understands(metric, output, y, message):
    with pytest.raises(ValueError, match=f"{metric.__name__}.*{message}"):
        metric(output, y)


@pytest.mark.parametrize(
    ("output", "y", "message"),
    [
        (np.zeros((3, 1)), np.zeros((3, 2)), r"\(3, 1\) and \(3, 2\)"),
        (np.zeros(3), np.zeros(4), r"\(3,\) and \(4,\)"),
        (np.zeros(0), np.zeros(0), "has no rows"),
        ([np.nan, 0.0], [0.0, 0.0], "output has NaN in row 0"),
        ([0.0, 0.0], [0.0, np.nan], "y has NaN in row 1"),
    ],
)
@pytest.mark.parametrize("name", ["r2", "mean_absolute_error", "mean_squared_error"])
def test_what_no_metric_of_numbers_understands(name, output, y, message):
    with pytest.raises(ValueError, match=f"{name}: .*{message}"):
        getattr(train, name)(output, y)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: train.f1(np.eye(3), [0, 1, 2], average="binary"),
            ValueError,
            "two cl",
        ),
        (
            lambda: train.f1(np.eye(3), [0, 1, 2], average="all"),
            ValueError,
            "one of bin",
        ),
        (lambda: train.top_k(0), ValueError, "at least 1"),
        (lambda: train.top_k(2.0), TypeError, "must be an integer"),
        (lambda: train.top_k(4)(np.eye(3), [0, 1, 2]), ValueError, "3 classes only"),
        (lambda: train.accuracy(["a"], [0]), TypeError, "must be numbers"),
    ],
)
def test_options_are_checked(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_undefined_values_are_those_that_are_documented():
    assert np.isnan(train.auc(np.arange(3.0), np.ones(3)))
    assert np.isnan(train.auc(np.eye(3), [1, 1, 1]))
    assert np.isnan(train.r2([1.0], [2.0]))
    assert train.r2([1.0, 2.0], [0.1, 0.1]) == 0.0
    assert train.r2([0.1] * 10, [0.1] * 10) == 1.0
    assert train.precision([-1.0, -1.0], [1, 1]) == 0.0
    assert train.recall([1.0, -1.0], [0, 0]) == 0.0
    assert train.f1([-1.0, -1.0], [0, 0]) == 0.0
    assert train.top_k(3)(np.eye(3), [0, 1, 2]) == 1.0


# Confusions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "predicted", "classes", "message"),
    [
        (
            [0, 1],
            [1, 4],
            3,
            r"predicted: labels must lie in 0 \.\.\. 2.*got 4 in row 1",
        ),
        ([0, 5], [1, 1], 3, "y: labels .*got 5 in row 1"),
        ([0, -1], [1, 1], 3, "got -1 in row 1"),
        ([0, 1], [1], 3, "y has 2 labels and predicted 1"),
        ([0, 1], np.eye(2), 2, r"take \.argmax\(1\)"),
        ([0, 1], [0.5, 1], 2, "whole numbers"),
        ([0, 1], [0, 1], 0, "at least 1"),
    ],
)
def test_confusion_matrix_refuses(y, predicted, classes, message):
    with pytest.raises(ValueError, match=message):
        train.confusion_matrix(y, predicted, classes)


def test_confusion_matrix_is_scikit_learns(oracle, rng):
    y, guess = rng.integers(0, 6, 200), rng.integers(0, 5, 200)
    expected = oracle.confusion_matrix(y, guess, labels=range(7))
    for dtype in ("u1", "i8", "f4"):
        got = train.confusion_matrix(y.astype(dtype), guess[:, None], 7)
        assert np.array_equal(got, expected)
    assert np.array_equal(train.confusion_matrix(y, guess), expected[:6, :6])


def test_confusions_are_counted_and_sorted():
    y = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    predicted = np.array([0, 1, 1, 1, 0, 2, 0, 2])
    matrix = train.confusion_matrix(y, predicted, 3)
    assert matrix.tolist() == [[1, 2, 0], [1, 1, 0], [1, 0, 2]]
    assert train.worst_confusions(matrix, 2) == [(0, 1, 2), (1, 0, 1)]
    assert train.worst_confusions(np.diag([3, 4])) == []


# Rows that do not count --------------------------------------------------------------

IGNORING = {
    "accuracy": train.accuracy,
    "precision": functools.partial(train.precision, average="macro"),
    "recall": functools.partial(train.recall, average="weighted"),
    "f1": train.f1,
    "auc": train.auc,
    "log_loss": train.log_loss,
    "top_2": lambda o, y, **given: train.top_k(2, **given)(o, y),
    "confusion": lambda o, y, **given: train.confusion_matrix(y, o.argmax(1), **given),
}


@pytest.mark.parametrize("name", IGNORING)
@pytest.mark.parametrize("label", [-100, -1, 2])
@pytest.mark.parametrize("column", [False, True])
def test_rows_of_ignore_index_do_not_count(name, label, column):
    rng = np.random.default_rng(0)
    score, y = rng.standard_normal((40, 3)), rng.integers(0, 3, 40)
    y[::3] = label
    score[::3] = rng.choice([1e6, -7.0], (14, 3))
    kept = y != label
    metric = IGNORING[name]
    given = y[:, None] if column else y
    found = metric(score, given, ignore_index=label)
    np.testing.assert_array_equal(found, metric(score[kept], given[kept]))


@pytest.mark.parametrize("name", sorted(IGNORING.keys() - {"confusion"}))
def test_labels_below_zero_say_how_they_do_not_count(name):
    score, y = np.eye(3), np.array([0, -100, 2])
    with pytest.raises(ValueError, match=r"ignore_index=-100\)"):
        IGNORING[name](score, y)
    with pytest.raises(ValueError, match="all 3 rows have the label -100"):
        IGNORING[name](score, y * 0 - 100, ignore_index=-100)
    with pytest.raises(ValueError, match="ignore_index is for labels"):
        IGNORING[name](score, np.eye(3), ignore_index=-100)


@pytest.mark.parametrize("label", [-100, 3])
def test_fit_with_rows_that_neither_loss_nor_metric_count(label):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 3)).astype("f4")
    y = x.argmax(1)
    y[: len(y) // 2] = label  # the first half, which is what metrics are tried on
    model = ag.nn.Linear(3, 3)
    opt = ag.optim.Adam(model.parameters(), 0.1)
    loss = ag.nn.CrossEntropyLoss(ignore_index=label)
    data, metrics = (x, y), {"accuracy": train.accuracy}
    before = model.weight.numpy().copy()
    with pytest.raises(ValueError, match=r"whole numbers in 0 \.\.\. 2"):
        train.fit(model, opt, loss, data, data, epochs=1, metrics=metrics)
    np.testing.assert_array_equal(model.weight.numpy(), before)
    metrics = {"accuracy": functools.partial(train.accuracy, ignore_index=label)}
    history = train.fit(model, opt, loss, data, data, epochs=30, metrics=metrics)
    right = train.accuracy(train.predict(model, x[150:]), y[150:])
    assert history.last("valid_accuracy") == right > 0.9
