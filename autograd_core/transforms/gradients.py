"""grad, value_and_grad, elementwise_grad: gradients of functions, as functions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar, overload

import numpy as np

from autograd_core.foreign.keywords import answers
from autograd_core.signatures import Call
from autograd_core.tensor import Tensor
from autograd_core.transforms.run import Run
from autograd_core.trees import leaves_of, names_of, rebuilt, shaped

P = ParamSpec("P")
R = TypeVar("R")
A = TypeVar("A")
Argnum = int | tuple[int, ...] | list[int]


class Chosen:
    """A call of ``f`` as a function of the arguments that ``argnum`` says."""

    def __init__(
        self,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnum: Any,
    ) -> None:
        self.f, self.args, self.kwargs = f, args, kwargs
        self.several = isinstance(argnum, tuple | list)
        self.places: list[int] = []
        for number in argnum if self.several else (argnum,):
            if not -len(args) <= operator.index(number) < len(args):
                raise ValueError(f"argnum {number}: called with {len(args)} arguments")
            if number % len(args) in self.places:
                raise ValueError(f"argnum {argnum}: an argument is named twice")
            self.places.append(number % len(args))
        self.inputs = tuple(args[place] for place in self.places)

    def __call__(self, given: Any) -> Any:
        """``f`` with these in the chosen places."""
        full = list(self.args)
        for place, value in zip(self.places, given, strict=True):
            full[place] = value
        return self.f(*full, **self.kwargs)

    def run(self, who: str, has_aux: bool = False) -> Run:
        """The recorded call."""
        names = [
            name
            for place, value in zip(self.places, self.inputs, strict=True)
            for name in names_of(value, f"argument {place}")
        ]
        told = None if is_derivative(self.f) else self.f
        return Run(self, self.inputs, who, names, told, has_aux)

    def shaped(self, leaves: list[Any]) -> Any:
        """What belongs to the leaves of the arguments, nested as these are."""
        trees = shaped(self.inputs, leaves)
        return trees if self.several else trees[0]


def is_derivative(f: Any) -> bool:
    """Whether ``f`` is a derivative made here: that one may well be constant."""
    return getattr(f, "_is_derivative", False) is True


def derivative(run: Callable[..., Any], f: Any, what: str) -> Any:
    """``run`` in the place of ``f``, and saying so; see `is_derivative`."""
    named: Any = wraps(f)(run)
    of = getattr(f, "__name__", type(f).__name__)
    named.__name__ = named.__qualname__ = f"{what}_of_{of}"
    named.__doc__ = f"The {what} of `{of}`, by the same arguments.\n\n{f.__doc__ or ''}"
    named._is_derivative = True
    return named


@overload
def value_and_grad(
    f: Callable[P, R], argnum: int = 0, has_aux: Literal[False] = False
) -> Call[P, tuple[R, Tensor]]: ...
@overload
def value_and_grad(
    f: Callable[P, R],
    argnum: tuple[int, ...] | list[int],
    has_aux: Literal[False] = False,
) -> Call[P, tuple[R, tuple[Tensor, ...]]]: ...
@overload
def value_and_grad(
    f: Callable[P, R], argnum: int = 0, *, has_aux: Literal[True]
) -> Call[P, tuple[R, Tensor]]: ...
@overload
def value_and_grad(
    f: Callable[P, R], argnum: Argnum = 0, has_aux: bool = False
) -> Call[P, tuple[R, Any]]: ...
@answers
def value_and_grad(
    f: Callable[..., Any], argnum: Argnum = 0, has_aux: bool = False
) -> Any:
    """The function ``(f(*args), gradient)`` of a scalar ``f``.

    ``argnum`` says by which positional argument (a tuple: by which, giving a tuple). An
    argument may be a nested dict, list, tuple or dataclass of tensors; so is its
    gradient then, with None for None. Numbers are as in NumPy: a Python float is
    float64. With ``has_aux`` ``f`` returns ``(value, aux)``, and so does this in the
    place of the value; ``aux`` is anything, and not differentiated.

    Raises ValueError if ``f`` returns no scalar, TypeError for integers among what is
    differentiated. Warns, and gives zeros, if the value does not depend on it.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> def loss(params, x):
    ...     return np.mean((x * params["w"] + params["b"]) ** 2)
    >>> value, gradient = ag.value_and_grad(loss)({"w": 2.0, "b": 1.0}, np.array([1.0]))
    >>> value.item(), gradient["w"].item()
    (9.0, 6.0)
    """

    def run(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        chosen = Chosen(f, args, kwargs, argnum)
        done = chosen.run("grad", has_aux)
        if len(done.outs) != 1 or done.outs[0].size != 1:
            shape = [out.shape for out in done.outs] or done.tree
            raise ValueError(
                f"grad: the function must return one scalar, got {shape}. Reduce it "
                "(for example with .mean()), or use vjp or jacobian; return "
                "(value, aux) with has_aux=True."
            )
        if done.outs[0].dtype.kind in "bc":
            raise TypeError(
                "grad: the function must return a real number, got "
                f"{done.outs[0].dtype}. Take np.real or np.abs of it, or use vjp."
            )
        grads = done.pull([np.ones(done.outs[0].shape)], retain=False)
        done.warn_if_constant()
        value = (done.result(), done.aux_result()) if has_aux else done.result()
        return value, chosen.shaped(grads)

    return derivative(run, f, "value_and_grad")


@overload
def grad(
    f: Callable[P, Any], argnum: int = 0, has_aux: Literal[False] = False
) -> Call[P, Tensor]: ...
@overload
def grad(
    f: Callable[P, Any],
    argnum: tuple[int, ...] | list[int],
    has_aux: Literal[False] = False,
) -> Call[P, tuple[Tensor, ...]]: ...
@overload
def grad(
    f: Callable[P, tuple[Any, A]], argnum: int = 0, *, has_aux: Literal[True]
) -> Call[P, tuple[Tensor, A]]: ...
@overload
def grad(
    f: Callable[P, Any], argnum: Argnum = 0, has_aux: bool = False
) -> Call[P, Any]: ...
@answers
def grad(f: Callable[..., Any], argnum: Argnum = 0, has_aux: bool = False) -> Any:
    """The gradient of a scalar function ``f``, as a function of the same arguments.

    ``argnum``, ``has_aux``, nested arguments and what is raised are those of
    `value_and_grad`; with ``has_aux`` it returns ``(gradient, aux)``. A Python float is
    float64, as in NumPy; the gradient has the shape and dtype of its argument.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> ag.grad(lambda w, x: np.sum((x @ w) ** 2))(np.array([1.0, 2.0]), np.eye(2))
    tensor([2., 4.], dtype=float64)
    >>> ag.grad(ag.grad(lambda x: x ** 3))(2.0)
    tensor(12., dtype=float64)
    """
    both: Callable[..., Any] = value_and_grad(f, argnum, has_aux)

    def run(*args: Any, **kwargs: Any) -> Any:
        value, slope = both(*args, **kwargs)
        return (slope, value[1]) if has_aux else slope

    return derivative(run, f, "grad")


@overload
def elementwise_grad(f: Callable[P, Any], argnum: int = 0) -> Call[P, Tensor]: ...
@overload
def elementwise_grad(
    f: Callable[P, Any], argnum: tuple[int, ...] | list[int]
) -> Call[P, tuple[Tensor, ...]]: ...
@answers
def elementwise_grad(f: Callable[..., Any], argnum: Argnum = 0) -> Any:
    """The derivative, element by element, of a function that works so.

    It is the gradient of the sum of all that ``f`` returns; ``argnum`` and what is
    raised are those of `value_and_grad`.

    >>> import autograd_core as ag, numpy as np
    >>> ag.elementwise_grad(np.square)(np.array([1.0, 2.0, 3.0]))
    tensor([2., 4., 6.], dtype=float64)
    """

    def run(*args: Any, **kwargs: Any) -> Any:
        chosen = Chosen(f, args, kwargs, argnum)
        done = chosen.run("elementwise_grad")
        ones = [np.ones(out.shape) for out in done.outs]
        slopes = done.pull(ones, retain=False)
        done.warn_if_constant()
        return chosen.shaped(slopes)

    return derivative(run, f, "elementwise_grad")


def stop_gradient(x: R) -> R:
    """``x``, a Tensor or a nesting of them, for which no gradient is counted.

    Arrays and numbers in it stay what they are. Returns the same nesting.

    >>> import autograd_core as ag
    >>> ag.grad(lambda x: x * ag.stop_gradient(x))(3.0)
    tensor(3., dtype=float64)
    """
    leaves = [
        leaf.detach() if isinstance(leaf, Tensor) else leaf for leaf in leaves_of(x)
    ]
    out: R = rebuilt(x, leaves)
    return out
