"""Trees of arrays and plain values as JSON beside named arrays.

In the JSON a dict is {"dict": [[key, value], ...]}, which keeps integer keys, and an
array is {"array": its name}, which is its path in the tree ("model.0.weight").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd_core.hooks import Array

DEPTH = 50  # of containers in containers
RESERVED = "__metadata__"  # what the file needs for itself


def pack(tree: Mapping[str, Any]) -> tuple[str, dict[str, Array]]:
    """JSON and arrays; TypeError or ValueError names what cannot be kept, and where."""
    arrays: dict[str, Array] = {}
    return json.dumps(_pack(tree, "", arrays, DEPTH)), arrays


def unpack(plain: str, arrays: Mapping[str, Array]) -> dict[str, Any]:
    """What `pack` was given; tuples come back as lists.

    Raises ValueError for all that `pack` does not make: each array is in the tree
    once, under its own name.
    """
    try:
        value = json.loads(plain, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("the tree is nested too deeply") from None
    rest = dict(arrays)
    tree = _unpack(value, "", rest, DEPTH)
    if not isinstance(tree, dict):
        raise ValueError(f"the tree must be a dict, got {type(tree).__name__}")
    if rest:
        raise ValueError(f"arrays that are not in the tree: {sorted(rest)[:3]}")
    return tree


def _pack(value: Any, path: str, arrays: dict[str, Array], depth: int) -> Any:
    if depth < 0:
        raise ValueError(f"checkpoint: {path[:40]}... is nested deeper than {DEPTH}")
    if isinstance(value, Mapping):
        items = []
        for key, item in value.items():
            key = key.item() if isinstance(key, np.generic) else key
            if not _is_key(key):
                raise TypeError(
                    f"checkpoint: keys are strings or whole numbers, got {key!r}"
                    f"{' in ' + path if path else ''}"
                )
            items.append([key, _pack(item, _join(path, key), arrays, depth - 1)])
        return {"dict": items}
    if isinstance(value, list | tuple):
        return [
            _pack(item, _join(path, i), arrays, depth - 1)
            for i, item in enumerate(value)
        ]
    if isinstance(value, np.ndarray) and _is_kept(value):
        if path == RESERVED:
            raise ValueError(f"checkpoint: an array cannot be called {path!r}")
        if path in arrays:
            raise ValueError(f"checkpoint: two arrays have the path {path!r}")
        arrays[path] = np.array(value, value.dtype.newbyteorder("="), order="C")
        return {"array": path}
    if isinstance(value, np.generic):
        value = value.item()
    if value is not None and not isinstance(value, bool | int | float | str):
        what = f" of {value.dtype}" if isinstance(value, np.ndarray) else ""
        raise TypeError(
            f"checkpoint: {path} is of type {type(value).__name__}{what}; a checkpoint "
            "holds arrays of numbers, numbers, strings, None, and dicts and lists of "
            "them"
        )
    return value


def _is_kept(array: Array) -> bool:
    """Numbers as the file has them: no complex and long ones, no text, no mask."""
    numbers = array.dtype.kind in "fiub" and array.dtype.itemsize <= 8
    return numbers and not isinstance(array, np.ma.MaskedArray)


def _is_key(key: Any) -> bool:
    return isinstance(key, str | int) and not isinstance(key, bool)


def _join(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name appears twice in the tree")
    return found


def _unpack(value: Any, path: str, rest: dict[str, Array], depth: int) -> Any:
    if depth < 0:
        raise ValueError(f"the tree is nested deeper than {DEPTH}")
    if isinstance(value, list):
        return [
            _unpack(item, _join(path, i), rest, depth - 1)
            for i, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    if value == {"array": path}:
        if path not in rest:
            raise ValueError(f"the array {path!r} is missing")
        return rest.pop(path)
    if value.keys() != {"dict"} or not isinstance(value["dict"], list):
        raise ValueError(f"{path!r} is neither a value nor a dict nor its own array")
    tree: dict[Any, Any] = {}
    for item in value["dict"]:
        if not isinstance(item, list) or len(item) != 2 or not _is_key(item[0]):
            raise ValueError(f"{path!r} is not a dict of keys and values")
        key, inner = item
        if key in tree:
            raise ValueError(f"the key {key!r} appears twice in {path!r}")
        tree[key] = _unpack(inner, _join(path, key), rest, depth - 1)
    return tree
