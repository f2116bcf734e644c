"""Attributes of Modules that would be lost in silence, and inputs of every kind."""

import numpy as np
import pandas as pd
import pytest

import autograd_core as ag
from autograd_core import nn

F = nn.functional


def a_layer():
    return nn.Linear(2, 2)


@pytest.mark.parametrize(
    "name", ["train", "parameters", "float", "state_dict", "apply", "zero_grad"]
)
@pytest.mark.parametrize("value", [a_layer, lambda: [a_layer()], dict, lambda: 3])
def test_an_attribute_cannot_hide_a_method(name, value):
    net, value = nn.Module(), value()
    with pytest.raises(TypeError, match=rf"^Module\.{name}: .* another name"):
        setattr(net, name, value)
    assert name not in vars(net)


def test_methods_may_be_replaced_by_functions_and_forward_by_a_module():
    net, layer, x = nn.Module(), a_layer(), np.ones((1, 2), np.float32)
    net.zero_grad = lambda: "mine"
    net.forward = layer
    assert net.zero_grad() == "mine"
    np.testing.assert_array_equal(net(x).data, layer(x).data)
    assert next(name for name, _ in net.named_parameters()) == "forward.weight"


@pytest.mark.parametrize("value", [a_layer, lambda: 1, lambda: None])
def test_training_is_true_or_false(value):
    with pytest.raises(TypeError, match=r"^Linear\.training says .* True or False"):
        a_layer().training = value()


@pytest.mark.parametrize(
    "value",
    [np.zeros((2, 2)), ag.zeros((2, 2)), [[0.0, 0.0], [0.0, 0.0]], 0.0],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize(
    ("made", "name", "kind"),
    [
        (a_layer, "weight", "Parameter"),
        (lambda: nn.BatchNorm1d(2), "running_mean", "Buffer"),
    ],
)
def test_what_is_found_is_not_replaced_by_what_is_not(made, name, kind, value):
    layer = made()
    held, names = getattr(layer, name), list(layer.state_dict())
    with pytest.raises(TypeError, match=rf"\.{name} is a {kind}, .*nn\.{kind}\(value"):
        setattr(layer, name, value)
    assert getattr(layer, name) is held
    assert list(layer.state_dict()) == names
    with ag.no_grad():  # the first of the remedies
        getattr(layer, name)[...] = 7.0
    assert (held.numpy() == 7).all()
    setattr(layer, name, getattr(nn, kind)(np.ones(2)))  # the second
    assert list(layer.state_dict()) == names
    setattr(layer, name, None)
    assert name not in layer.state_dict()


def test_a_tensor_to_be_trained_that_is_no_parameter_is_told_at_its_line():
    net, leaf = nn.Module(), ag.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match=r"^Module\.w: .*nn\.Parameter") as told:
        net.w = leaf
    assert told[0].filename == __file__
    net.result, net.constant = leaf * 2, ag.ones(2)  # no warning: errors in tests


X = [[0.5, -1.0], [2.0, 0.25]]
FORMS = {
    "list": X,
    "tuple": tuple(map(tuple, X)),
    "float32": np.array(X, np.float32),
    "Tensor": ag.tensor(X),
    "rows of Tensors": [ag.tensor(row) for row in X],
    "DataFrame": pd.DataFrame(X, dtype=np.float32),
}
SAME = "elu gelu leaky_relu log_softmax relu selu sigmoid silu softmax softplus tanh"
FUNCTIONS = {name.replace("_", ""): getattr(F, name) for name in SAME.split()}
FUNCTIONS |= {
    "batchnorm1d": lambda x: F.batch_norm(x, training=True),
    "dropout": lambda x: F.dropout(x, 0.0),
    "flatten": lambda x: F.flatten(x, 1),
}
SETTINGS = {
    "Linear": (2, 2),
    "BatchNorm1d": (2,),
    "LayerNorm": (2,),
    "Dropout": (0.0,),
}
LAYERS = [
    name
    for name, kind in vars(nn).items()
    if isinstance(kind, type) and issubclass(kind, nn.Linear.__base__)
]


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_takes_what_its_function_takes(name):
    layer = getattr(nn, name)(*SETTINGS.get(name, ()))
    function = FUNCTIONS.get(name.lower())
    expected = layer(FORMS["Tensor"])
    for form, given in FORMS.items():
        out = layer(given)
        assert isinstance(out, ag.Tensor), form
        np.testing.assert_array_equal(out.data, expected.data, err_msg=form)
        if function is not None:
            same = function(given)
            np.testing.assert_array_equal(out.data, same.data, err_msg=form)
    np.testing.assert_array_equal(layer(x=X).data, expected.data)


def test_most_layers_have_a_function():
    assert set(FUNCTIONS) <= {name.lower() for name in LAYERS}
    assert len(LAYERS) > len(FUNCTIONS)


def test_containers_hand_on_what_they_get():
    net = nn.Sequential(nn.Tanh())
    for given in FORMS.values():
        np.testing.assert_array_equal(net(given).data, F.tanh(X).data)


@pytest.mark.parametrize(
    ("given", "text"),
    [(None, "NoneType"), ("text", "<U4"), (pd.DataFrame({"a": ["b"]}), "DataFrame")],
)
def test_what_holds_no_numbers_is_named_with_the_layer(given, text):
    for layer in (a_layer(), nn.ReLU()):
        with pytest.raises(TypeError, match=rf"^{type(layer).__name__}\(.*{text}"):
            layer(given)


def test_a_module_of_ones_own_gets_lists_as_they_are():
    class Reshape(nn.Module):
        def forward(self, x, shape):
            assert type(shape) is list
            return x.reshape(shape)

    class Scaled(nn.Linear):
        def forward(self, x, factors=None):
            return [super(Scaled, self).forward(x) * f for f in factors or ()]

    assert Reshape()(np.zeros(6), [2, 3]).shape == (2, 3)
    assert len(Scaled(2, 2)(X, [1, 2])) == 2
    assert Scaled(2, 2)(X, None) == []


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        ([nn.ReLU()], r"Sequential\(\*layers\)"),
        (np.tanh, "forward of an nn.Module"),
        (nn.ReLU, "write it as a call"),
    ],
)
def test_sequential_says_what_was_meant(layer, text):
    with pytest.raises(TypeError, match=text):
        nn.Sequential(layer)


def test_one_parameter_is_not_many():
    assert repr(nn.Linear(1, 1, bias=False)).endswith(": 1 parameter")
    assert repr(nn.Linear(1, 1)).endswith(": 2 parameters")
