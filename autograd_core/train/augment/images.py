"""Random movements of small images, all of a batch in one pass of a kernel."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache
from math import inf, radians
from typing import NamedTuple

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import launch
from autograd_core.train.augment.noise import add_noise
from autograd_core.train.augment.numbers import check_range, check_size
from autograd_core.train.augment.rows import RowAugmentation, random_words
from autograd_kernels import augment as k


class Limits(NamedTuple):
    """The most that happens to an image: the first five are those of `k.moves`."""

    shift: float = 0.0  # pixels
    rotate: float = 0.0  # degrees
    zoom: float = 0.0  # a fraction
    flip: float = 0.0  # a probability
    vertical: float = 0.0
    noise: float = 0.0
    side: int = 0
    fill: float = 0.0


@lru_cache(32)
def places(height: int, width: int, step: int) -> Array:
    """Row, column and channel of each element of a plane; see `k.warp`."""
    return np.indices((height, width, step), np.float64).reshape(3, -1)


@dataclass(frozen=True)
class Pixels:
    """Base of what takes images of ``height`` x ``width`` pixels, one a row of ``x``.

    A row is flat, (height * width,), or has the shape (height, width) or (channels,
    height, width), or with ``channels_last=True`` (height, width, channels). Flat rows
    of several ``channels`` lie as these do.
    """

    height: int
    width: int
    _: KW_ONLY
    channels: int = 1
    channels_last: bool = False

    def __post_init__(self) -> None:
        who = type(self).__name__
        sizes = {"height": self.height, "width": self.width, "channels": self.channels}
        for name, size in sizes.items():
            check_size(who, name, size)
        self._check_settings(who)

    def _check_settings(self, who: str) -> None:
        """Raise ValueError for settings out of range."""

    def _step(self, shape: tuple[int, ...]) -> int:
        """Elements from one pixel of a row to the next."""
        h, w, last = self.height, self.width, self.channels_last
        if shape in {(h, w), (1, h, w), (h, w, 1)}:
            return 1
        if shape == (h * w * self.channels,):
            return self.channels if last else 1
        if len(shape) == 3 and (shape[:2] if last else shape[1:]) == (h, w):
            return shape[2] if last else 1
        raise ValueError(
            f"{type(self).__name__}: rows of shape {shape} are not {h} x {w} pixels; "
            f"expected ({h * w * self.channels},), ({h}, {w}) or "
            + (f"({h}, {w}, channels)" if last else f"(channels, {h}, {w})")
            + f", with channels={self.channels} and channels_last={last}"
        )


@dataclass(frozen=True)
class Images(Pixels, RowAugmentation):
    """Base of what changes images, each by itself; see `Pixels` for their shapes.

    All channels of an image move alike. Raises ValueError for rows of another shape,
    and for settings out of range.
    """

    @abstractmethod
    def _limits(self) -> Limits:
        """What the settings allow."""

    def _of(self, x: Array, shape: tuple[int, ...], keys: Array, rows: Array) -> Array:
        limits, form = self._limits(), (self.height, self.width, self._step(shape))
        words = random_words(keys[:1], rows, k.DRAWS)
        fill = np.array([limits.fill], x.dtype)
        out = warped(x, words, limits, fill, form)
        if limits.noise:
            out = add_noise(out, limits.noise, keys[1:], rows)
        if limits.side:
            launch(k.cut, len(x), words, fill, limits.side, *form, out)
        return out


def warped(
    x: Array, words: Array, limits: Limits, fill: Array, form: tuple[int, int, int]
) -> Array:
    """New images: those of ``x`` moved as the random words say."""
    if not any(limits[:5]):
        return x.copy()
    shift, rotate, *others = limits[:5]
    most = np.array([shift, radians(rotate), *others])
    moves, out = np.empty((len(x), k.MOVE)), np.empty_like(x)
    launch(k.moves, len(x), words, most, *form[:2], moves)
    launch(k.warp, len(x), moves, places(*form), fill, *form, x, out)
    return out


@dataclass(frozen=True)
class Jitter(Images):
    """Random small changes of images, in one pass.

    Each is shifted by up to ``shift`` pixels along both axes, rotated by up to
    ``rotate`` degrees and zoomed by up to the fraction ``zoom``, all uniform, and
    mirrored left to right with probability ``flip``, with linear interpolation and
    ``fill`` beyond the border. Then normal ``noise`` of that standard deviation is
    added, and a square of side ``cutout`` filled, see `Cutout`.

    Images are rows of ``x``: flat, (height * width,), or of the shape (height, width)
    or (channels, height, width), or with ``channels_last`` (height, width, channels).
    All channels of one move alike. Raises ValueError for rows of another shape and for
    settings out of range.

    >>> import numpy as np
    >>> from autograd_core import train
    >>> jitter = train.Jitter(8, 8, shift=1, rotate=10, noise=0.1)
    >>> jitter(np.zeros((5, 64), np.float32), np.random.default_rng(0)).shape
    (5, 64)
    """

    shift: float = 0.0
    rotate: float = 0.0
    zoom: float = 0.0
    noise: float = 0.0
    fill: float = 0.0
    flip: float = 0.0
    cutout: int = 0

    def _check_settings(self, who: str) -> None:
        check_range(who, "shift", self.shift, 0, inf)
        check_range(who, "rotate", self.rotate, 0, inf)
        check_range(who, "zoom", self.zoom, 0, 1)
        check_range(who, "noise", self.noise, 0, inf)
        check_range(who, "fill", self.fill, -inf, inf)
        check_range(who, "flip", self.flip, 0, 1)
        check_size(who, "cutout", self.cutout, 0)

    def _limits(self) -> Limits:
        return Limits(
            self.shift,
            self.rotate,
            self.zoom,
            self.flip,
            noise=self.noise,
            side=int(self.cutout),
            fill=self.fill,
        )


@dataclass(frozen=True)
class Shift(Images):
    """Shifts images by up to ``pixels`` along both axes, uniformly.

    With linear interpolation and ``fill`` beyond the border. ``height``, ``width``,
    ``channels``, ``channels_last`` and what is raised: see `Jitter`, which makes
    several changes in one pass.
    """

    pixels: float = 1.0
    fill: float = 0.0

    def _check_settings(self, who: str) -> None:
        check_range(who, "pixels", self.pixels, 0, inf)
        check_range(who, "fill", self.fill, -inf, inf)

    def _limits(self) -> Limits:
        return Limits(shift=self.pixels, fill=self.fill)


@dataclass(frozen=True)
class Rotate(Images):
    """Rotates images by up to ``degrees`` around their middle, uniformly.

    With linear interpolation and ``fill`` beyond the border. ``height``, ``width``,
    ``channels``, ``channels_last`` and what is raised: see `Jitter`, which makes
    several changes in one pass.
    """

    degrees: float = 10.0
    fill: float = 0.0

    def _check_settings(self, who: str) -> None:
        check_range(who, "degrees", self.degrees, 0, inf)
        check_range(who, "fill", self.fill, -inf, inf)

    def _limits(self) -> Limits:
        return Limits(rotate=self.degrees, fill=self.fill)


@dataclass(frozen=True)
class Zoom(Images):
    """Zooms images by a factor between 1 - ``fraction`` and 1 + ``fraction``, uniform.

    It is the distance between the places in the old image that pixels come from; with
    linear interpolation and ``fill`` beyond the border. ``height``, ``width``,
    ``channels``, ``channels_last`` and what is raised: see `Jitter`, which makes
    several changes in one pass.
    """

    fraction: float = 0.1
    fill: float = 0.0

    def _check_settings(self, who: str) -> None:
        check_range(who, "fraction", self.fraction, 0, 1)
        check_range(who, "fill", self.fill, -inf, inf)

    def _limits(self) -> Limits:
        return Limits(zoom=self.fraction, fill=self.fill)


@dataclass(frozen=True)
class Flip(Images):
    """Mirrors images left to right with probability ``p``, top to bottom ``vertical``.

    Pixels keep their bits. ``height``, ``width``, ``channels``, ``channels_last`` and
    what is raised: see `Jitter`.
    """

    p: float = 0.5
    vertical: float = 0.0

    def _check_settings(self, who: str) -> None:
        check_range(who, "p", self.p, 0, 1)
        check_range(who, "vertical", self.vertical, 0, 1)

    def _limits(self) -> Limits:
        return Limits(flip=self.p, vertical=self.vertical)


@dataclass(frozen=True)
class Cutout(Images):
    """Fills a square of ``side`` pixels around a random one, what of it is inside.

    ``fill`` is put there. ``height``, ``width``, ``channels``, ``channels_last`` and
    what is raised: see `Jitter`. DeVries & Taylor, "Improved regularization of
    convolutional neural networks with cutout", arXiv:1708.04552 (2017).
    """

    side: int
    fill: float = 0.0

    def _check_settings(self, who: str) -> None:
        check_size(who, "side", self.side)
        check_range(who, "fill", self.fill, -inf, inf)

    def _limits(self) -> Limits:
        return Limits(side=int(self.side), fill=self.fill)
