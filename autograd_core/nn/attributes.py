"""What may become an attribute of a Module: nothing that would be lost in silence."""

from __future__ import annotations

import warnings
from collections.abc import Set
from typing import Any

from autograd_core.nn.parameter import Buffer, Parameter
from autograd_core.tensor import Tensor


def check(module: Any, name: str, value: Any, methods: Set[str]) -> None:
    """Raise TypeError unless ``value`` may become an attribute of that name.

    Refused is what hides one of the ``methods`` that all Modules have, and what takes
    the place of a Parameter or Buffer and is none, so that optimizers and checkpoints
    would miss it. A leaf that requires grad and is no Parameter is a warning: they miss
    it as well, but its gradient may be wanted.
    """
    if name in methods and (is_module(value) or not callable(value)):
        raise TypeError(
            f"{_at(module, name)}: every Module has a method {name!r}, which "
            f"{_a(value)} would hide; give the attribute another name"
        )
    if name == "training" and not isinstance(value, bool):
        raise TypeError(
            f"{_at(module, name)} says whether a Module trains, True or False, got "
            f"{_a(value)}; give the attribute another name"
        )
    old = vars(module).get(name)
    if isinstance(old, Parameter | Buffer) and not _may_replace(value):
        kind = type(old).__name__
        raise TypeError(
            f"{_at(module, name)} is a {kind}, and {_a(value)} in its place would be "
            f"none; write its values, {name}[...] = value under ag.no_grad(), or "
            f"assign nn.{kind}(value)"
        )
    if _is_trainable(value) and not isinstance(value, Parameter):
        warnings.warn(
            f"{_at(module, name)}: a Tensor that requires grad is none of the "
            "parameters() and is not trained; nn.Parameter(array) is",
            stacklevel=3,
        )


def is_module(value: Any) -> bool:
    """Whether it is a Module, which this file cannot import."""
    return hasattr(type(value), "named_parameters")


def _may_replace(value: Any) -> bool:
    return value is None or isinstance(value, Parameter | Buffer) or is_module(value)


def _is_trainable(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad and value.is_leaf


def _at(module: Any, name: str) -> str:
    return f"{type(module).__name__}.{name}"


def _a(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
