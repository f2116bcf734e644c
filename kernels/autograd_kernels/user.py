"""Loops over elements around a user's function of numbers.

Units are elements. There is a loop for each pattern of operands:
``pattern`` has 1 for an operand with as many elements as the output, 0 for one number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from types import CellType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from autograd_kernels.elementwise import map1, map2
from autograd_kernels.jit import FAST, elements, inline
from autograd_kernels.llvm.memory import wide
from autograd_kernels.math import scalar as quick

Function = Callable[..., Any]
QUICK = ("exp", "expm1", "log", "log1p", "tanh")


def _stub(name: str) -> Function:
    """A function that Numba takes for the library's own, which vectorises."""
    own = getattr(quick, name)

    def stub(x):
        raise NotImplementedError

    def choose(x):
        if isinstance(x, types.Float):
            return lambda x: own(x)
        if isinstance(x, types.Integer | types.Boolean):
            return lambda x: own(float(x))
        return None

    overload(stub, jit_options={"fastmath": FAST})(choose)
    return stub


@cache
def _stubs() -> dict[str, Function]:
    return {name: _stub(name) for name in QUICK}


@cache
def _module(module: ModuleType, single: bool) -> ModuleType:
    """``numpy`` or ``math`` as a function of numbers finds it, with the same values."""
    found = ModuleType(module.__name__)
    vars(found).update(vars(module))
    for name in QUICK:
        setattr(found, name, _stubs()[name])
    for name in ("pi", "e"):
        setattr(found, name, _weak(getattr(module, name), single))
    return found


def _weak(value: Any, single: bool) -> Any:
    """A Python float in the precision of the others, as in NumPy: it is weak."""
    return np.float32(value) if single and type(value) is float else value


def _quick(fn: Function, single: bool) -> Function:
    """The same code with quick ``np.exp``, ``math.log``, ... in one precision."""
    space, code = dict(fn.__globals__), fn.__code__
    for name in code.co_names:
        value = space.get(name)
        if value is np or value is math:
            space[name] = _module(value, single)
        elif name in space:
            space[name] = _weak(value, single)
    cells = [
        CellType(_weak(cell.cell_contents, single)) for cell in fn.__closure__ or ()
    ]
    code = code.replace(co_consts=tuple(_weak(c, single) for c in code.co_consts))
    made = FunctionType(code, space, fn.__name__, None, tuple(cells))
    made.__module__, made.__qualname__ = fn.__module__, fn.__qualname__
    return made


def _weakly(fn: Function) -> Function:
    """``fn`` for loops: float32 alone in gives float32, whatever floats it names."""
    single, double = (inline(_quick(fn, kind)) for kind in (True, False))

    def stub(*args):
        raise NotImplementedError

    def choose(*args):
        own = double if types.float64 in args else single
        return lambda *args: own(*args)

    overload(stub, jit_options={"fastmath": FAST}, strict=False)(choose)
    return stub


def scalar(fn: Function, part: int | None) -> Any:
    """A function of numbers for loops; ``part`` of its results, or its only one."""
    stub = _weakly(fn)

    def whole(*args):
        return stub(*args)

    whole = inline(whole)
    if part is None:
        return whole

    def picked(*args: Any) -> Any:
        return whole(*args)[part]

    return inline(picked)


def _named(loop: Function, name: str, module: str) -> Any:
    """A kernel under the name of the user's function, as `explain` shows it."""
    loop.__name__ = loop.__qualname__ = name
    loop.__module__ = module
    return elements(loop)


def unary(f: Any, name: str, module: str) -> Any:
    """``(lo, hi, x, out)``."""

    def loop(lo, hi, x, out):
        wide()
        map1(f, lo, hi, x, out)

    return _named(loop, name, module)


def binary(f: Any, name: str, module: str) -> Any:
    """``(lo, hi, geom, a, b, out)``, see `map2`."""

    def loop(lo, hi, geom, a, b, out):
        wide()
        map2(f, lo, hi, geom, a, b, out)

    return _named(loop, name, module)


@inline
def part_of(x, lo, hi, moves):
    """The part of an operand; all of one that is a number."""
    return x[lo * moves : hi * moves + 1 - moves]


def many(f: Any, name: str, module: str, *pattern: int) -> Any:
    """``(lo, hi, *operands, out)`` of as many flat operands as there are in pattern."""
    return _named(MANY[len(pattern) - 1](f, *pattern), name, module)


def _one(f: Any, p: int) -> Function:
    def loop(lo, hi, a, out):
        wide()
        A, O = part_of(a, lo, hi, p), out[lo:hi]
        for i in range(O.size):
            O[i] = f(A[i * p])

    return loop


def _two(f: Any, p: int, q: int) -> Function:
    def loop(lo, hi, a, b, out):
        wide()
        A, B, O = part_of(a, lo, hi, p), part_of(b, lo, hi, q), out[lo:hi]
        for i in range(O.size):
            O[i] = f(A[i * p], B[i * q])

    return loop


def _three(f: Any, p: int, q: int, r: int) -> Function:
    def loop(lo, hi, a, b, c, out):
        wide()
        A, B, C = part_of(a, lo, hi, p), part_of(b, lo, hi, q), part_of(c, lo, hi, r)
        O = out[lo:hi]
        for i in range(O.size):
            O[i] = f(A[i * p], B[i * q], C[i * r])

    return loop


def _four(f: Any, p: int, q: int, r: int, s: int) -> Function:
    def loop(lo, hi, a, b, c, d, out):
        wide()
        A, B, C = part_of(a, lo, hi, p), part_of(b, lo, hi, q), part_of(c, lo, hi, r)
        D, O = part_of(d, lo, hi, s), out[lo:hi]
        for i in range(O.size):
            O[i] = f(A[i * p], B[i * q], C[i * r], D[i * s])

    return loop


def _five(f: Any, p: int, q: int, r: int, s: int, t: int) -> Function:
    def loop(lo, hi, a, b, c, d, e, out):
        wide()
        A, B, C = part_of(a, lo, hi, p), part_of(b, lo, hi, q), part_of(c, lo, hi, r)
        D, E, O = part_of(d, lo, hi, s), part_of(e, lo, hi, t), out[lo:hi]
        for i in range(O.size):
            O[i] = f(A[i * p], B[i * q], C[i * r], D[i * s], E[i * t])

    return loop


MANY = (_one, _two, _three, _four, _five)
