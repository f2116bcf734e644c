"""Reductions and products at kinks and zeros, and replayed by a Program."""

import numpy as np
import pytest
from test_numpy_sums import SMOOTH, data, run, used

import autograd_core as ag

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
