"""Plain values, compared by type and by every bit: 2 is not 2.0, nor 0.0 -0.0."""

from __future__ import annotations

import struct
from types import CellType, FunctionType
from typing import Any

import numpy as np

PLAIN = (type(None), bool, int, str, bytes, type(Ellipsis))


def is_plain(value: Any) -> bool:
    """Whether a value is a number, a text or the like: nothing that can change."""
    return isinstance(value, (*PLAIN, float, complex, np.generic, np.dtype))


def mark(value: Any) -> Any:
    """What two plain values must share to be the same, for ``==`` and `hash`."""
    kind = type(value)
    if isinstance(value, np.generic):
        return value.dtype, value.tobytes()
    if isinstance(value, float):
        return kind, struct.pack("d", value)
    if isinstance(value, complex):
        return kind, struct.pack("dd", value.real, value.imag)
    return kind, value


def same(a: Any, b: Any) -> bool:
    """Whether two values are the same object, or plain with the same bits."""
    if a is b:
        return True
    if type(a) is not type(b) or not is_plain(a):
        return False
    return bool(mark(a) == mark(b))


def same_function(f: Any, g: Any) -> bool:
    """Whether two functions do the same: one code around the same plain values."""
    if f is g:
        return True
    if not (isinstance(f, FunctionType) and isinstance(g, FunctionType)):
        return False
    if f.__code__ is not g.__code__:
        return False
    return all(map(_same_nested, _held(f), _held(g)))


def _held(f: FunctionType) -> list[Any]:
    cells: tuple[CellType, ...] = f.__closure__ or ()
    return [*(cell.cell_contents for cell in cells), f.__defaults__]


def _same_nested(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(_same_nested, a, b))
    if isinstance(a, slice):
        parts = [(s.start, s.stop, s.step) for s in (a, b)]
        return all(map(_same_nested, *parts))
    return same(a, b) or (isinstance(a, FunctionType) and same_function(a, b))
