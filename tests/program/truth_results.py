"""Cases of results: of all kinds, aliased, written to; tensors that are made inside."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from truth_tensors import filled, ramp
from truth_things import linear, module
from truth_world import World, case, rows

import autograd_core as ag
from autograd_core import nn

F = nn.functional


class Out(NamedTuple):
    y: Any
    z: Any = None


@dataclass
class Result:
    y: Any


class Many(list):
    """A list of the user's."""


class Table(dict):
    """A dict of the user's."""


class Holder:
    def __init__(self, y: Any) -> None:
        self.y = y


Old = namedtuple("Old", "y")


def doubled(x: Any) -> Any:
    return x * 2.0


RESULTS: dict[str, Any] = {
    "NamedTuple": lambda x: Out(doubled(x), x + 1),
    "namedtuple": lambda x: Old(doubled(x)),
    "namedtuple in a list": lambda x: [Out(doubled(x))],
    "dataclass": lambda x: Result(doubled(x)),
    "OrderedDict": lambda x: OrderedDict(y=doubled(x)),
    "defaultdict": lambda x: defaultdict(list, y=doubled(x)),
    "SimpleNamespace": lambda x: SimpleNamespace(y=doubled(x)),
    "object": lambda x: Holder(doubled(x)),
    "list of a subclass": lambda x: Many([doubled(x)]),
    "dict of a subclass": lambda x: Table(y=doubled(x)),
    "dict.values()": lambda x: {"y": doubled(x)}.values(),
    "dict.items()": lambda x: {"y": doubled(x)}.items(),
    "generator": lambda x: (x * i for i in range(3)),
    "map": lambda x: list(map(doubled, [x, x])),
    "deque": lambda x: deque([doubled(x)]),
    "Counter": lambda x: Counter(y=doubled(x)),
    "proxy": lambda x: MappingProxyType({"y": doubled(x)}),
    "set of Tensors": lambda x: len({doubled(x), x}),
    "bare array": lambda x: doubled(x).data,
    "view of a bare array": lambda x: doubled(x).data[1:],
    "argument's array": lambda x: x.data,
    "NumPy of an array": lambda x: doubled(x).data + 1,
    "number of an array": lambda x: float(x.data.sum()),
    "NumPy scalar": lambda x: x.data.max(),
    "mean of an array": lambda x: doubled(x.data.mean() + x),
    "bool of an array": lambda x: bool(x.data[0] > 0),
    "array in a tuple": lambda x: (doubled(x), x.data.sum()),
    "array in a dict": lambda x: {"y": doubled(x), "n": (x.data > 0).sum()},
    "text": lambda x: f"{x.data[0]}",
    "text of a Tensor": lambda x: repr(doubled(x)),
    "format of a Tensor": lambda x: f"{x.sum()}",
    "item": lambda x: x.sum().item(),
    "float": lambda x: float(x.sum()),
    "tolist": lambda x: doubled(x).tolist(),
    "list of numbers": lambda x: [1, 2.5, "a", None, True],
    "None": lambda x: None,
    "function": lambda x: (lambda y: doubled(x))(0),
    "shape": lambda x: (x.shape, x.ndim, x.size, len(x)),
    "dtype": lambda x: (str(x.dtype), doubled(x)),
    "nested": lambda x: {"a": [doubled(x), (x, {"b": x.sum()})]},
    "empty": lambda x: ((), [], {}),
    "itself": lambda x: x,
    "itself twice": lambda x: (x, x),
    "view of it": lambda x: x[1:3],
    "transposed": lambda x: x.reshape(2, 2).T,
    "constant": lambda x: ag.arange(3.0),
    "zeros": lambda x: (ag.zeros(2), x),
    "iterated": list,
    "np.nonzero": lambda x: np.nonzero(x),
    "np.unique": lambda x: np.unique(x),
    "np.argsort": lambda x: np.argsort(x),
    "np.allclose": lambda x: np.allclose(x, 1.0),
    "sorted": lambda x: x[np.argsort(x.data)],
    "argmax as index": lambda x: x[x.argmax()],
}


@case("B10 result", RESULTS)
def result(c: Any, f: Any) -> World:
    return World(c(f))


GRADIENTS: dict[str, Any] = {
    "array": lambda loss, m: (loss, m.weight.grad.data),
    "Tensor": lambda loss, m: (loss, m.weight.grad),
    "copy": lambda loss, m: (loss, m.weight.grad.data.copy()),
    "dict": lambda loss, m: {n: p.grad for n, p in m.named_parameters()},
    "weights": lambda loss, m: (loss, m.weight.data),
    "weights' copy": lambda loss, m: (loss, m.weight.data.copy()),
    "state_dict": lambda loss, m: m.state_dict(),
    "parameters": lambda loss, m: list(m.parameters()),
    "detached weight": lambda loss, m: m.weight.detach(),
    "view of a weight": lambda loss, m: m.weight.detach()[1],
    "transposed weight": lambda loss, m: m.weight.T,
    "norm": lambda loss, m: np.sqrt((m.weight.grad**2).sum()),
    "numpy()": lambda loss, m: m.weight.grad.numpy(),
}


@case("B10 result of a step", GRADIENTS)
def step_result(c: Any, what: Any) -> World:
    m = linear(1)

    def f(x: Any) -> Any:
        m.zero_grad()
        loss = (m(x) ** 2).mean()
        loss.backward()
        with ag.no_grad():
            for p in m.parameters():
                p -= 0.1 * p.grad
        return what(loss, m)

    return World(c(f), args=rows, state=m)


# What the caller does with results: (function, what is done with what it gave) ---

SCALED = filled(4, value=3)
HANDLED: dict[str, tuple[Any, Any]] = {
    "written": (doubled, lambda y: y.mul_(0.0)),
    "written, twice the same": (
        lambda x: (y := doubled(x), y),
        lambda y: y[0].fill_(7),
    ),
    "written, two views": (
        lambda x: ((y := doubled(x)), y[1:]),
        lambda y: y[0].fill_(7),
    ),
    "written, argument": (lambda x: (x, x * 1), lambda y: y[0].fill_(7)),
    "written, constant": (lambda x: ag.ones(4) * 1, lambda y: y.add_(1)),
    "written, bare constant": (lambda x: ag.ones(4), lambda y: y.add_(1)),
    "written, zeros and sum": (lambda x: (ag.zeros(4), x), lambda y: y[0].add_(1)),
    "array written": (doubled, lambda y: y.data.fill(0)),
    "data rebound": (doubled, lambda y: setattr(y, "data", y.data * 2)),
    "requires grad": (doubled, lambda y: y.detach().requires_grad_()),
    "list appended": (lambda x: [x], lambda y: y.append(1)),
    "dict cleared": (lambda x: {"y": x}, lambda y: y.clear()),
    "broadcast": (lambda x: np.broadcast_to(x, (2, 4)), lambda y: y.sum()),
}


@case("B10 result handled by the caller", HANDLED)
def handled(c: Any, row: Any) -> World:
    f, handle = row
    return World(c(f), after=lambda n, out: handle(out))


@case("B10 results fed back")
def fed_back(c: Any) -> World:
    last = [ag.ones(4)]

    def keep(n: int, out: Any) -> None:
        last[0] = out

    f = c(lambda x, h: np.tanh(x + h))
    return World(f, args=lambda n: (np.ones(4, "f4") * (n % 3), last[0]), after=keep)


@case("B10 results fed back, updated in place")
def fed_back_written(c: Any) -> World:
    last = [ag.ones(4)]
    f = c(lambda x, h: h.add_(x))
    keep = lambda n, out: last.__setitem__(0, out)  # noqa: E731
    return World(f, args=lambda n: (np.ones(4, "f4"), last[0]), after=keep)


# B12: tensors made inside --------------------------------------------------------


def added(make: Any) -> Any:
    def f(x: Any) -> Any:
        acc = make(x)
        acc += x
        return acc

    return f


def own_batch_norm(x: Any) -> Any:
    norm = nn.BatchNorm1d(2)
    y = norm(x.reshape(2, 2))
    return y, norm.running_mean


MADE: dict[str, Any] = {
    "Tensor": added(lambda x: ag.Tensor(np.zeros(4, "f4"))),
    "Buffer": added(lambda x: nn.Buffer(np.zeros(4, "f4"))),
    "Parameter": added(lambda x: nn.Parameter(np.zeros(4), requires_grad=False)),
    "zeros": added(lambda x: ag.zeros(4)),
    "tensor": added(lambda x: ag.tensor([1.0, 2.0, 3.0, 4.0])),
    "full of np.float32": added(lambda x: ag.full(4, np.float32(2))),
    "np.zeros by add": lambda x: x + np.zeros(4, "f4"),
    "Tensor of np.empty_like": added(lambda x: ag.Tensor(np.zeros_like(x.data))),
    "copy of the argument's array": added(lambda x: ag.Tensor(x.data.copy())),
    "Tensor of a list": added(lambda x: ag.Tensor(np.array([1, 2, 3, 4], "f4"))),
    "clone": added(lambda x: x.clone()),
    "view of zeros": lambda x: (a := ag.zeros(2, 4), a[0].add_(x), a)[2],
    "zeros by rows": lambda x: [added(lambda x: ag.zeros(4))(x + i) for i in range(2)],
    "BatchNorm1d": own_batch_norm,
    "Linear": lambda x: nn.Linear(4, 2)(x),
    "Dropout": lambda x: nn.Dropout(0.5)(x),
    "randn": lambda x: x * ag.randn(4),
    "rand": lambda x: x * ag.rand(4),
    "eye": lambda x: x @ ag.eye(4),
    "linspace": lambda x: x * ag.linspace(0.0, 1.0, 4),
    "sliding windows": lambda x: (
        x * np.lib.stride_tricks.sliding_window_view(doubled(x).data, 1).reshape(4)
    ),
}


@case("B12 made inside", MADE)
def made(c: Any, f: Any) -> World:
    return World(c(f))


def _sum_kept(o: dict[str, Any], x: Any) -> Any:
    o["h"] = o.get("h", ag.zeros(4)) + x
    return o["h"] * 1.0


def _made_once(o: dict[str, Any], x: Any) -> Any:
    if "h" not in o:
        o["h"] = ag.zeros(4)
    return x + o["h"]


def _made_once_by_array(o: dict[str, Any], x: Any) -> Any:
    if "h" not in o:
        o["h"] = ag.Tensor(np.zeros(4, "f4"))
    return x + o["h"]


def _made_always(o: dict[str, Any], x: Any) -> Any:
    o["h"] = ag.zeros(4)
    return x + o["h"]


def _written_once(o: dict[str, Any], x: Any) -> Any:
    if "h" not in o:
        o["h"] = ag.zeros(4)
    o["h"].add_(x)
    return o["h"] * 1.0


def _of_shape(o: dict[Any, Any], x: Any) -> Any:
    if x.shape not in o:
        o[x.shape] = ag.arange(float(x.size))
    return x + o[x.shape]


KEPT = {
    f.__name__.strip("_").replace("_", " "): f
    for f in (
        _sum_kept,
        _made_once,
        _made_once_by_array,
        _made_always,
        _written_once,
        _of_shape,
    )
}


@case("B12 made inside and kept", KEPT)
def made_and_kept(c: Any, f: Any) -> World:
    cache: dict[str, Any] = {}
    return World(c(lambda x: f(cache, x)))


@case("B12 made inside, kept, and changed outside", KEPT)
def made_and_changed(c: Any, f: Any) -> World:
    cache: dict[str, Any] = {}

    def change(k: int) -> None:
        for value in cache.values():
            value.add_(1.0)

    return World(c(lambda x: f(cache, x)), change)


# Results that alias what the function closes over --------------------------------

ALIASES: dict[str, Any] = {
    "buffer": lambda w, x: w,
    "buffer written": lambda w, x: w.add_(x),
    "view written": lambda w, x: (w.add_(x), w[1:])[1],
    "view made before": lambda w, x: (w[1:], w.add_(x))[0],
    "detached": lambda w, x: (w.detach(), w.add_(x))[0],
    "row": lambda w, x: w.reshape(2, 2)[1],
    "beside": lambda w, x: (x * w, w, w.T),
    "copy": lambda w, x: (w.add_(x), w.clone())[1],
    "twice": lambda w, x: (w, w),
    "in a dict": lambda w, x: {"w": w.mul_(0.5), "x": x},
}


@case("B10 result aliases a closed-over tensor", ALIASES)
def aliases(c: Any, f: Any) -> World:
    w = ramp(4)
    return World(c(lambda x: f(w, x)), lambda k: w.add_(k), state=w)


@case("B10 result aliases a parameter", ALIASES)
def aliases_parameter(c: Any, f: Any) -> World:
    m = module(lambda m, x: f(m.w, x), w=nn.Parameter(np.ones(4), requires_grad=False))
    return World(c(lambda x: m(x)), lambda k: m.w.add_(k), state=m)
