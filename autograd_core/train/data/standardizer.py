"""Inputs of mean 0 and deviation 1."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from autograd_core.foreign.keywords import answers
from autograd_core.hooks import Array
from autograd_core.train.data.checks import require_finite
from autograd_core.train.data.forms import as_array, chunks


class Standardizer:
    """``(x - mean) / scale`` with mean and standard deviation of the training rows.

    Per column, or one of each for all (``per_column=False``, for images whose border is
    nearly constant). What is constant is only centred. Floats keep their dtype,
    integers become float32; the statistics are float64. ``Standardizer()`` has none
    until `fit` or `load_state_dict`.

    Raises ValueError for NaN, infinities, no rows and other columns than those of the
    training rows; TypeError for sparse matrices, whose zeros would not stay zeros.

    >>> import numpy as np
    >>> from autograd_core.train import Standardizer
    >>> standardizer = Standardizer(np.array([[1.0, 5.0], [3.0, 5.0]]))
    >>> standardizer(np.array([[5.0, 6.0]]))
    array([[3., 1.]])
    >>> standardizer.inverse(np.array([[3.0, 1.0]]))
    array([[5., 6.]])
    """

    @answers
    def __init__(self, x: Any = None, per_column: bool = True) -> None:
        self.per_column = per_column
        self._mean: Array | None = None
        self._scale: Array | None = None
        self._names: list[Any] | None = None  # of a frame's columns
        if x is not None:
            self.fit(x)

    @property
    def mean(self) -> Array:
        """Means, float64: one a column, or one."""
        return self._known(self._mean)

    @property
    def scale(self) -> Array:
        """Standard deviations, float64; 1 where there is none."""
        return self._known(self._scale)

    def fit(self, x: Any) -> Self:
        """Take the statistics of these rows; mapped files are read in parts."""
        rows = self._rows(x)
        if not rows.ndim or not rows.size:
            raise ValueError(
                f"Standardizer: x has no values, its shape is {rows.shape}"
            )
        axis = 0 if self.per_column else None
        count = len(rows) if self.per_column else rows.size
        mean = _total(rows, lambda part: part.sum(axis)) / count
        square = _total(rows, lambda part: np.square(part - mean).sum(axis))
        scale = np.sqrt(square / count)
        most = _total(rows, lambda part: np.abs(part).max(axis), np.maximum)
        rounding = 8 * np.finfo(np.float64).eps * most
        self._mean = np.asarray(mean)
        self._scale = np.where(scale > rounding, scale, 1.0)
        self._names = _names(x)
        return self

    def __call__(self, x: Any) -> Array:
        """Standardise other rows, or one row, alike."""
        rows = self._rows(x)
        self._check(rows, x)
        return _like((rows - self.mean) / self.scale, rows)

    def inverse(self, z: Any) -> Array:
        """The rows that standardise to ``z``."""
        rows = self._rows(z)
        self._check(rows, z)
        return _like(rows * self.scale + self.mean, rows)

    def state_dict(self) -> dict[str, Array]:
        """Mean and scale, float64."""
        return {"mean": self.mean.copy(), "scale": self.scale.copy()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take what `state_dict` gave; ValueError for anything else."""
        if set(state) != {"mean", "scale"}:
            raise ValueError(
                f"Standardizer: a state has 'mean' and 'scale', got {sorted(state)}"
            )
        mean, scale = (np.array(state[n], np.float64) for n in ("mean", "scale"))
        sound = np.isfinite(mean).all() and np.isfinite(scale).all()
        if mean.shape != scale.shape or not sound or not (scale > 0).all():
            raise ValueError(
                "Standardizer: mean and scale must be finite numbers of one shape, "
                f"scale > 0; got shapes {mean.shape} and {scale.shape}"
            )
        self._mean, self._scale, self._names = mean, scale, None

    def __repr__(self) -> str:
        if self._mean is None:
            return "Standardizer(not fitted)"
        shape = self._mean.shape
        what = "one mean for all" if not shape else f"means of shape {shape}"
        return f"Standardizer({what})"

    def _known(self, value: Array | None) -> Array:
        if value is None:
            raise ValueError(
                "Standardizer: it has no statistics yet; call fit(x) with the training "
                "rows, or load_state_dict"
            )
        return value

    def _rows(self, x: Any) -> Array:
        rows = as_array(x, "Standardizer: x")
        require_finite(np.atleast_1d(rows), "x", "Standardizer")
        return rows

    def _check(self, rows: Array, x: Any) -> None:
        columns = self.mean.shape
        if columns and rows.shape[max(rows.ndim - len(columns), 0) :] != columns:
            raise ValueError(
                f"Standardizer: it was fitted on rows of shape {columns}, these have "
                f"shape {rows.shape[1:]}"
            )
        names = _names(x)
        if None not in (names, self._names) and names != self._names:
            raise ValueError(
                f"Standardizer: it was fitted on the columns {self._names}, got {names}"
            )


def _total(
    rows: Array,
    of: Callable[[Array], Any],
    join: Callable[[Any, Any], Any] = operator.add,
) -> Any:
    """What ``of`` finds in parts of the rows, as float64, joined."""
    parts = (rows[part].astype(np.float64) for part in chunks(rows, 1 << 20))
    return functools.reduce(join, map(of, parts))


def _names(x: Any) -> list[Any] | None:
    return list(x.columns) if hasattr(x, "columns") else None


def _like(values: Any, rows: Array) -> Array:
    """In the rows' dtype, or float32 for integers."""
    out: Array = np.asarray(values)
    return out.astype(rows.dtype if rows.dtype.kind == "f" else np.float32)
