"""``ag.detect_anomaly``: the first op that made a NaN or an infinity, and its line."""

import inspect
import threading
from contextlib import nullcontext

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import nn
from autograd_core.hooks import RECORDING, current


def line_of(function, offset=1):
    """The file and line of a statement of a function, as an error shows it."""
    return f"{__file__}:{inspect.getsourcelines(function)[1] + offset}"


def leaf(*values):
    return ag.tensor(values, requires_grad=True)


def log_of_zero():
    return np.log(leaf(1.0, 0.0))


def sqrt_of_minus():
    return np.sqrt(leaf(1.0, -1.0, -4.0))


def sqrt_backward():
    y = np.sqrt(leaf(0.0, 1.0))
    y.sum().backward()


def divided():
    return leaf(0.0, 1.0) / np.zeros(2, np.float32)


def passed_on():
    return leaf(np.nan, 1.0) * 2.0


def where_trap():
    x = leaf(0.0, 2.0)
    y = np.where(x.data > 0, np.sqrt(x), 0.0)
    y.sum().backward()


def second_order():
    f = lambda x: np.sqrt(x).sum()  # noqa: E731
    ag.hessian(f)(np.array([0.0, 1.0]))


def under_no_grad():
    with ag.no_grad():
        np.log(ag.tensor([-1.0]))


def in_grad():
    f = lambda x: np.log(x).sum()  # noqa: E731
    ag.grad(f)(np.array([-1.0]))


def in_checkpoint():
    inner = lambda x: np.sqrt(x)  # noqa: E731
    ag.checkpoint(inner, leaf(0.0, 1.0)).sum().backward()


@ag.compile
def compiled(x):
    return np.log(x).sum()


def in_compiled():
    compiled(np.zeros(3))


def custom_forward():
    ag.custom_vjp(lambda x: x * np.inf)(leaf(1.0, 2.0))


def custom_backward():
    bad = ag.custom_vjp(lambda x: x, lambda g, out, x: g * np.nan)
    bad(leaf(1.0)).sum().backward()


def first_of_many():
    x = leaf(2.0, 3.0)
    for _ in range(4):
        x = np.exp(x)  # the third is too much for float32


CASES = {  # what happens: the start of the error, the line of the call, more of it
    log_of_zero: (
        "log made inf (1 of 2, first at (1,)); called at",
        1,
        "finite, from 0",
    ),
    sqrt_of_minus: (
        "sqrt made NaN (2 of 3, first at (1,)); called at",
        1,
        "(3,), float32",
    ),
    sqrt_backward: (
        "backward of sqrt made inf in the gradient by input 'x'",
        1,
        "its out",
    ),
    divided: ("div made NaN (1 of 2, first at (0,))", 1, "input 'b': shape (2,)"),
    passed_on: (
        "mul passed on NaN (1 of 2",
        1,
        "input 'a': shape (2,), float32, already",
    ),
    where_trap: ("backward of sqrt made NaN", 2, "gradient that came in"),
    second_order: ("backward of sqrt made inf", 1, "float64"),
    under_no_grad: ("log made NaN (1 of 1, first at (0,))", 2, "from -1 to -1"),
    in_grad: ("log made NaN", 1, "from -1 to -1"),
    in_checkpoint: ("backward of sqrt made inf", 1, "its output"),
    in_compiled: ("log made inf (3 of 3", None, "(3,), float64"),
    custom_forward: ("<lambda> made inf (2 of 2", 1, "input 0: shape (2,)"),
    custom_backward: ("backward of <lambda> made NaN in the gradient", 2, "finite"),
    first_of_many: ("exp made inf (2 of 2", 3, "finite, from"),
}


@pytest.mark.parametrize("case", CASES, ids=lambda f: f.__name__)
def test_it_names_the_first_op_and_its_line(case):
    start, offset, more = CASES[case]
    with pytest.raises(FloatingPointError) as caught, ag.detect_anomaly():
        case()
    text = str(caught.value)
    assert text.startswith(f"detect_anomaly: {start}"), text
    where = line_of(compiled.function, 2) if offset is None else line_of(case, offset)
    assert where in text, text
    assert more in text, text
    assert (RECORDING, current.watcher) == ([], None)


def test_what_is_finite_is_as_without_it(rng):
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    x = rng.standard_normal((5, 4)).astype(np.float32)
    grads = []
    for watch in (False, True):
        net.zero_grad()
        with ag.detect_anomaly() if watch else nullcontext():
            (net(x) ** 2).mean().backward()
        grads.append([p.grad.data.tobytes() for p in net.parameters()])
    assert grads[0] == grads[1]


def test_an_infinity_that_was_given_is_none():
    with ag.detect_anomaly():
        x = leaf(1.0, 2.0)
        masked = np.where(np.array([True, False]), x, -np.inf)
        np.exp(masked).sum().backward()
    assert np.isfinite(x.grad.data).all()


def test_a_forward_outside_of_the_block_has_no_line():
    y = np.sqrt(leaf(0.0))
    with (
        pytest.raises(
            FloatingPointError, match="forward was called outside of the block"
        ),
        ag.detect_anomaly(),
    ):
        y.sum().backward()


def test_it_nests_and_is_of_its_thread_alone():
    found = []
    thread = threading.Thread(target=lambda: found.append(log_of_zero()))
    with ag.detect_anomaly():
        with ag.detect_anomaly():
            np.exp(leaf(1.0))
        thread.start()
        thread.join()
        with pytest.raises(FloatingPointError):
            log_of_zero()
    assert np.isinf(found[0].data).any()
    assert np.isinf(log_of_zero().data).any()
    assert RECORDING == []


def test_a_compiled_function_goes_on_being_replayed_afterwards():
    fast = ag.compile(lambda x: np.log(x).sum())
    x = np.array([1.0, 2.0])
    for _ in range(3):
        fast(x)
    with ag.detect_anomaly():
        assert fast(x).item() == np.log(x).sum()
        with pytest.raises(FloatingPointError):
            fast(0 * x)
    assert np.isinf(fast(0 * x).item())
    assert fast.recordings == 2


def test_inside_a_compiled_function_it_is_refused():
    def f(x):
        with ag.detect_anomaly():
            return np.log(x)

    with pytest.raises(RuntimeError, match=r"ag\.detect_anomaly\(\) inside a compiled"):
        ag.compile(f)(np.ones(2))
