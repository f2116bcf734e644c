"""Penalties: of which parameters, and what they are beside decay."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim


def network():
    ag.manual_seed(0)
    return nn.Sequential(
        nn.Linear(3, 4), nn.BatchNorm1d(4), nn.LayerNorm((4,)), nn.Linear(4, 2)
    ).double()


class Own(nn.Module):
    """A part with a matrix of its own and a normalisation whose scale is a matrix."""

    def __init__(self):
        self.norm = nn.LayerNorm((2, 3))
        self.w = nn.Parameter(np.ones((2, 3)))
        self.b = nn.Parameter(np.ones(3))
        self.tied = self.w


def names(module):
    return [name for name, _ in nn.named_weights(module)]


def test_which_parameters_are_weights():
    assert names(network()) == ["0.weight", "3.weight"]
    assert names(Own()) == ["w"]
    assert names(nn.Sequential(Own(), nn.Linear(2, 2))) == ["0.w", "1.weight"]
    assert names(nn.ReLU()) == []


MODEL = network()
A, B = MODEL[0].weight.data, MODEL[3].weight.data
CHOICES = {
    "weights": ({}, [A, B]),
    "all": ({"biases": True}, [p.data for p in MODEL.parameters()]),
    "a part": ({"parameters": MODEL[3]}, [B]),
    "all of a part": (
        {"parameters": MODEL[3], "biases": True}, [B, MODEL[3].bias.data]),
    "a list": ({"parameters": [MODEL[0].bias, MODEL[0].weight]},
               [MODEL[0].bias.data, A]),
    "one": ({"parameters": MODEL[0].weight}, [A]),
    "a generator": ({"parameters": MODEL[0].parameters()}, [A, MODEL[0].bias.data]),
    "by name": ({"parameters": lambda name: name.startswith("0.")},
                [A, MODEL[0].bias.data]),
}  # fmt: skip


@pytest.mark.parametrize("name", CHOICES)
def test_values(name):
    options, arrays = CHOICES[name]
    if name == "a generator":
        options = {"parameters": list(options["parameters"])}
    l1 = sum(np.abs(a).sum() for a in arrays)
    l2 = sum((a**2).sum() for a in arrays) / 2
    assert nn.l1_penalty(MODEL, **options).item() == pytest.approx(l1, rel=1e-13)
    assert nn.l2_penalty(MODEL, **options).item() == pytest.approx(l2, rel=1e-13)
    both = nn.elastic_net_penalty(MODEL, 0.3, 0.2, **options)
    assert both.item() == pytest.approx(0.3 * l1 + 0.2 * l2, rel=1e-13)


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"ReLU has no weights .* biases=True"):
        nn.l1_penalty(nn.ReLU())
    with pytest.raises(ValueError, match="no weights to sum over"):
        nn.l2_penalty(MODEL, parameters=lambda name: "wieght" in name)
    with pytest.raises(TypeError, match="got a ndarray"):
        nn.l2_penalty(MODEL, parameters=[A])
    with pytest.raises(ValueError, match=r"elastic_net_penalty: l1 must lie in"):
        nn.elastic_net_penalty(MODEL, -0.1, 0.1)


def test_the_slope_is_sign_and_weight():
    model = network()
    nn.elastic_net_penalty(model, 0.3, 0.2).backward()
    for layer in (model[0], model[3]):
        w = layer.weight.data
        np.testing.assert_allclose(layer.weight.grad.data, 0.3 * np.sign(w) + 0.2 * w)
        assert layer.bias.grad is None


def trained(make, penalty, decay, steps=20):
    """A weight after some steps under a loss whose slope for it is constant."""
    model = nn.Linear(2, 1, bias=False).double()
    model.weight.data[...] = 1.0, 2.0
    opt = make(model.parameters(), 0.1, weight_decay=decay)
    for _ in range(steps):
        opt.zero_grad()
        loss = (model.weight * np.array([1.0, 100.0])).sum()
        if penalty:
            loss = loss + penalty * nn.l2_penalty(model)
        loss.backward()
        opt.step()
    return model.weight.data


def test_a_penalty_is_decay_under_sgd_but_not_under_adam():
    penalised, decayed = trained(optim.SGD, 0.1, 0.0), trained(optim.SGD, 0.0, 0.1)
    np.testing.assert_allclose(penalised, decayed, rtol=1e-12)
    penalised, decayed = trained(optim.AdamW, 0.1, 0.0), trained(optim.AdamW, 0.0, 0.1)
    none = trained(optim.AdamW, 0.0, 0.0)
    assert abs(penalised - none)[0, 1] < 1e-3  # divided by the size of the slope, 100
    assert abs(decayed - none)[0, 1] > 0.05


def test_in_a_program():
    model = network()

    def cost():
        model.zero_grad()
        total = nn.elastic_net_penalty(model, 0.3, 0.2)
        total.backward()
        return total

    expected = cost().item()
    replayed = ag.compile(cost)
    for _ in range(4):
        assert replayed().item() == expected
