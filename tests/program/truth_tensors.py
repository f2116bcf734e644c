"""Cases of memory: writes between ops, views, `.data` rebound, results that alias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from truth_things import linear
from truth_world import World, case

import autograd_core as ag
from autograd_core import nn, optim

F = nn.functional


def filled(*shape: int, value: float = 1.0, grad: bool = False) -> ag.Tensor:
    return ag.tensor(np.full(shape, value, np.float32), requires_grad=grad)


def ramp(*shape: int, grad: bool = False) -> ag.Tensor:
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    return ag.tensor(values / 4 - 1, requires_grad=grad)


@dataclass
class Held:
    """Tensors that a case closes over; `change` gives them new values."""

    w: ag.Tensor = field(default_factory=lambda: ramp(4, 2))
    b: ag.Tensor = field(default_factory=lambda: ramp(2))
    s: ag.Tensor = field(default_factory=lambda: ramp(4))
    last: ag.Tensor = field(default_factory=lambda: filled(1, 4, value=0))
    v: ag.Tensor = field(default_factory=lambda: ramp(4, grad=True))

    def change(self, k: int) -> None:
        self.w.fill_(k + 1)
        self.b.fill_(k - 1)
        self.s.copy_(np.array([k, -1, 2, -k], np.float32))


# B1: a write between two ops that can become one ---------------------------------


def product_write(o: Held, x: Any) -> Any:
    z = x.reshape(1, 4) @ o.w
    o.w.mul_(0.0)
    return F.relu(z)


def linear_write_weight(o: Held, x: Any) -> Any:
    z = F.linear(x.reshape(1, 4), o.w.T, o.b)
    o.w.add_(1.0)
    return F.relu(z)


def linear_write_bias(o: Held, x: Any) -> Any:
    z = F.linear(x.reshape(1, 4), o.w.T, o.b)
    o.b.zero_()
    return F.relu(z)


def linear_write_input(o: Held, x: Any) -> Any:
    z = o.last @ o.w
    o.last.copy_(x.reshape(1, 4))
    return F.relu(z)


def product_write_view(o: Held, x: Any) -> Any:
    z = x.reshape(1, 4) @ o.w
    row = o.w[1]
    row.fill_(5.0)
    return F.relu(z)


def product_setitem(o: Held, x: Any) -> Any:
    z = x.reshape(1, 4) @ o.w
    o.w[1:3] = 7.0
    return F.relu(z)


def relu_write_dropout(o: Held, x: Any) -> Any:
    h = F.relu(o.s)
    o.s.mul_(10.0)
    return F.dropout(h, 0.5)


def relu_write_argument(o: Held, x: Any) -> Any:
    h = F.relu(x)
    x.mul_(10.0)
    return F.dropout(h, 0.5) + x


def product_write_argument(o: Held, x: Any) -> Any:
    z = x.reshape(1, 4) @ o.w
    x.fill_(1.0)
    return F.relu(z), x


def product_statistics(o: Held, x: Any) -> Any:
    z = o.last @ o.w
    F.batch_norm(x.reshape(4, 1), o.last[0, :1], o.last[0, 1:2], training=True)
    return F.relu(z), o.last


def product_step(o: Held, x: Any) -> Any:
    o.v.grad = None
    (o.v * x).sum().backward()
    z = x.reshape(1, 4) @ o.v.detach().reshape(4, 1)
    with ag.no_grad():
        o.v -= 0.5 * o.v.grad
    return F.relu(z)


def relu_twice(o: Held, x: Any) -> Any:
    h = F.relu(o.s)
    o.s.add_(h)
    return F.dropout(h, 0.5) + F.relu(o.s)


def gelu_write(o: Held, x: Any) -> Any:
    h = F.gelu(o.s)
    o.s.mul_(-1.0)
    return h + F.gelu(o.s)


def write_of_dead(o: Held, x: Any) -> Any:
    F.relu(o.s)
    o.s.mul_(-1.0)
    return F.relu(o.s)


def write_through_data(o: Held, x: Any) -> Any:
    z = x.reshape(1, 4) @ o.w
    o.w.data[...] = 0.0
    return F.relu(z)


def add_write_add(o: Held, x: Any) -> Any:
    y = o.s + x
    o.s.copy_(x)
    return y + o.s


def exp_write_sum(o: Held, x: Any) -> Any:
    y = np.exp(o.s)
    o.s.zero_()
    return y.sum(), o.s * x


def transposed_write(o: Held, x: Any) -> Any:
    t = o.w.T
    z = t @ x
    t.mul_(2.0)
    return F.relu(z), o.w


BETWEEN: dict[str, Callable[[Held, Any], Any]] = {
    f.__name__.replace("_", " "): f
    for f in (
        product_write,
        linear_write_weight,
        linear_write_bias,
        linear_write_input,
        product_write_view,
        product_setitem,
        relu_write_dropout,
        relu_write_argument,
        product_write_argument,
        product_statistics,
        product_step,
        relu_twice,
        gelu_write,
        write_of_dead,
        write_through_data,
        add_write_add,
        exp_write_sum,
        transposed_write,
    )
}


@case("B1 a write between", BETWEEN)
def between(c: Any, f: Any) -> World:
    o = Held()
    return World(c(lambda x: f(o, x)), o.change, state=o)


@case("B1 a delay line")
def delay_line(c: Any) -> World:
    layer, last = linear(1, 4, 1), filled(1, 4, value=0)

    def f(x: Any) -> Any:
        z = layer(last)
        last.copy_(x.reshape(1, 4))
        return F.relu(z)

    return World(c(f), state=last)


def _seed_clipped(w: Any, v: Any, x: Any) -> Any:
    y = F.dropout(F.relu(w * x), 0.5)
    v.grad = y.detach()
    optim.clip_grad_norm_([v], 0.0)
    y.sum().backward()
    return w.grad


def _seed_stepped(w: Any, v: Any, x: Any) -> Any:
    y = F.dropout(F.relu(w * x), 0.5)
    v.grad = y.detach()
    optim.clip_grad_value_([v], 0.25)
    y.sum().backward()
    return w.grad, y


def _seed_scaled(w: Any, v: Any, x: Any) -> Any:
    y = F.dropout(F.relu(w * x), 0.5)
    v.grad = y.detach()
    v.grad.mul_(0.0)
    y.sum().backward()
    return w.grad


@case(
    "B1b a write by table",
    {"norm": _seed_clipped, "value": _seed_stepped, "mul_": _seed_scaled},
)
def by_table(c: Any, f: Any) -> World:
    w, v = filled(4, grad=True), filled(4, grad=True)

    def call(x: Any) -> Any:
        w.grad = v.grad = None
        return f(w, v, x)

    return World(c(call), state=(w, v))
