"""A long tape: bytes for each node, linear time, no recursion; nothing is left."""

import gc
import time
import tracemalloc

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.tape import Node, TensorBase

LONG = 100_000
STEPS = {
    # step: (bytes for each node, array included, at most)
    "unary": (np.sin, 640),
    "binary": (lambda y: y + y, 320),
    "saving": (lambda y: y * y, 760),
    "number": (lambda y: y * 0.999999, 340),
    "view": (lambda y: y[...], 600),
}


def chain(step, length):
    x = ag.tensor(np.array(0.5), requires_grad=True)
    y = x
    for _ in range(length):
        y = step(y)
    return x, y


@pytest.fixture
def without_gc():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def nodes():
    """How many there are."""
    return sum(type(one) is Node for one in gc.get_objects())


@pytest.mark.parametrize("name", STEPS)
def test_bytes_of_a_node(name, without_gc, capsys):
    step, most = STEPS[name]
    chain(step, 10)
    tracemalloc.start()
    try:
        x, y = chain(step, LONG)
        held = tracemalloc.get_traced_memory()[0] / LONG
    finally:
        tracemalloc.stop()
    with capsys.disabled():
        print(f"[{name}: {held:.0f} bytes a node]", end=" ")
    assert held < most
    before = nodes()
    del x, y  # no backward has taken it apart: this must not recurse
    assert before - nodes() == LONG


@pytest.mark.parametrize("retain", [False, True])
def test_backward_of_a_long_chain(retain, without_gc):
    before = nodes()
    x, y = chain(STEPS["unary"][0], LONG)
    y.backward(retain_graph=retain)
    assert x.grad is not None
    if not retain:
        assert nodes() <= before + 1
    del y
    assert nodes() == before


def test_transforms_of_a_long_chain():
    def f(x):
        y = x
        for _ in range(LONG // 20):
            y = y * 0.9999 + 0.0001 * x
        return y

    exact = ag.grad(f)(2.0).item()
    assert exact == pytest.approx(1, rel=1e-9)
    assert ag.jvp(f, 2.0, 1.0)[1].item() == pytest.approx(exact, rel=1e-9)
    with ag.no_grad():
        assert ag.hvp(lambda x: f(x) ** 2, 2.0, 1.0).item() == pytest.approx(2)


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_a_million_nodes_take_linear_time(name, without_gc):
    step = STEPS[name][0]
    times = []
    for length in (LONG, 10 * LONG):
        start = time.perf_counter()
        _, y = chain(step, length)
        with np.errstate(all="ignore"):
            y.backward()
        del y
        times.append(time.perf_counter() - start)
    assert times[1] < 30 * times[0]  # quadratic: 100


# Rounds ----------------------------------------------------------------------------

X = np.linspace(0.1, 1, 8)


def f(x):
    return np.sum(np.exp(x * 0.5) * np.sin(x) / (1 + x**2))


def vector(x):
    return np.tanh(x) * np.sum(x)


def refused(slope):
    with pytest.raises(ValueError, match="scalar"):
        slope(X)


ROUNDS = {
    "backward": lambda: f(ag.tensor(X, requires_grad=True)).backward(),
    "grad": lambda: ag.grad(f)(X),
    "value_and_grad": lambda: ag.value_and_grad(f)(X),
    "aux": lambda: ag.grad(lambda x: (f(x), x * 2), has_aux=True)(X),
    "elementwise_grad": lambda: ag.elementwise_grad(vector)(X),
    "vjp": lambda: ag.vjp(vector, X)[1](X),
    "vjp without a pull": lambda: ag.vjp(vector, X),
    "jvp": lambda: ag.jvp(vector, X, X),
    "hvp": lambda: ag.hvp(f, X, X),
    "jacobian": lambda: ag.jacobian(vector)(X),
    "hessian": lambda: ag.hessian(f)(X),
    "grad of grad": lambda: ag.grad(lambda x: ag.grad(f)(x).sum())(X),
    "checkpoint": lambda: ag.grad(lambda x: ag.checkpoint(vector, x).sum())(X),
    "an error": lambda: refused(ag.grad(vector)),
    "a tree": lambda: ag.grad(lambda d: f(d["a"][0]))({"a": [X]}),
}


def alive():
    """How many tensors and nodes there are."""
    return sum(issubclass(type(one), TensorBase | Node) for one in gc.get_objects())


@pytest.mark.parametrize("name", ROUNDS)
def test_nothing_is_left_after_many_rounds(name, without_gc):
    """With the collector off: no cycles."""
    run = ROUNDS[name]
    run()
    gc.collect()  # what compiling has left
    before = alive()
    for _ in range(30):
        run()
    assert alive() == before
    assert gc.collect() < 30  # a cycle in each round


def test_memory_is_back_after_a_thousand_rounds(without_gc):
    rounds, held = 1000, []
    tracemalloc.start()
    try:
        for _ in range(2):  # the first fills caches of a fixed size
            for _ in range(rounds):
                ag.grad(f)(X)
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held[1] - held[0] < 50 * rounds  # a tensor: 300
