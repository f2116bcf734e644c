"""Randomness by row: of the seed, the epoch and a row's number in its data set."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import launch
from autograd_core.train.augment.numbers import as_before, as_floats
from autograd_kernels import augment as k

Seed = int | Sequence[int]
Rng = Any  # what np.random.default_rng takes


@lru_cache(32)
def epoch_keys(seed: tuple[int, ...], epoch: int) -> Array:
    """Two keys for the random words of an epoch, uint64."""
    return np.random.SeedSequence(seed, spawn_key=(epoch,)).generate_state(2, np.uint64)


def random_words(key: Array, rows: Array, count: int) -> Array:
    """uint32 (rows, count), each row's by its number."""
    out = np.empty((len(rows), count), np.uint32)
    launch(k.words, len(rows), key, rows, out)
    return out


def normals(key: Array, rows: Array, count: int) -> Array:
    """Normal float32 (rows, count), each row's by its number."""
    words = random_words(key, rows, count)
    out = np.empty(words.shape, np.float32)
    launch(k.normal, out.size, words.ravel(), out.ravel())
    return out


class RowAugmentation(ABC):
    """An augmentation that changes each row by itself.

    Called ``(x, rng)`` it changes the rows of ``x`` by a seed from ``rng`` (a
    `numpy.random.Generator`, or what makes one). ``at`` is what `train.Batches` calls.
    Results have the shape and dtype of ``x``, which is not written to: float16 to
    float64, or integers, which are rounded and kept within their range.
    """

    def __call__(self, x: Any, rng: Rng) -> Array:
        """Changed copies of the rows of ``x``."""
        x = np.asarray(x)
        keys = np.random.default_rng(rng).integers(2**64, size=2, dtype=np.uint64)
        return self._changed(x, keys, np.arange(x.shape[0] if x.ndim else 0))

    def at(self, x: Any, seed: Seed, epoch: int, rows: Any) -> Array:
        """``x``, whose rows have these numbers in their data set, in an epoch.

        What becomes of a row depends on (seed, epoch, its number) and on nothing else.
        Raises ValueError for negative numbers.
        """
        keys = epoch_keys(tuple(np.atleast_1d(seed).tolist()), int(epoch))
        return self._changed(np.asarray(x), keys, np.asarray(rows))

    def _changed(self, x: Array, keys: Array, rows: Array) -> Array:
        who = type(self).__name__
        if x.ndim == 0 or rows.shape != (len(x),):
            raise ValueError(
                f"{who}: x of shape {x.shape} needs a row for each of {rows.size} rows"
            )
        if rows.dtype.kind == "i" and rows.size and rows.min() < 0:
            raise ValueError(f"{who}: rows are numbered from 0, got {rows.min()}")
        flat = as_floats(who, x).reshape(len(x), prod(x.shape[1:]))
        rows = np.ascontiguousarray(rows, np.uint64)
        return as_before(self._of(flat, x.shape[1:], keys, rows), x)

    @abstractmethod
    def _of(self, x: Array, shape: tuple[int, ...], keys: Array, rows: Array) -> Array:
        """A new array out of flat rows; ValueError if they cannot have ``shape``."""
