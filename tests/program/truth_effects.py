"""Cases of functions that change what they read: modules, counters, flags, memos."""

from __future__ import annotations

import itertools
import random
from types import SimpleNamespace
from typing import Any

import numpy as np
from truth_things import linear, module
from truth_world import World, case, rows

import autograd_core as ag
from autograd_core import nn, optim

F = nn.functional

# A module whose forward changes it, (forward, first attributes) ------------------


def act_norm(m: Any, x: Any) -> Any:
    if not m.ready:
        m.loc.copy_(x)
        m.ready = True
    return x - m.loc


def act_norm_by_data(m: Any, x: Any) -> Any:
    if not m.ready:
        m.loc.data[...] = x.data
        m.ready = True
    return x - m.loc


def act_norm_in_dict(m: Any, x: Any) -> Any:
    if "ready" not in m.seen:
        m.loc.copy_(x)
        m.seen["ready"] = True
    return x - m.loc


def counted(m: Any, x: Any) -> Any:
    m.n += 1
    return x * m.n


def counted_in_list(m: Any, x: Any) -> Any:
    m.n[0] += 1
    return x * m.n[0]


def every_third(m: Any, x: Any) -> Any:
    m.n = (m.n + 1) % 3
    return x if m.n else x * 10.0


def warm_up(m: Any, x: Any) -> Any:
    m.n += 1
    return x * 0.1 if m.n <= 6 else x * 1.0


def lazy_weight(m: Any, x: Any) -> Any:
    if m.w is None:
        m.w = ag.tensor(np.ones(x.shape, "f4"), requires_grad=True)
    return x * m.w


def lazy_parameter(m: Any, x: Any) -> Any:
    if not hasattr(m, "w"):
        m.w = nn.Parameter(np.full(x.shape, 2, "f4"))
    return x * m.w


def lazy_layer(m: Any, x: Any) -> Any:
    if m.w is None:
        m.w = linear(3)
    return m.w(x)


def last_kept(m: Any, x: Any) -> Any:
    h = x * 2.0
    m.last = h.detach()
    return h + 1.0


def history_kept(m: Any, x: Any) -> Any:
    h = x * 2.0
    m.last.append(h.sum())
    return h + 1.0


def state_by_assignment(m: Any, x: Any) -> Any:
    m.h = np.tanh(x + m.h).detach()
    return m.h * 1.0


def state_by_data(m: Any, x: Any) -> Any:
    m.h.data = np.tanh(x.data + m.h.data)
    return m.h * 1.0


def state_in_place(m: Any, x: Any) -> Any:
    m.h.copy_(np.tanh(x + m.h))
    return m.h * 1.0


def alternating(m: Any, x: Any) -> Any:
    m.on = not m.on
    return x * 2.0 if m.on else x


def memo_of_values(m: Any, x: Any) -> Any:
    if m.memo is None:
        m.memo = x.sum()
    return x * m.memo


def memo_of_a_constant(m: Any, x: Any) -> Any:
    if m.memo is None:
        m.memo = ag.arange(4.0)
    return x * m.memo


def itself_replaced(m: Any, x: Any) -> Any:
    m.act = np.tanh if m.act is np.exp else np.exp
    return m.act(x)


OWN: dict[str, tuple[Any, Any]] = {
    "initialises itself": (act_norm, lambda: {"loc": zeros(), "ready": False}),
    "initialises by NumPy": (act_norm_by_data, lambda: {"loc": zeros(), "ready": 0}),
    "initialises, dict": (act_norm_in_dict, lambda: {"loc": zeros(), "seen": {}}),
    "counts": (counted, lambda: {"n": 0}),
    "counts in a list": (counted_in_list, lambda: {"n": [0]}),
    "every third": (every_third, lambda: {"n": 0}),
    "warms up": (warm_up, lambda: {"n": 0}),
    "lazy weight": (lazy_weight, lambda: {"w": None}),
    "lazy parameter": (lazy_parameter, dict),
    "lazy layer": (lazy_layer, lambda: {"w": None}),
    "last value kept": (last_kept, lambda: {"last": None}),
    "history kept": (history_kept, lambda: {"last": []}),
    "state by assignment": (state_by_assignment, lambda: {"h": ag.zeros(4)}),
    "state by .data": (state_by_data, lambda: {"h": ag.zeros(4)}),
    "alternates": (alternating, lambda: {"on": False}),
    "memo of a value": (memo_of_values, lambda: {"memo": None}),
    "memo of a constant": (memo_of_a_constant, lambda: {"memo": None}),
    "replaces its function": (itself_replaced, lambda: {"act": np.exp}),
}


def zeros() -> nn.Buffer:
    return nn.Buffer(np.zeros(4, np.float32))


def kept_of(o: Any) -> list[Any]:
    """What the caller may read of it; a list only as far as every run fills it."""
    found = [vars(o).get(name) for name in ("last", "h", "w", "loc", "memo")]
    return [v[:1] if isinstance(v, list) else v for v in found]


@case("B3 forward changes the module", OWN)
def own(c: Any, row: Any) -> World:
    forward, first = row
    m = module(forward, **first())
    return World(c(lambda x: m(x)), state=lambda: kept_of(m))


@case("B3 forward changes a closed-over object", OWN)
def own_object(c: Any, row: Any) -> World:
    forward, first = row
    o = SimpleNamespace(**first())
    return World(c(lambda x: forward(o, x)), state=lambda: kept_of(o))


@case("B3 state written in place", plain=True)
def in_place(c: Any) -> World:
    m = module(state_in_place, h=zeros())
    return World(c(lambda x: m(x)), state=m)


@case("B3 a lazy weight is trained outside")
def trained_lazily(c: Any) -> World:
    m = module(lazy_weight, w=None)

    def step(k: int) -> None:
        if m.w is not None:
            m.w.data = m.w.data - np.float32(0.1)

    return World(c(lambda x: m(x)), step)


MODES: dict[str, Any] = {
    "eval after": lambda m, x: (m(x), m.eval())[0],
    "eval before": lambda m, x: m.eval()(x),
    "eval and back": lambda m, x: (m.eval()(x), m.train())[0],
    "train and eval": lambda m, x: m.train()(x) + m.eval()(x),
    "toggled": lambda m, x: m.train(not m.training)(x),
    "p changed after": lambda m, x: (m(x), setattr(m[0], "p", 0.1))[0],
}


@case("B3 modes inside", MODES)
def modes(c: Any, f: Any) -> World:
    m = nn.Sequential(nn.Dropout(0.5), linear(1))
    return World(c(lambda x: f(m, x)), args=rows, state=m)


@case("B3 frozen inside after two calls")
def frozen_inside(c: Any) -> World:
    m, n = linear(1), itertools.count()
    opt = optim.SGD(m.parameters(), lr=0.1)

    def step(x: Any) -> Any:
        opt.zero_grad()
        loss = (m(x) ** 2).mean()
        loss.backward()
        opt.step()
        if next(n) == 2:
            m.weight.requires_grad_(False)
        return loss

    return World(c(step), args=rows, state=m)


# Effects outside of modules, (what happens in the function, what it starts with) -


class Effects:
    """An object of the user's, hashable as objects are."""

    def __init__(self) -> None:
        self.n, self.log, self.rng = 0, [], np.random.default_rng(0)


def _count(o: Any) -> float:
    o.n += 1
    return float(o.n)


def _numpy_noise(o: Any) -> Any:
    return np.random.rand(4).astype("f4")  # noqa: NPY002  as users do


SOURCES: dict[str, Any] = {
    "counter": _count,
    "np.random": _numpy_noise,
    "np.random, a number": lambda o: float(np.random.rand()),  # noqa: NPY002
    "np.random.permutation": lambda o: float(np.random.permutation(5)[0]),  # noqa: NPY002
    "random": lambda o: random.random(),
    "random.choice": lambda o: random.choice([1.0, 2.0, 3.0]),
    "Generator": lambda o: o.rng.standard_normal(4).astype("f4"),
    "Generator, a number": lambda o: o.rng.uniform(),
    "Generator's integers": lambda o: int(o.rng.integers(10)),
    "list that grows": lambda o: (o.log.append(1), float(len(o.log)))[1],
    "a clock": lambda o: _count(o) / 7,
}


@case("B3 result depends on", SOURCES)
def depends(c: Any, source: Any) -> World:
    o = Effects()
    return World(c(lambda x: x * source(o)))


@case("B3 argument depends on", SOURCES)
def depends_argument(c: Any, source: Any) -> World:
    o = Effects()
    return World(c(lambda x, o: x * source(o)), args=lambda n: (np.ones(4, "f4"), o))


@case("B3 weights depend on", SOURCES)
def depends_in_place(c: Any, source: Any) -> World:
    o, w = Effects(), ag.ones(4)

    def f(x: Any) -> Any:
        w.mul_(source(o))
        return x.sum()

    return World(c(f), state=w)


@case("B3 branch depends on", SOURCES)
def depends_branch(c: Any, source: Any) -> World:
    o = Effects()

    def f(x: Any) -> Any:
        return x + 1.0 if np.sum(source(o)) * 10 % 2 < 1 else x * 3.0

    return World(c(f))


# A module that is read and never called ------------------------------------------


class VAE(nn.Module):
    def __init__(self) -> None:
        self.beta, self.act, self.keep = 0.5, nn.Tanh(), nn.Dropout(0.5)
        self.items = [linear(1), linear(2)]
        self.cfg = {"beta": 0.5}

    def loss(self, x: Any) -> Any:
        return self.act(x).sum() * self.beta

    def by_dict(self, x: Any) -> Any:
        return x * self.cfg["beta"]

    def by_mode(self, x: Any) -> Any:
        return F.dropout(x, 0.5, self.training)

    def by_child(self, x: Any) -> Any:
        return F.dropout(x, self.keep.p)

    def by_items(self, x: Any) -> Any:
        for layer in self.items:
            x = x @ layer.weight
        return x

    def by_count(self, x: Any) -> Any:
        return x * sum(p.size for p in self.parameters())

    def by_names(self, x: Any) -> Any:
        return x * sum(p.data.flat[0] > 0 for n, p in self.named_parameters())


def _beta(m: VAE, k: int) -> None:
    m.beta = k / 2
    m.cfg["beta"] = k / 2


def _mode(m: VAE, k: int) -> None:
    m.train(k % 2 == 0)


def _child(m: VAE, k: int) -> None:
    m.keep.p = 0.1 * (k % 5 + 1)


def _items(m: VAE, k: int) -> None:
    m.items.reverse() if k % 2 else m.items.append(linear(k))


METHODS: dict[str, tuple[str, Any]] = {
    "loss": ("loss", _beta),
    "dict": ("by_dict", _beta),
    "training": ("by_mode", _mode),
    "setting of a child": ("by_child", _child),
    "layers": ("by_items", _items),
    "number of parameters": ("by_count", _items),
    "signs of parameters": ("by_names", _items),
}


@case("B9 method compiled", METHODS)
def method(c: Any, row: Any) -> World:
    name, change = row
    m = VAE()
    return World(c(getattr(m, name)), lambda k: change(m, k), rows)


@case("B9 module closed over", METHODS)
def closed_over(c: Any, row: Any) -> World:
    name, change = row
    m = VAE()
    return World(c(lambda x: getattr(m, name)(x)), lambda k: change(m, k), rows)


@case("B9 module in a list", METHODS)
def in_a_list(c: Any, row: Any) -> World:
    name, change = row
    m = VAE()
    o = {"models": [m]}
    f = c(lambda x: getattr(o["models"][0], name)(x))
    return World(f, lambda k: change(m, k), rows)


@case("B9 forward itself compiled", {"m.forward": 0, "type(m).forward": 1})
def forward_compiled(c: Any, how: int) -> World:
    m = module(lambda m, x: F.dropout(x, 0.5, m.training))
    f = c(m.forward) if how == 0 else c(lambda x: type(m).forward(m, x))
    return World(f, lambda k: m.train(k % 2 == 0))
