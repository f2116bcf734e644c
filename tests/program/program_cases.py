"""Networks and their training, for the tests of Programs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.ops import TABLE

SIZES = [4, 16, 16, 3]


def bits(*values: Any) -> list[bytes]:
    return [np.ascontiguousarray(v.data).tobytes() for v in values]


def network(seed: int = 1, lr: float = 1e-2) -> tuple[list[ag.Tensor], Any, Any]:
    rng = np.random.default_rng(seed)
    params = []
    for n, m in pairwise(SIZES):
        weight = rng.standard_normal((m, n)).astype(np.float32)
        params.append(ag.tensor(weight, requires_grad=True))
        params.append(ag.tensor(np.zeros(m, np.float32), requires_grad=True))
    opt = optim.Adam(params, lr=lr)

    def train(x: Any, y: Any) -> ag.Tensor:
        opt.zero_grad()
        h = x
        for weight, bias in zip(params[::2], params[1::2], strict=True):
            h = np.maximum(TABLE["linear"](h, weight, bias), 0.0)
        loss = ((h - y) ** 2).mean()
        loss.backward()
        opt.step()
        return loss

    return params, opt, train


def data(batch: int = 32) -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    return (
        rng.standard_normal((batch, SIZES[0])).astype(np.float32),
        rng.standard_normal((batch, SIZES[-1])).astype(np.float32),
    )


def classifier(make_optimizer: Any, sizes: list[int]) -> tuple[Any, Any]:
    ag.manual_seed(11)
    layers: list[Any] = []
    for n, m in pairwise(sizes[:-1]):
        layers += [nn.Linear(n, m), nn.BatchNorm1d(m), nn.ReLU(), nn.Dropout(0.2)]
    model = nn.Sequential(*layers, nn.Linear(*sizes[-2:]))
    opt = make_optimizer(model.parameters())

    def train(x: Any, y: Any) -> ag.Tensor:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return model, train


def trained(
    make_optimizer: Any, sizes: list[int], batch: int, steps: int, compiled: bool
) -> list[bytes]:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((4, batch, sizes[0])).astype(np.float32)
    y = rng.integers(0, sizes[-1], (4, batch))
    model, train = classifier(make_optimizer, sizes)
    step = ag.compile(train) if compiled else train
    losses = [step(x[i % 4], y[i % 4]) for i in range(steps)]
    state = model.state_dict()
    return [*bits(*losses), *(state[name].tobytes() for name in sorted(state))]
