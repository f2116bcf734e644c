"""Nested values, taken apart and put together again.

Tuples, lists, dicts and other mappings, namedtuples and dataclasses are taken apart;
all else is a leaf.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd_core.program.values import mark

LEAF = "leaf"
MAPPINGS = (dict, OrderedDict)


class Tree(NamedTuple):
    """The leaves of a nested value, and its structure (hashable)."""

    leaves: tuple[Any, ...]
    structure: Any

    def rebuild(self, leaves: Sequence[Any]) -> Any:
        """The same nesting around other leaves."""
        return _build(self.structure, iter(leaves))


def flatten(value: Any) -> Tree:
    """Take a value apart."""
    leaves: list[Any] = []
    structure = _take(value, leaves)
    return Tree(tuple(leaves), structure)


def _take(value: Any, leaves: list[Any]) -> Any:
    kind = type(value)
    if kind is tuple or kind is list:
        return (kind, None, tuple([_take(v, leaves) for v in value]))
    if kind in MAPPINGS:
        keys = tuple(value)
        parts = tuple([_take(value[key], leaves) for key in keys])
        return (kind, keys, parts, _marks(keys))
    if kind is defaultdict:
        keys = tuple(value)
        parts = tuple([_take(value[key], leaves) for key in keys])
        return (kind, (value.default_factory, keys), parts, _marks(keys))
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return (kind, None, tuple([_take(v, leaves) for v in value]))
    if dataclasses.is_dataclass(kind) and _plain_dataclass(kind):
        names = tuple(f.name for f in dataclasses.fields(kind))
        parts = tuple([_take(getattr(value, name), leaves) for name in names])
        return (kind, names, parts)
    leaves.append(value)
    return LEAF


def _marks(keys: tuple[Any, ...]) -> tuple[Any, ...]:
    """What tells keys apart that are equal, as 1, 1.0 and True are."""
    return tuple([_marks(k) if type(k) is tuple else mark(k) for k in keys])


def _plain_dataclass(kind: Any) -> bool:
    """Whether its fields are all that an instance is made of."""
    return all(f.init for f in dataclasses.fields(kind)) and not hasattr(
        kind, "__post_init__"
    )


def _build(structure: Any, leaves: Any) -> Any:
    if structure is LEAF:
        return next(leaves)
    kind, detail, parts = structure[:3]
    values = [_build(part, leaves) for part in parts]
    if kind is tuple or kind is list:
        return kind(values)
    if kind in MAPPINGS:
        return kind(zip(detail, values, strict=True))
    if kind is defaultdict:
        factory, keys = detail
        return defaultdict(factory, zip(keys, values, strict=True))
    if hasattr(kind, "_fields"):
        return kind._make(values)
    return kind(**dict(zip(detail, values, strict=True)))
