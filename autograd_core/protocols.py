"""NumPy's protocol of functions: one called on Tensors, and its arguments.

That of ufuncs is in `ufuncs`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from autograd_core.numpy_functions.arguments import (
    MISSING,
    bare,
    graph_in,
    tensors_in,
)
from autograd_core.tape import TensorBase, check_kept, keeps_graph

# Arguments that change no value, beside None and NumPy's defaults.
NEUTRAL = {"where": True, "casting": "same_kind", "device": "cpu"}


@cache
def table() -> ModuleType:
    """The table of NumPy's functions."""
    from autograd_core.numpy_functions import table

    return table


def __getattr__(name: str) -> Any:
    """The parts of the table, by their names."""
    if name in ("BARE", "FUNCTIONS", "UFUNCS"):
        return getattr(table(), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Answer a NumPy function called on Tensors."""
    answer = table().FUNCTIONS.get(function)
    if answer is not None:
        if len(args) == 1 and not kwargs:
            return answer(args[0])
        return _called(function, answer, args, dict(kwargs))
    if function in table().BARE:
        _refuse_lost(function, args, kwargs)
    elif graph_in(args, kwargs):
        raise no_derivative(name_of(function))
    return numpys_answer(function, args, kwargs)


def name_of(function: Any) -> str:
    """How users call a function of NumPy's: ``np.linalg.norm``."""
    space = (getattr(function, "__module__", None) or "numpy").split(".")
    return ".".join(["np", *space[1:], function.__name__])


def numpys_answer(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """What NumPy says of the bare data, which is none of the graph's business."""
    return function(*bare(args), **bare(kwargs))


def no_derivative(name: str) -> TypeError:
    """The error for a function that would lose a gradient."""
    return TypeError(
        f"{name} has no derivative here. Give it one with ag.custom_vjp, or leave the "
        "graph: t.detach().numpy(), or ag.no_grad(). docs/numpy.md lists what has one."
    )


def unsupported(name: str, argument: str) -> TypeError:
    """The error for an argument that would change something and is not known here."""
    return TypeError(
        f"np.{name}: {argument}= is not supported for Tensors. Use t.detach().numpy() "
        "to leave the graph."
    )


def is_neutral(name: str, value: Any, default: Any) -> bool:
    """Whether an argument changes nothing."""
    if value is None or value is MISSING:
        return True
    if isinstance(value, str | int):
        return (type(value) is type(default) and value == default) or (
            name in NEUTRAL and value == NEUTRAL[name]
        )
    return False


def written(name: str, out: Any, result: Any) -> Any:
    """``out``, a Tensor or an array, with ``result`` written to it."""
    if not isinstance(out, TensorBase | np.ndarray):
        kind = type(out).__name__
        raise TypeError(f"{name}: expected a Tensor or an array as out=, got {kind}")
    if not isinstance(out, TensorBase) and graph_in(result, {}):
        raise TypeError(
            f"{name}: out= is not supported where the result has a gradient, which an "
            "array has not. Leave out= away, or use t.detach()."
        )
    into: Any = out
    shape = tuple(result.shape)
    if into.shape != shape:
        raise ValueError(f"{name}: out has shape {into.shape}, expected {shape}")
    if not np.can_cast(result.dtype, into.dtype, "same_kind"):
        text = f"{result.dtype} does not fit out, which is {into.dtype}"
        raise TypeError(f"{name}: {text}")
    if isinstance(out, np.ndarray):
        np.copyto(out, bare(result), "same_kind")
    else:
        into[...] = result
    return out


def _called(
    function: Any,
    answer: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """The answer to arguments by NumPy's names, without those that change nothing."""
    theirs, ours, alone = _parameters(function, answer)
    if len(args) > len(theirs) or "*" in theirs:
        given = _bound(function, args, kwargs)
        args = given.pop("*", ())
    else:
        given, args = {**dict(zip(theirs, args, strict=False)), **kwargs}, ()
    out = given.pop("out", None)
    for name, value in list(given.items()):
        if "**" not in ours and (name not in ours or value is MISSING):
            if not is_neutral(name, value, theirs.get(name)):
                raise unsupported(function.__name__, name)
            del given[name]
    first = [given.pop(name) for name in alone if name in given]
    result = answer(*first, *args, **given)
    return result if out is None else written(name_of(function), out, result)


def _bound(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Arguments by name, those before and of ``*args`` under "*"; else TypeError."""
    bound = inspect.signature(function).bind(*args, **kwargs)
    found: dict[str, Any] = {"*": ()}
    for name, value in bound.arguments.items():
        kind = inspect.signature(function).parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            found = {"*": (*found.values(), *value)[1:]}
        elif kind is inspect.Parameter.VAR_KEYWORD:
            found.update(value)
        else:
            found[name] = value
    return found


@cache
def _parameters(
    function: Any, answer: Any
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Those of NumPy's and of ours, and which of ours are given by position alone."""
    ours = inspect.signature(answer).parameters.values()
    alone = [p.name for p in ours if p.kind is p.POSITIONAL_ONLY]
    return _names(function), _names(answer), alone


@cache
def _names(function: Any) -> dict[str, Any]:
    """A function's parameters, in order, and their defaults; "*" and "**" if any."""
    kinds: dict[Any, str] = {
        inspect.Parameter.VAR_POSITIONAL: "*",
        inspect.Parameter.VAR_KEYWORD: "**",
    }
    parameters = inspect.signature(function).parameters.values()
    return {kinds.get(p.kind, p.name): p.default for p in parameters}


def _refuse_lost(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """An error if a result would depend on values without their gradient."""
    given = {**dict(zip(_names(function), args, strict=False)), **kwargs}
    weights = given.get("weights")
    if isinstance(weights, TensorBase) and keeps_graph(weights):
        raise unsupported(function.__name__, "weights")
    if function in HISTOGRAMS and _edges_given(function, given):
        given = {k: v for k, v in given.items() if k not in SAMPLES}
    elif function not in (*HISTOGRAMS, np.unique, np.ix_):
        return
    for tensor in tensors_in(given):
        check_kept(tensor, name_of(function))


# Their edges lie where the values do, unless they are told; the counts are steps.
HISTOGRAMS = (np.histogram, np.histogram2d, np.histogramdd, np.histogram_bin_edges)
SAMPLES = ("a", "x", "y", "sample")


def _edges_given(function: Any, given: dict[str, Any]) -> bool:
    """Whether a histogram's edges do not depend on the values."""
    bins = bare(given.get("bins", 10))
    listed = function in (np.histogram, np.histogram_bin_edges) and np.ndim(bins) > 0
    return listed or given.get("range") is not None
