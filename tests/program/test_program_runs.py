"""Programs: whole training runs, fusions, checks before updates."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from program_cases import bits, classifier, trained

import autograd_core as ag
from autograd_core import nn, optim
from autograd_core.ops import TABLE
from autograd_core.program import compile
from autograd_core.program.buffers import Ref

OPTIMIZERS: list[Any] = [
    pytest.param(lambda p: optim.SGD(p, lr=0.05), id="SGD"),
    pytest.param(
        lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True), id="Nesterov"
    ),
    pytest.param(
        lambda p: optim.RMSprop(p, lr=1e-3, momentum=0.9, centered=True), id="RMSprop"
    ),
    pytest.param(lambda p: optim.Adagrad(p, lr=1e-2), id="Adagrad"),
    pytest.param(lambda p: optim.Adam(p, lr=1e-2, weight_decay=1e-3), id="Adam"),
    pytest.param(lambda p: optim.Adam(p, lr=1e-2, amsgrad=True), id="AMSGrad"),
    pytest.param(lambda p: optim.AdamW(p, lr=1e-2), id="AdamW"),
    pytest.param(lambda p: optim.NAdam(p, lr=1e-2), id="NAdam"),
    pytest.param(lambda p: optim.Lion(p, lr=1e-3), id="Lion"),
]


@pytest.mark.parametrize("make_optimizer", OPTIMIZERS)
def test_two_hundred_steps_bit_for_bit(make_optimizer: Any) -> None:
    runs = [trained(make_optimizer, [5, 16, 8, 3], 32, 200, c) for c in (False, True)]
    assert runs[0] == runs[1]


def test_relu_and_dropout_are_fused_and_dead_launches_dropped() -> None:
    _, train = classifier(lambda p: optim.Adam(p), [5, 16, 8, 3])
    step = ag.compile(train)
    x, y = np.ones((4, 5), np.float32), np.array([0, 1, 2, 0])
    step(x, y), step(x, y)
    fused = " ".join(step.program.explain().fused)
    assert "relu_dropout_backward x2" in fused
    assert "relu_dropout x2" in fused


def test_relu_fused_into_a_product_has_the_bits_of_relu() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((8, 5)).astype(np.float32)
    x[0] = np.float32(1e-30)  # products that round to -0.0, and NaN
    w = rng.standard_normal((7, 5)).astype(np.float32)
    w[0], w[1, 2] = np.float32(-1e-30), np.nan

    def layer(x: Any) -> Any:
        return TABLE["relu"](TABLE["linear"](x, w, None))

    compiled = compile(layer)
    expected = bits(layer(ag.tensor(x)))
    assert bits(*(compiled(x) for _ in range(4))) == expected * 4
    assert compiled.recordings == 2
    assert "matmul_relu x1" in compiled.program.explain().fused


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_a_slope_is_computed_only_where_it_is_read(approximate: str) -> None:
    rng = np.random.default_rng(0)
    x = ag.tensor(rng.standard_normal((5, 7)).astype(np.float32), requires_grad=True)
    g = rng.standard_normal((5, 7)).astype(np.float32)

    def forward() -> Any:
        return nn.functional.gelu(x, approximate)

    def both() -> Any:
        x.grad = None
        y = forward()
        y.backward(g)
        return y

    with ag.no_grad():
        plain = bits(forward())
    assert bits(forward()) == plain
    eager = bits(both(), x.grad)
    values, gradients = compile(forward), compile(both)
    for _ in range(5):
        assert bits(values()) == plain
        assert bits(gradients(), x.grad) == eager
    assert values.recordings == gradients.recordings == 2
    assert "without_slope x1" in values.program.explain().fused
    assert "without_slope x1" not in gradients.program.explain().fused


def test_labels_out_of_range_stop_a_replay_before_the_update() -> None:
    model, train = classifier(lambda p: optim.Adam(p), [5, 16, 8, 3])
    step = ag.compile(train)
    x, y = np.ones((4, 5), np.float32), np.array([0, 1, 2, 0])
    x += np.random.default_rng(0).standard_normal(x.shape).astype(np.float32)
    for _ in range(3):
        step(x, y)
    before = [p.data.tobytes() for p in model.parameters()]
    for bad in ([0, 1, 3, 0], [0, -1, 2, 0]):
        with pytest.raises(ValueError, match="cross_entropy: label"):
            step(x, np.array(bad))
    with pytest.raises(ValueError, match="batch_norm"):
        step(x * np.float32(np.nan), y)
    assert [p.data.tobytes() for p in model.parameters()] == before
    step(x, y)
    assert [p.data.tobytes() for p in model.parameters()] != before
    assert step.recordings == 2


def test_what_lives_at_one_time_shares_no_bytes() -> None:
    _, train = classifier(lambda p: optim.Adam(p), [5, 16, 8, 3])
    step = ag.compile(train)
    for _ in range(2):
        step(np.eye(4, 5, dtype=np.float32), np.array([0, 1, 2, 0]))
    lives: dict[Any, list[int]] = {}
    for time, event in enumerate(step.program.events):
        for array in event.arrays:
            if isinstance(array, Ref) and array.buffer.home is None and array.nbytes:
                lives.setdefault(array.buffer, []).append(time)
    assert len(lives) > 20
    pairs = combinations(lives, 2)
    together = [(a, b) for a, b in pairs if not apart(lives[a], lives[b])]
    assert len(together) > 20
    for a, b in together:
        assert a.offset + a.nbytes <= b.offset or b.offset + b.nbytes <= a.offset


def apart(a: list[int], b: list[int]) -> bool:
    return max(a) < min(b) or max(b) < min(a)
