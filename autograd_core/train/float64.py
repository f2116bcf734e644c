"""What a training step differentiates, in float64: for gradient checks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.nn import Module
from autograd_core.train.data import Batches
from autograd_core.train.loss import Loss, call_loss
from autograd_core.train.step import Options, penalty

ROWS = 16


def objective(
    model: Module, loss: Loss, batches: Batches, options: Options
) -> tuple[Callable[[], Any], Module]:
    """The loss of a few rows with its penalties, and the copy of the model it is of.

    The copy is in float64 and in training mode; `gradcheck` keeps dropout's masks.
    """
    twin = copy.deepcopy(model).double().train()
    x, y, *weights = (_double(part[:ROWS]) for part in batches.at(0))
    own = copy.deepcopy(loss).double() if isinstance(loss, Module) else loss

    def cost() -> Any:
        value = call_loss(own, twin(x), y, *weights)
        if options.penalised:
            value = value + penalty(twin, options.l1, options.l2)
        return value

    return cost, twin


def _double(values: Any) -> Any:
    return values.astype(np.float64) if values.dtype.kind == "f" else values
