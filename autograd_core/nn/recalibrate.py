"""The exact statistics of a data set in place of BatchNorm's running averages."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.hooks import Array, refuse
from autograd_core.nn.batchnorm import BatchNorm1d
from autograd_core.nn.module import Module
from autograd_core.nn.moments import Moments
from autograd_core.program.compile import Compiled
from autograd_core.tape import no_grad
from autograd_core.tensor import Tensor
from autograd_core.writes import write

ROWS = 1024  # of an array, that go through the model at once


def recalibrate(model: Module, batches: Any) -> list[str]:
    """Set every BatchNorm's running statistics to those of a data set, exactly.

    After it the model normalises in evaluation by the mean and the variance (divided by
    the number of values) of all that a layer receives for these rows in evaluation
    mode, dropout off, the layers before it recalibrated already. So the result does not
    depend on how the rows are cut into batches, but for rounding; and it is what
    training mode computes if all rows are one batch. Worth it after averaging weights,
    or when batches are few or small (Wu, Johnson: "Rethinking 'Batch' in BatchNorm",
    2021, arXiv:2105.07576, section 3).

    batches: an array of inputs or a tuple (inputs, targets, ...), or a list or iterable
    of such batches, or `train.Batches`, of which it takes the first epoch as it is
    trained on; only the inputs are used, and go through the model once for each
    BatchNorm layer. Returns the names of these layers in the order in which they ran;
    one without running statistics, or that does not run, is left alone. Modes are kept.
    If it raises (ValueError for no data, or for NaN or infinity in what a layer
    receives), nothing has changed.

    >>> import numpy as np
    >>> from autograd_core import nn
    >>> model = nn.Sequential(nn.Identity(), nn.BatchNorm1d(1))
    >>> nn.recalibrate(model, np.array([[1.0], [3.0], [5.0]]))
    ['1']
    >>> model[1].running_mean.item(), round(model[1].running_var.item(), 4)
    (3.0, 2.6667)
    """
    refuse("nn.recalibrate()", "call it outside")
    given: Any = model
    if isinstance(given, Compiled):  # what a layer receives is looked at in Python
        given = given.function
    if not isinstance(given, Module):
        kind = type(given).__name__
        raise TypeError(f"recalibrate: expected a Module, got {kind}")
    model = given
    inputs = _inputs(batches)
    layers = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, BatchNorm1d) and module.running_mean is not None
    }
    before = [(b, b._data.copy()) for m in layers.values() for b in m.buffers()]
    done: list[str] = []
    try:
        while found := _received(model, layers, inputs):
            name, moments = next(iter(found.items()))  # all before it are exact
            _set(name, layers.pop(name), moments)
            done.append(name)
    except BaseException:
        for buffer, values in before:
            write(buffer, values)
        raise
    return done


def _inputs(batches: Any) -> list[Any]:
    """The inputs, batch by batch."""
    if callable(epoch := getattr(batches, "epoch", None)):  # `train.Batches`
        batches = epoch(0)
    if isinstance(batches, tuple):
        batches = batches[0]
    if isinstance(batches, Tensor):
        batches = batches._data
    if isinstance(batches, np.ndarray):
        parts = [batches[i : i + ROWS] for i in range(0, len(batches), ROWS)]
    else:
        parts = [b[0] if isinstance(b, tuple | list) else b for b in batches]
    if not parts:
        raise ValueError("recalibrate: there are no batches to take statistics of")
    return parts


class _Received(Moments):
    """Of one layer: it enters ``found`` when the layer first receives something."""

    def __init__(self, name: str, found: dict[str, Moments]) -> None:
        super().__init__()
        self.name, self.found = name, found

    def add(self, x: Array) -> None:
        refuse("nn.recalibrate() of a compiled part", "give it the model uncompiled")
        self.found.setdefault(self.name, self)
        super().add(x)


def _received(
    model: Module, layers: dict[str, BatchNorm1d], inputs: list[Any]
) -> dict[str, Moments]:
    """What these layers receive in evaluation, by name, the first to run first."""
    found: dict[str, Moments] = {}
    modes = [(module, module.training) for module in model.modules()]
    try:
        for name, layer in layers.items():
            layer.moments = _Received(name, found)
        model.eval()
        with no_grad():
            for x in inputs if layers else ():
                model(x)
    finally:
        for module, training in modes:
            module.training = training
        for layer in layers.values():
            vars(layer).pop("moments", None)
    return found


def _set(name: str, layer: BatchNorm1d, moments: Moments) -> None:
    """Its running statistics become these; ValueError unless they are finite."""
    if not moments.count:
        raise ValueError(f"recalibrate: layer {name!r} receives batches of no rows")
    bad = np.flatnonzero(~np.isfinite(moments.mean + moments.variance))
    if len(bad):
        raise ValueError(
            f"recalibrate: layer {name!r} receives NaN or infinity in channel {bad[0]}"
        )
    assert layer.running_mean is not None
    assert layer.running_var is not None
    write(layer.running_mean, moments.mean)
    write(layer.running_var, moments.variance)
