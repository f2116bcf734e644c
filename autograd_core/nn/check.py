"""Checks of what layers are made with; each names what was given and expected."""

from __future__ import annotations

import math
import numbers
from typing import Any


def size(what: str, value: Any) -> int:
    """``value`` as an int of at least 1."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{what} must be an integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{what} must be at least 1, got {value}")
    return int(value)


def number(
    what: str, value: Any, low: float = -math.inf, below: float = math.inf
) -> float:
    """``value`` as a float in [low, below)."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{what} must be a number, got {value!r}")
    if not low <= float(value) < below:
        raise ValueError(f"{what} must lie in [{low:g}, {below:g}), got {value}")
    return float(value)


def choice(what: str, value: Any, known: tuple[str, ...]) -> str:
    """``value`` if it is one of ``known``."""
    if value not in known:
        raise ValueError(f"{what} must be one of {', '.join(known)}, got {value!r}")
    return str(value)
