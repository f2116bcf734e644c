"""How operands meet: shapes, dtypes and scalars as NumPy has them, one launch each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import (
    FLOATS,
    const,
    constant,
    contiguous,
    copy_into,
    empty,
    flat,
    host,
    launch,
)
from autograd_core.ops.shape import astype, sum_to
from autograd_core.tape import COMPLEX, is_numeric


@lru_cache(4096)
def geometry(
    a: tuple[int, ...], b: tuple[int, ...]
) -> tuple[tuple[int, ...], Array | None]:
    """Shape of the result and ``[cols, a_row, a_col, b_row, b_col]`` for a kernel.

    None instead of strides where two axes of rows and columns cannot describe how
    the operands repeat, as in (3, 1, 5) with (1, 4, 1).
    """
    try:
        shape = np.broadcast_shapes(a, b)
    except ValueError:
        raise ValueError(f"operands of shapes {a} and {b} do not broadcast") from None
    full_a = (1,) * (len(shape) - len(a)) + a
    full_b = (1,) * (len(shape) - len(b)) + b
    runs: list[tuple[int, bool, bool]] = []  # (length, a moves, b moves), merged
    for n, na, nb in zip(shape, full_a, full_b, strict=True):
        if n == 1:
            continue
        moves = (na != 1, nb != 1)
        if runs and runs[-1][1:] == moves:
            runs[-1] = (runs[-1][0] * n, *moves)
        else:
            runs.append((n, *moves))
    if len(runs) > 2:
        return shape, None
    if len(runs) < 2:
        runs.insert(0, (1, False, False))
    if len(runs) < 2:
        runs.append((1, False, False))
    _, (cols, a_col, b_col) = runs
    a_row, b_row = (
        (cols if col else 1) if row else 0
        for row, col in ((runs[0][1], a_col), (runs[0][2], b_col))
    )
    strides = [max(cols, 1), a_row, int(a_col), b_row, int(b_col)]
    return shape, np.array(strides, np.int64)


def operands(a: Any, b: Any) -> tuple[Array, Array]:
    """Two operands as arrays of one dtype; Python scalars are weak, as in NumPy."""
    a_array, b_array = isinstance(a, np.ndarray), isinstance(b, np.ndarray)
    if a_array and b_array and a.dtype == b.dtype:
        return a, b
    if a_array and type(b) is float and a.dtype in FLOATS:
        return a, const(b, a.dtype)
    a = a if a_array or isinstance(a, int | float | complex) else np.asarray(a)
    b = b if b_array or isinstance(b, int | float | complex) else np.asarray(b)
    dtype = np.result_type(a, b)
    return as_dtype(a, dtype), as_dtype(b, dtype)


def is_float(x: Any) -> bool:
    """Whether ``x`` makes a result floating, if only by being a Python float."""
    return isinstance(x, float) or (isinstance(x, np.ndarray) and x.dtype in FLOATS)


def is_complex(x: Any) -> bool:
    """Whether ``x`` is complex, be it an array or a number."""
    return x.dtype in COMPLEX if isinstance(x, np.ndarray) else type(x) is complex


def as_dtype(x: Any, dtype: np.dtype[Any]) -> Array:
    """``x`` in ``dtype``: a shared constant for a Python scalar, a cast if needed."""
    if isinstance(x, np.ndarray):
        return x if x.dtype == dtype else astype.forward(x, dtype=dtype)
    if type(x) is complex:
        return constant(x, dtype)  # 1-0j == 1+0j as keys
    return const(x, dtype)


def expanded(x: Array, shape: tuple[int, ...]) -> Array:
    """``x`` broadcast to ``shape`` as contiguous memory."""
    if x.shape == shape:
        return x
    out = empty(shape, x.dtype)
    copy_into(np.broadcast_to(x, shape), out)
    return out


def binary(kernel: Any, ufunc: Any, a: Any, b: Any, dtype: Any = None) -> Array:
    """Run a broadcasting kernel; NumPy's own function where the data are not floats."""
    if is_complex(a) or is_complex(b) or not (is_float(a) or is_float(b)):
        for x in (a, b):
            if isinstance(x, np.ndarray) and not is_numeric(x.dtype):
                raise TypeError(f"cannot compute with dtype {x.dtype}")
        geometry(np.shape(a), np.shape(b))  # for its error
        return host(ufunc, a, b)
    a, b = operands(a, b)
    shape, strides = geometry(a.shape, b.shape)
    if strides is None:
        a, b = expanded(a, shape), expanded(b, shape)
        _, strides = geometry(shape, shape)
    out = empty(shape, dtype or a.dtype)
    launch(kernel, out.size, strides, flat(a), flat(b), out.ravel())
    return out


def unary(kernel: Any, x: Any, ufunc: Any = None) -> Array:
    """Run a kernel over the elements of ``x``; integers become float64, as in NumPy.

    Complex numbers go to NumPy's ``ufunc``, if there is one.
    """
    if ufunc is not None and is_complex(x):
        return host(ufunc, x)
    x = floats(x)
    out = empty(x.shape, x.dtype)
    launch(kernel, x.size, flat(x), out.ravel())
    return out


def hosted(ufunc: Any, args: Sequence[Any], integers: bool = False) -> Array:
    """NumPy's own ``ufunc`` of arrays and weak numbers, for what has no kernel."""
    if len(args) == 1 and is_float(x := args[0]):
        return host(ufunc, contiguous(np.asarray(x)))
    given = [
        x if isinstance(x, np.ndarray | int | float | complex) else np.asarray(x)
        for x in args
    ]
    if not integers and not any(map(is_float, given)):
        given = [inexact(x) for x in given]
    shape: tuple[int, ...] = ()
    for x in given:
        shape, _ = geometry(shape, np.shape(x))  # for its error
    # in one layout: NumPy's loops for others round otherwise, some of them
    dense = [contiguous(x) if isinstance(x, np.ndarray) else x for x in given]
    return host(ufunc, *dense)


def inexact(x: Any) -> Array:
    """``x`` as an array of float32, float64, complex64 or complex128."""
    x = np.asarray(x)
    return x if x.dtype.kind == "c" else floats(x)


def floats(x: Any) -> Array:
    """``x`` as an array of float32 or float64."""
    if not isinstance(x, np.ndarray):
        x = np.asarray(x)
    if x.dtype in FLOATS:
        return x
    if x.dtype.kind not in "biu":
        raise TypeError(f"expected float32 or float64, got dtype {x.dtype}")
    out: Array = astype.forward(x, dtype=np.float64)
    return out


def unbroadcast(g: Any, like: Any) -> Any:
    """The cotangent of an operand that was broadcast (or promoted) to g's shape.

    ``like`` has the operand's shape and dtype; None stands for those of ``g``.
    """
    if like is None:
        return g
    if g.shape != like.shape:
        g = sum_to(g, shape=like.shape)
    return g if g.dtype == like.dtype else astype(g, dtype=like.dtype)
