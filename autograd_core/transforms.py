"""Functions of functions: grad, vjp, jvp, hvp, jacobian, hessian, and checkpoint.

Each sees its inputs under new nodes, so that transforms nest without confusion. Inputs
are arrays, numbers or Tensors; results are Tensors. A graph of the gradients is built
only if something outside could use it: an input or a captured tensor requires grad.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from autograd_core.grad import reachable, walk
from autograd_core.hooks import Array
from autograd_core.launch import copy_into, duplicate, full
from autograd_core.op import Op
from autograd_core.ops.broadcasting import as_dtype
from autograd_core.ops.shape import concatenate, identity, reshape
from autograd_core.random import default_generator
from autograd_core.tape import (
    Node,
    TensorBase,
    grad_mode,
    next_number,
    state,
    version_of,
)
from autograd_core.tensor import Tensor, tensor
from autograd_core.writes import array_of

Place = Node | TensorBase


# Inputs and outputs ----------------------------------------------------------------


def leaves_of(tree: Any) -> list[Any]:
    """What hangs in nested dicts, lists and tuples, in order."""
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in leaves_of(value)]
    if isinstance(tree, list | tuple):
        return [leaf for value in tree for leaf in leaves_of(value)]
    return [tree]


def rebuilt(tree: Any, leaves: Iterable[Any]) -> Any:
    """The same nesting around other leaves."""
    left = iter(leaves)
    if isinstance(tree, dict):
        return {key: rebuilt(value, left) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        parts = [rebuilt(value, left) for value in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return next(left)


def alias(x: Any, who: str) -> Tensor:
    """``x`` as a Tensor with a place of its own in the graph."""
    if not isinstance(x, Tensor):
        x = tensor(x)
    if x.dtype.kind != "f":
        raise TypeError(f"{who}: needs float32 or float64 inputs, got {x.dtype}")
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

    def __init__(self, f: Callable[[Any], Any], inputs: Any, who: str) -> None:
        enabled = state.grad_enabled
        self.inputs = [alias(x, who) for x in leaves_of(inputs)]
        self.places = [place_of(x) for x in self.inputs]
        with grad_mode(True):
            self.tree = f(rebuilt(inputs, self.inputs))
        self.outs = leaves_of(self.tree)
        for out in self.outs:
            if not isinstance(out, Tensor):
                raise TypeError(
                    f"{who}: the function must return Tensors, got "
                    f"{type(out).__name__}; did it leave the graph?"
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
    if g.shape != out.shape:
        raise ValueError(f"the cotangent has shape {g.shape}, the output {out.shape}")
    return g


def _result(g: Any, like: Tensor) -> Tensor:
    if g is None:
        return Tensor(full(like.shape, 0.0, like.dtype))
    return g if isinstance(g, Tensor) else Tensor(duplicate(g))


# Derivatives -----------------------------------------------------------------------


def _chosen(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], argnum: Any
) -> tuple[Callable[[Any], Any], Any]:
    """``f`` as a function of the arguments that ``argnum`` names, and those."""
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

    return inner, tuple(args[place] for place in places)


def value_and_grad(
    f: Callable[..., Any], argnum: int | tuple[int, ...] = 0
) -> Callable[..., Any]:
    """The function ``(f(*args), gradient)`` of a scalar ``f``.

    ``argnum`` says by which positional argument (a tuple: by which, giving a tuple). An
    argument may be a nested dict, list or tuple of tensors; so is its gradient then.
    Raises ValueError if ``f`` returns no scalar, TypeError for integer inputs.
    """

    @wraps(f)
    def run(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        inner, inputs = _chosen(f, args, kwargs, argnum)
        done = Run(inner, inputs, "grad")
        if not isinstance(done.tree, Tensor) or done.tree.size != 1:
            shape = [out.shape for out in done.outs]
            raise ValueError(
                f"grad: the function must return one scalar, got {shape}. Reduce "
                "it (for example with .mean()), or use vjp or jacobian."
            )
        grads = rebuilt(inputs, done.pull([np.ones(done.tree.shape)], retain=False))
        return done.result(), grads if isinstance(argnum, tuple) else grads[0]

    return run


def grad(
    f: Callable[..., Any], argnum: int | tuple[int, ...] = 0
) -> Callable[..., Any]:
    """The gradient of a scalar function, as a function; see `value_and_grad`.

    >>> import autograd_core as ag
    >>> ag.grad(ag.grad(lambda x: x ** 3))(2.0)
    tensor(12.)
    """
    both = value_and_grad(f, argnum)

    @wraps(f)
    def run(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return run


def vjp(f: Callable[..., Any], *inputs: Any) -> tuple[Any, Callable[[Any], Any]]:
    """``f(*inputs)`` and its pullback: cotangents of the outputs to those of inputs.

    The pullback gives a tuple, one entry for each input, and may be called again.
    """
    done = Run(lambda given: f(*given), inputs, "vjp")

    def pullback(cotangents: Any) -> Any:
        return rebuilt(inputs, done.pull(leaves_of(cotangents), retain=True))

    return done.result(), pullback


def jvp(f: Callable[..., Any], inputs: Any, tangents: Any) -> tuple[Any, Any]:
    """``f(*inputs)`` and its derivative along ``tangents``; one input needs no tuple.

    By two vjps: the pullback is linear in its cotangent, and the pullback of that is
    the derivative (J. Townsend, "A new trick for calculating Jacobian vector
    products", 2017).
    """
    done = Run(lambda given: f(*given), _tuple(inputs), "jvp")
    zeros = [np.zeros(out.shape, out.dtype) for out in done.outs]
    push = Run(lambda g: done.pull(g, retain=True), zeros, "jvp")
    push.nested = done.nested  # what it captures beyond that are our own aliases
    pushed = push.pull(leaves_of(_tuple(tangents)), retain=False)
    return done.result(), rebuilt(done.tree, pushed)


def _tuple(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)


def hvp(f: Callable[..., Any], inputs: Any, v: Any) -> Any:
    """The Hessian of a scalar ``f`` times ``v``; one input needs no tuple.

    The Hessian is symmetric, so it is the vjp of the gradient: no Hessian is built.
    """
    given = _tuple(inputs)
    _, pullback = vjp(grad(f, tuple(range(len(given)))), *given)
    products = pullback(_tuple(v))
    return products if isinstance(inputs, tuple) else products[0]


def jacobian(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """The function that gives ``d out / d in``, of shape ``out.shape + in.shape``.

    One backward walk for each element of the output.
    """

    @wraps(f)
    def run(*args: Any, **kwargs: Any) -> Tensor:
        inner, inputs = _chosen(f, args, kwargs, argnum)
        done = Run(inner, inputs, "jacobian")
        if not isinstance(done.tree, Tensor) or len(done.inputs) != 1:
            raise TypeError("jacobian: needs one tensor in and one tensor out")
        (out,), (x,) = done.outs, done.inputs
        shape = (*out.shape, *x.shape)
        if not out.size:
            return Tensor(np.zeros(shape, x.dtype))
        rows = []
        for one in np.eye(out.size, dtype=out.dtype):
            (row,) = done.pull([one.reshape(out.shape)], retain=True)
            rows.append(reshape(row, shape=(1, x.size)))
        stacked: Tensor = reshape(concatenate(*rows, axis=0), shape=shape)
        return stacked

    return run


def hessian(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """The function that gives the second derivatives, of shape ``in.shape * 2``."""
    return jacobian(grad(f, argnum), argnum)


# Memory for time -------------------------------------------------------------------


class _Recompute(Op):
    """An op whose vjp runs its function again. Its one input is that function."""

    def by_rule(
        self, g: Any, needs: Any, out: Any, inputs: Sequence[Any], attrs: Any
    ) -> list[Any]:
        again: Callable[[Any], list[Any]] = inputs[0]
        return again(g)


def _unused(again: Any) -> Array:
    raise NotImplementedError("checkpoint runs its function itself")


_recompute = _Recompute(_unused, [lambda g, y, again: None], saves="")
_recompute.name = "checkpoint"


def checkpoint(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """``f(*args)`` without keeping its intermediates; backward runs ``f`` again.

    Tensors that ``f`` captures (parameters) get their gradients too, and random ops
    draw the same keys again. ``f`` returns one Tensor and, apart from drawing random
    keys, should change nothing: a BatchNorm in training updates its running statistics
    twice. Raises RuntimeError if an argument or parameter was changed in place before
    backward.
    """
    if not state.grad_enabled:
        return f(*args, **kwargs)
    drawn, start = duplicate(default_generator.state), next_number()
    out = f(*args, **kwargs)
    if not isinstance(out, Tensor):
        raise TypeError(
            f"checkpoint: the function must return one Tensor, got {type(out).__name__}"
        )
    if out.node is None or out.node.number < start:
        return out
    places = _boundary(out.node, start)
    read = [x for x in (*leaves_of(args), *places) if isinstance(x, TensorBase)]

    def again(g: Any) -> list[Any]:
        graph = state.grad_enabled  # a graph of the gradient is wanted
        now = duplicate(default_generator.state)
        copy_into(drawn, default_generator.state)
        with grad_mode(True):
            second = f(*args, **kwargs)
        copy_into(now, default_generator.state)
        found = walk([second], [g], places, create_graph=graph)
        return [found.get(place) for place in places]

    result = out.detach()
    result._requires_grad = True
    result.node = node = Node(_recompute, (again,), {}, result, ())
    node.parents = list(places)
    node.versions = [(x.version, version_of(x.version)) for x in read]
    return result


def _boundary(root: Node, start: int) -> list[Place]:
    """The places older than ``start`` and the leaves that ``root`` depends on."""
    seen: dict[Place, None] = {}  # a set in order of discovery
    stack: list[Place] = [root]
    while stack:
        place = stack.pop()
        if place not in seen:
            seen[place] = None
            if isinstance(place, Node) and place.number > start:
                stack += [parent for parent in place.parents if parent is not None]
    return [p for p in seen if not isinstance(p, Node) or p.number < start]
