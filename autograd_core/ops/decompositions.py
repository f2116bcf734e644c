"""Decompositions that NumPy computes, each packed into one array.

Vectors have a gauge: their signs (or phases, if complex) are LAPACK's choice, and a
gradient has a meaning only for losses that do not depend on it. Where eigenvalues or
singular values are equal, the vectors of their space are not determined: what would be
divided by their difference counts as 0, which is right for every loss that does not
depend on the choice of the vectors, and no NaN comes of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.op import primitive
from autograd_core.ops import complexes
from autograd_core.ops.broadcasting import unbroadcast
from autograd_core.ops.elementwise import add, div, equal, mul, sub, where
from autograd_core.ops.linalg import (
    adjoint,
    called,
    column,
    conj,
    diagonal,
    diagonal_matrix,
    eye,
    folded,
    row,
    solve,
    square,
    turned,
    upper,
)
from autograd_core.ops.matmul import matmul
from autograd_core.ops.shape import getitem
from autograd_core.samples import Arg, sample

SQUARE = (
    sample(Arg((3, 3), kind="regular")),
    sample(Arg((2, 4, 4), kind="regular")),
)
TALL = (
    sample(Arg((4, 3), kind="regular")),
    sample(Arg((2, 3, 3), kind="regular")),
)
WIDE = (sample(Arg((2, 3), kind="regular")),)


def rows(x: Any, start: int, stop: int | None = None) -> Any:
    """Some rows of matrices."""
    return getitem(x, index=(..., slice(start, stop), slice(None)))


def columns(x: Any, start: int, stop: int | None = None) -> Any:
    """Some columns of matrices."""
    return getitem(x, index=(..., slice(start, stop)))


def first(x: Any) -> Any:
    """The first rows, as vectors."""
    return getitem(x, index=(..., 0, slice(None)))


def rest(x: Any) -> Any:
    """All rows but the first."""
    return rows(x, 1)


def above(w: Array, v: Array) -> Array:
    """Values as the first row over vectors."""
    return np.concatenate([w[..., None, :].astype(v.dtype), v], -2)


def reciprocal(x: Any) -> Any:
    """``1 / x``, and 0 where x is 0."""
    zero = equal(x, 0.0)
    return where(zero, 0.0, div(1.0, where(zero, 1.0, x)))


def gaps(w: Any) -> Any:
    """``1 / (w[j] - w[i])``, and 0 where they are equal."""
    return reciprocal(sub(row(w), column(w)))


# Hermitian matrices ------------------------------------------------------------------


def _eigh_vjp(g: Any, y: Any, a: Any, in_upper: bool = False) -> Any:
    """Giles (2008), section 3.1; of vectors with ``gaps``."""
    w, v, gw, gv = first(y), rest(y), first(g), rest(g)
    vt = turned(v)
    inner = add(diagonal_matrix(gw), mul(gaps(w), matmul(vt, gv)))
    return folded(matmul(matmul(conj(v), inner), vt), not in_upper)


@primitive(
    _eigh_vjp,
    saves="out",
    samples=(*SQUARE, sample(Arg((3, 3), kind="regular"), in_upper=True)),
)
def eigh(a: Any, *, in_upper: bool = False) -> Any:
    """Eigenvalues of Hermitian matrices, and the eigenvectors in the rows below.

    NumPy reads one triangle; that alone has a gradient, as in `cholesky`.
    """
    square("eigh", a)
    uplo: Any = "U" if in_upper else "L"
    return called("eigh", lambda a: above(*np.linalg.eigh(a, uplo)), a)


def _eigvalsh_vjp(g: Any, y: Any, a: Any, in_upper: bool = False) -> Any:
    v = rest(eigh(a, in_upper=in_upper))
    return folded(matmul(mul(conj(v), row(g)), turned(v)), not in_upper)


@primitive(
    _eigvalsh_vjp,
    saves="a",
    samples=(*eigh.samples, sample(Arg((3, 3), kind="complex regular"))),
)
def eigvalsh(a: Any, *, in_upper: bool = False) -> Any:
    """Eigenvalues of Hermitian matrices."""
    square("eigvalsh", a)
    uplo: Any = "U" if in_upper else "L"
    return called("eigvalsh", lambda a: np.linalg.eigvalsh(a, uplo), a)


# Singular values ---------------------------------------------------------------------


def svd_parts(y: Any, m: int) -> tuple[Any, Any, Any]:
    """``u, s, vh`` of packed ones; u has m rows, s is real."""
    s = getitem(y, index=(..., m))
    if s.dtype.kind == "c":
        s = complexes.real(s)
    return turned(columns(y, 0, m)), s, columns(y, m + 1)


def _svd_vjp(g: Any, y: Any, a: Any) -> Any:
    """Townsend (2016), https://j-towns.github.io/papers/svd-derivative.pdf.

    Of complex matrices: Wan and Zhang (2019), https://arxiv.org/abs/1909.02659.
    """
    m, n = a.shape[-2:]
    (u, s, vh), (gu, gs, gvh) = svd_parts(y, m), svd_parts(g, m)
    v, gv = adjoint(vh), adjoint(gvh)
    f = mul(gaps(s), reciprocal(add(row(s), column(s))))
    of_u, of_v = matmul(turned(u), gu), matmul(turned(v), gv)
    inner = mul(mul(f, sub(of_u, adjoint(of_u))), row(s))
    inner = add(inner, diagonal_matrix(gs))
    inner = add(inner, mul(column(s), mul(f, sub(of_v, adjoint(of_v)))))
    inverse = row(reciprocal(s))
    if y.dtype.kind == "c":  # the phases turn too
        phases = mul(complexes.imag(diagonal(of_u)), 1j)
        inner = add(inner, mul(diagonal_matrix(phases), inverse))
    out = matmul(matmul(conj(u), inner), turned(v))
    if m > n:  # what leaves the space of u
        out = add(out, turned(matmul(mul(v, inverse), _off(turned(gu), u))))
    if m < n:
        out = add(out, conj(matmul(mul(u, inverse), _off(turned(gv), v))))
    return out


def _off(x: Any, u: Any) -> Any:
    """``x @ (1 - u @ u.H)``."""
    return sub(x, matmul(matmul(x, u), adjoint(u)))


def _svd(a: Any) -> Array:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    parts = [np.swapaxes(u, -1, -2), s[..., None].astype(vh.dtype), vh]
    return np.concatenate(parts, -1)


@primitive(_svd_vjp, saves="a out", samples=(*TALL, *WIDE))
def svd(a: Any) -> Any:
    """Reduced: the transpose of u, a column of s, and vh, side by side."""
    return called("svd", _svd, a)


def _svdvals_vjp(g: Any, y: Any, a: Any) -> Any:
    u, _, vh = svd_parts(svd(a), a.shape[-2])
    return matmul(mul(conj(u), row(g)), conj(vh))


@primitive(
    _svdvals_vjp,
    saves="a",
    samples=(*TALL, *WIDE, sample(Arg((4, 3), kind="complex regular"))),
)
def svdvals(a: Any) -> Any:
    """Singular values, the largest first."""
    return called("svd", lambda a: np.linalg.svd(a, compute_uv=False), a)


# QR ----------------------------------------------------------------------------------


def _qr_vjp(g: Any, y: Any, a: Any) -> Any:
    """Walter and Lehmann (2018), https://arxiv.org/abs/1009.6112, section 4.1."""
    m = a.shape[-2]
    q, gq = (turned(columns(x, 0, m)) for x in (y, g))
    r, gr = (columns(x, m) for x in (y, g))
    inner = upper(sub(matmul(gr, turned(r)), matmul(turned(q), gq)))
    both = add(inner, adjoint(inner))
    both = where(eye(r.shape[-1], np.bool_), mul(both, 0.5), both)
    out = add(gq, matmul(conj(q), both))
    return turned(solve(r, turned(out)))


def _qr(a: Any) -> Array:
    q, r = np.linalg.qr(a)
    return np.concatenate([np.swapaxes(q, -1, -2), r], -1)


@primitive(
    _qr_vjp,
    saves="a out",
    samples=(
        sample(Arg((4, 3), kind="regular"), least=2),
        sample(Arg((2, 3, 3), kind="regular"), least=2),
        sample(Arg((4, 3), kind="complex regular"), least=2),
    ),
)
def qr(a: Any) -> Any:
    """Reduced, of matrices that are not wide: the transpose of q beside r."""
    return called("qr", _qr, a)


# General matrices --------------------------------------------------------------------


def _eig_vjp(g: Any, y: Any, a: Any) -> Any:
    """Boeddeker et al. (2017), https://arxiv.org/abs/1701.00392, equation 4.77."""
    w, v, gw, gv = first(y), rest(y), first(g), rest(g)
    vt = turned(v)
    of_v = matmul(vt, gv)
    lengths = mul(matmul(vt, conj(v)), row(complexes.real(diagonal(of_v))))
    inner = add(diagonal_matrix(gw), mul(gaps(w), sub(of_v, lengths)))
    return unbroadcast(solve(vt, matmul(inner, vt)), a)


def _eig(a: Any) -> Array:
    return above(*np.linalg.eig(a))


@primitive(_eig_vjp, saves="a out", samples=SQUARE)
def eig(a: Any) -> Any:
    """Eigenvalues, and the eigenvectors in the rows below.

    Complex, unless the matrices are real and all eigenvalues are, as in NumPy.
    """
    square("eig", a)
    return called("eig", _eig, a)


def _eigvals_vjp(g: Any, y: Any, a: Any) -> Any:
    vt = turned(rest(eig(a)))
    return unbroadcast(solve(vt, mul(column(g), vt)), a)


@primitive(
    _eigvals_vjp,
    saves="a",
    samples=(*SQUARE, sample(Arg((3, 3), kind="complex regular"))),
)
def eigvals(a: Any) -> Any:
    """Eigenvalues, complex where they must be."""
    square("eigvals", a)
    return called("eigvals", np.linalg.eigvals, a)


# Complements -------------------------------------------------------------------------


@primitive(
    None,
    saves="",
    samples=(
        sample(Arg((4, 2), kind="regular"), of="left"),
        sample(Arg((2, 4), kind="regular"), of="right"),
        sample(Arg((4, 2), kind="regular"), of="qr"),
    ),
)
def complement(a: Any, *, of: str) -> Any:
    """The columns that full decompositions add to reduced ones; no gradient."""
    return called("svd" if of != "qr" else "qr", lambda a: _complement(a, of), a)


def _complement(a: Any, of: str) -> Any:
    k = min(a.shape[-2:])
    if of == "qr":
        return np.linalg.qr(a, "complete")[0][..., k:]
    u, _, vh = np.linalg.svd(a)
    return u[..., k:] if of == "left" else np.swapaxes(vh[..., k:, :], -1, -2).conj()


def carried(basis: Any, u: Any) -> Any:
    """``basis`` as a basis of what is orthogonal to ``u``, wherever that goes.

    The value is ``basis``, which is orthogonal now. Which basis moves along is a gauge.
    To third order in what u moves by, it stays orthonormal, so derivatives are exact
    that far.
    """
    inside = matmul(adjoint(u), basis)  # 0
    length = mul(matmul(adjoint(inside), inside), 0.5)
    out = sub(basis, matmul(u, inside))
    return add(out, matmul(out, length))


@primitive(None, saves="", samples=(sample((3,)), sample((2, 4))))
def descending(w: Any) -> Any:
    """Permutations P with ``w @ P`` from the largest to the smallest; no gradient."""
    return called("svd", _descending, w)


def _descending(w: Any) -> Any:
    order = np.argsort(w)[..., ::-1]
    return (np.arange(w.shape[-1])[:, None] == order[..., None, :]).astype(w.dtype)
