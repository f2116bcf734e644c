"""Programs: large inputs and outputs are used where the caller has them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from program_cases import bits

import autograd_core as ag
from autograd_core import nn

SHAPE = (300, 400)  # of half a megabyte
W = ag.tensor(np.linspace(-1, 1, 400, dtype="f4"))
V = ag.tensor(np.linspace(-1, 1, 400, dtype="f4"), requires_grad=True)


def drawn(seed: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32)


def with_gradient(x: Any) -> Any:
    V.grad = None
    y = np.tanh(x * V)
    y.backward(x)
    return y, V.grad, x + V.grad


def in_place(x: Any) -> Any:
    x += 1.0
    return x * 2.0, x


# name: function, numbers of the inputs that are moved, and of the outputs: arrays that
# share memory count once
CASES: dict[str, tuple[Callable[[Any], Any], set[int], set[int]]] = {
    "elementwise": (lambda x: np.exp(-x * x) * W, {0}, {0}),
    "gelu": (lambda x: nn.functional.gelu(x) + x, {0}, {0}),
    "product": (lambda x: x @ x.T, {0}, {0}),
    "small output": (lambda x: (x * x).sum(0), {0}, set()),
    "several outputs": (lambda x: [x + 1.0, {"a": x * 2.0}, x.sum()], {0}, {0, 1}),
    "one output twice": (lambda x: (lambda y: (y, y))(x * 2.0), {0}, set()),
    "a view beside it": (lambda x: (lambda y: (y, y[0]))(x * 2.0), {0}, set()),
    "a part of it": (lambda x: (x * 2.0)[1:], {0}, set()),
    "transposed": (lambda x: (x * 2.0).T, {0}, set()),
    "reshaped": (lambda x: (x * 2.0).reshape(-1, 3), {0}, {0}),
    "the input": (lambda x: (x, x[1:], x + 1.0), set(), {1}),
    "read later": (lambda x: (lambda y: (y, np.exp(y)))(x * 2.0), {0}, {0, 1}),
    "written later": (lambda x: (x * 2.0).add_(x), {0}, {0}),
    "in place": (in_place, set(), {0}),
    "softmax": (lambda x: nn.functional.softmax(x), {0}, {0}),
    "with a gradient": (with_gradient, set(), {0, 2}),
    "by a host call": (lambda x: (x * 2.0)[np.arange(200)] + 1.0, set(), {0}),
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", CASES)
def test_values_are_those_of_eager(name: str, threads: int) -> None:
    function, inputs, outputs = CASES[name]
    before = ag.get_num_threads()
    ag.set_num_threads(threads)
    try:
        compiled = ag.compile(function)
        results = []
        for seed in range(6):
            x = drawn(seed)
            expected = leaves(function(ag.tensor(x)))
            results.append((leaves(compiled(x)), bits(*expected)))
            assert bits(ag.Tensor(x)) == bits(ag.Tensor(drawn(seed)))
        for got, right in results[:-1] if name == "with a gradient" else results:
            fixed = got[:1] if name == "with a gradient" else got
            assert bits(*fixed) == right[: len(fixed)]
        assert not compiled.program.brief
        assert compiled.recordings == 2
        assert set(compiled.program.relocations.inputs) == inputs
        assert set(compiled.program.relocations.outputs) == outputs
        if name != "by a host call":
            compiled.program.profile(2)
    finally:
        ag.set_num_threads(before)


def leaves(result: Any) -> list[ag.Tensor]:
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, tuple | list):
        return [leaf for part in result for leaf in leaves(part)]
    return [result]


def misaligned(x: Any) -> Any:
    raw = np.empty(x.nbytes + 1, np.uint8)
    out = raw[1:].view(x.dtype).reshape(x.shape)
    out[...] = x
    assert not out.flags.aligned
    return out


def read_only(x: Any) -> Any:
    x.flags.writeable = False
    return x


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "transposed": lambda x: np.asfortranarray(x),
    "reversed": lambda x: np.ascontiguousarray(x[::-1])[::-1],
    "spread": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "big-endian": lambda x: x.astype(">f4"),
    "misaligned": misaligned,
    "read-only": read_only,
    "tensor": ag.Tensor,
    "subclass": lambda x: np.matrix(x),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_inputs_of_any_layout(layout: str) -> None:
    compiled = ag.compile(lambda x: np.exp(x) - x)
    for seed in range(5):
        x = drawn(seed)
        expected = np.exp(ag.tensor(x)) - ag.tensor(x)
        assert bits(compiled(x)) == bits(expected)
        assert bits(compiled(LAYOUTS[layout](x))) == bits(expected)


def test_the_last_gradient_may_be_an_input() -> None:
    w = ag.tensor(drawn(0), requires_grad=True)

    def step(x: Any, g: Any) -> Any:
        w.grad = None
        (w * x + g).backward(x)
        return g * 2.0 + w.grad

    compiled, results = ag.compile(step), []
    for run in (step, compiled):
        g = drawn(1)
        for seed in range(6):
            out = run(ag.Tensor(drawn(seed)), ag.Tensor(g))
            g = w.grad.data
        results.append(bits(out))
    assert results[0] == results[1]


def test_an_input_that_becomes_a_gradient_is_copied() -> None:
    leaf = ag.zeros(*SHAPE, requires_grad=True)

    @ag.compile
    def step(x: Any) -> Any:
        leaf.grad = x
        return x * 2.0

    for seed in range(5):
        x = drawn(seed)
        step(x)
        x += 1
        assert bits(leaf.grad) == bits(ag.Tensor(drawn(seed)))
    assert step.recordings == 2


def test_after_an_error_the_next_call_is_right() -> None:
    def loss(x: Any, y: Any) -> Any:
        return nn.functional.cross_entropy(x, y, reduction="none"), x + 1.0

    compiled, x, y = ag.compile(loss), drawn(0), np.zeros(300, np.int64)
    expected = bits(*compiled(x, y))
    assert bits(*compiled(x, y)) == expected
    for _ in range(2):
        with pytest.raises(ValueError, match="label"):
            compiled(x, y + 400)
        assert bits(*compiled(x, y)) == expected
    assert compiled.recordings == 2


def test_calls_from_several_threads() -> None:
    compiled = ag.compile(lambda x: np.exp(-x * x))
    right = [bits(compiled(drawn(i))) for i in range(4)]
    assert compiled.recordings == 2
    wrong: list[int] = []

    def work(i: int) -> None:
        x = drawn(i)
        for _ in range(50):
            if bits(compiled(x)) != right[i]:
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
