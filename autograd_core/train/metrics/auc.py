"""The area under the ROC curve."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train.metrics.labels import (
    counted,
    is_probabilities,
    require_finite,
    scores,
    truth,
)


def auc(output: Any, y: Any, *, ignore_index: int | None = None) -> float:
    """The area under the ROC curve: how often a row of a class outranks one of another.

    ``output``: logits (rows,) or (rows, 1) of two classes: of class 1 then. (rows,
    classes) of more: each class against the rest, by its probability (softmax of
    logits; rows that are probabilities stay), and the mean over the classes that ``y``
    has, which is scikit-learn's ``roc_auc_score(..., multi_class="ovr")``. Ties count
    one half; rows of ``ignore_index`` do not. Returns a float, NaN if all rows are of
    one class, where it has no meaning, as in scikit-learn. Hanley and McNeil, Radiology
    143 (1982), 29-36.

    >>> import numpy as np
    >>> from autograd_core import train
    >>> train.auc(np.array([-1.0, 0.5, 2.0, 1.0]), np.array([0, 1, 1, 0]))
    0.75
    """
    output, y = counted(output, y, ignore_index, "auc")
    score = scores(output, "auc")
    true = truth(score, y, "auc")
    if score.ndim == 1:
        return _binary(score, true == 1)
    if score.shape[1] == 2:
        return _binary(np.subtract(score[:, 1], score[:, 0], dtype="f8"), true == 1)
    require_finite(score, "auc")
    shares = softmax(score)
    found = [_binary(shares[:, c], true == c) for c in np.unique(true)]
    return float(np.mean(found))


def softmax(score: Array) -> Array:
    """Probabilities in float64 of logits; rows that are probabilities stay."""
    values = score.astype(np.float64)
    if is_probabilities(values):
        return values
    values = np.exp(values - values.max(1, keepdims=True))
    shares: Array = values / values.sum(1, keepdims=True)
    return shares


def _binary(score: Array, positive: Array) -> float:
    """By the sum of the ranks of the positive rows (Mann and Whitney's U)."""
    there = int(positive.sum())
    pairs = there * (len(score) - there)
    if not pairs:
        return float("nan")
    _, number, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # ties share the middle one
    total = ranks[number.reshape(-1)[positive]].sum()
    return float((total - there * (there + 1) / 2) / pairs)
