"""Types that users see: what mypy is told, see typing/reveal.py, holds at run time too.

mypy itself reads that file in ``make lint``.
"""

import inspect
import runpy
import types
import typing
from pathlib import Path

import pytest

import autograd_core as ag
from autograd_core import nn
from autograd_core.ops import TABLE

REVEAL = Path(__file__).parent / "typing" / "reveal.py"


def holds(value, kind):
    """Whether ``value`` is of a type, as far down as the types in the file go."""
    if kind is typing.Any:
        return True
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return any(holds(value, one) for one in args)
    if origin is tuple:
        if args[-1] is Ellipsis:
            args = args[:1] * len(value)
        return len(value) == len(args) and all(map(holds, value, args))
    kind = origin or kind
    return isinstance(value, kind) or (kind is float and type(value) is int)


def test_what_checkers_are_told_holds(monkeypatch):
    told = []

    def assert_type(value, kind):
        assert holds(value, kind), f"{value!r} is no {kind}"
        told.append(kind)
        return value

    monkeypatch.setattr(typing, "assert_type", assert_type)
    runpy.run_path(str(REVEAL))
    assert told.count(ag.Tensor) > 50


def test_a_wrong_type_would_be_found():
    x = ag.tensor(1.0)
    for value, kind in (
        (x, tuple),
        (1, ag.Tensor),
        (None, ag.Tensor),
        (x, ag.Tensor | None),
    ):
        assert holds(value, kind) is (value is x and kind is not tuple)
    assert holds((x, x), tuple[ag.Tensor, ...])
    assert not holds((x, 1), tuple[ag.Tensor, ...])
    assert not holds((x,), tuple[ag.Tensor, ag.Tensor])


def arguments(function):
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", TABLE)
def test_ops_show_their_arguments(name):
    op = TABLE[name]
    assert arguments(op) == arguments(op.body)
    assert op.variadic or not {"args", "kwargs", "attrs"} & set(arguments(op))


def test_functions_and_layers_show_their_arguments():
    assert arguments(TABLE["add"]) == ["a", "b"]
    assert arguments(TABLE["add"].call) == ["a", "b"]
    assert arguments(nn.functional.elu) == ["x", "alpha"]
    assert arguments(nn.Linear) == ["in_features", "out_features", "bias", "dtype"]
    assert arguments(ag.grad(lambda x, y=2: x)) == ["x", "y"]
    assert arguments(ag.compile(lambda x, y=2: x)) == ["x", "y"]
