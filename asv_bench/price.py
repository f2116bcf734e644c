"""Where the microseconds of an eager op go, and those of a training step.

    python asv_bench/price.py [--only WORD] [--rounds 15] [--json FILE]

One thread, float32. Calls of the public face are timed and nothing inside is touched,
so each part is a difference of two of them, taken in turn:

- "numpy": NumPy's own op into memory that is there: the work, and NumPy's dispatch
- "memory", "Tensor": `np.empty` of the result and `ag.Tensor` around it
- "dispatch": what is left of a call that is not recorded
- "node": what a recorded call takes beyond one that is not
- "walk": backward through one more op with nothing to compute (``x + 1.0``)
- "vjp": backward through one more of these ops, without the walk

Of layers: the function, what calling its module adds, and backward; "adds" and
"backward" are differences as well. Of steps: each part by itself, in the order in which
a step goes through them; "rest" is what the whole takes beyond its parts. Small
differences of large numbers are noisy, and may be below 0.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is loaded
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from networks import SIZES

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))
from small import micros

ROUNDS = 15
BATCH = 2e-3  # seconds of calls
SHORT, LONG = 10, 60  # ops of two chains; the difference is the price of one
P_DROP = 0.2
Call = Callable[[], Any]
Table = dict[str, dict[str, float]]


def timed(calls: dict[str, Call], rounds: int, batch: float) -> dict[str, float]:
    """Microseconds of each, the median over turns."""
    turns = micros(calls.values(), rounds, batch)
    return dict(
        zip(calls, map(statistics.median, zip(*turns, strict=True)), strict=True)
    )


def data(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).uniform(-1, 1, shape).astype(np.float32)


# Ops ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Op:
    """``call(x)``, the same of NumPy into memory; can be chained; needs no memory."""

    call: Callable[[Any], Any]
    numpy: Callable[[Any, Any], Any]
    shape: tuple[int, ...] = (16,)
    chained: bool = True
    view: bool = False


def ops() -> dict[str, Op]:
    square, tensors = data(8, 8), ag.tensor(data(8, 8))
    return {
        "x + 1.0": Op(lambda x: x + 1.0, lambda x, o: np.add(x, 1.0, o)),
        "x * x": Op(lambda x: x * x, lambda x, o: np.multiply(x, x, o)),
        "np.sin(x)": Op(np.sin, lambda x, o: np.sin(x, o)),
        "x.tanh()": Op(lambda x: x.tanh(), lambda x, o: np.tanh(x, o)),
        "x @ w, 8x8": Op(
            lambda x: x @ tensors, lambda x, o: np.matmul(x, square, o), (8, 8)
        ),
        "x.sum()": Op(lambda x: x.sum(), lambda x, o: x.sum(out=o), chained=False),
        "x[2:5]": Op(lambda x: x[2:5], lambda x, o: x[2:5], chained=False, view=True),
        "x.reshape(16)": Op(
            lambda x: x.reshape(16), lambda x, o: x.reshape(16), view=True
        ),
    }


def chain(op: Op, length: int) -> tuple[Call, Call]:
    """Forward through a chain of ops; forward and backward."""
    x = ag.tensor(data(*op.shape), requires_grad=True)

    def forward() -> Any:
        y = x
        for _ in range(length):
            y = op.call(y)
        return y

    g = ag.tensor(np.ones_like(forward().numpy()))

    def both() -> None:
        x.grad = None
        forward().backward(g)

    return forward, both


def backward_of_one(op: Op, rounds: int, batch: float) -> float:
    """Through one more op, the walk included."""
    calls = {}
    for length in (SHORT, LONG) if op.chained else (0, 1):
        calls[f"{length}"], calls[f"{length} and back"] = chain(op, length)
    forward, back, long_forward, long_back = timed(calls, rounds, batch).values()
    more = LONG - SHORT if op.chained else 1
    return (long_back - long_forward - back + forward) / more


def price_of_op(op: Op, walk: float, rounds: int, batch: float) -> dict[str, float]:
    array = data(*op.shape)
    x, leaf = ag.tensor(array), ag.tensor(array, requires_grad=True)
    out = np.asarray(op.call(x).numpy()).copy()
    found = timed(
        {
            "numpy": lambda: op.numpy(array, out),
            "memory": lambda: np.empty(out.shape, out.dtype),
            "Tensor": lambda: ag.Tensor(out),
            "call": lambda: op.call(x),
            "recorded": lambda: op.call(leaf),
        },
        rounds,
        batch,
    )
    call, recorded = found.pop("call"), found.pop("recorded")
    if op.view:
        found["memory"] = 0.0
    found["dispatch"] = call - sum(found.values())
    back = backward_of_one(op, rounds, batch)
    found |= {"call": call, "node": recorded - call, "walk": walk, "vjp": back - walk}
    return found


def prices_of_ops(word: str, rounds: int, batch: float) -> Table:
    known = ops()
    chosen = {name: op for name, op in known.items() if word in name}
    if not chosen:
        return {}
    walk = backward_of_one(known["x + 1.0"], rounds, batch)
    return {name: price_of_op(op, walk, rounds, batch) for name, op in chosen.items()}


# Layers ------------------------------------------------------------------------------


def layers(size: str) -> dict[str, tuple[Any, Callable[..., Any], Any]]:
    """By name: the module, the function that it calls, and an input."""
    batch, dims = SIZES[size]
    width, loss = dims[1], nn.CrossEntropyLoss()
    linear, norm = nn.Linear(dims[0], width), nn.BatchNorm1d(width)
    labels = np.random.default_rng(0).integers(0, dims[-1], batch)
    return {
        "Linear": (
            linear, lambda x: F.linear(x, linear.weight, linear.bias),
            data(batch, dims[0]),
        ),
        "BatchNorm1d": (
            norm, lambda x: F.batch_norm(
                x, norm.running_mean, norm.running_var, norm.weight, norm.bias, True
            ),
            data(batch, width),
        ),
        "ReLU": (nn.ReLU(), F.relu, data(batch, width)),
        "Dropout": (
            nn.Dropout(P_DROP), lambda x: F.dropout(x, P_DROP, True),
            data(batch, width),
        ),
        "CrossEntropyLoss": (
            lambda x: loss(x, labels),
            lambda x: F.cross_entropy(x, labels), data(batch, dims[-1]),
        ),
    }  # fmt: skip


def price_of_layer(
    module: Any, function: Callable[..., Any], array: Any, rounds: int, batch: float
) -> dict[str, float]:
    x = ag.tensor(array, requires_grad=True)
    g = ag.tensor(np.ones(function(x).shape, np.float32))

    def both() -> None:
        x.grad = None
        function(x).backward(g)

    found = timed(
        {"function": lambda: function(x), "module": lambda: module(x), "both": both},
        rounds,
        batch,
    )
    return {
        "function": found["function"],
        "module adds": found["module"] - found["function"],
        "backward": found["both"] - found["function"],
    }


def prices_of_layers(word: str, rounds: int, batch: float) -> Table:
    return {
        f"{name} {size}": price_of_layer(*layer, rounds, batch)
        for size in ("XS", "S")
        for name, layer in layers(size).items()
        if word in f"{name} {size}"
    }


# Steps -------------------------------------------------------------------------------


def parts_of_step(size: str) -> tuple[dict[str, Call], Call]:
    """Each part of a training step as a call, and the whole."""
    batch, dims = SIZES[size]
    modules: list[Any] = []
    for n, m in pairwise(dims[:-1]):
        modules += [nn.Linear(n, m), nn.BatchNorm1d(m), nn.ReLU(), nn.Dropout(P_DROP)]
    model = nn.Sequential(*modules, nn.Linear(*dims[-2:]))
    opt = optim.Adam(model.parameters())
    x = ag.tensor(data(batch, dims[0]))
    labels = np.random.default_rng(0).integers(0, dims[-1], batch)

    def forward() -> Any:
        return F.cross_entropy(model(x), labels)

    def step() -> None:
        opt.zero_grad()
        forward().backward()
        opt.step()

    step()
    calls: dict[str, Call] = {"zero_grad": opt.zero_grad}
    h = x
    for i, module in enumerate(model):
        calls[f"{i} {type(module).__name__}"] = lambda m=module, h=h: m(h)
        h = module(h)
    calls["cross_entropy"] = lambda: F.cross_entropy(h, labels)
    calls["forward"] = forward

    def both() -> None:
        opt.zero_grad()
        forward().backward()

    calls["both"], calls["optimizer"] = both, opt.step
    return calls, step


def price_of_step(size: str, rounds: int, batch: float) -> dict[str, float]:
    calls, step = parts_of_step(size)
    found = timed({**calls, "whole": step}, rounds, batch)
    forward, both, whole = (found.pop(k) for k in ("forward", "both", "whole"))
    optimizer = found.pop("optimizer")
    parts = sum(found.values()) - found["zero_grad"]
    found["calls of Sequential"] = forward - parts
    found["backward"] = both - forward - found["zero_grad"]
    found["optimizer"] = optimizer
    return {**found, "rest": whole - both - optimizer, "whole": whole}


def prices_of_steps(word: str, rounds: int, batch: float) -> Table:
    return {
        f"step {size}": price_of_step(size, rounds, batch)
        for size in ("XS", "S")
        if word in f"step {size}"
    }


# Tables ------------------------------------------------------------------------------


def show(title: str, table: Table) -> None:
    """A row for each."""
    if table:
        heads = [*next(iter(table.values()))]
        print(f"\n{title:20}" + "".join(f"{head:>12}" for head in heads))
        for name, row in table.items():
            print(f"{name:20}" + "".join(f"{v:12.2f}" for v in row.values()))


def show_steps(table: Table) -> None:
    """A column for each."""
    if table:
        print(f"\n{'us':20}" + "".join(f"{name:>12}" for name in table))
        for part in next(iter(table.values())):
            print(
                f"{part:20}" + "".join(f"{row[part]:12.2f}" for row in table.values())
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="WORD", help="rows that have it")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--batch", type=float, default=BATCH, help="seconds of calls")
    parser.add_argument("--json", type=Path, help="where to write all of it")
    options = parser.parse_args()
    given = options.only, options.rounds, options.batch
    ag.set_num_threads(1)
    found = {"ops": prices_of_ops(*given), "layers": prices_of_layers(*given)}
    show("us, ops", found["ops"])
    show("us, layers", found["layers"])
    found["steps"] = prices_of_steps(*given)
    show_steps(found["steps"])
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
