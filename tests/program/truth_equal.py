"""Cases of values that are equal and not the same."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import numpy as np
from truth_modules import by_k
from truth_things import Frozen, module
from truth_world import World, case

# Equal is not the same -----------------------------------------------------------

EQUAL: dict[str, tuple[Any, Any]] = {
    "2 and 2.0": ((2, 2.0), lambda x, s: (x * 3).astype(np.int64) * s),
    "1 and True": ((1, True), lambda x, s: (x > 1) * s),
    "0.0 and -0.0": ((0.0, -0.0), lambda x, s: x / s),
    "tuple of 0.0 and -0.0": (((0.0,), (-0.0,)), lambda x, s: x / s[0]),
    "frozenset": ((frozenset({1}), frozenset({1.0})), lambda x, s: ints(x) * max(s)),
    "frozen dataclass": ((Frozen(1), Frozen(1.0)), lambda x, s: ints(x) * s.k),
    "frozen 0.0": ((Frozen(0.0), Frozen(-0.0)), lambda x, s: x / s.k),
    "Fraction and int": ((Fraction(2), 2), lambda x, s: x * s),
    "float64 and float": ((np.float64(0.1), 0.1), lambda x, s: x * s),
    "float32 and float": ((np.float32(0.5), 0.5), lambda x, s: x.double() * s),
    "NaN": ((float("nan"), float("nan"), 1.0), lambda x, s: x * s),
    "nested": (((1, (2, 0.0)), (1, (2, -0.0))), lambda x, s: x / s[1][1]),
    "str of a subclass": (
        ("a", type("S", (str,), {"k": 2})("a")),
        lambda x, s: tag(x, s),
    ),
}


def ints(x: Any) -> Any:
    return x.astype(np.int64)


def tag(x: Any, s: Any) -> Any:
    return x * getattr(s, "k", 1)


def _quiet(function: Any) -> Any:
    def call(*args: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*args)

    return call


@case("B8 equal options", EQUAL)
def equal_options(c: Any, row: Any) -> World:
    values, read = row
    f = c(_quiet(read))
    return World(f, args=lambda n: (np.full(4, 1 + n, "f4"), values[n % len(values)]))


@case("B8 equal attributes", EQUAL)
def equal_attributes(c: Any, row: Any) -> World:
    values, read = row
    m = module(_quiet(lambda m, x: read(x, m.s)), s=values[0])
    f = c(lambda x: m(x))
    return World(f, lambda k: setattr(m, "s", values[k % len(values)]))


@case("B8 equal items of a dict", EQUAL)
def equal_items(c: Any, row: Any) -> World:
    values, read = row
    m = module(_quiet(lambda m, x: read(x, m.s["k"])), s={"k": values[0]})
    f = c(lambda x: m(x))
    return World(f, lambda k: m.s.update(k=values[k % len(values)]))


@case("B8 a frozen dataclass replaced")
def replaced(c: Any) -> World:
    m = module(by_k, s=Frozen(0))
    f = c(lambda x: m(x))
    return World(f, lambda k: setattr(m, "s", dataclasses.replace(m.s, k=k)))
