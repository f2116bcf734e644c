"""Nested tuples, lists and dicts, taken apart and put together again."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tree:
    """The leaves of a nested value, and its structure (hashable)."""

    leaves: tuple[Any, ...]
    structure: Hashable

    def rebuild(self, leaves: Sequence[Any]) -> Any:
        """The same nesting around other leaves."""
        return _build(self.structure, iter(leaves))


def flatten(value: Any) -> Tree:
    """Take a value apart; whatever is not a tuple, list or dict is a leaf."""
    leaves: list[Any] = []
    return Tree(structure=_take(value, leaves), leaves=tuple(leaves))


def _take(value: Any, leaves: list[Any]) -> Hashable:
    kind = type(value)
    if kind is tuple or kind is list:
        return (kind.__name__, *(_take(v, leaves) for v in value))
    if kind is dict:
        return ("dict", *((k, _take(v, leaves)) for k, v in value.items()))
    leaves.append(value)
    return None


def _build(structure: Any, leaves: Any) -> Any:
    if structure is None:
        return next(leaves)
    kind, *parts = structure
    if kind == "dict":
        return {k: _build(part, leaves) for k, part in parts}
    values = (_build(part, leaves) for part in parts)
    return tuple(values) if kind == "tuple" else list(values)
