"""Ordinary cases: these have to be replayed, without a word and without an error."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from truth_arguments import Closed
from truth_tensors import filled, ramp
from truth_things import linear, module
from truth_training import Training, world
from truth_world import LABELS, ROWS, World, batch, case, eager, rows, vector

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.train import Callback, fit

F = nn.functional


def inference(c: Any) -> World:
    m = nn.Sequential(linear(1), nn.BatchNorm1d(4), nn.GELU(), nn.Dropout(0.5)).eval()
    return World(c(lambda x: F.softmax(m(x))), args=rows, state=m)


def statistics(c: Any) -> World:
    m = nn.Sequential(linear(1), nn.BatchNorm1d(4), nn.Dropout(0.5))
    return World(c(lambda x: m(x)), args=rows, state=m)


def modes_in_turn(c: Any) -> World:
    m = nn.Sequential(linear(1), nn.BatchNorm1d(4), nn.Dropout(0.5))
    return World(c(lambda x: m(x)), lambda k: m.train(k % 2 == 0), rows, m)


def numpy_functions(c: Any) -> World:
    def f(x: Any) -> Any:
        y = np.where(x > 0, np.exp(-x), np.tanh(x)).reshape(2, 2)
        return {
            "y": y.T @ y,
            "more": (np.sum(y, axis=0), y.max(), np.concatenate([x, x])),
        }

    return World(c(f))


def gradients(c: Any) -> World:
    f = lambda x: ag.value_and_grad(lambda w: (np.sin(w) * w).sum())(x)  # noqa: E731
    return World(c(f))


def second_derivatives(c: Any) -> World:
    return World(c(lambda x: ag.hvp(lambda w: (w**3).sum(), x, x + 1.0)))


def checkpointed(c: Any) -> World:
    m = linear(1)

    def f(x: Any) -> Any:
        m.zero_grad()
        loss = ag.checkpoint(lambda x: np.tanh(m(x)), x).sum()
        loss.backward()
        return loss

    return World(c(f), args=rows, state=m)


def clipped_and_averaged(c: Any) -> World:
    t = Training(optim.AdamW, lr=0.01, dropout=0.2)

    def f(x: Any, y: Any) -> Any:
        loss = t.gradients(x, y)
        norm = optim.clip_grad_norm_(t.model.parameters(), 0.5)
        t.opt.step()
        t.ema.update()
        return {"loss": loss, "norm": norm}

    return world(t, c(f))


def scheduled(c: Any) -> World:
    t = Training(optim.SGD, momentum=0.9)
    scheduler = optim.CosineAnnealingLR(t.opt, 10, warmup=2)
    return world(t, c(t.step), lambda t, k: scheduler.step())


def accumulated(c: Any) -> World:
    t = Training()

    def f(x: Any, y: Any) -> Any:
        t.opt.zero_grad()
        for part in range(2):
            t.loss(x[part * 3 :][:3], y[part * 3 :][:3]).backward()
        t.opt.step()
        return t.body.weight.grad

    return world(t, c(f))


def updated_by_hand(c: Any) -> World:
    w = ramp(4, grad=True)

    def f(x: Any) -> Any:
        w.grad = None
        loss = ((w - x) ** 2).sum()
        loss.backward()
        with ag.no_grad():
            w.sub_(0.1 * w.grad)
        return loss

    return World(c(f), state=w)


def recurrent(c: Any) -> World:
    w, h = ramp(4, 4), filled(4, value=0)

    def f(x: Any) -> Any:
        h.copy_(np.tanh(h @ w + x))
        return h * 1.0

    return World(c(f), state=h)


def odd_last_batch(c: Any) -> World:
    t = Training()

    def args(n: int) -> Any:
        x, y = batch(n)
        return (x[:4], y[:4]) if n % 4 == 3 else (x, y)

    calls = world(t, c(t.step))
    calls.args = args
    return calls


def options_in_turn(c: Any) -> World:
    f = c(lambda x, how, by: getattr(x, how)() * by)
    how = lambda n: ("sum", "mean")[n % 2]  # noqa: E731
    return World(f, args=lambda n: (*vector(n), how(n), 2.0))


def arrays_closed_over(c: Any) -> World:
    o = Closed()
    a, t = o.a, o.t
    return World(c(lambda x: x * a + t), o.change)


def settings_that_stay(c: Any) -> World:
    m = module(
        lambda m, x: m.layers["a"](x) * m.cfg["by"] + m.items[1],
        cfg={"by": 2.0, "names": ["a", "b"]},
        items=[1, 2.5, None],
        layers={"a": linear(1)},
    )
    return World(c(lambda x: m(x)), args=rows, state=m)


def helpers(c: Any) -> World:
    def scaled(x: Any, by: float = 2.0) -> Any:
        return x * by

    def f(x: Any) -> Any:
        return sum(scaled(x, by=i) for i in range(3)) + scaled(x)

    return World(c(f))


def nested(c: Any) -> World:
    m = linear(1)
    body = c(lambda x: np.tanh(m(x)))
    return World(c(lambda x: body(x) + 1.0), args=rows, state=m)


def two_functions(c: Any) -> World:
    t = Training(optim.Adam, lr=0.01)
    step, predict = c(t.step), c(lambda x: t.model(x))

    def f(x: Any, y: Any) -> Any:
        return step(x, y), predict(x)

    return world(t, f)


def eager_between(c: Any) -> World:
    t = Training(optim.Adam, lr=0.01)
    change = lambda t, k: t.step(*map(ag.tensor, batch(k)))  # noqa: E731
    return world(t, c(t.step), change)


def validated_between(c: Any) -> World:
    t = Training(optim.Adam, lr=0.01, dropout=0.3)

    def change(t: Training, k: int) -> None:
        with ag.no_grad():
            t.model.eval()(ag.tensor(ROWS[0]))
        t.model.train()

    return world(t, c(t.step), change)


def frozen_body(c: Any) -> World:
    t = Training()
    t.body.requires_grad_(False)
    t.opt = optim.SGD([p for p in t.model.parameters() if p.requires_grad], lr=0.1)
    return world(t, c(t.step))


def double(c: Any) -> World:
    m = linear(1).double()
    f = c(lambda x: m(x) ** 2)
    return World(f, args=lambda n: (ROWS[n % 5].astype(np.float64),), state=m)


def from_tensors(c: Any) -> World:
    f = c(lambda x, more: x * more["a"] + more["b"][0])
    t = lambda n: ag.tensor(*vector(n))  # noqa: E731
    return World(f, args=lambda n: (t(n), {"a": t(n + 1), "b": [t(n + 2)]}))


def class_state(c: Any) -> World:
    class Trainer:
        def __init__(self) -> None:
            self.t, self.weight = Training(optim.Adam, lr=0.01), 0.5

        def step(self, x: Any, y: Any) -> Any:
            self.t.opt.zero_grad()
            loss = self.t.loss(x, y) * self.weight
            loss.backward()
            self.t.opt.step()
            return loss

    trainer = Trainer()
    return world(trainer.t, c(trainer.step))


ORDINARY = {
    f.__name__.replace("_", " "): f
    for f in (
        inference,
        statistics,
        modes_in_turn,
        numpy_functions,
        gradients,
        second_derivatives,
        checkpointed,
        clipped_and_averaged,
        scheduled,
        accumulated,
        updated_by_hand,
        recurrent,
        odd_last_batch,
        options_in_turn,
        arrays_closed_over,
        settings_that_stay,
        helpers,
        nested,
        two_functions,
        eager_between,
        validated_between,
        frozen_body,
        double,
        from_tensors,
        class_state,
    )
}


@case("plain", ORDINARY, plain=True)
def ordinary(c: Any, make: Any) -> World:
    return make(c)


# fit(compiled=True) is no call of compile: c only says which it is to be ------------


class Annealed(Callback):
    """Changes a weight that the loss reads."""

    def __init__(self, weight: list[float]) -> None:
        self.weight = weight

    def step(self, run: Any) -> None:
        self.weight[0] *= 0.9


@case("2 fit(compiled=True)", {"annealed": True, "as it is": False})
def fitted(c: Any, annealed: bool) -> World:
    def f() -> Any:
        weight, m = [1.0], linear(3, 4, 3)
        opt = optim.SGD(m.parameters(), lr=0.1)
        loss = lambda out, y: F.cross_entropy(out, y) * weight[0]  # noqa: E731
        callbacks = [Annealed(weight)] if annealed else []
        data = ROWS.reshape(30, 4), LABELS.reshape(30)
        options = {"epochs": 2, "batch_size": 5, "callbacks": callbacks}
        with warnings.catch_warnings():  # one for each step that fit compiles
            warnings.simplefilter("ignore", RuntimeWarning)
            history = fit(m, opt, loss, data, compiled=c is not eager, **options)
        return history["loss"], m.state_dict()

    return World(f, args=lambda n: ())
