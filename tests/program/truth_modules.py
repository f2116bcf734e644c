"""Cases of modules: attributes that change, in whatever way they are held."""

from __future__ import annotations

from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from contextvars import ContextVar
from decimal import Decimal
from fractions import Fraction
from functools import partial
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
from truth_things import (
    Cfg,
    Data,
    Frozen,
    Items,
    Level,
    Numbers,
    Slotted,
    linear,
    module,
    own_function,
)
from truth_world import World, case

import autograd_core as ag
from autograd_core import nn


def by_s(m: Any, x: Any) -> Any:
    return x * m.s


def by_k(m: Any, x: Any) -> Any:
    return x * m.s.k


def called(m: Any, x: Any) -> Any:
    return m.s(x)


def through(m: Any, x: Any) -> Any:
    for block in m.blocks:
        x = block(x)
    return x


# A new object for each round, (value of round i, what forward does with it) ------

ASSIGNED: dict[str, tuple[Any, Any]] = {
    "int": (int, by_s),
    "float": (float, by_s),
    "np.float32": (np.float32, by_s),
    "np.float64": (np.float64, by_s),
    "np.int64": (np.int64, by_s),
    "np.uint8": (np.uint8, by_s),
    "np.bool_": (lambda i: np.bool_(i % 2), lambda m, x: x * 2 if m.s else x),
    "Fraction": (lambda i: Fraction(i, 3), by_s),
    "Decimal": (lambda i: Decimal(i), lambda m, x: x * float(m.s)),
    "complex": (lambda i: complex(i, 1), lambda m, x: x * m.s.real),
    "object": (Cfg, by_k),
    "object in object": (lambda i: Cfg(Cfg(i)), lambda m, x: x * m.s.k.k),
    "dataclass": (Data, by_k),
    "frozen dataclass": (Frozen, by_k),
    "SimpleNamespace": (lambda i: SimpleNamespace(k=i), by_k),
    "lambda": (lambda i: lambda x: x * i, called),
    "partial": (lambda i: partial(np.multiply, float(i)), called),
    "bound method": (lambda i: Cfg(i).scaled, called),
    "list": (lambda i: [i, 1], lambda m, x: x * m.s[0]),
    "nested list": (lambda i: [[1], [i]], lambda m, x: x * m.s[1][0]),
    "dict": (lambda i: {"k": i}, lambda m, x: x * m.s["k"]),
    "dict of lists": (lambda i: {"k": [i]}, lambda m, x: x * m.s["k"][0]),
    "list of objects": (lambda i: [Cfg(i)], lambda m, x: x * m.s[0].k),
    "set": (lambda i: {i}, lambda m, x: x * max(m.s)),
    "frozenset": (lambda i: frozenset({i}), lambda m, x: x * max(m.s)),
    "str": (lambda i: ["relu", "tanh", "exp"][i % 3], lambda m, x: OPS[m.s](x)),
    "bytes": (lambda i: bytes([i]), lambda m, x: x * m.s[0]),
    "Enum": (lambda i: list(Level)[i % 3], lambda m, x: x * m.s.value),
    "class": (lambda i: (nn.ReLU, nn.Tanh, nn.GELU)[i % 3], lambda m, x: m.s()(x)),
    "function": (lambda i: (np.exp, np.sin, np.cos)[i % 3], called),
    "range": (range, lambda m, x: x * len(m.s)),
    "slice": (lambda i: slice(0, 1 + i % 4), lambda m, x: x[m.s]),
    "dtype": (lambda i: (np.float64, np.float32)[i % 2], lambda m, x: x.astype(m.s)),
    "None or a number": (lambda i: i or None, lambda m, x: x * (m.s or 7)),
    "NaN": (lambda i: (float("nan"), 1.0, 2.0)[i % 3], by_s),
    "array": (lambda i: np.full(4, i, np.float32), by_s),
    "0-d array": (lambda i: np.array(i, np.float32), by_s),
    "Tensor": (lambda i: ag.tensor(np.full(4, i, np.float32)), by_s),
    "Parameter": (lambda i: nn.Parameter(np.full(4, i, np.float32)), by_s),
    "Buffer": (lambda i: nn.Buffer(np.full(4, i, np.float32)), by_s),
    "list of arrays": (lambda i: [np.full(4, i, "f4")], lambda m, x: x * m.s[0]),
    "dict of Tensors": (
        lambda i: {"k": ag.tensor(np.full(4, i, np.float32))},
        lambda m, x: x * m.s["k"],
    ),
    "object with an array": (lambda i: Cfg(np.full(4, i, np.float32)), by_k),
    "layer": (linear, called),
    "list of layers": (lambda i: [linear(i)], lambda m, x: m.s[0](x)),
    "generator": (
        np.random.default_rng,
        lambda m, x: x * m.s.standard_normal(4).astype("f4"),
    ),
}
OPS = {"relu": nn.functional.relu, "tanh": np.tanh, "exp": np.exp}


@case("B2 attribute assigned", ASSIGNED)
def assigned(c: Any, row: Any) -> World:
    value, read = row
    m = module(read, s=value(0))
    return World(c(lambda x: m(x)), lambda k: setattr(m, "s", value(k)))


@case("B2 attribute cleared and assigned, module itself compiled", ASSIGNED)
def assigned_direct(c: Any, row: Any) -> World:
    value, read = row
    m = module(read, s=value(0))

    def change(k: int) -> None:  # the new object may well lie where the old one did
        m.s = None
        m.s = value(k)

    return World(c(m), change)


# The same object, changed in place -----------------------------------------------

ChangedRow = tuple[Any, Any, Any]  # first value, change(value, k), what forward does


def _reversed_blocks(blocks: Any, k: int) -> None:
    blocks.reverse()


CHANGED: dict[str, ChangedRow] = {
    "dict": (lambda: {"k": 0}, lambda s, k: s.update(k=k), lambda m, x: x * m.s["k"]),
    "list": (lambda: [0], lambda s, k: s.__setitem__(0, k), lambda m, x: x * m.s[0]),
    "list appended": (list, lambda s, k: s.append(k), lambda m, x: x * sum(m.s)),
    "set": (set, lambda s, k: s.add(k), lambda m, x: x * len(m.s)),
    "deque": (deque, lambda s, k: s.append(k), lambda m, x: x * sum(m.s)),
    "OrderedDict": (
        lambda: OrderedDict(a=1, b=2),
        lambda s, k: s.move_to_end(next(iter(s))),
        lambda m, x: x ** next(iter(m.s.values())),
    ),
    "dict reordered": (
        lambda: {"a": 1, "b": 2},
        lambda s, k: s.update({(first := next(iter(s))): s.pop(first)}),
        lambda m, x: x * next(iter(m.s.values())),
    ),
    "defaultdict": (
        lambda: defaultdict(float),
        lambda s, k: s.update(k=k),
        lambda m, x: x * m.s["k"],
    ),
    "Counter": (Counter, lambda s, k: s.update("a" * k), lambda m, x: x * m.s["a"]),
    "nested dict": (
        lambda: {"a": {"b": 0}},
        lambda s, k: s["a"].update(b=k),
        lambda m, x: x * m.s["a"]["b"],
    ),
    "list in a dict": (
        lambda: {"a": [0]},
        lambda s, k: s["a"].append(k),
        lambda m, x: x * s_last(m.s),
    ),
    "list in a tuple": (
        lambda: ([0],),
        lambda s, k: s[0].append(k),
        lambda m, x: x * m.s[0][-1],
    ),
    "object": (lambda: Cfg(0), lambda s, k: setattr(s, "k", k), by_k),
    "object in object": (
        lambda: Cfg(Cfg(0)),
        lambda s, k: setattr(s.k, "k", k),
        lambda m, x: x * m.s.k.k,
    ),
    "list in an object": (
        lambda: Cfg([0]),
        lambda s, k: s.k.append(k),
        lambda m, x: x * m.s.k[-1],
    ),
    "slots": (Slotted, lambda s, k: setattr(s, "k", k), by_k),
    "dataclass": (lambda: Data(0), lambda s, k: setattr(s, "k", k), by_k),
    "SimpleNamespace": (
        lambda: SimpleNamespace(k=0),
        lambda s, k: setattr(s, "k", k),
        by_k,
    ),
    "dict of arrays": (
        lambda: {"k": np.zeros(4, "f4")},
        lambda s, k: s.update(k=np.full(4, k, "f4")),
        lambda m, x: x * m.s["k"],
    ),
    "array": (lambda: np.zeros(4, "f4"), lambda s, k: s.fill(k), by_s),
    "0-d array": (lambda: np.array(0, "f4"), lambda s, k: s.fill(k), by_s),
    "array of flags": (
        lambda: np.zeros(2, bool),
        lambda s, k: s.fill(k % 2),
        lambda m, x: x * 2 if m.s.any() else x,
    ),
    "bytearray": (
        lambda: bytearray(1),
        lambda s, k: s.__setitem__(0, k),
        lambda m, x: x * m.s[0],
    ),
    "list of Tensors": (
        lambda: [ag.zeros(4)],
        lambda s, k: s.__setitem__(0, ag.tensor(np.full(4, k, "f4"))),
        lambda m, x: x * m.s[0],
    ),
    "method's owner": (
        lambda: Cfg(0).scaled,
        lambda s, k: setattr(s.__self__, "k", k),
        called,
    ),
    "partial's arguments": (
        lambda: partial(lambda x, by: x * by[0], by=[0]),
        lambda s, k: s.keywords["by"].__setitem__(0, k),
        called,
    ),
    "array.array": (
        lambda: array("d", [0]),
        lambda s, k: s.__setitem__(0, k),
        lambda m, x: x * m.s[0],
    ),
    "memoryview": (
        lambda: memoryview(bytearray(1)),
        lambda s, k: s.__setitem__(0, k),
        lambda m, x: x * m.s[0],
    ),
    "ContextVar": (
        lambda: ContextVar("k", default=0),
        lambda s, k: s.set(k),
        lambda m, x: x * m.s.get(),
    ),
    "attribute of a list": (Items, lambda s, k: setattr(s, "k", k), by_k),
    "attribute of an array": (
        lambda: np.zeros(1).view(Numbers),
        lambda s, k: setattr(s, "k", k),
        by_k,
    ),
    "attribute of a function": (own_function, lambda s, k: setattr(s, "k", k), by_k),
    "mapping in an object": (
        lambda: Cfg(MappingProxyType({"k": [0]})),
        lambda s, k: s.k["k"].append(k),
        lambda m, x: x * m.s.k["k"][-1],
    ),
}


def s_last(s: Any) -> Any:
    return s["a"][-1]


@case("B7 attribute changed in place", CHANGED)
def changed(c: Any, row: ChangedRow) -> World:
    first, change, read = row
    m = module(read, s=first())
    return World(c(lambda x: m(x)), lambda k: change(m.s, k))


@case("B7 attribute of a child changed in place", CHANGED)
def changed_below(c: Any, row: ChangedRow) -> World:
    first, change, read = row
    m = module(read, s=first())
    outer = nn.Sequential(nn.Tanh(), m)
    return World(c(lambda x: outer(x)), lambda k: change(m.s, k))


# Layers in lists -----------------------------------------------------------------

BLOCKS: dict[str, Any] = {
    "pop": lambda m, k: m.blocks.pop() if len(m.blocks) > 1 else None,
    "reverse": lambda m, k: m.blocks.reverse(),
    "append": lambda m, k: m.blocks.append(linear(k)),
    "replace": lambda m, k: m.blocks.__setitem__(0, linear(k)),
    "replace by one made before": lambda m, k: m.blocks.__setitem__(0, m.spare[k]),
    "rotate": lambda m, k: m.blocks.append(m.blocks.pop(0)),
    "another list": lambda m, k: setattr(m, "blocks", [linear(k)]),
    "clear": lambda m, k: m.blocks.clear() if k == 2 else None,
}


@case("B7 list of layers", BLOCKS)
def blocks(c: Any, change: Any) -> World:
    m = module(through, blocks=[linear(10), nn.Tanh(), linear(11)])
    m.spare = {k: linear(20 + k) for k in range(9)}
    return World(c(lambda x: m(x)), lambda k: change(m, k))


SEQUENTIAL: dict[str, Any] = {
    "layer replaced": lambda m, k: m.__setitem__(0, linear(k)),
    "layers exchanged": lambda m, k: m.__setitem__(0, m[2]),
    "layer appended": lambda m, k: m.append(nn.Tanh()) if k % 2 else None,
    "layers' dict": lambda m, k: m._layers.update({"0": linear(k)}),
    "forward of a layer": lambda m, k: setattr(m[1], "forward", lambda x: x * k),
    "forward of the class": lambda m, k: setattr(type(m[1]), "forward", scaled_by(k)),
}


class Own(nn.Module):
    def forward(self, x: Any) -> Any:
        return x


def scaled_by(k: int) -> Any:
    return lambda self, x: x * k


@case("B7 Sequential", SEQUENTIAL)
def sequential(c: Any, change: Any) -> World:
    Own.forward = scaled_by(1)  # type: ignore[method-assign]
    m = nn.Sequential(linear(1), Own(), linear(2))
    return World(c(lambda x: m(x)), lambda k: change(m, k))


# Attributes that are not in the module's dict ------------------------------------


def _class_attribute(m: Any, k: int) -> None:
    type(m).s = k


def _by_way_of_dict(m: Any, k: int) -> None:
    m.__dict__["s"] = k


def _deleted(m: Any, k: int) -> None:
    type(m).s = 5
    if "s" in vars(m):
        del m.s
    else:
        m.s = k


ELSEWHERE: dict[str, Any] = {
    "class": _class_attribute,
    "dict": _by_way_of_dict,
    "deleted": _deleted,
    "base class": lambda m, k: setattr(m.base, "s", k),
    "property of an object": lambda m, k: setattr(m.other, "k", k),
    "property of the class": lambda m, k: setattr(type(m), "s", property(lambda _: k)),
    "object.__setattr__": lambda m, k: object.__setattr__(m, "s", k),
    "training by dict": lambda m, k: vars(m).update(training=bool(k % 2)),
}


@case("B7 attribute elsewhere", ELSEWHERE)
def elsewhere(c: Any, change: Any) -> World:
    base: Any = type("Base", (nn.Module,), {"s": 1})
    kind: Any = type("M", (base,), {"forward": lambda m, x: x * m.s + m.training})
    m = kind()
    vars(m).update(base=base, other=Cfg(1))
    if change is ELSEWHERE["property of an object"]:
        kind.s = property(lambda m: m.other.k)
    return World(c(lambda x: m(x)), lambda k: change(m, k))
