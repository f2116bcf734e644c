"""Systems and decompositions of `numpy.linalg`: see `numpy_functions`.

Vectors of decompositions have a gauge, see `autograd_core.ops.decompositions`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from autograd_core.hooks import recorder
from autograd_core.launch import host
from autograd_core.numpy_functions.arguments import MISSING, bare, operand, plain
from autograd_core.ops import complexes as c
from autograd_core.ops import decompositions as d
from autograd_core.ops import elementwise as e
from autograd_core.ops import linalg as la
from autograd_core.ops import matmul as mm
from autograd_core.ops import reduce as r
from autograd_core.ops import shape as s
from autograd_core.ops.folding import dims, whole
from autograd_core.tape import TensorBase


@cache
def _result(function: Callable[..., Any]) -> Callable[..., Any]:
    """The class of named tuples that a function of NumPy's returns."""
    return type(function(np.eye(1)))


def _triangle_of(UPLO: Any) -> bool:  # noqa: N803
    """Whether NumPy reads the upper triangle."""
    known = UPLO.upper() if isinstance(UPLO, str) else UPLO
    if known not in ("L", "U"):
        raise ValueError("UPLO argument must be 'L' or 'U'")
    return bool(known == "U")


def _matrices(name: str, a: Any) -> Any:
    a = operand(a)
    if len(a.shape) < 2:
        raise LinAlgError(
            f"{name}: {len(a.shape)}-dimensional array given. Array must be at least "
            "two-dimensional"
        )
    return a


# Systems -----------------------------------------------------------------------------


def inv(a: Any) -> Any:
    """See `numpy.linalg.inv`."""
    return la.inv(operand(a))


def pinv(
    a: Any, rcond: Any = None, hermitian: Any = False, *, rtol: Any = MISSING
) -> Any:
    """See `numpy.linalg.pinv`; one tolerance for all. Its rank must not change."""
    a = _matrices("pinv", a)
    if rcond is not None and rtol is not MISSING:
        raise ValueError("`rtol` and `rcond` can't be both set.")
    if rcond is None:
        rcond = 1e-15 if rtol is MISSING else rtol
    if rcond is None:
        rcond = max(a.shape[-2:]) * _precision(a)
    if np.ndim(rcond):
        raise TypeError("pinv: one tolerance for each matrix is not supported")
    return la.pinv(a, rtol=float(rcond), hermitian=bool(hermitian))


def _precision(a: Any) -> float:
    return float(np.finfo(a.dtype if a.dtype.kind in "fc" else np.float64).eps)


def solve(a: Any, b: Any) -> Any:
    """See `numpy.linalg.solve`; ``b`` is a vector only if it has one axis."""
    a, b = operand(a), operand(b)
    if len(b.shape) != 1:
        return la.solve(a, b)
    return s.getitem(la.solve(a, la.column(b)), index=(..., 0))


def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, Any, Any]:
    """See `numpy.linalg.lstsq`; by way of `pinv`. The rank has no gradient.

    Shapes in a compiled function cannot depend on values: there the rank is a Tensor,
    and a matrix of more rows than its rank, which is not of full rank, is an error.
    """
    a, b = operand(a), operand(b)
    if len(a.shape) != 2 or len(b.shape) not in (1, 2):
        raise LinAlgError("lstsq: expected a matrix, and a vector or a matrix")
    m, n = a.shape
    if m != b.shape[0]:
        raise LinAlgError("Incompatible dimensions")
    a, b = _in_one_dtype(a, b)
    least = float(np.finfo(np.float64).eps)  # NumPy computes float32 in float64
    rtol = least * max(m, n) if rcond is None else float(rcond)
    rtol = rtol if rtol >= 0 else least
    values = d.svdvals(a)
    some = e.greater(values, e.mul(d.columns(values, 0, 1), rtol))
    rank = s.astype(r.sum(some), dtype=np.int32)
    if recorder() is None:
        rank = bare(rank)[()]
    elif m > n:
        full = host(lambda rank: _full(rank, n), plain(rank))
        rank = rank.result_type(full) if isinstance(rank, TensorBase) else full
    x = mm.matmul(la.pinv(a, rtol=rtol), b)
    sizes = la.length(e.sub(b, mm.matmul(a, x)), axis=0)
    squares = s.reshape(e.square(sizes), shape=(-1,))
    if m <= n or (recorder() is None and rank != n):
        squares = s.getitem(squares, index=slice(0, 0))
    return x, squares, rank, values


def _full(rank: Any, n: int) -> Any:
    """``rank``, which must be ``n`` for there to be residuals."""
    if rank != n:
        raise LinAlgError(
            f"lstsq: the matrix has rank {rank} and {n} columns, so NumPy gives no "
            "residuals. A compiled function cannot change their shape; leave it eager"
        )
    return rank


def _in_one_dtype(a: Any, b: Any) -> tuple[Any, Any]:
    dtype = np.result_type(a.dtype, b.dtype)
    if dtype.kind not in "fc":
        dtype = np.dtype(np.float64)
    a, b = (x if x.dtype == dtype else s.astype(x, dtype=dtype) for x in (a, b))
    return a, b


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """See `numpy.linalg.tensorsolve`."""
    a, b = operand(a), operand(b)
    order = list(range(len(a.shape)))
    for axis in () if axes is None else dims(axes):
        order.remove(axis)
        order.append(axis)
    a = s.transpose(a, axes=tuple(order))
    shape = tuple(a.shape[len(b.shape) :])
    n = math.prod(shape)
    if math.prod(a.shape) != n * n:
        raise LinAlgError(
            "Input arrays must satisfy the requirement prod(a.shape[b.ndim:]) == "
            "prod(a.shape[:b.ndim])"
        )
    x = solve(s.reshape(a, shape=(n, n)), s.reshape(b, shape=(n,)))
    return s.reshape(x, shape=shape)


def tensorinv(a: Any, ind: Any = 2) -> Any:
    """See `numpy.linalg.tensorinv`."""
    a, ind = operand(a), whole(ind)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    left, right = tuple(a.shape[:ind]), tuple(a.shape[ind:])
    flat = s.reshape(a, shape=(math.prod(right), -1))
    return s.reshape(la.inv(flat), shape=right + left)


# Determinants and triangles ----------------------------------------------------------


def det(a: Any) -> Any:
    """See `numpy.linalg.det`; differentiated at singular matrices too, once."""
    return la.det(operand(a))


def slogdet(a: Any) -> Any:
    """See `numpy.linalg.slogdet`."""
    a = operand(a)
    return _result(np.linalg.slogdet)(la.signdet(a), la.logabsdet(a))


def cholesky(a: Any, /, *, upper: Any = False) -> Any:
    """See `numpy.linalg.cholesky`; the gradient is that of the triangle it reads."""
    return la.cholesky(operand(a), in_upper=bool(upper))


# Decompositions ----------------------------------------------------------------------


def eigh(a: Any, UPLO: Any = "L") -> Any:  # noqa: N803
    """See `numpy.linalg.eigh`; the gradient is that of the triangle it reads."""
    both = d.eigh(operand(a), in_upper=_triangle_of(UPLO))
    return _result(np.linalg.eigh)(c.real(d.first(both)), d.rest(both))


def eigvalsh(a: Any, UPLO: Any = "L") -> Any:  # noqa: N803
    """See `numpy.linalg.eigvalsh`; the gradient is that of the triangle it reads."""
    return d.eigvalsh(operand(a), in_upper=_triangle_of(UPLO))


def eig(a: Any) -> Any:
    """See `numpy.linalg.eig`."""
    both = d.eig(operand(a))
    return _result(np.linalg.eig)(d.first(both), d.rest(both))


def eigvals(a: Any) -> Any:
    """See `numpy.linalg.eigvals`."""
    return d.eigvals(operand(a))


def svd(
    a: Any, full_matrices: Any = True, compute_uv: Any = True, hermitian: Any = False
) -> Any:
    """See `numpy.linalg.svd`; what full matrices add is differentiated to order 3."""
    a = _matrices("svd", a)
    if not compute_uv:
        return _hermitian_svd(a)[1] if hermitian else d.svdvals(a)
    parts = _hermitian_svd(a) if hermitian else _svd(a, bool(full_matrices))
    return _result(np.linalg.svd)(*parts)


def _svd(a: Any, full: bool) -> tuple[Any, Any, Any]:
    m, n = a.shape[-2:]
    u, values, vh = d.svd_parts(d.svd(a), m)
    if full and m > n:
        more = d.carried(d.complement(a, of="left"), u)
        u = s.concatenate(u, more, axis=-1)
    if full and m < n:
        more = d.carried(d.complement(a, of="right"), la.adjoint(vh))
        vh = s.concatenate(vh, la.adjoint(more), axis=-2)
    return u, values, vh


def _hermitian_svd(a: Any) -> tuple[Any, Any, Any]:
    """Of eigenvectors, as NumPy does it."""
    w, v = eigh(a)
    sizes, signs = e.abs(w), la.row(e.sign(w))
    order = d.descending(sizes)
    values = s.getitem(mm.matmul(la.row(sizes), order), index=(..., 0, slice(None)))
    vh = la.adjoint(mm.matmul(e.mul(v, signs), order))
    return mm.matmul(v, order), values, vh


def svdvals(x: Any, /) -> Any:
    """See `numpy.linalg.svdvals`."""
    return d.svdvals(_matrices("svdvals", x))


def qr(a: Any, mode: Any = "reduced") -> Any:
    """See `numpy.linalg.qr`, but for mode "raw"; "complete" to the third order."""
    if mode not in ("reduced", "complete", "r"):
        kind = TypeError if mode == "raw" else ValueError
        raise kind(f"qr: mode {mode!r} is not supported for Tensors")
    a = _matrices("qr", a)
    m, n = a.shape[-2:]
    k = min(m, n)
    both = d.qr(d.columns(a, 0, k))
    q, triangle = la.turned(d.columns(both, 0, m)), d.columns(both, m)
    if n > m:
        more = mm.matmul(la.adjoint(q), d.columns(a, m))
        triangle = s.concatenate(triangle, more, axis=-1)
    if mode == "r":
        return triangle
    if mode == "complete" and m > n:
        more = d.carried(d.complement(a, of="qr"), q)
        q = s.concatenate(q, more, axis=-1)
        index, shape = (..., slice(0, n), slice(None)), tuple(a.shape)
        triangle = s.scatter(triangle, index=index, shape=shape)
    return _result(np.linalg.qr)(q, triangle)
