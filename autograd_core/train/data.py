"""Data for training: checked, split, standardised, augmented, cut into batches.

Nothing here holds a random state: order and augmentation of a step follow from the seed
and the number of the step, so a resumed run sees what an uninterrupted one would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train.augment import Augmentation, Chain


def check_data(x: Any, y: Any, what: str = "data") -> tuple[Array, Array]:
    """``x`` and ``y`` as arrays with one row each per example.

    Raises TypeError for what is not numbers and ValueError, naming the first offender,
    for no rows, different numbers of rows, NaN and infinities.
    """
    arrays = {"x": np.asarray(x), "y": np.asarray(y)}
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{what}: {name} must be numbers, got dtype {array.dtype}")
        if array.ndim == 0 or not len(array):
            raise ValueError(f"{what}: {name} has no rows, its shape is {array.shape}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            bad = ~np.isfinite(array)
            place = tuple(int(i) for i in np.argwhere(bad)[0])
            raise ValueError(
                f"{what}: {name} has {bad.sum()} NaN or infinite values, the first is "
                f"{array[place]} at {name}[{', '.join(map(str, place))}]"
            )
    if len(arrays["x"]) != len(arrays["y"]):
        raise ValueError(
            f"{what}: x has {len(arrays['x'])} rows and y has {len(arrays['y'])}"
        )
    return arrays["x"], arrays["y"]


def check_labels(y: Array, classes: int, what: str = "data") -> None:
    """Raise ValueError unless all integer labels lie in 0 ... classes - 1."""
    wrong = np.flatnonzero((y < 0) | (y >= classes))
    if len(wrong):
        raise ValueError(
            f"{what}: labels must lie in 0 ... {classes - 1}, as there are {classes} "
            f"classes; got {y[wrong[0]]} in row {wrong[0]} ({len(wrong)} such rows)"
        )


def split(
    y: Any, fraction: float, seed: int = 0, stratify: bool = True
) -> tuple[Array, Array]:
    """Row numbers of (the rest, a random part of ``fraction`` to hold out), sorted.

    Stratified: every class gives its share, to within one row.
    """
    y = np.asarray(y)
    held = round(fraction * len(y))
    if not 0 < held < len(y):
        raise ValueError(
            f"split: a part of {fraction} of {len(y)} rows leaves one side empty"
        )
    rng = np.random.default_rng(seed)
    place = np.empty(len(y))  # in the class, from 0 to 1
    for label in np.unique(y) if stratify else [None]:
        rows = np.flatnonzero(y == label) if stratify else np.arange(len(y))
        place[rng.permutation(rows)] = (np.arange(len(rows)) + 0.5) / len(rows)
    order = np.lexsort((rng.random(len(y)), place))  # classes tie in random order
    return np.sort(order[held:]), np.sort(order[:held])


class Standardizer:
    """``(x - mean) / scale`` with mean and standard deviation of the training rows.

    Per column, or one of each for all (``per_column=False``, for images whose border is
    nearly constant). What is constant is only centred. Floats keep their dtype,
    integers become float32.
    """

    def __init__(self, x: Any, per_column: bool = True) -> None:
        x = np.asarray(x, np.float64)
        axis = 0 if per_column else None
        self.mean: Array = x.mean(axis)
        self.scale: Array = x.std(axis)
        rounding = 8 * np.finfo(np.float64).eps * np.abs(x).max(axis)
        self.scale = np.where(self.scale > rounding, self.scale, 1.0)

    def __call__(self, x: Any) -> Array:
        """Standardise other rows alike."""
        x = np.asarray(x)
        out: Array = (x - self.mean) / self.scale
        return out.astype(x.dtype if x.dtype.kind == "f" else np.float32)

    def state_dict(self) -> dict[str, Array]:
        """Mean and scale, float64."""
        return {"mean": np.asarray(self.mean), "scale": np.asarray(self.scale)}


class Batches:
    """Minibatches of (x, y) by the number of the step, shuffled anew each epoch.

    The last batch of an epoch is what is left, or dropped with ``drop_last``. A last
    batch of ONE row, which BatchNorm cannot train on, is merged into the one before.
    ``augment`` changes a batch: a function ``(x, rng) -> x``, one of `train.Jitter` and
    its like, which change a row in an epoch alike in any batch, or a list of these,
    see `train.Chain`. Raises what `check_data` does, and ValueError for a batch size
    below 1 or no whole batch to keep.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        batch_size: int = 64,
        *,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = False,
        augment: Augmentation | Sequence[Augmentation] | None = None,
    ) -> None:
        self.x, self.y = check_data(x, y, "training data")
        if batch_size < 1:
            raise ValueError(f"Batches: batch_size must be >= 1, got {batch_size}")
        whole, rest = divmod(len(self.x), batch_size)
        merged = rest == 1 and whole > 0
        self.steps = whole + (rest > 0 and not (drop_last or merged))
        self.rows = whole * batch_size if drop_last else len(self.x)  # of an epoch
        if not self.steps:
            raise ValueError(
                f"Batches: {len(self.x)} rows fill no batch of {batch_size}; "
                "drop_last leaves nothing"
            )
        self.batch_size, self.seed, self.shuffle = batch_size, seed, shuffle
        self.augment = None if augment is None else Chain(augment)
        self._order: tuple[int, Array] = (-1, np.arange(len(self.x)))

    def at(self, step: int) -> tuple[Array, Array]:
        """The batch of a step, counted from 0 through all epochs."""
        epoch, number = divmod(step, self.steps)
        first = number * self.batch_size
        last = number == self.steps - 1
        rows = self._rows(epoch)[first : self.rows if last else first + self.batch_size]
        x, y = self.x[rows], self.y[rows]
        if self.augment is not None:
            x, y = self.augment.batch(x, y, self.seed, epoch, number, rows)
        return x, y

    def epoch(self, number: int) -> Iterator[tuple[Array, Array]]:
        """All batches of an epoch."""
        return (self.at(number * self.steps + i) for i in range(self.steps))

    def _rows(self, epoch: int) -> Array:
        """The order of an epoch."""
        if self.shuffle and epoch != self._order[0]:
            rng = np.random.default_rng((self.seed, epoch))
            self._order = epoch, rng.permutation(len(self.x))
        return self._order[1]

    def describe(self) -> dict[str, Any]:
        """What a checkpoint must find again for a resumed run to be the same."""
        return {
            "rows": len(self.x),
            "batch_size": self.batch_size,
            "seed": self.seed,
            "shuffle": self.shuffle,
            "steps": self.steps,
        }
