"""What a trial's score is: a number, or the best of a column that was measured."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd_core.train.history import History
from autograd_core.train.monitor import mode_of


def larger_is_better(monitor: str, who: str) -> bool:
    """By the column's name; raises ValueError where it does not say."""
    try:
        return mode_of(monitor, None, who) == "max"
    except ValueError:
        raise ValueError(
            f"{who}: is a larger or a smaller {monitor!r} better? Say maximize=True "
            "or maximize=False"
        ) from None


def check_takes(score: Callable[..., Any], names: Iterable[str], who: str) -> None:
    """Raise TypeError unless ``score`` can be called with these names."""
    if not callable(score):
        raise TypeError(
            f"{who}: score must be a function of the parameters that returns a "
            f"number, got {score!r}"
        )
    try:
        signature = inspect.signature(score)
    except (TypeError, ValueError):  # some built-ins have none
        return
    try:
        signature.bind(**dict.fromkeys(names))
    except TypeError as error:
        raise TypeError(
            f"{who}: score{signature} cannot be called with the names of the space, "
            f"({', '.join(names)}): {error}"
        ) from None


def measure(
    result: Any, monitor: str | None, maximize: bool
) -> tuple[float, dict[str, float]]:
    """(score, other numbers) of what a score function returned."""
    if isinstance(result, History):
        return _of_history(result, monitor, maximize)
    if isinstance(result, Mapping):
        return _of_mapping(result, monitor)
    return _number(result, "score returned"), {}


def _of_history(
    history: History, monitor: str | None, maximize: bool
) -> tuple[float, dict[str, float]]:
    """The best epoch's."""
    column = monitor or "valid_loss"
    if monitor is None and maximize:
        raise ValueError(
            "search: maximize=True of a History needs the column: "
            'say monitor="valid_accuracy" or another'
        )
    values = history[column]
    if values and all(map(math.isnan, values)):
        return math.nan, {}
    best = history.best(column, "max" if maximize else "min")
    return best[column], best


def _of_mapping(
    result: Mapping[str, Any], monitor: str | None
) -> tuple[float, dict[str, float]]:
    """One of its numbers is the score."""
    values = {str(n): _number(v, f"score returned {n!r}:") for n, v in result.items()}
    if monitor is None and len(values) != 1:
        raise ValueError(
            f"search: score returned {list(values)}: say which is the score, "
            "monitor=NAME"
        )
    return _column(values, monitor or next(iter(values))), values


def _column(row: Mapping[str, float], name: str) -> float:
    if name not in row:
        raise ValueError(
            f"search: no {name!r} in what score returned; there are: {', '.join(row)}"
        )
    return row[name]


def _number(value: Any, what: str) -> float:
    """A float of a number, an array or a Tensor of one element."""
    plain = value.item() if getattr(value, "size", None) == 1 else value
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        raise TypeError(
            f"search: {what} {value!r}; expected a number, a History or a dict of "
            "numbers"
        )
    return float(plain)
