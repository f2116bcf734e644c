"""Cases of `.data` rebound to other arrays, inside of functions and outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from truth_tensors import filled
from truth_things import linear
from truth_world import World, case, rows

import autograd_core as ag
from autograd_core import nn
from autograd_core.ops import TABLE

F = nn.functional

# B4 and B5: `.data` rebound inside and outside -----------------------------------


def descend(w: Any, x: Any) -> Any:
    w.data = w.data - np.float32(0.1) * w.grad.data


def descend_own(w: Any, x: Any) -> Any:
    w.data = w.data.copy()
    w.data -= np.float32(0.1) * w.grad.data


def descend_bare(w: Any, x: Any) -> Any:
    w.data -= np.float32(0.1) * w.grad.data


def descend_array(w: Any, x: Any) -> Any:
    w.data[...] = w.data - np.float32(0.1) * w.grad.data


def descend_tensor(w: Any, x: Any) -> Any:
    with ag.no_grad():
        w.data = (w - 0.1 * w.grad).data


def descend_op(w: Any, x: Any) -> Any:
    w.data = TABLE["sub"](w.data, w.grad.data)


INSIDE = {
    f.__name__: f
    for f in (
        descend,
        descend_own,
        descend_bare,
        descend_array,
        descend_tensor,
        descend_op,
    )
}


@case("B4 .data rebound inside", INSIDE)
def rebound_inside(c: Any, update: Any) -> World:
    w = filled(4, grad=True)

    def f(x: Any) -> Any:
        w.grad = None
        loss = (w * x).sum()
        loss.backward()
        update(w, x)
        return loss

    return World(c(f), state=w)


@case("B4 dtype changed inside", {"double": 0, "float and back": 1})
def dtype_inside(c: Any, how: int) -> World:
    m = linear(1)

    def f(x: Any) -> Any:
        y = m(x)
        m.double()
        return y if how == 0 else m.float()(x) + y

    return World(c(f), args=rows, state=m)


def accumulated(o: Any, x: Any) -> Any:
    o.acc.add_(x)
    return x.sum()


def seeded(o: Any, x: Any) -> Any:
    o.leaf.grad = None
    (o.leaf * x).backward(o.w)
    return o.leaf.grad


def normalised(o: Any, x: Any) -> Any:
    y = F.batch_norm(x.reshape(2, 2), o.mean, o.var, training=True)
    return y, o.mean * 1.0


def normalised_only(o: Any, x: Any) -> Any:
    return F.batch_norm(x.reshape(2, 2), o.mean, o.var, training=True)


def evaluated(o: Any, x: Any) -> Any:
    return F.batch_norm(x.reshape(2, 2), o.mean, o.var)


def written(how: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def f(o: Any, x: Any) -> Any:
        t = ag.zeros(4)
        how(t, o.w)
        return t + x

    return f


REBOUND: dict[str, Callable[[Any, Any], Any]] = {
    "op": lambda o, x: x * o.w,
    "detach": lambda o, x: x * o.w.detach(),
    "copy_": written(lambda t, w: t.copy_(w)),
    "add_": written(lambda t, w: t.add_(w)),
    "setitem": written(lambda t, w: t.__setitem__(..., w)),
    "setitem part": written(lambda t, w: t.__setitem__(slice(0, 2), w[:2])),
    "tensor()": lambda o, x: x * ag.tensor(o.w),
    "np.copy": lambda o, x: x * np.copy(o.w),
    "backward": seeded,
    "ag.grad": lambda o, x: ag.grad(lambda w: (w * w * x).sum())(o.w),
    "value_and_grad": lambda o, x: ag.value_and_grad(lambda w: (w * x).sum())(o.w),
    "index": lambda o, x: x[o.index],
    "index of it": lambda o, x: o.w[o.index] * x,
    "returned": lambda o, x: o.w.detach(),
    "returned itself": lambda o, x: (x + 1, o.w),
    "batch_norm": normalised_only,
    "batch_norm, read": normalised,
    "batch_norm, running": evaluated,
    "only written": accumulated,
    "like": lambda o, x: ag.ones_like(o.w) * x,
    "labels": lambda o, x: F.cross_entropy(x.reshape(2, 2), o.labels),
    "where": lambda o, x: np.where(o.w > 1, x, o.w),
    "view": lambda o, x: o.view * x,
    "jvp": lambda o, x: ag.jvp(lambda a: a * a, (x,), (o.w,)),
    "vjp": lambda o, x: ag.vjp(lambda a: a * a, x)[1](o.w),
    "list": lambda o, x: np.stack([x, o.w]),
    ".data": lambda o, x: x * o.w.data,
}


class Rebound:
    """Tensors all of which get new arrays in each round."""

    def __init__(self) -> None:
        self.w, self.acc, self.mean, self.var = ag.ones(4), ag.zeros(4), *_running()
        self.leaf = filled(4, grad=True)
        self.index, self.labels = ag.tensor(np.arange(4)), ag.tensor([0, 1])
        self.view = self.w[:]

    def change(self, k: int) -> None:
        self.w.data = np.full(4, k, np.float32)
        self.acc.data = np.full(4, k, np.float32)
        self.mean.data = np.full(2, k, np.float32)
        self.var.data = np.full(2, k + 1, np.float32)
        self.index.data = (np.arange(4) + k) % 4
        self.labels.data = np.array([k % 2, 1])
        self.view.data = np.full(4, k, np.float32)

    def look(self) -> list[Any]:
        return [self.w, self.acc, self.mean, self.var, self.leaf]


def _running() -> tuple[Any, Any]:
    return ag.zeros(2), ag.ones(2)


@case("B5 .data rebound outside", REBOUND)
def rebound_outside(c: Any, f: Any) -> World:
    o = Rebound()
    return World(c(lambda x: f(o, x)), o.change, state=o.look)


@case("B5 .data of a parameter rebound outside", REBOUND)
def rebound_parameter(c: Any, f: Any) -> World:
    o = Rebound()
    o.w = nn.Parameter(np.ones(4), requires_grad=False)
    return World(c(lambda x: f(o, x)), o.change, state=o.look)
