"""The parameters of the estimators, and what each may be.

scikit-learn's names and ranges; a parameter is checked when `fit` is called, as there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np

from autograd_core.optim import Optimizer

Check = Callable[[Any], bool]


def number(
    low: float, high: float = math.inf, *, ends: str = "[)"
) -> tuple[Check, str]:
    """A real number between ``low`` and ``high``; ``ends`` says which belong."""

    def check(value: Any) -> bool:
        if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
            return False
        given = float(value)
        above = given >= low if ends[0] == "[" else given > low
        return above and (given <= high if ends[1] == "]" else given < high)

    return check, f"a number in {ends[0]}{low:g}, {high:g}{ends[1]}"


def whole(low: int) -> tuple[Check, str]:
    """A whole number from ``low`` up."""

    def check(value: Any) -> bool:
        kind = isinstance(value, Integral) and not isinstance(value, bool)
        return kind and value >= low

    return check, f"a whole number >= {low}"


def flag() -> tuple[Check, str]:
    """True or False."""
    return lambda value: isinstance(value, bool | np.bool_), "True or False"


def one_of(*names: str) -> tuple[Check, str]:
    """One of some words."""
    return lambda value: isinstance(value, str) and value in names, f"one of {names}"


def either(*kinds: tuple[Check, str]) -> tuple[Check, str]:
    """What any of the ``kinds`` takes."""
    return (
        lambda value: any(check(value) for check, _ in kinds),
        " or ".join(expected for _, expected in kinds),
    )


def none() -> tuple[Check, str]:
    """None."""
    return lambda value: value is None, "None"


def function(expected: str) -> tuple[Check, str]:
    """Anything that can be called."""
    return callable, expected


def widths() -> tuple[Check, str]:
    """A width, or a sequence of them; none is a linear model."""

    def check(value: Any) -> bool:
        sizes = value if np.iterable(value) else [value]
        return all(whole(1)[0](size) for size in sizes)

    return check, "a whole number > 0 or a sequence of them"


SETTINGS: Mapping[str, tuple[Check, str]] = {
    "hidden_layer_sizes": widths(),
    "activation": one_of("identity", "logistic", "tanh", "relu"),
    "solver": one_of("lbfgs", "sgd", "adam"),
    "alpha": number(0),
    "batch_size": either(one_of("auto"), whole(1)),
    "learning_rate": one_of("constant", "invscaling", "adaptive"),
    "learning_rate_init": number(0, ends="()"),
    "power_t": number(0),
    "max_iter": whole(1),
    "shuffle": flag(),
    "tol": number(0),
    "verbose": either(flag(), whole(0)),
    "warm_start": flag(),
    "momentum": number(0, 1, ends="[]"),
    "nesterovs_momentum": flag(),
    "early_stopping": flag(),
    "validation_fraction": number(0, 1),
    "beta_1": number(0, 1),
    "beta_2": number(0, 1),
    "epsilon": number(0, ends="()"),
    "n_iter_no_change": either(whole(1), number(math.inf, ends="[]")),
    "max_fun": whole(1),
    "dropout": number(0, 1),
    "batch_norm": flag(),
    "optimizer": either(none(), function("a function: parameters -> Optimizer")),
    "l1": number(0),
    "augment": either(none(), function("a function: (x, rng) -> x")),
    "class_weight": either(
        none(),
        one_of("balanced"),
        (lambda value: isinstance(value, Mapping), "a dict {label: weight}"),
    ),
    "loss": one_of("squared_error", "poisson"),
}


def keep(estimator: Any, given: Mapping[str, Any]) -> None:
    """Set the arguments of ``__init__`` as they are, which is all it may do.

    scikit-learn reads an estimator's parameters from that signature.
    """
    names = type(estimator)._get_param_names()
    vars(estimator).update({name: given[name] for name in names})


def check_settings(estimator: Any) -> None:
    """Raise ValueError for the first parameter that is not what it may be."""
    for name, value in estimator.get_params(deep=False).items():
        if name not in SETTINGS:  # random_state is scikit-learn's to check
            continue
        check, expected = SETTINGS[name]
        if not check(value):
            raise ValueError(
                f"{type(estimator).__name__}: {name} must be {expected}, got {value!r}"
            )


def made_optimizer(estimator: Any, parameters: list[Any]) -> Optimizer:
    """The optimizer that the parameters of ``estimator`` ask for."""
    from autograd_core.optim import SGD, Adam

    lr = estimator.learning_rate_init
    if estimator.optimizer is not None:
        made = estimator.optimizer(parameters)
        if not isinstance(made, Optimizer):
            raise TypeError(
                f"{type(estimator).__name__}: optimizer must return an Optimizer, got "
                f"{type(made).__name__}"
            )
        return made
    if estimator.solver == "sgd":
        nesterov = bool(estimator.nesterovs_momentum and estimator.momentum)
        return SGD(parameters, lr, momentum=estimator.momentum, nesterov=nesterov)
    betas = estimator.beta_1, estimator.beta_2
    return Adam(parameters, lr, betas, eps=estimator.epsilon)
