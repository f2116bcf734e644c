"""Run: the loop that `fit` starts and callbacks see."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import numpy as np

from autograd_core.gradcheck import GradcheckError, gradcheck
from autograd_core.hooks import Array
from autograd_core.train import resume
from autograd_core.train.callbacks import Callback, fresh
from autograd_core.train.data import Batches
from autograd_core.train.diverged import parameters_diverged, step_diverged
from autograd_core.train.float64 import objective
from autograd_core.train.history import INTERRUPTED, History, meant
from autograd_core.train.interrupt import deferred_interrupt
from autograd_core.train.kept import Kept
from autograd_core.train.metrics import Metric, evaluate, measure
from autograd_core.train.parallel import Parallel, Ranks, ShardedSteps
from autograd_core.train.parallel.agreement import DRIFT, state_of
from autograd_core.train.parallel.ranks import INTERRUPTS, STOPS, WELL
from autograd_core.train.replay import Replay, Steps, Taken
from autograd_core.train.step import Step
from autograd_core.train.unreached import warn_unreached

Validation = tuple[Any, Array, Array | None]  # x, y, sample weights


class Run:
    """A run under way, as callbacks see it.

    ``model``, ``opt``, ``loss``, ``batches``, ``valid`` (x, y, weights or None),
    ``metrics``, ``callbacks``, ``gradchecks``, ``valid_every``, ``compiled``,
    ``parallel``, ``epochs`` and ``steps`` (of all epochs) are what it was given;
    ``step`` counts those that are done, `epoch` epochs. `fit` makes it, and raises what
    is wrong.
    """

    def __init__(
        self,
        step: Step,
        batches: Batches,
        valid: Validation | None,
        epochs: int,
        *,
        metrics: Mapping[str, Metric],
        callbacks: Sequence[Callback],
        gradchecks: Sequence[int] = (),
        valid_every: int = 1,
        compiled: bool | None = None,
        parallel: Parallel | None = None,
    ) -> None:
        self.model, self.opt, self.loss = step.model, step.opt, step.loss
        self.options, self.average = step.options, step.average
        self.batches, self.valid, self.valid_every = batches, valid, valid_every
        self.metrics, self.gradchecks = dict(metrics), tuple(gradchecks)
        self.callbacks = sorted(callbacks, key=lambda callback: callback.last)
        self.epochs, self.steps = epochs, epochs * batches.steps
        self.step = 0  # done so far, over all epochs
        self.history = History()
        self.sums: dict[str, float] = {}  # of the epoch under way, and its rows
        self.outputs: list[tuple[Array, Array]] = []  # in it, with targets, for metrics
        self._take_step, self._compiled, self._parallel = step, compiled, parallel
        self._ranks = Ranks() if parallel is None else parallel.ranks
        self._after_step = [c for c in self.callbacks if c.has("step")]
        self._one_by_one = any(c.every_step for c in self.callbacks)
        self._kept = Kept(self.model)
        self._start = 0.0

    def __repr__(self) -> str:
        return (
            f"Run({type(self.model).__name__}, epoch {self.epoch}/{self.epochs}, step "
            f"{self.step}/{self.steps}: {self.history!r})"
        )

    # What callbacks ask ----------------------------------------------------------

    @property
    def epoch(self) -> int:
        """Epochs that are complete."""
        return self.step // self.batches.steps

    @property
    def done(self) -> bool:
        """No further step is to follow."""
        return self.step >= self.steps or bool(self.history.stopped)

    @property
    def columns(self) -> list[str]:
        """The columns of the history, but for those that callbacks add."""
        cost = ["cost"] * self.options.penalised
        names = ["loss", *cost, *self.metrics]
        if self.valid is not None:
            names += [f"valid_{name}" for name in ("loss", *self.metrics)]
        return [*names, "lr", "seconds"]

    @property
    def mean_loss(self) -> float:
        """The training loss so far in this epoch; right after it, of all of it."""
        if self.sums:
            return self.sums["loss"] / self.sums["rows"]
        return self.history.last("loss")

    def stop(self, reason: str) -> None:
        """End the training after this step."""
        self.history.stopped = reason

    def means(self) -> dict[str, float]:
        """Loss, cost and metrics so far in this epoch; right after it, of all of it."""
        if not self.sums:
            row = self.history.rows[-1]
            return {n: row[n] for n in ("loss", "cost", *self.metrics) if n in row}
        return self._mean_losses() | self._mean_metrics()

    def _mean_losses(self) -> dict[str, float]:
        rows = self.sums["rows"]
        return {n: total / rows for n, total in self.sums.items() if n != "rows"}

    def _mean_metrics(self) -> dict[str, float]:
        return measure(self.metrics, *self.outputs_so_far()) if self.metrics else {}

    def outputs_so_far(self) -> tuple[Array, Array]:
        """Outputs and targets of this epoch's steps, as they were trained on."""
        outputs, targets = zip(*self.outputs, strict=True)
        return np.concatenate(outputs), np.concatenate(targets)

    def weights(self) -> dict[str, Array]:
        """The model's state as it is validated: averaged, if the run averages."""
        with self._averaged():
            return self.model.state_dict()

    def measured(self, column: str) -> bool:
        """Whether this epoch has a value of the column: not all are validated."""
        return not column.startswith("valid_") or self._validates()

    def require_column(self, name: str, owner: str) -> None:
        """KeyError unless there will be the column, or a callback may add it."""
        if name in self.columns or any(
            c.has("epoch") and not type(c).__module__.startswith("autograd_core.")
            for c in self.callbacks
        ):
            return
        hint = meant(name, self.columns)
        if name.startswith("valid_") and self.valid is None:
            hint = ". fit was given no validation data"
        raise KeyError(
            f"{owner}: no column {name!r}; there are: {', '.join(self.columns)}{hint}"
        )

    # Several processes -----------------------------------------------------------

    @property
    def rank(self) -> int:
        """The number of this process; 0, which saves and prints, if it is alone."""
        return self._ranks.rank

    @property
    def shards(self) -> int | None:
        """Of a batch, see `train.Parallel`; None if it is not cut."""
        return None if self._parallel is None else self._parallel.shards

    def _make_steps(self, left: int) -> Steps | ShardedSteps:
        self._take_step.outputs = wanted = bool(self.metrics)
        if self._parallel is None:
            replay = Replay(self._take_step, self._compiled, left)
            return Steps(replay, self.batches, wanted)
        return ShardedSteps(
            self._parallel, self._take_step, self.batches, self._compiled, left, wanted
        )

    def _stop_together(self) -> None:
        """When one rank stops, all do; after an epoch all must stand where one does."""
        history, ranks = self.history, self._ranks
        mine = INTERRUPTS if history.interrupted else STOPS if history.stopped else WELL
        worst = ranks.meet(mine)
        if worst > mine:
            self.stop(INTERRUPTED if worst == INTERRUPTS else "another rank stopped it")
        if ranks.size > 1 and self.step % self.batches.steps == 0:
            ranks.require_same(state_of(self), f" after epoch {self.epoch}. {DRIFT}")

    # The loop --------------------------------------------------------------------

    def train(self) -> None:
        """All steps that are left; an exception has the history as ``.history``."""
        before = self.history.rows[-1]["seconds"] if self.history.rows else 0.0
        self._start = time.perf_counter() - before
        left = self.steps - self.step
        self._steps = self._make_steps(left)
        try:
            self._train()
        except BaseException as error:
            with suppress(AttributeError):
                error.history = self.history  # type: ignore[attr-defined]
            raise

    def _train(self) -> None:
        with deferred_interrupt() as interrupted:
            with self._closing():
                self._call("start")
                if not self.step:
                    self._check_gradients()
                while not self.done:
                    self._next_steps()
                    if interrupted():
                        self.stop(INTERRUPTED)
                    self._stop_together()
                if not self.history.interrupted:
                    self._end_with_average()
                self._call("end")
            if interrupted():  # while ending
                self.stop(INTERRUPTED)

    def _next_steps(self) -> None:
        """One step, or many of the epoch if nobody wants to be called in between."""
        taken = None if self._one_by_one else self._steps.at_once(self.step)
        if taken is None:
            taken = self._one_step()
        if not self.step:
            warn_unreached(self.model, self.opt)
        self.step += len(taken.losses)
        self._add(taken)
        ended = self.step % self.batches.steps == 0
        if ended:
            self._end_epoch()
            self._check_gradients()  # before a checkpoint is saved
        for callback in self._after_step:
            callback.step(self)
        if ended:
            self._call("epoch")

    def _one_step(self) -> Taken:
        self._kept.keep()
        try:
            return self._steps(self.step, self._kept.put_back)
        except BaseException as error:  # nothing is half-updated: statistics go back
            self._kept.put_back()
            self._say_where(error)
            if isinstance(error, ValueError):
                x = self.batches.at(self.step)[0]
                raise step_diverged(self.model, x, error) from error
            raise

    def _say_where(self, error: BaseException) -> None:
        epoch, batch = divmod(self.step, self.batches.steps)
        error.add_note(
            f"fit: in epoch {epoch + 1}, batch {batch + 1} of {self.batches.steps}"
        )

    def _add(self, taken: Taken) -> None:
        rows, sums = taken.rows, self.sums
        for value in taken.losses:
            sums["loss"] = sums.get("loss", 0.0) + value * rows
        for value in taken.costs:
            sums["cost"] = sums.get("cost", 0.0) + value * rows
        sums["rows"] = sums.get("rows", 0.0) + rows * len(taken.losses)
        if taken.outputs is not None:
            self.outputs.append(taken.outputs)

    def _end_epoch(self) -> None:
        row = self._mean_losses()  # kept whatever happens to the rest
        self.history.rows.append(row)
        row |= self._mean_metrics()
        self.sums, self.outputs = {}, []
        if self.valid is not None:
            row |= {f"valid_{name}": value for name, value in self._validated().items()}
        row["lr"] = self.opt.param_groups[0]["lr"]
        row["seconds"] = time.perf_counter() - self._start

    def _validates(self) -> bool:
        """Every so many epochs, and after the last one."""
        return self.epoch % self.valid_every == 0 or self.step >= self.steps

    def _validated(self) -> dict[str, float]:
        if not self._validates() or self.valid is None:
            return dict.fromkeys(("loss", *self.metrics), np.nan)
        x, y, weight = self.valid
        with self._averaged():
            try:
                return evaluate(
                    self.model, self.loss, x, y, self.metrics, sample_weight=weight
                )
            except ValueError as error:
                where = f"the validation after epoch {self.epoch}"
                raise parameters_diverged(self.model, x, error, where) from error

    def _averaged(self) -> Any:
        return nullcontext() if self.average is None else self.average.averaged()

    def _end_with_average(self) -> None:
        """The averages become the weights."""
        if self.average is not None:
            self.model.load_state_dict(self.weights())

    def _check_gradients(self) -> None:
        """Raise GradcheckError, at the epochs asked for, unless gradients are right."""
        if self.epoch not in self.gradchecks:
            return
        function, twin = objective(self.model, self.loss, self.batches, self.options)
        report = gradcheck(
            function, module=twin, per_component=False, raise_on_failure=False
        )
        self.history.gradchecks[self.epoch] = report
        if not report:
            raise GradcheckError(report)

    def _call(self, hook: str) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(self)

    @contextmanager
    def _closing(self) -> Iterator[None]:
        """Close every callback; an error of that hides none of the training."""
        first: BaseException | None = None
        try:
            yield
        except BaseException as error:
            first = error
        for callback in self.callbacks:
            try:
                callback.close(self)
            except BaseException as error:
                if first is None:
                    first = error
                else:
                    first.add_note(f"Then {callback!r}.close raised {error!r}.")
            fresh.leave(callback)
        if first is not None:
            raise first

    # Checkpoints -----------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything that the rest of the run follows from."""
        return resume.state_of(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there; raises ResumeError, and changes nothing, if it cannot."""
        resume.restore(self, state)
