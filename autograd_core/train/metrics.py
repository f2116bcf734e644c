"""How good a model is: evaluation mode, accuracy, confusions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from autograd_core.hooks import Array
from autograd_core.nn import Module
from autograd_core.tape import no_grad
from autograd_core.tensor import Tensor
from autograd_core.train.step import Loss

Metric = Callable[[Array, Array], float]


def accuracy(output: Array, y: Array) -> float:
    """The fraction of rows whose largest output is at the label (or largest target)."""
    labels = y if y.ndim == 1 else y.argmax(-1)
    return float((output.argmax(-1) == labels).mean())


def confusion_matrix(y: Array, predicted: Array, classes: int) -> Array:
    """Counts, int64 (classes, classes): row = true label, column = predicted one."""
    pairs = np.asarray(y) * classes + np.asarray(predicted)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


class Confusion(NamedTuple):
    """How often one label was taken for another."""

    label: int
    predicted: int
    times: int


def worst_confusions(matrix: Array, most: int = 5) -> list[Confusion]:
    """The most frequent confusions, the worst first; at most ``most``, none of 0."""
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = (np.unravel_index(i, wrong.shape) for i in order)
    found = [Confusion(int(i), int(j), int(wrong[i, j])) for i, j in pairs]
    return [c for c in found if c.times]


def evaluate(
    model: Module,
    loss: Loss,
    x: Array,
    y: Array,
    metrics: Mapping[str, Metric] | None = None,
    batch_size: int = 1024,
) -> dict[str, float]:
    """Loss and metrics, means over rows, in evaluation mode; the modes are kept."""
    sums: dict[str, float] = {}
    for first in range(0, len(x), batch_size):
        rows = slice(first, first + batch_size)
        output = Tensor(predict(model, x[rows], batch_size))
        found = {"loss": loss(output, y[rows]).item()}
        found |= {n: m(output._data, y[rows]) for n, m in (metrics or {}).items()}
        for name, value in found.items():
            sums[name] = sums.get(name, 0.0) + value * len(y[rows])
    return {name: total / len(x) for name, total in sums.items()}


def predict(model: Module, x: Array, batch_size: int = 1024) -> Array:
    """The model's outputs in evaluation mode, as an array; the modes are kept."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            parts = range(0, max(len(x), 1), batch_size)
            return np.concatenate([model(x[i : i + batch_size])._data for i in parts])
    finally:
        for module, training in modes:
            module.training = training
