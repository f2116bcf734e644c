"""Named arrays in a safetensors file: no code can be in one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train import files

DTYPES = {
    "BOOL": "?", "F16": "<f2", "F32": "<f4", "F64": "<f8",
    "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8",
    "U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8",
}  # fmt: skip
KINDS = {  # how files begin that are taken for checkpoints
    b"PK": "a zip file, as torch.save and np.savez write it",
    b"\x89HDF": "an HDF5 file, as Keras writes it",
    b"\x80\x02": "a pickle, which is never opened here",
    b"\x80\x03": "a pickle, which is never opened here",
    b"\x80\x04": "a pickle, which is never opened here",
    b"\x80\x05": "a pickle, which is never opened here",
    b"version https://git-lfs": "a pointer of Git LFS; git lfs pull fetches the file",
}
HEADER = 100_000_000  # bytes, as much as safetensors reads


class CheckpointError(OSError):
    """A file of weights or of a run that could not be written, read or used."""


class Contents(NamedTuple):
    """What a file holds."""

    arrays: dict[str, Array]
    metadata: dict[str, str]


def write(
    path: str | os.PathLike[str],
    arrays: Mapping[str, Array],
    metadata: Mapping[str, str],
    keep: bool = False,
    rehearse: bool = False,
) -> None:
    """Write atomically, see `files.replace`; or `files.rehearse` only.

    Raises CheckpointError if that fails, ValueError for what could not be read again.
    """
    safetensors()
    from safetensors.numpy import save

    data = save(dict(arrays), dict(metadata))
    if (size := len(_header(data))) > HEADER:
        raise ValueError(
            f"{os.fspath(path)}: {size:,} bytes of names and plain values, and a file "
            f"holds {HEADER:,}; keep long lists of numbers as arrays"
        )
    try:
        if rehearse:
            files.rehearse(Path(path), data)
        else:
            files.replace(Path(path), data, keep)
    except OSError as error:
        raise CheckpointError(
            f"{os.fspath(path)}: the file ({len(data):,} bytes) could not be written: "
            f"{error.strerror or error}. What was there before is unchanged."
        ) from error


def read(path: str | os.PathLike[str]) -> Contents:
    """All of a file; bfloat16, which NumPy does not have, becomes float32, exactly.

    Raises FileNotFoundError, or CheckpointError that says what is wrong: cut off,
    damaged, another kind of file, numbers of a kind that NumPy does not have.
    """
    deserialize = safetensors().deserialize
    data = _bytes(Path(path))
    try:
        found = deserialize(data)
        metadata = json.loads(_header(data)).get("__metadata__", {})
    except Exception as error:  # safetensors raises whatever its parser does
        raise CheckpointError(f"{os.fspath(path)}: {_wrong(data, error)}") from error
    arrays = {}
    for name, entry in found:
        try:
            arrays[name] = _array(entry["dtype"], entry["shape"], entry["data"])
        except ValueError as error:
            raise CheckpointError(f"{os.fspath(path)}: {name!r}: {error}") from error
    return Contents(arrays, metadata)


def safetensors() -> Any:
    """The package; ImportError that says how to get it."""
    try:
        import safetensors
    except ImportError as error:
        raise ImportError(
            "checkpoints need safetensors: pip install 'autograd-core[safetensors]'"
        ) from error
    return safetensors


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}") from error


def _header(data: bytes) -> bytes:
    """JSON: of each array its dtype, shape and place; it comes after its own size."""
    return data[8 : 8 + int.from_bytes(data[:8], "little")]


def _array(dtype: str, shape: list[int], data: bytes) -> Array:
    if dtype == "BF16":  # the upper half of a float32
        upper = np.frombuffer(data, "<u2").astype("<u4")
        return (upper << 16).view("<f4").reshape(shape)
    if dtype not in DTYPES:
        raise ValueError(
            f"NumPy has no numbers of kind {dtype}; save the file as float32"
        )
    array = np.frombuffer(data, DTYPES[dtype]).reshape(shape)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _wrong(data: bytes, error: Exception) -> str:
    """What is wrong with a file that could not be parsed."""
    if not data:
        return "the file is empty (truncated)"
    for start, kind in KINDS.items():
        if data.startswith(start) and data[8:9] != b"{":
            return f"not a safetensors file but {kind}"
    try:
        entries = json.loads(_header(data))
        entries.pop("__metadata__", None)
        ends = (entry["data_offsets"][1] for entry in entries.values())
        expected = 8 + len(_header(data)) + max(ends, default=0)
        if len(data) < expected:
            return f"truncated: {len(data):,} bytes of {expected:,} are there"
        if len(data) > expected:
            return f"damaged: {len(data) - expected:,} bytes too many"
    except Exception:  # what is in there may be anything
        return f"truncated, damaged or not a safetensors file: {error}"
    return f"damaged: {error}"
