"""A parameter group: the settings of some parameters, kept where kernels read them."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator, MutableMapping
from typing import Any

import numpy as np

from autograd_core.hooks import Array, recorder, refuse
from autograd_core.tape import TensorBase
from autograd_kernels.optim import HYPER

# Where a number may lie, lowest and highest; what is not here may be any finite number.
FLAGS = {"amsgrad", "centered", "decoupled_weight_decay", "maximize", "nesterov"}
BELOW_ONE = math.nextafter(1.0, 0.0)
RANGES = {
    "lr": (0.0, math.inf),
    "weight_decay": (0.0, math.inf),
    "eps": (0.0, math.inf),
    "betas": (0.0, BELOW_ONE),
    "alpha": (0.0, 1.0),
    "momentum": (0.0, math.inf),
    "momentum_decay": (0.0, math.inf),
    "lr_decay": (0.0, math.inf),
    "initial_accumulator_value": (0.0, math.inf),
    "decay": (0.0, BELOW_ONE),
}


def checked_number(owner: str, name: str, value: Any) -> float:
    """``value`` as a float; raises TypeError or ValueError that names what is wrong."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{owner}: {name} must be a number, got {value!r}")
    low, high = RANGES.get(name, (-math.inf, math.inf))
    number = float(value)
    if not (low <= number <= high and math.isfinite(number)):
        allowed = {math.inf: f"[{low:g}, inf)", BELOW_ONE: f"[{low:g}, 1)"}
        expected = allowed.get(high, f"[{low:g}, {high:g}]")
        raise ValueError(f"{owner}: {name} must lie in {expected}, got {number}")
    return number


def checked(owner: str, name: str, value: Any) -> Any:
    """``value`` as what the setting is: a flag, a pair of numbers or a number."""
    if name in FLAGS:
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"{owner}: {name} must be True or False, got {value!r}")
        return bool(value)
    if name == "betas":
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise TypeError(f"{owner}: betas must be 2 numbers, got {value!r}")
        return tuple(checked_number(owner, name, v) for v in value)
    return checked_number(owner, name, value)


class Group(MutableMapping[str, Any]):
    """The settings of one group and, under "params", its parameters.

    ``group["lr"] = 0.01`` is checked and takes effect with the next step, also with the
    next replay of a Program: ``hyper``, float64, is the memory that kernels read, the
    settings one after another in the order of ``settings``, a pair as two numbers, a
    flag as 0 or 1, ``maximize`` as the sign of the gradient.
    """

    def __init__(
        self, owner: str, params: list[TensorBase], settings: dict[str, Any]
    ) -> None:
        self.owner = owner
        self.params = params
        self.hyper: Array = np.zeros(HYPER)
        self._place: dict[str, slice] = {}
        place = 0
        for name, value in settings.items():
            size = 2 if name == "betas" else 1
            self._place[name] = slice(place, place + size)
            place += size
            self._set(name, value)

    def __getitem__(self, name: str) -> Any:
        if name == "params":
            return self.params
        self._known(name)
        if (listener := recorder()) is not None:
            what = f"{self.owner}'s setting {name!r}"
            part = self.hyper[self._place[name]]
            listener.on_setting(part.tolist, what, part)
        values = self.hyper[self._place[name]].tolist()
        if name == "betas":
            return tuple(values)
        if name == "maximize":
            return values[0] < 0
        return bool(values[0]) if name in FLAGS else values[0]

    def __setitem__(self, name: str, value: Any) -> None:
        self._known(name)
        refuse(f"{self.owner}: {name} is set", "set it outside")
        self._set(name, value)

    def _set(self, name: str, value: Any) -> None:
        value = checked(self.owner, name, value)
        if name == "maximize":
            value = -1.0 if value else 1.0
        self.hyper[self._place[name]] = value

    def _known(self, name: str) -> None:
        if name not in self._place:
            known = ", ".join(self._place)
            raise KeyError(f"{self.owner}: no setting {name!r}; there are: {known}")

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"{self.owner}: settings of a group cannot be removed")

    def __iter__(self) -> Iterator[str]:
        return iter(("params", *self._place))

    def __len__(self) -> int:
        return 1 + len(self._place)

    def settings(self) -> dict[str, Any]:
        """The settings as plain numbers, flags and tuples."""
        return {name: self[name] for name in self._place}

    def __repr__(self) -> str:
        count = sum(p._data.size for p in self.params)
        settings = ", ".join(f"{k}={v!r}" for k, v in self.settings().items())
        return f"{len(self.params)} parameters ({count:,} numbers): {settings}"
