"""Mean and variance of data that come in parts, as if they came at once."""

from __future__ import annotations

import numpy as np

from autograd_core.hooks import Array


class Moments:
    """Count, mean and variance of each channel of (N, C) or (N, C, L), in float64.

    Parts are combined by Chan, Golub, LeVeque: "Updating formulae and a pairwise
    algorithm for computing sample variances", 1979, so that how the rows were cut
    matters to rounding only.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean: Array = np.zeros(())
        self.squares: Array = np.zeros(())  # sums of (x - mean) ** 2

    def add(self, x: Array) -> None:
        """Take in a part."""
        axes = (0, *range(2, x.ndim))
        count = x.size // x.shape[1]
        if not count:
            return
        wide, total = x.astype(np.float64), self.count + count
        with np.errstate(invalid="ignore", over="ignore"):  # NaN is the caller's matter
            mean = wide.mean(axes, keepdims=True)
            squares = np.square(wide - mean).sum(axes)
            apart = mean.reshape(-1) - self.mean
            between = apart**2 * (self.count * (count / total))
            self.squares = self.squares + squares + between
            self.mean = self.mean + apart * (count / total)
        self.count = total

    @property
    def variance(self) -> Array:
        """Of all values so far, divided by their number."""
        return self.squares / self.count
