"""Reductions and products of integers, bools, NaN and of nothing; kinks; Programs."""

import numpy as np
import pytest
from test_numpy_sums import SMOOTH, data, run, used

import autograd_core as ag

NAN = np.nan
ARRAYS = {
    "i": np.array([[1, 5, 2], [7, 0, 3]]),
    "b": np.array([[True, False, True], [False, True, True]]),
    "f": np.array([[0.5, -1, 3], [2, 2.5, -0.25]], np.float32),
    "z": np.zeros((0, 3)),
    "z2": np.zeros((3, 0)),
    "o": np.array([2.5]),
    "n": np.array([[NAN, 1, 2], [NAN, NAN, NAN]]),
    "s": np.array(2.0),
    "x": np.arange(6.0).reshape(2, 3),
    "y": np.array([3.0, 1, 2]),
    "u8": np.array([200, 100, 0], np.uint8),
}

VALUES = """
np.sum(i, where=b)
np.sum(i, initial=2)
np.sum(i, initial=2.5)
np.sum(f, initial=2)
np.sum(b, initial=2)
np.sum(f, dtype=np.float64, initial=1)
np.sum(u8, initial=1)
np.prod(i)
np.prod(i, 0, dtype=float)
np.prod(u8)
np.prod(b)
np.prod(z)
np.prod(z, 0)
np.prod(z2, 1)
np.prod(f, 0)
np.prod(f, initial=2)
np.prod(o)
np.prod(s)
np.any(i)
np.any(x, 0)
np.any(n)
np.all(i, axis=1, keepdims=True)
np.all(z)
np.any(z, 0)
np.any(x, where=b)
np.all(x, 1, where=b)
np.all(s)
np.cumsum(i)
np.cumsum(u8)
np.cumsum(b, 1)
np.cumsum(f)
np.cumsum(f, 0, np.float64)
np.cumsum(i, dtype=np.float32)
np.cumsum(z)
np.cumsum(z, 1)
np.cumsum(s)
np.cumsum(s, 0)
np.cumprod(i, 1)
np.cumprod(b)
np.cumprod(z2, 1)
np.cumulative_sum(y)
np.cumulative_sum(s)
np.cumulative_sum(i, axis=1, include_initial=True)
np.cumulative_prod(u8, include_initial=True)
np.nansum(i)
np.nansum(b)
np.nansum(n, 1)
np.nanprod(n, 1)
np.nanmean(n)
np.nanmean(n, 1)
np.nanmean(i)
np.nanmean(b)
np.nanmean(f)
np.nanvar(n, 1)
np.nanvar(n[:1], 1, ddof=1)
np.nanvar(i)
np.nanstd(n, 1)
np.nanstd(f)
np.nanvar(f, dtype=np.float64)
np.nanmax(n, 1)
np.nanmax(n)
np.nanmin(i, 0)
np.nanmax(f)
np.nanmax(n, 1, initial=0)
np.nancumsum(n, 1)
np.nancumsum(i)
np.nancumprod(n)
np.ptp(i)
np.ptp(u8)
np.ptp(n)
np.median(i)
np.median(i, 0)
np.median(b)
np.median(f)
np.median(n)
np.median(n, 0)
np.median(z)
np.median(z, 0)
np.median(z, 1)
np.median(o)
np.median(s)
np.median(x, (0, 1))
np.median(x, axis=())
np.nanmedian(n)
np.nanmedian(n, 1)
np.nanmedian(n, 0)
np.nanmedian(i)
np.nanmedian(z)
np.quantile(i, 0.5)
np.quantile(i, [0.1, 0.5], 1)
np.quantile(i, 0.5, method='lower')
np.quantile(i, [0.5], method='nearest')
np.quantile(n, 0.5, 1)
np.quantile(f, 0.25)
np.quantile(f, np.float64(0.25))
np.quantile(f, np.array(0.25))
np.quantile(x, 0)
np.quantile(x, 1)
np.percentile(x, 50)
np.percentile(i, [0, 100])
np.nanpercentile(n, 50, axis=1)
np.nanquantile(n, [0.5, 0.2], axis=0)
np.nanquantile(n, 0.7, axis=0, method='lower')
np.average(i)
np.average(f, 0)
np.average(f, weights=f)
np.average(i, 1, weights=[1, 2, 3])
np.average(i, 1, weights=[1, 2, 3], returned=True)[1]
np.average(z, 0)
np.average(x, (0, 1), weights=np.ones((2, 3)))
np.cov(i)
np.cov(f)
np.cov(o)
np.cov(z)
np.cov(x[0], x[1], bias=True)
np.cov(f, dtype=np.float32)
np.cov(x, aweights=y, ddof=0)
np.corrcoef(x)
np.corrcoef(f, dtype=np.float32)
np.corrcoef(y)
np.corrcoef(x, rowvar=False)
np.trapezoid(i)
np.trapezoid(f)
np.trapezoid(y, [0, 1, 3])
np.trapezoid(o)
np.trapezoid(z)
np.trapezoid(x, dx=2, axis=0)
np.diff(i)
np.diff(b)
np.diff(u8)
np.diff(z)
np.diff(x, 3)
np.diff(x, 4)
np.diff(x, prepend=[[1], [2]])
np.diff(x, n=0)
np.diff(i, prepend=0.5)
np.diff(f, append=1)
np.ediff1d(i)
np.ediff1d(i, to_end=[9], to_begin=4)
np.ediff1d(s)
np.ediff1d(f, to_end=1)
np.gradient(i, axis=1)
np.gradient(f, axis=1)
np.gradient(x)
np.gradient(x, 1, 2)
np.gradient(y, [0, 2, 3], edge_order=2)
np.gradient(f, [0, 1., 3.], axis=1)
np.gradient(y, np.float64(2))
np.gradient(s)
np.convolve(i[0], i[1])
np.convolve(y, [1, 2])
np.convolve(f[0], y)
np.convolve(y, 2.0)
np.convolve(i[0], [1, 2], 'valid')
np.correlate(i[0], i[1])
np.correlate(f[0], f[1], 'full')
np.polyval([1, 2], i)
np.polyval(y, 2)
np.polyval(f[0], 2)
np.polyval([], x)
np.poly(y)
np.poly(i[0])
np.dot(i, i.T)
np.dot(i, 2)
np.dot(i, f.T)
np.dot(b, b.T)
np.inner(i, i)
np.inner(x, y)
np.inner(2, y)
np.inner(f, f)
np.vdot(i, i)
np.vdot(s, s)
np.vecdot(x, y)
np.vecdot(i, i)
np.matvec(x, y)
np.matvec(i, i[0])
np.vecmat(y, x.T)
np.outer(i, i)
np.outer(s, x)
np.kron(i, i)
np.kron(s, s)
np.kron(z, x)
np.kron(f, f)
np.tensordot(i, i)
np.tensordot(x, y, 1)
np.tensordot(x, y, 0)
np.tensordot(z, z, ([0], [0]))
np.tensordot(x, x, ((0, 1), (0, 1)))
np.tensordot(f, f, ([-2, 1], [0, -1]))
np.cross(i, i[::-1])
np.cross(y, y[::-1])
np.cross(f, y)
np.einsum('ij->i', i)
np.einsum('ij,kj', i, i)
np.einsum('ij,ij', f, f)
np.einsum('ij,j->i', f, y)
np.einsum('ij,kj->ik', b, b)
np.einsum('ij->', b)
np.einsum('ij,jk', z2, z)
np.einsum('ij->ij', i)
np.einsum('...', x)
np.einsum('i...j->j...', x)
np.max(x, initial=100)
np.max(x, where=b, initial=-1)
np.max(i, initial=9)
np.max(i, 0, where=b, initial=-1)
np.max(z, 0, initial=5)
np.max(z, initial=5)
np.min(z, 1)
np.min(f, initial=0)
np.max(u8, initial=0)
np.mean(i, where=b)
np.mean(f, where=b)
np.mean(x, where=False)
np.mean(i, 0, np.float32, where=b)
np.var(f, where=b)
np.var(i, 1, where=b, ddof=1)
np.var(x, mean=2.0)
np.std(x, 0, where=b)
np.std(i)
np.var(f, 0, mean=np.mean(f, 0, keepdims=True))
np.argmax(i)
np.matmul(i, i.T)
np.matmul(b, b.T)
np.prod(x, dtype=np.float32)
""".strip().splitlines()

REFUSED = """
np.cumulative_sum(x)
np.nanmax(z)
np.ptp(z)
np.quantile(x, 1.5)
np.quantile(x, -0.1)
np.quantile(x, 0.5, method='bogus')
np.quantile(z, 0.5)
np.quantile(b, 0.5)
np.percentile(x, 101)
np.average(x, weights=[1, 2, 3])
np.average(x, 0, weights=[1, 2, 3])
np.average(x, 0, weights=[0, 0])
np.cov(x, ddof=1.5)
np.cov(x, fweights=[1, 2])
np.cov(x, fweights=[1.5, 2, 1])
np.trapezoid(s)
np.diff(s)
np.diff(x, -1)
np.ediff1d(i, to_end=0.5)
np.gradient(x, 1, 2, 3)
np.gradient(x, axis=(0, 0))
np.gradient(o)
np.gradient(y, [0, 1, 2, 3])
np.gradient(y, edge_order=3)
np.convolve(y, [])
np.convolve(x, y)
np.convolve(y, y, 'bogus')
np.dot(x, x)
np.inner(x, o)
np.vdot(x, y)
np.vecdot(x, s)
np.matvec(y, y)
np.tensordot(x, x, 1)
np.tensordot(x, y, 3)
np.tensordot(x, x, ([0], [0, 1]))
np.tensordot(x, x, ([0, 0], [0, 0]))
np.cross(x, o)
np.cross(y, y, axis=3)
np.einsum('ij,ij', x, z)
np.einsum('i', s)
np.einsum('i2', x)
np.einsum('i,j', y)
np.max(x, where=b)
np.max(z)
np.max(z, 0)
np.sum(x, axis=(0, 0))
np.prod(x, axis=2)
np.cumsum(x, 5)
""".strip().splitlines()


def evaluated(form, values):
    return eval(form, {"np": np, **values})  # noqa: S307


def as_tensors():
    return {name: ag.tensor(a) for name, a in ARRAYS.items()}


@pytest.mark.parametrize("form", VALUES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_values_and_dtypes_are_numpys(form):
    expected, got = evaluated(form, ARRAYS), evaluated(form, as_tensors())
    if not isinstance(expected, tuple):
        expected, got = (expected,), (got,)
    assert isinstance(got, tuple)
    for one, other in zip(got, map(np.asarray, expected), strict=True):
        assert isinstance(one, ag.Tensor)
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        np.testing.assert_allclose(one.numpy(), other, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("form", REFUSED)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_numpy_refuses_is_refused(form):
    with pytest.raises(
        (ValueError, TypeError, IndexError, RuntimeError, ZeroDivisionError)
    ):
        evaluated(form, ARRAYS)
    with pytest.raises((ValueError, TypeError, ZeroDivisionError)):
        evaluated(form, as_tensors())


REPLAYED = SMOOTH[::3]


@pytest.mark.parametrize("form", REPLAYED)
def test_a_program_gives_the_bits_of_the_call(form, rng):
    names = used(form)

    def gradient(*leaves):
        return ag.grad(
            lambda *args: run(form, place(args)).sum(), tuple(range(len(names)))
        )(*leaves)

    def place(args):
        return {**values, **dict(zip(names, args, strict=True))}

    replayed = ag.compile(gradient)
    for _ in range(4):
        values = data(rng)
        leaves = [ag.tensor(values[name]) for name in names]
        values = {k: v for k, v in values.items() if k not in names}
        for one, other in zip(gradient(*leaves), replayed(*leaves), strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())


# Kinks and zeros ---------------------------------------------------------------------


def gradient(f, *arrays):
    grads = ag.grad(f, tuple(range(len(arrays))))(*map(ag.tensor, arrays))
    return [g.numpy().tolist() for g in grads]


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ([2.0, 3.0, 4.0], [12.0, 8.0, 6.0]),
        ([2.0, 0.0, 4.0], [0.0, 8.0, 0.0]),
        ([0.0, 0.0, 4.0], [0.0, 0.0, 0.0]),
        ([0.0], [1.0]),
    ],
)
def test_a_product_of_zeros_has_its_derivative(factors, expected):
    assert gradient(np.prod, np.array(factors)) == [expected]
    assert gradient(lambda x: np.cumprod(x)[-1], np.array(factors)) == [expected]


def test_mixed_derivatives_of_a_product_of_zeros():
    """All three factors are 0: the third derivative by each of them is 1."""
    picked = [lambda f, i=i: lambda x: ag.grad(f)(x)[i] for i in range(3)]
    for f in (np.prod, lambda x: np.cumprod(x)[-1], np.nanprod):
        for step in picked:
            f = step(f)
        assert f(ag.tensor(np.zeros(3))).numpy() == 1.0


def test_ties_share_and_what_is_masked_has_no_part():
    x = np.array([1.0, 5.0, 5.0, 7.0])
    mask = x < 6
    assert gradient(lambda x: np.max(x, where=mask, initial=0), x) == [[0, 0.5, 0.5, 0]]
    assert gradient(lambda x: np.max(x, initial=9), x) == [[0, 0, 0, 0]]
    assert gradient(np.ptp, x) == [[-1, 0, 0, 1]]


def test_masked_nan_reaches_no_gradient():
    x = np.array([1.0, np.nan, 4.0])
    mask = np.array([True, False, True])
    for f in (np.sum, np.mean, np.var, np.std, np.prod):
        (found,) = gradient(lambda x, f=f: f(x, where=mask), x)
        assert found[1] == 0
        assert np.isfinite(found).all()
    for f in (
        np.nansum,
        np.nanmean,
        np.nanvar,
        np.nanstd,
        np.nanprod,
        np.nanmax,
        np.nanmin,
        np.nanmedian,
        lambda x: np.nanquantile(x, 0.3),
    ):
        (found,) = gradient(f, x)
        assert found[1] == 0
        assert np.isfinite(found).all()


def test_std_of_equals_has_gradient_zero():
    x = np.full(3, 2.0)
    assert gradient(lambda x: np.std(x, where=[True, True, False]), x) == [[0, 0, 0]]
    assert gradient(np.nanstd, x) == [[0, 0, 0]]


def test_a_quantile_in_a_tensor_that_needs_a_gradient_is_refused():
    q = ag.tensor(0.5, requires_grad=True)
    with pytest.raises((TypeError, RuntimeError), match="quantile"):
        np.quantile(np.arange(3.0), q)


def test_einsum_takes_arrays_beside_tensors_and_any_number_of_operands():
    x = np.arange(6.0).reshape(2, 3)
    t = ag.tensor(x, requires_grad=True)
    got = np.einsum("ij,ij,kj,k->", x, t, x, [1.0, 2.0])
    assert got.item() == np.einsum("ij,ij,kj,k->", x, x, x, [1.0, 2.0])
    got.backward()
    np.testing.assert_allclose(t.grad.numpy(), x * (x[0] + 2 * x[1]))
