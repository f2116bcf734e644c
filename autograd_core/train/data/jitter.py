"""Random small movements of images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autograd_core.hooks import Array


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
