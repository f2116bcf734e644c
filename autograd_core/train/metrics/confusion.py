"""Which labels are taken for which."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd_core.hooks import Array
from autograd_core.nn import check
from autograd_core.train.data.checks import check_labels
from autograd_core.train.data.forms import as_array
from autograd_core.train.metrics.labels import counted


def confusion_matrix(
    y: Any,
    predicted: Any,
    classes: int | None = None,
    *,
    ignore_index: int | None = None,
) -> Array:
    """Counts, int64 (classes, classes): row = true label, column = predicted one.

    ``y`` and ``predicted`` are whole numbers in 0 ... classes - 1, (rows,) or
    (rows, 1); ``classes`` is the largest + 1 unless given. Rows whose true label is
    ``ignore_index`` do not count. ValueError for others.
    """
    true, guess = _labels(y, "y"), _labels(predicted, "predicted")
    if len(true) != len(guess):
        raise ValueError(
            f"confusion_matrix: y has {len(true)} labels and predicted {len(guess)}"
        )
    guess, true = counted(guess, true, ignore_index, "confusion_matrix")
    if classes is None:
        classes = int(max(true.max(initial=-1), guess.max(initial=-1))) + 1
    classes = check.size("confusion_matrix: classes", classes)
    check_labels(true, classes, "confusion_matrix: y")
    check_labels(guess, classes, "confusion_matrix: predicted")
    pairs = true * classes + guess
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


class Confusion(NamedTuple):
    """How many ``times`` rows of one ``label`` were ``predicted`` to be of another."""

    label: int
    predicted: int
    times: int


def worst_confusions(matrix: Array, most: int = 5) -> list[Confusion]:
    """The most frequent confusions of a ``matrix``, the worst first.

    ``matrix`` is that of `confusion_matrix`. Returns a list of `Confusion`, at most
    ``most``, none of 0.

    >>> import numpy as np
    >>> from autograd_core import train
    >>> matrix = train.confusion_matrix(np.array([0, 1, 1, 1]), np.array([0, 1, 0, 0]))
    >>> train.worst_confusions(matrix)
    [Confusion(label=1, predicted=0, times=2)]
    """
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = (np.unravel_index(i, wrong.shape) for i in order)
    found = [Confusion(int(i), int(j), int(wrong[i, j])) for i, j in pairs]
    return [c for c in found if c.times]


def _labels(values: Any, name: str) -> Array:
    given = as_array(values, f"confusion_matrix: {name}")
    if given.ndim == 2 and given.shape[1] == 1:
        given = given[:, 0]
    if given.ndim != 1:
        raise ValueError(
            f"confusion_matrix: {name} must hold a label for each row, got shape "
            f"{given.shape}; of scores take .argmax(1)"
        )
    labels = given.astype(np.int64)
    if (labels != given).any():
        raise ValueError(f"confusion_matrix: {name} must hold whole numbers")
    return labels
