"""Nested dicts, lists and tuples, as transforms take and return them.

None is an empty tree, as in JAX: it has no leaves and stays None.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def parts_of(tree: Any) -> dict[Any, Any] | None:
    """What a dict, list, tuple or None holds, by key or number; None for a leaf."""
    if tree is None:
        return {}
    if isinstance(tree, dict):
        return tree
    return dict(enumerate(tree)) if isinstance(tree, list | tuple) else None


def _of_parts(tree: Any, values: list[Any]) -> Any:
    """The same container around other values."""
    if tree is None:
        return None
    if isinstance(tree, dict):
        return dict(zip(tree, values, strict=True))
    return type(tree)(*values) if hasattr(tree, "_fields") else type(tree)(values)


def leaves_of(tree: Any) -> list[Any]:
    """What hangs in nested dicts, lists and tuples, in order."""
    parts = parts_of(tree)
    if parts is None:
        return [tree]
    return [leaf for value in parts.values() for leaf in leaves_of(value)]


def names_of(tree: Any, name: str) -> list[str]:
    """How each leaf is written down in a tree of this name."""
    parts = parts_of(tree)
    if parts is None:
        return [name]
    named = ((value, f"{name}[{key!r}]") for key, value in parts.items())
    return [n for value, inner in named for n in names_of(value, inner)]


def numbered(trees: Iterable[Any], name: str) -> list[str]:
    """`names_of` for several that share a name and have a number."""
    return [n for i, tree in enumerate(trees) for n in names_of(tree, f"{name} {i}")]


def rebuilt(tree: Any, leaves: Iterable[Any]) -> Any:
    """The same nesting around other leaves."""
    left, parts = iter(leaves), parts_of(tree)
    if parts is None:
        return next(left)
    return _of_parts(tree, [rebuilt(value, left) for value in parts.values()])


def matched(tree: Any, given: Any, name: str) -> list[Any]:
    """The leaves of ``given`` in the places of those of ``tree``, in its order.

    A list of numbers may stand for a leaf. Raises ValueError, with ``name``, if the two
    are not nested alike.
    """
    parts, found = parts_of(tree), parts_of(given)
    if parts is None:
        return [given]
    if found is None or isinstance(tree, dict) != isinstance(given, dict):
        kind = "nothing" if tree is None else f"a {type(tree).__name__}"
        raise ValueError(f"{name}: expected {kind}, got {type(given).__name__}")
    if len(found) != len(parts):
        raise ValueError(f"{name}: expected {len(parts)}, got {len(found)}")
    if found.keys() != parts.keys():
        raise ValueError(f"{name}: expected the keys {[*parts]}, got {[*found]}")
    pairs = ((value, found[key], f"{name}[{key!r}]") for key, value in parts.items())
    return [leaf for pair in pairs for leaf in matched(*pair)]


def copied(tree: Any) -> Any:
    """The same with copies of NumPy arrays, and of the containers that hold them."""
    if isinstance(tree, np.ndarray):
        return tree.copy(order="K")
    if type(tree) in (dict, list, tuple) or hasattr(tree, "_fields"):
        parts = parts_of(tree) or {}
        return _of_parts(tree, [copied(value) for value in parts.values()])
    return tree
