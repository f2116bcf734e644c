"""Several arrays as one, which is what a host call gives and an op returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_core.hooks import Array
from autograd_core.ops.shape import astype, reshape
from autograd_core.tape import FLOATS, TensorBase

ALIGN = 64  # bytes


class Wanted(NamedTuple):
    """An input that needs a gradient: its number among arrays, and among arguments."""

    place: int
    argument: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Shapes(NamedTuple):
    """What a forward gave: shapes and dtypes, and whether as a tuple."""

    several: bool
    each: tuple[tuple[tuple[int, ...], str], ...]

    def __repr__(self) -> str:
        texts = [f"shape {shape} {dtype}" for shape, dtype in self.each]
        return f"({', '.join(texts)})" if self.several else texts[0]


# Outputs -----------------------------------------------------------------------------


def outputs(given: Any, dtype: Any, who: str) -> list[Array]:
    """What a forward returned, as arrays of float32 or float64."""
    if not isinstance(given, tuple):
        return [_output(given, dtype, who)]
    if not given:
        raise TypeError(f"{who} returned an empty tuple; expected at least one array")
    return [_output(x, dtype, f"{who}, output {i},") for i, x in enumerate(given)]


def _output(x: Any, dtype: Any, who: str) -> Array:
    if isinstance(x, TensorBase):
        if x._requires_grad:
            raise TypeError(
                f"{who} returned a Tensor that requires grad, which comes of something "
                "that it closes over; pass that as an argument, or detach() it"
            )
        x = x._data
    if type(x) is float:
        return np.asarray(x, dtype)
    if not isinstance(x, np.ndarray | np.generic):
        raise TypeError(
            f"{who} must return an array (or a tuple of arrays), got {type(x).__name__}"
        )
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{who} returned a masked array; fill it first: x.filled(0)")
    if x.dtype not in FLOATS:
        hint = "; convert it with .astype(np.float64)" if x.dtype.kind in "biuf" else ""
        raise TypeError(f"{who} must return float32 or float64, got {x.dtype}{hint}")
    return np.asarray(x)


def shapes_of(outs: Sequence[Array], several: bool) -> Shapes:
    """What a forward gave."""
    return Shapes(several, tuple((x.shape, x.dtype.name) for x in outs))


def packed(outs: Sequence[Array], shapes: Shapes) -> Array:
    """Outputs as one array: the only one, or all in a row."""
    if not shapes.several:
        return outs[0]
    return np.concatenate([x.reshape(-1) for x in outs])


def apart(x: Any, shapes: Shapes) -> Any:
    """What was packed: an array or Tensor, or a tuple of these."""
    if not shapes.several:
        return x
    found, start = [], 0
    for shape, dtype in shapes.each:
        size = int(np.prod(shape))
        part = x[start : start + size]
        start += size
        part = reshape(part, shape=shape)
        found.append(
            part if part.dtype == dtype else astype(part, dtype=np.dtype(dtype))
        )
    return tuple(found)


# Cotangents --------------------------------------------------------------------------


def cotangents(
    given: Any,
    wanted: Sequence[Wanted],
    args: Sequence[Any],
    who: str,
    tensors: bool = False,
) -> list[Any]:
    """What a backward returned for the wanted inputs, each as it must be, or None."""
    if isinstance(given, list) and all(map(_is_cotangent, given)):
        given = tuple(given)
    if not isinstance(given, tuple):
        given = (given,)
    last = max((w.argument for w in wanted), default=-1)
    if len(given) > len(args) or last >= len(given):
        raise ValueError(
            f"{who} must give a cotangent for each of {len(args)} inputs (None for "
            f"none), got {len(given)}"
        )
    kind = _tensor if tensors else _array
    return [kind(given[w.argument], w, f"{who}, input {w.argument}:") for w in wanted]


def _is_cotangent(x: Any) -> bool:
    return x is None or isinstance(x, np.ndarray | np.generic | TensorBase)


def _array(given: Any, like: Wanted, who: str) -> Array | None:
    if given is None:
        return None
    if isinstance(given, TensorBase):
        given = given._data
    if not isinstance(given, np.ndarray | np.generic | float | int):
        raise TypeError(
            f"{who} expected an array of shape {like.shape} and dtype {like.dtype} "
            f"or None, got {type(given).__name__}"
        )
    array = np.asarray(given)
    _check(array, like, who, type(given) in (float, int))
    return array.astype(like.dtype, copy=False)


def _tensor(given: Any, like: Wanted, who: str) -> Any:
    if not isinstance(given, TensorBase):
        return _array(given, like, who)
    _check(given, like, who, False)
    return given


def _check(x: Any, like: Wanted, who: str, weak: bool) -> None:
    """Raise unless x has the shape of an input, and a dtype that can become its."""
    want = f"expected shape {like.shape} and dtype {like.dtype}"
    if x.shape != like.shape:
        hint = (
            "; sum over the axes that were broadcast"
            if x.ndim >= len(like.shape)
            else ""
        )
        raise ValueError(f"{who} {want}, got shape {x.shape}{hint}")
    if not weak and x.dtype != like.dtype:
        raise TypeError(
            f"{who} {want}, got dtype {x.dtype}; convert it: .astype(x.dtype)"
        )


def as_bytes(arrays: Sequence[Array]) -> Array:
    """Arrays of any dtypes in one of bytes."""
    starts, size = _starts([a.nbytes for a in arrays])
    memory = np.zeros(size, np.uint8)
    for array, start in zip(arrays, starts, strict=True):
        memory[start : start + array.nbytes] = (
            np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        )
    return memory


def from_bytes(memory: Array, like: Sequence[Wanted]) -> list[Array]:
    """The arrays in it."""
    sizes = [int(np.prod(w.shape)) * w.dtype.itemsize for w in like]
    starts, _ = _starts(sizes)
    return [
        memory[start : start + size].view(w.dtype).reshape(w.shape)
        for w, start, size in zip(like, starts, sizes, strict=True)
    ]


def _starts(sizes: Sequence[int]) -> tuple[list[int], int]:
    starts, at = [], 0
    for size in sizes:
        starts.append(at)
        at += -(-size // ALIGN) * ALIGN
    return starts, at
