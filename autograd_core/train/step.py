"""One training step, and the penalty that may be part of what it minimises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograd_core import optim
from autograd_core.hooks import Array
from autograd_core.launch import launch, new_status, raise_if
from autograd_core.nn import Module
from autograd_core.nn.regularisation import l1_penalty, l2_penalty, weights
from autograd_core.optim import EMA, Optimizer
from autograd_core.tape import no_grad
from autograd_core.tensor import Tensor
from autograd_core.train.loss import Loss, call_loss
from autograd_kernels import checks

DIVERGED = (
    "This step was not taken: parameters and optimizer are as they were. A smaller "
    "learning rate, clipped gradients or inputs of a smaller scale may help."
)


@dataclass(frozen=True)
class Options:
    """What a step does beside descending the loss; see `fit`."""

    l1: float = 0.0
    l2: float = 0.0
    sparse: bool = False
    max_norm: float | None = None
    clip_norm: float | None = None
    clip_value: float | None = None
    average: float | None = None

    @property
    def penalised(self) -> bool:
        """Whether there is a cost beside the loss."""
        return bool(self.l1 or self.l2)


class Step:
    """(x, y) or (x, y, sample_weight) -> (loss, output), and the cost if penalised.

    The output is None with ``outputs`` unset: nobody wants a copy of it.

    An object rather than a function, so that `ag.compile` looks through it: ``follows``
    is what its guards watch for changes.
    """

    def __init__(
        self, model: Module, opt: Optimizer, loss: Loss, options: Options
    ) -> None:
        self.model, self.opt, self.loss, self.options = model, opt, loss, options
        self.follows = (model, loss)
        self.outputs = True
        self.updating = False  # the last call came as far as the update
        self.average: EMA | None = None
        if options.average is not None:
            moving = [b for b in model.buffers() if b.dtype.kind == "f"]
            self.average = EMA(model.parameters(), options.average, buffers=moving)
        self._weights = [p for p in weights(model) if p in opt.state]

    def __call__(self, x: Any, y: Any, *given: Any) -> tuple[Any, ...]:
        """Take the step; FloatingPointError, before any update, if it is not finite."""
        self.opt.zero_grad()
        value, output = self.forward(x, y, *given)
        total = value + self._penalty() if self.options.penalised else value
        require_finite(total)
        total.backward()
        return (value, output if self.outputs else None, *self._update(total))

    def forward(self, x: Any, y: Any, *given: Any) -> tuple[Any, Any]:
        """Loss, without penalty, and output."""
        output = self.model(x)
        return call_loss(self.loss, output, y, *given), output

    def descend(self, value: Any) -> tuple[Any, ...]:
        """The rest of a step whose loss has this value and left its gradients."""
        total = value
        if self.options.penalised:
            extra = self._penalty()
            total = value + extra
            if isinstance(extra, Tensor):
                extra.backward()
        require_finite(total)
        return self._update(total)

    def _penalty(self) -> Any:
        options = self.options
        l1 = 0.0 if options.sparse else options.l1
        return penalty(self.model, l1, options.l2)

    def _update(self, total: Any) -> tuple[Any, ...]:
        self._clip()
        cost = (self._cost(total),) if self.options.penalised else ()
        self.updating = True
        self.opt.step()
        self._constrain()
        if self.average is not None:
            self.average.update()
        return cost

    def __repr__(self) -> str:
        model, loss = (type(part).__name__ for part in (self.model, self.loss))
        loss = getattr(self.loss, "__name__", loss)
        return f"{type(self).__name__}({model}, {self.opt.name}, {loss})"

    def _clip(self) -> None:
        options, parameters = self.options, self.opt.state
        if options.clip_value is not None:
            optim.clip_grad_value_(list(parameters), options.clip_value)
        if options.clip_norm is not None:
            optim.clip_grad_norm_(
                list(parameters), options.clip_norm, error_if_nonfinite=True
            )

    def _cost(self, total: Any) -> Any:
        """With the penalty that is proximal, and so no part of the gradient."""
        if not self.options.sparse:
            return total
        with no_grad():
            return total + penalty(self.model, self.options.l1)

    def _constrain(self) -> None:
        if self.options.sparse:
            optim.shrink_(self._weights, self.options.l1, self.opt)
        if self.options.max_norm is not None:
            optim.clip_weight_norm_(self._weights, self.options.max_norm)


class PlainStep(Step):
    """A `Step` that returns (loss, output), penalised or not."""

    def __call__(self, x: Any, y: Any, *given: Any) -> tuple[Any, ...]:
        """Take the step."""
        return super().__call__(x, y, *given)[:2]


def make_step(
    model: Module, opt: Optimizer, loss: Loss, l1: float = 0.0, l2: float = 0.0
) -> Callable[[Array, Array], tuple[Any, ...]]:
    """One training step of ``model``: (x, y) -> (loss without penalty, output).

    ``loss(output, y)``, of Tensors, is a mean over rows, ``opt`` takes the step, ``l1``
    and ``l2`` are as in `fit`. Returns a function, which may be compiled. A loss that
    is not finite raises FloatingPointError before anything is updated.

    >>> import numpy as np
    >>> import autograd_core as ag
    >>> from autograd_core import nn, optim, train
    >>> model = nn.Linear(2, 1)
    >>> opt = optim.SGD(model.parameters(), lr=0.1)
    >>> step = ag.compile(train.make_step(model, opt, nn.MSELoss()))
    >>> x, y = np.ones((8, 2), np.float32), np.ones((8, 1), np.float32)
    >>> losses = [step(x, y)[0].item() for _ in range(20)]
    >>> losses[-1] < losses[0]
    True
    """
    return PlainStep(model, opt, loss, Options(l1=l1, l2=l2))


def penalty(model: Module, l1: float = 0.0, l2: float = 0.0) -> Any:
    """``l2 / 2 * sum(w**2) + l1 * sum(|w|)`` over the weights of ``model``.

    Returns a scalar Tensor, or 0.0 if both are 0; raises ValueError where it has no
    weights. See `nn.l1_penalty`.
    """
    total: Any = 0.0
    if l2:
        total = total + l2_penalty(model) * l2
    if l1:
        total = total + l1_penalty(model) * l1
    return total


def require_finite(loss: Tensor) -> None:
    """Raise FloatingPointError if the loss is NaN or infinite; in a Program too."""
    status = new_status()
    launch(checks.not_finite, loss.size, loss._data.reshape(-1), status)
    raise_if(status, lambda _: _not_finite())


def _not_finite() -> Exception:
    return FloatingPointError(f"the loss is NaN or infinite. {DIVERGED}")
