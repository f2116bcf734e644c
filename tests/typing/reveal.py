"""What users' code is to checkers and editors: mypy reads it, test_typing runs it.

Each ``assert_type`` is held by mypy (``make lint``) and, at run time, by isinstance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

import numpy as np

import autograd_core as ag
from autograd_core import Tensor, nn
from autograd_core.ops import elementwise, matmul
from autograd_core.program import Compiled

F = nn.functional
x = ag.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
array = np.ones((2, 2), np.float32)


# Tensors ---------------------------------------------------------------------------

assert_type(x.grad, Tensor | None)
OPERATORS = (
    assert_type(x + x, Tensor),
    assert_type(x - 1, Tensor),
    assert_type(1.5 * x, Tensor),
    assert_type(2 / x, Tensor),
    assert_type(x / array, Tensor),
    assert_type(2**x, Tensor),
    assert_type(x**2, Tensor),
    assert_type([1.0, 2.0] - x, Tensor),
    assert_type(x @ [1.0, 2.0], Tensor),
    assert_type(x > 0, Tensor),
    assert_type(0 <= x, Tensor),  # noqa: SIM300
    assert_type(x == 1, Tensor),
    assert_type(x != array, Tensor),
    assert_type(-x, Tensor),
    assert_type(+x, Tensor),
    assert_type(abs(x), Tensor),
)
y = x * 1
y += 1
y -= x
y *= array
y /= 2
y **= 2
y @= x
assert_type(y, Tensor)
assert_type(x[0], Tensor)
assert_type(x[:, None], Tensor)
assert_type(next(iter(x)), Tensor)
assert_type(x.T, Tensor)
assert_type(x.sum(axis=0), Tensor)
assert_type(x.reshape(-1).exp().mean(), Tensor)
assert_type(x.shape, tuple[int, ...])
assert_type(x.numpy(), np.ndarray[Any, Any])
assert_type(x.detach().requires_grad_(), Tensor)
x.sum().backward()
if x.grad is not None:
    assert_type(x.grad.sum(), Tensor)
x.grad = None

weight = nn.Parameter([1.0, 2.0])
assert_type(weight.sum(), Tensor)
assert_type(weight + 1, Tensor)
assert_type(weight.requires_grad_(), nn.Parameter)
assert_type(ag.zeros(2, 3), Tensor)
assert_type(ag.zeros((2, 3), dtype=np.float64), Tensor)


# Modules ---------------------------------------------------------------------------


class Typed(nn.Module):
    """A user's model with types."""

    def __init__(self) -> None:
        self.body = nn.Linear(2, 3)

    def forward(self, x: Tensor, scale: float = 1.0) -> tuple[Tensor, float]:
        return self.body(x) * scale, scale


class Untyped(nn.Module):
    """A user's model without."""

    def forward(self, x):  # type: ignore[no-untyped-def]
        return x


model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.BatchNorm1d(3), nn.Dropout(0.1))
assert_type(nn.Linear(2, 3)(x), Tensor)
assert_type(nn.Linear(2, 3)(array), Tensor)
assert_type(nn.LayerNorm(2)(x), Tensor)
assert_type(nn.Softmax(-1)(x), Tensor)
assert_type(model(array), Tensor)
assert_type(nn.MSELoss()(x, array), Tensor)
assert_type(nn.CrossEntropyLoss()(model(x), np.array([0, 1])), Tensor)
assert_type(Typed()(array), tuple[Tensor, float])
assert_type(Typed()(x, scale=2.0), tuple[Tensor, float])
assert_type(Untyped()(x), Any)
function: Callable[[Tensor], Tensor] = model
assert_type(model.eval(), nn.Sequential)
assert_type(F.relu([1.0, -1.0]), Tensor)
assert_type(F.linear(array, weight.reshape(1, 2)), Tensor)
assert_type(F.cross_entropy(x, [0, 1], reduction="sum"), Tensor)


# Functions of functions ------------------------------------------------------------


def loss(x: Tensor, power: int = 2) -> Tensor:
    """A scalar function."""
    return (x**power).sum()


assert_type(ag.grad(loss)(x), Tensor)
assert_type(ag.grad(loss)(array, power=3), Tensor)
assert_type(ag.grad(lambda x: x**3)(2.0), Tensor)
assert_type(ag.grad(ag.grad(lambda x: x**3))(2.0), Tensor)
assert_type(ag.grad(loss, (0,))(x), tuple[Tensor, ...])
assert_type(ag.value_and_grad(loss)(x), tuple[Tensor, Tensor])
assert_type(ag.value_and_grad(loss, (0,))(x), tuple[Tensor, tuple[Tensor, ...]])
assert_type(ag.jacobian(lambda x: x * 2)(x), Tensor)
assert_type(ag.hessian(loss)(x), Tensor)
assert_type(ag.hvp(loss, x, array), Tensor)
assert_type(ag.hvp(loss, (x,), (array,)), tuple[Tensor, ...])
assert_type(ag.jvp(loss, x, array), tuple[Tensor, Tensor])
value, pullback = ag.vjp(loss, x)
assert_type(value, Tensor)
assert_type(pullback(1.0), tuple[Tensor, ...])
assert_type(ag.checkpoint(loss, x, power=3), Tensor)


# Compiled functions ----------------------------------------------------------------


@ag.compile
def double(x: Tensor, times: float = 2.0) -> Tensor:
    """As a decorator."""
    return x * times


@ag.compile(strict=True)
def triple(x: Tensor) -> Tensor:
    """With arguments."""
    return x * 3


class Learner:
    """With a compiled method."""

    @ag.compile
    def step(self, x: Tensor) -> Tensor:
        return x + 1


compiled = ag.compile(model)
data = x.detach()
assert_type(double(data), Tensor)
assert_type(double(data, times=3.0), Tensor)
assert_type(triple(data), Tensor)
assert_type(triple.recordings, int)
assert_type(Learner().step(data), Tensor)
assert_type(ag.compile(loss)(data), Tensor)
assert_type(compiled(array), Tensor)
pair: Compiled[[Tensor, float], Tensor] = ag.compile(lambda x, y: x * y)


@ag.no_grad()
def predict(x: Tensor) -> Tensor:
    """Keeps its type under the decorator."""
    return model(x)


assert_type(predict(x), Tensor)
with ag.no_grad():
    assert_type(model(x), Tensor)


# Ops: arrays for arrays, Tensors for Tensors -----------------------------------------

assert_type(elementwise.add(x, 1.0), Any)
assert_type(matmul.linear(x, weight.reshape(1, 2), None), Any)


# What is wrong is found: an ignore that is not needed is an error ---------------------


def wrong() -> None:
    """Never called."""
    elementwise.add(x)  # type: ignore[call-arg]
    elementwise.add(x, c=1)  # type: ignore[call-arg]
    x.grad.sum()  # type: ignore[union-attr]
    double(x, tims=2.0)  # type: ignore[call-arg]
    double("x")  # type: ignore[arg-type]
    triple(x, 2)  # type: ignore[call-arg]
    Learner().step()  # type: ignore[call-arg]
    predict()  # type: ignore[call-arg]
    ag.checkpoint(loss, x, pwer=3)  # type: ignore[call-arg]
    F.relu(x, 1)  # type: ignore[call-arg]
    F.relu({})  # type: ignore[arg-type]
    x + {}  # type: ignore[arg-type]
