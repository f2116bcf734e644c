"""What a sweep over NumPy's functions and arguments has found to differ from NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_core as ag

RNG = np.random.default_rng(0)
Z = RNG.standard_normal((3, 4)) + 1j * RNG.standard_normal((3, 4))
MASK = RNG.random((3, 4)) < 0.7
FLOATS = np.ones((3, 3), np.float32)
BOOLS = np.array([True, False, True])
FORMS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "nanvar of complex": (np.nanvar, Z),
    "nanstd of complex": (lambda x: np.nanstd(x, axis=1), Z),
    "var of complex, where": (lambda x: np.var(x, axis=1, where=MASK), Z),
    "var of complex, mean": (lambda x: np.var(x, axis=0, mean=1j), Z),
    "var of complex": (lambda x: np.var(x, axis=0), Z),
    "std of complex": (lambda x: np.std(x, axis=1, keepdims=True), Z),
    "cov of complex": (np.cov, Z),
    "cov of complex, weighted": (lambda x: np.cov(x, aweights=[1, 2, 3, 4.0]), Z),
    "corrcoef of complex": (np.corrcoef, Z),
    "matmul with bools": (lambda x: x @ BOOLS, FLOATS),
    "vecdot with bools": (lambda x: np.vecdot(x, BOOLS), FLOATS),
    "matmul with int8": (lambda x: BOOLS.astype(np.int8) @ x, FLOATS),
    "matmul with int64": (lambda x: BOOLS.astype(np.int64) @ x, FLOATS),
}


@pytest.mark.parametrize("name", FORMS)
def test_values_and_dtypes_are_numpys(name: str) -> None:
    function, x = FORMS[name]
    got, expected = function(ag.Tensor(x)), np.asarray(function(x))
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", [name for name in FORMS if "complex" in name])
def test_gradients_through_complex_numbers(name: str) -> None:
    function, _ = FORMS[name]
    x = ag.tensor(Z.real, dtype=np.float64, requires_grad=True)
    w = RNG.standard_normal(np.shape(function(Z)))
    step = RNG.standard_normal(Z.shape)

    def loss(x: Any) -> Any:
        return np.sum(np.real(function(x + 1j * Z.imag)) * w)

    loss(x).backward()
    assert x.grad is not None
    h = 1e-5
    slope = (loss(Z.real + h * step) - loss(Z.real - h * step)) / (2 * h)
    np.testing.assert_allclose(np.sum(x.grad.numpy() * step), slope, rtol=1e-6)


AXES: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: np.sum(x, axis=5),
    "sort": lambda x: np.sort(x, axis=5),
    "concatenate": lambda x: np.concatenate([x, x], axis=5),
    "softmax": lambda x: x.softmax(5),
}


@pytest.mark.parametrize("name", AXES)
def test_axes_out_of_range_are_numpys_error(name: str) -> None:
    with pytest.raises(np.exceptions.AxisError, match="axis 5 is out of range"):
        AXES[name](ag.Tensor(FLOATS))


def test_put_refuses_unknown_modes() -> None:
    x: Any = ag.Tensor(FLOATS.copy())
    mode: Any = "full"
    with pytest.raises(ValueError, match="put: expected mode"):
        np.put(x, [0], [2.0], mode=mode)
