"""A parameter group: the settings of some parameters, kept where kernels read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import Array, recorder, refuse
from autograd_core.optim.settings import Setting, places
from autograd_core.plural import count
from autograd_core.tape import TensorBase


class Group(MutableMapping[str, Any]):
    """The settings of one group and, under "params", its parameters.

    ``group["lr"] = 0.01`` is checked and takes effect with the next step, also with the
    next replay of a Program: ``hyper``, float64, is the memory that kernels read. Its
    first numbers are those that the kernel ``reads``, in its own order.
    """

    def __init__(
        self,
        owner: str,
        params: list[TensorBase],
        kinds: Mapping[str, Setting],
        reads: Sequence[str],
        values: Mapping[str, Any],
    ) -> None:
        self.owner = owner
        self.params = params
        self.kinds = kinds
        self._places = places(owner, kinds, reads)
        self.hyper: Array = np.zeros(sum(map(len, self._places.values())))
        self._memory = {
            name: self.hyper[min(some) : max(some) + 1]
            for name, some in self._places.items()
        }
        for name in kinds:
            self._set(name, values[name])

    def __getitem__(self, name: str) -> Any:
        if name == "params":
            return self.params
        self._known(name)
        if (listener := recorder()) is not None:
            what = f"{self.owner}'s setting {name!r}"
            listener.on_setting(lambda: self._get(name), what, self.memory(name))
        return self._get(name)

    def memory(self, name: str) -> Array:
        """The part of ``hyper`` that a setting stands in: one array for all calls."""
        return self._memory[name]

    def _get(self, name: str) -> Any:
        return self.kinds[name].unpack(self.hyper[self._places[name]].tolist())

    def __setitem__(self, name: str, value: Any) -> None:
        self._known(name)
        refuse(f"{self.owner}: {name} is set", "set it outside")
        self._set(name, value)

    def _set(self, name: str, value: Any) -> None:
        kind = self.kinds[name]
        value = kind.check(self.owner, name, value)
        self.hyper[self._places[name]] = kind.pack(value)

    def _known(self, name: str) -> None:
        if name not in self.kinds:
            known = ", ".join(self.kinds)
            raise KeyError(f"{self.owner}: no setting {name!r}; there are: {known}")

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"{self.owner}: settings of a group cannot be removed")

    def __iter__(self) -> Iterator[str]:
        return iter(("params", *self.kinds))

    def __len__(self) -> int:
        return 1 + len(self.kinds)

    def settings(self) -> dict[str, Any]:
        """The settings as plain numbers, flags and tuples."""
        return {name: self[name] for name in self.kinds}

    def __repr__(self) -> str:
        parameters = count(len(self.params), "parameter")
        numbers = count(sum(p._data.size for p in self.params), "number")
        settings = ", ".join(f"{k}={v!r}" for k, v in self.settings().items())
        return f"{parameters} ({numbers}): {settings}"
