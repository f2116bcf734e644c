"""Cases of calls that raise now and then: labels, infinities, shapes; try, except."""

from __future__ import annotations

from typing import Any

import numpy as np
from truth_things import linear
from truth_training import Training, world
from truth_world import World, batch, case

from autograd_core import nn, optim

F = nn.functional

# B14: calls that raise -----------------------------------------------------------


def sometimes_bad(n: int) -> tuple[Any, Any]:
    """Every fourth batch has a label that is no class."""
    x, y = batch(n)
    if n % 4 == 3:
        y[2] = 7
    return x, y


def sometimes_infinite(n: int) -> tuple[Any, Any]:
    x, y = batch(n)
    if n % 4 == 3:
        x[0, 0] = np.inf
    return x, y


def sometimes_misshapen(n: int) -> tuple[Any, Any]:
    x, y = batch(n)
    return (x[:, :3], y) if n % 4 == 3 else (x, y)


def _step(t: Training, x: Any, y: Any) -> Any:
    return t.step(x, y)


def _gradients(t: Training, x: Any, y: Any) -> Any:
    return t.gradients(x, y)


def _without_zeroing(t: Training, x: Any, y: Any) -> Any:
    loss = t.loss(x, y)
    loss.backward()
    return loss


def _two_losses(t: Training, x: Any, y: Any) -> Any:
    t.opt.zero_grad()
    t.model(x).sum().backward()
    loss = t.loss(x, y)
    loss.backward()
    return loss


def _clipped(t: Training, x: Any, y: Any) -> Any:
    loss = t.gradients(x, y)
    optim.clip_grad_norm_(t.model.parameters(), 0.1, error_if_nonfinite=True)
    t.opt.step()
    return loss


def _counted_before(t: Training, x: Any, y: Any) -> Any:
    t.ema.update()
    return t.step(x, y)


def _caught(t: Training, x: Any, y: Any) -> Any:
    try:
        return t.gradients(x, y)
    except ValueError:
        return x.sum()


def _caught_and_zeroed(t: Training, x: Any, y: Any) -> Any:
    try:
        return t.step(x, y)
    except (ValueError, FloatingPointError):
        t.opt.zero_grad()
        raise


def _finally(t: Training, x: Any, y: Any) -> Any:
    try:
        return t.gradients(x, y)
    finally:
        t.body.weight.detach().mul_(0.5)


STEPS = {
    f.__name__.strip("_").replace("_", " "): f
    for f in (
        _step,
        _gradients,
        _without_zeroing,
        _two_losses,
        _clipped,
        _counted_before,
        _caught,
        _caught_and_zeroed,
        _finally,
    )
}


def _failing(args: Any) -> Any:
    def make(c: Any, f: Any) -> World:
        t = Training(dropout=0.2)
        calls = world(t, c(lambda x, y: f(t, x, y)), lambda t, k: t.opt.step())
        calls.args = args
        return calls

    return make


case("B14 a bad label", STEPS)(_failing(sometimes_bad))
case("B14 infinite input", STEPS)(_failing(sometimes_infinite))
case("B14 a shape that does not fit", STEPS)(_failing(sometimes_misshapen))

ALONE: dict[str, Any] = {
    "loss": lambda m, x, y: F.cross_entropy(m(x), y),
    "loss caught": lambda m, x, y: caught(lambda: F.cross_entropy(m(x), y), x),
    "loss of a layer": lambda m, x, y: nn.CrossEntropyLoss()(m(x), y),
    "batch_norm": lambda m, x, y: F.batch_norm(x, training=True),
    "BatchNorm1d": lambda m, x, y: m.norm(x),
    "index": lambda m, x, y: m(x)[np.arange(6), y],
    "take": lambda m, x, y: np.take(m.weight, y, 0),
}


def caught(f: Any, otherwise: Any) -> Any:
    try:
        return f()
    except (ValueError, IndexError):
        return otherwise.sum()


@case("B17 checks: bad label", ALONE)
def bad_label(c: Any, f: Any) -> World:
    return _checked(c, f, sometimes_bad)


@case("B17 checks: infinite", ALONE)
def infinite(c: Any, f: Any) -> World:
    return _checked(c, f, sometimes_infinite)


def _checked(c: Any, f: Any, args: Any) -> World:
    m = linear(1, 4, 3)
    m.norm = nn.BatchNorm1d(4)  # type: ignore[attr-defined]
    return World(c(lambda x, y: f(m, x, y)), args=args, state=m)
