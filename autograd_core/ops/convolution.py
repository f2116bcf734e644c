"""Convolution of two sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.launch import host
from autograd_core.op import primitive
from autograd_core.ops.broadcasting import unbroadcast
from autograd_core.ops.shape import getitem
from autograd_core.samples import sample


def _overlap(g: Any, x: Any, other: Any) -> Any:
    """The cotangent of ``x``: ``g`` correlated with the other sequence."""
    turned = getitem(other, index=slice(None, None, -1))
    start = other.shape[0] - 1
    whole = convolve(g, turned)
    part = getitem(whole, index=slice(start, start + x.shape[0]))
    return unbroadcast(part, x)


@primitive(
    lambda g, y, a, v: _overlap(g, a, v),
    lambda g, y, a, v: _overlap(g, v, a),
    saves=("v", "a"),
    samples=(sample((5,), (3,), least=1), sample((2,), (4,), least=1)),
)
def convolve(a: Any, v: Any) -> Any:
    """All ``sum(a[i] * v[k - i])`` of two sequences, len(a) + len(v) - 1 of them."""
    a, v = np.asarray(a), np.asarray(v)
    if a.ndim != 1 or v.ndim != 1 or not a.size or not v.size:
        raise ValueError(
            f"expected sequences that are not empty, got shapes {a.shape} and {v.shape}"
        )
    return host(np.convolve, a, v)
