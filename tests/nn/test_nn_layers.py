"""Layers with two modes, BatchNorm1d and Dropout, and what every layer refuses.

Expected numbers without a derivation were computed with PyTorch 2.13 in float64.
"""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn
from autograd_core.tape import version_of

F = nn.functional
FLAT = np.array([[1.0, -2.0, 0.5], [0.3, 0.1, -1.0], [2.0, 0.4, 0.0]])
LONG = np.arange(24.0).reshape(4, 3, 2) ** 1.5 / 10


def batch_norm(**settings):
    layer = nn.BatchNorm1d(3, **settings).double()
    if layer.weight is not None:
        layer.weight.data[:] = 1, 2, 3
        layer.bias.data[:] = 0.1, 0.2, 0.3
    return layer


def test_batch_norm_is_pytorchs():
    layer = batch_norm()
    expected = [
        [-0.04334407206474489, -2.6097451113286363, 3.507093669152705],
        [-1.0467525765179602, 1.3238980445314545, -3.7088670864408817],
        [1.3900966485827055, 1.8858470667971818, 1.1017734172881763],
    ]
    np.testing.assert_allclose(layer(FLAT).data, expected, rtol=1e-12)
    # momentum 0.1 of the mean, and of the variance by n - 1, from 0 and 1
    np.testing.assert_allclose(layer.running_mean.data, 0.1 * FLAT.mean(0), rtol=1e-13)
    variance = 0.9 + 0.1 * FLAT.var(0, ddof=1)
    np.testing.assert_allclose(layer.running_var.data, variance, rtol=1e-13)

    expected = [
        [-1.070587632059193, -1.037361232628019],
        [-2.267285828626642, -2.1261694162051454],
        [-3.501992014675791, -3.2411661769348594],
    ]
    np.testing.assert_allclose(layer(LONG).data[0], expected, rtol=1e-12)
    mean = [0.45130649486532004, 0.39725844855929127, 0.5285900707136255]
    variance = [1.9109015277224257, 2.2508424534620426, 2.3917552573892076]
    np.testing.assert_allclose(layer.running_mean.data, mean, rtol=1e-12)
    np.testing.assert_allclose(layer.running_var.data, variance, rtol=1e-12)
    assert layer.num_batches_tracked.item() == 2

    layer.eval()
    expected = [
        [0.4969259832942845, -2.9957392734065493, 0.24454033936890684],
        [-0.009455422182348074, -0.19626953822343873, -2.665193315364344],
        [1.2203279911180454, 0.2036547096598628, -0.72537087887551],
    ]
    before = layer.state_dict()
    np.testing.assert_allclose(layer(FLAT).data, expected, rtol=1e-12)
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_batch_norm_state_has_pytorchs_names():
    model = nn.Sequential(nn.ReLU(), nn.BatchNorm1d(3))
    assert {name: value.shape for name, value in model.state_dict().items()} == {
        "1.weight": (3,),
        "1.bias": (3,),
        "1.running_mean": (3,),
        "1.running_var": (3,),
        "1.num_batches_tracked": (),
    }
    assert len(list(model.parameters())) == 2
    assert not any(b.requires_grad for b in model.buffers())


def test_without_momentum_running_statistics_are_averages():
    layer = batch_norm(momentum=None)
    for factor in 1, 2, 6:
        layer(factor * FLAT)
    np.testing.assert_allclose(layer.running_mean.data, 3 * FLAT.mean(0), rtol=1e-12)
    variance = (1 + 4 + 36) / 3 * FLAT.var(0, ddof=1)
    np.testing.assert_allclose(layer.running_var.data, variance, rtol=1e-12)


def test_batch_norm_without_state_uses_the_batch_in_both_modes():
    layer = batch_norm(track_running_stats=False, affine=False)
    assert layer.state_dict() == {}
    y = layer(FLAT).data
    np.testing.assert_allclose(y.std(0), 1, rtol=1e-4)
    np.testing.assert_array_equal(layer.eval()(FLAT).data, y)


def test_batch_norm_as_a_function():
    layer = batch_norm(momentum=0.3)
    w, b = layer.weight, layer.bias
    mean, variance = np.zeros(3), np.ones(3)
    y = F.batch_norm(FLAT, mean, variance, w, b, training=True, momentum=0.3)
    np.testing.assert_array_equal(y.data, layer(FLAT).data)
    np.testing.assert_array_equal(mean, layer.running_mean.data)
    np.testing.assert_array_equal(variance, layer.running_var.data)
    y = F.batch_norm(FLAT, mean, variance, w, b)
    np.testing.assert_array_equal(y.data, layer.eval()(FLAT).data)
    y = F.batch_norm(FLAT, training=True)
    np.testing.assert_allclose(y.data.mean(0), 0, atol=1e-15)
    with pytest.raises(ValueError, match=r"batch_norm: expected running_mean and"):
        F.batch_norm(FLAT, mean, training=True)


@pytest.mark.parametrize("momentum", [0.1, None])
def test_running_statistics_replay_as_they_run(momentum, rng):
    twins = [batch_norm(momentum=momentum).float() for _ in range(2)]
    step = ag.compile(lambda x: twins[1](x))
    for _ in range(6):
        x = rng.standard_normal((6, 3)).astype(np.float32)
        seen = [[version_of(b.version) for b in t.buffers()] for t in twins]
        np.testing.assert_array_equal(twins[0](x).data, step(x).data)
        for i, pair in enumerate(zip(*(t.buffers() for t in twins), strict=True)):
            np.testing.assert_array_equal(pair[0].data, pair[1].data)
            for b, before in zip(pair, seen, strict=True):
                assert version_of(b.version) > before[i]
    assert step.recordings == 2
    twins[0].eval(), twins[1].eval()
    for _ in range(3):
        np.testing.assert_array_equal(twins[0](x).data, step(x).data)
    assert step.recordings == 4


def test_a_refused_batch_moves_nothing():
    layer = batch_norm()
    before = layer.state_dict()
    for bad in (np.ones((1, 3)), np.ones((2, 4)), np.where(FLAT == 2, np.nan, FLAT)):
        with pytest.raises(ValueError, match=r"^BatchNorm1d\(3\): "):
            layer(bad)
        for name, value in layer.state_dict().items():
            np.testing.assert_array_equal(value, before[name])
    assert layer.eval()(np.ones((1, 3))).shape == (1, 3)


def test_a_batch_of_one_is_enough_where_there_is_a_length():
    np.testing.assert_allclose(batch_norm()(LONG[:1]).data.mean(), 0.2, atol=1e-12)


# Dropout ---------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_dropout_drops_and_scales(p):
    ag.manual_seed(4)
    x = np.full((100, 200), 3.0)
    y = nn.Dropout(p)(x).data
    kept = y != 0
    np.testing.assert_allclose(y[kept], 3 / (1 - p), rtol=1e-15)
    assert abs(kept.mean() - (1 - p)) < 5 * np.sqrt(p * (1 - p) / x.size)


def test_dropout_masks_follow_the_seed():
    x = ag.tensor(np.ones((50, 40)), requires_grad=True)
    layer = nn.Dropout(0.5)
    ag.manual_seed(1)
    first, second = layer(x), layer(x)
    ag.manual_seed(1)
    again = F.dropout(x, 0.5)
    np.testing.assert_array_equal(first.data, again.data)
    assert (first.data != second.data).any()
    first.backward(np.full(x.shape, 0.25))  # the gradient meets the same mask
    np.testing.assert_array_equal(x.grad.data, 0.25 * first.data)


def test_dropout_does_nothing_in_evaluation_or_at_zero():
    x = ag.tensor(np.ones((50, 40)))
    assert nn.Dropout(0.5).eval()(x) is x
    assert nn.Dropout(0.0)(x) is x
    assert F.dropout(x, 0.5, training=False) is x
    assert type(F.dropout(x.data, 0.0)) is ag.Tensor


# What is refused -------------------------------------------------------------------

ONES = np.ones((2, 4), np.float32)


def second(layer):
    return nn.Sequential(nn.Identity(), layer)


REFUSED = {
    "p 1": (lambda: nn.Dropout(1.0), r"^Dropout: p must lie in \[0, 1\), got 1\.0"),
    "p -": (lambda: nn.Dropout(-0.1), r"^Dropout: p must lie in \[0, 1\), got -0\.1"),
    "p nan": (
        lambda: nn.Dropout(float("nan")),
        r"^Dropout: p must be a finite number, got nan",
    ),
    "p later": (
        lambda: F.dropout(ONES, 1.5, training=False),
        r"^dropout: p must lie in \[0, 1\), got 1\.5",
    ),
    "batch of one": (
        lambda: second(nn.BatchNorm1d(4))(ONES[:1]),
        r"^Sequential\.1 BatchNorm1d\(4\): .*more than one value .* \(1, 4\)",
    ),
    "channels": (
        lambda: second(nn.BatchNorm1d(5))(ONES),
        r"^Sequential\.1 BatchNorm1d\(5\): expected \(N, 5\) .* got shape \(2, 4\)",
    ),
    "features": (
        lambda: second(nn.Linear(5, 3))(ONES),
        r"^Sequential\.1 Linear\(5, 3\): .*\(2, 4\) .*expected 5 features",
    ),
    "axes": (
        lambda: nn.LayerNorm((4, 4))(ONES),
        r"^LayerNorm\(\(4, 4\).*expected an input .* got \(2, 4\)",
    ),
    "flatten": (lambda: nn.Flatten(2)(ONES), r"^Flatten\(.*axis 2 is out of range"),
    "backwards": (lambda: nn.Flatten(1, 0)(ONES), r"start_dim 1 comes after end_dim 0"),
    "label": (
        lambda: nn.CrossEntropyLoss()(ONES, np.array([0, 4])),
        r"^CrossEntropyLoss\(\): cross_entropy: label 4 in row 1 is not one of 4",
    ),
    "labels": (
        lambda: F.cross_entropy(ONES, np.array([0, 1, 2])),
        r"^cross_entropy: logits \(2, 4\) need labels of shape \(2,\), got \(3,\)",
    ),
    "target": (lambda: F.mse_loss(ONES, ONES[0]), r"^mse_loss: .*\(2, 4\).*\(4,\)"),
    "reduction": (
        lambda: nn.MSELoss(reduction="avg"),
        r"^MSELoss: reduction must be one of mean, sum, none, got 'avg'",
    ),
    "smoothing": (
        lambda: nn.CrossEntropyLoss(1.5),
        r"^CrossEntropyLoss: label_smoothing must lie in \[0, 1\], got 1\.5",
    ),
    "delta": (lambda: nn.HuberLoss(delta=0), r"^HuberLoss: delta must be positive"),
    "no inputs": (lambda: nn.Linear(0, 3), r"^Linear: in_features must be at least 1"),
    "eps": (lambda: nn.BatchNorm1d(3, eps=-1), r"^BatchNorm1d: eps must lie in"),
    "momentum": (
        lambda: nn.BatchNorm1d(3, momentum=2),
        r"^BatchNorm1d: momentum must lie in \[0, 1\], got 2",
    ),
    "gelu": (lambda: nn.GELU("erf"), r"^GELU: approximate must be one of none, tanh"),
    "name": (
        lambda: nn.Sequential({"a.b": nn.ReLU()}),
        r"^Sequential: a name must be a string without dots, got 'a\.b'",
    ),
}
WRONG_TYPES = {
    "integers": (
        lambda: second(nn.Linear(4, 3))(ONES.astype(int)),
        r"^Sequential\.1 Linear\(4, 3\): expected a float32 or float64 .* got int64",
    ),
    "width": (lambda: nn.Linear(4.0, 3), r"^Linear: in_features must be an integer"),
    "flag": (lambda: nn.Dropout(True), r"^Dropout: p must be a number, got True"),
    "function": (
        lambda: nn.Sequential(np.tanh),
        r"^Sequential: layer '0' must be a Module, got <ufunc 'tanh'>",
    ),
    "class": (lambda: nn.Sequential(nn.ReLU), r"must be a Module, got .*as a call"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_values(case):
    call, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("case", WRONG_TYPES)
def test_refused_types(case):
    call, message = WRONG_TYPES[case]
    with pytest.raises(TypeError, match=message):
        call()
