"""Scales: how the values of a hyper-parameter are spread over what is searched."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

MARGIN = 0.05  # of its width: what a narrowed range keeps beyond the best values


class Scale:
    """Base: ``at`` gives the value at a place in [0, 1), `position` the place of one.

    A place drawn evenly gives values spread as the scale says.
    """

    def at(self, place: float) -> Any:
        """The value there."""
        raise NotImplementedError

    def position(self, value: Any) -> float:
        """Where it lies: the inverse of `at`."""
        raise NotImplementedError

    def around(self, values: Sequence[Any]) -> Scale:
        """The part of this scale that holds ``values``, and a margin."""
        raise NotImplementedError

    def show(self, value: Any) -> str:
        """A value as tables print it."""
        return f"{value:.4g}"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


class Uniform(Scale):
    """Real numbers in [low, high], all equally likely: a dropout rate."""

    def __init__(self, low: float, high: float) -> None:
        who = type(self).__name__
        self.low, self.high = _number(low, who), _number(high, who)
        if not self.low < self.high:
            raise ValueError(
                f"{who}: expected low < high, got {low!r} and {high!r}; a value that "
                "does not vary is Choice(value)"
            )

    def at(self, place: float) -> float:
        value = self.low * (1.0 - place) + self.high * place
        return min(max(value, self.low), self.high)

    def position(self, value: float) -> float:
        width = self.high / 2 - self.low / 2  # of the largest floats, too
        return (value / 2 - self.low / 2) / width

    def around(self, values: Sequence[float]) -> Uniform:
        places = [self.position(value) for value in values]
        low = self.at(max(min(places) - MARGIN, 0.0))
        high = self.at(min(max(places) + MARGIN, 1.0))
        return type(self)(low, high) if low < high else self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.low!r}, {self.high!r})"


class Log(Uniform):
    """Real numbers in [low, high], each power of ten equally likely: a learning rate.

    The logarithm is drawn evenly, as 0.0001 ... 0.001 matters as much as 0.1 ... 1.
    """

    def __init__(self, low: float, high: float) -> None:
        super().__init__(low, high)
        if self.low <= 0:
            raise ValueError(
                f"Log: expected 0 < low, got {low!r}: a logarithmic scale has no 0. "
                "To try 0 as well search it apart, or use Uniform"
            )

    def at(self, place: float) -> float:
        low, high = math.log(self.low), math.log(self.high)
        value = math.exp(low * (1.0 - place) + high * place)
        return min(max(value, self.low), self.high)

    def position(self, value: float) -> float:
        low, high = math.log(self.low), math.log(self.high)
        return (math.log(value) - low) / (high - low)


class OneMinus(Scale):
    """1 - value is on a `Log` scale from low to high: the beta of a moving average.

    ``OneMinus(1e-3, 0.5)`` draws from 0.5 ... 0.999. A beta averages over about
    1 / (1 - beta) values: from 0.9 to 0.9005 nothing changes, from 0.999 to 0.9995 it
    doubles.
    """

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = _number(low, "OneMinus"), _number(high, "OneMinus")
        if not (0 < self.low < self.high <= 1 and self.low < 0.5):
            raise ValueError(
                f"OneMinus: expected 0 < low < 0.5 and low < high <= 1, the bounds of "
                f"1 - value, got {low!r} and {high!r}; for values from 0.9 to 0.999 "
                "say OneMinus(0.001, 0.1)"
            )
        self.log = Log(self.low, self.high)

    def at(self, place: float) -> float:
        return 1.0 - self.log.at(place)

    def position(self, value: float) -> float:
        return self.log.position(1.0 - value)

    def around(self, values: Sequence[float]) -> OneMinus:
        part = self.log.around([1.0 - value for value in values])
        return OneMinus(part.low, part.high) if part.low < 0.5 else self

    def show(self, value: float) -> str:
        return f"{value:.6g}"

    def __repr__(self) -> str:
        return f"OneMinus({self.low!r}, {self.high!r})"


class Whole(Scale):
    """Whole numbers from low to high, both included, evenly or by their logarithm."""

    def __init__(self, low: int, high: int, log: bool = False) -> None:
        try:
            self.low, self.high = operator.index(low), operator.index(high)
        except TypeError:
            raise TypeError(
                f"Whole: expected whole numbers, got {low!r} and {high!r}"
            ) from None
        if not self.low < self.high or (log and self.low < 1):
            first = "1 <= low < high for a logarithmic scale" if log else "low < high"
            raise ValueError(f"Whole: expected {first}, got {low!r} and {high!r}")
        self.log = bool(log)
        scale = Log if log else Uniform
        self.reals = scale(self.low - 0.5, self.high + 0.5)  # a unit for each number

    def at(self, place: float) -> int:
        value = math.floor(self.reals.at(place) + 0.5)
        return min(max(value, self.low), self.high)

    def position(self, value: int) -> float:
        return self.reals.position(value)

    def around(self, values: Sequence[int]) -> Whole:
        part = self.reals.around(values)
        low = min(math.floor(part.low + 0.5), min(values) - 1)
        high = max(math.floor(part.high + 0.5), max(values) + 1)
        return Whole(max(low, self.low), min(high, self.high), self.log)

    def show(self, value: int) -> str:
        return str(value)

    def __repr__(self) -> str:
        log = ", log=True" if self.log else ""
        return f"Whole({self.low}, {self.high}{log})"


class Choice(Scale):
    """One of the options, all equally likely; they may be any objects."""

    def __init__(self, *options: Any) -> None:
        if len(options) == 1 and isinstance(options[0], list | tuple):
            raise TypeError(
                f"Choice: one option, {options[0]!r}: to choose among its elements say "
                "Choice(*options)"
            )
        if not options:
            raise ValueError('Choice: expected at least one option: Choice("a", "b")')
        self.options = options

    def at(self, place: float) -> Any:
        return self.options[min(int(place * len(self.options)), len(self.options) - 1)]

    def index(self, value: Any) -> int:
        """Which option it is."""
        for i, option in enumerate(self.options):
            if option is value:
                return i
        for i, option in enumerate(self.options):
            if type(option) is type(value) and option == value:
                return i
        raise ValueError(f"{value!r} is none of {self!r}")

    def position(self, value: Any) -> float:
        return (self.index(value) + 0.5) / len(self.options)

    def around(self, values: Sequence[Any]) -> Choice:
        kept = sorted({self.index(value) for value in values})
        part = Choice.__new__(Choice)  # one option that is a tuple is right here
        part.options = tuple(self.options[i] for i in kept)
        return part

    def show(self, value: Any) -> str:
        return label(value)

    def __repr__(self) -> str:
        shown = [repr(o) if isinstance(o, str) else label(o) for o in self.options]
        return f"Choice({', '.join(shown)})"


def label(option: Any) -> str:
    """An option for people, the same in every process."""
    if isinstance(option, str):
        return option
    name = getattr(option, "__qualname__", None)
    return name or repr(option).partition(" at 0x")[0]


def checked(space: Mapping[str, Scale], who: str) -> dict[str, Scale]:
    """The space as a dict; raises TypeError and ValueError for what is none."""
    example = '{"lr": train.Log(1e-4, 1), "width": train.Whole(8, 128, log=True)}'
    if not isinstance(space, Mapping):
        raise TypeError(
            f"{who}: the space must map names to scales, as {example}; got "
            f"{type(space).__name__}"
        )
    if not space:
        raise ValueError(f"{who}: the space is empty; expected for instance {example}")
    for name, scale in space.items():
        if not isinstance(name, str):
            raise TypeError(f"{who}: the space's names must be str, got {name!r}")
        if not isinstance(scale, Scale):
            got = scale.__name__ if isinstance(scale, type) else repr(scale)
            raise TypeError(
                f"{who}: {name!r} must be a scale (train.Uniform, Log, OneMinus, Whole "
                f"or Choice, with its bounds), got {got}"
            )
    return dict(space)


def _number(value: Any, who: str) -> float:
    """A finite float."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool | str) or not math.isfinite(number):
        raise ValueError(f"{who}: expected finite numbers as bounds, got {value!r}")
    return number
