"""Evaluation: loss and metrics of all rows at once, in evaluation mode."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, train

F = nn.functional


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def sorted_rows(rows=3000):
    rng = np.random.default_rng(0)
    y = np.sort(rng.integers(0, 3, rows))
    x = (rng.standard_normal((rows, 3)) + 2 * np.eye(3)[y]).astype("f4")
    return x, y


def test_metrics_are_of_all_rows_at_once():
    oracle = pytest.importorskip("sklearn.metrics")
    ag.manual_seed(0)
    model, (x, y) = nn.Linear(3, 3), sorted_rows()
    seen = []
    metrics = {
        "f1": train.f1,
        "auc": train.auc,
        "rows": lambda output, y: seen.append(output.shape) or len(y),
    }
    metrics["count"] = metrics.pop("rows")
    found = train.evaluate(model, F.cross_entropy, x, y, metrics)
    output = train.predict(model, x)
    guess = output.argmax(1)
    assert found["f1"] == pytest.approx(oracle.f1_score(y, guess, average="macro"))
    shares = softmax(output.astype("f8"))
    whole = oracle.roc_auc_score(y, shares, multi_class="ovr")
    assert found["auc"] == pytest.approx(whole)
    assert found["loss"] == pytest.approx(oracle.log_loss(y, shares), rel=1e-5)
    assert (found["count"], seen) == (3000, [(3000, 3)])
    parts = train.evaluate(model, F.cross_entropy, x, y, metrics, batch_size=7)
    assert parts == pytest.approx(found, rel=1e-5)


def test_weights_reach_the_loss():
    model, (x, y) = nn.Linear(3, 3), sorted_rows(50)
    weights = np.linspace(0, 2, 50)

    def loss(output, y, sample_weight=None):
        each = F.cross_entropy(output, y, reduction="none")
        if sample_weight is None:
            return each.mean()
        assert sample_weight.dtype == np.float32
        return (each * sample_weight).sum() / sample_weight.sum()

    each = F.cross_entropy(ag.tensor(train.predict(model, x)), y, reduction="none")
    expected = np.average(each.numpy(), weights=weights)
    found = train.evaluate(model, loss, x, y, batch_size=8, sample_weight=weights)
    assert found["loss"] == pytest.approx(expected, rel=1e-6)
    assert train.evaluate(model, loss, x, y)["loss"] != pytest.approx(
        expected, rel=1e-3
    )


def test_evaluation_leaves_modes_and_graph_alone():
    model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5), nn.BatchNorm1d(3))
    model[1].eval()
    before = {name: value.copy() for name, value in model.state_dict().items()}
    train.evaluate(model, F.cross_entropy, *sorted_rows(20))
    assert [m.training for m in model.modules()] == [True, True, False, True]
    for name, value in model.state_dict().items():
        assert np.array_equal(value, before[name])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((np.zeros((0, 3)), np.zeros(0, int)), ValueError, "x has no rows"),
        ((np.zeros((2, 3)), np.zeros(3, int)), ValueError, "x has 2 rows and y has 3"),
        ((np.full((2, 3), np.nan), np.zeros(2, int)), ValueError, "6 NaN"),
        ((np.zeros((2, 3)), [0, 1], ["accuracy"]), TypeError, "dict of names"),
        ((np.zeros((2, 3)), [0, 1], {"loss": len}), ValueError, "'loss' is a column"),
        ((np.zeros((2, 3)), [0, 1], {"valid_f1": len}), ValueError, "another name"),
        ((np.zeros((2, 3)), [0, 1], {1: len}), TypeError, "must be a string, got 1"),
        ((np.zeros((2, 3)), [0, 1], {"f1": "f1"}), TypeError, "must be a function"),
        ((np.zeros((2, 3)), [0, 1], {"m": lambda o, y: o}), TypeError,
         r"metric 'm' must be one number, got ndarray of shape \(2, 3\)"),
        ((np.zeros((2, 3)), [0, 1], {"m": lambda o, y: None}), TypeError, "NoneType"),
    ],
)  # fmt: skip
def test_evaluate_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        train.evaluate(nn.Linear(3, 3), F.cross_entropy, *arguments)


def test_a_metric_may_give_any_kind_of_number():
    kinds = [3, 3.0, True, np.float32(3), np.array([3.0]), ag.tensor(3.0)]
    metrics = {f"m{i}": lambda o, y, k=k: k for i, k in enumerate(kinds)}
    found = train.evaluate(nn.Linear(3, 3), F.cross_entropy, *sorted_rows(5), metrics)
    assert [type(value) for value in found.values()] == [float] * 7


def test_a_loss_that_is_no_number_is_named():
    each = nn.CrossEntropyLoss(reduction="none")
    with pytest.raises(TypeError, match=r"the loss must be one number.*\(5,\)"):
        train.evaluate(nn.Linear(3, 3), each, *sorted_rows(5))


def test_predict_names_a_model_of_two_outputs():
    class Two(nn.Module):
        def __init__(self):
            self.body = nn.Linear(3, 2)

        def forward(self, x):
            return self.body(x), self.body(x)

    with pytest.raises(TypeError, match="must return one Tensor, got tuple"):
        train.predict(Two(), np.zeros((4, 3)))


def test_fit_shows_the_metric_of_all_validation_rows():
    model, data = nn.Linear(3, 3), sorted_rows()
    opt = ag.optim.Adam(model.parameters(), 0.05)
    history = train.fit(
        model, opt, F.cross_entropy, data, data, epochs=2, metrics={"f1": train.f1}
    )
    output = train.predict(model, data[0])
    assert history.last("valid_f1") == train.f1(output, data[1]) > 0.8
