"""HIPS autograd and MyGrad: NumPy's code traced, Adam by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import BN_EPS, Step, Task
from .numpy_ import Adam

VARIANTS = {"autograd": "HIPS autograd", "mygrad": "MyGrad"}


def network(lib: Any, params: Any, x: Any, task: Task, rng: Any) -> Any:
    """The scores of a network, by a library that looks like NumPy."""
    h, given = x, iter(params)
    for i in range(len(task.dims) - 1):
        h = lib.matmul(h, next(given)) + next(given)
        if i == task.blocks:
            return h
        c = h - lib.mean(h, axis=0)
        var = lib.mean(c * c, axis=0)
        h = c / lib.sqrt(var + np.float32(BN_EPS)) * next(given) + next(given)
        h = lib.maximum(h, np.float32(0))
        if task.p_drop:
            kept = rng.random(h.shape, np.float32) >= task.p_drop
            h = h * (kept * np.float32(1 / (1 - task.p_drop)))
    return h


def build(variant: str, task: Task) -> Step:
    """See the package."""
    return (hips if variant == "autograd" else mygrad)(task)


def hips(task: Task) -> Step:
    """By HIPS autograd."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    params = [p for layer in task.layers() for p in layer]
    adam, rng, (x, y) = Adam(params), np.random.default_rng(2), task.data()
    onehot = np.eye(task.dims[-1], dtype=np.float32)[y]

    def loss_of(params: Any) -> Any:
        z = network(anp, params, x, task, rng)
        z = z - anp.max(z, axis=1, keepdims=True)
        total = anp.log(anp.sum(anp.exp(z), axis=1, keepdims=True))
        return -anp.sum(onehot * (z - total)) / task.batch

    both = value_and_grad(loss_of)

    def step() -> Any:
        loss, grads = both(params)
        adam.step(grads)
        return loss

    return step


def mygrad(task: Task) -> Step:
    """By MyGrad."""
    import mygrad as mg
    from mygrad.nnet.losses import softmax_crossentropy

    params = [mg.tensor(p) for layer in task.layers() for p in layer]
    adam = Adam([p.data for p in params])
    rng, (x, y) = np.random.default_rng(2), task.data()

    def step() -> Any:
        loss = softmax_crossentropy(network(mg, params, x, task, rng), y)
        loss.backward()
        adam.step([p.grad for p in params])
        for p in params:
            p.null_grad()
        return loss.item()

    return step
