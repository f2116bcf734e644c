"""Penalties on a model's weights, to be added to its loss.

Goodfellow, Bengio, Courville: "Deep Learning", 2016, section 7.1.

>>> from autograd_core import nn
>>> model = nn.Linear(2, 1)
>>> _ = nn.init.constant_(model.weight, 3.0)
>>> nn.l1_penalty(model).item(), nn.l2_penalty(model).item()
(6.0, 9.0)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from autograd_core.nn.module import Module
from autograd_core.nn.parameter import Parameter
from autograd_core.ops.elementwise import abs, add, mul, square
from autograd_core.ops.reduce import sum
from autograd_core.tensor import Tensor


def weights(module: Module) -> Iterator[Parameter]:
    """The parameters of two or more axes: no biases, no scales of a normalisation."""
    return (p for p in module.parameters() if p.ndim > 1)


def l1_penalty(module: Module, biases: bool = False) -> Tensor:
    """Sum of ``|w|`` over the weights; its gradient is the sign.

    Biases and what normalisation layers learn are left out unless ``biases=True``.
    Raises ValueError if nothing is left.
    """
    return _total(module, biases, abs)


def l2_penalty(module: Module, biases: bool = False) -> Tensor:
    """Half the sum of ``w ** 2`` over the weights; its gradient is the weight.

    With SGD, ``loss + c * l2_penalty(model)`` is what ``weight_decay=c`` does. Biases
    and what normalisation layers learn are left out unless ``biases=True``. Raises
    ValueError if nothing is left.
    """
    return mul(_total(module, biases, square), 0.5)


def _total(module: Module, biases: bool, of: Callable[[Any], Any]) -> Tensor:
    chosen = module.parameters() if biases else weights(module)
    terms = [sum(of(p)) for p in chosen]
    if not terms:
        raise ValueError(f"penalty: {type(module).__name__} has no weights to sum over")
    total = terms[0]
    for term in terms[1:]:
        total = add(total, term)
    return total
