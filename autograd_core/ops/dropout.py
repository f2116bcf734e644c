"""Dropout: its mask is a function of a key, so backward draws the same one again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import constant, empty, flat, launch
from autograd_core.op import primitive
from autograd_core.ops.broadcasting import floats
from autograd_core.samples import Arg, sample
from autograd_kernels import dropout as k

KEY = Arg((2,), kind="key")


def _backward(
    g: Array,
    needs: Sequence[bool],
    out: None,
    residuals: tuple[()],
    x: Any,
    key: Array,
    p: float = 0.5,
) -> list[Array | None]:
    gx = empty(g.shape, g.dtype)
    launch(k.dropout, g.size, key, _probability(g.dtype, p), flat(g), gx.ravel())
    return [gx, None]


@primitive(
    lambda g, y, x, key, p=0.5: dropout(g, key, p=p),
    None,
    backward=_backward,
    saves="key",
    samples=(
        sample((6, 4), KEY),
        sample((6, 4), KEY, p=0.1),
        sample((3, 4, 9), KEY, p=0.9),
        sample((6, 4), KEY, p=0.0),
    ),
)
def dropout(x: Any, key: Any, *, p: float = 0.5) -> Any:
    """0 with probability ``p``, else ``x / (1 - p)``; what is dropped is 0 even if NaN.

    key: uint64 (2,), see `random.Generator.draw`; each element's fate follows from the
    key and its place alone. Raises ValueError for p outside [0, 1).
    """
    x = floats(x)
    if np.shape(key) != (2,) or key.dtype != np.uint64:
        raise ValueError("expected a key of two uint64, see random.Generator.draw")
    out = empty(x.shape, x.dtype)
    launch(k.dropout, x.size, key, _probability(x.dtype, p), flat(x), out.ravel())
    return out


@lru_cache(256)
def _probability(dtype: Any, p: float) -> Array:
    """``p`` as a kernel reads it; ValueError unless it is below 1 in ``dtype``."""
    if not 0.0 <= p < 1.0 or dtype.type(p) == 1:
        raise ValueError(f"expected a probability p in [0, 1), got {p}")
    return constant([p], dtype)
