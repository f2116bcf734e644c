"""Cases of compiled functions in surprising places: methods, models, coroutines."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from truth_tensors import filled, ramp
from truth_things import linear, module
from truth_world import ROWS, World, batch, case, rows, vector

import autograd_core as ag
from autograd_core import nn, optim

F = nn.functional


def _method_decorated(c: Any) -> World:
    class T:
        scale = 2.0

        @c
        def step(self, x: Any) -> Any:
            return x * self.scale

    t = T()
    return World(lambda x: t.step(x), lambda k: setattr(t, "scale", k))


def _two_owners(c: Any) -> World:
    class T:
        def __init__(self, scale: float) -> None:
            self.scale = scale

        @c
        def step(self, x: Any) -> Any:
            return x * self.scale

    owners = [T(2.0), T(3.0)]
    return World(lambda i, x: owners[i].step(x), args=lambda n: (n % 2, *vector(n)))


def _static_decorated(c: Any) -> World:
    class T:
        @staticmethod
        @c
        def step(x: Any) -> Any:
            return x * 2.0

    return World(lambda x: T.step(x))


def _forward_decorated(c: Any) -> World:
    class M(nn.Module):
        def __init__(self) -> None:
            self.layer, self.s = linear(1), 1.0

        @c
        def forward(self, x: Any) -> Any:
            return self.layer(x) * self.s

    m = M()
    return World(lambda x: m(ag.tensor(x)), lambda k: setattr(m, "s", k), rows, m)


def _model(c: Any) -> World:
    m = nn.Sequential(linear(1), nn.Dropout(0.5))
    f = c(m)
    return World(f, lambda k: f.train(k % 2 == 0), rows, m)


def _model_setting(c: Any) -> World:
    m = nn.Dropout(0.5)
    f = c(m)
    return World(f, lambda k: setattr(f, "training", k % 2 == 0), rows, m)


def _model_trained(c: Any) -> World:
    m = linear(1)
    f = c(m)
    opt = optim.SGD(f.parameters(), lr=0.1)

    def after(n: int, out: Any) -> None:
        opt.zero_grad()
        (m(ag.tensor(ROWS[n % 5])) ** 2).mean().backward()
        opt.step()

    return World(f, args=rows, state=(m, opt), after=after)


def _layer_inside(c: Any) -> World:
    m = module(lambda m, x: m.head(np.tanh(m.body(x))), head=linear(2))
    m.body = c(linear(1), bare=True)
    opt = optim.SGD(m.parameters(), lr=0.1)

    def f(x: Any) -> Any:
        opt.zero_grad()
        loss = (m(ag.tensor(x)) ** 2).mean()
        loss.backward()
        opt.step()
        return loss.detach()

    return World(f, args=rows, state=lambda: m.state_dict())


def _penalty(c: Any) -> World:
    m = linear(1, 4, 3)
    opt = optim.SGD(m.parameters(), lr=0.1)
    fast = c(lambda x: m(x), bare=True)

    def f(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(fast(ag.tensor(x)), y) + nn.l2_penalty(m)
        loss.backward()
        opt.step()
        return loss.detach()

    return World(f, args=batch, state=m)


def _leaf_argument(c: Any) -> World:
    w = filled(4, value=2, grad=True)
    f = c(lambda x: x * w, bare=True)
    return World(lambda x: f(ag.tensor(x, requires_grad=True)).detach())


def _leaf_argument_without_grad(c: Any) -> World:
    w = filled(4, value=2, grad=True)
    f = c(lambda x, w: x * w)

    def call(x: Any) -> Any:
        with ag.no_grad():
            return f(x, w)

    return World(call, lambda k: w.detach().fill_(k))


def _copied(c: Any) -> World:
    m = module(lambda m, x: m.fast(x))
    layer = linear(1)
    m.layer, m.fast = layer, c(lambda x: layer(x))
    twin = copy.deepcopy(m)
    return World(lambda x: twin.fast(x), args=rows, state=m)


def _transposed_twice(c: Any) -> World:
    w = ramp(2, 4, grad=True)
    f = c(lambda: w.T, bare=True)

    def call(x: Any) -> Any:
        w.grad = None
        (ag.tensor(x) @ f()).sum().backward()
        return w.grad

    return World(call, state=w)


def _second_order(c: Any) -> World:
    w = ramp(4, 3)

    def f(x: Any, y: Any) -> Any:
        loss = lambda w: F.cross_entropy(x @ w, y)  # noqa: E731
        return ag.hvp(loss, w, ag.ones(4, 3))

    return World(c(f), args=batch)


def _meta(c: Any) -> World:
    w = ramp(4, grad=True)

    def f(x: Any) -> Any:
        fast = ag.tensor(w, requires_grad=True)
        opt = optim.SGD([fast], lr=0.1)
        for _ in range(3):
            opt.zero_grad()
            (fast * x).sum().backward()
            opt.step()
        return fast.detach()

    return World(c(f), state=w)


def _coroutine(c: Any) -> World:
    async def f(x: Any) -> Any:
        return x * 2.0

    def run(x: Any) -> Any:
        try:
            fast(x).send(None)
        except StopIteration as stop:
            return stop.value

    fast = c(f, bare=True)
    return World(lambda x: run(ag.tensor(x)))


def _generator_function(c: Any) -> World:
    def f(x: Any) -> Any:
        yield x * 2.0
        yield x * 3.0

    return World(c(f))


PLACES = {
    f.__name__.strip("_").replace("_", " "): f
    for f in (
        _method_decorated,
        _two_owners,
        _static_decorated,
        _forward_decorated,
        _model,
        _model_setting,
        _model_trained,
        _layer_inside,
        _penalty,
        _leaf_argument,
        _leaf_argument_without_grad,
        _copied,
        _transposed_twice,
        _second_order,
        _meta,
        _coroutine,
        _generator_function,
    )
}


@case("D", PLACES)
def other(c: Any, make: Any) -> World:
    return make(c)
