"""Mixup and CutMix: rows and their targets, mixed in pairs."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import inf, prod
from typing import Any, ClassVar

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train.augment.images import Pixels
from autograd_core.train.augment.numbers import (
    as_before,
    as_floats,
    check_range,
    check_size,
    float_dtype,
)


class Mixing:
    """Base of what mixes the rows of a batch in pairs, and so their targets.

    Labels, integers (rows,), become probabilities (rows, classes), which
    `nn.CrossEntropyLoss` takes: this needs ``classes``. Floats of any shape are mixed
    as they are.
    """

    changes_targets: ClassVar[bool] = True
    alpha: float
    classes: int | None

    def _check_mixing(self) -> None:
        who = type(self).__name__
        check_range(who, "alpha", self.alpha, 0, inf)
        if not self.alpha:
            raise ValueError(f"{who}: alpha must be > 0, got 0: nothing would be mixed")
        if self.classes is not None:
            check_size(who, "classes", self.classes, 2)

    def __call__(self, x: Any, y: Any, rng: Any) -> tuple[Array, Array]:
        """Mixed rows, in the dtype of ``x``, and mixed targets."""
        x, y, rng = np.asarray(x), np.asarray(y), np.random.default_rng(rng)
        who = type(self).__name__
        if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
            raise ValueError(
                f"{who}: x of shape {x.shape} and y of shape {y.shape} need a row for "
                "each example"
            )
        targets = self._targets(y, float_dtype(who, x))
        share, other = rng.beta(self.alpha, self.alpha), rng.permutation(len(x))
        x, share = self._rows(x, share, other, rng)
        return x, mixed(targets, share, other)

    @abstractmethod
    def _rows(
        self, x: Array, share: float, other: Array, rng: np.random.Generator
    ) -> tuple[Array, float]:
        """Mixed rows, and the share of its own that a row has kept."""

    def _targets(self, y: Array, dtype: Any) -> Array:
        """``y`` as floats: labels as rows of a unit matrix."""
        who = type(self).__name__
        if self.classes is None or y.dtype.kind == "f":
            if y.dtype.kind != "f":
                raise ValueError(
                    f"{who}: y of dtype {y.dtype} cannot be mixed: pass classes= for "
                    "labels, or y.astype(np.float32) for numbers"
                )
            if self.classes is not None and y.shape[1:] != (self.classes,):
                raise ValueError(
                    f"{who}: with classes={self.classes} y must be integer labels or "
                    f"probabilities (rows, {self.classes}), got {y.dtype} {y.shape}"
                )
            return y
        if y.ndim != 1:
            raise ValueError(f"{who}: labels must have shape (rows,), got {y.shape}")
        wrong = np.flatnonzero((y < 0) | (y >= self.classes))
        if len(wrong):
            raise ValueError(
                f"{who}: labels must lie in 0 ... {self.classes - 1}, as classes="
                f"{self.classes}; got {y[wrong[0]]}"
            )
        return np.eye(self.classes, dtype=dtype)[y.astype(np.intp)]


@dataclass(frozen=True)
class Mixup(Mixing):
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

    alpha: float = 0.2
    classes: int | None = None

    def __post_init__(self) -> None:
        self._check_mixing()

    def _rows(
        self, x: Array, share: float, other: Array, rng: np.random.Generator
    ) -> tuple[Array, float]:
        floats = as_floats("Mixup", x)
        return as_before(mixed(floats, share, other), x), share


@dataclass(frozen=True)
class CutMix(Pixels, Mixing):
    """Puts a box of another image of the batch into each, and mixes their targets.

    The box is one for the batch, of a random place and a share 1 - Beta(alpha, alpha)
    of the pixels, what of it is inside; targets are mixed by the pixels that each image
    has kept. Yun et al., "CutMix: regularization strategy to train strong classifiers
    with localizable features", ICCV 2019, section 3.2. ``height``, ``width``,
    ``channels``, ``channels_last``: see `Jitter`; ``alpha``, ``classes``, what is
    returned and raised: see `Mixup`. Pixels keep their bits.

    >>> import numpy as np
    >>> from autograd_core import train
    >>> x = np.arange(3.0)[:, None].repeat(16, axis=1)  # images of one colour
    >>> x, y = train.CutMix(4, 4, classes=3)(x, np.array([0, 1, 2]), 1)
    >>> bool((y == [np.bincount(row.astype(int), minlength=3) / 16 for row in x]).all())
    True
    """

    alpha: float = 1.0
    classes: int | None = None

    def _check_settings(self, who: str) -> None:
        self._check_mixing()

    def _rows(
        self, x: Array, share: float, other: Array, rng: np.random.Generator
    ) -> tuple[Array, float]:
        step, pixels = self._step(x.shape[1:]), self.height * self.width
        inside = self._box(share, rng)
        places = np.arange(prod(x.shape[1:])) // step % pixels  # the pixels of numbers
        mask = inside.reshape(-1)[places].reshape(x.shape[1:])
        return np.where(mask, x[other], x), 1 - float(np.count_nonzero(inside)) / pixels

    def _box(self, share: float, rng: np.random.Generator) -> Array:
        """Which pixels (height, width) are in it."""
        spans = []
        for size in (self.height, self.width):
            side = int(size * np.sqrt(1 - share))
            start = int(rng.integers(size)) - side // 2
            places = np.arange(size)
            spans.append((places >= start) & (places < start + side))
        inside: Array = np.logical_and.outer(*spans)
        return inside


def mixed(a: Array, share: float, other: Array) -> Array:
    """``share`` of each row, and for the rest another one, in the dtype of ``a``."""
    one = a.dtype.type(1)
    part = a.dtype.type(share)
    return a * part + a[other] * (one - part)
