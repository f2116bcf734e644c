"""`fit`: a training loop that can be watched, stopped, interrupted and resumed."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.nn import Module
from autograd_core.optim import Optimizer
from autograd_core.program import compile
from autograd_core.random import default_generator
from autograd_core.tensor import Tensor
from autograd_core.train import checkpoint
from autograd_core.train.callbacks import Callback, Progress
from autograd_core.train.data import Batches, check_data, check_labels
from autograd_core.train.interrupt import deferred_interrupt
from autograd_core.train.metrics import Metric, evaluate, predict
from autograd_core.train.state import check_progress, check_taken
from autograd_core.train.step import DIVERGED, Loss, make_step

INTERRUPTED = "interrupted"  # what Ctrl-C leaves in `History.stopped`


class ResumeError(checkpoint.CheckpointError, ValueError):
    """A checkpoint that is whole but of another run, model or optimizer."""


@dataclass
class History:
    """What a run has measured: a row for each epoch; ``history["loss"]`` is a column.

    "loss" and the metrics are means over the batches as they were trained on (dropout
    active, penalties not included); "valid_..." is measured after the epoch in
    evaluation mode; "seconds" counts from the start of training.
    """

    rows: list[dict[str, float]] = field(default_factory=list)
    stopped: str = ""  # why, if before the last epoch

    @property
    def interrupted(self) -> bool:
        """Ended by Ctrl-C."""
        return self.stopped == INTERRUPTED

    def __getitem__(self, name: str) -> list[float]:
        if self.rows and name not in self.rows[0]:
            raise KeyError(f"no column {name!r}; there are: {', '.join(self.rows[0])}")
        return [row[name] for row in self.rows]

    def last(self, name: str) -> float:
        """A column's latest value."""
        return self[name][-1]


class Run:
    """A run under way, as callbacks see it."""

    def __init__(
        self,
        model: Module,
        opt: Optimizer,
        loss: Loss,
        batches: Batches,
        valid: tuple[Array, Array] | None,
        epochs: int,
        metrics: Mapping[str, Metric],
        callbacks: Sequence[Callback],
        l1: float = 0.0,
        l2: float = 0.0,
        compiled: bool = False,
    ) -> None:
        self.model, self.opt, self.loss = model, opt, loss
        self.batches, self.valid = batches, valid
        self.metrics = dict(metrics)
        self.callbacks = sorted(callbacks, key=lambda callback: callback.last)
        self.epochs, self.steps = epochs, epochs * batches.steps
        self.step = 0  # done so far, over all epochs
        self.history = History()
        self.sums: dict[str, float] = {}  # of the epoch under way, and its rows
        step = make_step(model, opt, loss, l1, l2)
        self.train_step = compile(step) if compiled else step
        self._kept = [(b._data, b._data.copy()) for b in model.buffers()]
        self._kept.append((default_generator.state, default_generator.get_state()))
        self._start = 0.0

    @property
    def epoch(self) -> int:
        """Epochs that are complete."""
        return self.step // self.batches.steps

    @property
    def done(self) -> bool:
        """No further step is to follow."""
        return self.step >= self.steps or bool(self.history.stopped)

    def stop(self, reason: str) -> None:
        """End the training after this step."""
        self.history.stopped = reason

    def means(self) -> dict[str, float]:
        """Loss and metrics so far in this epoch (right after it, of all of it)."""
        if not self.sums:
            row = self.history.rows[-1]
            return {name: row[name] for name in ("loss", *self.metrics)}
        rows = self.sums["rows"]
        return {n: total / rows for n, total in self.sums.items() if n != "rows"}

    def train(self) -> None:
        """All steps that are left."""
        before = self.history.rows[-1]["seconds"] if self.history.rows else 0.0
        self._start = time.perf_counter() - before
        with deferred_interrupt() as interrupted:
            try:
                self._call("start")
                while not self.done:
                    self._one_step()
                    if interrupted():
                        self.stop(INTERRUPTED)
                self._call("end")
            finally:
                self._call("close")
            if interrupted():  # while ending
                self.stop(INTERRUPTED)

    def _one_step(self) -> None:
        x, y = self.batches.at(self.step)
        for now, kept in self._kept:
            np.copyto(kept, now)
        try:
            loss, output = self.train_step(x, y)
        except BaseException as error:  # nothing is half-updated: statistics go back
            for now, kept in self._kept:
                np.copyto(now, kept)
            if isinstance(error, ValueError) and self._diverged(x):
                raise FloatingPointError(f"{error}. {DIVERGED}") from error
            raise
        self.step += 1
        measured = {"loss": loss.item(), "rows": 1.0}
        measured |= {n: m(output._data, y) for n, m in self.metrics.items()}
        for name, value in measured.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * len(y)
        if self.step % self.batches.steps == 0:
            self._end_epoch()
            self._call("step")
            self._call("epoch")
        else:
            self._call("step")

    def _diverged(self, x: Array) -> bool:
        """Whether the model makes NaN or infinity of data, which has none."""
        return not np.isfinite(predict(self.model, x)).all()

    def _end_epoch(self) -> None:
        row = self.means()
        self.sums = {}
        if self.valid is not None:
            found = evaluate(self.model, self.loss, *self.valid, self.metrics)
            row |= {f"valid_{name}": value for name, value in found.items()}
        row["lr"] = self.opt.param_groups[0]["lr"]
        row["seconds"] = time.perf_counter() - self._start
        self.history.rows.append(row)

    def _call(self, hook: str) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(self)

    # Checkpoints -----------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything that the rest of the run follows from."""
        history = self.history
        return {
            "model": self.model.state_dict(),
            "optimizer": self.opt.state_dict(),
            "generator": default_generator.get_state(),
            "step": self.step,
            "sums": self.sums,
            "history": history.rows,
            "stopped": "" if history.interrupted else history.stopped,
            "batches": self.batches.describe(),
            "callbacks": [
                {"kind": type(c).__name__, **c.state_dict()} for c in self.callbacks
            ],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there; raises ResumeError, and changes nothing, if it cannot."""
        before = self.state_dict()
        try:
            self._check_fit(state)
            check_progress(state, self.batches.steps)
            self._take(state)
            check_taken(state, self.state_dict())
            self._call("check")
        except Exception as error:  # a tree from a file may hold anything
            self._take(before)
            if isinstance(error, ResumeError):
                raise
            what = error if isinstance(error, ValueError) else repr(error)
            raise ResumeError(f"resume: not a state of this run: {what}") from error

    def _take(self, state: Mapping[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.opt.load_state_dict(state["optimizer"])
        default_generator.set_state(state["generator"])
        for callback, given in zip(self.callbacks, state["callbacks"], strict=True):
            callback.load_state_dict({n: v for n, v in given.items() if n != "kind"})
        self.step, self.sums = state["step"], dict(state["sums"])
        self.history = History([dict(r) for r in state["history"]], state["stopped"])

    def _check_fit(self, state: Mapping[str, Any]) -> None:
        missing = self.state_dict().keys() - state.keys()
        if missing:
            raise ResumeError(f"resume: not the state of a run: no {sorted(missing)}")
        kinds = [type(c).__name__ for c in self.callbacks]
        saved = [callback["kind"] for callback in state["callbacks"]]
        given = {**state["batches"], "callbacks": saved}
        expected = {**self.batches.describe(), "callbacks": kinds}
        for name, value in expected.items():
            if given.get(name) != value:
                raise ResumeError(
                    f"resume: the run was saved with {name}={given.get(name)!r}, this "
                    f"one has {value!r}"
                )


def fit(
    model: Module,
    opt: Optimizer,
    loss: Loss,
    train: tuple[Any, Any] | Batches,
    valid: tuple[Any, Any] | None = None,
    *,
    epochs: int,
    batch_size: int = 64,
    seed: int = 0,
    metrics: Mapping[str, Metric] | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    callbacks: Sequence[Callback] = (),
    compiled: bool = False,
    progress: bool = False,
    resume: str | os.PathLike[str] | None = None,
) -> History:
    """Train ``model`` and return the `History`; prints nothing unless ``progress``.

    ``train`` is (x, y), cut into shuffled batches, or `Batches`; ``loss(output, y)`` a
    mean over rows; ``metrics`` are functions of the arrays (output, y). The penalty
    l2 / 2 * sum(w**2) + l1 * sum(|w|) over weights (not biases and scales) is added to
    what is minimised. Floating data takes the dtype of the model. ``compiled`` replays
    the step as a Program (see `autograd_core.compile`), with the same bits.

    Ctrl-C ends the run after the step under way (a second one at once): the history so
    far is returned, with ``interrupted`` set, and a `Checkpoint` saves. ``resume`` is
    the file of one; the run goes on as if it had never stopped.

    Raises before it trains: TypeError and ValueError for data that is not finite
    numbers, does not fit the model or the loss, or has labels out of range; ResumeError
    (a ValueError) for the checkpoint of another run. Raises FloatingPointError when a
    loss is not finite, or values on the way to it; that step has changed nothing.
    """
    if epochs < 0 or l1 < 0 or l2 < 0:
        raise ValueError(
            f"fit: epochs, l1 and l2 cannot be negative, got {epochs}, {l1}, {l2}"
        )
    if not isinstance(train, Batches):
        train = Batches(*train, batch_size, seed=seed)
    train = copy.copy(train)
    train.x, train.y = _as_model(model, train.x), _as_model(model, train.y)
    _try(model, loss, train.x, train.y, "training data")
    if valid is not None:
        x, y = check_data(*valid, "validation data")
        valid = _as_model(model, x), _as_model(model, y)
        _try(model, loss, *valid, "validation data")
    if progress:
        callbacks = [*callbacks, Progress()]
    run = Run(
        model,
        opt,
        loss,
        train,
        valid,
        epochs,
        metrics or {},
        callbacks,
        l1=l1,
        l2=l2,
        compiled=compiled,
    )
    if resume is not None:
        run.load_state_dict(checkpoint.load_newest(resume))
    if not model.training:
        model.train()
    run.train()
    return run.history


def _as_model(model: Module, values: Array) -> Array:
    """Floats in the dtype of the model's parameters; all else as it is."""
    for parameter in model.parameters():
        if values.dtype.kind == "f":
            return values.astype(parameter.dtype, copy=False)
    return values


def _try(model: Module, loss: Loss, x: Array, y: Array, what: str) -> None:
    """Run two rows through model and loss, so that what does not fit is said now."""
    output = predict(model, x[:2])
    if y.dtype.kind in "iu" and y.ndim == 1 and output.ndim == 2:
        check_labels(y, output.shape[1], what)
    found = loss(Tensor(output), y[:2])
    if found.size != 1:
        raise ValueError(f"fit: the loss must be a scalar, got shape {found.shape}")
