"""Cases of arguments: objects that change, iterators; arrays closed over."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
from truth_results import Out
from truth_tensors import filled
from truth_things import Cfg, Frozen, linear, module
from truth_world import ROWS, VECTORS, World, case, rows

import autograd_core as ag
from autograd_core import nn

F = nn.functional
Old = namedtuple("Old", "x y")


@dataclass(eq=False)
class Batch:
    x: Any
    y: Any = None


def ones() -> Any:
    return np.ones(4, "f4")


def v(k: int) -> Any:
    return VECTORS[k % 5].copy()


# One object all the time: (the object, what is done to it, what is done with it) -

OPTIONS: dict[str, tuple[Any, Any, Any]] = {
    "object": (Cfg(0), lambda o, k: setattr(o, "k", k), lambda o, x: x * o.k),
    "object with an array": (
        Cfg(ones()),
        lambda o, k: setattr(o, "k", v(k)),
        lambda o, x: x * o.k,
    ),
    "array in an object, written": (
        Cfg(ones()),
        lambda o, k: o.k.fill(k),
        lambda o, x: x * o.k,
    ),
    "object with a Tensor": (
        Cfg(ones()),
        lambda o, k: setattr(o, "k", ag.tensor(v(k))),
        lambda o, x: x * o.k,
    ),
    "batch": (Batch(ones()), lambda o, k: setattr(o, "x", v(k)), lambda o, x: x * o.x),
    "object with a list": (
        Cfg([0]),
        lambda o, k: o.k.append(k),
        lambda o, x: x * o.k[-1],
    ),
    "module": (
        module(lambda m, x: x * m.s, s=0),
        lambda o, k: setattr(o, "s", k),
        lambda o, x: o(x),
    ),
    "module's parameter": (
        linear(1),
        lambda o, k: o.weight.detach().fill_(k),
        lambda o, x: o(x),
    ),
    "dropout": (nn.Dropout(0.5), lambda o, k: o.train(k % 2 == 0), lambda o, x: o(x)),
    "method": (
        Cfg(0).scaled,
        lambda o, k: setattr(o.__self__, "k", k),
        lambda o, x: o(x),
    ),
    "class": (
        type("Config", (), {"k": 0}),
        lambda o, k: setattr(o, "k", k),
        lambda o, x: x * o.k,
    ),
    "Generator": (
        np.random.default_rng(0),
        lambda o, k: None,
        lambda o, x: x * o.standard_normal(4).astype("f4"),
    ),
    "iterator": (None, lambda o, k: None, lambda o, x: x * next(o)),
    "SimpleNamespace": (
        SimpleNamespace(k=0),
        lambda o, k: setattr(o, "k", k),
        lambda o, x: x * o.k,
    ),
    "object in a tuple": (
        (Cfg(0),),
        lambda o, k: setattr(o[0], "k", k),
        lambda o, x: x * o[0].k,
    ),
    "frozen with an object": (
        Frozen(Cfg(0)),
        lambda o, k: setattr(o.k, "k", k),
        lambda o, x: x * o.k.k,
    ),
}


@case("2 option that changes", OPTIONS)
def option(c: Any, row: Any) -> World:
    o, change, use = row
    if o is None:
        o = iter(np.arange(100.0))
    if isinstance(o, np.random.Generator):
        o = np.random.default_rng(0)
    change(o, 0)
    f = c(lambda x, o: use(o, x))
    return World(f, lambda k: change(o, k), lambda n: (v(n), o))


# Another object in every call, (argument of call n, what is done with it) --------


class Number(float):
    """A float of another type."""


GIVEN: dict[str, tuple[Any, Any]] = {
    "float": (float, lambda x, o: x * o),
    "float annealed": (lambda n: 0.1 * (n // 3), lambda x, o: x * o),
    "np.float32": (np.float32, lambda x, o: x * o),
    "np.float64": (np.float64, lambda x, o: x * o),
    "0-d array": (lambda n: np.array(n, "f4"), lambda x, o: x * o),
    "Fraction": (lambda n: Fraction(n, 3), lambda x, o: x * o),
    "str": (lambda n: ["sum", "mean"][n % 2], lambda x, o: getattr(x, o)()),
    "object": (Cfg, lambda x, o: x * o.k),
    "object of an array": (lambda n: Cfg(v(n)), lambda x, o: x * o.k),
    "lambda": (lambda n: lambda x: x * n, lambda x, o: o(x)),
    "frozen dataclass": (Frozen, lambda x, o: x * o.k),
    "frozenset": (lambda n: frozenset({n}), lambda x, o: x * max(o)),
    "slice": (lambda n: slice(0, 1 + n % 3), lambda x, o: x[o]),
    "tuple": (lambda n: (v(n), n % 2), lambda x, o: x * o[0] + o[1]),
    "list": (lambda n: [v(n), v(n + 1)], lambda x, o: x * o[0] + o[1]),
    "dict": (lambda n: {"a": v(n), "k": n % 2}, lambda x, o: x * o["a"] + o["k"]),
    "dict reordered": (
        lambda n: dict([("a", v(n)), ("b", v(0))][:: 1 - 2 * (n % 2)]),
        lambda x, o: x * next(iter(o.values())),
    ),
    "keys that are equal": (
        lambda n: {(-0.0, 0, False)[n % 3]: v(n), ((1, 1.0, True)[n % 3],): v(n)},
        lambda x, o: (x, *map(repr, o)),
    ),
    "numbers that are equal": (
        lambda n: Number((0.0, -0.0)[n % 2]),
        lambda x, o: np.copysign(x, float(o)),
    ),
    "OrderedDict": (lambda n: OrderedDict(a=v(n)), lambda x, o: x * o["a"]),
    "NamedTuple": (lambda n: Out(v(n), v(1)), lambda x, o: x * o.y),
    "namedtuple": (lambda n: Old(v(n), v(1)), lambda x, o: x * o.x + o.y),
    "dataclass": (lambda n: Batch(v(n)), lambda x, o: x * o.x),
    "SimpleNamespace": (lambda n: SimpleNamespace(x=v(n)), lambda x, o: x * o.x),
    "set": (lambda n: {n}, lambda x, o: x * max(o)),
    "range": (range, lambda x, o: x * len(o)),
    "generator": (lambda n: (i for i in range(n)), lambda x, o: x * sum(o)),
    "Tensor": (lambda n: ag.tensor(v(n)), lambda x, o: x * o),
    "Parameter": (
        lambda n: nn.Parameter(v(n), requires_grad=False),
        lambda x, o: x * o,
    ),
    "float64": (lambda n: v(n).astype(np.float64), lambda x, o: x * o),
    "ints": (lambda n: np.arange(4) + n, lambda x, o: x * o),
    "int32": (lambda n: np.arange(4, dtype="i4") + n, lambda x, o: x * o),
    "bools": (lambda n: v(n) > 1, lambda x, o: np.where(o, x, 0)),
    "Fortran": (lambda n: np.asfortranarray(ROWS[n % 5]), lambda x, o: x @ o.T),
    "strided": (lambda n: np.repeat(v(n), 2)[::2], lambda x, o: x * o),
    "reversed": (lambda n: v(n)[::-1], lambda x, o: x * o),
    "big-endian": (lambda n: v(n).astype(">f4"), lambda x, o: x * o),
    "empty": (lambda n: v(n)[:0], lambda x, o: x + o.sum()),
    "shapes": (lambda n: ROWS[0, 0 : 1 + n % 3], lambda x, o: x + o),
    "dtypes": (lambda n: v(n).astype(("f4", "f8")[n % 2]), lambda x, o: x * o),
    "None or array": (
        lambda n: v(n) if n % 2 else None,
        lambda x, o: x if o is None else o,
    ),
}


@case("2 argument", GIVEN)
def argument(c: Any, row: Any) -> World:
    make, use = row
    return World(c(use), args=lambda n: (v(n), make(n)))


@case("2 argument by keyword", GIVEN)
def keyword(c: Any, row: Any) -> World:
    make, use = row
    fast = c(lambda x, o: use(x, o))
    return World(lambda x, o: fast(x=x, o=o), args=lambda n: (v(n), make(n)))


# What the function does to its arguments -----------------------------------------

DONE: dict[str, Any] = {
    "written": lambda x, o: x.mul_(2.0) + o,
    "written by +=": lambda x, o: (x.__iadd__(o), x * 1.0),
    "written as a view": lambda x, o: (x[1:].fill_(0.0), x + o)[1],
    "setitem": lambda x, o: (x.__setitem__(0, 5.0), x * o),
    "returned written": lambda x, o: x.copy_(o),
    "swapped": lambda x, o: (o, x),
    "data written": lambda x, o: (x.data.fill(1), x * o)[1],
    "data rebound": lambda x, o: (setattr(x, "data", x.data * 2), x * o)[1],
    "leaf": lambda x, o: ag.grad(lambda x: (x * x * o).sum())(x),
    "requires_grad_": lambda x, o: ((x.requires_grad_() * o).sum().backward(), x.grad),
    "viewed": lambda x, o: (t := x.reshape(2, 2), t.T.add_(1.0), x * o)[2],
    "viewed by data": lambda x, o: (ag.Tensor(x.data[1:]).fill_(7), x * o)[1],
}


@case("2 argument is", DONE)
def done(c: Any, use: Any) -> World:
    return World(c(use), args=lambda n: (v(n), v(n + 1)))


@case("2 argument, the same twice, is", DONE)
def done_twice(c: Any, use: Any) -> World:
    return World(c(use), args=lambda n: (x := v(n), x))


# B15: arrays and lists that are closed over and written to between calls ---------


class Closed:
    """Containers of numbers, all of which change in place."""

    def __init__(self) -> None:
        self.a, self.zero = np.ones(4, "f4"), np.array(1.0, "f4")
        self.reps, self.ints = np.array([1, 1, 1, 1]), np.arange(4)
        self.bounds, self.list, self.t = np.array([0, 2]), [1.0, 2.0], filled(4)
        self.mask, self.indices = np.array([True, False, True, True]), [0, 1]
        self.rows, self.labels = np.ones((2, 4), "f4"), np.array([0, 1])

    def change(self, k: int) -> None:
        self.a[...], self.zero[...] = k, k
        self.reps[...] = [2, 0, 1, 1] if k % 2 else [1, 1, 1, 1]
        self.ints[...] = np.roll(np.arange(4), k)
        self.bounds[...] = [k % 2, k % 2 + 2]
        self.list[:] = [float(k), 1.0]
        self.t[...] = k
        self.mask[...] = np.roll(self.mask, 1)
        self.indices[:] = [k % 4, 0]
        self.rows[k % 2] = k
        self.labels[...] = [k % 2, 0]


ARRAYS: dict[str, Any] = {
    "op": lambda o, x: x * o.a,
    "repeat": lambda o, x: np.repeat(x, o.reps),
    "fill_": lambda o, x: ag.zeros(4).fill_(o.zero) + x,
    "full": lambda o, x: x * ag.full(4, o.zero),
    "linspace": lambda o, x: x * ag.linspace(o.a[0], 1.0, 4),
    "slice": lambda o, x: x[o.bounds[0] : o.bounds[1]],
    "index": lambda o, x: x[o.ints],
    "index of one": lambda o, x: x[o.ints[0]],
    "index by a list": lambda o, x: x[o.indices],
    "mask": lambda o, x: x[o.mask],
    "where": lambda o, x: np.where(o.mask, x, o.a),
    "take": lambda o, x: np.take(x, o.ints),
    "take by a list": lambda o, x: np.take(x, o.indices),
    "add a list": lambda o, x: x[:2] + o.list,
    "0-d array": lambda o, x: x * o.zero,
    "0-d array as float": lambda o, x: x * float(o.zero),
    "element": lambda o, x: x * o.a[2],
    "item": lambda o, x: x * o.a.item(1),
    "sum": lambda o, x: x * o.a.sum(),
    "NumPy of it": lambda o, x: x * np.exp(o.a),
    "part": lambda o, x: x[1:] * o.a[1:],
    "reversed": lambda o, x: x * o.a[::-1],
    "fancy part": lambda o, x: x * o.a[o.ints],
    "astype": lambda o, x: x.double() * o.a.astype(np.float64),
    "tensor": lambda o, x: x * ag.tensor(o.a),
    "Tensor": lambda o, x: x * ag.Tensor(o.a),
    "tensor of a list": lambda o, x: x[:2] * ag.tensor(o.list),
    "len": lambda o, x: x * len(o.a[o.mask]),
    "max as a number": lambda o, x: x * float(o.a.max()),
    "if any": lambda o, x: x * 2 if (o.a > 1).any() else x,
    "clip": lambda o, x: np.clip(x, -o.zero, o.zero),
    "clip by a number": lambda o, x: np.clip(x, -float(o.zero), 1.0),
    "power": lambda o, x: (x * x + 1) ** o.zero,
    "concatenate": lambda o, x: np.concatenate([x, o.a]),
    "stack": lambda o, x: np.stack([x, o.a]),
    "rows": lambda o, x: x @ o.rows.T,
    "labels": lambda o, x: F.cross_entropy(x.reshape(2, 2), o.labels),
    "one-hot": lambda o, x: x[:2] @ np.eye(2, dtype="f4")[o.labels],
    "setitem": lambda o, x: (x.__setitem__(0, o.zero), x * 1)[1],
    "setitem of a list": lambda o, x: (x.__setitem__(slice(0, 2), o.list), x * 1)[1],
    "copy_": lambda o, x: ag.zeros(4).copy_(o.a) + x,
    "tile": lambda o, x: np.tile(x, 2) * np.tile(o.a, 2),
    "roll by concatenate": lambda o, x: np.concatenate([x[o.bounds[0] :], x]),
    "iterated": lambda o, x: sum(x * a for a in o.a),
    "iterated list": lambda o, x: sum(x * a for a in o.list),
    "dropout p": lambda o, x: F.dropout(x, float(o.zero) / 10),
    "tensor read": lambda o, x: x * o.t,
    "tensor's array": lambda o, x: x * o.t.data[0],
    "tensor's shape of ones": lambda o, x: x * np.ones_like(o.a) * o.t[0],
}


@case("B15 closed over, written to", ARRAYS)
def arrays(c: Any, use: Any) -> World:
    o = Closed()
    return World(c(lambda x: use(o, x)), o.change)


@case("B15 closed over, written to, in a module", ARRAYS)
def arrays_of_module(c: Any, use: Any) -> World:
    o = Closed()
    m = module(lambda m, x: use(m.o, x), o=o)
    return World(c(lambda x: m(x)), o.change)


@case("2 many batches", {"rows": rows})
def batches(c: Any, args: Any) -> World:
    m = linear(1)
    return World(c(lambda x: m(x) * 2.0), args=args, state=m)
