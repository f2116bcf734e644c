"""Programs: what a replay reads and makes anew, so that nothing is frozen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from program_cases import bits

import autograd_core as ag
from autograd_core import nn

F = nn.functional
INPUTS = [
    np.array(x, np.float32)
    for x in ([1, -2, 3], [-4, 5, 0.5], [0.1, 7, -8], [2, -2, -2])
]


class Outside:
    """What functions close over; `change` writes to all of it in place."""

    def __init__(self) -> None:
        self.w = ag.tensor(np.arange(9.0).reshape(3, 3) / 7, np.float32, True)
        self.array = np.ones(3, np.float32)
        self.wide = np.ones(3)
        self.tensor = ag.ones(3)
        self.leaf = ag.ones(3, requires_grad=True)
        self.index = np.arange(3)
        self.labels = np.arange(3)
        self.mask = np.ones(3, bool)

    def change(self, k: int) -> None:
        self.array[...] = [k, 2 * k, -k]
        self.wide[...] = self.array / 3
        self.tensor[...] = self.array * 2
        self.index[...] = [k % 3, 2, (k + 1) % 3]
        self.labels[...] = [(k + 1) % 3, 0, k % 3]
        self.mask[...] = [k % 2, k % 2 == 0, 1]


def backward_from(seed: Callable[[Any, Outside], Any]) -> Callable[..., Any]:
    def function(x: Any, o: Outside) -> Any:
        o.w.grad = None
        y = o.w[0] * o.w[1]
        y.backward(seed(x, o))
        return y, o.w.grad

    return function


def seed_becomes_gradient(x: Any, o: Outside) -> Any:
    o.leaf.grad = None
    (o.leaf + 0.0).backward(x)
    o.leaf.grad *= 2
    return x * 1, o.leaf.grad


def pulled_back(x: Any, cotangent: Any) -> Any:
    _, pull = ag.vjp(lambda a: a * a, x)
    return pull(cotangent)


def gradient_through_computed_index(x: Any, o: Outside) -> Any:
    o.w.grad = None
    rows = o.w[(x > 0).astype(np.int64)]
    (rows * rows).sum().backward()
    return o.w.grad


def written(make: Callable[[Any, Outside], Any]) -> Callable[..., Any]:
    def function(x: Any, o: Outside) -> Any:
        b = make(x, o)
        b += x
        b[1] = x[0]
        return b

    return function


def written_by_a_view(x: Any, o: Outside) -> Any:
    b = ag.zeros(3, 3)
    b[0] += x
    row = b[1]
    row += x
    b.T[2] += x
    return b, b.sum()


def inner_loop(x: Any, o: Outside) -> Any:
    p = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    for _ in range(3):
        p.grad = None
        (p * p * x).sum().backward()
        with ag.no_grad():
            p -= 0.1 * p.grad
    return p, p.grad


def accumulated_gradient(x: Any, o: Outside) -> Any:
    o.w.grad = ag.ones(3, 3)
    (o.w * x).sum().backward()
    return o.w.grad


def updated_gradient(x: Any, o: Outside) -> Any:
    o.w.grad = ag.ones(3, 3)
    o.w.grad *= x
    (o.w * x).sum().backward()
    ag.optim.clip_grad_norm_([o.w], 1.0)
    return o.w.grad


def running_statistics(x: Any, o: Outside) -> Any:
    mean, var = ag.zeros(3), ag.ones(3)
    y = F.batch_norm(o.w * x, mean, var, x, o.tensor, True)
    return y, mean, var


CASES: dict[str, Callable[[Any, Outside], Any]] = {
    "an array": lambda x, o: x * o.array,
    "a tensor": lambda x, o: x * o.tensor,
    "labels": lambda x, o: F.cross_entropy(o.w, o.labels),
    "a mask": lambda x, o: np.where(o.mask, x, o.array),
    "seed: argument": backward_from(lambda x, o: x),
    "seed: computed": backward_from(lambda x, o: x * 2.0),
    "seed: array": backward_from(lambda x, o: o.array),
    "seed: float64": backward_from(lambda x, o: o.wide[::-1]),
    "seed: tensor": backward_from(lambda x, o: o.tensor),
    "seed becomes gradient": seed_becomes_gradient,
    "vjp of an array": lambda x, o: pulled_back(x, o.array),
    "vjp of a tensor": lambda x, o: pulled_back(x, o.tensor),
    "index: array": lambda x, o: o.w[o.index],
    "index: part": lambda x, o: o.w[:, o.index[::-1]],
    "index: computed": lambda x, o: o.w[(x > 0).astype(np.int64), 1],
    "index: take": lambda x, o: np.take(o.w, (x > 0).astype(np.int64), 1),
    "index: gradient": gradient_through_computed_index,
    "made: zeros": written(lambda x, o: ag.zeros(3)),
    "made: ones_like": written(lambda x, o: ag.ones_like(x, np.float64)),
    "made: arange": written(lambda x, o: ag.arange(3.0)),
    "made: a list": written(lambda x, o: ag.tensor([1.0, 2.0, 3.0])),
    "made: a copy": written(lambda x, o: ag.tensor(o.array)),
    "made: of an argument": written(lambda x, o: ag.tensor(x, np.float64)),
    "made: of bare data": written(lambda x, o: ag.tensor(x.data)),
    "made: six axes": lambda x, o: written(lambda x, o: ag.zeros(3, 2, 1, 2, 2, 3))(
        x, o
    ),
    "made: empty": lambda x, o: ag.zeros(0, 3) + x,
    "made: a view is written": written_by_a_view,
    "made: a parameter": inner_loop,
    "made: a gradient, added to": accumulated_gradient,
    "made: a gradient, updated": updated_gradient,
    "made: running statistics": running_statistics,
}


# NumPy arrays from outside, which Python may read too: the first change makes a check.
CHECKED = {
    *("an array", "labels", "a mask", "seed: array", "seed: float64"),
    *("vjp of an array", "index: array", "index: part", "made: a copy"),
}
# What cannot be replayed, and the reason that is given.
EAGER = {
    "made: of bare data": r"the bare array of a tensor \(\.data\) is read at .*py:"
}


def changing(run: Callable[[Any], Any], o: Outside) -> list[list[bytes]]:
    """Results of calls between which all that is outside changes."""
    results = []
    for k, x in enumerate(INPUTS * 2):
        o.change(k)
        y = run(x)
        results.append(bits(*(y if isinstance(y, tuple | list) else [y])))
    return results


@pytest.mark.parametrize("name", CASES)
def test_replays_compute_what_eager_does(name: str) -> None:
    function, o = CASES[name], Outside()
    expected = changing(lambda x: function(ag.tensor(x), o), o)
    assert len({str(r) for r in expected}) > 1 or name == "made: empty"
    o = Outside()
    compiled = ag.compile(lambda x: function(x, o))
    if name in EAGER:
        with pytest.warns(RuntimeWarning, match=EAGER[name]):
            assert changing(compiled, o) == expected
        assert compiled.program is None
    else:
        assert changing(compiled, o) == expected
        assert compiled.recordings == 2 + (name in CHECKED)  # the others were replays
        assert compiled.program is not None


def test_constants_that_are_not_written_are_not_copied() -> None:
    step = ag.compile(lambda x: x * ag.ones(3) + ag.arange(3.0) + ag.eye(3))
    step(INPUTS[0]), step(INPUTS[1])
    names = [name for name, _, _ in step.program.explain().rows]
    assert names == ["elementwise.mul", "elementwise.add", "elementwise.add"]


def test_a_tensor_that_is_written_and_kept_outside_is_eagers() -> None:
    def summed(compiled: bool, strict: bool = False) -> list[list[bytes]]:
        kept = []

        def function(x: Any) -> Any:
            total = ag.zeros(3)
            total += x
            kept.append(total)
            return total * 2

        run = ag.compile(function, strict=strict) if compiled else function
        outs = [run(ag.tensor(x)) for x in INPUTS * 6]
        assert not compiled or run.program is None
        return [bits(*outs), bits(*kept)]

    told = r"function \(.*test_program_values\.py:\d+\) does not settle: .*kept.*eager"
    with pytest.warns(RuntimeWarning, match=told) as caught:
        compiled = summed(True)
    assert len(caught) == 1
    assert compiled == summed(False)
    with pytest.raises(RuntimeError, match="does not settle"):
        summed(True, strict=True)


@pytest.mark.parametrize(
    "function", [lambda x: x[x > 0], lambda x: ag.ones(3)[(x > 0, ...)]]
)
def test_a_computed_mask_is_no_index(function: Any) -> None:
    with pytest.raises(RuntimeError, match="index by a mask"):
        ag.compile(function)(INPUTS[0])


def test_a_mask_from_outside_may_not_change_how_many_it_takes() -> None:
    mask = np.array([True, True, False])
    taken = ag.compile(lambda x: x[mask])
    for x in INPUTS[:2]:
        assert bits(taken(x)) == bits(x[mask])
    mask[...] = [False, True, True]
    for x in INPUTS:
        assert bits(taken(x)) == bits(x[1:])
    assert taken.recordings == 3  # the array's first change made a check
    mask[...] = [False, True, False]
    with pytest.raises(ValueError, match=r"shape \(2,\) .* \(1,\) now"):
        taken(INPUTS[0])


DRAWS = {
    "randn": lambda x: x + ag.randn(3),
    "rand": lambda x: x + ag.rand(3),
    "layer": lambda x: nn.Linear(3, 1)(x),
    "init": lambda x: nn.init.normal_(ag.tensor(x)),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_draw_inside_says_to_draw_outside(name):
    with pytest.raises(RuntimeError, match="Draw outside and pass the numbers") as told:
        ag.compile(DRAWS[name])(np.ones(3, np.float32))
    assert "np.where" not in str(told.value)
    assert "traced tensor" not in str(told.value)


@pytest.mark.parametrize("made", [np.zeros, lambda n: [np.ones(n)], lambda n: object()])
def test_what_is_new_in_each_call_keeps_a_function_eager(made):
    """As compile.md has it: the values are right, and the caller's own."""
    f = ag.compile(lambda x: (x * 2, made(3)))
    x = np.ones(3, np.float32)
    with pytest.warns(RuntimeWarning, match=r"output 1 is another \w+ in each call"):
        results = [f(x)[1] for _ in range(9)]
    assert len(set(map(id, results))) == 9
    if made is np.zeros:
        results[0][:] = 7
        assert not f(x)[1].any()
