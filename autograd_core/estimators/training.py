"""How an estimator is trained: minibatches with scikit-learn's rules for stopping."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from autograd_core.hooks import Array
from autograd_core.nn import Module
from autograd_core.optim import Optimizer
from autograd_core.random import default_generator
from autograd_core.tensor import Tensor
from autograd_core.train import Batches
from autograd_core.train.kept import Kept
from autograd_core.train.replay import Replay, Steps
from autograd_core.train.step import Options, PlainStep, penalty

SMALLEST_RATE = 1e-6  # "adaptive" ends below


class Rows(NamedTuple):
    """Inputs, targets as the loss takes them, and a weight for each row or None."""

    x: Any
    y: Array
    weight: Array | None

    def take(self, rows: Array) -> Rows:
        """Some of them."""
        weight = None if self.weight is None else self.weight[rows]
        return Rows(self.x[rows], self.y[rows], weight)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """The library's own generator at ``seed``, and afterwards where it was."""
    before = default_generator.get_state()
    default_generator.manual_seed(seed)
    try:
        yield
    finally:
        default_generator.set_state(before)


class Trainer:
    """A network, its optimizer and their step, kept between calls of `partial_fit`."""

    def __init__(
        self,
        model: Module,
        opt: Optimizer,
        loss: Callable[..., Tensor],
        l1: float,
        l2: float,
    ) -> None:
        self.model, self.opt = model, opt
        self.loss, self.l1, self.l2 = loss, l1, l2
        self._steps = 0
        self._make()

    def _make(self) -> None:
        step = PlainStep(self.model, self.opt, self.cost, Options())
        step.outputs = False
        self._replay = Replay(step, None, 0)

    def begin(self, steps: int) -> None:
        """So many steps may follow; compiled if they, with those before, are many."""
        self._replay.expect(self._steps + steps)
        self._kept = Kept(self.model)

    def cost(self, output: Tensor, y: Array, **weight: Array) -> Tensor:
        """The loss and the penalty's share of it, as scikit-learn has them."""
        value = self.loss(output, y, **weight)
        if not (self.l1 or self.l2):
            return value
        rows: Any = np.sum(weight["sample_weight"]) if weight else float(len(y))
        total: Tensor = value + penalty(self.model, self.l1, self.l2) / rows
        return total

    def __getstate__(self) -> dict[str, Any]:
        """All but the step, which a copy makes anew."""
        own = "_replay", "_kept"
        return {k: v for k, v in vars(self).items() if k not in own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._make()

    def epoch(self, batches: Batches, number: int) -> float:
        """All batches of an epoch; the mean of the cost over their rows."""
        steps, kept = Steps(self._replay, batches, outputs=False), self._kept
        step, end = number * batches.steps, (number + 1) * batches.steps
        total = rows = 0.0
        while step < end:
            taken = steps.at_once(step)
            if taken is None:
                kept.keep()
                taken = steps(step, kept.put_back)
            for value in taken.losses:
                total += value * taken.rows
                rows += taken.rows
            step += len(taken.losses)
        self._steps += batches.steps
        return total / rows


def batch_size(estimator: Any, rows: int) -> int:
    """Rows of a step; warns, as scikit-learn does, where there are not so many."""
    if estimator.batch_size == "auto":
        return min(200, rows)
    if estimator.batch_size > rows:
        warnings.warn(
            f"Got `batch_size` {estimator.batch_size}, larger than the {rows} rows: "
            "it is clipped",
            stacklevel=5,
        )
    return int(min(estimator.batch_size, rows))


def train_epochs(
    estimator: Any,
    trainer: Trainer,
    batches: Batches,
    epochs: int,
    score: Callable[[], float] | None = None,
) -> None:
    """Train until the loss, or the ``score`` if given, gets no better by ``tol``."""
    watch = Watch(estimator, trainer, score)
    trainer.begin(epochs * batches.steps)
    try:
        for number in range(epochs):
            value = trainer.epoch(batches, number)
            estimator.n_iter_ += 1
            estimator.t_ += len(batches.y)
            watch.epoch(value)
            if watch.stopped():
                break
        else:
            if epochs > 1 or estimator.max_iter == 1:
                watch.warn(epochs)
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=4)
    watch.restore()


class Watch:
    """The book that scikit-learn keeps of a fit: curves, best values, patience."""

    def __init__(
        self, estimator: Any, trainer: Trainer, score: Callable[[], float] | None
    ) -> None:
        self.est, self.trainer, self.score = estimator, trainer, score
        self.best: dict[str, Array] = {}

    def epoch(self, loss: float) -> None:
        """Take down an epoch."""
        est = self.est
        est.loss_ = loss
        est.loss_curve_.append(loss)
        if self.score is None:
            worse = loss > est.best_loss_ - est.tol
            est.best_loss_ = min(est.best_loss_, loss)
        else:
            value = self.score()
            est.validation_scores_.append(value)
            worse = value < est.best_validation_score_ + est.tol
            if value > est.best_validation_score_:
                est.best_validation_score_ = value
                self.best = self.trainer.model.state_dict()
        est._no_improvement_count = est._no_improvement_count + 1 if worse else 0
        if est.verbose:
            self._say(loss)
        if est.solver == "sgd" and est.optimizer is None:
            self._schedule()

    def _say(self, loss: float) -> None:
        print(f"Iteration {self.est.n_iter_}, loss = {loss:.8f}")
        if self.score is not None:
            print(f"Validation score: {self.est.validation_scores_[-1]:f}")

    def _schedule(self) -> None:
        if self.est.learning_rate == "invscaling":
            rate = self.est.learning_rate_init / (self.est.t_ + 1) ** self.est.power_t
            self.trainer.opt.param_groups[0]["lr"] = rate

    def stopped(self) -> bool:
        """No better for too long; "adaptive" tries a smaller rate before it ends."""
        est = self.est
        if est._no_improvement_count <= est.n_iter_no_change:
            return False
        group = self.trainer.opt.param_groups[0]
        adaptive = est.solver == "sgd" and est.learning_rate == "adaptive"
        if not adaptive or est.optimizer is not None or group["lr"] <= SMALLEST_RATE:
            if est.verbose:
                what = "Training loss" if self.score is None else "Validation score"
                print(
                    f"{what} did not improve more than tol={est.tol:f} for "
                    f"{est.n_iter_no_change} consecutive epochs. Stopping."
                )
            return True
        group["lr"] = group["lr"] / 5
        est._no_improvement_count = 0
        return False

    def warn(self, epochs: int) -> None:
        """Say that all iterations were used up."""
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({epochs}) reached and the "
            "optimization hasn't converged yet.",
            ConvergenceWarning,
            stacklevel=5,
        )

    def restore(self) -> None:
        """The weights of the best validation score, if there was one."""
        if self.best:
            self.trainer.model.load_state_dict(self.best)


def train_lbfgs(estimator: Any, trainer: Trainer, rows: Rows) -> None:
    """All rows at once by scipy's L-BFGS-B, in place in the parameters."""
    from scipy.optimize import minimize

    model = trainer.model
    params = list(model.parameters())
    ends = np.cumsum([0, *(p.size for p in params)])
    weight = {} if rows.weight is None else {"sample_weight": rows.weight}

    def put(flat: Array) -> None:
        for p, low, high in zip(params, ends[:-1], ends[1:], strict=True):
            p.data = flat[low:high].reshape(p.shape).astype(p.dtype)

    def cost(flat: Array) -> tuple[float, Array]:
        put(flat)
        model.zero_grad()
        total = trainer.cost(model(rows.x), rows.y, **weight)
        total.backward()
        grads = [p.grad._data.ravel() for p in params]  # type: ignore[union-attr]
        return total.item(), np.concatenate(grads).astype(np.float64)

    start = np.concatenate([p._data.ravel() for p in params]).astype(np.float64)
    found = minimize(
        cost,
        start,
        jac=True,
        method="L-BFGS-B",
        options={
            "maxfun": estimator.max_fun,
            "maxiter": estimator.max_iter,
            "gtol": estimator.tol,
        },
    )
    put(found.x)
    model.zero_grad()
    estimator.n_iter_ = min(found.nit, estimator.max_iter)
    estimator.loss_ = float(found.fun)
    if found.status == 1:
        warnings.warn(
            f"lbfgs: {estimator.n_iter_} iterations or {estimator.max_fun} "
            f"evaluations were used up: {found.message}",
            ConvergenceWarning,
            stacklevel=5,
        )
