"""Clipping of gradients, in place and natively."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_core.hooks import Array
from autograd_core.launch import (
    FLOATS,
    Pointers,
    cast_into,
    const,
    contiguous,
    empty,
    launch,
    launch_many,
    new_status,
    raise_if,
)
from autograd_core.optim.group import checked_number
from autograd_core.optim.optimizer import as_list, describe
from autograd_core.tape import TensorBase
from autograd_core.tensor import Tensor
from autograd_kernels import optim as k
from autograd_kernels.pointers import CHUNK


def clip_grad_norm_(
    parameters: Iterable[Any],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scale all gradients by min(1, max_norm / (norm + 1e-6)); returns their norm.

    The norm is that of all gradients as one vector, summed in float64 in an order that
    follows from the shapes; ``norm_type`` is a positive power or inf. Parameters
    without a gradient are skipped. Raises FloatingPointError, and scales nothing, for a
    norm that is NaN or infinite if ``error_if_nonfinite``; else such a norm passes into
    the gradients, as in PyTorch.
    """
    limit = checked_number("clip_grad_norm_", "max_norm", max_norm)
    power = math.inf if norm_type == math.inf else float(norm_type)
    if not power > 0 or limit < 0:
        raise ValueError(
            "clip_grad_norm_: expected max_norm >= 0 and a positive norm_type, got "
            f"max_norm={max_norm}, norm_type={norm_type}"
        )
    tables = gradients("clip_grad_norm_", parameters)
    sums = empty(sum(table.units for _, table in tables), np.float64)
    out, status = empty(2, np.float64), new_status()
    powers, first = one(power, np.float64), 0
    for like, table in tables:
        launch_many(
            k.norm_parts, table, powers, like, sums[first : first + table.units]
        )
        first += table.units
    launch(k.clip_factor, 1, powers, one(limit, np.float64), sums, status, out)
    if error_if_nonfinite:
        raise_if(status, lambda _: not_finite(power))
    for like, table in tables:
        launch_many(k.rescale, table, out, like)
    norm = empty((), tables[-1][0].dtype if tables else np.float32)
    cast_into(out[:1].reshape(()), norm)
    return Tensor(norm)


def clip_grad_value_(parameters: Iterable[Any], clip_value: float) -> None:
    """Limit every element of every gradient to -clip_value ... clip_value."""
    limit = checked_number("clip_grad_value_", "clip_value", clip_value)
    if limit < 0:
        raise ValueError(f"clip_grad_value_: expected clip_value >= 0, got {limit}")
    for like, table in gradients("clip_grad_value_", parameters):
        launch_many(k.clamp, table, one(limit, like.dtype))


def gradients(owner: str, parameters: Any) -> list[tuple[Array, Pointers]]:
    """A table of the gradients for each dtype, with an array of that dtype."""
    found: dict[int, TensorBase] = {}
    for i, p in enumerate(as_list(owner, parameters)):
        if not isinstance(p, TensorBase):
            raise TypeError(f"{owner}: parameter {i} must be a Tensor: {describe(p)}")
        if p.grad is not None:
            found[id(p.grad)] = p.grad
    tables = []
    for g in found.values():
        if not g._data.flags.carray:
            g.data = contiguous(g._data)
        g.wrote()
    for dtype in FLOATS:
        arrays = [g._data for g in found.values() if g._data.dtype == dtype]
        if arrays:
            tables.append((const(0.0, dtype).reshape(1), Pointers([arrays], CHUNK)))
    return tables


def one(value: float, dtype: Any) -> Array:
    """A number where a kernel can read it."""
    return const(value, dtype).reshape(1)


def not_finite(power: float) -> Exception:
    """The error of `clip_grad_norm_`."""
    return FloatingPointError(
        f"clip_grad_norm_: the total norm of order {power:g} is NaN or infinite, so "
        "gradients cannot be scaled by it; nothing was changed"
    )
