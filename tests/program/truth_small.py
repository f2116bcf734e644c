"""Cases of small things: ops in NumPy, graphs from outside, memory seen anew, tools."""

from __future__ import annotations

from typing import Any

import numpy as np
from truth_tensors import filled, ramp
from truth_things import linear
from truth_training import Training, world
from truth_world import ROWS, World, batch, case, vector

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.op import primitive

F = nn.functional

# B17: smaller ones ---------------------------------------------------------------


@primitive(lambda g, out, x: g * 2.0)
def numpy_op(x: Any) -> Any:
    return np.multiply(x, 2.0)


@primitive(lambda g, out, x: g * np.cos(x), elementwise=True)
def numpy_sine(x: Any) -> Any:
    return np.sin(x)


def _primitive(c: Any) -> World:
    return World(c(lambda x: numpy_op(x) + 1.0))


def _primitive_trained(c: Any) -> World:
    w = ramp(4, grad=True)

    def f(x: Any) -> Any:
        w.grad = None
        loss = (numpy_sine(w) * x).sum()
        loss.backward()
        with ag.no_grad():
            w.sub_(0.1 * w.grad)
        return loss

    return World(c(f), state=w)


def _saved_gradient(c: Any) -> World:
    w, v, kept = ramp(4, grad=True), ramp(4, grad=True), []

    def f(x: Any) -> Any:
        w.grad = None
        (w * x).sum().backward()
        return w.grad * 1.0

    def after(n: int, out: Any) -> None:
        if n % 2 == 0:
            kept[:] = [(v * w.grad).sum()]
        else:
            v.grad = None
            kept[0].backward()

    return World(c(f), state=(w, v), after=after)


def _shape_in_place(c: Any) -> World:
    w = ramp(8)

    def change(k: int) -> None:
        w.data.shape = (2, 4) if k % 2 else (8,)

    return World(c(lambda x: w * x.sum() + w.data.ndim), change, state=w)


def _strides_in_place(c: Any) -> World:
    w = ag.Tensor(np.arange(16, dtype="f4").reshape(4, 4))

    def change(k: int) -> None:
        w.data = w.data.T

    return World(c(lambda x: w @ x), change, state=w)


def _graph_from_outside(c: Any) -> World:
    w = ramp(4, grad=True)
    h = (w * w).sum()

    def f(x: Any) -> Any:
        (h * x.sum()).backward()
        return w.grad * 1.0

    return World(c(f), state=w)


def _graph_from_outside_anew(c: Any) -> World:
    w = ramp(4, grad=True)
    h = w * w

    def f(x: Any) -> Any:
        w.grad = None
        (h * x).sum().backward()
        return w.grad * 1.0

    return World(c(f), state=w)


def _retained_graph(c: Any) -> World:
    w = ramp(4, grad=True)
    h = w * w

    def f(x: Any) -> Any:
        w.grad = None
        (h * x).sum().backward(retain_graph=True)
        return w.grad * 1.0

    return World(c(f), state=w)


def _graph_made_anew(c: Any) -> World:
    w, o = ramp(4, grad=True), {}

    def f(x: Any) -> Any:
        w.grad = None
        (o["h"] * x).sum().backward()
        return w.grad * 1.0

    return World(c(f), state=w, args=lambda n: (o.update(h=w * n), *vector(n))[1:])


def _stale_residual(c: Any) -> World:
    w, v = ramp(4, grad=True), filled(4)
    h = []

    def after(n: int, out: Any) -> None:
        if n % 2 == 0:
            h[:] = [(w * v).sum()]
            return
        try:
            h[0].backward()
        except RuntimeError as error:
            h[0] = str(error).partition("(")[0]

    return World(c(lambda x: v.add_(x)), state=lambda: (w, v, h), after=after)


def _profiled(c: Any) -> World:
    t = Training()
    f = c(t.gradients)

    def after(n: int, out: Any) -> None:
        program = getattr(f, "program", None)
        if program is not None:
            program.profile()

    return world(t, f, after=after)


def _explained(c: Any) -> World:
    t = Training(dropout=0.5)
    f = c(t.step)

    def after(n: int, out: Any) -> None:
        program = getattr(f, "program", None)
        if program is not None:
            str(program.explain())

    return world(t, f, after=after)


# C4 and C5


def _step_alone(c: Any) -> World:
    t = Training(optim.Adam, lr=0.01)
    fast = c(t.opt.step)

    def f(x: Any, y: Any) -> Any:
        loss = t.gradients(ag.tensor(x), ag.tensor(y)).detach()
        fast()
        return loss

    return world(t, f)


def _parts(c: Any) -> World:
    t = Training(optim.Adam, lr=0.01)
    zero, step, update = c(t.opt.zero_grad), c(t.opt.step), c(t.ema.update)

    def f(x: Any, y: Any) -> Any:
        zero()
        loss = t.loss(ag.tensor(x), ag.tensor(y))
        loss.backward()
        step()
        update()
        return loss.detach()

    return world(t, f)


def _annealed(c: Any) -> World:
    t = Training()

    def f(x: Any, y: Any, weight: float) -> Any:
        t.opt.zero_grad()
        loss = t.loss(x, y) * weight
        loss.backward()
        t.opt.step()
        return loss

    calls = world(t, c(f))
    calls.args = lambda n: (*batch(n), 1.0 - 0.05 * n)
    return calls


def _many_shapes(c: Any) -> World:
    m = linear(1)

    def args(n: int) -> tuple[Any, ...]:
        return (ROWS[0, : 1 + n % 6] if n % 2 else ROWS[n % 5],)

    return World(c(lambda x: np.tanh(m(x)).sum(0)), args=args, state=m)


OTHERS = {
    f.__name__.strip("_").replace("_", " "): f
    for f in (
        _primitive,
        _primitive_trained,
        _saved_gradient,
        _shape_in_place,
        _strides_in_place,
        _graph_from_outside,
        _graph_from_outside_anew,
        _retained_graph,
        _graph_made_anew,
        _stale_residual,
        _profiled,
        _explained,
        _step_alone,
        _parts,
        _annealed,
        _many_shapes,
    )
}


@case("B17 C", OTHERS)
def other(c: Any, make: Any) -> World:
    return make(c)
