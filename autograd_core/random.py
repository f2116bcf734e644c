"""Seeds: a counter that every random op draws from, in memory that a Program can read.

The n-th random op after ``manual_seed(s)`` uses the Philox key ``(s, n)``, eager or
replayed, on any number of threads.
"""

from __future__ import annotations

import secrets
from numbers import Integral

import numpy as np

from autograd_core.hooks import Array, recorder
from autograd_core.launch import empty, launch
from autograd_core.writes import overwrite
from autograd_kernels import dropout as k

DRAWN = (
    "Draw outside and pass the numbers in, or make the layer outside; nn.Dropout draws "
    "anew in each replay"
)


class Generator:
    """A seed and a counter (uint64). ``draw`` takes the next key."""

    def __init__(self, seed: int | None = None) -> None:
        # no kernel yet: to load one takes as long as all of this package
        self.state = _start(secrets.randbits(63) if seed is None else seed)

    def manual_seed(self, seed: int) -> None:
        """Start again from ``seed`` (0 <= seed < 2**64)."""
        overwrite(self.state, _start(seed))

    def get_state(self) -> Array:
        """A copy of (seed, counter)."""
        if (listener := recorder()) is not None:
            listener.on_escape(self.state, "get_state()", "Read it outside")
        return self.state.copy()

    def set_state(self, state: Array) -> None:
        """Go back to what `get_state` returned."""
        overwrite(self.state, np.asarray(state, np.uint64))

    def draw(self) -> Array:
        """The next key, uint64 (2,)."""
        key = empty((2,), self.state.dtype)
        launch(k.draw, 1, self.state, key)
        return key

    def numpys(self, who: str) -> np.random.Generator:
        """NumPy's own generator with the next key, for what no kernel draws."""
        key = self.draw()
        if (listener := recorder()) is not None:
            listener.on_escape(key, f"{who}, which NumPy draws,", DRAWN)
        return np.random.Generator(np.random.Philox(key=key))


def _start(seed: int) -> Array:
    """The state of a generator that has drawn nothing."""
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise TypeError(f"manual_seed: need an integer, got {seed!r}")
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"manual_seed: need 0 <= seed < 2**64, got {seed}")
    return np.array([int(seed), 0], np.uint64)


default_generator = Generator()


def manual_seed(seed: int) -> None:
    """Seed dropout masks, initialisation, `rand` and `randn`; for the whole process.

    ``seed``: 0 <= seed < 2**64, ValueError otherwise, TypeError if it is no integer.
    The same seed gives the same run, eager or compiled, on any number of threads.
    NumPy's generators and the order of rows in `train.fit`, which has a seed of its
    own, are others.

    >>> import autograd_core as ag
    >>> ag.manual_seed(0)
    >>> a = ag.rand(3)
    >>> ag.manual_seed(0)
    >>> bool((ag.rand(3) == a).all())
    True
    """
    default_generator.manual_seed(seed)
