"""Layers that only look at their input."""

from __future__ import annotations

import math
from typing import Any

from autograd_core.nn import check
from autograd_core.nn.module import Layer
from autograd_core.ops.shape import reshape
from autograd_core.tensor import Tensor


class Identity(Layer):
    """What goes in comes out; takes and ignores any settings, as a placeholder."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        del args, kwargs

    def forward(self, x: Tensor) -> Tensor:
        return x


class Flatten(Layer):
    """Make one of the axes ``start_dim`` to ``end_dim``: (N, a, b) to (N, a * b).

    Gives a view where the layout allows it; raises ValueError for an axis that is not
    there, TypeError for one that is no integer.

    >>> import numpy as np
    >>> from autograd_core import nn
    >>> nn.Flatten()(np.zeros((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = check.integer("Flatten: start_dim", start_dim)
        self.end_dim = check.integer("Flatten: end_dim", end_dim)

    def forward(self, x: Tensor) -> Tensor:
        """A view where the layout allows it; ValueError if an axis is not there."""
        return flatten(x, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


def flatten(x: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """See `Flatten`; a number becomes a vector of one."""
    shape = x.shape or (1,)
    first, last = (_axis(dim, len(shape)) for dim in (start_dim, end_dim))
    if first > last:
        raise ValueError(f"start_dim {start_dim} comes after end_dim {end_dim}")
    size = math.prod(shape[first : last + 1])
    flat = (*shape[:first], size, *shape[last + 1 :])
    return reshape(x, shape=flat)


def _axis(dim: int, ndim: int) -> int:
    if not -ndim <= dim < ndim:
        raise ValueError(f"axis {dim} is out of range for {ndim} dimensions")
    return dim % ndim
