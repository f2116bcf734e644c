"""Windows that slide, of `numpy.lib.stride_tricks`: see `numpy_functions`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.numpy_functions.arguments import operand
from autograd_core.numpy_functions.indexing import take
from autograd_core.numpy_functions.shapes import moveaxis
from autograd_core.ops.folding import dims, single


def sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    """See `numpy.lib.stride_tricks.sliding_window_view`; a copy."""
    x, lengths = operand(x), dims(window_shape)
    ndim = len(x.shape)
    axes = tuple(range(ndim)) if axis is None else dims(axis)
    if len(axes) != len(lengths):
        raise ValueError(
            f"sliding_window_view: {len(lengths)} lengths for {len(axes)} axes"
        )
    for one, length in zip(axes, lengths, strict=True):
        at = single(one, ndim)
        count = x.shape[at] - length + 1
        if length < 0 or count < 1:
            raise ValueError(
                f"sliding_window_view: a window of {length} on an axis of {x.shape[at]}"
            )
        places = np.arange(count)[:, None] + np.arange(length)
        x = moveaxis(take(x, places, at), at + 1, -1)
    return x
