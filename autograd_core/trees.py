"""Nested dicts, lists, tuples and dataclasses, as transforms take and return them.

None is an empty tree, as in JAX: it has no leaves and stays None. Of a dataclass what
counts are the fields that hold numbers, arrays or containers; what else there is (text,
functions, truth values, and fields with ``metadata={"static": True}``) goes along.
"""

from __future__ import annotations

import copy
import dataclasses
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from enum import Enum
from numbers import Number
from typing import Any

import numpy as np

COPIED = (dict, list, tuple, OrderedDict, defaultdict)


def is_dataclass(tree: Any) -> bool:
    """Whether ``tree`` is an instance of a dataclass."""
    return dataclasses.is_dataclass(tree) and not isinstance(tree, type)


def parts_of(tree: Any) -> dict[Any, Any] | None:
    """What a container or None holds, by key, number or field; None for a leaf."""
    if tree is None:
        return {}
    if isinstance(tree, dict):
        return tree
    if isinstance(tree, list | tuple):
        return dict(enumerate(tree))
    if not is_dataclass(tree):
        return None
    fields = [f for f in dataclasses.fields(tree) if f.init]
    values = {f.name: getattr(tree, f.name) for f in fields if not _is_static(f)}
    return {name: v for name, v in values.items() if _counts(v)}


def _is_static(field: dataclasses.Field[Any]) -> bool:
    return bool(field.metadata.get("static"))


def _counts(value: Any) -> bool:
    """Whether the value of a field is part of the tree, and does not just go along."""
    if value is None or isinstance(value, dict | list | tuple) or is_dataclass(value):
        return True
    if isinstance(value, bool | Enum):
        return False
    return isinstance(value, Number) or hasattr(type(value), "__array__")


def _of_parts(tree: Any, values: list[Any], derived: bool = False) -> Any:
    """The same container around other values; see `rebuilt` and `shaped`."""
    if tree is None:
        return None
    if isinstance(tree, dict):
        if type(tree) is dict:
            return dict(zip(tree, values, strict=True))
        return _with_items(copy.copy(tree), zip(tree, values, strict=True))
    if isinstance(tree, list | tuple):
        make: Any = getattr(type(tree), "_make", type(tree))  # of a namedtuple
        return make(values)
    fields = dict(zip(parts_of(tree) or (), values, strict=True))
    fresh = hasattr(tree, "__post_init__") or not all(
        f.init for f in dataclasses.fields(tree)
    )
    if fresh and not derived:
        return dataclasses.replace(tree, **fields)
    return _with_fields(tree, fields)


def _with_items(mapping: Any, items: Iterable[tuple[Any, Any]]) -> Any:
    for key, value in items:
        mapping[key] = value
    return mapping


def _with_fields(tree: Any, values: dict[str, Any]) -> Any:
    """A copy with other values in some fields, and None in those that follow."""
    out = copy.copy(tree)
    for field in dataclasses.fields(tree):
        if field.name in values:
            object.__setattr__(out, field.name, values[field.name])  # frozen or not
        elif not field.init and _counts(getattr(tree, field.name, "")):
            object.__setattr__(out, field.name, None)
    return out


def leaves_of(tree: Any) -> list[Any]:
    """What hangs in nested containers, in order."""
    parts = parts_of(tree)
    if parts is None:
        return [tree]
    return [leaf for value in parts.values() for leaf in leaves_of(value)]


def names_of(tree: Any, name: str) -> list[str]:
    """How each leaf is written down in a tree of this name."""
    parts = parts_of(tree)
    if parts is None:
        return [name]
    named = ((value, _path(tree, name, key)) for key, value in parts.items())
    return [n for value, inner in named for n in names_of(value, inner)]


def _path(tree: Any, name: str, key: Any) -> str:
    return f"{name}.{key}" if is_dataclass(tree) else f"{name}[{key!r}]"


def numbered(trees: Iterable[Any], name: str) -> list[str]:
    """`names_of` for several that share a name and have a number."""
    return [n for i, tree in enumerate(trees) for n in names_of(tree, f"{name} {i}")]


def rebuilt(tree: Any, leaves: Iterable[Any]) -> Any:
    """The same nesting around other leaves, made as users make it.

    A dataclass with ``__post_init__`` goes through it: what follows from fields follows
    from the new ones.
    """
    return _rebuilt(tree, iter(leaves), derived=False)


def shaped(tree: Any, leaves: Iterable[Any]) -> Any:
    """The same nesting around what belongs to its leaves, such as their gradients.

    No ``__post_init__`` is asked; fields that it makes are None.
    """
    return _rebuilt(tree, iter(leaves), derived=True)


def _rebuilt(tree: Any, left: Any, derived: bool) -> Any:
    parts = parts_of(tree)
    if parts is None:
        return next(left)
    values = [_rebuilt(value, left, derived) for value in parts.values()]
    return _of_parts(tree, values, derived)


def matched(tree: Any, given: Any, name: str) -> list[Any]:
    """The leaves of ``given`` in the places of those of ``tree``, in its order.

    A list of numbers may stand for a leaf. Raises ValueError, with ``name``, if the two
    are not nested alike.
    """
    parts, found = parts_of(tree), parts_of(given)
    if parts is None:
        return [given]
    if found is None or _kind(tree) != _kind(given):
        kind = "nothing" if tree is None else f"a {type(tree).__name__}"
        raise ValueError(f"{name}: expected {kind}, got {type(given).__name__}")
    if len(found) != len(parts):
        raise ValueError(f"{name}: expected {len(parts)}, got {len(found)}")
    if found.keys() != parts.keys():
        raise ValueError(f"{name}: expected the keys {[*parts]}, got {[*found]}")
    pairs = ((v, found[key], _path(tree, name, key)) for key, v in parts.items())
    return [leaf for pair in pairs for leaf in matched(*pair)]


def _kind(tree: Any) -> tuple[bool, bool]:
    return isinstance(tree, dict), is_dataclass(tree)


def copied(tree: Any) -> Any:
    """The same with copies of NumPy arrays, and of the containers that hold them."""
    if isinstance(tree, np.ndarray):
        return tree.copy(order="K")
    if is_dataclass(tree):
        names = [f.name for f in dataclasses.fields(tree)]
        held = {name: getattr(tree, name) for name in names if hasattr(tree, name)}
        return _with_fields(tree, {name: copied(value) for name, value in held.items()})
    if type(tree) in COPIED or hasattr(tree, "_fields"):
        parts = parts_of(tree) or {}
        return _of_parts(tree, [copied(value) for value in parts.values()])
    return tree
