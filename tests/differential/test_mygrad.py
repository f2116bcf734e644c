"""Every public function of MyGrad, through it and through us: values and vjps."""

import numpy as np
import pytest
import wheels
from calls_mygrad import CONSTANT, ROWS, THEIRS, THROUGH
from draw import DEEP, QUICK, Draw, run_draws
from hypothesis import settings
from mygrad_ours import DEFINED, OURS
from sides import Case, MyGrad, Ours, carries, inner, near, plain, slope

mg = pytest.importorskip("mygrad")

LISTED = wheels.mygrad()
# MyGrad compiles its GRU for 40 s.
LONG = {"gru": [pytest.mark.slow]}
PAIRS = [
    pytest.param((space, name), marks=LONG.get(name, []), id=f"{space}.{name}")
    for space, rows in LISTED.items()
    for name in rows
]

# What MyGrad refuses or gets wrong, as in test_hips.
FAULTS: dict[tuple[str, str], str] = {}


def check(space, name, data):
    """Compare one draw in float64; what theirs does not do, if `FAULTS` says so."""
    assert name in ROWS, f"no row says how {space}.{name} is called: write one"
    draw = Draw(data, single=False)
    args, kwargs = ROWS[name](draw)
    ours = Ours(Case(args, kwargs, THROUGH.get(name)), function(name))
    other = Case(args, kwargs, THEIRS.get(name))
    theirs = MyGrad(other, LISTED[space][name], name not in CONSTANT)
    found = ours.values()
    values = ours.case.call(np, ours.function, ours.case.leaves)
    near([plain(x) for x in found], [plain(x) for x in values], 1e-12, "values, NumPy")
    weights = [draw.array(np.shape(x)) if carries(x) else None for x in values]
    gradients = ours.vjp(weights)
    faults = []
    try:
        near([plain(x) for x in found], map_plain(theirs.values()), 1e-8, "values")
        if name not in CONSTANT:
            near(gradients, theirs.vjp(weights), 1e-8, "vjp")
    except Exception as error:
        if (space, name) not in FAULTS:
            raise
        faults.append(error)
    if (faults or name in CONSTANT) and any(w is not None for w in weights):
        tangents = [draw.array(x.shape) for x in ours.case.leaves]
        measured = slope(ours.case, ours.function, weights, tangents)
        assert inner(gradients, tangents) == pytest.approx(measured, rel=1e-5, abs=1e-6)
    return faults


def function(name):
    """Ours for theirs."""
    written = OURS.get(name) or DEFINED.get(name)
    assert written or hasattr(np, name), f"NumPy has no {name}: see mygrad_ours"
    return written or getattr(np, name)


def map_plain(values):
    return [plain(x) for x in values]


@pytest.mark.parametrize("pair", PAIRS)
def test_gradients_are_theirs(pair):
    run_draws(QUICK, lambda data: check(*pair, data))


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS)
def test_gradients_are_theirs_in_many_draws(pair):
    run_draws(DEEP, lambda data: check(*pair, data))


@pytest.mark.parametrize("pair", FAULTS, ids=".".join)
def test_faults_of_theirs_are_there_still(pair):
    """A line of `FAULTS` that explains nothing any more goes."""
    found = []
    run_draws(settings(QUICK, max_examples=60), lambda d: found.extend(check(*pair, d)))
    assert found


def test_nothing_of_the_list_is_left_out():
    for space, rows in LISTED.items():
        assert not rows.keys() - ROWS.keys(), space
