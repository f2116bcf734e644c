"""Order along the last axis: what sorted data and their quantiles are made of."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import host
from autograd_core.op import primitive
from autograd_core.ops.broadcasting import floats
from autograd_core.samples import Arg, sample


@primitive(
    None, saves="", samples=(sample(Arg((3, 4), kind="distinct")), sample(Arg((4,))))
)
def order(x: Any) -> Any:
    """Places (int64) that sort the last axis; NaN comes last, equals stay in order."""
    return host(lambda a: np.argsort(a, axis=-1, kind="stable"), np.asarray(x))


@primitive(
    lambda g, y, x, places: scatter_add(g, places, length=x.shape[-1]),
    None,
    saves=("places", ""),
    samples=(
        sample((3, 4), Arg((3, 5), 0, 4, "int"), least=1),
        sample((4,), Arg((6,), 0, 4, "int"), least=1),
    ),
)
def gather(x: Any, places: Any) -> Any:
    """``x[..., places[...]]``: elements of each row at that row's places."""
    return host(_picked, np.asarray(x), np.asarray(places))


def _picked(x: Array, places: Array) -> Array:
    return np.take_along_axis(x, places, -1)


@primitive(
    lambda g, y, x, places, length: gather(g, places),
    None,
    saves=("places", ""),
    samples=(
        sample((3, 5), Arg((3, 5), 0, 4, "int"), length=4, least=2),
        sample((6,), Arg((6,), 0, 4, "int"), length=4, least=2),
    ),
)
def scatter_add(x: Any, places: Any, *, length: int) -> Any:
    """The adjoint of `gather`: zeros, with ``x`` added at its places."""
    return host(lambda a, i: _placed(a, i, length), floats(x), np.asarray(places))


def _placed(x: Array, places: Array, length: int) -> Array:
    out = np.zeros((*x.shape[:-1], length), x.dtype)
    rows = np.indices(x.shape[:-1], sparse=True)
    np.add.at(out, (*(row[..., None] for row in rows), places), x)
    return out


@primitive(
    None,
    saves="",
    samples=(
        sample(
            Arg((3, 4), 1, 7, "int"), q=(0.25, 1.0), method="linear", dtype=np.float64
        ),
        sample(Arg((5,), 1, 7, "int"), q=(0.4,), method="hazen", dtype=np.float64),
    ),
)
def quantile_places(
    counts: Any, *, q: tuple[float, ...], method: str, dtype: Any = np.float64
) -> Any:
    """Where among so many sorted values quantiles lie: (..., quantiles).

    A half is half way between two values. Of none, they lie at 0.
    """
    return host(lambda n: _places(n, q, method, dtype), np.asarray(counts))


def _places(counts: Array, q: tuple[float, ...], method: str, dtype: Any) -> Array:
    out = np.zeros((*counts.shape, len(q)), dtype)
    for n in np.unique(counts):
        if n > 0:
            out[counts == n] = quantiles_of_whole(int(n), q, method)
    return out


@lru_cache(256)
def quantiles_of_whole(n: int, q: tuple[float, ...], method: str) -> Array:
    """Quantiles of 0, 1, ..., n - 1, the places of anybody's. Read only."""
    found: Array = np.quantile(np.arange(float(n)), q, method=method)  # type: ignore[call-overload]
    return found
