"""`numpy.linalg` on Tensors: NumPy's values, differences of order 1 and 2, HIPS."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from linalg_cases import check, same, tracking
from linalg_forms import ARRAYS, REFUSED, RZ, V3, VALUES, A, B, M, R, V, Z
from numpy.linalg import LinAlgError

import autograd_core as ag

L = np.linalg


def evaluate(form, make):
    names = {name: make(a) for name, a in ARRAYS.items()}
    return eval(form, {"np": np, "L": L, **names})  # noqa: S307


@pytest.mark.parametrize("form", VALUES.strip().splitlines())
def test_a_form_gives_numpys_value(form):
    same(evaluate(form, tracking), evaluate(form, np.asarray), form)


@pytest.mark.parametrize("form", REFUSED)
def test_a_form_is_refused_by_name(form):
    kind, message = REFUSED[form]
    with pytest.raises(kind, match=message):
        evaluate(form, tracking)


# Derivatives -------------------------------------------------------------------------


def hermitian(a):
    return (a + np.conj(np.swapaxes(a, -1, -2))) / 2


def of_eigenvectors(a, uplo="L"):
    """A function of the matrix, and the weights of each eigenvector."""
    w, v = L.eigh(a, uplo)
    powers = np.abs(v) ** 2 * w[..., None, :]
    return (v * np.sin(w)[..., None, :]) @ np.conj(np.swapaxes(v, -1, -2)) + powers


def of_svd(a, **options):
    u, s, vh = L.svd(a, **options)
    k = s.shape[-1]
    u, vh = u[..., :k], vh[..., :k, :]
    return (u * np.cos(s)[..., None, :]) @ vh + np.mean(np.abs(u) ** 4)


def of_full_svd(a):
    """The spaces that only full matrices span."""
    u, s, vh = L.svd(a)
    k = s.shape[-1]
    u, v = u[..., k:], np.swapaxes(vh[..., k:, :], -1, -2)
    left = np.sum(np.sin(u @ np.conj(np.swapaxes(u, -1, -2))), (-2, -1))
    right = np.sum(np.sin(v @ np.conj(np.swapaxes(v, -1, -2))), (-2, -1))
    return left + right + np.sum(s, -1)


def of_qr(a, mode="reduced"):
    q, r = L.qr(a, mode)
    n = a.shape[-1]
    more = q[..., n:] @ np.conj(np.swapaxes(q[..., n:], -1, -2))
    return np.sum(np.sin(q[..., :n]), -1) + np.sum(np.sin(more), -1) + np.mean(r**2)


def of_eig(a):
    w, v = L.eig(a)
    w = w[..., None, :]
    return np.abs(v) ** 2 + np.real(w**2) + np.imag(w) ** 2


DERIVATIVES = {
    "solve vector": (L.solve, A, V),
    "solve vectors": (L.solve, B, V),
    "solve mixed": (L.solve, Z, V),
    "slogdet": (lambda a: L.slogdet(a)[1], B),
    "sign of a complex": (lambda a: L.slogdet(a)[0], Z),
    "sign and log": (lambda a: np.log(L.slogdet(a)[0]) + L.slogdet(a)[1], Z),
    "pinv of low rank": (lambda a: L.pinv(a @ np.swapaxes(a, -1, -2), 1e-6), R),
    "pinv hermitian": (lambda a: L.pinv(hermitian(a), hermitian=True), A),
    "cholesky": (lambda a: L.cholesky(hermitian(a)), A @ A.T),
    "cholesky upper": (lambda a: L.cholesky(hermitian(a), upper=True), A @ A.T),
    "eigh": (of_eigenvectors, B),
    "eigh upper": (lambda a: of_eigenvectors(a, "U"), A),
    "eigh complex": (of_eigenvectors, Z),
    "eigh complex upper": (lambda a: of_eigenvectors(a, "U"), Z),
    "eigvalsh": (lambda a: L.eigvalsh(a, "U"), Z),
    "svd": (of_svd, R),
    "svd wide": (of_svd, np.swapaxes(R, -1, -2)),
    "svd reduced": (lambda a: of_svd(a, full_matrices=False), A),
    "svd complex": (of_svd, RZ),
    "svd complex wide": (of_svd, RZ.T),
    "svd complex square": (of_svd, Z),
    "svd hermitian": (
        lambda a: of_svd(hermitian(a), hermitian=True),
        A @ A.T - 5 * np.eye(4),
    ),
    "svd full": (of_full_svd, R),
    "svd full wide": (of_full_svd, R[0].T),
    "svd full complex": (lambda a: np.real(of_full_svd(a)), RZ),
    "qr": (of_qr, A),
    "qr tall": (of_qr, R),
    "qr wide": (of_qr, R[0].T),
    "qr complete": (lambda a: of_qr(a, "complete"), R),
    "qr r": (lambda a: L.qr(a, "r"), R[0].T),
    "qr complex": (lambda a: np.abs(of_qr(a)), RZ),
    "eig": (of_eig, A),
    "eig batch": (of_eig, B[0]),
    "eig complex": (of_eig, Z),
    "eigvals": (lambda a: np.abs(L.eigvals(a)), A),
    "eigvals complex": (L.eigvals, Z),
    "cond": (L.cond, R),
    "cond 1": (lambda a: L.cond(a, 1), A),
    "matrix_power": (lambda a: L.matrix_power(a, -3), A / 2),
    "matrix_power 5": (lambda a: L.matrix_power(a, 5), A / 4),
    "multi_dot": (lambda a, b, c: L.multi_dot([a, b, c]), V, A, M),
    "lstsq": (lambda a, b: L.lstsq(a, b)[0], R[0], R[1]),
    "lstsq vector": (lambda a, b: L.lstsq(a, b)[0], R[0].T, V3[0]),
    "lstsq residuals": (lambda a, b: L.lstsq(a, b)[1], R[0], R[1]),
    "lstsq residual": (lambda a, b: L.lstsq(a, b)[1], R[0], R[1, :, 0]),
    "tensorsolve": (L.tensorsolve, ARRAYS["T"], M[:2]),
    "tensorinv": (L.tensorinv, ARRAYS["T"]),
    "trace": (lambda a: L.trace(a, offset=-1), R),
    "diagonal": (lambda a: L.diagonal(a, offset=1) ** 2, R),
    "cross": (lambda a, b: L.cross(a, b, axis=0), V3.T, V3[::-1].T),
    "outer": (L.outer, V, V3[0]),
    "tensordot": (lambda a, b: L.tensordot(a, b, axes=([1], [2])), B, R),
    "vecdot": (lambda a, b: L.vecdot(a, b, axis=-2), Z, M[:, :1]),
    **{
        f"norm {name}": (lambda a, options=options: L.norm(a, *options), x)
        for name, x, options in (
            ("", V, ()),
            ("of all", R, ()),
            ("1", V, (1,)),
            ("3", V, (3,)),
            ("0.5", V, (0.5,)),
            ("-2", V, (-2,)),
            ("inf", V, (np.inf,)),
            ("-inf of rows", A, (-np.inf, 1)),
            ("0", V, (0,)),
            ("fro", R, ("fro", (0, 2))),
            ("nuc", R, ("nuc", (2, 0))),
            ("2", R, (2, (1, 2))),
            ("-2 of matrices", R, (-2, (1, 2))),
            ("1 of matrices", R, (1, (2, 0))),
            ("-inf of matrices", R, (-np.inf, (2, 0))),
            ("complex", RZ, ()),
            ("3 complex", RZ, (3, 0)),
            ("nuc complex", RZ, ("nuc",)),
            ("2 complex", RZ, (2,)),
        )
    },
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives_are_differences(name):
    check(*DERIVATIVES[name])


HIPS = {
    "det": (lambda np, a: np.linalg.det(a), B),
    "inv": (lambda np, a: np.linalg.inv(a), B),
    "pinv": (lambda np, a: np.linalg.pinv(a), R),
    "solve": (lambda np, a: np.linalg.solve(a, M), A),
    "slogdet": (lambda np, a: np.linalg.slogdet(a)[1], B),
    "cholesky": (lambda np, a: np.linalg.cholesky((a + a.T) / 2), A @ A.T),
    "eigh values": (lambda np, a: np.linalg.eigh(a)[0], A),
    "eigh vectors": (lambda np, a: np.linalg.eigh(a)[1], A),
    "eigh upper": (lambda np, a: np.linalg.eigh(a, "U")[1], B),
    "svd u": (lambda np, a: np.linalg.svd(a, False)[0], R),
    "svd s": (lambda np, a: np.linalg.svd(a, False)[1], R),
    "svd vh": (lambda np, a: np.linalg.svd(a, False)[2], R),
    "svd of wide": (lambda np, a: np.linalg.svd(a, False)[2], R[0].T),
    "eig": (lambda np, a: np.abs(np.linalg.eig(a)[1]), A),
    "norm": (lambda np, a: np.linalg.norm(a, axis=1), R),
    "norm nuc": (lambda np, a: np.linalg.norm(a, "nuc", axis=(0, 1)), R),
    "norm 3": (lambda np, a: np.linalg.norm(a, 3), V),
}


@pytest.mark.parametrize("name", HIPS)
def test_gradient_agrees_with_hips_autograd(name):
    function, x = HIPS[name]
    pull, value = autograd.make_vjp(lambda a: function(anp, a), 0)(x)
    g = np.random.default_rng(3).standard_normal(np.shape(value))
    leaf = tracking(x)
    function(np, leaf).backward(g)
    np.testing.assert_allclose(leaf.grad.data, pull(g), rtol=1e-9, atol=1e-11)


# Where they are not smooth -----------------------------------------------------------


def gradient(f, x):
    leaf = ag.tensor(np.asarray(x, float), requires_grad=True)
    f(leaf).sum().backward(create_graph=True)
    return leaf.grad.data


@pytest.mark.parametrize("ord", [None, 1, 2, 3, 1.5, 0.5, np.inf, -np.inf, 0, -1])
@pytest.mark.parametrize("axis", [None, 1])
def test_subgradients_of_norms_are_0_at_0(ord, axis):
    x = [0.0, 0, 0] if axis is None else [[0.0, 0], [0, 0]]
    grad = gradient(lambda t: L.norm(t, ord, axis), x)
    np.testing.assert_array_equal(grad, np.zeros_like(x))


def test_norms_where_some_numbers_are_0():
    x = [3.0, 0.0, -4.0]
    np.testing.assert_allclose(gradient(L.norm, x), [0.6, 0, -0.8])
    for p in (1.5, 3):
        expected = np.abs(x) ** (p - 1) * np.sign(x) / L.norm(x, p) ** (p - 1)
        np.testing.assert_allclose(gradient(lambda t: L.norm(t, p), x), expected)  # noqa: B023
    np.testing.assert_allclose(
        gradient(lambda t: L.norm(t, np.inf), [4.0, 0, -4]), [0.5, 0, -0.5]
    )


def test_det_of_singular_matrices_has_its_cofactors():
    low = np.array([[1.0, 2, 3], [2, 4, 6], [1, 0, 1]])
    expected = [[4, 4, -4], [-2, -2, 2], [0, 0, 0]]
    np.testing.assert_allclose(gradient(L.det, low), expected, atol=1e-13)
    np.testing.assert_array_equal(gradient(L.det, np.zeros((3, 3))), np.zeros((3, 3)))


def test_equal_eigenvalues_give_no_nan():
    """The gradient of a function of the matrix, at the identity."""

    def root(a):
        w, v = L.eigh(a)
        return (v * np.sqrt(w)) @ v.T

    np.testing.assert_allclose(
        gradient(lambda a: L.trace(root(a)), np.eye(3)), np.eye(3) / 2, atol=1e-15
    )
    grad = gradient(lambda a: L.norm(a, "nuc"), np.eye(3))
    np.testing.assert_allclose(grad, np.eye(3), atol=1e-15)
    assert np.isfinite(gradient(lambda a: L.svd(a)[0] * 2.0, np.eye(3))).all()
    assert np.isfinite(gradient(lambda a: L.svd(a)[0], np.zeros((3, 2)))).all()


def test_single_precision_stays():
    x = ag.tensor(ARRAYS["F"], requires_grad=True)
    y = (
        L.norm(L.inv(x)) + L.det(x) + L.eigh(x)[0].sum() + L.svd(x)[1].sum()
        + L.norm(x, 3, 0).sum() + L.slogdet(x)[1] + L.qr(x)[1].sum() + L.pinv(x).sum()
    )  # fmt: skip
    assert y.dtype == np.float32
    y.backward()
    assert x.grad.dtype == np.float32


# Replayed ----------------------------------------------------------------------------

REPLAYED = """
L.solve(S, v)
L.slogdet(S)[1]
L.cholesky(S)
L.eigh(S)[0]
L.svd(W)[1]
L.qr(R)[1]
L.norm(R, 'nuc', (1, 2))
L.norm(R, 3, 0)
L.pinv(W)
L.matrix_power(A, 3)
L.multi_dot([v, A, v])
L.cross(V, V[::-1])
"""


@pytest.mark.parametrize("form", REPLAYED.strip().splitlines())
def test_a_replay_gives_the_same(form):
    names = [name for name in ARRAYS if name in form and name != "L"]
    function = eval(f"lambda {', '.join(names)}: {form}", {"L": L, "np": np})  # noqa: S307
    step = ag.compile(ag.grad(lambda x, *rest: (function(x, *rest) ** 2).sum()))
    for k in range(4):
        given = [ARRAYS[name] * (1 + k / 8) for name in names]
        expected = ag.grad(lambda x, *rest: (function(x, *rest) ** 2).sum())(*given)
        np.testing.assert_array_equal(
            np.asarray(step(*given)), np.asarray(expected), err_msg=form
        )
    assert step.programs


def test_an_error_of_a_replay_names_the_op():
    step = ag.compile(ag.grad(lambda a: L.inv(a).sum()))
    for k in range(4):
        step(A + k)
    with pytest.raises(LinAlgError, match="inv: Singular"):
        step(A * 0)
    np.testing.assert_array_equal(step(A), ag.grad(lambda a: L.inv(a).sum())(A))


def test_lstsq_in_a_compiled_function():
    def loss(a, b):
        x, residuals, rank, _ = L.lstsq(a, b)
        return (x**2).sum() * rank + residuals.sum()

    step = ag.compile(ag.grad(loss))
    for k in range(4):
        got = step(R[0] + k, R[1])
        np.testing.assert_allclose(got, ag.grad(loss)(R[0] + k, R[1]), rtol=1e-12)


def test_transforms_go_through():
    """A Gaussian process: its likelihood by Cholesky, to the second order."""
    x, y = V, A[0]

    def likelihood(scale):
        gram = np.exp(-((x[:, None] - x) ** 2) / scale) + 0.1 * np.eye(4)
        factor = L.cholesky(gram)
        return L.norm(L.solve(factor, y)) ** 2 + 2 * np.sum(np.log(L.diagonal(factor)))

    def by_inverse(scale):
        gram = np.exp(-((x[:, None] - x) ** 2) / scale) + 0.1 * np.eye(4)
        return y @ L.inv(gram) @ y + L.slogdet(gram)[1]

    h = 1e-4
    numeric = (by_inverse(1.5 + h) - by_inverse(1.5 - h)) / (2 * h)
    for f in (likelihood, by_inverse):
        np.testing.assert_allclose(ag.grad(f)(1.5), numeric, rtol=1e-7)
    second = [ag.grad(ag.grad(f))(1.5) for f in (likelihood, by_inverse)]
    np.testing.assert_allclose(*second, rtol=1e-10)
    third = [ag.grad(ag.grad(ag.grad(f)))(1.5) for f in (likelihood, by_inverse)]
    np.testing.assert_allclose(*third, rtol=1e-9)


def test_lstsq_in_a_compiled_function_of_less_than_full_rank():
    """NumPy gives no residuals then: never some in their place, used or not."""
    step = ag.compile(lambda a, b: L.lstsq(a, b)[1])
    for k in range(4):
        expected = L.lstsq(ag.tensor(R[0] + k), ag.tensor(R[1]))[1]
        assert step(R[0] + k, R[1]).numpy().tobytes() == expected.numpy().tobytes()
    deficient = np.outer(R[0][:, 0], R[0][0])
    with pytest.raises(LinAlgError, match="lstsq: the matrix has rank 1 and 3 columns"):
        step(deficient, R[1])
    with pytest.raises(LinAlgError, match="rank 1"):
        ag.compile(lambda a, b: L.lstsq(a, b)[1])(deficient, R[1])
