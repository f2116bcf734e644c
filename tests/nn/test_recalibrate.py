"""`nn.recalibrate`: exact statistics, whatever the batches, or nothing changed."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn

ROWS = np.random.default_rng(3).normal(3, 2, (120, 5))
CUTS = {
    "one": [ROWS],
    "equal": np.split(ROWS, 4),
    "single rows": [ROWS[:1], ROWS[1:2], ROWS[2:]],
    "with targets": [(ROWS[:70], None), [ROWS[70:], None]],
    "array": ROWS,
    "tensor": ag.tensor(ROWS),
    "pair": (ROWS, np.zeros(120)),
    "generator": (ROWS[i : i + 50] for i in (0, 50, 100)),
    "an empty one": [ROWS, ROWS[:0]],
}


def network():
    ag.manual_seed(0)
    layers = [nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5)]
    layers += [nn.Linear(8, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.BatchNorm1d(6)]
    return nn.Sequential(*layers).double()


def statistics(model):
    return {n: b for n, b in model.state_dict().items() if "running" in n}


@pytest.mark.parametrize("name", CUTS)
def test_the_cuts_do_not_matter(name):
    model = network()
    assert nn.recalibrate(model, CUTS[name]) == ["1", "5", "7"]
    model.eval()
    h = ROWS  # layer by layer, from the definition
    for layer in model:
        if isinstance(layer, nn.BatchNorm1d):
            np.testing.assert_allclose(layer.running_mean.data, h.mean(0), rtol=1e-12)
            np.testing.assert_allclose(layer.running_var.data, h.var(0), rtol=1e-12)
        h = layer(h).data


def test_evaluation_becomes_training_on_all_rows():
    model = network()
    model[3].p = 0.0
    expected = model.train()(ROWS).data
    nn.recalibrate(model, ROWS)
    np.testing.assert_allclose(
        model.eval()(ROWS).data, expected, rtol=1e-11, atol=1e-11
    )


def test_channels_with_a_length(rng):
    x = rng.normal(1e3, 2, (30, 4, 7))
    layer = nn.BatchNorm1d(4)
    nn.recalibrate(layer, [x[:1], x[1:]])
    np.testing.assert_allclose(layer.running_mean.data, x.mean((0, 2)), rtol=1e-6)
    np.testing.assert_allclose(layer.running_var.data, x.var((0, 2)), rtol=1e-6)


def test_modes_and_all_else_are_kept():
    model = network().train()
    model[1].eval()
    before = model.state_dict()
    nn.recalibrate(model, ROWS)
    assert [m.training for m in model] == [True, False, *[True] * 6]
    for name, value in model.state_dict().items():
        assert "running" in name or (value == before[name]).all()
    for parameter in model.parameters():
        assert parameter.grad is None


def test_layers_that_do_not_run_or_keep_nothing_are_left_alone():
    class Two(nn.Module):
        def __init__(self):
            self.unused = nn.BatchNorm1d(5)
            self.last = nn.BatchNorm1d(5)
            self.first = nn.BatchNorm1d(5)
            self.bare = nn.BatchNorm1d(5, track_running_stats=False)

        def forward(self, x):
            return self.last(self.bare(self.first(x)))

    model = Two().double()
    assert nn.recalibrate(model, ROWS) == ["first", "last"]
    assert not model.unused.running_mean.data.any()
    assert nn.recalibrate(nn.Linear(5, 2).double(), ROWS) == []


BAD = {
    "NaN": (lambda: [ROWS, np.where(ROWS > 6, np.nan, ROWS)], ValueError,
            "layer '1' receives NaN or infinity in channel 0"),
    "infinity": (lambda: np.where(ROWS > 6, np.inf, ROWS), ValueError, "layer '1'"),
    "nothing": (list, ValueError, "there are no batches"),
    "no rows": (lambda: ROWS[:0], ValueError, "there are no batches"),
    "empty rows": (lambda: [ROWS[:0]], ValueError, "layer '1' receives .* no rows"),
    "shape": (lambda: [ROWS, ROWS[:, :3]], ValueError, "Linear"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_nothing_has_changed_after_an_error(name):
    make, error, message = BAD[name]
    model = network().train()
    before = model.state_dict()
    with pytest.raises(error, match=message):
        nn.recalibrate(model, make())
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    assert all(m.training for m in model.modules())
    model.eval()(ROWS)  # and no layer goes on looking
    assert "moments" not in vars(model[1])


def test_a_late_error_takes_early_layers_back():
    model = network()
    model[4].weight.data[...] = np.nan
    with pytest.raises(ValueError, match="layer '5'"):
        nn.recalibrate(model, ROWS)
    assert not model[1].running_mean.data.any()
    with pytest.raises(TypeError, match="expected a Module, got function"):
        nn.recalibrate(lambda x: x, ROWS)


def test_compiled_models():
    model = network().eval()
    compiled = ag.compile(model)
    for _ in range(4):
        compiled(ROWS)
    assert nn.recalibrate(compiled, ROWS) == ["1", "5", "7"]
    np.testing.assert_array_equal(compiled(ROWS).data, model(ROWS).data)
    assert abs(compiled(ROWS).data.mean()) < 1e-12

    class Part(nn.Module):
        def __init__(self):
            self.body = ag.compile(network())

        def forward(self, x):
            return self.body(x)

    part = Part().eval()
    for _ in range(4):
        part(ROWS)
    with pytest.raises(RuntimeError, match=r"recalibrate.* the model uncompiled"):
        nn.recalibrate(part, ROWS)
