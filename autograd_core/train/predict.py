"""A model's outputs for all rows, and the dtypes that it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.nn import Module, check
from autograd_core.program import Compiled
from autograd_core.tape import no_grad
from autograd_core.tensor import Tensor
from autograd_core.train.data import Batches, as_data, take
from autograd_core.train.data.forms import Data, native


class OutputError(TypeError):
    """A model whose output is not one Tensor."""


def predict(model: Module, x: Any, batch_size: int = 1024) -> Array:
    """The model's outputs in evaluation mode, as an array; the modes are kept.

    ``x`` is data in any form (see `train.Batches`); ``batch_size`` rows at a time are
    made the array that the model is given, in `input_dtype`. Raises TypeError for a
    model that does not return one Tensor.
    """
    if not isinstance(bare(model), Module):
        raise TypeError(f"predict: model must be an nn.Module, got {model!r:.60}")
    batch_size = check.size("predict: batch_size", batch_size)
    x = as_data(x, "predict: x")
    if not x.ndim:
        raise ValueError("predict: x has no rows, its shape is ()")
    dtype = input_dtype(model, x)
    parts = range(0, max(x.shape[0], 1), batch_size)
    with evaluating(model):
        return np.concatenate(
            [_output(model, take(x, slice(i, i + batch_size), dtype)) for i in parts]
        )


def bare(function: Any) -> Any:
    """What a compiled model or loss was made of: a step is compiled as a whole."""
    return function.function if isinstance(function, Compiled) else function


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Evaluation mode without gradients; every module then has its own mode again."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training


def input_dtype(model: Module, x: Data) -> Any:
    """The dtype in which a model is given inputs.

    That of its parameters for floats, bool and the 8 or 16 bits that images have. Wider
    integers may be meant as they are, as numbers of rows of a table: they stay if the
    model takes a row of them; if it raises TypeError they are cast too.
    """
    own, given = _dtype(model), native(x.dtype)
    if own is None or given == own:
        return given
    if given.kind in "fb" or given.itemsize <= 2:
        return own
    try:
        with evaluating(model):
            model(take(x, slice(1), given))
    except TypeError:
        return own
    return given


def target_dtype(model: Module, y: Array) -> Any:
    """The dtype in which a loss is given targets: floats in the model's."""
    own, given = _dtype(model), native(y.dtype)
    return own if own is not None and given.kind == "f" else given


def batches_for(model: Module, batches: Batches) -> Batches:
    """The batches in the dtypes that the model and its loss are given."""
    x, y = input_dtype(model, batches.x), target_dtype(model, batches.y)
    return batches.astype(x, y, weights=_dtype(model))


def _dtype(model: Module) -> Any:
    """The dtype of a model's parameters; None if it has none."""
    return next((p.dtype for p in model.parameters()), None)


def _output(model: Module, x: Array) -> Array:
    output = model(x)
    if not isinstance(output, Tensor):
        raise OutputError(
            f"the model must return one Tensor, got {type(output).__name__}; "
            "a model with several outputs can be called itself"
        )
    return output._data
