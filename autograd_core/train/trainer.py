"""`fit`: a training loop that can be watched, stopped, interrupted and resumed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from autograd_core.foreign.keywords import answers
from autograd_core.nn import Module, check
from autograd_core.optim import Optimizer, Scheduler
from autograd_core.train import arguments, checkpoint
from autograd_core.train.callbacks import Callback, Progress, as_callbacks, fresh
from autograd_core.train.data import Batches
from autograd_core.train.history import History
from autograd_core.train.loss import Loss
from autograd_core.train.metrics import Metric, check_metrics
from autograd_core.train.parallel import Parallel, Ranks
from autograd_core.train.parallel.agreement import run_of
from autograd_core.train.parallel.gradients import SHARDS
from autograd_core.train.predict import bare
from autograd_core.train.run import Run
from autograd_core.train.step import Step


@answers
def fit(
    model: Module,
    opt: Optimizer,
    loss: Loss,
    train: tuple[Any, ...] | Batches,
    valid: tuple[Any, ...] | Batches | float | None = None,
    *,
    epochs: int,
    batch_size: int | None = None,
    seed: int | None = None,
    metrics: Mapping[str, Metric] | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    sparse: bool = False,
    max_norm: float | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    average: float | None = None,
    gradcheck: Sequence[int] = (),
    valid_every: int = 1,
    callbacks: Sequence[Callback | Scheduler] | None = (),
    compiled: bool | None = None,
    progress: bool = False,
    resume: str | os.PathLike[str] | None = None,
    comm: Any = None,
    shards: int | None = None,
) -> History:
    """Train ``model`` and return the `History`; prints nothing unless ``progress``.

    Data:

    - ``train``: (x, y) or (x, y, sample_weight), or `Batches`. Arrays, lists, tensors,
      frames, files mapped into memory, sparse x; (rows, ...) each. Floats, and images
      of bytes, take the dtype of the model.
    - ``valid``: the same, or a fraction of the training rows, held out; of labels a
      share of each class. Measured after every ``valid_every`` epochs and the last.
    - ``batch_size`` (64) and ``seed`` (0) of the batches; `Batches` have their own. The
      seed orders rows only: `ag.manual_seed` is for weights and dropout.

    What is minimised, ``epochs`` times over all rows:

    - ``loss(output, y)``, a mean over rows, with ``sample_weight=w`` if there are any;
      all are Tensors, compiled or not;
    - plus l2 / 2 * sum(w**2) + l1 * sum(abs(w)) over weights (no biases, no scales).
      ``sparse`` takes the l1 part as a proximal step (`optim.shrink_` by lr * l1 after
      each step; Daubechies, Defrise, De Mol, 2004), which makes weights exactly 0.
    - ``max_norm``: the weights into each unit are scaled back to this norm after a step
      (Srivastava et al., JMLR 2014). ``clip_norm``, ``clip_value`` limit gradients, of
      all parameters as one vector and of each number.
    - ``average``: the decay, as 0.999, of an exponentially weighted average of weights
      and buffers (`optim.EMA`). It is what is validated, restored and left in the end.

    What is watched:

    - ``metrics``: {name: function (output, y)}, of arrays with all rows of the epoch,
      as trained on, and of all validation rows. An epoch's outputs are kept for that.
    - ``gradcheck``: epochs, 0 for initialisation, after which `ag.gradcheck` holds the
      gradients of a few rows against differences, in float64, dropout frozen, penalties
      included; the reports are in `History.gradchecks`. GradcheckError if one is wrong.
    - ``callbacks``: `EarlyStopping`, `Checkpoint`, `Schedule`, ... in order; a bare
      scheduler is stepped after every epoch (OneCycleLR after every step). They start
      anew with each run. ``progress`` shows a bar, or lines in a pipe.

    ``compiled`` replays the step as a Program, with the same bits, in a fraction of the
    time (see `ag.compile`): None where it pays and works, else eagerly; True insists,
    and raises if it cannot be; False never. Steps of arrays, unless they are augmented
    or a callback is called after each, are many in one native call, for 10 ms or so.

    Ctrl-C ends the run after the steps under way (a second one at once): the history so
    far is returned, with ``interrupted`` set, and a `Checkpoint` saves. A loop of fits
    asks that itself: ``if history.interrupted: break``. ``resume`` is the file of a
    Checkpoint: the run goes on as if it had never stopped. Data, loss, metrics, options
    and callbacks that have a state must be the same; ``epochs``, ``compiled``,
    ``progress`` and other callbacks may differ.

    Several processes (docs/parallel.md): with ``comm=MPI.COMM_WORLD`` of mpi4py, and
    ``mpiexec -n 4 python ...``, each batch is cut into ``shards`` (8) however many
    processes there are; the run has the same bits with any number of them, and with
    ``shards=8`` alone in one. See `Parallel` for what becomes of BatchNorm. The first
    process writes checkpoints and shows the progress.

    Raises before it trains: TypeError and ValueError for data that is not finite
    numbers, does not fit the model, loss or metrics, or has labels out of range, for an
    optimizer of another model, and for what a callback's `check` refuses; ResumeError
    (a ValueError) for the checkpoint of another run. Raises FloatingPointError when a
    loss is not finite, or values on the way to it; that step has changed nothing. Every
    exception while it trains has the history so far as ``error.history``.

    >>> import numpy as np
    >>> from autograd_core import nn, optim, train
    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    >>> model = nn.Linear(1, 1)
    >>> opt = optim.SGD(model.parameters(), lr=0.5)
    >>> history = train.fit(model, opt, nn.MSELoss(), (x, 3 * x), 0.25, epochs=20)
    >>> history.last("valid_loss") < 1e-3
    True
    """
    ranks = Ranks(comm)
    with ranks.together():  # an error on one is known to all
        model, loss = bare(model), bare(loss)
        arguments.check_parts(model, opt, loss)
        epochs = arguments.epochs_of("epochs", epochs, 0)
        options = arguments.options_of(
            l1=l1,
            l2=l2,
            sparse=sparse,
            max_norm=max_norm,
            clip_norm=clip_norm,
            clip_value=clip_value,
            average=average,
        )
        shown = check.switch("fit: progress", progress)
        metrics = {} if metrics is None else metrics
        check_metrics(metrics)
        given = as_callbacks(callbacks)
        batches, held = arguments.batches_of(model, train, valid, batch_size, seed)
        try_parts(model, loss, batches, held, metrics)
        parallel = None
        if shards is not None or comm is not None:
            parallel = Parallel(model, ranks, SHARDS if shards is None else shards)
            arguments.check_mean(model, loss, rows_of(batches), parallel.shards)
        run = Run(
            Step(model, opt, loss, options),
            batches,
            held,
            epochs,
            metrics=metrics,
            callbacks=[*given, Progress()] if shown and not ranks.rank else given,
            gradchecks=arguments.gradchecks_of(gradcheck, epochs),
            valid_every=arguments.epochs_of("valid_every", valid_every, 1),
            compiled=arguments.compiled_of(compiled),
            parallel=parallel,
        )
        begin(run, ranks, resume)
        run.train()
        if parallel is not None:
            parallel.close()
        return run.history


def rows_of(batches: Batches) -> tuple[Any, ...]:
    """All inputs, targets and weights."""
    return batches.x, batches.y, batches.sample_weight


def try_parts(
    model: Module,
    loss: Loss,
    batches: Batches,
    held: tuple[Any, ...] | None,
    metrics: Mapping[str, Metric],
) -> None:
    """Do model, loss and metrics take the rows that are trained on, and those held?"""
    arguments.try_data(model, loss, rows_of(batches), metrics, "training data")
    if held is not None:
        arguments.try_data(model, loss, held, metrics, "validation data")


def begin(run: Run, ranks: Ranks, resume: str | os.PathLike[str] | None) -> None:
    """Callbacks start anew and may refuse; then the run is where ``resume`` left it."""
    for callback in run.callbacks:
        fresh.begin(callback)
        callback.reset()
    for callback in run.callbacks:
        callback.check(run)
    ranks.require_same(run_of(run) if ranks.size > 1 else {})
    if resume is not None:
        path = arguments.path_of(resume)
        run.load_state_dict(ranks.first(lambda: checkpoint.load_newest(path)))
    if not run.model.training:
        run.model.train()
