"""Worlds for the truth table: a function, what happens between calls, what to see.

A case is ``make(c) -> World`` where ``c`` stands for `ag.compile`: it is that, or
`eager`, which gives a function the meaning that the documentation gives a compiled one
(arguments are copies, arrays become Tensors, gradients do not flow out) and no more.
With ``c(f, bare=True)`` the truth is ``f`` itself.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import partial, update_wrapper
from types import FunctionType, GeneratorType, MethodType, SimpleNamespace
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.random import Generator

VECTORS = np.array(
    [[1, 2, 3, 4], [-1, 0.5, 2, -3], [4, -4, 0.25, 1], [0, 1, -2, 5], [3, 3, -1, 2]],
    np.float32,
)
ROWS = np.random.default_rng(5).standard_normal((5, 6, 4)).astype(np.float32)
LABELS = np.random.default_rng(6).integers(0, 3, (5, 6))


def vector(n: int) -> tuple[Any, ...]:
    """Arguments of call n: four numbers."""
    return (VECTORS[n % 5].copy(),)


def rows(n: int) -> tuple[Any, ...]:
    """Arguments of call n: six rows of four."""
    return (ROWS[n % 5].copy(),)


def batch(n: int) -> tuple[Any, ...]:
    """Arguments of call n: rows and their labels."""
    return ROWS[n % 5].copy(), LABELS[n % 5].copy()


def nothing(*_: Any) -> None:
    """Between calls nothing happens."""


@dataclass
class World:
    """What one case needs, made anew for each run of it."""

    f: Callable[..., Any]
    change: Callable[[int], Any] = nothing  # before the calls of round k
    args: Callable[[int], tuple[Any, ...]] = vector  # of call n
    state: Any = ()  # looked at after each call, or a function that gives it
    after: Callable[[int, Any], Any] = nothing  # with each call's result

    def look(self) -> Any:
        """All state, as something to compare."""
        given = isinstance(self.state, FunctionType | MethodType)
        state = self.state() if given else self.state
        return seen((state, ag_generator()), deep=True)


Make = Callable[[Any], World]
CASES: dict[str, Make] = {}
PLAIN: set[str] = set()  # cases that have to replay, without a word


def case(name: str, variants: Mapping[str, Any] | None = None, plain: bool = False):
    """Enter a case into the table, one for each of its variants."""

    def enter(make: Any) -> Any:
        if variants is None:
            entries = {name: make}
        else:
            entries = {
                f"{name}: {key}": partial(_varied, make, value)
                for key, value in variants.items()
            }
        assert not entries.keys() & CASES.keys(), name
        CASES.update(entries)
        PLAIN.update(entries if plain else ())
        return make

    return enter


def _varied(make: Any, value: Any, c: Any) -> World:
    return make(c, value)


# Eager, with the meaning of a compiled function ----------------------------------


def eager(function: Any, bare: bool = False, **options: Any) -> Any:
    """`Eager`, or the function itself where a case's truth is what that does."""
    return function if bare else Eager(function)


class Eager:
    """What `ag.compile` promises, done by calling the function."""

    def __init__(self, function: Any) -> None:
        self.__dict__["function"] = function
        if not isinstance(function, nn.Module):
            update_wrapper(self, function, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = mapped(given, (args, kwargs))
        return mapped(detached, self.function(*args, **kwargs))

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __getattr__(self, name: str) -> Any:
        if name == "function":  # while it is copied
            raise AttributeError(name)
        return getattr(self.function, name)

    def __setattr__(self, name: str, value: Any) -> None:
        inside = isinstance(self.function, nn.Module)
        object.__setattr__(self.function if inside else self, name, value)


def given(leaf: Any) -> Any:
    """An argument as the function sees it."""
    if isinstance(leaf, ag.Tensor):
        leaf = leaf.data
    return ag.tensor(leaf) if isinstance(leaf, np.ndarray) else leaf


def detached(leaf: Any) -> Any:
    """A result as the caller sees it."""
    inside = isinstance(leaf, ag.Tensor) and leaf.node is not None
    return leaf.detach() if inside else leaf


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """The same nesting of other leaves."""
    kind = type(value)
    if kind in (tuple, list):
        return kind(mapped(function, v) for v in value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return kind(*(mapped(function, v) for v in value))
    if kind in (dict, OrderedDict):
        return kind((k, mapped(function, v)) for k, v in value.items())
    return function(value)


# Values to compare ---------------------------------------------------------------


def ag_generator() -> Any:
    """The state of the library's own generator."""
    from autograd_core.random import default_generator

    return default_generator.get_state()


def seen(value: Any, deep: bool = False) -> Any:
    """Types, dtypes, shapes and bits of all leaves; with gradients if ``deep``."""
    name = type(value).__name__
    if isinstance(value, ag.Tensor):
        return (name, *_tensor(value, deep))
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        return name, str(array.dtype), array.shape, array.tobytes()
    if isinstance(value, float):
        return name, struct.pack("d", value), f"{value!r}"
    if value is None or isinstance(value, int | str | bytes | slice | range):
        return name, repr(value)
    return (name, *(seen(part, deep) for part in parts(value)))


def _tensor(t: ag.Tensor, deep: bool) -> Iterator[Any]:
    yield from (str(t.dtype), t.shape, t.data.tobytes())
    if deep:
        yield t.requires_grad
        yield None if t.grad is None else seen(t.grad)


def parts(value: Any) -> list[Any]:
    """What there is to see of an object that is no leaf."""
    if isinstance(value, nn.Module):
        modes = [m.training for m in value.modules()]
        return [*value.tensors(), *modes]
    if isinstance(value, optim.Optimizer | optim.EMA | optim.Scheduler):
        return [value.state_dict()]
    if isinstance(value, Generator):
        return [value.get_state()]
    if isinstance(value, np.random.Generator):
        return [value.bit_generator.state]
    if isinstance(value, Mapping):
        return [part for item in value.items() for part in item]
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, f.name) for f in fields(value)]
    if isinstance(value, SimpleNamespace) or not hasattr(value, "__iter__"):
        return list(getattr(value, "__dict__", {}).items())
    assert isinstance(value, GeneratorType) or not hasattr(value, "__next__"), value
    return list(value)


def difference(a: Any, b: Any, path: str = "") -> str:
    """Where two seen values differ, in words; "" if they do not."""
    if type(a) is type(b) and a == b:
        return ""
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        for i, (one, other) in enumerate(zip(a, b, strict=True)):
            found = difference(one, other, f"{path}.{i}")
            if found:
                return _numbers(a, b, path) or found
    return f"{path or 'it'}: {a!r:.60} became {b!r:.60}"


def _numbers(a: Any, b: Any, path: str) -> str:
    """Two tensors that differ, as numbers."""
    if len(a) < 4 or a[1:3] != b[1:3] or not isinstance(a[3], bytes):
        return ""
    if a[3] == b[3] or a[0] != b[0]:
        return ""
    both = [np.frombuffer(v[3], v[1])[:4].tolist() for v in (a, b)]
    return f"{path}: {a[0]} {both[0]} became {both[1]}"
