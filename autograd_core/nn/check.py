"""Checks of what layers are made with; each names what was given and expected."""

from __future__ import annotations

import math
import numbers
from typing import Any


def integer(what: str, value: Any) -> int:
    """``value`` as an int."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{what} must be an integer, got {value!r:.60}")
    return int(value)


def size(what: str, value: Any) -> int:
    """``value`` as an int of at least 1."""
    if integer(what, value) < 1:
        raise ValueError(f"{what} must be at least 1, got {value}")
    return int(value)


def number(
    what: str, value: Any, least: float = -math.inf, most: float = math.inf
) -> float:
    """``value`` as a finite float in [least, most]."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{what} must be a number, got {value!r:.60}")
    if not math.isfinite(value):
        raise ValueError(f"{what} must be a finite number, got {value}")
    if not least <= float(value) <= most:
        raise ValueError(f"{what} must lie in [{least:g}, {most:g}], got {value}")
    return float(value)


def positive(what: str, value: Any) -> float:
    """``value`` as a float above 0."""
    if number(what, value) <= 0:
        raise ValueError(f"{what} must be positive, got {value}")
    return float(value)


def probability(what: str, value: Any) -> float:
    """``value`` as a float in [0, 1): 1 would leave nothing."""
    if not 0 <= number(what, value) < 1:
        raise ValueError(f"{what} must lie in [0, 1), got {value}")
    return float(value)


def switch(what: str, value: Any) -> bool:
    """``value`` if it is True or False."""
    if type(value).__name__ not in ("bool", "bool_"):
        raise TypeError(f"{what} must be True or False, got {value!r:.60}")
    return bool(value)


def choice(what: str, value: Any, known: tuple[str, ...]) -> str:
    """``value`` if it is one of ``known``."""
    if value not in known:
        raise ValueError(f"{what} must be one of {', '.join(known)}, got {value!r}")
    return str(value)
