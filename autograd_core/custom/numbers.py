"""What can be seen of a function of one number at a time before it is compiled."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from autograd_core.custom.source import Path, paths

# Numba takes a number for an array of one in most of them.
REDUCTIONS = (
    *("all", "amax", "amin", "any", "argmax", "argmin", "average", "count_nonzero"),
    *("cumprod", "cumsum", "max", "mean", "median", "min", "percentile", "prod", "ptp"),
    *("nanmax", "nanmean", "nanmedian", "nanmin", "nanprod", "nanstd", "nansum"),
    *("nanvar", "quantile", "size", "std", "sum", "var"),
)
RETURNS = ("RETURN_VALUE", "RETURN_CONST")


def check_numbers(fn: Callable[..., Any], who: str, results: int) -> None:
    """TypeError for what a function of one number at a time can be seen to do wrong.

    It must return ``results`` numbers wherever it returns, and reduce no array.
    """
    wanted = numbers(results)
    for found in _returned(fn.__code__):
        if found != wanted:
            raise TypeError(
                f"{who}: must return {wanted} wherever it ends, and returns {found}"
            )
    cells = dict(zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True))
    for path in paths(fn.__code__, cells):
        value = _at(path, fn.__globals__, cells)
        name = next((n for n in REDUCTIONS if value is getattr(np, n, who)), None)
        if name:
            raise TypeError(
                f"{who}: np.{name} reduces an array, and this function gets one number "
                "of it at a time; reduce before, and pass the result (for the larger "
                "of two numbers, np.maximum)"
            )


def numbers(results: int) -> str:
    """What a function with so many results returns."""
    return "one number" if results == 1 else f"a tuple of {results}"


def _returned(code: CodeType) -> Iterator[str]:
    """What it returns, where its code says so."""
    before: Any = None
    for step in dis.get_instructions(code):
        if step.opname == "RETURN_CONST":
            before = step
        if step.opname in RETURNS and before is not None:
            if before.opname == "BUILD_TUPLE":
                yield f"a tuple of {before.arg}"
            elif before.opname in ("LOAD_CONST", "RETURN_CONST"):
                yield _kind(before.argval)
        before = step


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    return f"a tuple of {len(value)}" if type(value) is tuple else "one number"


def _at(path: Path, space: dict[str, Any], cells: Any) -> Any:
    """What a name in a function stands for, and attributes of modules."""
    name, *attributes = path
    try:
        value = cells[name].cell_contents if name in cells else space.get(name)
    except ValueError:  # a cell that is still empty
        return None
    for attribute in attributes:
        if not isinstance(value, ModuleType):
            break
        value = getattr(value, attribute, None)
    return value
