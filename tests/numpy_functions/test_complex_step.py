"""Derivatives by complex steps, which have no truncation and no cancellation.

``f(x + ih).imag / h`` is f'(x) to the last digits where f is analytic and NumPy's own
loop takes complex numbers (Squire and Trapp, SIAM Review 40, 1998).
"""

import numpy as np
import pytest
from op_cases import draw

import autograd_core as ag
from autograd_core.ops import TABLE
from autograd_core.samples import Arg

STEP = 1e-100
NOT_ANALYTIC = {"abs", "sign", "conj", "positive", "heaviside"}


def takes_complex(op):
    wanted = "D" * len(op.names) + "->D"
    return op.ufunc is not None and op.differentiable and wanted in op.ufunc.types


CASES = [
    pytest.param(op, sample, id=f"{op.name}-{i}")
    for op in TABLE.values()
    if takes_complex(op) and op.name not in NOT_ANALYTIC
    for i, sample in enumerate(op.samples)
    if all(arg.kind == "real" for arg in sample.args if isinstance(arg, Arg))
]


def test_there_are_cases():
    assert len({case.values[0].name for case in CASES}) > 25


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_gradients_are_those_of_complex_steps(op, sample, rng):
    args = draw(sample, rng)
    for i, x in enumerate(args):
        if not isinstance(x, np.ndarray) or x.dtype != np.float64:
            continue
        direction = rng.standard_normal(x.shape)
        stepped = [
            a + 1j * STEP * direction if j == i else a for j, a in enumerate(args)
        ]
        right = op.ufunc(*stepped).imag / STEP

        def of_one(x, i=i):
            return op(*[x if j == i else a for j, a in enumerate(args)])

        _, found = ag.jvp(of_one, x, direction)
        np.testing.assert_allclose(found.numpy(), right, rtol=2e-13, atol=1e-13)
