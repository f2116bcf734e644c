"""Rows to hold out, and weights that make up for rare classes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_core.foreign.keywords import answers
from autograd_core.hooks import Array
from autograd_core.nn import check
from autograd_core.train.data.forms import as_array


@answers
def split(
    y: Any, *fractions: float, seed: int = 0, stratify: bool = True
) -> tuple[Array, ...]:
    """Row numbers of (the rest, a random part of each fraction to hold out), sorted.

    ``y`` (rows,) holds labels, numbers or text; (rows, columns) one-hot rows.
    With ``stratify`` every class gives each part its share, to within one row, or two
    where there are many small classes; which part has a class of one row is left to
    chance, as all is that ``seed`` draws. Returns int64 arrays, one more than
    ``fractions``; raises ValueError for fractions that leave a part empty.

    >>> import numpy as np
    >>> from autograd_core import train
    >>> rest, dev, test = train.split(np.arange(100) % 5, 0.2, 0.2)
    >>> len(rest), len(dev), len(test)
    (60, 20, 20)
    """
    labels = _labels(y)
    counts = _counts(fractions, len(labels))
    rng = np.random.default_rng(seed)
    place = np.empty(len(labels))  # in the class, from 0 to 1
    for rows in _groups(labels) if stratify else [np.arange(len(labels))]:
        place[rng.permutation(rows)] = (np.arange(len(rows)) + 0.5) / len(rows)
    order = np.lexsort((rng.random(len(labels)), place))  # classes tie in random order
    *held, rest = np.split(order, np.cumsum(counts))
    return tuple(map(np.sort, (rest, *held)))


def class_weights(y: Any, classes: int | None = None) -> Array:
    """rows / (classes that ``y`` has * rows of the class): rare classes weigh more.

    float64 (classes,) by label: `sklearn.utils.class_weight`'s "balanced", for the
    ``weight=`` of a loss; of two classes, ``w[1] / w[0]`` is BCE's ``pos_weight``. A
    class that ``y`` lacks weighs 1. ``y`` holds whole numbers from 0; ``classes`` is
    the largest + 1 unless given. Raises ValueError for others.

    >>> import numpy as np
    >>> from autograd_core import train
    >>> train.class_weights(np.array([0, 0, 0, 1]))
    array([0.66666667, 2.        ])
    """
    labels = as_array(y, "class_weights: y")
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or not labels.size:
        raise ValueError(
            f"class_weights: y must hold a label for each row, its shape is "
            f"{labels.shape}; of one-hot rows take y.argmax(1)"
        )
    whole = labels.astype(np.int64)
    if (whole != labels).any() or whole.min() < 0:
        raise ValueError(
            "class_weights: labels must be whole numbers from 0; "
            "np.unique(y, return_inverse=True)[1] makes them"
        )
    counts = np.bincount(whole)
    if classes is not None:
        if check.size("class_weights: classes", classes) < len(counts):
            raise ValueError(
                f"class_weights: label {len(counts) - 1} is none of {classes} classes"
            )
        counts = np.bincount(whole, minlength=classes)
    balanced = len(whole) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return np.where(counts > 0, balanced, 1.0)


def _labels(y: Any) -> Array:
    """One label a row; one-hot rows are numbered."""
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2:
        labels = np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1)
    if labels.ndim != 1 or not labels.size:
        raise ValueError(
            f"split: y must hold a label for each row, its shape is {labels.shape}"
        )
    return labels


def _counts(fractions: tuple[float, ...], rows: int) -> list[int]:
    """How many rows each part has."""
    if not fractions:
        raise TypeError("split: at least one fraction is needed, as in split(y, 0.2)")
    if any(map(np.ndim, fractions)):
        raise TypeError(
            "split: one array, then fractions; it gives the rows of each part: rest, "
            "held = split(y, 0.2), then x[rest], y[rest] and x[held], y[held]"
        )
    parts = [check.number("split: a fraction", fraction) for fraction in fractions]
    counts = [round(part * rows) for part in parts]
    if min(counts) <= 0 or sum(counts) >= rows or not math.fsum(parts) < 1:
        given = " and ".join(f"{fraction}" for fraction in fractions)
        raise ValueError(
            f"split: a part of {given} of {rows} rows leaves one side empty; fractions "
            "lie between 0 and 1 (and seed= is given by name)"
        )
    return counts


def _groups(labels: Array) -> list[Array]:
    """The rows of each label, in order."""
    number = np.unique(labels, return_inverse=True)[1].reshape(-1)
    order = np.argsort(number, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(number[order])) + 1)
