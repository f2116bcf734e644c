"""What a prompt shows of the library's objects, and help() of what it makes."""

import inspect
import pydoc

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim, train


def cube(x):
    """x to the third."""
    return x**3


def sgd():
    return optim.SGD([ag.tensor([1.0, 2.0], requires_grad=True)], lr=0.5)


def in_graph():
    return np.exp(ag.tensor([0.0], requires_grad=True))


SHOWN = {
    "tensor([1.5])": lambda: ag.tensor([1.5]),
    "tensor([1], dtype=int32)": lambda: ag.tensor(np.array([1], np.int32)),
    "tensor([1.], op=exp)": in_graph,
    "Parameter tensor([1.], requires_grad=True)": lambda: nn.Parameter([1.0]),
    "Buffer tensor([1.])": lambda: nn.Buffer([1.0]),
    "<Tensor around list, no NumPy array: use ag.tensor(...)>": lambda: ag.Tensor([1]),
    "Linear(2, 3): 9 parameters": lambda: nn.Linear(2, 3),
    "Dropout(p=0.5)": nn.Dropout,
    "HuberLoss(delta=2.0)": lambda: nn.HuberLoss(delta=2.0),
    "StepLR(step=0, lr=[0.5])": lambda: optim.StepLR(sgd(), 2),
    "EMA(decay=0.999, updates=0)": lambda: optim.EMA(sgd().param_groups[0]["params"]),
    "History(1 epoch: loss 0.5)": lambda: train.History([{"loss": 0.5}]),
    "EarlyStopping('valid_loss', patience=10, mode='min')": train.EarlyStopping,
    "Standardizer(not fitted)": train.Standardizer,
    "Log(0.1, 1.0)": lambda: train.Log(0.1, 1),
    "Flip(height=8, width=8, channels=1, channels_last=False, p=0.5, vertical=0.0)": (
        lambda: train.Flip(8, 8)
    ),
    "<compiled cube: 0 Programs>": lambda: ag.compile(cube),
    "<op cube>": lambda: ag.elementwise(cube),
    "<matmul precision 'float32'>": lambda: ag.set_matmul_precision("float32"),
}


@pytest.mark.parametrize("text", SHOWN)
def test_a_repr_says_what_it_is(text):
    assert repr(SHOWN[text]()) == text


def test_an_optimizer_shows_its_groups():
    shown = repr(sgd())
    assert shown.startswith("SGD(\n")
    assert "(2 numbers): lr=0.5, momentum=0.0" in shown


MAKE = {
    name: getattr(ag, name)
    for name in ("grad", "value_and_grad", "elementwise_grad", "jacobian", "hessian")
}


@pytest.mark.parametrize("name", MAKE)
def test_a_derivative_says_of_what_it_is(name):
    made = MAKE[name](cube)
    assert repr(made).startswith(f"<function {name}_of_cube at ")
    said = pydoc.plain(pydoc.render_doc(made))
    assert f"The {name} of `cube`, by the same arguments." in said
    assert "x to the third." in said
    assert str(inspect.signature(made)) == "(x)"


@pytest.mark.parametrize("make", [ag.compile, ag.elementwise])
def test_help_of_what_stands_for_a_function_is_the_functions(make):
    assert make(cube).__doc__ == cube.__doc__
    assert "x to the third." in pydoc.render_doc(make(cube))
    assert str(inspect.signature(make(cube))) == "(x)"
