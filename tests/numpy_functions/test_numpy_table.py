"""The table of NumPy's functions: each answer has the arguments of NumPy's own."""

import inspect

import numpy as np
import pytest

from autograd_core.numpy_functions.table import BARE, FUNCTIONS

ENTRIES = [
    pytest.param(function, answer, id=f"{function.__module__}.{function.__name__}")
    for function, answer in FUNCTIONS.items()
]


def parameters(function):
    return dict(inspect.signature(function).parameters)


def means(given, numpys):
    """Whether a default is NumPy's; `numpy._NoValue` says nothing of what it means."""
    return numpys is np._NoValue or given is numpys or given == numpys


@pytest.mark.parametrize(("function", "answer"), ENTRIES)
def test_an_answer_has_numpys_own_arguments(function, answer):
    theirs, ours = parameters(function), parameters(answer)
    names = [name for name in theirs if name in ours]
    assert list(ours) == names, "others, or in another order"
    for name in names:
        assert ours[name].kind is theirs[name].kind, name
        assert means(ours[name].default, theirs[name].default), name


@pytest.mark.parametrize(("function", "answer"), ENTRIES)
def test_a_left_out_argument_has_a_default(function, answer):
    ours = parameters(answer)
    for name, parameter in parameters(function).items():
        if name not in ours and parameter.kind is not parameter.VAR_KEYWORD:
            assert parameter.default is not parameter.empty, name


@pytest.mark.parametrize(("function", "answer"), ENTRIES)
def test_an_answer_is_a_function_of_its_name_that_says_what_it_is(function, answer):
    assert inspect.isfunction(answer)
    assert answer.__name__ != "<lambda>"
    assert getattr(inspect.getmodule(answer), function.__name__) is answer
    assert answer.__doc__


def test_no_function_is_answered_twice():
    assert not BARE & set(FUNCTIONS)
