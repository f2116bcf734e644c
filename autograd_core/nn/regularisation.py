"""Penalties on a model's weights, to be added to its loss.

Goodfellow, Bengio, Courville: "Deep Learning", 2016, section 7.1. What is penalised are
the weights: parameters of two or more axes that are no normalisation layer's. Biases
and scales are left out, as they do not overfit (there, 7.1). ``parameters`` chooses
others.

An L2 penalty is decay of the weights only under plain gradient descent. Adam and its
like divide the penalty's gradient by the size of past gradients, so that weights with
large gradients hardly shrink; decoupled decay, `optim.AdamW`, is not divided
(Loshchilov, Hutter: "Decoupled weight decay regularization", arXiv:1711.05101). An L1
penalty makes weights small, but none exactly 0: `optim.shrink_` after each step does.

>>> from autograd_core import nn
>>> model = nn.Linear(2, 1)
>>> _ = nn.init.constant_(model.weight, 3.0)
>>> nn.l1_penalty(model).item(), nn.l2_penalty(model).item()
(6.0, 9.0)
>>> round(nn.elastic_net_penalty(model, l1=0.1, l2=0.01).item(), 4)
0.69
>>> [name for name, _ in nn.named_weights(model)]
['weight']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from autograd_core.nn import check
from autograd_core.nn.batchnorm import BatchNorm1d
from autograd_core.nn.layernorm import LayerNorm
from autograd_core.nn.module import Module
from autograd_core.nn.parameter import Parameter
from autograd_core.ops.elementwise import abs, add, mul
from autograd_core.ops.reduce import sum, sum_of_squares
from autograd_core.tensor import Tensor

# Which parameters: a module's weights, these, or those whose name it says True of.
Choice = Module | Iterable[Tensor] | Callable[[str], bool]
NORMALISATIONS = BatchNorm1d, LayerNorm


def named_weights(module: Module) -> Iterator[tuple[str, Parameter]]:
    """Pairs (name, parameter) of a ``module``'s weights: what penalties are of.

    Those of two or more axes, without what normalisation layers learn; gives a shared
    one once, by its first name.
    """
    layers = (m for m in module.modules() if isinstance(m, NORMALISATIONS))
    scales = {id(p) for layer in layers for p in layer.parameters()}
    for name, parameter in module.named_parameters():
        if parameter.ndim > 1 and id(parameter) not in scales:
            yield name, parameter


def weights(module: Module) -> Iterator[Parameter]:
    """The parameters of `named_weights`."""
    return (parameter for _, parameter in named_weights(module))


def chosen(
    module: Module, biases: bool = False, parameters: Choice | None = None
) -> list[Tensor]:
    """The parameters that a penalty is of; ValueError if there are none."""
    choice = module if parameters is None else parameters
    if isinstance(choice, Module):
        found: list[Tensor] = list(choice.parameters() if biases else weights(choice))
    elif isinstance(choice, Tensor):
        found = [choice]
    elif callable(choice):
        found = [p for name, p in module.named_parameters() if choice(name)]
    else:
        found = list(choice)
    for tensor in found:
        if not isinstance(tensor, Tensor):
            raise TypeError(
                "penalty: parameters must be a module, Tensors, or a function of a "
                f"parameter's name; got a {type(tensor).__name__}"
            )
    if not found:
        raise ValueError(
            f"penalty: {type(module).__name__} has no weights to sum over; "
            "parameters=[...] chooses others, biases=True takes all"
        )
    return found


def l1_penalty(
    module: Module, biases: bool = False, *, parameters: Choice | None = None
) -> Tensor:
    """Sum of ``|w|`` over the weights; its gradient is the sign, 0 at 0.

    Args:
        module: whose `named_weights` are summed over;
        biases: with True, all its parameters;
        parameters: others: a part of the module, a list of Tensors, or a function that
            says of a parameter's name whether it belongs.

    Returns a scalar. Raises ValueError if nothing is left to sum over. Tibshirani,
    "Regression shrinkage and selection via the lasso", J. R. Stat. Soc. B 58, 1996.
    """
    return _total(chosen(module, biases, parameters), sum_of_sizes)


def l2_penalty(
    module: Module, biases: bool = False, *, parameters: Choice | None = None
) -> Tensor:
    """Half the sum of ``w ** 2`` over the weights; its gradient is the weight.

    With SGD, ``loss + c * l2_penalty(model)`` is what ``weight_decay=c`` does to these
    weights; with Adam it is not what AdamW does. ``module``, ``biases`` and
    ``parameters`` are those of `l1_penalty`. Returns a scalar; raises what that does.
    Hoerl, Kennard, "Ridge regression", Technometrics 12, 1970.
    """
    return mul(_total(chosen(module, biases, parameters), sum_of_squares), 0.5)


def elastic_net_penalty(
    module: Module,
    l1: float,
    l2: float,
    biases: bool = False,
    *,
    parameters: Choice | None = None,
) -> Tensor:
    """``l1 * sum(|w|) + l2 / 2 * sum(w ** 2)`` over the weights.

    scikit-learn's ``alpha`` and ``l1_ratio`` are l1 = alpha * l1_ratio and l2 = alpha *
    (1 - l1_ratio). ``module``, ``biases``, ``parameters`` and the result are those of
    `l1_penalty`. Raises ValueError for negative factors. Zou, Hastie: "Regularization
    and variable selection via the elastic net", J. R. Stat. Soc. B 67, 2005.
    """
    l1 = check.number("elastic_net_penalty: l1", l1, 0.0)
    l2 = check.number("elastic_net_penalty: l2", l2, 0.0)
    of = chosen(module, biases, parameters)
    sizes, squares = _total(of, sum_of_sizes), _total(of, sum_of_squares)
    return add(mul(sizes, l1), mul(squares, 0.5 * l2))


def sum_of_sizes(x: Any) -> Any:
    """Sum of ``|x|``."""
    return sum(abs(x))


def _total(parameters: list[Tensor], of: Callable[[Any], Any]) -> Tensor:
    total, *others = [of(p) for p in parameters]
    for term in others:
        total = add(total, term)
    out: Tensor = total
    return out
