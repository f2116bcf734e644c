"""Every function that HIPS autograd differentiates, through it and through us."""

import importlib

import numpy as np
import pytest
import wheels
from calls_linalg import FFT, LINALG, THROUGH
from calls_numpy import NUMPY, SILENT
from calls_special import SPECIAL
from draw import DEEP, QUICK, Draw, run_draws
from hypothesis import settings
from sides import Case, Hips, Ours, carries, curve, inner, near, plain, slope

import autograd_core as ag
from autograd_core import special

pytest.importorskip("autograd")
pytest.importorskip("scipy")

# HIPS' own: a division in a jvp, `Output seems independent of input` for steps.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Output seems independent of input"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:autograd"),
]
TOLERANCE = {np.dtype(np.float64): 1e-8, np.dtype(np.float32): 2e-4}

CALLS = {
    "numpy": NUMPY,
    "numpy.linalg": LINALG,
    "numpy.fft": FFT,
    "scipy.special": SPECIAL,
}
LISTED = wheels.hips()
PAIRS = {
    kind: [(s, n) for s, rows in LISTED.items() for n, k in rows.items() if k == kind]
    for kind in ("vjp", "no gradient")
}

# What HIPS autograd refuses or gets wrong. Where it disagrees with us there, central
# differences of NumPy's own values must agree with ours.
FAULTS = {
    ("numpy", "broadcast_to"): "raises for new leading axes",
    ("numpy", "diagonal"): "raises unless axis1=-1, axis2=-2",
    ("numpy", "einsum"): "raises for the diagonal, 'ii->i'",
    ("numpy", "outer"): "raises for a matrix whose first axis has one element",
    ("numpy", "repeat"): "wrong numbers for axis=-1",
    ("numpy", "roll"): "raises for a tuple of shifts",
    ("numpy", "tile"): "wrong numbers or raises where reps is shorter than the shape",
    ("numpy", "var"): "its jvp raises a NameError for an axis",
    ("numpy", "where"): "raises where the mask adds axes",
    ("numpy.linalg", "norm"): "raises for ord=1 along an axis",
    ("scipy.special", "logsumexp"): "raises for a number with keepdims=True",
}


# SciPy gives float64 of a float32 here (its loop of doubles is listed first, or its
# function of Python computes in doubles). Ours stays float32, as in all that is here.
KEEP_SINGLE = {
    ("scipy.special", name)
    for name in ("gammainc", "gammaincc", "yn", "polygamma", "multigammaln")
}

# Python functions of SciPy's, which no protocol reaches: ours are beside its ufuncs.
OURS_FOR = {
    ("scipy.special", name): getattr(special, name)
    for name in ("logsumexp", "multigammaln", "polygamma")
}


def ours_of(space, name):
    """What is called for the row: NumPy's or SciPy's own function where one can be."""
    own = getattr(wheels.numpy_of(space), name)
    return OURS_FOR.get((space, name), own)


def theirs_of(space, name):
    return getattr(importlib.import_module(f"autograd.{space}"), name)


def case_of(space, name, data):
    rows = CALLS[space]
    assert name in rows, f"no row says how {space}.{name} is called: write one"
    draw = Draw(data)
    args, kwargs = rows[name](draw)
    return draw, Case(args, kwargs, THROUGH.get(name))


def check(space, name, data):
    """Compare one draw; what theirs does not do, if `FAULTS` says so."""
    draw, case = case_of(space, name, data)
    ours = Ours(case, ours_of(space, name))
    theirs = Hips(case, theirs_of(space, name))
    tolerance = TOLERANCE[draw.dtype]
    values = theirs.values()
    found = ours.values()
    near([plain(x) for x in found], values, tolerance, "values")
    dtypes = [np.asarray(x).dtype for x in values]
    if (space, name) in KEEP_SINGLE:
        dtypes = [draw.dtype] * len(values)
    assert [plain(x).dtype for x in found] == dtypes
    weights = [weight_of(draw, x) for x in values]
    tangents = [draw.array(x.shape) for x in case.leaves]

    gradients = ours.vjp(weights)
    assert [g.dtype for g in gradients] == [x.dtype for x in case.leaves]
    along = ours.jvp(tangents)
    # One derivative, forward and backward.
    forward, backward = inner(weights, along), inner(gradients, tangents)
    assert forward == pytest.approx(backward, rel=tolerance, abs=tolerance * 10)
    faults = disagreements(theirs, gradients, along, weights, tangents, tolerance)
    if faults and (space, name) not in FAULTS:
        raise faults[0]
    if faults and draw.dtype == np.float64:
        measured = slope(case, ours.function, weights, tangents)
        assert backward == pytest.approx(measured, rel=1e-5, abs=1e-6)
    if draw.dtype == np.float64:
        products = ours.hvp(weights, tangents)
        expected = None if faults else theirs.hvp(weights, tangents)
        if expected is not None:
            near(products, expected, 1e-7, "hvp")
        else:
            near(products, curve(ours, weights, tangents), 1e-4, "hvp")
    return faults


def disagreements(theirs, gradients, along, weights, tangents, tolerance):
    """What HIPS raises, or how its derivatives differ from ours."""
    found = []
    try:
        near(gradients, theirs.vjp(weights), tolerance, "vjp")
    except Exception as error:
        found.append(error)
    try:
        for mine, other in zip(along, theirs.jvp(tangents), strict=True):
            if other is not None and mine is not None:
                near([mine], [other], tolerance, "jvp")
    except Exception as error:
        found.append(error)
    return found


def ones(value):
    return np.ones_like(plain(value)) if carries(value) else None


def weight_of(draw, value):
    """A random cotangent; None for integers."""
    if not carries(value):
        return None
    shape, kind = np.shape(value), np.asarray(value).dtype
    real = draw.array(shape)
    return real if kind.kind == "f" else (real + 1j * draw.array(shape)).astype(kind)


@pytest.mark.parametrize("pair", PAIRS["vjp"], ids=".".join)
def test_derivatives_are_theirs(pair):
    run_draws(QUICK, lambda data: check(*pair, data))


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS["vjp"], ids=".".join)
def test_derivatives_are_theirs_in_many_draws(pair):
    run_draws(DEEP, lambda data: check(*pair, data))


@pytest.mark.parametrize("pair", PAIRS["no gradient"], ids=".".join)
def test_functions_without_gradient_are_numpys(pair):
    space, name = pair
    assert name in SILENT, f"no row says how {space}.{name} is called: write one"

    def run(data):
        case = Case(*SILENT[name](Draw(data)))
        leaves = [ag.tensor(x, requires_grad=True) for x in case.leaves]
        function = getattr(wheels.numpy_of(space), name)
        values = case.call(np, function, case.leaves)
        found = case.call(np, function, leaves)
        ours = Ours(case, function)  # steps have a gradient: zero
        ours.values()
        assert not any(np.any(g) for g in ours.vjp([ones(x) for x in found]))
        if name == "empty_like":
            values = found
        for mine, value in zip(found, values, strict=True):
            same = plain(mine) == np.asarray(value)
            assert np.all(same), (mine, value)

    run_draws(QUICK, run)


@pytest.mark.parametrize("pair", FAULTS, ids=".".join)
def test_faults_of_theirs_are_there_still(pair):
    """A line of `FAULTS` that explains nothing any more goes."""
    found = []
    run_draws(settings(QUICK, max_examples=60), lambda d: found.extend(check(*pair, d)))
    assert found


def test_nothing_of_the_lists_is_left_out():
    assert not wheels.stale(), "lines of wheels.OUTSIDE that explain nothing"
    assert not wheels.hips_without_numpy(), "say why in wheels.OUTSIDE"
    for space, rows in LISTED.items():
        known = CALLS[space].keys() | (SILENT.keys() if space == "numpy" else set())
        assert set(rows) == known & set(rows), set(rows) - known
