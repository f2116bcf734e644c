"""What a function for Numba reads of the world, which is frozen when it is compiled."""

from __future__ import annotations

import builtins
import dis
import inspect
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from autograd_core.tape import TensorBase
from autograd_core.user_code import is_users

PLAIN = (bool, int, float, complex, str, np.generic, type(None))
REFUSED = (np.ndarray, TensorBase, list, dict, set)
MISSING = object()
GLOBALS = ("LOAD_GLOBAL", "LOAD_NAME")
ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")

Path = tuple[str, ...]  # a name, and attributes of it


class Captured:
    """What a function finds in its globals and closure: numbers, and its helpers.

    Numba takes them as constants. `now` gives them as they are, so that a kernel is
    compiled anew when one has changed. A helper that Numba has compiled for itself
    stays as it is: what it reads may not change.
    """

    def __init__(self, fn: Callable[..., Any], who: str) -> None:
        self.who = who
        self.cells = dict(
            zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True)
        )
        self.space = fn.__globals__
        self.frozen: tuple[Any, ...] | None = None  # of a helper, as it was compiled
        found = {path: self._value(path) for path in paths(fn.__code__, self.cells)}
        for path, value in found.items():
            if isinstance(value, REFUSED):
                raise TypeError(self._refused(path, value))
        self.names = [p for p, v in found.items() if v is not fn and _can_change(v)]

    def _refused(self, path: Path, value: Any) -> str:
        return (
            f"{self.who} reads {'.'.join(path)!r}, a {type(value).__name__}, which "
            "Numba would freeze or refuse; make it a parameter"
        )

    def _value(self, path: Path) -> Any:
        """What a name stands for; of a module that is the user's, its attribute."""
        name, *attributes = path
        try:
            cell = self.cells.get(name)
            value = (
                self.space.get(name, MISSING) if cell is None else cell.cell_contents
            )
        except ValueError:  # a cell that is still empty
            value = MISSING
        if value is MISSING and hasattr(builtins, name):
            return getattr(builtins, name)
        for attribute in attributes:
            if not isinstance(value, ModuleType) or not _is_users_module(value):
                break
            value = getattr(value, attribute, MISSING)
        return value

    def now(self) -> tuple[Any, ...]:
        """Values as they are, with their types: 1 is not 1.0 for a compiler."""
        return tuple([self._told(path, self._value(path)) for path in self.names])

    def _told(self, path: Path, value: Any) -> Any:
        if isinstance(value, REFUSED):
            raise TypeError(self._refused(path, value))
        if _is_helper(value):
            _check_helper(value, self.who, ".".join(path))
            return value  # itself: hashed by identity, and kept
        return _told(value)


def paths(code: CodeType, cells: Any) -> Iterator[Path]:
    """The globals and the variables of a closure that code mentions, inner code too."""
    path: Path = ()
    for step in dis.get_instructions(code):
        if path and step.opname in ATTRIBUTES:
            path = (*path, str(step.argval))
            continue
        if path:
            yield path
        name = step.argval
        known = step.opname in GLOBALS or (
            step.opname.startswith("LOAD_") and "DEREF" in step.opname and name in cells
        )
        path = (str(name),) if known else ()
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from paths(inner, cells)


def _is_users_module(module: ModuleType) -> bool:
    """Whether its values may change: one with a file of the user's, or made by him."""
    file = getattr(module, "__file__", None)
    return is_users(file) if file else module.__spec__ is None


def _can_change(value: Any) -> bool:
    """Whether what a name stands for is frozen by Numba, or not there yet."""
    return value is MISSING or _is_helper(value) or _is_plain(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return isinstance(value, PLAIN)


def _told(value: Any) -> Any:
    """A plain value by type and text, which tells -0.0 from 0.0."""
    if isinstance(value, tuple):
        return type(value), *map(_told, value)
    return type(value), repr(value) if isinstance(value, PLAIN) else id(value)


# Helpers -----------------------------------------------------------------------------

_helpers: WeakKeyDictionary[Any, Captured | None] = WeakKeyDictionary()


def _is_helper(value: Any) -> bool:
    """Whether it is a function of the user's that a kernel can call."""
    function = getattr(value, "py_func", value)
    return isinstance(function, FunctionType) and is_users(
        function.__code__.co_filename
    )


def _check_helper(helper: Any, who: str, name: str) -> None:
    """RuntimeError if what a helper reads is not what it was when first seen."""
    if helper not in _helpers:
        _helpers[helper] = None  # while it is looked at: it may call itself
        try:
            _helpers[helper] = Captured(getattr(helper, "py_func", helper), name)
        except TypeError:  # a table that Numba freezes: no parameter can replace it
            return
    captured = _helpers[helper]
    if captured is None or not captured.names:
        return
    now = captured.now()
    if captured.frozen is None:
        captured.frozen = now
    for path, old, new in zip(captured.names, captured.frozen, now, strict=True):
        if old != new:
            raise RuntimeError(
                f"{who} calls {name}, for which Numba has frozen {'.'.join(path)!r}, "
                f"and that has changed. Pass it as a parameter, or define {name} anew"
            )


# Signatures --------------------------------------------------------------------------


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
