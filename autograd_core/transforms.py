"""Functions of functions: grad, vjp, jvp, hvp, jacobian, hessian, and checkpoint.

Each sees its inputs under new nodes, so that transforms nest without confusion. Inputs
are arrays, numbers or Tensors; results are Tensors. A graph of the gradients is built
only if something outside could use it: an input or a captured tensor requires grad.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from itertools import islice
from typing import Any, ParamSpec, TypeVar, overload

import numpy as np

from autograd_core.create import tensor
from autograd_core.hooks import Array
from autograd_core.launch import duplicate, full
from autograd_core.ops.broadcasting import as_dtype
from autograd_core.ops.shape import concatenate, identity, reshape
from autograd_core.signatures import Call
from autograd_core.tape import (
    Node,
    TensorBase,
    grad_mode,
    state,
)
from autograd_core.tensor import Tensor
from autograd_core.trees import leaves_of, matched, names_of, numbered, rebuilt
from autograd_core.walk import reachable, walk
from autograd_core.writes import array_of

P = ParamSpec("P")
R = TypeVar("R")
Place = Node | TensorBase
Leaf = Tensor | Array | float


# Inputs and outputs ----------------------------------------------------------------


def fitted(
    given: Iterable[Any], leaves: Iterable[Tensor], names: Iterable[str], what: str
) -> list[Any]:
    """``given``, each a Tensor or an array of the shape of its leaf; or an error."""
    found = []
    for g, leaf, name in zip(given, leaves, names, strict=True):
        array = g if isinstance(g, Tensor) else np.asarray(g)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{what} {name} is {type(g).__name__}, not numbers")
        if array.shape != leaf.shape:
            noun = name.split("[")[0].split()[0]
            raise ValueError(
                f"{what} {name} has shape {array.shape}, the {noun} {leaf.shape}"
            )
        found.append(array)
    return found


def alias(x: Any, who: str, name: str) -> Tensor:
    """``x`` as a Tensor with a place of its own in the graph."""
    if not isinstance(x, Tensor):
        array = np.asarray(x)
        x = tensor(x) if array.dtype.kind == "f" else array
    if x.dtype.kind != "f":
        raise TypeError(f"{who}: needs float32 or float64 inputs, {name} is {x.dtype}")
    if x.requires_grad and state.grad_enabled:
        inner: Tensor = identity(x)
        return inner
    outer = x.detach()
    outer._requires_grad = True  # nobody has seen it yet
    return outer


def place_of(x: TensorBase) -> Place:
    """Where the cotangent of ``x`` arrives."""
    return x.node or x


class Run:
    """One recorded call of ``f`` on aliases of ``inputs`` (a tree of tensors)."""

    def __init__(self, f: Any, inputs: Any, who: str, names: Any = None) -> None:
        enabled = state.grad_enabled
        self.names = names or numbered(inputs, "argument")
        self.inputs = [
            alias(x, who, name)
            for x, name in zip(leaves_of(inputs), self.names, strict=True)
        ]
        self.places = [place_of(x) for x in self.inputs]
        with grad_mode(True):
            self.tree = f(rebuilt(inputs, self.inputs))
        self.outs = leaves_of(self.tree)
        for out in self.outs:
            if not isinstance(out, Tensor):
                raise TypeError(
                    f"{who}: the function must return Tensors, got "
                    f"{type(out).__name__}. Is it constant, or did it leave the graph?"
                )
        self.nested = enabled and self._used_outside()

    def _used_outside(self) -> bool:
        """Whether the outputs depend on something that requires grad outside."""
        if any(isinstance(place, Node) for place in self.places):
            return True
        inner = set(self.places)
        roots = [out.node for out in self.outs if out.node]
        captured = [out for out in self.outs if out.requires_grad and not out.node]
        for node in reachable(roots, inner):
            captured += [p for p in node.parents if isinstance(p, TensorBase)]
        return any(leaf not in inner for leaf in captured)

    def result(self) -> Any:
        """The outputs, inside the outer graph if there is one."""
        outs = self.outs if self.nested else [out.detach() for out in self.outs]
        return rebuilt(self.tree, outs)

    def pull(self, cotangents: Sequence[Any], retain: bool) -> list[Tensor]:
        """Cotangents of the inputs; zeros where the outputs do not depend on them."""
        seeds = [
            _cotangent(g, out) for g, out in zip(cotangents, self.outs, strict=True)
        ]
        tracked = any(seed.requires_grad for seed in seeds) and state.grad_enabled
        graph = self.nested or tracked
        pairs = [
            (o, s) for o, s in zip(self.outs, seeds, strict=True) if o.requires_grad
        ]
        found = walk(
            [out for out, _ in pairs],
            [seed if graph else seed._data for _, seed in pairs],
            self.places,
            create_graph=graph,
            retain_graph=retain,
        )
        return [
            _result(found.get(place), x)
            for place, x in zip(self.places, self.inputs, strict=True)
        ]


def _cotangent(g: Any, out: Tensor) -> Tensor:
    if isinstance(g, Tensor):
        array_of(g)  # read, for all who listen
    else:
        g = Tensor(as_dtype(np.asarray(g), out.dtype))
    return g


def _result(g: Any, like: Tensor) -> Tensor:
    if g is None:
        return Tensor(full(like.shape, 0.0, like.dtype))
    return g if isinstance(g, Tensor) else Tensor(duplicate(g))


# Derivatives -----------------------------------------------------------------------


def _chosen(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], argnum: Any
) -> tuple[Callable[[Any], Any], Any, list[str]]:
    """``f`` as a function of the arguments that ``argnum`` says, those, their names."""
    numbers = argnum if isinstance(argnum, tuple) else (argnum,)
    places = []
    for number in numbers:
        if not -len(args) <= operator.index(number) < len(args):
            raise ValueError(f"argnum {number}: called with {len(args)} arguments")
        places.append(number % len(args))

    def inner(given: Any) -> Any:
        full = list(args)
        for place, value in zip(places, given, strict=True):
            full[place] = value
        return f(*full, **kwargs)

    names = [n for place in places for n in names_of(args[place], f"argument {place}")]
    return inner, tuple(args[place] for place in places), names


@overload
def value_and_grad(f: Callable[P, R], argnum: int = 0) -> Call[P, tuple[R, Tensor]]: ...
@overload
def value_and_grad(
    f: Callable[P, R], argnum: tuple[int, ...]
) -> Call[P, tuple[R, tuple[Tensor, ...]]]: ...
def value_and_grad(f: Callable[..., Any], argnum: int | tuple[int, ...] = 0) -> Any:
    """The function ``(f(*args), gradient)`` of a scalar ``f``.

    ``argnum`` says by which positional argument (a tuple: by which, giving a tuple). An
    argument may be a nested dict, list or tuple of tensors; so is its gradient then,
    with None for None. Raises ValueError if ``f`` returns no scalar, TypeError for
    integers among what is differentiated and for a constant that is no Tensor.
    """

    @wraps(f)
    def run(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        inner, inputs, names = _chosen(f, args, kwargs, argnum)
        done = Run(inner, inputs, "grad", names)
        if not isinstance(done.tree, Tensor) or done.tree.size != 1:
            shape = [out.shape for out in done.outs] or done.tree
            raise ValueError(
                f"grad: the function must return one scalar, got {shape}. Reduce "
                "it (for example with .mean()), or use vjp or jacobian."
            )
        grads = rebuilt(inputs, done.pull([np.ones(done.tree.shape)], retain=False))
        return done.result(), grads if isinstance(argnum, tuple) else grads[0]

    return run


@overload
def grad(f: Callable[P, Any], argnum: int = 0) -> Call[P, Tensor]: ...
@overload
def grad(
    f: Callable[P, Any], argnum: tuple[int, ...]
) -> Call[P, tuple[Tensor, ...]]: ...
def grad(f: Callable[..., Any], argnum: int | tuple[int, ...] = 0) -> Any:
    """The gradient of a scalar function, as a function; see `value_and_grad`.

    >>> import autograd_core as ag
    >>> ag.grad(ag.grad(lambda x: x ** 3))(2.0)
    tensor(12.)
    """
    both: Callable[..., Any] = value_and_grad(f, argnum)

    @wraps(f)
    def run(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return run


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

    The pullback gives a tuple, one entry for each input, and may be called again.
    """
    done = Run(lambda given: f(*given), inputs, "vjp")
    alone = isinstance(done.tree, Tensor)
    names = names_of(done.tree, "output")

    def pullback(cotangents: Any) -> Any:
        if alone and isinstance(cotangents, tuple) and len(cotangents) == 1:
            (cotangents,) = cotangents
        given = matched(done.tree, cotangents, "vjp: cotangents")
        seeds = fitted(given, done.outs, names, "vjp: the cotangent of")
        return rebuilt(inputs, done.pull(seeds, retain=True))

    return done.result(), pullback


def jvp(f: Callable[..., R], inputs: Any, tangents: Any) -> tuple[R, R]:
    """``f(*inputs)`` and its derivative along ``tangents``; one input needs no tuple.

    By two vjps: the pullback is linear in its cotangent, and the pullback of that is
    the derivative (J. Townsend, "A new trick for calculating Jacobian vector
    products", 2017).
    """
    given = inputs if isinstance(inputs, tuple) else (inputs,)
    done = Run(lambda given: f(*given), given, "jvp")
    along = matched(given, _like(tangents, inputs), "jvp: tangents")
    along = fitted(along, done.inputs, done.names, "jvp: the tangent of")
    zeros = [np.zeros(out.shape, out.dtype) for out in done.outs]
    push = Run(lambda g: done.pull(g, retain=True), zeros, "jvp")
    push.nested = done.nested  # what it captures beyond that are our own aliases
    return done.result(), rebuilt(done.tree, push.pull(along, retain=False))


def _like(x: Any, inputs: Any) -> Any:
    """A tuple of what there is for each input: a list is one if the inputs are."""
    kinds = (tuple, list) if isinstance(inputs, tuple) else tuple
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

    The Hessian is symmetric, so it is the vjp of the gradient: no Hessian is built.
    """
    given = inputs if isinstance(inputs, tuple) else (inputs,)
    slope = grad(f, tuple(range(len(given))))
    done = Run(lambda given: slope(*given), given, "hvp")
    along = matched(given, _like(v, inputs), "hvp: v")
    along = fitted(along, done.outs, done.names, "hvp: v for")
    products = rebuilt(given, done.pull(along, retain=False))
    return products if isinstance(inputs, tuple) else products[0]


def jacobian(f: Callable[P, Any], argnum: int = 0) -> Call[P, Tensor]:
    """The function that gives ``d out / d in``, of shape ``out.shape + in.shape``.

    One backward walk for each element of the output.
    """

    @wraps(f)
    def run(*args: Any, **kwargs: Any) -> Tensor:
        inner, inputs, names = _chosen(f, args, kwargs, argnum)
        done = Run(inner, inputs, "jacobian", names)
        if not isinstance(done.tree, Tensor) or len(done.inputs) != 1:
            raise TypeError("jacobian: needs one tensor in and one tensor out")
        (out,), (x,) = done.outs, done.inputs
        shape = (*out.shape, *x.shape)
        if not out.size:
            return Tensor(np.zeros(shape, x.dtype))
        stacked: Tensor = reshape(_stacked(_rows(done, out, x)), shape=shape)
        return stacked

    return run  # type: ignore[return-value]


def _rows(done: Run, out: Tensor, x: Tensor) -> Iterator[Tensor]:
    """The rows of a Jacobian, each of shape (1, x.size)."""
    for i in range(out.size):
        one = np.zeros(out.size, out.dtype)
        one[i] = 1
        (row,) = done.pull([one.reshape(out.shape)], retain=True)
        yield reshape(row, shape=(1, x.size))


def _stacked(rows: Iterator[Tensor]) -> Any:
    """Rows as a matrix, a part at a time: a tensor is large beside a short row."""
    parts = []
    while some := list(islice(rows, 256)):
        parts.append(concatenate(*some, axis=0))
    return parts[0] if len(parts) == 1 else concatenate(*parts, axis=0)


def hessian(f: Callable[P, Any], argnum: int = 0) -> Call[P, Tensor]:
    """The function that gives the second derivatives, of shape ``in.shape * 2``."""
    return jacobian(grad(f, argnum), argnum)
