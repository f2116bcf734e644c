"""How arguments are drawn: shapes, axes, dtypes by hypothesis, values by a seed."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

QUICK = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
DEEP = settings(QUICK, max_examples=60)


def run_draws(how, body):
    """``body(data)`` for as many draws as the settings say."""

    @how
    @given(st.data())
    def run(data):
        body(data)

    run()


class Draw:
    """Draws of one example; what a row of the call tables is given."""

    def __init__(self, data, single=True):
        self._data = data
        self._rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
        # One dtype for a whole call: float32 now and then.
        single = single and data.draw(st.integers(0, 3)) == 0
        self.dtype = np.dtype(np.float32 if single else np.float64)

    def pick(self, *choices):
        return self._data.draw(st.sampled_from(choices))

    def integer(self, low, high):
        return self._data.draw(st.integers(low, high))

    def shape(self, low=0, high=3, side=1):
        """A shape of ``low`` to ``high`` axes, each of ``side`` to 4."""
        ndim = self.integer(low, high)
        return tuple(self.integer(side, 4) for _ in range(ndim))

    def array(self, *shape, low=-2.0, high=2.0):
        """Values between ``low`` and ``high``; of no shape: of a drawn one."""
        if len(shape) == 1 and isinstance(shape[0], tuple):
            (shape,) = shape
        return self._rng.uniform(low, high, shape).astype(self.dtype)

    def apart(self, *shape):
        """Values with no two near each other, for what has kinks at ties."""
        values = np.linspace(-2.0, 2.0, max(int(np.prod(shape)), 1))
        mixed = self._rng.permutation(values) + 0.01
        return mixed.reshape(shape).astype(self.dtype)

    def mask(self, *shape):
        return self._rng.random(shape) < 0.5

    def indices(self, high, *shape):
        return self._rng.integers(0, high, shape)

    def axis(self, ndim, none=True):
        """None or one axis, from either end."""
        choices = [*range(-ndim, ndim)]
        return self.pick(*([None] if none or not ndim else []), *choices)

    def axes(self, ndim):
        """None, one axis or a tuple of them."""
        pairs = [(i, j) for i in range(ndim) for j in range(ndim) if i != j]
        return self.pick(None, *range(-ndim, ndim), *pairs[:4])

    def pair(self, low=(-2.0, -2.0), high=(2.0, 2.0)):
        """Two arrays whose shapes broadcast."""
        whole = self.shape(0, 3)
        shapes = [whole, whole]
        cut = self.integer(0, 1)
        part = whole[self.integer(0, len(whole)) :]
        shapes[cut] = tuple(1 if self.integer(0, 3) == 0 else n for n in part)
        return tuple(
            self.array(s, low=a, high=b)
            for s, a, b in zip(shapes, low, high, strict=True)
        )

    def square(self, batch=True, high=3):
        """A well-conditioned matrix, now and then a stack of them."""
        n = self.integer(1, high)
        stack = self.shape(0, 1) if batch else ()
        noise = self.array((*stack, n, n), low=-0.4, high=0.4)
        spread = np.diag(np.arange(1, n + 1)).astype(self.dtype)
        return noise + spread
