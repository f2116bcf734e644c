"""Argument forms of `numpy.linalg`, one a line, and the arrays that they name."""

import numpy as np
from numpy.linalg import LinAlgError

rng = np.random.default_rng(18)


def normal(*shape):
    return rng.standard_normal(shape)


A = normal(4, 4) + 4 * np.eye(4)
B = normal(2, 3, 4, 4) + 4 * np.eye(4)
R = normal(2, 5, 3)
M = normal(4, 2)
V = normal(4)
V3 = normal(2, 3)
Z = A + 1j * normal(4, 4)
RZ = normal(5, 3) + 1j * normal(5, 3)
ARRAYS = {
    "A": A,
    "B": B,
    "F": A.astype(np.float32),
    "S": A @ A.T,
    "N": A @ A.T - 5 * np.eye(4),
    "R": R,
    "W": np.swapaxes(R, -1, -2).copy(),
    "M": M,
    "v": V,
    "V": V3,
    "I": np.array([[2, 1], [1, 3]]),
    "Z": Z,
    "H": Z @ Z.conj().T,
    "Q": RZ,
    "T": normal(2, 2, 4),
    "E": np.empty((3, 0)),
}

VALUES = """
L.inv(A)
L.inv(B)
L.inv(F)
L.inv(I)
L.inv(Z)
L.pinv(R)
L.pinv(W)
L.pinv(A, 1e-3)
L.pinv(A, rtol=None)
L.pinv(F)
L.pinv(S, hermitian=True)
L.pinv(Q)
L.pinv(E)
L.solve(A, v)
L.solve(A, M)
L.solve(B, v)
L.solve(B, M)
L.solve(A, B)
L.solve(F, v)
L.solve(F, [1, 2, 3, 4])
L.solve(I, [1, 2])
L.solve(Z, v)
L.det(A)
L.det(B)
L.det(F)
L.slogdet(A)
L.slogdet(B)
L.slogdet(Z)
L.cholesky(S)
L.cholesky(S, upper=True)
L.cholesky(H)
L.cholesky(H, upper=True)
L.eigh(S)
L.eigh(S, 'U')
L.eigh(a=S, UPLO='l')
L.eigh(B)
L.eigh(H)
L.eigvalsh(B, 'U')
L.eigvalsh(H)
L.svd(R)
L.svd(W)
L.svd(R, False)
L.svd(R, full_matrices=False)
L.svd(W, compute_uv=False)
L.svd(F)
L.svd(Q)
L.svd(E)
L.svd(N, hermitian=True)
L.svd(N, compute_uv=False, hermitian=True)
L.svdvals(R)
L.qr(A)
L.qr(R)
L.qr(W)
L.qr(R, 'complete')
L.qr(W, 'complete')
L.qr(R, mode='r')
L.qr(W, 'r')
L.qr(Q)
L.qr(E)
L.eig(A)
L.eig(S)
L.eig(B)
L.eig(Z)
L.eigvals(A)
L.eigvals(S)
L.norm(v)
L.norm(A)
L.norm(B)
L.norm(v, 2)
L.norm(v, 1)
L.norm(v, 0)
L.norm(v, np.inf)
L.norm(v, -np.inf)
L.norm(v, 3)
L.norm(v, -2)
L.norm(v, 0.5)
L.norm(v, keepdims=True)
L.norm(B, keepdims=True)
L.norm(I)
L.norm(I, 1, 1)
L.norm(I, 0, 0)
L.norm(I, 3, 0)
L.norm(A, 'fro')
L.norm(A, 'f')
L.norm(A, 'nuc')
L.norm(A, 1)
L.norm(A, -1)
L.norm(A, 2)
L.norm(A, -2)
L.norm(A, np.inf)
L.norm(A, -np.inf)
L.norm(B, axis=1)
L.norm(B, axis=(1, 2))
L.norm(B, axis=(3, 0))
L.norm(B, 'nuc', (2, 1))
L.norm(B, 1, (3, 0), True)
L.norm(B, np.inf, (3, 0))
L.norm(B, -np.inf, (0, -2))
L.norm(B, -1, (-1, 1))
L.norm(B, 2, (1, 0), keepdims=True)
L.norm(B, 4, -2, True)
L.norm(F, 3, 0)
L.norm(Z)
L.norm(Z, 1)
L.norm(Z, 'nuc')
L.norm(Z, 3, 0)
L.norm(E, 1)
L.norm(E, 2)
L.vector_norm(B)
L.vector_norm(B, axis=(0, 2))
L.vector_norm(B, axis=(0, 2), keepdims=True, ord=1)
L.vector_norm(B, axis=1, ord=np.inf)
L.vector_norm(v[0])
L.matrix_norm(B)
L.matrix_norm(B, ord=2, keepdims=True)
L.cond(A)
L.cond(B)
L.cond(R)
L.cond(A, 1)
L.cond(A, -2)
L.cond(A, 'fro')
L.cond(B, np.inf)
L.cond(np.outer(v, v), 1)
L.matrix_power(A, 0)
L.matrix_power(A, 1)
L.matrix_power(A, 5)
L.matrix_power(B, -3)
L.multi_dot([A, M])
L.multi_dot([v, A, M])
L.multi_dot([A, S, v])
L.multi_dot([v, A, v])
L.multi_dot((A, S, A, M))
L.matrix_rank(A)
L.matrix_rank(B)
L.matrix_rank(v)
L.matrix_rank(A, tol=3.0)
L.lstsq(R[0], R[1])
L.lstsq(R[0], R[1, :, 0])
L.lstsq(W[0], V[0])
L.lstsq(A, v, rcond=None)
L.lstsq(F, v)
L.lstsq(F, F[0])
L.lstsq(A, v, -1)
L.lstsq(I, [1, 2])
L.lstsq(Q, Z[0, 0] * V[0, 0] + R[0])
L.lstsq(np.outer(v, V[0]), v, 1e-9)
L.tensorsolve(T, A[:2, :2])
L.tensorsolve(np.transpose(T, (0, 2, 1)), A[:2, :2], axes=(1,))
L.tensorinv(T)
L.tensorinv(np.reshape(A, (4, 2, 2)), ind=1)
L.trace(B)
L.trace(B, offset=1)
L.trace(R, offset=-2)
L.trace(A, dtype=np.float32)
L.diagonal(R)
L.diagonal(R, offset=-3)
L.diagonal(R, offset=1)
L.diagonal(A, offset=9)
L.cross(V, V[::-1])
L.cross(V.T, V[::-1].T, axis=0)
L.outer(v, V[0])
L.matmul(B, M)
L.tensordot(A, M, axes=1)
L.tensordot(B, R, axes=([1], [2]))
L.tensordot(A, A)
L.vecdot(B, A)
L.vecdot(A, A, axis=0)
L.vecdot(Z, A)
L.matrix_transpose(R)
"""

REFUSED = {
    "L.inv(R)": (LinAlgError, "inv: expected square"),
    "L.inv(A * 0)": (LinAlgError, "inv: Singular matrix"),
    "L.solve(A * 0, v)": (LinAlgError, "solve: Singular matrix"),
    "L.cholesky(-A)": (LinAlgError, "cholesky: .*positive"),
    "L.det(v)": (LinAlgError, "det: expected square .* shape \\(4,\\)"),
    "L.svd(v)": (LinAlgError, "svd: 1-dimensional"),
    "L.svd(A * np.nan)": (LinAlgError, "svd: .*converge"),
    "L.eigh(A, 'X')": (ValueError, "UPLO"),
    "L.qr(A, 'raw')": (TypeError, "qr: mode 'raw'"),
    "L.norm(v, 'fro')": (ValueError, "Invalid norm order 'fro'"),
    "L.norm(A, 3)": (ValueError, "Invalid norm order"),
    "L.norm(R, 1)": (ValueError, "number of dimensions"),
    "L.norm(A, 1, (0, 0))": (ValueError, "Duplicate"),
    "L.pinv(A, 1e-3, rtol=1e-3)": (ValueError, "both"),
    "L.multi_dot([A])": (ValueError, "at least two"),
    "L.cond(E)": (LinAlgError, "empty"),
    "L.matrix_power(A, 1.5)": (TypeError, "integer"),
    "L.lstsq(A, V)": (LinAlgError, "Incompatible"),
}
