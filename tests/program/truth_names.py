"""Cases of names: what a function closes over, or reads, stands for something else."""

from __future__ import annotations

import importlib
import sys
import types
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from truth_tensors import filled
from truth_things import Cfg, linear
from truth_world import World, case

import autograd_core as ag
from autograd_core import nn

F = nn.functional

# What a name stands for, in round k, and what is done with it --------------------

BOUND: dict[str, tuple[Any, Any]] = {
    "int": (int, lambda v, x: x * v),
    "float": (float, lambda v, x: x * v),
    "np.float32": (np.float32, lambda v, x: x * v),
    "bool": (lambda k: bool(k % 2), lambda v, x: x * 2 if v else x),
    "str": (lambda k: ["sum", "mean"][k % 2], lambda v, x: getattr(x, v)()),
    "None": (lambda k: k or None, lambda v, x: x if v is None else x * v),
    "tuple": (lambda k: (k, 1), lambda v, x: x * v[0]),
    "list": (lambda k: [k], lambda v, x: x * v[0]),
    "dict": (lambda k: {"k": k}, lambda v, x: x * v["k"]),
    "object": (Cfg, lambda v, x: x * v.k),
    "array": (lambda k: np.full(4, k, "f4"), lambda v, x: x * v),
    "0-d array": (lambda k: np.array(k, "f4"), lambda v, x: x * v),
    "Tensor": (lambda k: filled(4, value=k), lambda v, x: x * v),
    "leaf": (
        lambda k: filled(4, value=k, grad=True),
        lambda v, x: ag.grad(lambda w: (w * w * x).sum())(v),
    ),
    "layer": (linear, lambda v, x: v(x)),
    "function": (lambda k: (np.exp, np.sin, np.cos)[k % 3], lambda v, x: v(x)),
    "lambda": (lambda k: lambda x: x * k, lambda v, x: v(x)),
    "partial": (lambda k: partial(np.add, k), lambda v, x: v(x)),
    "slice": (lambda k: slice(k % 3, 3), lambda v, x: x[v]),
    "dtype": (lambda k: (np.float32, np.float64)[k % 2], lambda v, x: x.astype(v)),
    "class": (lambda k: (nn.ReLU, nn.Tanh)[k % 2], lambda v, x: v()(x)),
    "-0.0": (lambda k: (0.0, -0.0)[k % 2], lambda v, x: x / v),
    "1 and True": (lambda k: (1, True)[k % 2], lambda v, x: (x > 1) * v),
}


@case("2 closure cell rebound", BOUND)
def cell(c: Any, row: Any) -> World:
    make, use = row
    value = make(0)

    def f(x: Any) -> Any:
        return use(value, x)

    def change(k: int) -> None:
        nonlocal value
        value = make(k)

    return World(c(f), change)


@case("2 closure cell of an inner function rebound", BOUND)
def inner_cell(c: Any, row: Any) -> World:
    make, use = row
    value = make(0)

    def helper(x: Any) -> Any:
        return use(value, x)

    def change(k: int) -> None:
        nonlocal value
        value = make(k)

    return World(c(lambda x: helper(x) + 0.0), change)


NAMED: Any = None


def global_read(x: Any) -> Any:
    return USE(NAMED, x)


def global_helper(x: Any) -> Any:
    return global_read(x) + 0.0


USE: Any = None


@case("2 global rebound", BOUND)
def by_global(c: Any, row: Any) -> World:
    return _globals(c, row, global_read)


@case("2 global of a helper rebound", BOUND)
def by_global_helper(c: Any, row: Any) -> World:
    return _globals(c, row, global_helper)


def _globals(c: Any, row: Any, f: Any) -> World:
    make, use = row
    names: dict[str, Any] = globals()
    fresh = types.FunctionType(f.__code__, names)  # one that no run compiled before

    def change(k: int) -> None:
        names.update(NAMED=make(k), USE=use)

    return World(c(fresh), change)


HELD: dict[str, Any] = {
    "attribute": (SimpleNamespace, lambda o, v: setattr(o, "v", v), lambda o: o.v),
    "class attribute": (
        lambda: type("Config", (), {}),
        lambda o, v: setattr(o, "v", v),
        lambda o: o.v,
    ),
    "item": (dict, lambda o, v: o.__setitem__("v", v), lambda o: o["v"]),
    "item of a list": (lambda: [0], lambda o, v: o.__setitem__(0, v), lambda o: o[0]),
    "property": (
        lambda: type("P", (), {"v": property(lambda o: o.u)})(),
        lambda o, v: setattr(o, "u", v),
        lambda o: o.v,
    ),
    "getter": (
        lambda: type("G", (), {"__getattr__": lambda o, name: vars(o)["u"]})(),
        lambda o, v: vars(o).update(u=v),
        lambda o: o.v,
    ),
    "module": (
        lambda: types.ModuleType("settings"),
        lambda o, v: setattr(o, "v", v),
        lambda o: o.v,
    ),
}
CHOSEN = ("float", "np.float32", "object", "array", "Tensor", "layer", "lambda", "-0.0")


@case(
    "2 held by an object",
    {f"{how}, {what}": (HELD[how], BOUND[what]) for how in HELD for what in CHOSEN},
)
def held(c: Any, row: Any) -> World:
    (make_object, put, get), (make, use) = row
    o = make_object()
    put(o, make(0))
    return World(c(lambda x: use(get(o), x)), lambda k: put(o, make(k)))


# A module of the user's, found while the function runs ----------------------------

SETTINGS: Any = types.ModuleType("truth_settings")
sys.modules[SETTINGS.__name__] = SETTINGS


def by_import(x: Any) -> Any:
    import truth_settings  # type: ignore[import-not-found]

    return x * truth_settings.k


def by_from_import(x: Any) -> Any:
    from truth_settings import k

    return x * k


def by_globals(x: Any) -> Any:
    return x * globals()["SETTINGS"].k


FOUND: dict[str, Any] = {
    "import": by_import,
    "from import": by_from_import,
    "import_module": lambda x: x * importlib.import_module("truth_settings").k,
    "sys.modules": lambda x: x * sys.modules["truth_settings"].k,
    "globals": by_globals,
    "getattr": lambda x: x * getattr(SETTINGS, "k"),  # noqa: B009
    "dict": lambda x: x * SETTINGS.__dict__["k"],
    "hasattr": lambda x: x * 2 if hasattr(SETTINGS, "more") else x,
}


@case("2 module found by", FOUND)
def found(c: Any, f: Any) -> World:
    def change(k: int) -> None:
        SETTINGS.k = k
        (vars(SETTINGS).update(more=k) if k % 2 else vars(SETTINGS).pop("more", None))

    change(0)
    return World(c(types.FunctionType(f.__code__, globals())), change)


class Trainer:
    factor: Any = 1.0

    def __init__(self) -> None:
        self.beta, self.scale = 1.0, [1.0]

    def attribute(self, x: Any) -> Any:
        return x * self.beta

    def item(self, x: Any) -> Any:
        return x * self.scale[0]

    def of_class(self, x: Any) -> Any:
        return x * type(self).factor

    def inherited(self, x: Any) -> Any:
        return x * self.factor

    def counted(self, x: Any) -> Any:
        self.beta += 1
        return x * self.beta


@case(
    "2 method of a trainer",
    {name: name for name in ("attribute", "item", "of_class", "inherited")},
)
def trainer(c: Any, name: str) -> World:
    t: Any = type("T", (Trainer,), {})()

    def change(k: int) -> None:
        t.beta = t.scale[0] = float(k)
        type(t).factor = k

    return World(c(getattr(t, name)), change)


@case("2 method of a trainer that counts")
def trainer_counts(c: Any) -> World:
    return World(c(Trainer().counted))
