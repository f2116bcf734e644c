"""NumPy's reductions, products and calculus on Tensors, a table of expressions.

Each is evaluated on bare arrays by NumPy, and on Tensors: values, dtypes, gradients by
central differences, gradients of those, and replays by a Program.
"""

import re

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.walk import walk

ARRAYS = {
    "x": (3, 4),
    "y": (3, 4),
    "t": (2, 3, 4),
    "v": (5,),
    "w": (4,),
    "u": (3,),
    "s": (),
    "p": (3, 3),
    "one": (1, 4),
}
OTHERS = {
    "np": np,
    "m": np.random.default_rng(5).random((3, 4)) < 0.6,
    "n1": np.int64(1),
    "k": np.array([1, 2, 0, 3]),
}

SMOOTH = """
np.sum(x, where=m)
np.sum(x, 0, where=m, initial=2.5)
np.sum(x, initial=3)
np.sum(x, (0, n1), where=m[:, :1], keepdims=True)
np.sum(x, axis=-1, initial=s)
np.mean(x, where=m)
np.mean(x, 0, where=m[:, 1:2])
np.mean(x, -1, where=[True, False, True, True], keepdims=True)
np.var(x, where=m)
np.var(x, 1, ddof=1, where=[True, False, True, True])
np.var(x, 0, mean=y[:1])
np.var(x, 0, mean=np.mean(x, 0, keepdims=True), correction=1)
np.std(x, -1, where=[True, False, True, True], keepdims=True)
np.std(x, (0, 1), where=m, ddof=1)
np.prod(x)
np.prod(x, 0)
np.prod(x, -1, keepdims=True)
np.prod(t, (0, 2))
np.prod(t, (2, 0), keepdims=True)
np.prod(t, axis=n1)
np.prod(x, ())
np.prod(s)
np.prod(x, 0, where=m, initial=2)
np.prod(np.where(m, x, 0), 0)
np.prod(x * np.array([0, 1, 1, 0.0]), 1)
np.max(x, initial=0.5)
np.max(x, 0, where=m, initial=-9)
np.min(x, 1, where=m, initial=9.0, keepdims=True)
np.amax(t, (0, 2))
np.ptp(x)
np.ptp(x, 0)
np.ptp(t, (0, n1), keepdims=True)
np.cumsum(x)
np.cumsum(x, 0)
np.cumsum(t, axis=-2)
np.cumsum(s)
np.cumprod(x)
np.cumprod(t, axis=n1)
np.cumprod(x * np.array([0, 1, 1, 0.0]), 1)
np.cumprod(np.where(m, x, 0), 0)
np.cumulative_sum(x, axis=1)
np.cumulative_sum(v, include_initial=True)
np.cumulative_prod(x, axis=0, include_initial=True)
np.nansum(np.where(m, x, np.nan), 0)
np.nansum(np.where(m, x, np.nan), where=~m[:1])
np.nanprod(np.where(m, x, np.nan), 1)
np.nanmean(np.where(m, x, np.nan))
np.nanmean(np.where(m, x, np.nan), 1, keepdims=True)
np.nanvar(np.where(m, x, np.nan), 1)
np.nanvar(np.where(m, x, np.nan), ddof=1)
np.nanstd(np.where(m, x, np.nan), 1)
np.nanmax(np.where(m, x, np.nan), 1)
np.nanmin(np.where(m, x, np.nan), keepdims=True)
np.nanmax(np.where(m, x, np.nan), 0, initial=0.1)
np.nancumsum(np.where(m, x, np.nan), 1)
np.nancumprod(np.where(m, x, np.nan))
np.median(x)
np.median(x, 0)
np.median(x, axis=-1, keepdims=True)
np.median(t, (0, 2))
np.nanmedian(np.where(m, x, np.nan), 1)
np.nanmedian(np.where(m, x, np.nan))
np.quantile(x, 0.3)
np.quantile(x, [0.3, 0.8, 1], 1)
np.quantile(t, [[0.1, 0.7]], (0, 2), keepdims=True)
np.quantile(x, 0.4, 1, method='hazen')
np.quantile(v, [0, 0.2, 0.55, 1], method='median_unbiased')
np.quantile(v, [0.1, 0.55], method='midpoint')
np.quantile(v, [0.1, 0.55], method='lower')
np.quantile(v, [0.1, 0.55], method='higher')
np.quantile(v, [0.1, 0.55], method='nearest')
np.quantile(v, [0.1, 0.55], method='inverted_cdf')
np.quantile(v, [0.1, 0.55], method='averaged_inverted_cdf')
np.percentile(x, 35, 0)
np.percentile(x, (20.0, 50), axis=-1)
np.nanquantile(np.where(m, x, np.nan), [0.2, 0.9], 1)
np.nanpercentile(np.where(m, x, np.nan), 30)
np.average(x)
np.average(x, 1, keepdims=True)
np.average(x, weights=y ** 2)
np.average(x, 1, w ** 2)
np.average(x, 0, [1, 2, 3])
np.average(t, (2, 0), weights=np.abs(t[:, 1].T))
np.average(x, 1, w ** 2, returned=True)[1] * x[:, 0]
np.average(x, returned=True)[0]
np.cov(x)
np.cov(x, y)
np.cov(x, rowvar=False)
np.cov(x, bias=True)
np.cov(v)
np.cov(x, ddof=0, fweights=k + 1)
np.cov(x, aweights=w ** 2)
np.cov(x, fweights=k + 1, aweights=w ** 2)
np.corrcoef(x)
np.corrcoef(v, v ** 2)
np.corrcoef(x, y, rowvar=False)
np.trapezoid(v)
np.trapezoid(x, dx=0.5, axis=0)
np.trapezoid(x, w)
np.trapezoid(x, u, axis=0)
np.trapezoid(x, y)
np.diff(v)
np.diff(x, 2)
np.diff(x, n=n1, axis=0)
np.diff(x, 0)
np.diff(x, prepend=0, append=y)
np.diff(x, axis=0, append=y)
np.diff(v, 5)
np.ediff1d(x)
np.ediff1d(v, to_begin=[1.0, 2], to_end=s)
np.gradient(v)
np.gradient(v, 0.5)
np.gradient(v, edge_order=2)
np.gradient(v, 2.0, edge_order=2)
np.gradient(v, np.cumsum(v ** 2 + 0.1))
np.gradient(v, np.cumsum(v ** 2 + 0.1), edge_order=2)
np.gradient(x, axis=1)
np.gradient(x)[0]
np.gradient(x, 0.5, [0, 1, 3, 4.5])[1]
np.gradient(x, 0.5, 2, axis=(1, 0))[1]
np.gradient(x, axis=-2, edge_order=2)
np.gradient(v, s ** 2 + 1)
np.convolve(v, u)
np.convolve(u, v, 'same')
np.convolve(v, w, mode='same')
np.convolve(v, u, 'valid')
np.convolve(s, v)
np.correlate(v, u)
np.correlate(u, v, 'full')
np.correlate(w, v, 'same')
np.correlate(v, w, 'same')
np.correlate(u, v)
np.polyval(u, x)
np.polyval([1, 2, 3.0], v)
np.polyval(w, 0.5)
np.poly(u)
np.dot(x, w)
np.dot(u, x)
np.dot(w, w)
np.dot(s, x)
np.dot(x, t.swapaxes(1, 2))
np.dot(t, x.T)
np.dot(t, t.swapaxes(1, 2))
np.dot(u, t)
np.inner(x, y)
np.inner(w, x)
np.inner(w, w)
np.inner(t, x)
np.inner(t, 2.0)
np.vdot(x, y)
np.vecdot(x, y)
np.vecdot(t, w)
np.matvec(t, w)
np.matvec(x, t)
np.vecmat(u, t)
np.vecmat(u, x)
np.outer(x, w)
np.kron(x, p)
np.kron(w, x)
np.kron(t, u)
np.kron(s, x)
np.tensordot(x, y)
np.tensordot(t, x)
np.tensordot(x, w, 1)
np.tensordot(x, u, axes=0)
np.tensordot(t, x, ([1, 2], [0, 1]))
np.tensordot(t, x, ((2, 1), (1, 0)))
np.tensordot(t, x, (1, 0))
np.tensordot(t, x, axes=([-1], [n1]))
np.tensordot(x, t, axes=[(0,), (1,)])
np.cross(u, u[::-1])
np.cross(p, u)
np.cross(p, p[::-1], axis=0)
np.cross(t, u, axisa=1, axisc=0)
np.cross(x, u, axisa=0)
np.einsum('ij,jk', x, x.T)
np.einsum('ij,ij->i', x, y)
np.einsum('ij->ji', x)
np.einsum('ba', x)
np.einsum('ii', p)
np.einsum('ii->i', p)
np.einsum('ij->', x)
np.einsum('ijk->j', t)
np.einsum('ijk,ilk->ljk', t, t)
np.einsum('...ij,kj->...ik', t, x)
np.einsum('...j,j', t, w)
np.einsum('i...->...', t)
np.einsum('...,...', x, y)
np.einsum('ij,jk,kl->il', x, x.T, p)
np.einsum('i,ij,j', u, x, w)
np.einsum('a,b,c->cab', u, w, v)
np.einsum('ij,ij,ij->j', x, y, x, optimize=True)
np.einsum('ij,kj,lj,mj->iklm', x, y, x, one, optimize='optimal')
np.einsum('ij,kj->ik', x, one)
np.einsum('ij,ij->ij', x, one)
np.einsum(x, [0, 1], w, [1])
np.einsum(x, [0, 1], x, [2, 1], [2, 0])
np.einsum(t, [..., 2], w, [2], [...])
np.einsum(' i j , j -> i ', x, w)
np.einsum(',i->i', s, w)
np.einsum('i,->i', w, 2.0)
np.einsum('iij,j->i', p[:, None] * p.T[..., None], u)
np.sum(np.cumsum(x, 0) * np.median(y, 0)) / np.prod(u)
""".strip().splitlines()


def data(rng, dtype=np.float64):
    """Arrays without ties, some way from 0."""
    out = {}
    for name, shape in ARRAYS.items():
        size = int(np.prod(shape))
        grid = (rng.permutation(size) + rng.uniform(0.3, 0.7, size)) / size
        grid = (0.4 + grid) * rng.choice([-1.0, 1.0], size)
        out[name] = grid.reshape(shape).astype(dtype)
    return out


def used(form):
    """The names of the arrays in a form, but not in its strings."""
    plain = re.sub("'[^']*'", "", form)
    return [n for n in ARRAYS if re.search(rf"(?<![\w.]){n}\b(?!=)", plain)]


def run(form, values):
    return eval(form, {**OTHERS, **values})  # noqa: S307


def tensors(values, names):
    return {
        n: ag.tensor(a, requires_grad=True) if n in names else a
        for n, a in values.items()
    }


def gradients(form, values, names, g, create_graph=False):
    leaves = tensors(values, names)
    out = run(form, leaves)
    found = walk([out], [g], [leaves[n] for n in names], create_graph=create_graph)
    return leaves, [found.get(leaves[n]) for n in names]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", SMOOTH)
def test_values_and_dtypes_are_numpys(form, dtype, rng):
    values = data(rng, dtype)
    expected = np.asarray(run(form, values))
    got = run(form, tensors(values, used(form)))
    assert isinstance(got, ag.Tensor)
    assert got.requires_grad
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    scale = max(1.0, np.max(np.abs(expected), initial=0.0))
    eps = 64 * np.finfo(dtype).eps
    np.testing.assert_allclose(got.detach().numpy(), expected, rtol=0, atol=eps * scale)


def slope(f, values, moves, step=2e-4):
    def at(h):
        moved = {n: np.asarray(a + h * moves.get(n, 0.0)) for n, a in values.items()}
        return f(moved)

    near, far = at(step) - at(-step), at(2 * step) - at(-2 * step)
    return (8 * near - far) / (12 * step)


@pytest.mark.parametrize("form", SMOOTH)
def test_first_and_second_derivatives_are_differences(form, rng):
    values, names = data(rng), used(form)
    g = np.asarray(rng.standard_normal(np.shape(run(form, values))))
    moves = {n: np.asarray(rng.standard_normal(ARRAYS[n])) for n in names}
    probes = [np.asarray(rng.standard_normal(ARRAYS[n])) for n in names]
    leaves, grads = gradients(form, values, names, ag.tensor(g), create_graph=True)
    for name, grad in zip(names, grads, strict=True):
        assert grad.shape == values[name].shape
        assert np.isfinite(grad.detach().numpy()).all()

    analytic = sum(np.vdot(moves[n], q.data) for n, q in zip(names, grads, strict=True))
    numeric = slope(lambda a: np.vdot(g, run(form, a)), values, moves)
    assert analytic == pytest.approx(numeric, rel=1e-8, abs=1e-8)

    total = sum((q * p).sum() for q, p in zip(grads, probes, strict=True))
    if total.requires_grad:
        total.backward()
    seconds = [
        np.zeros(leaves[n].shape) if leaves[n].grad is None else leaves[n].grad.data
        for n in names
    ]

    def probed(moved):
        _, found = gradients(form, moved, names, g)
        return sum(np.vdot(q, p) for q, p in zip(found, probes, strict=True))

    analytic = sum(np.vdot(moves[n], q) for n, q in zip(names, seconds, strict=True))
    numeric = slope(probed, values, moves)
    assert analytic == pytest.approx(numeric, rel=1e-7, abs=1e-7)
