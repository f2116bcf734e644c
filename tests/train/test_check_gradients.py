"""The course's gradient check: its one number, and the twin of a model in float64."""

import math
import re

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, train
from autograd_core.gradcheck import GradcheckError, Norms, Report, Row
from autograd_core.op import primitive
from autograd_core.ops.elementwise import mul
from autograd_core.random import default_generator

F = nn.functional
RNG = np.random.default_rng(0)
X = RNG.standard_normal((50, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 50)


def planted(error):
    """The sine, with a derivative that is off by a factor of 1 + ``error``."""

    @primitive(lambda g, y, x: mul(mul(g, np.cos(x)), 1 + error), saves="x")
    def sine(x):
        return np.sin(x)

    return sine


@pytest.mark.parametrize("error", [1e-6, 1e-4, 1e-2, 1.0, -2.0])
def test_the_one_number_of_the_notes(error):
    """All derivatives wrong by one factor: |e| n / ((1 + |1 + e|) n)."""
    x, y = RNG.standard_normal((3, 4)), RNG.standard_normal(5)
    sine = planted(error)
    report = ag.gradcheck(
        lambda a, b: sine(a).sum() + np.sin(b).sum(), (x, y), raise_on_failure=False
    )
    n, m = np.linalg.norm(np.cos(x)), np.linalg.norm(np.cos(y))
    both = abs(error) * n / (math.hypot(n, m) + math.hypot((1 + error) * n, m))
    expected = abs(error) / (1 + abs(1 + error))
    np.testing.assert_allclose(report.relative, both, rtol=1e-3)
    np.testing.assert_allclose(report.rows[0].norms.relative, expected, rtol=1e-3)
    assert report.rows[1].norms.relative < 1e-8


VERDICTS = {
    3e-9: "good (< 1e-07)",
    3e-6: "look closer (< 1e-05)",
    3e-4: "suspicious (< 1e-03)",
    3e-2: "wrong (not < 1e-03)",
    math.nan: "wrong (not < 1e-03)",
}


@pytest.mark.parametrize("number", VERDICTS)
def test_what_the_notes_say_to_it(number):
    row = Row("w", (2,), checked=2, norms=Norms(2 * number, 1.0, 1.0, 0.0))
    last = str(Report([row])).splitlines()[-1]
    text = f"relative difference {number:.1e} of 2 derivatives"
    assert last == f"{text}: {VERDICTS[number]}"
    assert str(Report([row], coarse=True)).splitlines()[-1] == text


def test_gradients_that_are_only_rounding_do_not_count():
    """A bias before BatchNorm has the gradient 0, of which differences see noise."""
    model = net()
    report = train.check_gradients(model, F.cross_entropy, X, Y)
    bias = next(row for row in report.rows if row.name == "0.bias")
    assert bias.norms.relative == 0
    assert report.relative < 1e-7
    assert ag.gradcheck(lambda x: (x * 0.0).sum(), X[0].astype(float)).relative == 0


def test_kinks_are_left_out_and_a_gradient_of_nan_is_not():
    kinked = ag.gradcheck(F.relu, np.array([0.0, 1.0, -2.0]))
    assert kinked.rows[0].kinks == 1
    assert kinked.relative < 1e-9
    report = ag.gradcheck(planted(np.nan), X[0].astype(float), raise_on_failure=False)
    assert math.isnan(report.relative)
    assert not report
    assert str(report).endswith("wrong (not < 1e-03)")


def test_a_part_of_the_numbers_is_checked_if_asked_for():
    x = RNG.standard_normal((7, 9))
    f = planted(0.5)
    for most, checked in ((5, 5), (63, 63), (99, 63), (None, 63)):
        report = ag.gradcheck(f, x, most=most, raise_on_failure=False)
        assert (report.rows[0].checked, report.rows[0].failures) == (checked, checked)
    places = {
        ag.gradcheck(f, x, most=1, seed=s, raise_on_failure=False).rows[0].position
        for s in range(20)
    }
    assert len(places) > 10
    with pytest.raises(ValueError, match="most must be at least 1, got 0"):
        ag.gradcheck(f, x, most=0)


def net():
    ag.manual_seed(3)
    return nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.4), nn.Linear(8, 3)
    )


def test_a_model_in_float32_is_checked_by_layer_and_not_touched():
    model = net()
    F.cross_entropy(model(X), Y).backward()
    kept = {n: a.tobytes() for n, a in model.state_dict().items()}
    grads = [p.grad for p in model.parameters()]
    drawn = default_generator.get_state()
    report = train.check_gradients(model, F.cross_entropy, X, Y, l1=1e-2, l2=0.1)
    assert [row.name for row in report.rows] == [n for n, _ in model.named_parameters()]
    assert report
    assert report.relative < 1e-7
    assert re.search(r"relative difference .*: good \(< 1e-07\)$", str(report))
    assert {n: a.tobytes() for n, a in model.state_dict().items()} == kept
    assert [p.grad for p in model.parameters()] == grads
    np.testing.assert_array_equal(default_generator.get_state(), drawn)
    assert all(p.dtype == np.float32 for p in model.parameters())


class Wrong(nn.Module):
    """A layer whose gradient by its weight has a planted bug."""

    def __init__(self, error):
        self.weight = nn.Parameter(np.ones(6))
        self.error = error

    def forward(self, x):
        return scaled(x, self.weight, self.error)


def scaled(x, weight, error):
    kept = weight.detach()
    return x * (weight * (1 + error) - kept * error)


@pytest.mark.parametrize("error", [1e-4, -2.0])
def test_a_planted_bug_is_found_and_named(error):
    model = nn.Sequential(nn.Linear(6, 6), Wrong(error), nn.Tanh(), nn.Linear(6, 3))
    with pytest.raises(GradcheckError, match=r"FAILED; worst: 1\.weight"):
        train.check_gradients(model, F.cross_entropy, X, Y)
    report = train.check_gradients(model, F.cross_entropy, X, Y, raise_on_failure=False)
    assert [bool(row.failures) for row in report.rows] == [0, 0, 1, 0, 0]
    assert report.relative > 1e-6
    right = nn.Sequential(nn.Linear(6, 6), Wrong(0.0), nn.Tanh(), nn.Linear(6, 3))
    assert train.check_gradients(right, F.cross_entropy, X, Y).relative < 1e-7


def test_a_bug_in_the_penalty_alone_is_in_what_is_checked(monkeypatch):
    from autograd_core.train import gradients

    def half(model, l1, l2):
        w = model[0].weight
        return l2 * (w * w.detach()).sum()

    monkeypatch.setattr(gradients, "penalty", half)
    assert train.check_gradients(net(), F.cross_entropy, X, Y)
    with pytest.raises(GradcheckError, match=r"worst: 0\.weight"):
        train.check_gradients(net(), F.cross_entropy, X, Y, l2=0.1)


def test_losses_modes_and_compiled_models():
    model = net()
    assert train.check_gradients(model, nn.CrossEntropyLoss(label_smoothing=0.1), X, Y)
    assert train.check_gradients(ag.compile(model), F.cross_entropy, X, Y)
    targets = X[:, :3]
    assert train.check_gradients(model.eval(), F.mse_loss, X, targets, most=None)
    assert not any(m.training for m in model.modules())

    def weighted(output, y, sample_weight):
        assert len(output) == len(sample_weight) == len(y) == 5
        return (F.mse_loss(output, y, reduction="none").mean(1) * sample_weight).mean()

    weight = np.ones(50, np.float32)
    assert train.check_gradients(
        model, weighted, X, targets, sample_weight=weight, rows=5
    )


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"rows": 0}, ValueError, "rows >= 1"),
        ({"l2": -1.0}, ValueError, "l2 >= 0"),
        ({"most": 0}, ValueError, "most must be at least 1"),
        ({"x": X * np.inf}, ValueError, "infinite"),
        ({"y": Y[:3]}, ValueError, "50 rows and y has 3"),
        ({"loss": lambda o, y: o}, ValueError, "must be a scalar"),
        ({"model": nn.ReLU(), "loss": lambda o, y: o.sum()}, ValueError, "nothing to"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_errors(change, error, text):
    given = {"model": net(), "loss": F.cross_entropy, "x": X, "y": Y} | change
    with pytest.raises(error, match=text):
        train.check_gradients(**given)
