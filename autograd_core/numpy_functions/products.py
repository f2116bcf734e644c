"""Products: see `numpy_functions`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.numpy_functions.arguments import operand
from autograd_core.numpy_functions.joining import stack
from autograd_core.numpy_functions.shapes import expand_dims, moveaxis, ravel
from autograd_core.ops import elementwise as e
from autograd_core.ops import matmul as mm
from autograd_core.ops import shape as s
from autograd_core.ops.folding import dims, single, whole


def dot(a: Any, b: Any) -> Any:
    """See `numpy.dot`."""
    a, b = operand(a), operand(b)
    if not len(a.shape) or not len(b.shape):
        return e.mul(a, b)
    if len(b.shape) > 2:
        return _contracted(a, b, (len(a.shape) - 1,), (len(b.shape) - 2,))
    return mm.matmul(a, b)


def inner(a: Any, b: Any, /) -> Any:
    """See `numpy.inner`."""
    a, b = operand(a), operand(b)
    if not len(a.shape) or not len(b.shape):
        return e.mul(a, b)
    return _contracted(a, b, (len(a.shape) - 1,), (len(b.shape) - 1,))


def vdot(a: Any, b: Any, /) -> Any:
    """See `numpy.vdot`."""
    return mm.matmul(_conjugate(ravel(a)), ravel(b))


def outer(a: Any, b: Any) -> Any:
    """See `numpy.outer`."""
    return e.mul(expand_dims(ravel(a), 1), ravel(b))


def _conjugate(x: Any) -> Any:
    return np.conjugate(x) if x.dtype.kind == "c" else x


# Products of vectors in the last axes, and of matrices with them ---------------------


def vecdot(x1: Any, x2: Any) -> Any:
    """See `numpy.vecdot`."""
    x1, x2 = (_with_vectors("vecdot", x, 1) for x in (x1, x2))
    out = mm.matmul(expand_dims(_conjugate(x1), -2), expand_dims(x2, -1))
    return s.reshape(out, shape=out.shape[:-2])


def matvec(x1: Any, x2: Any) -> Any:
    """See `numpy.matvec`."""
    x1, x2 = _with_vectors("matvec", x1, 2), _with_vectors("matvec", x2, 1)
    out = mm.matmul(x1, expand_dims(x2, -1))
    return s.reshape(out, shape=out.shape[:-1])


def vecmat(x1: Any, x2: Any) -> Any:
    """See `numpy.vecmat`."""
    x1, x2 = _with_vectors("vecmat", x1, 1), _with_vectors("vecmat", x2, 2)
    out = mm.matmul(expand_dims(_conjugate(x1), -2), x2)
    return s.reshape(out, shape=(*out.shape[:-2], out.shape[-1]))


def _with_vectors(name: str, x: Any, least: int) -> Any:
    x = operand(x)
    if len(x.shape) < least:
        raise ValueError(f"{name}: needs {least} axes, got shape {tuple(x.shape)}")
    return x


# Tensors -----------------------------------------------------------------------------


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """See `numpy.tensordot`."""
    a, b = operand(a), operand(b)
    na, nb = len(a.shape), len(b.shape)
    if not np.iterable(axes):
        n = whole(axes)
        if n > min(na, nb):
            raise ValueError(f"tensordot: {n} axes of shapes {a.shape} and {b.shape}")
        left, right = tuple(range(na - n, na)), tuple(range(n))
    else:
        pair = list(axes)
        if len(pair) != 2:
            raise ValueError(f"tensordot: expected axes of both operands, got {axes}")
        left, right = (
            tuple(single(i, n) for i in dims(one))
            for one, n in zip(pair, (na, nb), strict=True)
        )
    fits = len(left) == len(right) and all(
        a.shape[i] == b.shape[j] for i, j in zip(left, right, strict=True)
    )
    if not fits:
        raise ValueError(
            f"tensordot: axes {left} of shape {tuple(a.shape)} do not fit axes {right} "
            f"of shape {tuple(b.shape)}"
        )
    return _contracted(a, b, left, right)


def _contracted(a: Any, b: Any, left: Sequence[int], right: Sequence[int]) -> Any:
    """The product of all elements of both, summed over pairs of axes."""
    kept_a = [i for i in range(len(a.shape)) if i not in left]
    kept_b = [i for i in range(len(b.shape)) if i not in right]
    rows, columns = (
        tuple(x.shape[i] for i in kept) for x, kept in ((a, kept_a), (b, kept_b))
    )
    n = math.prod(a.shape[i] for i in left)
    if n != math.prod(b.shape[j] for j in right):
        raise ValueError(f"shapes {tuple(a.shape)} and {tuple(b.shape)} do not fit")
    a = s.transpose(a, axes=(*kept_a, *left))
    b = s.transpose(b, axes=(*right, *kept_b))
    a = s.reshape(a, shape=(math.prod(rows), n))
    b = s.reshape(b, shape=(n, math.prod(columns)))
    return s.reshape(mm.matmul(a, b), shape=(*rows, *columns))


def kron(a: Any, b: Any) -> Any:
    """See `numpy.kron`."""
    a, b = operand(a), operand(b)
    ndim = max(len(a.shape), len(b.shape))
    left, right = ((1,) * (ndim - len(x.shape)) + tuple(x.shape) for x in (a, b))
    a = s.reshape(a, shape=tuple(n for m in left for n in (m, 1)))
    b = s.reshape(b, shape=tuple(n for m in right for n in (1, m)))
    shape = tuple(m * n for m, n in zip(left, right, strict=True))
    return s.reshape(e.mul(a, b), shape=shape)


def cross(
    a: Any,
    b: Any,
    axisa: Any = -1,
    axisb: Any = -1,
    axisc: Any = -1,
    axis: Any = None,
) -> Any:
    """See `numpy.cross`; vectors of length 2 are taken too, as ever."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = moveaxis(operand(a), axisa, -1), moveaxis(operand(b), axisb, -1)
    sizes = a.shape[-1], b.shape[-1]
    if any(n not in (2, 3) for n in sizes):
        raise ValueError(f"cross: expected vectors of 2 or 3, got lengths {sizes}")
    (x1, y1, z1), (x2, y2, z2) = _components(a), _components(b)
    flat = _minus(_times(x1, y2), _times(y1, x2))
    if sizes == (2, 2):
        return flat
    parts = [
        _minus(_times(y1, z2), _times(z1, y2)),
        _minus(_times(z1, x2), _times(x1, z2)),
        flat,
    ]
    return moveaxis(stack(parts, -1), -1, axisc)


def _components(x: Any) -> list[Any]:
    """Three of them, None for a third that is not there."""
    parts = [s.getitem(x, index=(..., i)) for i in range(x.shape[-1])]
    return parts if len(parts) == 3 else [*parts, None]


def _times(a: Any, b: Any) -> Any:
    return None if a is None or b is None else e.mul(a, b)


def _minus(a: Any, b: Any) -> Any:
    if a is None:
        return e.neg(b)
    return a if b is None else e.sub(a, b)
