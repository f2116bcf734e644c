"""Arrays packed into one for each dtype, to be sent at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.hooks import Array


class Packing:
    """Where arrays of these shapes lie in a flat one for each dtype."""

    def __init__(self, like: Sequence[Array]) -> None:
        self.shapes = [a.shape for a in like]
        self.dtypes = [a.dtype for a in like]
        self.sizes: dict[Any, int] = {}
        self.places: list[slice] = []
        for array in like:
            start = self.sizes.get(array.dtype, 0)
            self.sizes[array.dtype] = start + array.size
            self.places.append(slice(start, start + array.size))

    def packed(self, arrays: Sequence[Array | None]) -> dict[Any, Array]:
        """New flat arrays; None is zeros."""
        found = {dtype: np.empty(size, dtype) for dtype, size in self.sizes.items()}
        for array, dtype, place in zip(arrays, self.dtypes, self.places, strict=True):
            found[dtype][place] = 0 if array is None else array.reshape(-1)
        return found

    def apart(self, flat: dict[Any, Array]) -> list[Array]:
        """The arrays again: parts of the flat ones."""
        return [
            flat[dtype][place].reshape(shape)
            for shape, dtype, place in zip(
                self.shapes, self.dtypes, self.places, strict=True
            )
        ]
