"""Reports of gradient checks as plain values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from autograd_core.gradcheck import Norms, Report, Row


def state_of(reports: Mapping[int, Report]) -> dict[int, dict[str, Any]]:
    """What a checkpoint keeps of them."""
    return {epoch: asdict(report) for epoch, report in reports.items()}


def reports_of(state: Any) -> dict[int, Report]:
    """The reports again; ValueError if the state is none of reports."""
    try:
        return {epoch: _report(given) for epoch, given in state.items()}
    except (TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"not reports of gradient checks: {error}") from error


def _report(given: Mapping[str, Any]) -> Report:
    rows = []
    for row in given["rows"]:
        made = Row(**row | {"norms": Norms(**row["norms"])})
        made.shape, made.position = tuple(made.shape), _position(made.position)
        _check_numbers(made)
        _check_numbers(made.norms)
        rows.append(made)
    return Report(rows, bool(given["coarse"]))


def _position(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else given


def _check_numbers(of: Row | Norms) -> None:
    """Raise ValueError unless what is a number by default is one of its kind."""
    for field in fields(of):
        kind, value = type(field.default), getattr(of, field.name)
        if kind in (int, float) and not isinstance(value, kind):
            raise ValueError(f"a report's {field.name} cannot be {value!r}")
