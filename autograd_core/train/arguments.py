"""The arguments of `fit`: made what a run works with, or refused."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.nn import Module, check
from autograd_core.optim import Optimizer
from autograd_core.tape import no_grad, state
from autograd_core.tensor import Tensor
from autograd_core.train.data import Batches, check_labels, split, take, unpack
from autograd_core.train.loss import Loss, call_loss
from autograd_core.train.metrics import Metric, check_loss, measure
from autograd_core.train.parallel.gradients import shares_of
from autograd_core.train.parallel.shards import cut
from autograd_core.train.predict import (
    OutputError,
    batches_for,
    predict,
    target_dtype,
)
from autograd_core.train.step import Options

Validation = tuple[Any, Array, Array | None]
TRIED = 256  # rows that metrics are tried on
ROUNDING = 3e-5  # of means over so many rows in float32


def check_parts(model: Any, opt: Any, loss: Any) -> None:
    """Raise unless they are a model, an optimizer of it and a loss."""
    if not isinstance(model, Module):
        raise TypeError(
            f"fit: model must be an nn.Module, got {model!r:.60}{_new(model)}"
        )
    if not isinstance(opt, Optimizer):
        swapped = "; optimizer and loss are swapped" * isinstance(loss, Optimizer)
        raise TypeError(
            f"fit: opt must be an optimizer, as optim.Adam(model.parameters()), got "
            f"{opt!r:.60}{swapped}"
        )
    check_loss("fit", loss)
    _check_optimizer(model, opt, loss)
    if not state.grad_enabled:
        raise RuntimeError("fit: it is called under no_grad, where nothing is trained")


def _check_optimizer(model: Module, opt: Optimizer, loss: Any) -> None:
    """Raise ValueError unless it trains parameters of this model, as it is now."""
    again = f"make it of this model: {opt.name}(model.parameters())"
    own = {id(p): name for name, p in model.named_parameters() if p.requires_grad}
    if not own:
        raise ValueError("fit: the model has no parameter that requires grad")
    trained = {id(p) for p in opt.state}
    if not trained & own.keys():
        raise ValueError(
            "fit: the optimizer has none of the model's parameters and would train "
            f"nothing; {again}"
        )
    of_loss = loss.parameters() if isinstance(loss, Module) else ()
    strange = trained - set(map(id, (*model.parameters(), *of_loss)))
    left = [name for key, name in own.items() if key not in trained]
    if strange and left:  # a layer was replaced
        raise ValueError(
            f"fit: the optimizer has {len(strange)} parameters that are not the "
            f"model's, and lacks the model's {', '.join(left[:4])}; {again}, or set "
            "requires_grad = False where nothing is to be trained"
        )


def options_of(**given: Any) -> Options:
    """What is done beside descending the loss, checked."""
    for name in ("l1", "l2"):
        given[name] = _not_negative(name, check.number(f"fit: {name}", given[name]))
    for name in ("max_norm", "clip_norm", "clip_value"):
        if given[name] is not None:
            given[name] = check.positive(f"fit: {name}", given[name])
    if given["average"] is not None:
        given["average"] = check.probability("fit: average", given["average"])
    given["sparse"] = check.switch("fit: sparse", given["sparse"])
    if given["sparse"] and not given["l1"]:
        raise ValueError("fit: sparse=True makes l1 exact, so it needs l1 > 0")
    return Options(**given)


def epochs_of(name: str, value: Any, least: int) -> int:
    """A number of epochs."""
    number = check.integer(f"fit: {name}", value)
    if number < least > 0:
        raise ValueError(f"fit: {name} must be at least {least}, got {value}")
    return _not_negative(name, number)


def gradchecks_of(given: Any, epochs: int) -> list[int]:
    """The epochs after which gradients are checked."""
    if isinstance(given, str | Mapping) or not hasattr(given, "__iter__"):
        raise TypeError(f"fit: gradcheck must be epochs, as (0, 5), got {given!r:.60}")
    found = [epochs_of("gradcheck", epoch, 0) for epoch in given]
    if max(found, default=0) > epochs:
        raise ValueError(
            f"fit: gradcheck={tuple(found)} has an epoch after the last one, {epochs}"
        )
    return found


def path_of(resume: Any) -> Any:
    """The file that a run goes on from."""
    if not isinstance(resume, str | os.PathLike) or not os.fspath(resume):
        raise TypeError(
            f"fit: resume must be the path that a Checkpoint saved to, got {resume!r}"
        )
    return resume


def compiled_of(given: Any) -> bool | None:
    """Whether steps are compiled; None where that pays."""
    if given is None:
        return None
    return check.switch("fit: compiled, unless None,", given)


def batches_of(
    model: Module, given: Any, valid: Any, batch_size: int | None, seed: int | None
) -> tuple[Batches, Validation | None]:
    """Training batches, and validation data in any of its forms."""
    if isinstance(given, Batches):
        for name, value in (("batch_size", batch_size), ("seed", seed)):
            if value is not None and value != getattr(given, name):
                raise ValueError(
                    f"fit: {name}={value} is not used with Batches, which have "
                    f"{name}={getattr(given, name)}; give it to train.Batches"
                )
        made = given
    else:
        x, y, weight = unpack(given, "training data")
        size, start = 64 if batch_size is None else batch_size, seed or 0
        made = Batches(x, y, size, seed=start, sample_weight=weight)
    held: Any = None
    if isinstance(valid, bool | np.bool_):
        raise TypeError(f"fit: valid must be data or a fraction, got {valid}")
    if isinstance(valid, int | float | np.number):
        made, held = _held_out(made, float(valid))
    elif isinstance(valid, Batches):
        held = valid.x, valid.y, valid.sample_weight
    elif valid is not None:
        held = unpack(valid, "validation data")
    made = batches_for(model, made)  # a copy
    made.reuse = True
    return made, held


def _held_out(batches: Batches, fraction: float) -> tuple[Batches, Validation]:
    """A random part of the rows for validation, each class giving its share."""
    x, y, weight = batches.x, batches.y, batches.sample_weight
    labels = y.dtype.kind in "iub" or bool(np.isin(y, (0, 1)).all())
    try:
        rest, held = split(
            y if labels else np.zeros(len(y)), fraction, seed=batches.seed
        )
    except ValueError as error:
        raise ValueError(
            f"fit: valid={fraction}: that part of {len(y)} rows leaves one side empty; "
            "a fraction lies between 0 and 1, and None is no validation"
        ) from error
    parts = [
        (x[rows], y[rows], None if weight is None else weight[rows])
        for rows in (rest, held)
    ]
    kept = Batches(
        *parts[0][:2],
        batches.batch_size,
        sample_weight=parts[0][2],
        seed=batches.seed,
        shuffle=batches.shuffle,
        drop_last=batches.drop_last,
        augment=batches.augment,
    )
    return kept, parts[1]


def try_data(
    model: Module,
    loss: Loss,
    data: Validation,
    metrics: Mapping[str, Metric],
    what: str,
) -> None:
    """Run some rows through model, loss and metrics, to say now what does not fit."""
    x, y, weight = data
    rows = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
    try:
        output = predict(model, take(x, rows[:TRIED]))
    except OutputError as error:
        raise OutputError(f"fit: {error}") from error
    except (TypeError, ValueError) as error:
        raise _kind(error)(
            f"{what}: the model does not take x of shape {_rows(x)}, {x.dtype}: {error}"
        ) from error
    if y.dtype.kind in "iu" and y.ndim == 1 and output.ndim == 2:
        _check_labels(loss, output, y, what)
    few = _varied(y, rows)
    _try_loss(model, loss, predict(model, take(x, few)), y, few, weight, what)
    try:
        measure(metrics, output, y[rows[:TRIED]])
    except ValueError:  # these rows may be too few: a single class
        measure(metrics, predict(model, x), y)


def _varied(y: Array, rows: Array) -> Array:
    """A few of the rows: what a loss says to their targets it says to all.

    One of each label, as a loss may ignore some; of other targets the smallest and
    largest numbers and sums, as losses bound these.
    """
    targets = y[rows].reshape(len(rows), -1)
    if y.dtype.kind in "iu":
        found = np.unique(targets[:, 0], return_index=True)[1]
    else:
        seen = (targets.min(1), targets.max(1), targets.sum(1, dtype=np.float64))
        found = np.array([pick(of) for of in seen for pick in (np.argmin, np.argmax)])
    return np.union1d(rows[:2], rows[found[:TRIED]])


def _try_loss(
    model: Module,
    loss: Loss,
    output: Array,
    y: Array,
    rows: Array,
    weight: Array | None,
    what: str,
) -> None:
    target = y[rows].astype(target_dtype(model, y), copy=False)
    given = []
    if weight is not None:
        given = [weight[rows].astype(output.dtype, copy=False)]
    try:
        with no_grad():
            found = call_loss(loss, output, target, *given)
    except (TypeError, ValueError) as error:
        hint = "" if "; " in str(error) else _hint(output, y)
        raise _kind(error)(
            f"{what}: the loss of outputs of shape {_rows(output)} and targets of "
            f"shape {_rows(y)}, {y.dtype}: {error}{hint}"
        ) from error
    if not isinstance(found, Tensor):
        raise TypeError(f"fit: the loss must be a Tensor, got {type(found).__name__}")
    if found.size != 1:
        raise ValueError(
            f"fit: the loss must be a scalar, got shape {found.shape}; average it over "
            "the rows"
        )


def check_mean(model: Module, loss: Loss, data: Validation, shards: int) -> None:
    """ValueError unless the loss of some rows is the mean of its shards' losses."""
    x, y, weight = data
    rows = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
    rows = rows[:TRIED]
    output = predict(model, take(x, rows))
    target = y[rows].astype(target_dtype(model, y), copy=False)
    weights = None if weight is None else weight[rows].astype(output.dtype)
    runs = [(0, len(rows)), *cut(len(rows), shards)]
    shares = shares_of(runs[1:], weights)
    values = []
    with no_grad():
        for run in map(slice, *zip(*runs, strict=True)):
            given = [] if weights is None else [weights[run]]
            values.append(call_loss(loss, output[run], target[run], *given).item())
    whole, parts = values[0], float(np.dot(values[1:], shares))
    if abs(whole - parts) > ROUNDING * max(map(abs, values)):  # not if it is NaN
        raise ValueError(
            f"fit: the loss of {len(rows)} rows is {whole:.6g}, that of their shards "
            f"{parts:.6g} on average: to be cut, it must be a mean over rows, weighted "
            "by sample_weight at most. Give class weights, or rows to be left out, as "
            "sample_weight"
        )


def _check_labels(loss: Loss, output: Array, y: Array, what: str) -> None:
    """Labels out of range are refused, unless the loss takes them (`ignore_index`)."""
    classes = output.shape[1]
    if classes == 1:
        return
    first = np.unique(y, return_index=True)[1]
    for row in np.sort(first[(y[first] < 0) | (y[first] >= classes)]):
        inside = np.flatnonzero((y >= 0) & (y < classes))[:1]
        rows = np.array([*inside, row])
        try:
            with no_grad():
                zeros = np.zeros((len(rows), classes), output.dtype)
                call_loss(loss, zeros, y[rows])
        except (TypeError, ValueError):
            check_labels(y, classes, what)


def _kind(error: Exception) -> type[Exception]:
    return TypeError if isinstance(error, TypeError) else ValueError


def _rows(values: Any) -> str:
    """A shape with N for the number of rows."""
    return f"(N, {', '.join(map(str, values.shape[1:]))})".replace(", )", ",)")


def _hint(output: Array, y: Array) -> str:
    """What is most likely meant."""
    if output.ndim == 2 and output.shape[1] == 1 and y.ndim == 1:
        return ". Targets of one column: y[:, None], in the floats of the model"
    if output.ndim == 2 and y.ndim == 1 and y.dtype.kind in "fb":
        return ". Labels of classes are whole numbers: y.astype(int)"
    if y.ndim == 2 and y.dtype.kind in "iub" and output.shape[1:] == y.shape[1:]:
        return ". One-hot rows: y.argmax(1), or y.astype(np.float32)"
    return ""


def _not_negative(name: str, value: Any) -> Any:
    if value < 0:
        raise ValueError(f"fit: {name} cannot be negative, got {value}")
    return value


def _new(value: Any) -> str:
    """A class was given and an instance meant."""
    return f"; make one: {value.__name__}(...)" if isinstance(value, type) else ""
