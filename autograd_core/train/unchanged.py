"""A block that may train a model and leaves no trace of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from autograd_core.nn import Module
from autograd_core.optim import Optimizer
from autograd_core.random import default_generator
from autograd_core.tape import TensorBase
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
