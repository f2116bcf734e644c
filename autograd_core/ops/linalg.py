"""Linear algebra that NumPy computes: inverses, systems, determinants, Cholesky.

Matrices are the last two axes, all before them are a batch. A Program replays a row as
a host call. Complex matrices have the rules of real ones, since a cotangent is no
conjugate, except where the op itself takes one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from autograd_core.hooks import Array
from autograd_core.launch import constant, host
from autograd_core.op import primitive
from autograd_core.ops import complexes, elementwise
from autograd_core.ops.broadcasting import inexact, operands, unbroadcast
from autograd_core.ops.elementwise import add, div, equal, mul, neg, sqrt, sub, where
from autograd_core.ops.folding import Axis, normalize
from autograd_core.ops.matmul import matmul
from autograd_core.ops.reduce import REDUCED, spread, sum
from autograd_core.ops.shape import full_like, getitem, reshape, scatter, transpose
from autograd_core.samples import Arg, sample

COMPLEX = sample(Arg((3, 3), kind="complex regular"))
SQUARE = (
    sample(Arg((3, 3), kind="regular")),
    sample(Arg((2, 4, 4), kind="regular")),
    COMPLEX,
)


# Parts -------------------------------------------------------------------------------


def called(name: str, function: Callable[..., Any], *arrays: Any) -> Array:
    """NumPy's ``function`` of floats; an error of LAPACK's names the op."""

    def call(*arrays: Any) -> Any:
        try:
            return function(*arrays)
        except LinAlgError as error:
            raise LinAlgError(f"{name}: {error}") from None

    return host(call, *map(inexact, arrays))


def square(name: str, x: Any) -> None:
    """LinAlgError unless ``x`` holds square matrices."""
    if len(x.shape) < 2 or x.shape[-1] != x.shape[-2]:
        raise LinAlgError(
            f"{name}: expected square matrices in the last two axes, got shape "
            f"{tuple(x.shape)}"
        )


def conj(x: Any) -> Any:
    """The complex conjugate; real numbers themselves, without a node."""
    return complexes.conj(x) if x.dtype.kind == "c" else x


def turned(x: Any) -> Any:
    """The transposes."""
    n = len(x.shape)
    return transpose(x, axes=(*range(n - 2), n - 1, n - 2))


def adjoint(x: Any) -> Any:
    """The conjugate transposes."""
    return conj(turned(x))


def column(x: Any) -> Any:
    """Vectors as matrices of one column."""
    return reshape(x, shape=(*x.shape, 1))


def row(x: Any) -> Any:
    """Vectors as matrices of one row."""
    return reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


def single(x: Any) -> Any:
    """Numbers as matrices of one number."""
    return reshape(x, shape=(*x.shape, 1, 1))


@lru_cache(64)
def eye(n: int, dtype: Any) -> Array:
    """The identity."""
    return constant(np.eye(n), dtype)


@lru_cache(64)
def triangle(n: int, m: int, k: int) -> Array:
    """True on the ``k``-th diagonal and below."""
    return constant(np.tri(n, m, k), np.bool_)


def lower(x: Any, k: int = 0) -> Any:
    """``x`` on its ``k``-th diagonal and below, else 0."""
    return where(triangle(*x.shape[-2:], k), x, 0.0)


def upper(x: Any, k: int = 0) -> Any:
    """``x`` on its ``k``-th diagonal and above, else 0."""
    return where(triangle(*x.shape[-2:], k - 1), 0.0, x)


def diagonal(x: Any, offset: int = 0) -> Any:
    """The diagonals of the last two axes, by views."""
    r, c = max(0, -offset), max(0, offset)
    k = max(0, min(x.shape[-2] - r, x.shape[-1] - c))
    x = getitem(x, index=(..., slice(r, r + k), slice(c, c + k)))
    x = reshape(x, shape=(*x.shape[:-2], k * k))
    return getitem(x, index=(..., slice(None, None, k + 1)))


def diagonal_matrix(x: Any) -> Any:
    """Matrices with ``x`` on their diagonals."""
    n = x.shape[-1]
    index = (..., slice(None, None, n + 1))
    flat = scatter(x, index=index, shape=(*x.shape[:-1], n * n))
    return reshape(flat, shape=(*x.shape, n))


def folded(s: Any, in_lower: bool) -> Any:
    """The cotangent of a Hermitian matrix of which NumPy reads one triangle.

    Each element off the diagonal that is read stands for two.
    """
    return _halved(add(s, adjoint(s)), lower if in_lower else upper)


def _halved(both: Any, half: Any) -> Any:
    """The triangle of ``both``, and half of its diagonal."""
    on = eye(both.shape[-1], np.bool_)
    return half(where(on, mul(both, 0.5), both))


# Systems -----------------------------------------------------------------------------


@primitive(
    lambda g, y, a: neg(matmul(matmul(turned(y), g), turned(y))),
    saves="out",
    samples=SQUARE,
)
def inv(a: Any) -> Any:
    """Inverses; LinAlgError where there is none."""
    square("inv", a)
    return called("inv", np.linalg.inv, a)


@primitive(
    lambda g, y, a, b: unbroadcast(neg(matmul(solve(turned(a), g), turned(y))), a),
    lambda g, y, a, b: unbroadcast(solve(turned(a), g), b),
    saves=("a out", "a"),
    samples=(
        sample(Arg((3, 3), kind="regular"), (3, 2)),
        sample(Arg((2, 1, 3, 3), kind="regular"), (4, 3, 2)),
        sample(Arg((3, 3), kind="regular"), (2, 3, 1)),
        sample(Arg((3, 3), kind="complex regular"), Arg((3, 2), kind="complex")),
    ),
)
def solve(a: Any, b: Any) -> Any:
    """``inv(a) @ b`` for matrices ``b``; LinAlgError where ``a`` has no inverse."""
    square("solve", a)
    a, b = operands(inexact(a), inexact(b))
    return called("solve", np.linalg.solve, a, b)


def _pinv_vjp(g: Any, y: Any, a: Any, rtol: float, hermitian: bool = False) -> Any:
    """Golub and Pereyra (1973), for a rank that stays as it is."""
    if hermitian:  # what NumPy reads
        half = _halved(a, lower)
        a = add(half, adjoint(half))
    yt, gt = turned(y), turned(g)
    out = neg(matmul(matmul(yt, g), yt))
    left = sub(gt, matmul(a, matmul(y, gt)))  # (1 - a y) g'
    out = add(out, conj(matmul(left, matmul(y, adjoint(y)))))
    right = sub(gt, matmul(matmul(gt, y), a))  # g' (1 - y a)
    out = add(out, conj(matmul(matmul(adjoint(y), y), right)))
    return folded(out, True) if hermitian else out


@primitive(
    _pinv_vjp,
    saves="a out",
    samples=(
        sample(Arg((4, 3), kind="regular"), rtol=1e-6),
        sample(Arg((2, 3, 5), kind="regular"), rtol=1e-6),
        sample(Arg((4, 3), kind="complex regular"), rtol=1e-6),
        sample(Arg((3, 3), kind="regular"), rtol=1e-6, hermitian=True),
        sample(Arg((3, 3), kind="complex regular"), rtol=1e-6, hermitian=True),
    ),
)
def pinv(a: Any, *, rtol: float, hermitian: bool = False) -> Any:
    """Pseudo-inverses; singular values up to ``rtol`` of the largest count as 0.

    If ``hermitian``, NumPy reads the lower triangle of ``a``.
    """
    return called("pinv", lambda a: np.linalg.pinv(a, rtol, hermitian), a)


# Determinants ------------------------------------------------------------------------


def _cofactors(a: Any) -> Any:
    """``det(a) * inv(a).T``, also where there is no inverse."""
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)
    signed = others * (np.linalg.det(u) * np.linalg.det(vh))[..., None]
    return (u.conj() * signed[..., None, :]) @ vh.conj()


def _cofactors_vjp(g: Any, y: Any, a: Any) -> Any:
    """Of ``y = d * inv(a).T``, where ``d = det(a)``; infinite or NaN where it is 0."""
    inner = single(sum(mul(g, y), axis=(-2, -1)))
    crossed = matmul(matmul(y, turned(g)), y)
    return div(sub(mul(y, inner), crossed), single(det(a)))


@primitive(
    _cofactors_vjp,
    saves="a out",
    samples=(sample(Arg((2, 2, 2), kind="regular")), *SQUARE[::2]),
)
def cofactors(a: Any) -> Any:
    """Matrices of cofactors: the derivative of `det`, also of singular matrices."""
    square("det", a)
    return called("det", _cofactors, a)


@primitive(
    lambda g, y, a: mul(single(g), cofactors(a)),
    saves="a",
    samples=cofactors.samples,
)
def det(a: Any) -> Any:
    """Determinants. Singular matrices have a first derivative, but no second here."""
    square("det", a)
    return called("det", np.linalg.det, a)


@primitive(
    lambda g, y, a: mul(single(g), turned(inv(a))),
    saves="a",
    samples=cofactors.samples,
)
def logabsdet(a: Any) -> Any:
    """Logarithms of the determinants' magnitudes."""
    square("slogdet", a)
    return called("slogdet", lambda a: np.linalg.slogdet(a)[1], a)


def _sign_vjp(g: Any, y: Any, a: Any) -> Any:
    """The sign turns by the imaginary part of ``trace(inv(a) @ da)``."""
    if a.dtype.kind != "c":
        return full_like(a, fill_value=0.0)
    return mul(single(mul(complexes.imag(mul(g, y)), 1j)), turned(inv(a)))


@primitive(_sign_vjp, saves="a out", samples=cofactors.samples)
def signdet(a: Any) -> Any:
    """Signs of the determinants; the gradient of a real one is 0."""
    square("slogdet", a)
    return called("slogdet", lambda a: np.linalg.slogdet(a)[0], a)


# Cholesky ----------------------------------------------------------------------------


def _cholesky_vjp(g: Any, y: Any, a: Any, in_upper: bool = False) -> Any:
    """Murray (2016), https://arxiv.org/abs/1602.07527, equation 10."""
    if in_upper:  # y is the adjoint of a lower triangle, and so is its cotangent
        g, y = adjoint(g), adjoint(y)
    yt = turned(y)
    p = _halved(matmul(yt, g), lower)
    s = turned(solve(conj(yt), turned(solve(yt, p))))
    return folded(s, not in_upper)


@primitive(
    _cholesky_vjp,
    saves="out",
    samples=(
        sample(Arg((3, 3), kind="regular")),
        sample(Arg((2, 4, 4), kind="regular"), in_upper=True),
        sample(Arg((3, 3), kind="complex regular")),
        sample(Arg((3, 3), kind="complex regular"), in_upper=True),
    ),
)
def cholesky(a: Any, *, in_upper: bool = False) -> Any:
    """Factors of positive definite matrices, of which NumPy reads one triangle.

    That one alone has a gradient, and an element off the diagonal that of both its
    places: it is the derivative of what NumPy computes. PyTorch and JAX give each
    place half of it; on symmetric matrices that are computed it comes to the same.
    """
    square("cholesky", a)
    return called("cholesky", lambda a: np.linalg.cholesky(a, upper=in_upper), a)


# Length ------------------------------------------------------------------------------


def _length_vjp(
    g: Any, y: Any, x: Any, axis: Axis = None, keepdims: bool = False
) -> Any:
    """``g * conj(x) / y``, and 0 where y is 0."""
    zero = equal(y, 0.0)
    scale = where(zero, 0.0, div(g, where(zero, 1.0, y)))
    return mul(spread(scale, x, axis, keepdims), conj(x))


@primitive(
    _length_vjp,
    saves="x out",
    samples=(
        *REDUCED,
        sample(Arg((3, 4), kind="complex"), axis=1),
    ),
)
def length(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Roots of sums of squared magnitudes; the gradient at 0 is 0, as in PyTorch."""
    x = inexact(x)
    if x.dtype.kind == "c":
        axes = normalize(axis, x.ndim)
        return host(
            lambda x: np.sqrt(
                np.sum(x.real**2 + x.imag**2, axis=axes, keepdims=keepdims)
            ),
            x,
        )
    total = sum.forward(elementwise.square.forward(x), axis=axis, keepdims=keepdims)
    return sqrt.forward(total)
