"""What the state of a run must be, whoever wrote it, before a run goes on from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def check_progress(state: Mapping[str, Any], steps: int) -> None:
    """Raise ValueError unless step, history, sums and outputs are those of one run.

    ``steps`` is the number of steps in an epoch.
    """
    step, rows, sums = state["step"], state["history"], state["sums"]
    if not _is_whole(step) or step < 0:
        raise ValueError(f"the step must be a whole number >= 0, got {step!r}")
    if not isinstance(state["stopped"], str):
        raise ValueError(f"stopped must be a text, got {state['stopped']!r}")
    if not isinstance(rows, list) or len(rows) != step // steps:
        raise ValueError(f"step {step} needs a history of {step // steps} epochs")
    for i, row in enumerate(rows):
        _check_numbers(f"epoch {i + 1} of the history", row, ("loss", "seconds"))
    if step % steps:
        _check_numbers("the sums of an epoch under way", sums, ("loss", "rows"))
    if bool(sums) != bool(step % steps) or (sums and not sums["rows"] > 0):
        raise ValueError(f"the sums {sums!r} do not belong to step {step}")
    outputs = state["outputs"]
    arrays = all(isinstance(a, np.ndarray) and a.ndim for a in outputs)
    if outputs and not (arrays and [len(a) for a in outputs] == [sums["rows"]] * 2):
        raise ValueError(f"the outputs so far are not those of step {step}")


def check_taken(given: Mapping[str, Any], taken: Mapping[str, Any]) -> None:
    """Raise ValueError unless the run now is, to the bit, in the state it was given.

    So that nothing is taken twice, left out, or broadcast or cast into its place.
    """
    # Settings have been compared, and callbacks may keep what they are given as they
    # like.
    for name in taken.keys() - {"settings", "callbacks"}:
        if not same(given[name], taken[name]):
            raise ValueError(f"the state of {name} is not whole")


def same(a: Any, b: Any) -> bool:
    """Whether two trees have the same values of the same types; lists are tuples."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        alike = (a.dtype, a.shape) == (b.dtype, b.shape)
        return alike and a.tobytes() == b.tobytes()
    return type(a) is type(b) and repr(a) == repr(b)


def _check_numbers(what: str, values: Any, needed: tuple[str, ...]) -> None:
    if not isinstance(values, Mapping):
        raise ValueError(f"{what} must be a dict, got {values!r}")
    for name in needed:
        value = values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{what}: {name} must be a number, got {value!r}")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
