"""Gradient checking of a model that is being trained, in one call."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from autograd_core.gradcheck import Report, gradcheck
from autograd_core.nn import Module
from autograd_core.tensor import Tensor
from autograd_core.train.aside import as_written, batch_at, batches_of, loss_of
from autograd_core.train.loss import Loss
from autograd_core.train.step import penalty


def check_gradients(
    model: Module,
    loss: Loss,
    x: Any,
    y: Any,
    *,
    l1: float = 0.0,
    l2: float = 0.0,
    sample_weight: Any = None,
    rows: int = 8,
    most: int | None = 20,
    seed: int = 0,
    raise_on_failure: bool = True,
) -> Report:
    """`gradcheck` of ``loss(model(x), y)`` plus its penalty, on a copy in float64.

    ``rows`` random rows of the data (with ``sample_weight``), and of each parameter at
    most ``most`` random numbers (None: all), drawn by ``seed``, are checked. The table
    has a line for each parameter, and ``report.relative`` is the one number of the
    course notes, ``||a - n|| / (||a|| + ||n||)``: good below 1e-7; above 1e-5 something
    may be wrong, above 1e-3 it is.

    The model itself is not touched, whatever its dtype. The copy is in the mode that
    the model is in; dropout draws the same mask each time, and BatchNorm's running
    statistics stay. Give penalties as ``l1`` and ``l2``, as to `fit`: one that ``loss``
    computes from the model is of the model, not of the copy, and is not checked.

    Returns a `Report`; raises GradcheckError with it if gradients are wrong (unless
    ``raise_on_failure=False``), ValueError for values that are not finite.

    >>> import numpy as np
    >>> from autograd_core import nn, train
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    >>> x, y = np.eye(4, dtype=np.float32), np.array([0, 1, 2, 0])
    >>> report = train.check_gradients(model, nn.functional.cross_entropy, x, y, l2=0.1)
    >>> bool(report), report.relative < 1e-7
    (True, True)
    """
    if rows < 1 or l1 < 0 or l2 < 0:
        raise ValueError(
            "check_gradients: expected rows >= 1, l1 >= 0 and l2 >= 0, got "
            f"{rows}, {l1} and {l2}"
        )
    batches = batches_of((x, y, sample_weight), rows, seed=seed)
    inputs, *rest = batch_at(batches, 0, np.float64)
    twin = _twin(model)
    criterion: Any = _twin(loss) if isinstance(loss, Module) else loss

    def total() -> Tensor:
        value = loss_of(criterion, twin(inputs), *rest)
        return value + penalty(twin, l1, l2) if l1 or l2 else value

    return gradcheck(
        total, module=twin, most=most, seed=seed, raise_on_failure=raise_on_failure
    )


def _twin(module: Module) -> Module:
    """A copy in float64, which runs as it is written."""
    return copy.deepcopy(as_written(module)).double()
