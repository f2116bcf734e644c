"""Mixed dtypes: what comes out, and in which dtype the gradients come back."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.ops import TABLE


@pytest.mark.parametrize("create_graph", [False, True])
def test_linear_computes_in_the_dtype_of_its_weight(create_graph: bool) -> None:
    rng = np.random.default_rng(0)
    x = ag.tensor(rng.standard_normal((3, 4)), requires_grad=True)
    w = ag.tensor(rng.standard_normal((2, 4)).astype(np.float32), requires_grad=True)
    b = ag.tensor(np.zeros(2), requires_grad=True)
    y = TABLE["linear"](x, w, b)
    y.backward(np.ones((3, 2)), create_graph=create_graph)
    assert y.dtype == np.float32
    assert [t.grad.dtype for t in (x, w, b)] == [np.float64, np.float32, np.float64]
    np.testing.assert_allclose(x.grad.data, np.ones((3, 2)) @ w.data, rtol=1e-6)


def test_a_product_of_two_dtypes_promotes_and_gradients_come_back() -> None:
    a = ag.tensor(np.ones((2, 2), np.float32), requires_grad=True)
    b = ag.tensor(np.full((2, 2), 3.0), requires_grad=True)
    (a * b @ b).sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)
    assert (a * 2).dtype == (a + 1.5).dtype == np.float32


@pytest.mark.parametrize(
    "number", [2, 0.5, 1 - 0.5j, complex(1, -0.0), complex(1, 0.0)]
)
@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
def test_python_numbers_are_weak_whatever_they_are(dtype: str, number: complex) -> None:
    a = np.array([1.5, -2.0, 0.0], dtype)
    for op in (np.add, np.subtract, np.multiply, np.true_divide):
        for args in ((a, number), (number, a[:2])):
            got = op(*[ag.tensor(x) if isinstance(x, np.ndarray) else x for x in args])
            assert got.dtype == op(*args).dtype
            np.testing.assert_array_equal(got.numpy(), op(*args))


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8"])
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_negative_floats_as_unsigned_integers_are_numpys(kind: str, dtype: str) -> None:
    x = np.resize([-100.0, -2.5, 200.5, 70.0], 1001).astype(kind)
    as_unsigned = ag.compile(lambda x: x.astype(np.dtype(dtype)))
    for _ in range(3):
        np.testing.assert_array_equal(as_unsigned(x).numpy(), x.astype(dtype))
    np.testing.assert_array_equal(ag.tensor(x).astype(dtype).numpy(), x.astype(dtype))
