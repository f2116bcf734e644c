"""The network of an estimator: Linear, BatchNorm, activation, dropout, once a layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_core import nn
from autograd_core.hooks import Array

ACTIVATIONS = {"logistic": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}


def made_network(
    estimator: Any, inputs: int, outputs: int, dtype: Any, rng: np.random.RandomState
) -> nn.Sequential:
    """A network as the parameters of ``estimator`` say, weights drawn from ``rng``."""
    sizes = estimator.hidden_layer_sizes
    hidden = list(sizes) if np.iterable(sizes) else [sizes]
    layers: list[nn.Module] = []
    width = inputs
    for units in hidden:
        layers.append(_linear(estimator, width, units, dtype, rng))
        if estimator.batch_norm:
            layers.append(nn.BatchNorm1d(units).astype(dtype))
        if estimator.activation in ACTIVATIONS:
            layers.append(ACTIVATIONS[estimator.activation]())
        if estimator.dropout:
            layers.append(nn.Dropout(estimator.dropout))
        width = units
    layers.append(_linear(estimator, width, outputs, dtype, rng))
    return nn.Sequential(*layers)


def _linear(
    estimator: Any, inputs: int, outputs: int, dtype: Any, rng: np.random.RandomState
) -> nn.Linear:
    """Uniform weights and biases after Glorot & Bengio (2010), as scikit-learn's."""
    factor = 2.0 if estimator.activation == "logistic" else 6.0
    bound = np.sqrt(factor / (inputs + outputs))
    layer = nn.Linear(inputs, outputs, dtype=dtype)
    weight = rng.uniform(-bound, bound, (inputs, outputs)).T
    bias = rng.uniform(-bound, bound, outputs)
    layer.load_state_dict(
        {"weight": weight.astype(dtype), "bias": np.asarray(bias, dtype)}
    )
    return layer


def linears(model: nn.Module) -> Iterator[nn.Linear]:
    """The weight layers, from input to output."""
    return (layer for layer in model.modules() if isinstance(layer, nn.Linear))


def weights_of(model: nn.Module) -> list[Array]:
    """``coefs_``: a copy (inputs, outputs) for each layer."""
    return [layer.weight._data.T.copy() for layer in linears(model)]


def biases_of(model: nn.Module) -> list[Array]:
    """``intercepts_``: a copy (outputs,) for each layer."""
    return [b._data.copy() for layer in linears(model) if (b := layer.bias) is not None]
