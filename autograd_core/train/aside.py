"""Looking at a model with some of its data, aside from training, without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autograd_core.hooks import Array
from autograd_core.nn import Module
from autograd_core.optim import Optimizer
from autograd_core.program.compile import Compiled
from autograd_core.random import default_generator
from autograd_core.tape import TensorBase
from autograd_core.tensor import Tensor
from autograd_core.train.data import Batches
from autograd_core.train.loss import Loss, call_loss
from autograd_core.writes import overwrite, write


@contextmanager
def unchanged(model: Module, opt: Optimizer | None = None) -> Iterator[None]:
    """Put parameters, gradients, buffers, modes, optimizer and generator back.

    They are what they were bit for bit at the end of the block, also after an error.
    It begins without gradients; in the end ``.grad`` holds the same tensors as before.
    """
    tensors: list[TensorBase] = [tensor for _, tensor in model.tensors()]
    if opt is not None:
        tensors += opt.state
    kept = [(t, t._data, t._data.copy(), t._grad) for t in dict.fromkeys(tensors)]
    modes = [(module, module.training) for module in model.modules()]
    settings = None if opt is None else opt.state_dict()
    drawn = default_generator.get_state()
    for tensor, *_ in kept:
        tensor.grad = None
    try:
        yield
    finally:
        for tensor, data, values, grad in kept:
            if tensor._data is not data:
                tensor.data = data
            if data.tobytes() != values.tobytes():  # else graphs over it stay valid
                write(tensor, values)
            tensor.grad = grad
        for module, training in modes:
            if module.training is not training:
                module.training = training
        if opt is not None and settings is not None:
            opt.load_state_dict(settings)
        overwrite(default_generator.state, drawn)


def batches_of(
    data: Any, batch_size: int, *, seed: int = 0, shuffle: bool = True
) -> Batches:
    """`Batches` as they are, or those of (x, y) or (x, y, sample_weight)."""
    if isinstance(data, Batches):
        return data
    if not isinstance(data, tuple | list) or not 2 <= len(data) <= 3:
        raise TypeError(
            "expected the data as (x, y), (x, y, sample_weight) or train.Batches, got "
            f"{type(data).__name__}"
        )
    x, y, *weight = data
    extra: Any = (
        {"sample_weight": weight[0]} if weight and weight[0] is not None else {}
    )
    return Batches(x, y, batch_size, seed=seed, shuffle=shuffle, **extra)


def batch_at(batches: Batches, step: int, dtype: Any) -> list[Array]:
    """The batch of a step: x, y and weights if there are; floats in ``dtype``."""
    return [
        a.astype(dtype, copy=False) if a.dtype.kind == "f" and dtype else a
        for a in batches.at(step)
    ]


def as_written(model: Any) -> Module:
    """The module that a compiled one stands for."""
    found: Any = model.function if isinstance(model, Compiled) else model
    if not isinstance(found, Module):
        raise TypeError(f"expected a Module as the model, got {type(found).__name__}")
    return found


def dtype_of(model: Module) -> Any:
    """The dtype that a model computes in; None if it has no parameters."""
    return next((p.dtype for p in model.parameters()), None)


def loss_of(loss: Loss, output: Any, y: Array, *weight: Array) -> Tensor:
    """The loss of a batch; ValueError unless it is one number."""
    if not callable(loss):
        raise TypeError(f"expected a function loss(output, y), got {loss!r}")
    value: Tensor = call_loss(loss, output, y, *weight)
    if value.size != 1:
        raise ValueError(f"the loss must be a scalar, got shape {value.shape}")
    return value
