"""`compile`: a function that is replayed natively once two recordings agree."""

from __future__ import annotations

import copy
import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from autograd_core.hooks import Array
from autograd_core.plural import count
from autograd_core.program.loop import replays
from autograd_core.program.program import MISSED, Program
from autograd_core.program.settle import Settling
from autograd_core.signatures import HasForward

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
S = TypeVar("S")
CHECK_EVERY = 1 << 16
INSIDE = ".function"  # where a decorated function is, below what has its name
REFUSED = {
    "a coroutine": inspect.iscoroutinefunction,
    "a generator": inspect.isgeneratorfunction,
    "an asynchronous generator": inspect.isasyncgenfunction,
}
OWN = ("function", "name", "_kept", "_settling", "__wrapped__", "__doc__")


class Compiled(Generic[P, R]):
    """A function that is recorded in its first calls and replayed natively after.

    A new shape, dtype, option, train/eval mode or set of parameters is recorded as
    another Program beside the others. A compiled model has the model's attributes.
    """

    def __init__(
        self, function: Callable[P, R], check_every: int, strict: bool
    ) -> None:
        self.function = self.__wrapped__ = function
        self.name: str = getattr(function, "__name__", type(function).__name__)
        self._kept = f"_compiled_{self.name}"
        self._settling = Settling(function, self.name, check_every, strict)
        self.__doc__ = function.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        program = self._settling.program
        if program is not None and not kwargs:
            result = program.attempt(args)
            if result is not MISSED:
                return result
        return self._settling.call(args, kwargs)

    def replays(self, data: Sequence[Array], order: Array) -> tuple[int, Any] | None:
        """See `loop.replays`, of the Program used last."""
        program = self._settling.program
        return None if program is None else replays(program, data, order)

    def __repr__(self) -> str:
        programs = count(sum(map(len, self.programs.values())), "Program")
        return f"<compiled {self.name}: {programs}>"

    @property
    def program(self) -> Program | None:
        """The Program made or replayed last: ``f.program.explain()``."""
        return self._settling.program

    @property
    def programs(self) -> dict[Any, list[Program]]:
        """All Programs that are kept, by what they depend on."""
        return self._settling.programs

    @property
    def recordings(self) -> int:
        """How often the function was recorded, for Programs and for checks."""
        return self._settling.recordings

    # It stands in the place of what it compiles ---------------------------------------

    @overload
    def __get__(self, instance: None, owner: Any = None) -> Compiled[P, R]: ...
    @overload
    def __get__(
        self: Compiled[Concatenate[S, Q], R], instance: S, owner: Any = None
    ) -> Compiled[Q, R]: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: compiled for each instance by itself, and kept there."""
        if instance is None:
            return self
        kept = getattr(instance, "__dict__", {})
        bound = kept.get(self._kept)
        if bound is None or bound.function.__self__ is not instance:  # a copy's
            settling = self._settling
            function: Any = self.function
            method = function.__get__(instance, type(instance))
            bound = Compiled(method, settling.check_every, settling.strict)
            kept[self._kept] = bound
        return bound

    def __set_name__(self, owner: Any, name: str) -> None:
        self._kept = f"_compiled_{name}"

    def __getattr__(self, name: str) -> Any:
        """What the function has: a model's ``parameters()``, ``eval()``, ..."""
        if name in OWN:
            raise AttributeError(name)
        return getattr(self.function, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in OWN:
            object.__setattr__(self, name, value)
        else:
            setattr(self.function, name, value)

    def __deepcopy__(self, memo: dict[int, Any]) -> Compiled[P, R]:
        return _rebuilt(copy.deepcopy(self.function, memo), *self._options())

    def __reduce__(self) -> Any:
        """With its function; pickle finds functions by their names."""
        function = self.function
        if isinstance(function, FunctionType) and _named(function) is self:
            # The name is ours: what has it in the function's module is this.
            function.__qualname__ = _name(function) + INSIDE
        return _rebuilt, (function, *self._options())

    def _options(self) -> tuple[int, bool]:
        return self._settling.check_every, self._settling.strict


def _rebuilt(
    function: Callable[P, R], check_every: int, strict: bool
) -> Compiled[P, R]:
    """The one that has the function's name in this process, with its Programs."""
    if isinstance(function, Compiled):  # a method, found by its name
        return function
    named = _named(function)
    if isinstance(named, Compiled) and named.function is function:
        return named
    return Compiled(function, check_every, strict)


def _named(function: Any) -> Any:
    """What has a function's name in its module, if anything: a decorator's result."""
    found = sys.modules.get(getattr(function, "__module__", ""))
    for name in _name(function).split("."):
        found = getattr(found, name, None)
    return found


def _name(function: Any) -> str:
    """Under which a function was defined; that of an object is none."""
    name: str = getattr(function, "__qualname__", "<object>")
    return name.removesuffix(INSIDE)


@overload
def compile(  # a module, which takes arrays where its forward says Tensor
    function: HasForward[..., R],
    *,
    check_every: int = CHECK_EVERY,
    strict: bool = False,
) -> Compiled[..., R]: ...
@overload
def compile(
    function: Callable[P, R], *, check_every: int = CHECK_EVERY, strict: bool = False
) -> Compiled[P, R]: ...
@overload
def compile(
    function: None = None, *, check_every: int = CHECK_EVERY, strict: bool = False
) -> Callable[[Callable[P, R]], Compiled[P, R]]: ...
def compile(
    function: Any = None,
    *,
    check_every: int = CHECK_EVERY,
    strict: bool = False,
) -> Any:
    """Record ``function`` in its first calls and replay it as one native call.

    For training steps with ``backward()`` and ``opt.step()`` inside, inference, and
    gradients of functions. Arrays and Tensors in, Tensors out; other arguments are
    guarded by value.

    A recording is replayed once a second one, of a later call, has agreed with it and
    one replay has given that call's bits. It is held against the function again in the
    32nd call, the 512th, and at growing distances of at most ``check_every`` calls.
    In all other calls Python is not run. A function that goes on changing warns once
    and stays eager; with ``strict`` it raises RuntimeError.

    >>> import autograd_core as ag
    >>> double = ag.compile(lambda x: x * 2)
    >>> [double(ag.tensor(float(i))).item() for i in range(3)]
    [0.0, 2.0, 4.0]
    """
    if function is None:
        return functools.partial(compile, check_every=check_every, strict=strict)
    if not callable(function):
        raise TypeError(f"ag.compile: expected a function, got {function!r:.60}")
    for kind, told in REFUSED.items():
        if told(function):
            raise TypeError(
                f"ag.compile: {function!r:.60} is {kind}, which runs on after it has "
                "returned; compile the functions that it calls"
            )
    whole = isinstance(check_every, int) and not isinstance(check_every, bool)
    if not whole or check_every < 1:
        raise ValueError(
            f"ag.compile: check_every must be a whole number >= 1, got {check_every!r}"
        )
    return Compiled(function, check_every, strict)
