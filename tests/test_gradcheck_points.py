"""Gradcheck at awkward points: right gradients pass, all faults of 1e-5 are found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
from autograd_core import nn
from autograd_core.differences import Accuracy, derivative
from autograd_core.gradcheck import GradcheckError
from autograd_core.op import primitive
from autograd_core.ops.elementwise import mul

TABLE = {
    "sin": (np.sin, 0.3, 1000.0, 2026.0, 12345.678, 1e5, 1e6, 1e7),
    "cos": (np.cos, 1.0, 1000.0, 1e6),
    "log": (np.log, 1e-3, 9.1e-4, 1e-4, 1e-5, 1e-6, 1e-8, 1e3, 1e6),
    "1/x": (lambda x: 1 / x, 1e-3, -1e-3, 1e-4, 1e-5, 1e3),
    "sqrt": (np.sqrt, 1e-3, 1e-4, 1e-6, 1e-8, 1e4),
    "rbf": (lambda x: np.exp(-0.5 * (x - 1000) ** 2), 1000.3, 999.0, 1001.5),
    "narrow rbf": (lambda x: np.exp(-100 * (x - 2026) ** 2), 2026.05, 2025.93),
    "speck": (lambda x: np.tanh(1e4 * (x - 5e5)), 5e5 + 1e-5),
    "pole": (lambda x: (x - 1000.0) ** -2, 1000.01, 999.9),
    "power": (lambda x: x**-3, 1e-2, 1e-3),
    "root": (lambda x: x**2.5, 1e-3, 1e3),
    "steep tanh": (lambda x: np.tanh(1000 * x), 1e-3, 5e-4),
    "fast sin": (lambda x: np.sin(1e6 * x), 0.3, 1.0),
    "exp": (np.exp, -5.0, 10.0, 100.0, 700.0),
    "line": (lambda x: x * 1.0, 1e-3, 1.0, 1e6),
    "square": (lambda x: x * x, 1e-3, 1.0, 1e6),
    "log sum": (lambda x: np.log(np.exp(x - 3) + np.exp(-x)), 1.0, 30.0),
    "noisy": (lambda x: np.sin(x) + 1e6 - 1e6, 0.3, 1.0, 2.0),
    "near a kink": (nn.functional.relu, 3e-6, 1e-7, 1e-9),
}
POINTS = pytest.mark.parametrize(
    ("f", "x"),
    [
        pytest.param(f, x, id=f"{name} at {x:g}")
        for name, (f, *points) in TABLE.items()
        for x in points
    ],
)
BOTH = pytest.mark.parametrize("per_component", [True, False])


def off_by(f, part):
    """The values of ``f``, and its gradient times ``1 + part``."""

    def faulty(x):
        y = f(x)
        return y + (y - y.detach()) * part

    return faulty


@BOTH
@POINTS
def test_right_gradients_pass(f, x, per_component):
    report = ag.gradcheck(f, np.array([x]), per_component=per_component)
    (row,) = report.rows
    assert row.kinks == 0
    if f is not TABLE["noisy"][0]:  # the error is none too small
        assert row.absolute <= 1.1 * row.error + row.tolerance


@BOTH
@POINTS
@pytest.mark.parametrize("part", [1e-5, -1e-5, 1.0])
def test_faults_are_found(f, x, part, per_component):
    with pytest.raises(GradcheckError, match="1 of 1 wrong"):
        ag.gradcheck(off_by(f, part), np.array([x]), per_component=per_component)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    st.sampled_from([np.sin, np.tanh, np.exp, lambda x: 1 / (1 + x * x)]),
    st.floats(-3, 3),
    st.floats(-4, 4),
    st.floats(-2, 6),
)
def test_of_any_width_anywhere(f, start, width, away):
    """``f`` squeezed by 10**width, at a distance of 10**away."""
    centre, scale = 10.0**away, 10.0**-width
    x = np.array([centre + start * scale])

    def g(t):
        return f((t - centre) / scale)

    (slope,) = ag.grad(lambda t: g(t).sum())(x).data
    if abs(slope) * scale < 1e-2:  # a flat place: little is left of the digits
        return
    assert ag.gradcheck(g, x)
    assert not ag.gradcheck(off_by(g, 1e-5), x, raise_on_failure=False)


def test_few_evaluations_where_nothing_bends():
    calls = []

    def f(x):
        calls.append(1)
        return np.sin(x)

    ag.gradcheck(f, np.linspace(0, 1, 10))
    assert len(calls) == 3 + 4 * 10


def test_an_error_is_estimated_where_no_step_is_good():
    noise = np.random.default_rng(0)
    accuracy = Accuracy(step=6e-6, rounding=1e-16, rtol=1e-6, atol=None)
    found = derivative(lambda h: 1 + 1e-9 * noise.standard_normal() / h, accuracy)
    assert abs(found.value - 1) < 3 * found.error < 1e-5


def test_failures_that_the_differences_may_explain_are_told():
    def coarse(x):
        """Values in steps of 1.2e-7."""
        return np.sin(x) + 1e9 - 1e9

    with pytest.raises(GradcheckError, match=r"wrong, \d within the error"):
        ag.gradcheck(coarse, np.linspace(0.1, 1.2, 40))


@primitive(lambda g, y, x: mul(g, np.array([1.0, np.nan, 1.0])), saves="")
def one_nan(x):
    return x * 1.0


@BOTH
def test_one_nan_is_one_wrong_component(per_component):
    report = ag.gradcheck(
        one_nan, np.ones(3), per_component=per_component, raise_on_failure=False
    )
    (row,) = report.rows
    assert not report
    assert row.failures == 1
    assert np.isnan(row.analytic)
    if per_component:
        assert row.position == (1,)
        assert "1 of 3 wrong" in str(report)


def test_a_nan_is_the_worst_of_several_inputs():
    report = ag.gradcheck(
        lambda a, b: one_nan(a) + off_by(np.exp, 0.5)(b),
        (np.ones(3), np.ones(3)),
        raise_on_failure=False,
        atol=0.0,
    )
    assert report.worst.name == "input 0"
    assert [row.failures for row in report.rows] == [1, 3]


def test_infinite_gradients_and_edges():
    with pytest.raises(ValueError, match=r"NaN or infinity next to input 0 at \(1,\)"):
        ag.gradcheck(np.sqrt, np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="output holds NaN"):
        ag.gradcheck(np.log, np.array([-1.0]))


def test_the_report_says_how_sure_it_is():
    text = str(ag.gradcheck(np.sin, np.array([0.5])))
    head = " ".join(text.splitlines()[1].split())
    assert head == "input shape worst at analytic numeric error abs rel overall"
    error = float(text.splitlines()[2].split()[-5])
    assert 0 < error < 1e-9


# Lists -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "shapes"),
    [
        ([1.0, 2.0], [(2,)]),
        ([[1.0, 2.0], [3.0, 4.0]], [(2, 2)]),
        ([np.float64(1), 2], [(2,)]),
        ([np.ones(2)], [(2,)]),
        (([1.0, 2.0],), [(2,)]),
        (1.5, [()]),
    ],
)
def test_a_list_of_numbers_is_one_array(inputs, shapes):
    report = ag.gradcheck(lambda x: np.exp(x), inputs)
    assert [row.shape for row in report.rows] == shapes
    assert ag.gradcheck(np.exp, inputs)


def test_other_lists_are_several_inputs():
    inputs = [np.ones(2), ag.tensor(np.ones(2)), 2.0]
    assert len(ag.gradcheck(lambda x, y, z: x * y * z, inputs).rows) == 3
    assert len(ag.gradcheck(lambda x, y: x * y, (1.0, 2.0)).rows) == 2
    with pytest.raises(TypeError, match=r"list of numbers is one.*as a tuple"):
        ag.gradcheck(lambda x, y: x * y, [1.0, 2.0])
