"""What a loss gets: Tensors, wherever it is called, with the same bits."""

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn, optim, train

RNG = np.random.default_rng(0)
X = RNG.standard_normal((48, 3)).astype(np.float32)
TARGETS = {
    "floats": X[:, :1] * 2 + 1,
    "float64": X[:, :1].astype(np.float64),
    "labels": RNG.integers(0, 2, 48),
    "bytes": RNG.integers(0, 2, 48).astype(np.uint8),
}
WEIGHT = RNG.random(48)


class Witness:
    """A loss that takes down the types it gets, each function of training once."""

    def __init__(self):
        self.seen = set()

    def __call__(self, output, y, sample_weight=None):
        self.seen.add((type(output), type(y)))
        if sample_weight is not None:
            self.seen.add((type(sample_weight),))
        row = np.mean((output - y.reshape(-1, 1).astype(output.dtype)) ** 2, axis=1)
        return np.mean(row if sample_weight is None else row * sample_weight)


CALLS = {
    "evaluate": lambda m, loss, *data: train.evaluate(
        m, loss, *data[:2], sample_weight=data[2] if data[2:] else None
    ),
    "find_lr": lambda m, loss, *data: train.find_lr(
        m, optim.SGD(m.parameters(), lr=0.1), loss, data, steps=20
    ),
    "signals": lambda m, loss, *data: train.signals(m, loss, *data[:2]),
    "check_gradients": lambda m, loss, *data: train.check_gradients(m, loss, *data[:2]),
    "make_step": lambda m, loss, *data: train.make_step(
        m, optim.SGD(m.parameters(), lr=0.1), loss
    )(X, data[1]),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", TARGETS)
def test_fit_gives_tensors_and_the_same_bits(kind, weighted):
    data = (X, TARGETS[kind], WEIGHT) if weighted else (X, TARGETS[kind])
    found = []
    for compiled in (False, True):
        ag.manual_seed(0)
        model, loss = nn.Linear(3, 1), Witness()
        opt = optim.Adam(model.parameters())
        history = train.fit(
            model, opt, loss, data, data, epochs=2, batch_size=16, compiled=compiled
        )
        assert loss.seen <= {(ag.Tensor, ag.Tensor), (ag.Tensor,)}
        found.append((history.last("valid_loss"), model.weight.numpy().tobytes()))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", CALLS)
def test_other_functions_give_tensors(name):
    loss = Witness()
    weight = [WEIGHT] if name in ("evaluate", "find_lr") else []
    CALLS[name](nn.Linear(3, 1), loss, X, TARGETS["floats"], *weight)
    assert loss.seen == {(ag.Tensor, ag.Tensor)} | {(ag.Tensor,) for _ in weight}


def test_the_function_of_a_parallel_gets_tensors():
    model, loss = nn.Linear(3, 1), Witness()
    parallel = train.Parallel(model, shards=2)
    for _ in range(3):
        parallel.backward(lambda x, y: loss(model(x), y) + 0 * x.sum(), X, X[:, :1])
    assert loss.seen == {(ag.Tensor, ag.Tensor)}


def test_shards_and_gradchecks_give_tensors():
    model, loss = nn.Linear(3, 1), Witness()
    opt, data = optim.Adam(model.parameters()), (X, TARGETS["floats"])
    train.fit(model, opt, loss, data, epochs=1, gradcheck=(0,), shards=2)
    assert loss.seen == {(ag.Tensor, ag.Tensor)}
