"""Loading a state: everything is checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import FLOATS, duplicate
from autograd_core.tape import TensorBase
from autograd_core.writes import array_of, write

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
        value, like = array_of(state[name]), own[name]._data
        if value.shape != like.shape:
            misshapen.append(f"{name}: expected {like.shape}, got {value.shape}")
        elif not np.can_cast(value.dtype, like.dtype, "same_kind"):
            mistyped.append(f"{name}: expected {like.dtype}, got {value.dtype}")
        elif value.dtype.kind == "f" and value.dtype not in FLOATS:
            arrays[name] = value.astype(like.dtype)  # no kernel reads float16
        else:
            arrays[name] = value
    problems = {"misshapen": misshapen, "of a wrong dtype": mistyped}
    if strict:
        problems = {"missing": missing, "unexpected": unexpected, **problems}
    if any(problems.values()):
        raise ValueError(_message(type(module).__name__, problems))
    shared = {n for n, a in arrays.items() if _overlaps(a, own)}
    arrays |= {name: duplicate(arrays[name]) for name in shared}
    for name, array in arrays.items():
        write(own[name], array)
    return Unmatched(missing, unexpected)


def _overlaps(array: Array, own: Mapping[str, TensorBase]) -> bool:
    """Whether writing to the tensors could change what is yet to be read."""
    return any(np.may_share_memory(array, tensor._data) for tensor in own.values())


def _message(module: str, problems: Mapping[str, list[str]]) -> str:
    lines = [f"load_state_dict: the state does not fit {module}; nothing was loaded"]
    for what, entries in problems.items():
        if entries:
            lines += [f"  {what} ({len(entries)}):", *(f"    {e}" for e in entries)]
    return "\n".join(lines)
