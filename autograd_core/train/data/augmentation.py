"""What an augmentation is, and a chain of them over one batch."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from autograd_core.hooks import Array

# (x, rng) -> x, or (x, y, rng) -> (x, y) if its attribute `changes_targets` is true
Augmentation: TypeAlias = Callable[..., Any]


def chain_of(augment: Any) -> tuple[Augmentation, ...]:
    """One augmentation, a sequence of them or None as a chain, applied in order."""
    if augment is None:
        return ()
    links = tuple(augment) if isinstance(augment, list | tuple) else (augment,)
    for link in links:
        if isinstance(link, type) or not callable(link):
            raise TypeError(
                "Batches: augment must be a function (x, rng) -> x or a list of them, "
                f"got {'the class ' * isinstance(link, type)}{link!r}"
            )
    return links


def augmented(
    chain: Sequence[Augmentation], x: Array, y: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """A batch after all augmentations; TypeError for one that gives no such batch."""
    rows = len(x)
    for change in chain:
        if getattr(change, "changes_targets", False):
            pair = change(x, y, rng)
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise _wrong(change, "(x, y)", rows, pair)
            x, y = pair
        else:
            x = change(x, rng)
        for given in (x, y):
            if not isinstance(given, np.ndarray) or given.shape[:1] != (rows,):
                raise _wrong(change, "an array", rows, given)
    return x, y


def named(chain: Sequence[Augmentation]) -> str:
    """The chain in words, the same in every process."""
    return ", ".join(re.sub(r" at 0x[0-9a-fA-F]+", "", repr(link)) for link in chain)


def _wrong(change: Any, expected: str, rows: int, given: Any) -> TypeError:
    name = getattr(change, "__name__", type(change).__name__)
    found = type(given).__name__
    if hasattr(given, "shape"):
        found += f" of shape {tuple(given.shape)}"
    return TypeError(
        f"augment: {name} must return {expected} of the {rows} rows of the batch, got "
        f"{found}"
    )
