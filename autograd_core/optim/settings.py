"""What a setting may be: each optimizer names its own, with their kinds, in one place.

A kind checks a value, says in words what it may be, and turns it into the numbers that
kernels read and back.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Setting(Protocol):
    """A kind of setting."""

    def check(self, owner: str, name: str, value: Any) -> Any:
        """``value`` in plain Python; raises what names the fault."""

    def fields(self, name: str) -> Sequence[str]:
        """The names under which a kernel reads it."""

    def pack(self, value: Any) -> Sequence[float]:
        """A checked value as a number for each of the `fields`."""

    def unpack(self, packed: Sequence[float]) -> Any:
        """The value of such numbers."""


@dataclass(frozen=True)
class Number:
    """A number in a range, whose ends belong to it unless they are ``open``."""

    low: float
    high: float
    open_low: bool = False
    open_high: bool = False
    whole: bool = False

    def __str__(self) -> str:
        if self.whole:
            return f"a whole number >= {self.low:g}"
        left, right = "[("[self.open_low], "])"[self.open_high]
        return f"{left}{self.low:g}, {self.high:g}{right}"

    def check(self, owner: str, name: str, value: Any) -> float:
        """``value`` as a float or an int."""
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value.item()
        kind: Any = numbers.Integral if self.whole else numbers.Real
        if isinstance(value, bool | np.bool_) or not isinstance(value, kind):
            noun = "a whole number" if self.whole else "a number"
            raise TypeError(f"{owner}: {name} must be {noun}, got {value!r}")
        number = int(value) if self.whole else float(value)
        above = number > self.low if self.open_low else number >= self.low
        below = number < self.high if self.open_high else number <= self.high
        if not (above and below):
            must = f"be {self}" if self.whole else f"lie in {self}"
            raise ValueError(f"{owner}: {name} must {must}, got {number}")
        return number

    def fields(self, name: str) -> Sequence[str]:
        """One."""
        return (name,)

    def pack(self, value: Any) -> Sequence[float]:
        """As it is."""
        return (value,)

    def unpack(self, packed: Sequence[float]) -> float:
        """As it was."""
        return int(packed[0]) if self.whole else packed[0]


@dataclass(frozen=True)
class Flag:
    """True or False."""

    def __str__(self) -> str:
        return "True or False"

    def check(self, owner: str, name: str, value: Any) -> bool:
        """``value`` as a bool."""
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"{owner}: {name} must be True or False, got {value!r}")
        return bool(value)

    def fields(self, name: str) -> Sequence[str]:
        """One, which is 0 or 1."""
        return (name,)

    def pack(self, value: Any) -> Sequence[float]:
        """1 for True."""
        return (float(value),)

    def unpack(self, packed: Sequence[float]) -> bool:
        """True unless it is 0."""
        return packed[0] != 0


@dataclass(frozen=True)
class Several:
    """A tuple of numbers of one kind, which kernels read under these names."""

    kind: Number
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{len(self.names)} numbers in {self.kind}"

    def check(self, owner: str, name: str, value: Any) -> tuple[float, ...]:
        """``value`` as a tuple of floats."""
        count = len(self.names)
        if isinstance(value, np.ndarray) and value.ndim == 1:
            value = value.tolist()
        if not isinstance(value, tuple | list) or len(value) != count:
            raise TypeError(f"{owner}: {name} must be {count} numbers, got {value!r}")
        return tuple(self.kind.check(owner, name, v) for v in value)

    def fields(self, name: str) -> Sequence[str]:
        """Their own names."""
        return self.names

    def pack(self, value: Any) -> Sequence[float]:
        """As they are."""
        return tuple(value)

    def unpack(self, packed: Sequence[float]) -> tuple[float, ...]:
        """As they were."""
        return tuple(packed)


def at_least(low: float) -> Number:
    """A finite number of at least ``low``."""
    return Number(low, math.inf, open_high=True)


def above(low: float) -> Number:
    """A finite number above ``low``."""
    return Number(low, math.inf, open_low=True, open_high=True)


def whole(low: int) -> Number:
    """A whole number of at least ``low``."""
    return Number(low, math.inf, open_high=True, whole=True)


FINITE = above(-math.inf)
FRACTION = Number(0.0, 1.0)
BELOW_ONE = Number(0.0, 1.0, open_high=True)
INSIDE = Number(0.0, 1.0, open_low=True, open_high=True)
FLAG = Flag()
BETAS = Several(BELOW_ONE, ("beta1", "beta2"))


def places(
    owner: str, settings: Mapping[str, Setting], reads: Sequence[str]
) -> dict[str, list[int]]:
    """Where each setting's numbers stand: first what a kernel ``reads``, then the rest.

    So the order in which an optimizer names its settings means nothing. Raises
    TypeError if they lack a number that the kernel reads.
    """
    fields = {name: kind.fields(name) for name, kind in settings.items()}
    given = [field for some in fields.values() for field in some]
    missing = [field for field in reads if field not in given]
    if missing or len(given) != len(set(given)):
        raise TypeError(
            f"{owner}: its kernel reads {list(reads)}, its settings give {given}; each "
            "must be given, once"
        )
    order = [*reads, *(field for field in given if field not in reads)]
    return {name: [order.index(f) for f in some] for name, some in fields.items()}
