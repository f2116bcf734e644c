"""Cases of compiled functions inside of others, and in surprising places."""

from __future__ import annotations

from typing import Any

import numpy as np
from truth_tensors import filled, ramp
from truth_things import linear, module
from truth_training import Training
from truth_world import World, batch, case, rows, vector

from autograd_core import nn, optim

F = nn.functional

# B16: (inner, outer(inner, x, w)), both compiled ---------------------------------


def _written(x: Any, w: Any) -> Any:
    x += 1.0
    return x * 2.0


def _closed(x: Any, w: Any) -> Any:
    return x * w


def _numpy(x: Any, w: Any) -> Any:
    return np.exp(x) + w


def _stateful(x: Any, w: Any) -> Any:
    w.add_(x)
    return w * 1.0


def _dropped(x: Any, w: Any) -> Any:
    return F.dropout(x, 0.5)


def _same(x: Any, w: Any) -> Any:
    return x


def _both(x: Any, w: Any) -> Any:
    return {"x": x * 2.0, "w": [w, x]}


INNER = {
    f.__name__.strip("_"): f
    for f in (_written, _closed, _numpy, _stateful, _dropped, _same, _both)
}


def first(out: Any) -> Any:
    return out["x"] if isinstance(out, dict) else out


OUTER: dict[str, Any] = {
    "argument": lambda inner, x, a: first(inner(x)) + x,
    "temporary": lambda inner, x, a: first(inner(x * 2.0)) + x,
    "array": lambda inner, x, a: first(inner(a)) + x,
    "twice": lambda inner, x, a: first(inner(x)) + first(inner(x)),
    "in turn": lambda inner, x, a: first(inner(first(inner(x)))),
    "result written": lambda inner, x, a: (y := first(inner(x)), y.mul_(3.0), x)[:1],
    "only": lambda inner, x, a: inner(x),
    "other shape": lambda inner, x, a: first(inner(x[:1])) + first(inner(x)),
}


@case("B16 nested", {f"{i}, {o}": (INNER[i], OUTER[o]) for i in INNER for o in OUTER})
def nested(c: Any, row: Any) -> World:
    inner, outer = row
    w, a = filled(4), np.ones(4, "f4")
    fast = c(lambda x: inner(x, w[: len(x)]))

    def change(k: int) -> None:
        w.fill_(k)
        a[...] = k

    return World(c(lambda x: outer(fast, x, a)), change, state=(w, a))


@case("B16 nested in an eager one", {i: INNER[i] for i in INNER})
def nested_eager(c: Any, inner: Any) -> World:
    w = filled(4)
    fast = c(lambda x: inner(x, w))
    f = lambda x: (fast(x), x)  # noqa: E731
    return World(f, lambda k: w.fill_(k), state=w)


def _gradient(c: Any) -> World:
    w = ramp(4, grad=True)
    inner = c(lambda x: x * w)

    def outer(x: Any) -> Any:
        w.grad = None
        (inner(x) * w).sum().backward()
        return w.grad

    return World(c(outer), state=w)


def _gradient_inside(c: Any) -> World:
    w = ramp(4, grad=True)

    def gradient(x: Any) -> Any:
        w.grad = None
        (x * w * w).sum().backward()
        return w.grad

    inner = c(gradient)
    return World(c(lambda x: inner(x) * 2.0), state=w)


def _trained_inside(c: Any) -> World:
    t = Training(optim.Adam, lr=0.01, dropout=0.2)
    step = c(t.step)
    f = c(lambda x, y: (step(x, y), t.ema.update())[0])
    return World(f, args=batch, state=t.state)


def _inner_alone_between(c: Any) -> World:
    w = filled(4)
    inner = c(lambda x: w.add_(x) * 1.0)
    f = c(lambda x: inner(x) + x)
    return World(f, lambda k: inner(np.ones(4, "f4")), state=w)


def _inner_setting(c: Any) -> World:
    m = nn.Dropout(0.5)
    inner = c(lambda x: m(x))
    return World(c(lambda x: inner(x) + 1.0), lambda k: m.train(k % 2 == 0))


def _inner_rebound(c: Any) -> World:
    o = {"inner": c(lambda x: x * 1.0)}
    f = c(lambda x: o["inner"](x) + 1.0)
    return World(f, lambda k: o.update(inner=c(lambda x: x * k)))


def _inner_option(c: Any) -> World:
    inner = c(lambda x, s: x * s)
    f = c(lambda x, s: inner(x, s) + inner(x, s=2.0))
    return World(f, args=lambda n: (*vector(n), float(n % 3)))


def _inner_counter(c: Any) -> World:
    calls: list[int] = []

    def count(x: Any) -> Any:
        calls.append(1)
        return x * len(calls)

    inner = c(count)
    return World(c(lambda x: inner(x) + 1.0))


def _modules(c: Any) -> World:
    m = module(lambda m, x: m.head(m.body(x)))
    body, m.head = (
        nn.Sequential(linear(1), nn.BatchNorm1d(4), nn.Dropout(0.5)),
        linear(2),
    )
    m.body = c(lambda x: body(x))
    f = c(lambda x: m(x))
    return World(f, lambda k: body.train(k % 2 == 0), rows, (m, body))


def _module_of_modules(c: Any) -> World:
    layers = [module(c(lambda m, x: x * m.s), s=i) for i in range(3)]
    m = nn.Sequential(*layers)
    return World(c(lambda x: m(x)), lambda k: setattr(layers[k % 3], "s", k + 1))


def _recursive(c: Any) -> World:
    o: dict[str, Any] = {}

    def f(x: Any, depth: int) -> Any:
        return x if depth == 0 else o["f"](x * 2.0, depth - 1) + x

    o["f"] = c(f)
    return World(o["f"], args=lambda n: (*vector(n), n % 3))


NESTED = {
    f.__name__.strip("_").replace("_", " "): f
    for f in (
        _gradient,
        _gradient_inside,
        _trained_inside,
        _inner_alone_between,
        _inner_setting,
        _inner_rebound,
        _inner_option,
        _inner_counter,
        _modules,
        _module_of_modules,
        _recursive,
    )
}


@case("B16", NESTED)
def nested_other(c: Any, make: Any) -> World:
    return make(c)
