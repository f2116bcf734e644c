"""One training step, and the penalty that may be part of what it minimises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_core.hooks import Array
from autograd_core.launch import launch, new_status, raise_if
from autograd_core.nn import Module
from autograd_core.nn.regularisation import l1_penalty, l2_penalty
from autograd_core.optim import Optimizer
from autograd_core.tensor import Tensor
from autograd_kernels import checks

Loss = Callable[[Any, Any], Tensor]
DIVERGED = (
    "This step was not taken: parameters and optimizer are as they were. A smaller "
    "learning rate, clipped gradients or inputs of a smaller scale may help."
)


def make_step(
    model: Module, opt: Optimizer, loss: Loss, l1: float = 0.0, l2: float = 0.0
) -> Callable[[Array, Array], tuple[Tensor, Tensor]]:
    """One training step: (x, y) -> (loss without penalty, output).

    A loss that is not finite raises FloatingPointError before anything is updated.
    """

    def step(x: Array, y: Array) -> tuple[Tensor, Tensor]:
        opt.zero_grad()
        output = model(x)
        value = loss(output, y)
        total = value + penalty(model, l1, l2) if l1 or l2 else value
        require_finite(total)
        total.backward()
        opt.step()
        return value, output

    return step


def penalty(model: Module, l1: float = 0.0, l2: float = 0.0) -> Any:
    """l2 / 2 * sum(w**2) + l1 * sum(|w|) over weights; 0.0 if both are 0."""
    total: Any = 0.0
    if l2:
        total = total + l2_penalty(model) * l2
    if l1:
        total = total + l1_penalty(model) * l1
    return total


def require_finite(loss: Tensor) -> None:
    """Raise FloatingPointError if the loss is NaN or infinite; in a Program too."""
    status = new_status()
    launch(checks.not_finite, loss.size, loss._data.reshape(-1), status)
    raise_if(status, lambda _: _not_finite())


def _not_finite() -> Exception:
    return FloatingPointError(f"the loss is NaN or infinite. {DIVERGED}")
