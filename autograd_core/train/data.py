"""Data for training: checked, split, standardised, augmented, cut into batches.

Nothing here holds a random state: order and augmentation of a step follow from the seed
and the number of the step, so a resumed run sees what an uninterrupted one would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_core.hooks import Array

Augmentation = Callable[[Array, np.random.Generator], Array]


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


@dataclass(frozen=True)
class Jitter:
    """Random small movements of images, given as rows of height * width pixels.

    Each is shifted by up to ``shift`` pixels along both axes, rotated by up to
    ``rotate`` degrees and zoomed by up to the fraction ``zoom``, all uniform, with
    linear interpolation and ``fill`` beyond the border; then normal ``noise`` of that
    standard deviation is added.
    """

    height: int
    width: int
    shift: float = 0.0
    rotate: float = 0.0
    zoom: float = 0.0
    noise: float = 0.0
    fill: float = 0.0

    def __call__(self, x: Array, rng: np.random.Generator) -> Array:
        """Changed copies of the rows of ``x``, in its shape and dtype."""
        n, size = len(x), self.height * self.width
        if x[0].size != size:
            raise ValueError(
                f"Jitter: rows of shape {x.shape[1:]} are not {self.height} x "
                f"{self.width} pixels"
            )
        images = x.reshape(n, self.height, self.width)
        if self.shift or self.rotate or self.zoom:
            images = self._sample(images, *self._sources(n, rng))
        if self.noise:
            images = images + self.noise * rng.standard_normal(images.shape)
        return images.reshape(x.shape).astype(x.dtype)

    def _sources(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Where in the old images the pixels of the new ones lie: rows and columns."""
        low, high = -1.0, 1.0
        shift = self.shift * rng.uniform(low, high, (2, n, 1, 1))
        angle = np.deg2rad(self.rotate) * rng.uniform(low, high, (n, 1, 1))
        zoom = 1 + self.zoom * rng.uniform(low, high, (n, 1, 1))
        middle = (self.height - 1) / 2, (self.width - 1) / 2
        i = np.arange(self.height)[:, None] - middle[0]
        j = np.arange(self.width)[None, :] - middle[1]
        cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
        down: Array = cos * i - sin * j + middle[0] + shift[0]
        right: Array = sin * i + cos * j + middle[1] + shift[1]
        return down, right

    def _sample(self, images: Array, down: Array, right: Array) -> Array:
        """Images between pixels, linearly; ``fill`` outside."""
        shape = len(images), self.height + 3, self.width + 3
        padded = np.full(shape, self.fill, images.dtype)
        padded[:, 1:-2, 1:-2] = images
        down = np.clip(down + 1, 0, self.height + 1)
        right = np.clip(right + 1, 0, self.width + 1)
        i, j = down.astype(np.intp), right.astype(np.intp)
        v, u = down - i, right - j
        flat, line = padded.ravel(), shape[2]
        first = np.arange(shape[0])[:, None, None] * padded[0].size + i * line + j
        top, low = first, first + line
        between: Array = (flat[top] * (1 - u) + flat[top + 1] * u) * (1 - v)
        between += (flat[low] * (1 - u) + flat[low + 1] * u) * v
        return between


class Batches:
    """Minibatches of (x, y) by the number of the step, shuffled anew each epoch.

    The last batch of an epoch is what is left, or dropped with ``drop_last``. A last
    batch of ONE row, which BatchNorm cannot train on, is merged into the one before.
    ``augment(x, rng)`` changes the inputs of a batch. Raises what `check_data` does,
    and ValueError for a batch size below 1 or no whole batch to keep.
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
        augment: Augmentation | None = None,
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
        self.augment = augment
        self._order: tuple[int, Array] = (-1, np.arange(len(self.x)))

    def at(self, step: int) -> tuple[Array, Array]:
        """The batch of a step, counted from 0 through all epochs."""
        epoch, number = divmod(step, self.steps)
        first = number * self.batch_size
        last = number == self.steps - 1
        rows = self._rows(epoch)[first : self.rows if last else first + self.batch_size]
        x = self.x[rows]
        if self.augment is not None:
            x = self.augment(x, np.random.default_rng((self.seed, epoch, number + 1)))
        return x, self.y[rows]

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
