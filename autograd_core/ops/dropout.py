"""Dropout: its mask is a function of a key, so backward draws the same one again."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.launch import const, empty, flat, launch
from autograd_core.op import Arg, primitive, sample
from autograd_core.ops.elementwise import floats
from autograd_kernels import dropout as k

KEY = Arg((2,), kind="key")


@primitive(
    lambda g, y, x, key, p=0.5: dropout(g, key, p=p),
    None,
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
    if not 0.0 <= p < 1.0 or x.dtype.type(p) == 1:
        raise ValueError(f"expected a probability p in [0, 1), got {p}")
    if np.shape(key) != (2,) or key.dtype != np.uint64:
        raise ValueError("expected a key of two uint64, see random.Generator.draw")
    out = empty(x.shape, x.dtype)
    rate = const(p, x.dtype).reshape(1)
    launch(k.dropout, x.size, key, rate, flat(x), out.reshape(-1))
    return out
