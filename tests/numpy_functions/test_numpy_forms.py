"""Argument forms of NumPy's functions and methods: NumPy's value, or an error.

Each form is an expression in ``np``, ``x`` and its like. It is evaluated with arrays
and with Tensors in their place; the names say what each of them is.
"""

import io
import warnings

import numpy as np
import pytest
from numpy_forms import ARRAYS, OTHERS, REFUSED, VALUES

import autograd_core as ag


def evaluate(form, make):
    names = {**OTHERS, **{name: make(a.copy()) for name, a in ARRAYS.items()}}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return eval(form, names)  # noqa: S307


def leaf(array):
    return ag.tensor(array, requires_grad=array.dtype.kind == "f")


def same(got, expected, form):
    if isinstance(expected, list | tuple):
        assert len(got) == len(expected), form
        for one, other in zip(got, expected, strict=True):
            same(one, other, form)
    elif isinstance(expected, str):
        assert got == expected, form
    else:
        got, expected = getattr(got, "data", got), np.asarray(expected)
        got = np.asarray(got)
        assert got.shape == expected.shape, form
        assert got.dtype == expected.dtype, form
        rtol = 1e-6 if got.dtype == np.float32 else 1e-14
        np.testing.assert_allclose(got, expected, rtol=rtol, err_msg=form)


def forms(text):
    return pytest.mark.parametrize("form", text.strip().splitlines())


@forms(VALUES)
def test_a_form_gives_numpys_value(form):
    same(evaluate(form, leaf), evaluate(form, np.asarray), form)


@forms(REFUSED)
def test_a_form_is_refused_or_gives_numpys_value(form):
    got = outcome(form)
    if not isinstance(got, Exception):
        same(got, evaluate(form, np.asarray), form)
    else:
        assert type(got).__module__.split(".")[0] in ("builtins", "numpy"), form
        assert 10 < len(str(got)) < 200, form


def outcome(form):
    try:
        return evaluate(form, leaf)
    except (TypeError, ValueError, OverflowError) as error:
        return error


def test_files_hold_the_bare_data():
    x, file, text = (
        ag.tensor(ARRAYS["x"], requires_grad=True),
        io.BytesIO(),
        io.StringIO(),
    )
    np.savez(file, x, named=x)
    file.seek(0)
    loaded = np.load(file)
    np.testing.assert_array_equal(loaded["arr_0"], ARRAYS["x"])
    np.testing.assert_array_equal(loaded["named"], ARRAYS["x"])
    np.savetxt(text, x)
    text.seek(0)
    np.testing.assert_array_equal(np.loadtxt(text), ARRAYS["x"])
    file = io.BytesIO()
    np.save(file, x)
    file.seek(0)
    np.testing.assert_array_equal(np.load(file), ARRAYS["x"])


# What is differentiated -------------------------------------------------------------

GRADIENTS = {
    "np.sum(x, 0, np.float32)": lambda w: np.broadcast_to(w, (2, 3)),
    "np.mean(x, 0, np.float64)": lambda w: np.broadcast_to(w / 2, (2, 3)),
    "np.reshape(x, (3, 2), 'F')": lambda w: w.reshape((2, 3), order="F"),
    "x.ravel('F')": lambda w: w.reshape((2, 3), order="F"),
    "np.take(x, [True, False], 1)": lambda w: np.c_[w[:, ::-1], [0, 0]],
    "np.tile(x, 1)": lambda w: w,
    "np.copy(x, 'F')": lambda w: w,
    "np.add(x, 1, dtype='f4')": lambda w: w,
    "np.full_like(x, np.sum(x), dtype='f4')": lambda w: np.full((2, 3), w.sum()),
    "np.zeros_like(x) + x": lambda w: w,
    "np.concatenate([x, x], n1, dtype='f4')": lambda w: w[:, :3] + w[:, 3:],
    "np.stack([x, x], k0)": lambda w: w.sum(0),
    "np.moveaxis(x, n0, k1)": lambda w: w.T,
    "np.transpose(x, (k1, k0))": lambda w: w.T,
}


@pytest.mark.parametrize("form", GRADIENTS)
def test_gradients_pass_through(form, rng):
    x = ag.tensor(ARRAYS["x"], requires_grad=True)
    out = eval(form, {**OTHERS, **ARRAYS, "x": x})  # noqa: S307
    w = rng.integers(-4, 5, out.shape).astype(out.dtype)
    out.backward(w)
    np.testing.assert_allclose(x.grad.data, GRADIENTS[form](w), rtol=1e-15)


# Replayed ----------------------------------------------------------------------------

REPLAYED = """
np.zeros_like(x) + x
np.full_like(x, np.sum(x))
np.take(x, [True, False], 1)
np.take(x, x[0] > 1, k1)
np.tile(x, 1)
np.repeat(x, n2, k0)
np.clip(x, [0, 1, 2], np.nan)
np.clip(x)
np.ravel(x, 'F')
np.std(x, n0, np.float32)
np.sign(u)
u < 300
-1 == u
np.add(x, f, dtype='f4')
"""


@forms(REPLAYED)
def test_a_replay_gives_the_same(form):
    names = [name for name in ARRAYS if name in "xfiu"]
    function = eval(f"lambda {', '.join(names)}: {form}", dict(OTHERS))  # noqa: S307
    step = ag.compile(function)
    arrays = [ARRAYS[name] for name in names]
    for k in range(4):
        given = [a + k for a in arrays]
        same(step(*given), function(*map(ag.tensor, given)).data, form)
    assert step.programs
