"""``custom_vjp``: any function of arrays, with a backward of the user's own.

Python runs it, in each replay of a Program too: both its forward and its backward are
host calls. Each gives one array (see `launch.host`), in which several are packed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_core.custom import packing
from autograd_core.custom.packing import Shapes
from autograd_core.hooks import Array, listen
from autograd_core.launch import host
from autograd_core.op import Op
from autograd_core.operand import first_tensor, operand
from autograd_core.tape import TensorBase, grad_mode
from autograd_core.trees import leaves_of

SLOT: Any = type("Slot", (), {"__repr__": lambda self: "<array>"})()
SECOND = (
    "Of a gradient of a gradient (and of jvp) it is called with Tensors: write it in "
    "NumPy functions and operators, or make what it computes a custom_vjp of its own"
)


class Call(NamedTuple):
    """One call: its arguments, with `SLOT` where arrays go, and what was found out.

    ``names`` are the keywords of the last ones; ``outs`` holds, once they are known,
    the `Shapes` that forward gave.
    """

    values: tuple[Any, ...]
    names: tuple[str, ...]
    outs: list[Any]

    def filled(self, arrays: Sequence[Any]) -> list[Any]:
        """The arguments with these arrays among them."""
        left = iter(arrays)
        return [next(left) if value is SLOT else value for value in self.values]


class CustomVjp(Op[...]):
    """A function of arrays that is differentiated by its own backward. Call it as it.

    Made by `custom_vjp`.
    """

    runs_user_code = True

    def __init__(self, forward: Callable[..., Any], backward: Any = None) -> None:
        if not callable(forward):
            raise TypeError(
                f"custom_vjp: forward must be a function, got {type(forward).__name__}"
            )
        super().__init__(_unused, [_unused])
        self.name = self.__name__ = getattr(forward, "__name__", "custom_vjp")
        self.__doc__ = forward.__doc__
        self.__module__ = getattr(forward, "__module__", __name__)
        self.__wrapped__ = self.user_forward = forward
        self.forward = self._forward
        self.user_backward: Any = None
        self._takes: tuple[int, Any] = 0, ()
        try:
            self.signature: Any = inspect.signature(forward)
        except (TypeError, ValueError):  # written in C
            self.signature = None
        if backward is not None:
            self.defvjp(backward)

    @property
    def follows(self) -> tuple[Any, ...]:
        """What a Program's guards look into beside the forward."""
        return (self.user_backward,)

    def defvjp(self, backward: Callable[..., Any], jax: Any = None) -> Any:
        """Set ``backward(g, out, *inputs)``; as a decorator it gives it back.

        With two functions, as in JAX: ``f.defvjp(fwd, bwd)`` with ``fwd(*inputs)``
        giving ``(out, residuals)`` and ``bwd(residuals, g)``. Then backward runs
        ``fwd`` once more, for its residuals.
        """
        for given in (backward, jax):
            if given is not None and not callable(given):
                raise TypeError(
                    f"{self.name}: backward must be a function, got "
                    f"{type(given).__name__}"
                )
        self.user_backward = backward if jax is None else _as_in_jax(backward, jax)
        self._takes = _takes(backward, 2 if jax is None else 0)
        return backward

    # Calls --------------------------------------------------------------------------

    def __call__(self, *args: Any, **attrs: Any) -> Any:
        args, attrs = self._bound(args, attrs)
        names = [f"argument {i}" for i in range(len(args))] + list(attrs)
        values = [
            self._value(value, name)
            for value, name in zip((*args, *attrs.values()), names, strict=True)
        ]
        for name in attrs:
            value = values[len(args) + list(attrs).index(name)]
            if isinstance(value, TensorBase) and value._requires_grad:
                raise TypeError(
                    f"{self.name}: the Tensor in {name}= requires grad, and keywords "
                    "have no gradient; make it a positional parameter"
                )
        arrays = [v for v in values if isinstance(v, TensorBase | np.ndarray)]
        layout = tuple(
            SLOT if isinstance(v, TensorBase | np.ndarray) else v for v in values
        )
        call = Call(layout, tuple(attrs), [])
        out = self.general(*arrays, call=call)
        return packing.apart(out, call.outs[0])

    def _bound(
        self, args: tuple[Any, ...], attrs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments in forward's order, with the defaults that backward takes."""
        if self.signature is None:
            return args, attrs
        try:
            bound = self.signature.bind(*args, **attrs)
        except TypeError as error:
            raise TypeError(f"{self.name}{self.signature}: {error}") from None
        given, named = len(bound.args), set(bound.kwargs)
        bound.apply_defaults()
        most, taken = self._takes
        names = [k for k in bound.kwargs if k in named or taken is None or k in taken]
        args = bound.args[: max(given, most)]
        return args, {k: bound.kwargs[k] for k in names}

    def _value(self, value: Any, name: str) -> Any:
        """An argument: a Tensor or an array that an op can take, or anything else."""
        if isinstance(value, TensorBase):
            return value
        is_array = isinstance(value, np.ndarray) and value.dtype.kind in "biufc"
        like = hasattr(value, "__array__") or hasattr(value, "__array_interface__")
        if is_array or (like and not isinstance(value, np.ndarray | type)):
            return self._operand(value, name)
        if isinstance(value, list | tuple) and first_tensor(value) is not None:
            return self._operand(value, name)
        if any(isinstance(leaf, TensorBase) for leaf in leaves_of(value)):
            raise TypeError(
                f"{self.name}: {name} is a {type(value).__name__} that holds Tensors, "
                "whose gradients would be lost; pass each as an argument of its own"
            )
        return value

    def _operand(self, value: Any, name: str) -> Any:
        try:
            return operand(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.name}: {name}: {error}") from None

    def _forward(self, *arrays: Array, call: Call) -> Array:
        """The packed result of the user's function, called on arrays."""
        # `run` holds plain values: recordings compare them, see `same_function`.
        forward, name, names, told = self.user_forward, self.name, call.names, call.outs
        dtype = np.result_type(np.float32, *(a.dtype for a in arrays if _is_float(a)))

        def run(*values: Any) -> Array:
            args, attrs = _split(values, names)
            with listen(None):
                out = forward(*args, **attrs)
            outs = packing.outputs(out, dtype, f"{name}: forward")
            shapes = packing.shapes_of(outs, isinstance(out, tuple))
            _agree(told, shapes, f"{name}: forward")
            return packing.packed(outs, shapes)

        run.__name__ = name
        return host(run, *call.filled(arrays))

    def _named(self, error: Exception) -> Exception:
        """The error itself: it may be the user's own, with the line where it arose."""
        return error

    # Gradients ----------------------------------------------------------------------

    def by_rule(
        self,
        g: Any,
        needs: Sequence[bool],
        out: Any,
        inputs: Sequence[Any],
        attrs: dict[str, Any],
    ) -> list[Any]:
        """Cotangents by the user's backward: on arrays, or on Tensors for a graph."""
        if self.user_backward is None:
            raise TypeError(
                f"{self.name}: a gradient is asked for, and it has no backward. Give "
                f"one: custom_vjp(forward, backward), or @{self.name}.defvjp"
            )
        call: Call = attrs["call"]
        if isinstance(g, TensorBase):
            return self._on_tensors(g, needs, out, inputs, call)
        return self._on_arrays(g, needs, out, inputs, call)

    def _on_arrays(
        self, g: Any, needs: Sequence[bool], out: Any, inputs: Any, call: Call
    ) -> list[Any]:
        backward, name = self.user_backward, self.name
        shapes, names = call.outs[0], call.names
        wanted = self._wanted(needs, inputs, call)
        first: list[Any] = []  # what it gave when it was recorded

        def run(g: Array, out: Array, *values: Any) -> Array:
            args, attrs = _split(values, names)
            with listen(None), grad_mode(False):
                gs, outs = (_read_only(packing.apart(x, shapes)) for x in (g, out))
                found = backward(gs, outs, *args, **attrs)
            grads = packing.cotangents(found, wanted, args, f"{name}: backward")
            there = tuple(None if grad is None else grad.shape for grad in grads)
            _agree(first, there, f"{name}: backward")
            return packing.as_bytes([grad for grad in grads if grad is not None])

        run.__name__ = f"{name} backward"
        memory = host(run, g, out, *call.filled(inputs))
        asked = [
            w for w, shape in zip(wanted, first[0], strict=True) if shape is not None
        ]
        arrays = iter(packing.from_bytes(memory, asked))
        given = [None if shape is None else next(arrays) for shape in first[0]]
        by_place = {w.place: a for w, a in zip(wanted, given, strict=True)}
        return [by_place.get(i) for i in range(len(inputs))]

    def _on_tensors(
        self, g: Any, needs: Sequence[bool], out: Any, inputs: Any, call: Call
    ) -> list[Any]:
        assert self.user_backward is not None
        args, attrs = _split(call.filled(inputs), call.names)
        wanted = self._wanted(needs, inputs, call)
        shapes: Shapes = call.outs[0]
        who = f"{self.name}: backward"
        gs, outs = packing.apart(g, shapes), packing.apart(out, shapes)
        try:
            found = self.user_backward(gs, outs, *args, **attrs)
        except Exception as error:
            raise type_of(error)(
                f"{who} failed on Tensors: {error}. {SECOND}"
            ) from error
        grads = packing.cotangents(found, wanted, args, who, tensors=True)
        by_place = {w.place: x for w, x in zip(wanted, grads, strict=True)}
        return [by_place.get(i) for i in range(len(inputs))]

    def _wanted(
        self, needs: Sequence[bool], inputs: Sequence[Any], call: Call
    ) -> list[packing.Wanted]:
        """The inputs that need a gradient: arrays of the call, and arguments."""
        places = [i for i, value in enumerate(call.values) if value is SLOT]
        return [
            packing.Wanted(i, argument, x.shape, x.dtype)
            for i, (argument, x, need) in enumerate(
                zip(places, inputs, needs, strict=True)
            )
            if need
        ]


def type_of(error: Exception) -> type[Exception]:
    """What an error with more to say is raised as."""
    kinds = (TypeError, ValueError, RuntimeError)
    return next((kind for kind in kinds if isinstance(error, kind)), RuntimeError)


def _unused(*arrays: Any, call: Any) -> Any:
    raise NotImplementedError


def _is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind in "fc"


def _read_only(value: Any) -> Any:
    """An array, or a tuple of some, as the user's functions see it: theirs to read."""
    if isinstance(value, tuple):
        return tuple(map(_read_only, value))
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view


def _split(
    values: Sequence[Any], names: Sequence[str]
) -> tuple[list[Any], dict[str, Any]]:
    """Positional arguments, and those by keyword; arrays are to read."""
    count = len(values) - len(names)
    given = [_read_only(v) if isinstance(v, np.ndarray) else v for v in values]
    return given[:count], dict(zip(names, given[count:], strict=True))


def _agree(told: list[Any], now: Any, who: str) -> None:
    """Raise unless a replay gives what the recorded call gave."""
    if not told:
        told.append(now)
    elif told[0] != now:
        raise ValueError(
            f"{who} gave {told[0]} when it was recorded and {now} now; the shapes of a "
            "Program are fixed"
        )


def _takes(backward: Any, after: int) -> tuple[int, Any]:
    """How many positional inputs it can take, and which keywords (None: all)."""
    try:
        parameters = list(inspect.signature(backward).parameters.values())
    except (TypeError, ValueError):
        return 0, ()
    by_place = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )
    count = sum(p.kind in by_place for p in parameters)
    every = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return max(count - after, 0), None if every else {p.name for p in parameters}


def _as_in_jax(fwd: Callable[..., Any], bwd: Callable[..., Any]) -> Callable[..., Any]:
    def backward(g: Any, out: Any, *inputs: Any, **attrs: Any) -> Any:
        result = fwd(*inputs, **attrs)
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError("defvjp: fwd must give (out, residuals)")
        return bwd(result[1], g)

    return backward


def custom_vjp(forward: Any = None, backward: Any = None) -> Any:
    """A function of arrays whose gradient is ``backward``: SciPy, C, anything.

    ``forward(*inputs)`` gets NumPy arrays (and whatever else it is called with), which
    it must not write to or keep, and returns an array or a tuple of arrays.
    ``backward(g, out, *inputs)`` gives a cotangent for each input, of its shape: a
    tuple, or for one input the array itself; None for none. With several outputs, g and
    out are tuples. In a Program both are host calls, run anew in each replay.

    Where backward is written in NumPy functions and operators, gradients of gradients
    and jvp work as well: it is called with Tensors then. As a decorator it takes the
    forward, and ``@f.defvjp`` the backward. Raises TypeError or ValueError, with
    function and argument, for results of a wrong kind, number, shape or dtype.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> cube = ag.custom_vjp(lambda x: x**3, lambda g, out, x: g * 3 * x**2)
    >>> ag.grad(lambda x: cube(x).sum())(np.array([1.0, 2.0]))
    tensor([ 3., 12.], dtype=float64)
    """
    if forward is None:
        return lambda forward: CustomVjp(forward, backward)
    return CustomVjp(forward, backward)
