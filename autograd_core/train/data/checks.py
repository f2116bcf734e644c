"""What data is refused, before anything is trained on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train.data.forms import (
    Data,
    as_array,
    as_data,
    chunks,
    is_sparse,
)


def unpack(data: Any, what: str = "data") -> tuple[Data, Array, Array | None]:
    """(x, y, sample weights or None), checked, of (x, y) or (x, y, sample_weight).

    Raises TypeError for what is no such tuple, and what `check_data` raises.
    """
    if not isinstance(data, tuple | list) or len(data) not in (2, 3):
        raise TypeError(
            f"{what} must be (x, y) or (x, y, sample_weight), got {_described(data)}"
        )
    if all(isinstance(part, tuple | list) and _is_pair(part) for part in data):
        raise TypeError(
            f"{what} must be (x, y), each with all rows, got {_described(data)}; "
            "x, y = map(np.concatenate, zip(*pairs)) joins batches"
        )
    x, y = check_data(data[0], data[1], what)
    weight = data[2] if len(data) == 3 else None
    if weight is None:
        return x, y, None
    return x, y, check_weights(weight, len(y), what)


def check_data(x: Any, y: Any, what: str = "data") -> tuple[Data, Array]:
    """``x`` and ``y`` as arrays with one row each per example; ``x`` may be sparse.

    They may come as arrays, lists, frames or tensors, see `as_data`. Files that are
    mapped into memory are read in parts. Raises TypeError for what is not numbers and
    ValueError, naming the first offender, for no rows, different numbers of rows, NaN
    and infinities.
    """
    data = as_data(x, f"{what}: x"), as_array(y, f"{what}: y")
    for name, values in zip("xy", data, strict=True):
        if not values.ndim or not values.shape[0]:
            raise ValueError(f"{what}: {name} has no rows, its shape is {values.shape}")
        if 0 in values.shape:
            raise ValueError(
                f"{what}: {name} has no columns, its shape is {values.shape}"
            )
        require_finite(values, name, what)
    rows = data[0].shape[0], len(data[1])
    if rows[0] != rows[1]:
        raise ValueError(f"{what}: x has {rows[0]} rows and y has {rows[1]}")
    return data


def check_weights(weights: Any, rows: int, what: str = "data") -> Array:
    """One weight a row, as an array (rows,).

    Raises ValueError for another number of them, negative or infinite ones, or no
    weight above 0.
    """
    array = as_array(weights, f"{what}: sample_weight")
    if array.shape not in ((rows,), (rows, 1)):
        raise ValueError(
            f"{what}: sample_weight must have shape ({rows},), a number for each row, "
            f"got {array.shape}"
        )
    array = array.reshape(rows)
    require_finite(array, "sample_weight", what)
    if (array < 0).any():
        row = int(np.argmax(array < 0))
        raise ValueError(
            f"{what}: sample_weight cannot be negative, got {array[row]} in row {row}"
        )
    if not array.any():
        raise ValueError(f"{what}: sample_weight is 0 in all rows")
    return array


def check_labels(y: Any, classes: int, what: str = "data") -> None:
    """Raise ValueError unless all integer labels lie in 0 ... classes - 1.

    ``y``: labels; what is not of integers passes. ``what`` is how the message calls
    them.
    """
    y = as_array(y, f"{what}: y").reshape(-1)
    if not y.size or (y.min() >= 0 and y.max() < classes):
        return
    wrong = np.flatnonzero((y < 0) | (y >= classes))
    raise ValueError(
        f"{what}: labels must lie in 0 ... {classes - 1}, as there are {classes} "
        f"classes; got {y[wrong[0]]} in row {wrong[0]} ({len(wrong)} such rows). "
        "np.unique(y, return_inverse=True)[1] numbers labels from 0"
    )


def require_finite(values: Data, name: str, what: str) -> None:
    """Raise ValueError, with the first place, for NaN and infinities."""
    if values.dtype.kind != "f":
        return
    stored = values.data if is_sparse(values) else values
    bad, first = 0, None
    for rows in chunks(stored):
        finite = np.isfinite(stored[rows])
        if finite.all():
            continue
        if first is None:
            place = np.argwhere(~finite)[0]
            first = (rows.start + int(place[0]), *map(int, place[1:]))
        bad += int(finite.size - np.count_nonzero(finite))
    if first is None:
        return
    value = stored[first]
    if is_sparse(values):
        row = int(np.searchsorted(values.indptr, first[0], "right")) - 1
        first = row, int(values.indices[first[0]])
    raise ValueError(
        f"{what}: {name} has {bad} NaN or infinite values, the first is {value} at "
        f"{name}[{', '.join(map(str, first))}]"
    )


def _is_pair(data: Any) -> bool:
    """Whether it looks like rows of x and of y."""
    return len(data) in (2, 3) and hasattr(data[0], "shape") and data[0].ndim > 0


def _described(data: Any) -> str:
    if isinstance(data, tuple | list):
        pairs = data and isinstance(data[0], tuple | list) and _is_pair(data[0])
        return f"a {type(data).__name__} of {len(data)}{' pairs' * bool(pairs)}"
    if hasattr(data, "shape"):
        return f"{type(data).__name__} of shape {tuple(data.shape)}"
    return type(data).__name__
