"""What no op can compute with is refused in a sentence, never by Numba."""

import decimal
import fractions
import inspect
import warnings

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import protocols
from autograd_core.ops import TABLE, elementwise, reduce, shape

ODD = {
    "None": None,
    "str": "a",
    "bytes": b"x",
    "complex": 1j,
    "Fraction": fractions.Fraction(1, 2),
    "Decimal": decimal.Decimal(1),
    "dict": {},
    "set": {1},
    "type": float,
    "float16": np.array([1, 2], "f2"),
    "longdouble": np.longdouble(1),
    "objects": np.array([None, 1.0]),
    "complexes": np.array([1j, 2]),
    "longdoubles": np.array([1, 2], np.longdouble),
    "dates": np.array(["2020", "2021"], "M8[Y]"),
    "spans": np.array([1, 2], "m8[s]"),
    "records": np.zeros(2, [("a", "f4")]),
    "swapped": np.array([1.0, 2.0], ">f8"),
    "strs": np.array(["a", "b"]),
    "ragged": [1, [2, 3]],
    "huge": 10**400,
}
FAMILIES = [family.__name__ for family in (elementwise, reduce, shape)]
OPS = [op for op in TABLE.values() if op.__module__ in FAMILIES]
EVERY_ODD = pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
TENSORS = [
    ag.tensor(np.array([1.0, 2.0]), requires_grad=True),
    ag.tensor([1, 0]),
    ag.tensor([True, False]),
]


REFUSALS = (
    IndexError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    ZeroDivisionError,
)


def refusal(call, *args, **attrs):
    """The error, which is a sentence; else the result is what a Tensor can be."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            out = call(*args, **attrs)
    except REFUSALS as error:
        return error
    for one in out if isinstance(out, list | tuple) else [out]:
        if isinstance(one, ag.Tensor):
            assert shape.native(one.dtype) == one.dtype
    return None


def check_sentence(error):
    if error is not None:
        assert len(str(error)) > 8
        assert "umba" not in str(error)
        assert "opmode" not in str(error)


@EVERY_ODD
@pytest.mark.parametrize("op", OPS, ids=str)
def test_ops_refuse_what_they_cannot_compute_with(op, odd):
    inputs, attrs = 2 if op.variadic else len(op.names), dict(op.samples[0].attrs)
    for t in TENSORS:
        for i in range(inputs):
            args = [odd if j == i else t for j in range(inputs)]
            error = refusal(op, *args, **attrs)
            check_sentence(error)
            if type(error) in (TypeError, ValueError):
                assert str(error).startswith(f"{op.name}:")


@EVERY_ODD
@pytest.mark.parametrize("function", protocols.FUNCTIONS, ids=lambda f: f.__name__)
def test_numpys_functions_refuse_odd_arguments(function, odd):
    t = TENSORS[0]
    usual = {"shape": (2, 1), "indices": [0], "fill_value": 1, "dtype": "f4"}
    usual |= dict.fromkeys(["axis", "source", "destination", "axis1", "axis2"], 0)
    usual |= dict.fromkeys(["indices_or_sections", "repeats", "reps"], 2)
    usual |= {"arrays": [t, t], "tup": [t, t]}
    parameters = list(inspect.signature(function).parameters.values())
    needed = [p.name for p in parameters if p.default is p.empty and p.kind != 4]
    for p in parameters:
        given = {name: usual.get(name, t) for name in needed}
        if p.name in ("arrays", "tup"):
            given[p.name] = [t, odd]
        elif p is not parameters[0]:
            given[p.name] = odd
        places = [q.name for q in parameters if q.kind == q.POSITIONAL_ONLY]
        args = [given.pop(name) for name in places if name in given]
        check_sentence(refusal(function, *args, **given))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: shape.sum_to(np.ones(2), shape=(5,)), r"\(2,\) is no repetition of"),
        (lambda: shape.sum_to(np.ones((2, 3)), shape=(3, 2)), "no repetition"),
        (lambda: shape.sum_to(np.ones(3), shape=(1, 3)), "no repetition"),
        (lambda: shape.scatter(np.ones(2), index=0, shape=(3, 4)), r"\(2,\) at an"),
        (
            lambda: shape.scatter(np.ones(3), index=np.ones(2, bool), shape=(2,)),
            "scatter: array is not broadcastable",
        ),
    ],
)
def test_adjoints_check_shapes(call, text):
    with pytest.raises(ValueError, match=text):
        call()


@pytest.mark.parametrize("n", [np.int8(2), np.uint64(2), np.array(2), ag.tensor(2)])
def test_any_integer_is_a_length(n):
    for make in (ag.zeros, ag.ones, ag.randn, ag.rand):
        assert make(n).shape == (2,)
        assert make(n, 3).shape == (2, 3)
        assert make((n, 3)).shape == (2, 3)
    assert ag.zeros(4).reshape(n, n).shape == (2, 2)


@pytest.mark.parametrize("n", [True, 2.0, "2", None])
def test_what_is_no_integer_is_no_length(n):
    with pytest.raises(TypeError):
        ag.zeros(n)
    with pytest.raises(TypeError):
        ag.zeros(2, 3).reshape(n, -1)
    if n is not None:
        for reduce_ in (np.sum, np.mean, np.max, np.argmax, np.var, np.std):
            with pytest.raises(TypeError):
                reduce_(ag.ones(2, 3), n)


def test_what_is_done_many_times_ends_when_nothing_is_left():
    assert np.diff(ag.tensor([1.0, 4.0, 9.0]), n=10**12).shape == (0,)
    with pytest.raises(OverflowError, match=r"of 1329 bits is too large"):
        np.array_split(ag.tensor([1.0, 2.0]), 10**400)
