"""A model's weights as PyTorch's `state_dict` has them, in a safetensors file."""

from __future__ import annotations

import os

from autograd_core.nn import Module
from autograd_core.nn.state import Unmatched
from autograd_core.train import tensorfile
from autograd_core.train.tensorfile import CheckpointError

COUNT = "num_batches_tracked"


def save_weights(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the parameters and buffers of ``model`` by name, for PyTorch and others.

    There ``net.load_state_dict(safetensors.torch.load_file(path))`` takes them, if
    ``net`` has the same layers under the same names. What training needs beside them,
    `save` keeps. Raises CheckpointError if it cannot be written.
    """
    _check_model("save_weights", model)
    tensorfile.write(path, model.state_dict(), {"format": "pt"})


def load_weights(
    model: Module, path: str | os.PathLike[str], strict: bool = True
) -> Unmatched:
    """Copy what `save_weights` or PyTorch wrote into the parameters and buffers.

    In PyTorch ``safetensors.torch.save_file(net.state_dict(), path)`` writes them, at
    ``path``; ``model`` is filled. float16, bfloat16 and float64 become the model's
    dtype. BatchNorm's count of batches may be missing, as PyTorch allows; with
    ``strict=False`` others too. Returns the names that did not match. Raises
    FileNotFoundError, CheckpointError for a file that is damaged, of another kind or
    has integers for a parameter, and what `Module.load_state_dict` does; then nothing
    has been loaded.
    """
    _check_model("load_weights", model)
    arrays, metadata = tensorfile.read(path)
    if metadata.get("format", "").startswith("autograd_core"):
        raise CheckpointError(
            f"{os.fspath(path)}: a checkpoint, not the weights of a model alone; "
            'model.load_state_dict(train.load(path)["model"]) takes those of a run'
        )
    for name, tensor in model.tensors():
        if name not in arrays and name.rpartition(".")[2] == COUNT:
            arrays[name] = tensor.numpy()
        given, own = arrays.get(name), tensor.dtype
        if given is not None and own.kind == "f" and given.dtype.kind != "f":
            raise CheckpointError(
                f"{os.fspath(path)}: {name} is of {given.dtype}, expected {own}; "
                "quantised weights must be turned back into floats first"
            )
    return model.load_state_dict(arrays, strict)


def _check_model(owner: str, model: Module) -> None:
    if not isinstance(model, Module):
        raise TypeError(
            f"{owner}: expected (model, path), got {type(model).__name__} as the model"
            "; train.save(path, state) keeps a dict, train.load(path) has it again"
        )
