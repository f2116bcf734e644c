"""Loss and metrics of a model over rows of data, each once over all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd_core.foreign.keywords import answers
from autograd_core.hooks import Array
from autograd_core.nn import Module
from autograd_core.tape import no_grad
from autograd_core.tensor import Tensor
from autograd_core.train.data import unpack
from autograd_core.train.loss import Loss, call_loss
from autograd_core.train.predict import predict, target_dtype

Metric = Callable[[Array, Array], float]
TAKEN = ("loss", "cost", "lr", "rows", "seconds", "epoch")  # as `fit` names columns


@answers
def evaluate(
    model: Module,
    loss: Loss,
    x: Any,
    y: Any,
    metrics: Mapping[str, Metric] | None = None,
    batch_size: int = 1024,
    *,
    sample_weight: Any = None,
) -> dict[str, float]:
    """{"loss": ..., and each metric}, of all rows, in evaluation mode.

    ``model``, ``x`` and ``y`` come in any form (see `train.Batches`). The outputs are
    computed ``batch_size`` rows at a time; then the loss and each of ``metrics`` once,
    of all outputs and targets, so that what is no mean of rows (F1, AUC, R2, weighted
    losses) is right. With ``sample_weight`` the loss is called ``loss(output, y,
    sample_weight=w)``. Modules keep their modes.

    Raises what `check_data` raises (no rows, NaN, other lengths) and `measure` does.

    >>> import numpy as np
    >>> from autograd_core import nn, train
    >>> x = np.ones((4, 1), np.float32)
    >>> sorted(train.evaluate(nn.Linear(1, 1), nn.MSELoss(), x, x, {"r2": train.r2}))
    ['loss', 'r2']
    """
    check_metrics(metrics or {})
    check_loss("evaluate", loss)
    x, y, weight = unpack((x, y, sample_weight), "evaluate")
    output = predict(model, x, batch_size)
    y = y.astype(target_dtype(model, y), copy=False)
    given = [] if weight is None else [weight.astype(output.dtype, copy=False)]
    with no_grad():
        value = call_loss(loss, output, y, *given)
    return {"loss": number(value, "the loss"), **measure(metrics or {}, output, y)}


def measure(metrics: Mapping[str, Metric], output: Array, y: Array) -> dict[str, float]:
    """Each metric of these rows; TypeError for one that gives no number.

    Each is given arrays of its own: one may sort or round them in place.
    """
    found = {}
    for name, metric in metrics.items():
        try:
            value = metric(output.copy(), y.copy())
        except Exception as error:
            error.add_note(f"This was raised by the metric {name!r}.")
            raise
        found[name] = number(value, f"metric {name!r}")
    return found


def check_metrics(metrics: Any) -> None:
    """Raise unless it maps names, none of which a history has already, to functions.

    TypeError for lists and for what cannot be called, ValueError for a name.
    """
    if not isinstance(metrics, Mapping):
        raise TypeError(
            "metrics must be a dict of names and functions (output, y), as "
            f"{{'accuracy': train.accuracy}}, got {type(metrics).__name__}"
        )
    for name, metric in metrics.items():
        if not isinstance(name, str):
            raise TypeError(f"metrics: a name must be a string, got {name!r}")
        if not name.strip():
            raise ValueError(f"metrics: {name!r} is no name for a column")
        if name in TAKEN or name.startswith("valid_"):
            raise ValueError(
                f"metrics: {name!r} is a column that fit writes itself; choose another "
                "name"
            )
        if isinstance(metric, type) or not callable(metric):
            raise TypeError(
                f"metrics: {name!r} must be a function (output, y), got {metric!r}"
            )


def check_loss(owner: str, loss: Any) -> None:
    """Raise TypeError for what is no function, as a class of which none was made."""
    if isinstance(loss, type) or not callable(loss):
        made = f"; make one: {loss.__name__}(...)" if isinstance(loss, type) else ""
        raise TypeError(
            f"{owner}: loss must be a function (output, y), got {loss!r:.60}{made}"
        )


def number(value: Any, what: str) -> float:
    """``value`` as a float; TypeError for what is not one real number."""
    if isinstance(value, Tensor):
        value = value._data
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "fiub":
        shape = f" of shape {array.shape}" * (array.ndim > 0)
        raise TypeError(f"{what} must be one number, got {type(value).__name__}{shape}")
    return float(array.reshape(())[()])
