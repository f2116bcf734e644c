"""What a loss is called with: Tensors, eagerly, when it is tried, and compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.operand import operand
from autograd_core.tensor import Tensor

Loss = Callable[..., Any]


def call_loss(loss: Loss, output: Any, y: Any, *weight: Any) -> Any:
    """``loss(output, y)``, and ``sample_weight=`` if there is one, of Tensors.

    A compiled step knows nothing but Tensors; so a loss that works there works in all
    other places, and the other way round. They share the memory of the arrays.
    """
    given = {"sample_weight": as_tensor(weight[0])} if weight else {}
    return loss(as_tensor(output), as_tensor(y), **given)


def as_tensor(values: Any) -> Any:
    """An array as a Tensor around it; all else as it is."""
    return Tensor(operand(values)) if isinstance(values, np.ndarray) else values
