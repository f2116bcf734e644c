"""What must be the same on all ranks, in words that are the same in every process."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Iterator
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.nn import Module
from autograd_core.train import resume
from autograd_core.train.checkpoint import checksum, library_version
from autograd_core.train.tree import pack
from autograd_kernels import disk_cache

if TYPE_CHECKING:
    from autograd_core.train.run import Run

DRIFT = (
    "The machines have other processors or libraries, or a callback changes the model "
    "on some ranks only"
)


def kernels() -> str:
    """Versions, sources of the kernels, and the processor that they are made for."""
    return (
        f"autograd_core {library_version()}, kernels {disk_cache.folder().name}, "
        f"NumPy {np.__version__}, Python {platform.python_version()}, "
        f"{platform.machine()}"
    )


def model_of(model: Module) -> dict[str, str]:
    """Its layers, parameters, code, and its weights."""
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    kinds = {n: f"{t.dtype}{list(t.shape)}" for n, t in tensors.items()}
    return {
        "model": f"{plain(model)} with {kinds}",
        "code of the model": code_of(model),
        "weights": digest(model.state_dict()),
    }


def run_of(run: Run) -> dict[str, str]:
    """All that the bits of a run follow from beside the model."""
    return {
        "optimizer": f"{plain(run.opt)}, state {digest(run.opt.state_dict())}",
        "code of the loss": code_of(run.loss),
        "epochs": str(run.epochs),
        **{n: plain(v) for n, v in resume.settings_of(run).items()},
    }


def state_of(run: Run) -> dict[str, str]:
    """What all ranks have in common while they go on, as digests."""
    state = resume.state_of(run)
    names = "model", "optimizer", "average", "generator"
    return {name: digest({name: state[name]}) for name in names}


def digest(tree: Any) -> str:
    """Of arrays and plain values."""
    return checksum(*pack(tree))


def plain(value: Any) -> str:
    """In words, without addresses."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def code_of(function: Any) -> str:
    """A digest of the Python of a function or a module, and of those in it."""
    found = hashlib.sha256()
    for code in _codes(function):
        found.update(json.dumps(_parts(code)).encode())
    return found.hexdigest()[:16]


def _codes(function: Any) -> Iterator[CodeType]:
    if isinstance(function, Module):
        for module in function.modules():
            yield type(module).forward.__code__
        return
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        code = getattr(type(function).__call__, "__code__", None)
    if code is not None:
        yield code


def _parts(code: CodeType) -> list[Any]:
    return [code.co_code.hex(), list(map(_constant, code.co_consts)), code.co_names]


def _constant(value: Any) -> Any:
    if isinstance(value, CodeType):
        return _parts(value)
    return sorted(map(plain, value)) if isinstance(value, frozenset) else plain(value)
