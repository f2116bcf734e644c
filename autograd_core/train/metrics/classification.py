"""Metrics of classes: how often, and for which classes, a model is right.

Each is a function (output, y) -> float. Outputs are logits (or other scores), one or
one for each class; targets labels, one-hot rows or probabilities (`metrics.labels`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.nn import check
from autograd_core.train.metrics.labels import classes, counted, scores, truth

AVERAGES = ("binary", "macro", "micro", "weighted")


def accuracy(
    output: Any,
    y: Any,
    *,
    threshold: float | None = None,
    ignore_index: int | None = None,
) -> float:
    """The fraction of rows whose predicted class is the true one.

    ``output``: one logit, (rows,) or (rows, 1), says class 1 above ``threshold``: 0
    unless given, 0.5 for a model that ends in a sigmoid (a UserWarning asks where the
    outputs look like that); scores (rows, classes) the class of the largest. ``y``:
    labels (rows,) or (rows, 1), or probabilities (rows, classes). Rows whose label is
    ``ignore_index`` do not count, as in the loss. Returns a float; raises ValueError
    for shapes and targets that are none of a classification, and if no row counts.

    >>> import numpy as np
    >>> from autograd_core import train
    >>> train.accuracy(np.array([[-5.0], [5.0]]), np.array([[0], [0]]))
    0.5
    """
    predicted, true, _ = classes(output, y, "accuracy", threshold, ignore_index)
    return float(np.count_nonzero(predicted == true) / len(true))


def top_k(k: int, *, ignore_index: int | None = None) -> Callable[[Any, Any], float]:
    """A metric: the fraction of rows whose true class is among the ``k`` largest.

    Of equal scores that of the higher class counts as larger, as in
    `sklearn.metrics.top_k_accuracy_score`. Rows of ``ignore_index`` do not count.
    Raises ValueError for more than there are classes.
    """
    k = check.size("top_k: k", k)
    name = f"top_{k}"

    def metric(output: Any, y: Any) -> float:
        output, y = counted(output, y, ignore_index, name)
        score = scores(output, name)
        if score.ndim == 1:
            score = np.stack([np.zeros_like(score), score], 1)
            true = truth(score[:, 1], y, name)
        else:
            true = truth(score, y, name)
        if k > score.shape[1]:
            raise ValueError(f"{name}: the output has {score.shape[1]} classes only")
        own = np.take_along_axis(score, true[:, None], 1)
        later = np.arange(score.shape[1]) > true[:, None]
        before = (score > own) | ((score == own) & later)
        return float((before.sum(1) < k).mean())

    metric.__name__ = metric.__qualname__ = name
    metric.__doc__ = f"The fraction of rows whose class is among the {k} largest."
    return metric


def precision(
    output: Any,
    y: Any,
    *,
    average: str | None = None,
    threshold: float | None = None,
    ignore_index: int | None = None,
) -> float:
    """Of the rows that are taken for a class, the fraction that is of it.

    ``output``, ``y``, ``threshold``, ``ignore_index``, what is raised: see `accuracy`.
    ``average``: "binary", of class 1; "macro", the mean over the classes that occur in
    ``y`` or are predicted; "weighted", the mean over the classes with their numbers of
    rows; "micro", over all rows together. Unless given it is "binary" for two classes
    and "macro" for more. 0 where nothing is predicted, as scikit-learn's. For `fit` use
    ``functools.partial(train.precision, average="weighted")``.
    """
    hits, predicted, _, pick = _counts(
        output, y, average, (threshold, ignore_index), "precision"
    )
    return pick(hits, predicted)


def recall(
    output: Any,
    y: Any,
    *,
    average: str | None = None,
    threshold: float | None = None,
    ignore_index: int | None = None,
) -> float:
    """Of the rows of a class, the fraction that is found.

    ``output``, ``y``, ``average``, ``threshold``, ``ignore_index`` and what is raised:
    see `precision`. 0 for class 1 where no row is of it.
    """
    hits, _, actual, pick = _counts(
        output, y, average, (threshold, ignore_index), "recall"
    )
    return pick(hits, actual)


def f1(
    output: Any,
    y: Any,
    *,
    average: str | None = None,
    threshold: float | None = None,
    ignore_index: int | None = None,
) -> float:
    """The harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN).

    ``output``, ``y``, ``threshold``, ``ignore_index`` and what is raised: see
    `accuracy`. ``average``: see `precision`; it is taken of each class's F1. 0 for
    class 1 where it is neither there nor predicted. van Rijsbergen, "Information
    retrieval", 1979, chapter 7.

    >>> import numpy as np
    >>> from autograd_core import train
    >>> round(train.f1(np.array([2.0, -1.0, 3.0]), np.array([1, 1, 0])), 3)
    0.5
    """
    hits, predicted, actual, pick = _counts(
        output, y, average, (threshold, ignore_index), "f1"
    )
    return pick(2 * hits, predicted + actual)


Counts = tuple[Array, Array, Array, Callable[[Array, Array], float]]


def _counts(
    output: Any,
    y: Any,
    average: str | None,
    taken: tuple[float | None, int | None],
    name: str,
) -> Counts:
    """By class: rows that are right, predicted, true; and how ratios are averaged."""
    predicted, true, count = classes(output, y, name, *taken)
    kind = average or ("binary" if count == 2 else "macro")
    check.choice(f"{name}: average", kind, AVERAGES)
    if kind == "binary" and count > 2:
        raise ValueError(
            f"{name}: average='binary' is for two classes, the output has {count}; "
            "choose 'macro', 'micro' or 'weighted'"
        )
    hits, guesses, actual = (
        np.bincount(of, minlength=count)
        for of in (true[true == predicted], predicted, true)
    )

    def pick(part: Array, whole: Array) -> float:
        if kind == "micro":
            return float(part.sum() / whole.sum())
        ratio = part / np.maximum(whole, 1)
        if kind == "binary":
            return float(ratio[1])
        weights = actual if kind == "weighted" else (actual + guesses > 0)
        return float(np.average(ratio, weights=weights))

    return hits, guesses, actual, pick
