"""Checks of what optimizers are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import FLOATS
from autograd_core.tape import TensorBase


def as_list(owner: str, params: Any) -> list[Any]:
    """The parameters (or groups) as a list; TypeError for what has no order."""
    if isinstance(params, TensorBase):
        return [params]
    if isinstance(params, Mapping | set | frozenset | str) or not isinstance(
        params, Iterable
    ):
        hint = "; did you mean .parameters()?" if hasattr(params, "parameters") else ""
        raise TypeError(
            f"{owner}: expected a sequence of tensors or of groups, got "
            f"{describe(params)}{hint}"
        )
    return list(params)


def describe(value: Any) -> str:
    """A short name of what was given instead of something else."""
    if isinstance(value, TensorBase | np.ndarray):
        data = value._data if isinstance(value, TensorBase) else value
        return f"{type(value).__name__} of shape {data.shape}"
    return f"{type(value).__name__} {value!r:.60}"


def check_leaf(label: str, p: Any) -> None:
    """Raise unless ``p`` is a tensor that backward gives a gradient to."""
    if not isinstance(p, TensorBase):
        raise TypeError(f"{label} must be a Tensor, got {describe(p)}")
    if p.node is not None:
        raise ValueError(
            f"{label}, shape {p._data.shape}, must be a leaf; it was made by the op "
            f"{p.node.op.name!r}"
        )
    if not p.requires_grad:
        raise ValueError(
            f"{label}, shape {p._data.shape}, must require grad; leave frozen ones "
            "out: [p for p in params if p.requires_grad]"
        )


def check_layout(label: str, data: Array) -> None:
    """Raise unless kernels can update ``data`` in place."""
    if data.dtype not in FLOATS:
        raise TypeError(f"{label} must be float32 or float64, got {data.dtype}")
    if not data.flags.carray:
        raise ValueError(
            f"{label}, shape {data.shape}, must be C-contiguous, aligned and writable: "
            f"strides {data.strides}, writable {data.flags.writeable}. Make it from "
            "a copy: ag.tensor(x, requires_grad=True)"
        )


def check_names(label: str, given: Iterable[str], expected: Iterable[str]) -> None:
    """Raise ValueError that names what is missing and what is not expected."""
    missing, more = set(expected) - set(given), set(given) - set(expected)
    if missing or more:
        raise ValueError(
            f"{label}: missing {sorted(missing)}, not expected {sorted(more)}"
        )
