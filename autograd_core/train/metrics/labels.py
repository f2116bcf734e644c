"""What outputs and targets say: which class, by which score.

An output (rows,) or (rows, 1) is one logit a row: class 1 if it is above 0. An output
(rows, classes) holds a score for each class. Targets are labels (rows,) or (rows, 1),
or rows (rows, classes) of probabilities, one-hot ones among them. All else is refused:
a metric of what it cannot understand would be a number all the same.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.nn import check
from autograd_core.train.data.forms import as_array


def counted(
    output: Any, y: Any, ignore_index: int | None, name: str
) -> tuple[Array, Array]:
    """Both without the rows whose label is ``ignore_index``; as they are if it is None.

    Raises ValueError for targets that are no labels, and if no row is left.
    """
    output, y = as_array(output, f"{name}: output"), as_array(y, f"{name}: y")
    if ignore_index is None:
        return output, y
    ignored = check.integer(f"{name}: ignore_index", ignore_index)
    if y.shape not in ((len(y),), (len(y), 1)) or output.shape[:1] != y.shape[:1]:
        raise ValueError(
            f"{name}: ignore_index is for labels, one for each row of the output "
            f"{output.shape}; y has shape {y.shape}"
        )
    rows = y.reshape(len(y)) != ignored
    if not rows.any():
        raise ValueError(
            f"{name}: all {len(y)} rows have the label {ignored}, which is ignored"
        )
    return output[rows], y[rows]


def scores(output: Any, name: str) -> Array:
    """An output as (rows,), one logit each, or (rows, classes).

    Raises ValueError for other shapes, no rows and NaN.
    """
    output = as_array(output, f"{name}: output")
    if output.ndim not in (1, 2) or not output.size:
        raise ValueError(
            f"{name}: output must have shape (rows,), (rows, 1) or (rows, classes), "
            f"got {output.shape}"
        )
    most = output.max()
    if most != most:  # it is NaN if there is one
        row = int(np.argwhere(np.isnan(output))[0, 0])
        raise ValueError(f"{name}: output has NaN in row {row}")
    return output[:, 0] if output.ndim == 2 and output.shape[1] == 1 else output


def require_finite(score: Array, name: str) -> None:
    """Raise ValueError for infinite scores, of which there are no probabilities."""
    finite = np.isfinite(score).reshape(len(score), -1).all(1)
    if not finite.all():
        raise ValueError(f"{name}: output has infinity in row {finite.argmin()}")


def truth(score: Array, y: Any, name: str) -> Array:
    """The true class of each row, as integers; ``score`` as `scores` gives it.

    A target in [0, 1] of one logit is class 1 above 1/2; of a row of probabilities the
    class is the largest. Raises ValueError for targets that are no such thing.
    """
    y = as_array(y, f"{name}: y")
    rows = len(score)
    if y.shape == score.shape and score.ndim == 2:
        return _largest(y, name)
    if y.shape not in ((rows,), (rows, 1)):
        raise ValueError(
            f"{name}: y must hold a label for each of the {rows} rows, shape ({rows},)"
            f"{f', or have shape {score.shape}' * (score.ndim == 2)}, got {y.shape}"
        )
    y = y.reshape(rows)
    if score.ndim == 1:
        if not (y.min() >= 0 and y.max() <= 1):
            raise ValueError(
                f"{name}: targets of one logit must lie between 0 and 1, got "
                f"{_first(y, (y >= 0) & (y <= 1))}{_remedy(y)}"
                "; outputs of several classes have a column for each"
            )
        return (y > 0.5).astype(np.int64)
    return _labels(y, score.shape[1], name)


def classes(
    output: Any,
    y: Any,
    name: str,
    threshold: float | None = None,
    ignore_index: int | None = None,
) -> tuple[Array, Array, int]:
    """(predicted, true, number of classes): a class for each row, as integers.

    The predicted class is the first with the largest score, or whether the one logit is
    above ``threshold``, 0 unless given. Rows of ``ignore_index`` are left out.
    """
    output, y = counted(output, y, ignore_index, name)
    score = scores(output, name)
    true = truth(score, y, name)
    if threshold is not None:
        threshold = check.number(f"{name}: threshold", threshold)
    if score.ndim == 1:
        if threshold is None:
            _ask_if_shares(score, name)
        return (score > (threshold or 0)).astype(np.int64), true, 2
    if threshold is not None:
        raise ValueError(
            f"{name}: threshold is for one logit a row, the output has "
            f"{score.shape[1]} classes, of which the largest is taken"
        )
    return score.argmax(1), true, score.shape[1]


def is_probabilities(score: Array) -> bool:
    """Whether rows (rows, classes) are none below 0 and have the sum 1."""
    return bool(score.min() >= 0 and np.abs(score.sum(1) - 1).max() < 1e-3)


def _ask_if_shares(score: Array, name: str) -> None:
    """A UserWarning if logits look like probabilities, whose class would be another."""
    if score.min() < 0 or score.max() > 1:
        return
    if ((score > 0) & (score <= 0.5)).any() and (score > 0.5).any():
        warnings.warn(
            f"{name}: all outputs lie in [0, 1], as after a sigmoid, and are taken for "
            "logits: class 1 above 0. For probabilities give threshold=0.5, as in "
            f"functools.partial(train.{name}, threshold=0.5); for logits threshold=0",
            stacklevel=4,
        )


def _labels(y: Array, count: int, name: str) -> Array:
    whole = y.dtype.kind != "f" or (np.floor(y) == y).all()
    if not (whole and y.min() >= 0 and y.max() < count):
        known = (y >= 0) & (y < count) & (np.floor(y) == y)
        raise ValueError(
            f"{name}: labels must be whole numbers in 0 ... {count - 1}, as the output "
            f"has {count} classes; got {_first(y, known)}{_remedy(y)}"
        )
    return y.astype(np.int64, copy=False)


def _remedy(y: Array) -> str:
    """What a label below 0 is most likely meant to be."""
    low = y.min()
    if not (low < 0 and low == np.floor(low)):
        return ""
    if np.isin(y, (-1, 1)).all():
        return ". Labels of -1 and 1: (y > 0).astype(int)"
    return (
        f". If rows of {int(low)} are not to count: "
        f"functools.partial(train.accuracy, ignore_index={int(low)})"
    )


def _largest(y: Array, name: str) -> Array:
    if not is_probabilities(y):
        raise ValueError(
            f"{name}: rows of y must be one-hot or probabilities (none below 0, sum "
            "1); for several labels a row, compare (output > 0) == y"
        )
    return y.argmax(1)


def _first(y: Array, good: Array) -> str:
    """The first offender, in words."""
    row = int(np.argmin(good))
    return f"{y[row]} in row {row}"
