"""Names that other libraries have and this one has not, and what to use instead.

Tables, by where the name is looked for. Modules ask `missing` when they have no such
name; classes inherit `Elsewhere` objects, which are found without a ``__getattr__``, so
that no other attribute becomes slower.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import NoReturn

import numpy as np

from autograd_core.foreign.arrays import AG, AWAY, IN_PLACE, NUMPY, NUMPYS, TENSOR
from autograd_core.foreign.keywords import Answering
from autograd_core.foreign.layers import FAMILIES, FUNCTIONAL, INIT, MODULE, NN
from autograd_core.foreign.training import OPTIM, OPTIMIZER, SEARCH, TRAIN

CLOSE = 0.8  # how much of a name must be another for "did you mean"

PLACES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "autograd_core": AG,
        "autograd_core.nn": NN,
        "autograd_core.nn.functional": FUNCTIONAL,
        "autograd_core.nn.init": INIT,
        "autograd_core.optim": OPTIM,
        "autograd_core.train": TRAIN,
        "Tensor": TENSOR,
        "Module": MODULE,
        "Optimizer": OPTIMIZER,
        "Search": SEARCH,
    }
)


def missing(place: str, name: str) -> AttributeError:
    """What to raise where ``place``, a module's name, has no ``name``."""
    known = f"module {place!r} has no attribute {name!r}"
    hint = advice(place, name)
    return AttributeError(f"{known}: {hint}" if hint else known)


def advice(place: str, name: str) -> str | None:
    """What to use instead of a name, None for one that nobody knows."""
    layers = place in ("autograd_core.nn", "autograd_core.nn.functional")
    if name in PLACES[place]:
        return PLACES[place][name]
    if layers and (fit := [text for rule, text in FAMILIES if re.match(rule, name)]):
        return fit[0]
    if name in NN and not layers:
        return NN[name]
    if name in TRAIN:
        return TRAIN[name]
    if place == "autograd_core" and (use := _numpy(name)):
        return use
    return _close(place, name)


def _close(place: str, name: str) -> str | None:
    """A public name there that is almost this one: another case, a slip, no "_"."""
    names = [] if name[0] == "_" else dir(sys.modules[place])
    found = [known for known in names if known.lower().strip("_") == name.lower()]
    found = found or get_close_matches(name, names, 1, CLOSE)
    return f"did you mean {found[0]}?" if found else None


def _numpy(name: str) -> str | None:
    """NumPy's name of it; dtypes and functions of NumPy's are used as they are."""
    if name in NUMPY:
        return f"{NUMPY[name]} (NumPy's functions take Tensors)"
    if name.startswith("_") or not callable(getattr(np, name, None)):
        return None
    kind = "dtypes" if isinstance(getattr(np, name), type) else "functions"
    return f"np.{name} (NumPy's {kind} are used as they are)"


class Elsewhere:
    """A name that a class does not have: looking it up says what to use."""

    __slots__ = ("name", "use")

    def __init__(self, name: str, use: str) -> None:
        self.name, self.use = name, use

    def __get__(self, instance: object, owner: type) -> NoReturn:
        """As if it were not there, with a better message."""
        raise AttributeError(
            f"{owner.__name__!r} object has no attribute {self.name!r}: {self.use}"
        )

    def __repr__(self) -> str:
        return f"<not here: {self.use}>"


class Setting(Elsewhere):
    """One that would be set to no effect: that says it as well."""

    __slots__ = ()

    def __set__(self, instance: object, value: object) -> NoReturn:
        """As for a look-up."""
        self.__get__(instance, type(instance))


class ElsewhereInTensor:
    """What PyTorch's Tensors have and these do not."""

    __slots__ = ()

    def __dir__(self) -> list[str]:
        """What there is."""
        return _there(self)


class ElsewhereInModule(Answering):
    """What PyTorch's Modules have and these do not."""

    def __dir__(self) -> list[str]:
        """What there is."""
        return _there(self)


class ElsewhereInOptimizer(Answering):
    """What other optimizers have: a learning rate of all that is one attribute."""

    def __dir__(self) -> list[str]:
        """What there is."""
        return _there(self)


class ElsewhereInSearch:
    """What Optuna's studies and scikit-learn's searches have."""

    def __dir__(self) -> list[str]:
        """What there is."""
        return _there(self)


def _there(value: object) -> list[str]:
    own = getattr(value, "__dict__", {})
    names = object.__dir__(value)
    kind = type(value)
    return [
        name
        for name in names
        if name in own
        or not isinstance(inspect.getattr_static(kind, name, None), Elsewhere)
    ]


def _tensor() -> dict[str, str]:
    """All of a Tensor's, by their names."""
    return {
        **NUMPY,
        **{name: f"np.{name}(t)" for name in NUMPYS.split()},
        **{f"{name}_": f"np.{name}(t, out=t)" for name in IN_PLACE.split()},
        **AWAY,
        **TENSOR,
    }


CLASSES: Mapping[type, Mapping[str, str]] = {
    ElsewhereInTensor: _tensor(),
    ElsewhereInModule: MODULE,
    ElsewhereInOptimizer: OPTIMIZER,
    ElsewhereInSearch: SEARCH,
}
for _class, _names in CLASSES.items():
    for _name, _use in _names.items():
        _kind = Setting if _class is ElsewhereInOptimizer else Elsewhere
        setattr(_class, _name, _kind(_name, _use))
