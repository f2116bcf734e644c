"""Cases of training: optimizers, gradients, averages, seeds, freezing, groups."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from truth_tensors import filled
from truth_things import linear
from truth_world import World, batch, case

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.random import Generator, default_generator

F = nn.functional


class Training:
    """A small classifier and a step of it, which cases vary."""

    def __init__(self, kind: Any = optim.SGD, dropout: float = 0.0, **settings: Any):
        self.body, self.head = linear(1, 4, 5), linear(2, 5, 3)
        layers = [self.body, nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(dropout)]
        self.model = nn.Sequential(*layers, self.head)
        self.opt = kind(self.model.parameters(), **{"lr": 0.1, **settings})
        self.ema = optim.EMA(self.model.parameters(), 0.9)
        self.limit, self.kept, self.memo = 1.0, [], {}
        self.saved = self.model.state_dict()

    def loss(self, x: Any, y: Any) -> Any:
        return F.cross_entropy(self.model(x), y)

    def gradients(self, x: Any, y: Any) -> Any:
        self.opt.zero_grad()
        loss = self.loss(x, y)
        loss.backward()
        return loss

    def step(self, x: Any, y: Any) -> Any:
        loss = self.gradients(x, y)
        self.opt.step()
        return loss

    @property
    def group(self) -> Any:
        return self.opt.param_groups[0]

    def state(self) -> Any:
        return self.model, self.opt, self.ema


def world(t: Training, f: Any, change: Any = None, **more: Any) -> World:
    changed = (lambda k: change(t, k)) if change else lambda k: None
    return World(f, changed, batch, t.state, **more)


# Ordinary training: this has to be replayed, without a word ----------------------

OPTIMIZERS: dict[str, Any] = {
    "SGD": lambda: Training(optim.SGD),
    "momentum": lambda: Training(optim.SGD, momentum=0.9, nesterov=True),
    "Adam": lambda: Training(optim.Adam, lr=0.01),
    "AdamW": lambda: Training(optim.AdamW, lr=0.01, weight_decay=0.1),
    "NAdam": lambda: Training(optim.NAdam, lr=0.01),
    "RMSprop": lambda: Training(optim.RMSprop, lr=0.01),
    "Adagrad": lambda: Training(optim.Adagrad, lr=0.01),
    "Lion": lambda: Training(optim.Lion, lr=0.01),
    "with dropout": lambda: Training(optim.Adam, dropout=0.3),
}


@case("plain training", OPTIMIZERS, plain=True)
def training(c: Any, make: Any) -> World:
    t = make()
    return world(t, c(t.step))


OUTSIDE: dict[str, Callable[[Training, int], Any]] = {
    "lr": lambda t, k: t.group.update(lr=0.1 / (k + 1)),
    "weight decay": lambda t, k: t.group.update(weight_decay=0.1 * k),
    "seed": lambda t, k: ag.manual_seed(k),
    "generator's state": lambda t, k: default_generator.set_state([1, k]),
    "loaded": lambda t, k: t.model.load_state_dict(t.saved),
    "ema's decay": lambda t, k: t.ema.settings.update(decay=0.5),
    "ema updated": lambda t, k: t.ema.update(),
    "in-place write": lambda t, k: t.body.weight.detach().mul_(0.5),
    "array written": lambda t, k: t.body.weight.data.__imul__(0.5),
    "gradients cleared": lambda t, k: t.opt.zero_grad(),
}


@case("plain training, between steps", OUTSIDE, plain=True)
def trained_between(c: Any, change: Any) -> World:
    t = Training(optim.Adam, dropout=0.3)
    return world(t, c(t.step), change)


def _new_data(t: Training, k: int) -> None:
    t.body.weight.data = t.body.weight.data * np.float32(0.5)


def _swap_data(t: Training, k: int) -> None:
    t.body.weight.data, t.memo["w"] = (
        t.memo.get("w", t.body.weight.data * 2),
        (t.body.weight.data),
    )


def _add_group(t: Training, k: int) -> None:
    if k == 1:
        t.memo["extra"] = filled(3, grad=True)
        t.opt.add_param_group({"params": [t.memo["extra"]], "lr": 0.01})


def _append_layer(t: Training, k: int) -> None:
    if k == 2:
        t.model.append(linear(9, 3, 3))


def _rebind_loss(t: Training, k: int) -> None:
    weight = k / 2
    t.loss = lambda x, y: F.cross_entropy(t.model(x), y) * weight


def _own_model(t: Training, k: int) -> None:
    t.model = nn.Sequential(linear(k, 4, 3))
    t.opt = optim.SGD(t.model.parameters(), lr=0.1)


def _copied(t: Training, k: int) -> None:
    t.model, t.body = copy.deepcopy((t.model, t.body))
    t.opt = optim.SGD(t.model.parameters(), lr=0.1)


def _grad_array(t: Training, k: int) -> None:
    if t.body.bias.grad is not None:
        t.body.bias.grad.data = np.full(5, k, np.float32)


MOVED: dict[str, Callable[[Training, int], Any]] = {
    "another array": _new_data,
    "two arrays in turn": _swap_data,
    "group added": _add_group,
    "layer replaced": lambda t, k: t.model.__setitem__(0, linear(k, 4, 5)),
    "layer appended": _append_layer,
    "parameter replaced": lambda t, k: setattr(
        t.body, "weight", nn.Parameter(np.full((5, 4), k / 4, "f4"))
    ),
    "frozen": lambda t, k: t.body.requires_grad_(k % 2 == 0),
    "head frozen": lambda t, k: t.head.weight.requires_grad_(k != 2),
    "no bias": lambda t, k: setattr(t.body, "bias", None),
    "eval": lambda t, k: t.model.train(k % 2 == 0),
    "dropout": lambda t, k: setattr(t.model[3], "p", 0.1 * k),
    "momentum of BatchNorm": lambda t, k: setattr(t.model[1], "momentum", None),
    "eps of BatchNorm": lambda t, k: setattr(t.model[1], "eps", 0.1 * (k + 1)),
    "float64": lambda t, k: t.model.double() if k == 2 else None,
    "loss rebound": _rebind_loss,
    "model and optimizer rebound": _own_model,
    "model copied": _copied,
    "optimizer's state loaded": lambda t, k: t.opt.load_state_dict(t.opt.state_dict()),
    "grad set": lambda t, k: setattr(t.body.bias, "grad", filled(5)),
    "grad's array set": _grad_array,
    "threads": lambda t, k: ag.set_num_threads(1 + k % 2),
    "optimizer's groups": lambda t, k: t.opt.param_groups.reverse(),
    "averages taken": lambda t, k: t.ema.averages(),
}


@case("training, between steps", MOVED)
def moved(c: Any, change: Any) -> World:
    t = Training()
    return world(t, c(lambda x, y: t.step(x, y)), change)


@case("training, between steps that keep gradients", MOVED)
def moved_without_zeroing(c: Any, change: Any) -> World:
    t = Training()

    def f(x: Any, y: Any) -> Any:
        loss = t.loss(x, y)
        loss.backward()
        return loss

    return world(t, c(f), change)


# B6, gradients handled outside: (does f forget gradients first, what follows a call)


def _params(t: Training) -> list[Any]:
    return list(t.model.parameters())


def _clip_by_data(t: Training) -> None:
    for p in _params(t):
        p.grad.data = np.clip(p.grad.data, -0.01, 0.01)


def _clip_in_place(t: Training) -> None:
    for p in _params(t):
        np.clip(p.grad.data, -0.01, 0.01, out=p.grad.data)


def _clip_new(t: Training) -> None:
    for p in _params(t):
        p.grad = ag.tensor(np.clip(p.grad.data, -0.01, 0.01))


def _keep(t: Training) -> None:
    t.kept.append(t.body.weight.grad)


def _keep_array(t: Training) -> None:
    t.kept.append(t.body.weight.grad.data)


def _keep_detached(t: Training) -> None:
    t.kept.append(t.body.weight.grad.detach())


def _shape(t: Training) -> None:
    t.body.weight.grad.data.shape = (5, 4)


AFTER: dict[str, Callable[[Training], Any]] = {
    "clipped by .data": _clip_by_data,
    "clipped in place": _clip_in_place,
    "clipped anew": _clip_new,
    "kept": _keep,
    "array kept": _keep_array,
    "detached kept": _keep_detached,
    "scaled": lambda t: t.body.weight.grad.mul_(0.5),
    "scaled by .data": lambda t: t.body.weight.grad.data.__imul__(0.5),
    "zeroed": lambda t: t.body.weight.grad.zero_(),
    "zeroed all": lambda t: t.opt.zero_grad(),
    "cleared": lambda t: setattr(t.body.weight, "grad", None),
    "deleted head": lambda t: t.head.zero_grad(),
    "clip_grad_norm_": lambda t: optim.clip_grad_norm_(_params(t), 0.01),
    "shared": lambda t: setattr(t.head.bias, "grad", filled(3)),
    "same shape": _shape,
}


@case("B6 gradients handled outside", AFTER)
def handled(c: Any, handle: Any) -> World:
    t = Training()

    def after(n: int, out: Any) -> None:
        handle(t)
        t.opt.step()

    f = c(lambda x, y: t.gradients(x, y))
    return World(f, args=batch, state=lambda: (*t.state(), t.kept), after=after)


@case("B6 gradients accumulated", AFTER)
def handled_accumulated(c: Any, handle: Any) -> World:
    t = Training()

    def f(x: Any, y: Any) -> Any:
        loss = t.loss(x, y)
        loss.backward()
        return loss

    def after(n: int, out: Any) -> None:
        handle(t)
        if n % 3 == 2:
            t.opt.step()
            t.opt.zero_grad()

    return World(c(f), args=batch, state=lambda: (*t.state(), t.kept), after=after)


# B11, B13: what is done inside of a step -----------------------------------------


def _averaged(t: Training, x: Any) -> Any:
    t.ema.update()
    with t.ema.averaged():
        return t.model(x)


def _cached(t: Training, x: Any) -> Any:
    return x * t.group["lr"]


def _clip_variable(t: Training, x: Any) -> Any:
    optim.clip_grad_norm_(t.model.parameters(), t.limit)


def _manual_step(t: Training, x: Any) -> None:
    with ag.no_grad():
        for p in t.model.parameters():
            p -= t.group["lr"] * p.grad


def _manual_data(t: Training, x: Any) -> None:
    for p in t.model.parameters():
        p.data -= np.float32(t.group["lr"]) * p.grad.data


def _accumulated(t: Training, x: Any) -> None:
    t.kept.append(t.body.weight.grad)
    t.memo["last"] = t.kept[-1]


def _reset(t: Training, x: Any) -> None:
    t.opt.param_groups[0]["lr"] = 0.05


def leaf() -> Any:
    return filled(2, grad=True)


INSIDE: dict[str, Callable[[Training, Any], Any]] = {
    "manual_seed": lambda t, x: ag.manual_seed(3),
    "set_state": lambda t, x: default_generator.set_state(np.array([4, 0])),
    "ema.averaged": _averaged,
    "ema.averages": lambda t, x: t.ema.averages()[0],
    "ema.update": lambda t, x: t.ema.update(),
    "load_state_dict": lambda t, x: t.model.load_state_dict(t.saved) and None,
    "state_dict": lambda t, x: t.model.state_dict()["0.weight"],
    "optimizer's state_dict": lambda t, x: t.opt.state_dict()["state"],
    "init": lambda t, x: nn.init.kaiming_uniform_(t.body.weight),
    "reset_parameters": lambda t, x: t.body.reset_parameters(),
    "layer made": lambda t, x: nn.Linear(4, 2)(x),
    "Generator": lambda t, x: Generator(0).draw() * 1,
    "deepcopy": lambda t, x: copy.deepcopy(t.model)(x),
    "lr read": _cached,
    "lr multiplied": lambda t, x: x.sum() * t.opt.param_groups[0]["lr"],
    "lr of a scheduler": lambda t, x: x * t.memo["scheduler"].get_last_lr()[0],
    "settings": lambda t, x: x * sum(map(float, t.group.settings().values())),
    "momentum tested": lambda t, x: x * (2.0 if t.group["lr"] > 0.02 else 3.0),
    "lr set": _reset,
    "ema's decay read": lambda t, x: x * t.ema.settings["decay"],
    "clip limit": _clip_variable,
    "manual step": _manual_step,
    "manual step by .data": _manual_data,
    "gradients kept": _accumulated,
    "threads read": lambda t, x: x * ag.get_num_threads(),
    "scheduler's step": lambda t, x: t.memo["scheduler"].step(),
    "clock read": lambda t, x: x * float(t.ema.clock[0] + 1),
    "weights' norm by NumPy": lambda t, x: x * np.linalg.norm(t.body.weight.data),
    "group added": lambda t, x: t.opt.add_param_group(
        {"params": [filled(2, grad=True)]}
    ),
}


def _change_settings(t: Training, k: int) -> None:
    t.group["lr"] = 0.05 / (k + 1)
    t.ema.settings["decay"] = 0.5 + 0.05 * k
    t.limit = 0.1 * k
    ag.set_num_threads(1 + k % 2)


@case("B11 inside a step", INSIDE)
def inside(c: Any, what: Any) -> World:
    t = Training(dropout=0.25)
    t.memo["scheduler"] = optim.ExponentialLR(t.opt, 0.9)

    def f(x: Any, y: Any) -> Any:
        loss = t.gradients(x, y)
        out = what(t, x)
        t.opt.step()
        return loss, out if isinstance(out, ag.Tensor | np.ndarray) else None

    # Kept gradients are Python's doing; what is kept last is what the caller reads.
    state = lambda: (*t.state(), t.memo.get("last"))  # noqa: E731
    return World(c(f), lambda k: _change_settings(t, k), batch, state)


@case("B11 inside, with nothing changed between", INSIDE)
def inside_alone(c: Any, what: Any) -> World:
    t = Training(dropout=0.25)
    t.memo["scheduler"] = optim.StepLR(t.opt, 3)

    def f(x: Any, y: Any) -> Any:
        loss = t.gradients(x, y)
        what(t, x)
        t.opt.step()
        return loss

    return world(t, c(f))
