"""Products and parts of matrices as `numpy.linalg` has them: see `numpy_functions`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from autograd_core.numpy_functions.arguments import bare, operand
from autograd_core.ops import decompositions as d
from autograd_core.ops import elementwise as e
from autograd_core.ops import linalg as la
from autograd_core.ops import matmul as mm
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.ops.folding import dims, single, whole

# Products ----------------------------------------------------------------------------


def matrix_power(a: Any, n: Any) -> Any:
    """See `numpy.linalg.matrix_power`."""
    a, n = operand(a), whole(n)
    la.square("matrix_power", a)
    if n == 0:
        zeros = s.full_like(a, fill_value=0)
        return e.add(zeros, np.eye(a.shape[-1], dtype=a.dtype))
    if n < 0:
        a, n = la.inv(a), -n
    result = None
    while True:
        n, odd = divmod(n, 2)
        if odd:
            result = a if result is None else mm.matmul(result, a)
        if not n:
            return result
        a = mm.matmul(a, a)


def multi_dot(arrays: Any) -> Any:
    """See `numpy.linalg.multi_dot`: in the order that takes the fewest products."""
    xs = [operand(x) for x in arrays]
    if len(xs) < 2:
        raise ValueError("Expecting at least two arrays.")
    ends = [len(xs[0].shape) == 1, len(xs[-1].shape) == 1]
    if ends[0]:
        xs[0] = la.row(xs[0])
    if ends[1]:
        xs[-1] = la.column(xs[-1])
    for x in xs:
        if len(x.shape) != 2:
            raise LinAlgError(
                f"multi_dot: {len(x.shape)}-dimensional array given. Array must be "
                "two-dimensional"
            )
    lengths = (*(x.shape[0] for x in xs), xs[-1].shape[1])
    out = _chained(xs, _splits(lengths), 0, len(xs) - 1)
    kept = [n for n, gone in zip(out.shape, ends, strict=True) if not gone]
    return s.reshape(out, shape=tuple(kept)) if any(ends) else out


def _splits(lengths: tuple[int, ...]) -> dict[tuple[int, int], int]:
    """Where to cut each chain: Cormen et al., Introduction to Algorithms, 15.2."""
    count = len(lengths) - 1
    costs: dict[tuple[int, int], int] = {(i, i): 0 for i in range(count)}
    splits = {}
    for size in range(1, count):
        for i in range(count - size):
            j = i + size
            ends = lengths[i] * lengths[j + 1]
            costs[i, j], splits[i, j] = min(
                (costs[i, k] + costs[k + 1, j] + ends * lengths[k + 1], k)
                for k in range(i, j)
            )
    return splits


def _chained(xs: list[Any], splits: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return xs[i]
    k = splits[i, j]
    return mm.matmul(_chained(xs, splits, i, k), _chained(xs, splits, k + 1, j))


def matmul(x1: Any, x2: Any, /) -> Any:
    """See `numpy.linalg.matmul`."""
    return mm.matmul(operand(x1), operand(x2))


def outer(x1: Any, x2: Any, /) -> Any:
    """See `numpy.linalg.outer`."""
    x1, x2 = operand(x1), operand(x2)
    if len(x1.shape) != 1 or len(x2.shape) != 1:
        raise ValueError(
            "Input arrays must be one-dimensional, but they are "
            f"x1.ndim={len(x1.shape)} and x2.ndim={len(x2.shape)}."
        )
    return e.mul(la.column(x1), x2)


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """See `numpy.linalg.tensordot`."""
    x1, x2 = operand(x1), operand(x2)
    m, n = len(x1.shape), len(x2.shape)
    if np.ndim(axes) == 0 and not isinstance(axes, tuple | list):
        count = whole(axes)
        left, right = tuple(range(m - count, m)), tuple(range(count))
    else:
        left, right = (
            tuple(single(i, k) for i in dims(given))
            for given, k in zip(axes, (m, n), strict=True)
        )
    if [x1.shape[i] for i in left] != [x2.shape[i] for i in right]:
        raise ValueError(f"shape-mismatch for sum: {x1.shape} and {x2.shape}")
    over = math.prod(x1.shape[i] for i in left)
    rows = tuple(i for i in range(m) if i not in left)
    cols = tuple(i for i in range(n) if i not in right)
    shapes = tuple(x1.shape[i] for i in rows), tuple(x2.shape[i] for i in cols)
    counts = [math.prod(shape) for shape in shapes]
    a = s.reshape(s.transpose(x1, axes=rows + left), shape=(counts[0], over))
    b = s.reshape(s.transpose(x2, axes=right + cols), shape=(over, counts[1]))
    return s.reshape(mm.matmul(a, b), shape=shapes[0] + shapes[1])


def vecdot(x1: Any, x2: Any, /, *, axis: Any = -1) -> Any:
    """See `numpy.linalg.vecdot`; the first is conjugated."""
    x1, x2 = operand(x1), operand(x2)
    x1, x2 = (_last(x, axis) for x in (x1, x2))
    if x1.shape[-1] != x2.shape[-1]:
        raise ValueError(f"vecdot: shapes {x1.shape} and {x2.shape} do not fit")
    return r.sum(e.mul(la.conj(x1), x2), axis=-1)


def _last(x: Any, axis: Any) -> Any:
    axis, ndim = single(axis, len(x.shape)), len(x.shape)
    order = (*(i for i in range(ndim) if i != axis), axis)
    return x if axis == ndim - 1 else s.transpose(x, axes=order)


def cross(x1: Any, x2: Any, /, *, axis: Any = -1) -> Any:
    """See `numpy.linalg.cross`."""
    x1, x2 = operand(x1), operand(x2)
    one, two = (_last(x, axis) for x in (x1, x2))
    if one.shape[-1] != 3 or two.shape[-1] != 3:
        raise ValueError(
            "Both input arrays must be (arrays of) 3-dimensional vectors, but they are "
            f"{one.shape[-1]} and {two.shape[-1]} dimensional instead."
        )
    parts = []
    for i, j in ((1, 2), (2, 0), (0, 1)):
        a, b, f, g = (d.columns(x, k, k + 1) for k in (i, j) for x in (one, two))
        parts.append(e.sub(e.mul(a, g), e.mul(f, b)))
    out = s.concatenate(*parts, axis=-1)
    place = single(axis, len(out.shape))
    order = list(range(len(out.shape) - 1))
    order.insert(place, len(out.shape) - 1)
    return s.transpose(out, axes=tuple(order))


# Parts of matrices -------------------------------------------------------------------


def matrix_transpose(x: Any, /) -> Any:
    """See `numpy.linalg.matrix_transpose`."""
    x = operand(x)
    if len(x.shape) < 2:
        raise ValueError(f"matrix_transpose: expected at least 2 axes, got {x.shape}")
    return la.turned(x)


def diagonal(x: Any, /, *, offset: Any = 0) -> Any:
    """See `numpy.linalg.diagonal`."""
    x = operand(x)
    if len(x.shape) < 2:
        raise ValueError("diag requires an array of at least two dimensions")
    return la.diagonal(x, whole(offset))


def trace(x: Any, /, *, offset: Any = 0, dtype: Any = None) -> Any:
    """See `numpy.linalg.trace`."""
    x = diagonal(x, offset=offset)
    if dtype is not None:
        x = s.astype(x, dtype=s.native(dtype))
    return r.sum(x, axis=-1)


def matrix_rank(
    A: Any,  # noqa: N803
    tol: Any = None,
    hermitian: Any = False,
    *,
    rtol: Any = None,
) -> Any:
    """See `numpy.linalg.matrix_rank`; NumPy's own result, without a gradient."""
    return np.linalg.matrix_rank(bare(A), bare(tol), hermitian, rtol=bare(rtol))
