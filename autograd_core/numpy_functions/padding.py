"""`numpy.pad`: see `numpy_functions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd_core.launch import host
from autograd_core.numpy_functions import reductions, sorting
from autograd_core.numpy_functions.arguments import bare, operand, plain
from autograd_core.numpy_functions.creation import linspace
from autograd_core.numpy_functions.indexing import take
from autograd_core.numpy_functions.joining import concatenate
from autograd_core.ops import elementwise as e
from autograd_core.ops import shape as s

# By mode, the settings that it takes, and what they are if not given.
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "constant": {"constant_values": 0},
    "edge": {},
    "empty": {},
    "linear_ramp": {"end_values": 0},
    "maximum": {"stat_length": None},
    "mean": {"stat_length": None},
    "median": {"stat_length": None},
    "minimum": {"stat_length": None},
    "reflect": {"reflect_type": "even"},
    "symmetric": {"reflect_type": "even"},
    "wrap": {},
}


_numpys_pad: Any = np.pad  # its stubs know modes as literals


def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """See `numpy.pad`; ``mode`` is a name, and "empty" pads by zeros."""
    x, setting = operand(array), _setting(mode, kwargs)
    widths = _widths(pad_width, len(x.shape))
    if mode in ("constant", "empty") and _is_zero(setting):
        return _among_zeros(x, widths)
    if mode in ("constant", "linear_ramp"):
        setting = operand(setting)
        setting = s.broadcast_to(setting, shape=(len(x.shape), 2))
    elif setting is not None and not isinstance(setting, str):
        setting = np.broadcast_to(bare(setting), (len(x.shape), 2))
    for axis, sides in enumerate(widths):
        if any(sides):
            x = _padded(x, axis, sides, mode, setting)
    return x


def _setting(mode: Any, given: dict[str, Any]) -> Any:
    """The one setting that a mode has."""
    if callable(mode):
        raise TypeError("pad: a function as mode writes in place; pad t.numpy()")
    if mode not in SETTINGS:
        raise ValueError(f"pad: mode {mode!r} is not supported")
    known = SETTINGS[mode]
    if unknown := set(given) - set(known):
        raise ValueError(f"pad: mode {mode!r} takes no {', '.join(sorted(unknown))}")
    ((_, value),) = {**known, **given}.items() if known else ((None, None),)
    return value


def _widths(given: Any, ndim: int) -> list[tuple[int, int]]:
    """By axis, how many elements come before and after."""
    if isinstance(given, dict):
        by_axis: list[Any] = [(0, 0)] * ndim
        for axis, sides in given.items():
            by_axis[axis] = np.broadcast_to(sides, 2)
        given = by_axis or np.zeros((0, 2), int)
    array = np.asarray(bare(given))
    if array.dtype.kind not in "iu":
        raise TypeError("pad: pad_width must be of integers")
    if array.size and array.min() < 0:
        raise ValueError("pad: pad_width can't contain negative values")
    return [(int(a), int(b)) for a, b in np.broadcast_to(array, (ndim, 2))]


def _is_zero(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and value == 0)


def _among_zeros(x: Any, widths: list[tuple[int, int]]) -> Any:
    lengths = list(zip(x.shape, widths, strict=True))
    index = tuple(slice(low, low + n) for n, (low, _) in lengths)
    return s.scatter(x, index=index, shape=tuple(n + a + b for n, (a, b) in lengths))


def _padded(x: Any, axis: int, sides: tuple[int, int], mode: str, setting: Any) -> Any:
    """``x`` with one axis made longer."""
    n = x.shape[axis]
    if mode in ("edge", "reflect", "symmetric", "wrap"):
        if setting not in (None, "even"):
            return _odd(x, axis, sides, mode)
        return take(x, _numpys_pad(np.arange(n), sides, mode), axis)
    if not n and mode != "constant":
        raise ValueError(f"pad: axis {axis} is empty, mode {mode!r} takes from it")
    ends = []
    for side, width in enumerate(sides):
        shape = (*x.shape[:axis], width, *x.shape[axis + 1 :])
        if mode == "constant":
            value = s.astype(s.getitem(setting, index=(axis, side)), dtype=x.dtype)
        elif mode == "linear_ramp":
            ends.append(_ramp(x, axis, side, width, setting))
            continue
        else:
            length = None if setting is None else setting[axis, side]
            value = _statistic(x, axis, side, mode, length)
        ends.append(s.broadcast_to(value, shape=shape))
    return concatenate([ends[0], x, ends[1]], axis)


def _odd(x: Any, axis: int, sides: tuple[int, int], mode: str) -> Any:
    """Reflected at the edges, in value too: each is a sum of a few elements."""
    n = x.shape[axis]
    ones, both = np.eye(n, dtype=int), (sides, (0, 0))
    weights = _numpys_pad(ones, both, mode, reflect_type="odd")
    terms = []
    for column in range(np.count_nonzero(weights, 1).max(initial=0)):
        order = np.argsort(weights == 0, 1, kind="stable")[:, column]
        factor = np.take_along_axis(weights, order[:, None], 1)[:, 0]
        factor = factor.astype(x.dtype).reshape(-1, *(1,) * (len(x.shape) - axis - 1))
        terms.append(e.mul(take(x, order, axis), factor))
    out = terms[0]
    for term in terms[1:]:
        out = e.add(out, term)
    return out


def _ramp(x: Any, axis: int, side: int, width: int, ends: Any) -> Any:
    """From the edge down to the value that stands at the far end."""
    before = (slice(None),) * axis
    edge = s.getitem(x, index=(*before, -side))
    end = s.broadcast_to(s.getitem(ends, index=(axis, side)), shape=edge.shape)
    ramp = linspace(end, edge, width, endpoint=False, dtype=x.dtype, axis=axis)
    turned = (*before, slice(None, None, -1))
    return s.getitem(ramp, index=turned) if side else ramp


def _statistic(x: Any, axis: int, side: int, mode: str, length: Any) -> Any:
    """The mean (or such) of the elements at one side of an axis; it is kept."""
    n = x.shape[axis]
    if length is not None:
        length = min(int(length), n)
        if length < 1:
            raise ValueError(f"pad: stat_length of {length} is no length")
        part = slice(n - length, n) if side else slice(0, length)
        x, n = s.getitem(x, index=(*(slice(None),) * axis, part)), length
    if mode in ("maximum", "minimum"):
        reduce = reductions.max if mode == "maximum" else reductions.min
        return reduce(x, axis, keepdims=True)
    if mode == "median":
        middle = [(n - 1) // 2, n // 2]
        values = take(sorting.sort(x, axis), middle, axis)
    else:
        values = x
    out = reductions.mean(values, axis, keepdims=True)
    if x.dtype.kind in "iub":
        out = host(np.round, plain(out))
    return out if out.dtype == x.dtype else s.astype(out, dtype=x.dtype)
