"""vjp, jvp, hvp: a Jacobian or Hessian times something, without building it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

import numpy as np

from autograd_core.tensor import Tensor
from autograd_core.transforms.gradients import grad, is_derivative
from autograd_core.transforms.run import Leaf, Run, fitted
from autograd_core.trees import matched, names_of, parts_of, shaped

R = TypeVar("R")


def recorded(f: Callable[..., Any], inputs: Any, who: str) -> Run:
    """The recorded call of ``f`` on all of ``inputs``."""
    told = None if is_derivative(f) else f
    return Run(lambda given: f(*given), inputs, who, told=told)


@overload
def vjp(
    f: Callable[..., R], *inputs: Leaf
) -> tuple[R, Callable[[Any], tuple[Tensor, ...]]]: ...
@overload
def vjp(
    f: Callable[..., R], *inputs: Any
) -> tuple[R, Callable[[Any], tuple[Any, ...]]]: ...
def vjp(f: Callable[..., Any], *inputs: Any) -> tuple[Any, Callable[[Any], Any]]:
    """``f(*inputs)`` and its pullback: cotangents of the outputs to those of inputs.

    The pullback takes a cotangent in the shape and nesting of the outputs, returns a
    tuple, one entry for each of ``inputs``, and may be called again. Raises TypeError
    for integers among the inputs, ValueError for cotangents of another shape.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> out, pullback = ag.vjp(np.square, np.array([1.0, 3.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (tensor([ 2., 60.], dtype=float64),)
    """
    done = recorded(f, inputs, "vjp")
    alone = parts_of(done.tree) is None
    names = names_of(done.tree, "output")

    def pullback(cotangents: Any) -> Any:
        if alone and isinstance(cotangents, tuple) and len(cotangents) == 1:
            (cotangents,) = cotangents
        given = matched(done.tree, cotangents, "vjp: cotangents")
        seeds = fitted(given, done.outs, names, "vjp: the cotangent of")
        pulled = done.pull(seeds, retain=True)
        done.warn_if_constant()
        return shaped(inputs, pulled)

    return done.result(), pullback


def jvp(f: Callable[..., R], inputs: Any, tangents: Any) -> tuple[R, R]:
    """``f(*inputs)`` and its derivative along ``tangents``; one input needs no tuple.

    Tangents have the shape of their inputs, ValueError otherwise; TypeError for
    integers. By two vjps: the pullback is linear in its cotangent, and the pullback of
    that is the derivative (J. Townsend, "A new trick for calculating Jacobian vector
    products", 2017). Returns ``(value, derivative)``, both like the value.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> ag.jvp(np.sin, 0.0, 2.0)
    (tensor(0., dtype=float64), tensor(2., dtype=float64))
    """
    given = _tuple_of(inputs)
    done = recorded(f, given, "jvp")
    along = matched(given, _like(tangents, inputs), "jvp: tangents")
    along = fitted(along, done.inputs, done.names, "jvp: the tangent of")
    pushed = push_of(done).pull(along, retain=False)
    done.warn_if_constant()
    return done.result(), shaped(done.tree, pushed)


def push_of(done: Run) -> Run:
    """The pullback of ``done`` as a function of cotangents, itself recorded.

    Its own pullback takes tangents of the inputs to those of the outputs.
    """
    zeros = [np.zeros(out.shape, _float(out.dtype)) for out in done.outs]
    push = Run(lambda g: done.pull(g, retain=True), zeros, done.who)
    push.nested = done.nested  # what it captures beyond that are our own aliases
    return push


def _float(dtype: Any) -> Any:
    return dtype if dtype.kind in "fc" else np.dtype(np.float64)


def _tuple_of(inputs: Any) -> tuple[Any, ...]:
    """What to call a function with: a namedtuple is one input."""
    several = isinstance(inputs, tuple) and not hasattr(inputs, "_fields")
    return inputs if several else (inputs,)


def _like(x: Any, inputs: Any) -> Any:
    """A tuple of what there is for each input: a list is one if the inputs are."""
    if hasattr(x, "_fields"):
        return (x,)
    kinds = (tuple, list) if _tuple_of(inputs) is inputs else tuple
    return tuple(x) if isinstance(x, kinds) else (x,)


@overload
def hvp(f: Callable[..., Any], inputs: Leaf, v: Any) -> Tensor: ...
@overload
def hvp(
    f: Callable[..., Any], inputs: tuple[Leaf, ...], v: Any
) -> tuple[Tensor, ...]: ...
@overload
def hvp(f: Callable[..., Any], inputs: Any, v: Any) -> Any: ...
def hvp(f: Callable[..., Any], inputs: Any, v: Any) -> Any:
    """The Hessian of a scalar ``f`` times ``v``; one input needs no tuple.

    The Hessian is symmetric, so it is the vjp of the gradient: no Hessian is built
    (Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6,
    1994). ``v`` and the result have the shape and nesting of ``inputs``. Raises
    ValueError for other shapes and for an ``f`` that is no scalar.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> ag.hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    tensor([6., 0.], dtype=float64)
    """
    given = _tuple_of(inputs)
    slope = grad(f, tuple(range(len(given))))
    done = recorded(slope, given, "hvp")
    along = matched(given, _like(v, inputs), "hvp: v")
    along = fitted(along, done.outs, done.names, "hvp: v for")
    products = shaped(given, done.pull(along, retain=False))
    return products if given is inputs else products[0]
