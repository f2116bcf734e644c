"""Mixup: rows and their targets, mixed in pairs."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train.augment.numbers import (
    as_before,
    as_floats,
    check_range,
    check_size,
)


@dataclass(frozen=True)
class Mixup:
    """Mixes each row of a batch, and its target, with another of the same batch.

    ``x = share * x + (1 - share) * x[other]`` and the same for ``y``: ``other`` is a
    permutation, ``share`` one number for the batch from Beta(alpha, alpha); the larger
    ``alpha``, the more is mixed. Zhang, Cissé, Dauphin, Lopez-Paz, "mixup: beyond
    empirical risk minimization", ICLR 2018, equation 1.

    Labels, integers (rows,), become probabilities (rows, classes), which
    `nn.CrossEntropyLoss` takes: this needs ``classes``. Floats of any shape are mixed
    as they are. Called ``(x, y, rng)``. Raises ValueError for settings out of range,
    labels outside of 0 ... classes - 1, and integers without ``classes``.

    >>> import numpy as np
    >>> from autograd_core import train
    >>> x, y = train.Mixup(0.2, classes=3)(np.eye(4), np.array([0, 1, 2, 2]), 0)
    >>> y.sum(1)
    array([1., 1., 1., 1.])
    """

    changes_targets: ClassVar[bool] = True

    alpha: float = 0.2
    classes: int | None = None

    def __post_init__(self) -> None:
        check_range("Mixup", "alpha", self.alpha, 0, inf)
        if not self.alpha:
            raise ValueError("Mixup: alpha must be > 0, got 0: nothing would be mixed")
        if self.classes is not None:
            check_size("Mixup", "classes", self.classes, 2)

    def __call__(self, x: Any, y: Any, rng: Any) -> tuple[Array, Array]:
        """Mixed rows, in the dtype of ``x``, and mixed targets."""
        x, y, rng = np.asarray(x), np.asarray(y), np.random.default_rng(rng)
        if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
            raise ValueError(
                f"Mixup: x of shape {x.shape} and y of shape {y.shape} need a row for "
                "each example"
            )
        floats = as_floats("Mixup", x)
        targets = self._targets(y, floats.dtype)
        share, other = rng.beta(self.alpha, self.alpha), rng.permutation(len(x))
        return as_before(mixed(floats, share, other), x), mixed(targets, share, other)

    def _targets(self, y: Array, dtype: Any) -> Array:
        """``y`` as floats: labels as rows of a unit matrix."""
        if self.classes is None or y.dtype.kind == "f":
            if y.dtype.kind != "f":
                raise ValueError(
                    f"Mixup: y of dtype {y.dtype} cannot be mixed: pass classes= for "
                    "labels, or y.astype(np.float32) for numbers"
                )
            if self.classes is not None and y.shape[1:] != (self.classes,):
                raise ValueError(
                    f"Mixup: with classes={self.classes} y must be integer labels or "
                    f"probabilities (rows, {self.classes}), got {y.dtype} {y.shape}"
                )
            return y
        if y.ndim != 1:
            raise ValueError(f"Mixup: labels must have shape (rows,), got {y.shape}")
        wrong = np.flatnonzero((y < 0) | (y >= self.classes))
        if len(wrong):
            raise ValueError(
                f"Mixup: labels must lie in 0 ... {self.classes - 1}, as classes="
                f"{self.classes}; got {y[wrong[0]]}"
            )
        return np.eye(self.classes, dtype=dtype)[y.astype(np.intp)]


def mixed(a: Array, share: float, other: Array) -> Array:
    """``share`` of each row, and for the rest another one, in the dtype of ``a``."""
    one = a.dtype.type(1)
    part = a.dtype.type(share)
    return a * part + a[other] * (one - part)
