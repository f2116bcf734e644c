"""Checkpoints: trees of arrays and plain values in one safetensors file, no pickle.

The arrays lie in the file under their path in the tree ("model.0.weight"), readable by
any safetensors tool; all else is JSON in its metadata, with a checksum over everything.
"""

from __future__ import annotations

import os
import warnings
import zlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from autograd_core.hooks import Array
from autograd_core.train import files, tensorfile
from autograd_core.train.tensorfile import CheckpointError as CheckpointError
from autograd_core.train.tree import pack, unpack

NAME, NUMBER = "autograd_core", 1  # of the format
FORMAT = f"{NAME} {NUMBER}"


def save(
    path: str | os.PathLike[str], tree: Mapping[str, Any], *, keep: bool = False
) -> None:
    """Write nested dicts and lists of arrays, numbers, strings and None, atomically.

    ``path`` is replaced only once all of it is on the disk: a crash, a full disk or a
    pulled plug leaves the old file. With ``keep`` the old file stays beside the new one
    as ``path`` + ".previous". Raises CheckpointError if it cannot be written, TypeError
    or ValueError for anything else in the tree.
    """
    tensorfile.write(path, *_contents(tree), keep)


def rehearse(path: str | os.PathLike[str], tree: Mapping[str, Any]) -> None:
    """Raise what `save` would; in the end nothing is written."""
    tensorfile.write(path, *_contents(tree), rehearse=True)


def _contents(tree: Mapping[str, Any]) -> tensorfile.Contents:
    """Arrays, and the rest of a tree as metadata."""
    if not isinstance(tree, Mapping):
        raise TypeError(
            "save: expected a dict of what is to be kept as the second of (path, state)"
            f", got {type(tree).__name__}"
        )
    plain, arrays = pack(tree)
    metadata = {
        "format": FORMAT,
        "version": library_version(),
        "tree": plain,
        "crc32": checksum(plain, arrays),
    }
    return tensorfile.Contents(arrays, metadata)


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What `save` wrote at ``path``; tuples come back as lists.

    Returns a dict. Raises FileNotFoundError, or CheckpointError for a file that is
    truncated, damaged, of a newer format or something else.
    """
    arrays, metadata = tensorfile.read(path)
    where = os.fspath(path)
    _check_format(where, metadata)
    plain = metadata.get("tree", "")
    try:
        if metadata.get("crc32") != checksum(plain, arrays):
            raise ValueError("its checksum is wrong")
        return unpack(plain, arrays)
    except ValueError as error:
        raise CheckpointError(f"{where}: damaged: {error}") from error


def load_newest(path: str | os.PathLike[str]) -> dict[str, Any]:
    """`load`; if that file is not whole, the one saved before it, with a warning."""
    try:
        return load(path)
    except (CheckpointError, FileNotFoundError) as error:
        before = files.previous(Path(path))
        try:
            tree = load(before)
        except (CheckpointError, FileNotFoundError):
            raise error from None
        warnings.warn(f"{error}; {before}, saved before it, is used", stacklevel=2)
        return tree


def checksum(plain: str, arrays: Mapping[str, Array]) -> str:
    """CRC-32 over the JSON and, in order of name, each array and what it is."""
    check = zlib.crc32(plain.encode())
    for name in sorted(arrays):
        array = arrays[name]
        check = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), check)
        check = zlib.crc32(array.tobytes(), check)
    return f"{check:08x}"


def library_version() -> str:
    """Of the installed package."""
    try:
        return version("autograd-core")
    except PackageNotFoundError:  # a bare checkout
        return "unknown"


def _check_format(where: str, metadata: Mapping[str, str]) -> None:
    kind = metadata.get("format", "")
    if kind == FORMAT:
        return
    name, _, number = kind.partition(" ")
    if name != NAME:
        raise CheckpointError(
            f"{where}: a safetensors file, but not a checkpoint of {NAME}; "
            "train.load_weights(model, path) reads a model's weights, as PyTorch's "
            "state_dict has them"
        )
    raise CheckpointError(
        f"{where}: has the format {number!r} and was written by version "
        f"{metadata.get('version', 'unknown')} of autograd-core; version "
        f"{library_version()} reads {NUMBER}: update it"
    )
