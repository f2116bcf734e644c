"""Loading a state: everything is checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_core.tape import Array, TensorBase

if TYPE_CHECKING:
    from autograd_core.nn.module import Module


class Unmatched(NamedTuple):
    """What only the module or only the state had."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def load(module: Module, state: Mapping[str, Any], strict: bool) -> Unmatched:
    """See `Module.load_state_dict`."""
    if not isinstance(state, Mapping):
        raise TypeError(
            "load_state_dict: expected a mapping of names to arrays, got "
            f"{type(state).__name__}"
        )
    own = dict(module.tensors())
    given = {id(own[name]) for name in state if name in own}
    missing = [name for name, tensor in own.items() if id(tensor) not in given]
    unexpected = [name for name in state if name not in own]
    arrays: dict[str, Array] = {}
    misshapen, mistyped = [], []
    for name in (name for name in own if name in state):
        value, like = _array(state[name]), own[name].data
        if value.shape != like.shape:
            misshapen.append(f"{name}: expected {like.shape}, got {value.shape}")
        elif not np.can_cast(value.dtype, like.dtype, "same_kind"):
            mistyped.append(f"{name}: expected {like.dtype}, got {value.dtype}")
        else:  # a copy: the state may share memory with what is written
            arrays[name] = np.array(value, like.dtype)
    problems = {"misshapen": misshapen, "of a wrong dtype": mistyped}
    if strict:
        problems = {"missing": missing, "unexpected": unexpected, **problems}
    if any(problems.values()):
        raise ValueError(_message(type(module).__name__, problems))
    for name, array in arrays.items():
        own[name].data[...] = array
        own[name].version[0] += 1
    return Unmatched(missing, unexpected)


def _array(value: Any) -> Array:
    return value.data if isinstance(value, TensorBase) else np.asarray(value)


def _message(module: str, problems: Mapping[str, list[str]]) -> str:
    lines = [f"load_state_dict: the state does not fit {module}; nothing was loaded"]
    for what, entries in problems.items():
        if entries:
            lines += [f"  {what} ({len(entries)}):", *(f"    {e}" for e in entries)]
    return "\n".join(lines)
