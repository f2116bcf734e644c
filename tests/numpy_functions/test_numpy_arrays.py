"""Functions of shapes, places and orders: values, gradients and replays of each form.

NumPy is the oracle of both: its value, and its central differences.
"""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from numpy_array_forms import INDICES, MOVING, PLACES, REFUSED
from numpy_forms import ARRAYS, OTHERS
from test_numpy_forms import evaluate, forms, leaf, outcome, same

import autograd_core as ag

STEP = 1e-3


def leaves(arrays):
    return {name: leaf(a.copy()) for name, a in arrays.items()}


def named(form):
    """The names of the arrays of floats that a form reads."""
    code = compile(form, "form", "eval")
    return [n for n in code.co_names if n in ARRAYS and ARRAYS[n].dtype.kind == "f"]


def parts(out):
    """The results of a form that are of floats."""
    flat = out if isinstance(out, list | tuple) else [out]
    return [
        one for one in flat if np.asarray(getattr(one, "data", one)).dtype.kind == "f"
    ]


def run(form, values, module=np):
    return eval(form, {**OTHERS, **values, "np": module})  # noqa: S307


@forms(MOVING + PLACES[1:] + INDICES[1:])
def test_a_form_gives_numpys_value(form):
    same(evaluate(form, leaf), evaluate(form, np.asarray), form)


@forms(REFUSED)
def test_a_form_is_refused_or_gives_numpys_value(form):
    try:
        got = outcome(form)
    except IndexError as error:
        got = error
    if not isinstance(got, Exception):
        same(got, evaluate(form, np.asarray), form)
    else:
        assert 10 < len(str(got)) < 200, form


def weighted(form, weights, values, module=np):
    return sum(
        (w * o).sum()
        for w, o in zip(weights, parts(run(form, values, module)), strict=True)
    )


def drawn(form, rng):
    """Float64 arrays, cotangents of the form's results, and gradients by them."""
    arrays = {n: a.astype("f8") if n == "f" else a for n, a in ARRAYS.items()}
    weights = [rng.standard_normal(np.shape(o)) for o in parts(run(form, arrays))]
    tensors = leaves(arrays)
    outs = parts(run(form, tensors))
    assert all(isinstance(out, ag.Tensor) for out in outs), form
    total = weighted(form, weights, tensors)
    if isinstance(total, ag.Tensor) and total.requires_grad:
        total.backward()
    return arrays, weights, {n: tensors[n].grad for n in named(form)}


@forms(MOVING + INDICES[1:])
def test_gradients_are_numpys_central_differences(form, rng):
    arrays, weights, grads = drawn(form, rng)
    for name, grad in grads.items():
        way = rng.standard_normal(arrays[name].shape)
        ends = [
            weighted(form, weights, {**arrays, name: arrays[name] + k * STEP * way})
            for k in (-2, -1, 1, 2)
        ]
        numeric = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * STEP)
        found = 0.0 if grad is None else np.vdot(grad.data, way)
        np.testing.assert_allclose(found, numeric, rtol=1e-8, atol=1e-9, err_msg=name)


@forms(MOVING + INDICES[1:])
@pytest.mark.filterwarnings("ignore")
def test_gradients_are_those_of_hips_autograd(form, rng):
    arrays, weights, grads = drawn(form, rng)
    for name, grad in grads.items():
        try:
            expected = autograd.grad(
                lambda a, name=name: weighted(form, weights, {**arrays, name: a}, anp)
            )(arrays[name])
        except Exception as error:
            pytest.skip(f"HIPS autograd: {error!r:.80}")
        if expected.shape != arrays[name].shape or "full_like" in form:
            pytest.skip("HIPS autograd is wrong")
        found = np.zeros_like(expected) if grad is None else grad.data
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


# Shapes that depend on values, ranges with a step as a bare array, and the like.
STILL = (
    *("trim_zeros", "extract", "compress", "x[m", "x[x", "x[~", "[:,m", "v>", "m["),
    *("logical", "bitwise", "retstep", "delete", "insert", "geom"),
)


def changed(array, change):
    """Other values; those of floats are in another order."""
    if array.dtype.kind == "f":
        return -array if change else array
    return array + array.dtype.type(change)


@forms(MOVING + INDICES[1:])
def test_a_replay_gives_the_same(form):
    if any(word in form.replace(" ", "") for word in STILL):
        pytest.skip("a shape depends on values")
    names = [n for n in ARRAYS if n in compile(form, "form", "eval").co_names]
    scope = dict(OTHERS)
    function = eval(f"lambda {', '.join(names)}: {form}", scope)  # noqa: S307
    step = ag.compile(function)
    for k in range(4):
        given = [changed(ARRAYS[n], k % 2) for n in names]
        expected = function(*map(ag.tensor, given))
        same(step(*given), expected, form)
    assert step.programs


def test_a_form_takes_lists_that_hold_tensors():
    a, b = ag.tensor(2.0, requires_grad=True), ag.tensor(3.0, requires_grad=True)
    out = np.append(a, [[a, b], [b, 1.0]])
    (out * np.arange(5.0)).sum().backward()
    assert (a.grad.item(), b.grad.item()) == (1.0, 5.0)
