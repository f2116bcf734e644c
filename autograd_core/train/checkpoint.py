"""Checkpoints: trees of arrays and plain values in one safetensors file, no pickle.

The arrays lie in the file under their path in the tree ("model.0.weight"), readable by
any safetensors tool; all else is JSON in its metadata, with a checksum over everything.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train import files

FORMAT = "autograd_core 1"


class CheckpointError(OSError):
    """A checkpoint that could not be written, or is not whole."""


def save(path: str | os.PathLike[str], tree: Mapping[str, Any]) -> None:
    """Write nested dicts and lists of arrays, numbers, strings and None, atomically.

    ``path`` is replaced only once all of it is on the disk: a crash, a full disk or a
    pulled plug leaves the old file. Raises CheckpointError if it cannot be written,
    TypeError for anything else in the tree.
    """
    tensors: dict[str, Array] = {}
    plain = json.dumps(_pack(tree, "", tensors))
    check = f"{checksum(plain, tensors):08x}"
    metadata = {"format": FORMAT, "tree": plain, "crc32": check}
    data = _safetensors().save(tensors, metadata)
    try:
        files.replace(Path(path), data)
    except OSError as error:
        raise CheckpointError(
            f"{path}: the checkpoint ({len(data):,} bytes) could not be written: "
            f"{error.strerror}. What was there before is unchanged."
        ) from error


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What `save` wrote; tuples come back as lists.

    Raises FileNotFoundError, or CheckpointError for a file that is truncated, damaged
    or something else.
    """
    path = Path(path)
    safetensors = _safetensors()
    data = _bytes(path)
    try:
        tensors = safetensors.load(data)
        size = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + size])["__metadata__"]
        kind, plain, check = (metadata[k] for k in ("format", "tree", "crc32"))
        whole = kind == FORMAT and int(check, 16) == checksum(plain, tensors)
    except Exception as error:  # safetensors raises whatever its parser does
        raise CheckpointError(
            f"{path}: not a whole checkpoint (truncated, damaged or another kind of "
            f"file): {error!r}"
        ) from error
    if not whole:
        raise CheckpointError(
            f"{path}: the checkpoint is damaged, or another version wrote it: its "
            f"checksum or format ({kind!r}, expected {FORMAT!r}) is wrong"
        )
    tree: dict[str, Any] = _unpack(json.loads(plain), tensors)
    return tree


def checksum(plain: str, tensors: Mapping[str, Array]) -> int:
    """CRC-32 over the JSON and, in order of name, each array and what it is."""
    check = zlib.crc32(plain.encode())
    for name in sorted(tensors):
        array = tensors[name]
        check = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), check)
        check = zlib.crc32(array.tobytes(), check)
    return check


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "checkpoints need safetensors: pip install 'autograd-core[safetensors]'"
        ) from error
    return safetensors.numpy


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}") from error


# The tree as JSON: a dict is {"dict": [[key, value], ...]}, which keeps integer keys,
# and an array is {"array": its name}.


def _pack(value: Any, path: str, tensors: dict[str, Array]) -> Any:
    if isinstance(value, Mapping):
        items = [
            [key, _pack(item, f"{path}.{key}" if path else str(key), tensors)]
            for key, item in value.items()
        ]
        return {"dict": items}
    if isinstance(value, list | tuple):
        return [_pack(v, f"{path}.{i}", tensors) for i, v in enumerate(value)]
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        if path in tensors:
            raise ValueError(f"checkpoint: two arrays have the path {path!r}")
        tensors[path] = np.array(value, value.dtype.newbyteorder("="), order="C")
        return {"array": path}
    if isinstance(value, np.generic):
        value = value.item()
    if value is not None and not isinstance(value, bool | int | float | str):
        raise TypeError(
            f"checkpoint: {path} is of type {type(value).__name__}; a checkpoint holds "
            "arrays of numbers, numbers, strings, None, and dicts and lists of them"
        )
    return value


def _unpack(value: Any, tensors: Mapping[str, Array]) -> Any:
    if isinstance(value, list):
        return [_unpack(v, tensors) for v in value]
    if isinstance(value, dict):
        if "array" in value:
            return tensors[value["array"]]
        return {key: _unpack(item, tensors) for key, item in value["dict"]}
    return value
