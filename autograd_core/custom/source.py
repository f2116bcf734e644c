"""What a function for Numba reads of the world, which is frozen when it is compiled."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.tape import TensorBase

PLAIN = (bool, int, float, complex, str, np.generic, type(None))
MISSING = object()


class Captured:
    """The plain values that a function finds in its globals and closure.

    Numba takes them as constants. `now` gives them as they are, so that a kernel is
    compiled anew when one has changed.
    """

    def __init__(self, fn: Callable[..., Any], who: str) -> None:
        code = fn.__code__
        self.cells = dict(zip(code.co_freevars, fn.__closure__ or (), strict=True))
        self.space = fn.__globals__
        names = {
            str(i.argval)
            for i in dis.get_instructions(code)
            if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")
        }
        self.names: list[str] = []
        for name in sorted(names | self.cells.keys()):
            value = self._value(name)
            if isinstance(value, np.ndarray | TensorBase | list | dict | set):
                raise TypeError(
                    f"{who} reads {name!r}, a {type(value).__name__}, which Numba "
                    "would freeze or refuse; make it a parameter"
                )
            if isinstance(value, PLAIN) or _is_plain_tuple(value):
                self.names.append(name)

    def _value(self, name: str) -> Any:
        try:
            cell = self.cells.get(name)
            return self.space.get(name, MISSING) if cell is None else cell.cell_contents
        except ValueError:  # a cell that is still empty
            return MISSING

    def now(self) -> tuple[Any, ...]:
        """Values as they are, with their types: 1 is not 1.0 for a compiler."""
        values = [self._value(name) for name in self.names]
        return tuple((type(v), repr(v)) for v in values)


def _is_plain_tuple(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(v, PLAIN) for v in value)


def function_of(fn: Any, who: str) -> Callable[..., Any]:
    """``fn`` if Numba can compile it; TypeError for what is no plain function."""
    fn = getattr(fn, "py_func", fn)  # of who has put numba.njit on it
    if not inspect.isfunction(fn):
        raise TypeError(f"{who}: expected a function, got {type(fn).__name__}")
    if inspect.isgeneratorfunction(fn) or inspect.iscoroutinefunction(fn):
        raise TypeError(f"{who}: {fn.__name__} must be a plain function")
    if fn.__module__ is None:  # of exec without a name; Numba needs one
        fn.__module__ = "__main__"
    return fn


def parameters_of(fn: Callable[..., Any], who: str) -> list[inspect.Parameter]:
    """The parameters of ``fn``, which must be positional."""
    found = list(inspect.signature(fn).parameters.values())
    for p in found:
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.KEYWORD_ONLY):
            raise TypeError(
                f"{who}: {p} cannot be compiled; every parameter must be positional"
            )
    return found
