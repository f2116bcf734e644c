"""NumPy's protocol of ufuncs: one called on Tensors, its arguments and its methods."""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd_core.numpy_functions.arguments import bare, graph_in, operand, plain
from autograd_core.numpy_functions.joining import stack
from autograd_core.numpy_functions.shapes import expand_dims, moveaxis
from autograd_core.ops import shape as s
from autograd_core.ops.elementwise import where as choose
from autograd_core.ops.folding import single
from autograd_core.protocols import (
    is_neutral,
    no_derivative,
    numpys_answer,
    table,
    unsupported,
    written,
)
from autograd_core.tape import TensorBase

USUAL = {"order": "K", "subok": True, "casting": "same_kind"}
REDUCTIONS: Mapping[Any, Any] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_and: np.all,
    np.logical_or: np.any,
}
ACCUMULATIONS: Mapping[Any, Any] = {np.add: np.cumsum, np.multiply: np.cumprod}


def ufunc(
    ufunc: np.ufunc, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Answer a NumPy ufunc, or a method of it, called on Tensors."""
    op = answer_to(ufunc)
    if (
        op is not None
        and method == "__call__"
        and not kwargs
        and len(args) == ufunc.nin
    ):
        return op(*args)
    if op is None or (_into_arrays(kwargs) and not graph_in(args, kwargs)):
        if ufunc in table().BARE or not graph_in(args, kwargs):
            return numpys_answer(getattr(ufunc, method), args, kwargs)
        raise no_derivative(_named(ufunc, method))
    if method == "__call__":
        return _called(op, ufunc, args, dict(kwargs))
    answer = METHODS.get(method)
    if answer is None:
        if graph_in(args, kwargs):
            raise no_derivative(_named(ufunc, method))
        return numpys_answer(getattr(ufunc, method), args, kwargs)
    return answer(ufunc, *args, **kwargs)


def answer_to(ufunc: np.ufunc) -> Any:
    """What answers ``ufunc``, one of NumPy's or of `scipy.special`; None if nothing.

    Whoever has one of SciPy's has loaded SciPy, which nothing here does on its own.
    """
    if ufunc in table().UFUNCS or "scipy.special" not in sys.modules:
        return table().UFUNCS.get(ufunc)
    from autograd_core.special import UFUNCS as OF_SCIPY

    return OF_SCIPY.get(ufunc)


def _named(ufunc: np.ufunc, method: str) -> str:
    """How users call a ufunc of NumPy's, of SciPy's, or of somebody else's."""
    how = "" if method == "__call__" else f".{method}"
    public = ufunc.__name__.lstrip("_")  # SciPy wraps `_zeta`
    for space in ("np", "scipy.special"):
        module = np if space == "np" else sys.modules.get(space)
        found = getattr(module, public, None)
        if found is ufunc or (found is not None and public != ufunc.__name__):
            return f"{space}.{public}{how}"
    return f"{ufunc.__name__}{how}"


def _into_arrays(kwargs: dict[str, Any]) -> bool:
    """Whether results go to bare arrays, as in ``w.data -= lr * w.grad``."""
    out: Any = kwargs.get("out")
    return bool(out) and all(type(array) is np.ndarray for array in out)


def _called(
    op: Callable[..., Any],
    ufunc: np.ufunc,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """``op`` with the arguments that ufuncs have beside their operands."""
    given = args[: ufunc.nin]
    outs: tuple[Any, ...] = (*args[ufunc.nin :], *kwargs.pop("out", ()))
    if ufunc.nout > 1 and any(one is not None for one in outs):
        raise unsupported(ufunc.__name__, "out")
    out = outs[0] if outs else None
    mask, dtype = kwargs.pop("where", True), kwargs.pop("dtype", None)
    for name, value in kwargs.items():
        if not is_neutral(name, value, USUAL.get(name)):
            raise unsupported(ufunc.__name__, name)
    if dtype is not None:
        dtype = s.native(dtype)
        if dtype.kind != "f" or "d" * ufunc.nin + "->d" not in ufunc.types:
            raise unsupported(ufunc.__name__, "dtype")
        given = tuple(s.astype(operand(x), dtype=dtype) for x in given)
    result = op(*given)
    if mask is not True:
        if out is None:
            raise TypeError(
                f"np.{ufunc.__name__}: where= alone leaves elements undefined; give "
                "out= too, or use np.where"
            )
        result = choose(operand(mask), result, operand(out))
    if out is None:
        return result
    if not ufunc.signature and _fits(result.shape, getattr(out, "shape", None)):
        result = s.broadcast_to(operand(result), shape=out.shape)
    return written(f"np.{ufunc.__name__}", out, result)


def _fits(shape: Any, other: Any) -> bool:
    """Whether values of a shape are broadcast to another one, that of ``out=``."""
    if other is None or shape == other or len(shape) > len(other):
        return False
    pairs = zip(shape[::-1], other[::-1], strict=False)
    return all(n in (1, m) for n, m in pairs)


# Methods -----------------------------------------------------------------------------


def _reduce(
    ufunc: np.ufunc,
    array: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = np._NoValue,
    where: Any = True,
) -> Any:
    array, (out,) = operand(array), out if isinstance(out, tuple) else (out,)
    function: Any = REDUCTIONS.get(ufunc)
    options = {"dtype": dtype, "initial": initial, "where": where}
    extra = {k: v for k, v in options.items() if not is_neutral(k, v, None)}
    if function in table().FUNCTIONS:
        result = function(array, axis=axis, keepdims=keepdims, **extra)
    elif extra or keepdims or not isinstance(axis, int | np.integer):
        raise unsupported(f"{ufunc.__name__}.reduce", next(iter(extra), "axis"))
    else:
        result = functools.reduce(answer_to(ufunc), _slices(array, axis))
    return (
        result if out is None else written(f"np.{ufunc.__name__}.reduce", out, result)
    )


def _accumulate(
    ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None
) -> Any:
    array, (out,) = operand(array), out if isinstance(out, tuple) else (out,)
    function: Any = ACCUMULATIONS.get(ufunc)
    if function in table().FUNCTIONS:
        result = function(array, axis=axis, dtype=dtype)
    elif dtype is not None:
        raise unsupported(f"{ufunc.__name__}.accumulate", "dtype")
    else:
        axis = single(axis, len(array.shape))
        parts = list(itertools.accumulate(_slices(array, axis), answer_to(ufunc)))
        result = stack(parts, axis) if parts else array
    name = f"np.{ufunc.__name__}.accumulate"
    return result if out is None else written(name, out, result)


def _slices(array: Any, axis: Any) -> list[Any]:
    """The parts along an axis, which they have no more."""
    array = moveaxis(array, axis, 0)
    return [s.getitem(array, index=i) for i in range(array.shape[0])]


def _outer(ufunc: np.ufunc, a: Any, b: Any, **kwargs: Any) -> Any:
    a, b = operand(a), operand(b)
    lengthened = expand_dims(a, tuple(range(len(a.shape), len(a.shape) + len(b.shape))))
    return _called(answer_to(ufunc), ufunc, (lengthened, b), kwargs)


def _at(ufunc: np.ufunc, a: Any, indices: Any, *others: Any) -> None:
    """In place, index by index, those that are named twice twice."""
    where = plain(indices)
    if not graph_in((a, *others), {}):
        values = np.array(bare(a))
        ufunc.at(values, bare(where), *bare(others))
        a[...] = values
        return
    if ufunc not in (np.add, np.subtract) or not isinstance(a, TensorBase):
        raise no_derivative(_named(ufunc, "at"))
    target: Any = a
    (b,) = others
    part = s.getitem(a, index=s.held(where))
    added = s.scatter(
        s.broadcast_to(operand(b), shape=part.shape),
        index=s.held(where),
        shape=target.shape,
    )
    target[...] = answer_to(ufunc)(target, added)


METHODS: Mapping[str, Callable[..., Any]] = {
    "reduce": _reduce,
    "accumulate": _accumulate,
    "outer": _outer,
    "at": _at,
}
