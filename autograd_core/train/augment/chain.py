"""Augmentations one after the other, ours and the user's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train.augment.rows import Rng, Seed

Augmentation = Callable[..., Any]  # (x, rng) -> x, or (x, y, rng) -> (x, y)


class Chain:
    """Augmentations in turn: ``Chain(Shift(8, 8), Noise(0.1), my_own)``, or a list.

    Each of ``steps`` is called ``(x, rng) -> x``, with rows x and a
    `numpy.random.Generator`, or, if its ``changes_targets`` is True, ``(x, y, rng) ->
    (x, y)``. One that has ``at(x, seed, epoch, rows) -> x`` gets the numbers of the
    rows from `train.Batches` instead of a generator. A chain is called in the same
    ways. Raises TypeError for what cannot be called, or returns no array, and
    ValueError for lost rows.

    >>> import numpy as np
    >>> from autograd_core import train
    >>> chain = train.Chain(train.Flip(2, 2, p=1.0), lambda x, rng: 2 * x)
    >>> chain(np.array([[1.0, 2.0, 3.0, 4.0]]), 0)
    array([[4., 2., 8., 6.]])
    """

    def __init__(self, *steps: Augmentation | Iterable[Any]) -> None:
        self.steps: tuple[Augmentation, ...] = tuple(flat(steps))

    def __repr__(self) -> str:
        return f"Chain({', '.join(map(repr, self.steps))})"

    @property
    def changes_targets(self) -> bool:
        """Whether it is called (x, y, rng)."""
        return any(map(changes_targets, self.steps))

    def __call__(self, x: Any, *y_and_rng: Any) -> Any:
        """``(x, rng) -> x``, or ``(x, y, rng) -> (x, y)`` if targets change."""
        *y, rng = y_and_rng
        if len(y) != self.changes_targets:
            form = "(x, y, rng)" if self.changes_targets else "(x, rng)"
            raise TypeError(f"{self!r} is called {form}")
        rng = np.random.default_rng(rng)
        x, targets = np.asarray(x), np.asarray(y[0]) if y else None
        for step in self.steps:
            x, targets = called(step, x, targets, rng)
        return (x, targets) if y else x

    def batch(
        self,
        x: Array,
        y: Array,
        seed: Seed,
        epoch: int,
        number: tuple[int, int],
        rows: Array,
    ) -> tuple[Array, Array]:
        """A batch of an epoch, or a shard of it, whose rows have these numbers.

        ``number`` is the batch's and the shard's, from 0. Steps without ``at`` share a
        generator for (seed, epoch, number).
        """
        rng: Rng = None
        for place, step in enumerate(self.steps):
            if hasattr(step, "at"):
                own = seed if place == 0 else (*np.atleast_1d(seed).tolist(), place)
                x = checked(step, step.at(x, own, epoch, rows), x)
            else:
                if rng is None:
                    batch, shard = number
                    place_of = (seed, epoch, batch + 1, shard)
                    rng = np.random.default_rng(place_of[: 4 if shard else 3])
                x, y = called(step, x, y, rng)
        return x, y


def flat(steps: Iterable[Any]) -> Iterable[Augmentation]:
    """The steps of chains and lists among the steps, each of which can be called."""
    for step in steps:
        if isinstance(step, Chain):
            yield from step.steps
        elif isinstance(step, list | tuple):
            yield from flat(step)
        elif isinstance(step, type) or not callable(step):
            what = "the class " if isinstance(step, type) else ""
            name = step.__name__ if isinstance(step, type) else repr(step)
            raise TypeError(
                "augment must be a function (x, rng) -> x, an object such as "
                f"train.Noise(0.1), or a list of these; got {what}{name}"
            )
        else:
            yield step


def changes_targets(step: Any) -> bool:
    """Whether it is called (x, y, rng)."""
    return bool(getattr(step, "changes_targets", False))


def called(step: Any, x: Array, y: Any, rng: Rng) -> tuple[Array, Any]:
    """What a step makes of rows and targets."""
    if not changes_targets(step):
        return checked(step, step(x, rng), x), y
    pair = step(x, y, rng)
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError(f"augment: {step!r} changes targets: it must return (x, y)")
    return checked(step, pair[0], x), checked(step, pair[1], x, "y")


def checked(step: Any, new: Any, x: Array, name: str = "x") -> Array:
    """What a step returned, if it is as many rows; inputs keep the width of a float."""
    if not isinstance(new, np.ndarray):
        raise TypeError(
            f"augment: {step!r} must return {name} as an array, got "
            f"{type(new).__name__}"
        )
    if new.ndim == 0 or len(new) != len(x):
        raise ValueError(
            f"augment: {step!r} got {len(x)} rows and returned {name} of shape "
            f"{new.shape}"
        )
    floats = name == "x" and new.dtype.kind == x.dtype.kind == "f"
    return new.astype(x.dtype, copy=False) if floats else new
