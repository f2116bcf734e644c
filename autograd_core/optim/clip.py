"""Limits on gradients and on weights, in place and natively."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_core.hooks import Array, recorder
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
from autograd_core.optim.checks import as_list, check_layout, describe
from autograd_core.optim.optimizer import Optimizer
from autograd_core.optim.settings import Number, whole
from autograd_core.tape import TensorBase
from autograd_core.tensor import Tensor
from autograd_kernels.optim import clip as k
from autograd_kernels.pointers import CHUNK

SIZE = Number(0.0, math.inf)
POWER = Number(0.0, math.inf, open_low=True)
AXIS = whole(-(1 << 31))
UNSCALED: Array = np.ones(1)  # nobody writes to it


def clip_grad_norm_(
    parameters: Iterable[Any],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scale all gradients by min(1, max_norm / (norm + 1e-6)); returns their norm.

    The norm is that of all gradients of ``parameters`` as one vector, summed in float64
    in an order that follows from the shapes; ``norm_type`` is a positive power or inf.
    Parameters without a gradient are skipped; ``max_norm=math.inf`` scales nothing, and
    so only measures. Raises FloatingPointError, and scales nothing, for a norm that is
    NaN or infinite if ``error_if_nonfinite``; else such a norm passes into the
    gradients, as in PyTorch. Pascanu, Mikolov, Bengio, ICML 2013, arXiv:1211.5063,
    Algorithm 1.

    >>> import autograd_core as ag
    >>> from autograd_core import optim
    >>> w = ag.tensor([3.0, 4.0], requires_grad=True)
    >>> (w * w / 2).sum().backward()
    >>> optim.clip_grad_norm_([w], 1.0).item(), w.grad.numpy().round(3).tolist()
    (5.0, [0.6000000238418579, 0.800000011920929])
    """
    limit = SIZE.check("clip_grad_norm_", "max_norm", max_norm)
    power = POWER.check("clip_grad_norm_", "norm_type", norm_type)
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
    """Limit every element of every gradient to -clip_value ... clip_value.

    Those of ``parameters`` without one are skipped, NaN stays NaN. Raises ValueError
    for a negative limit, TypeError for what is no Tensor.
    """
    limit = SIZE.check("clip_grad_value_", "clip_value", clip_value)
    for like, table in gradients("clip_grad_value_", parameters):
        launch_many(k.clamp, table, one(limit, like.dtype))


def shrink_(
    parameters: Iterable[Any], amount: float, optimizer: Optimizer | None = None
) -> None:
    """``sign(w) max(|w| - amount, 0)`` in place: weights within ``amount`` become 0.

    The proximal step of ``amount * |w|`` for the weights ``parameters``: after an
    optimizer's step it makes of L1 what Lasso has, exact zeros (Parikh & Boyd 2014,
    section 6.5.2)::

        opt.step()
        optim.shrink_(weights, 0.01, opt)

    With ``optimizer`` the amount is ``amount`` times the lr of each parameter's group,
    read when it runs: also a compiled function follows a schedule. Elsewhere give the
    product. ``amount`` is at least 0; NaN stays NaN. Raises ValueError for a parameter
    that the optimizer does not have.
    """
    number = SIZE.check("shrink_", "amount", amount)
    owned = list_of_weights("shrink_", parameters)
    rates = {id(p): UNSCALED for p in owned}
    if optimizer is not None:
        rates = {
            id(p): group.memory("lr")
            for group in optimizer.param_groups
            for p in group.params
        }
    for i, p in enumerate(owned):
        if id(p) not in rates:
            raise ValueError(
                f"shrink_: parameter {i}, shape {p._data.shape}, is none of the "
                "optimizer's"
            )
    for dtype in FLOATS:
        same = [p for p in owned if p._data.dtype == dtype]
        if same:
            data, rate = [p._data for p in same], [rates[id(p)] for p in same]
            like = one(0.0, dtype)
            launch_many(
                k.shrink, Pointers([data, rate], CHUNK), one(number, np.float64), like
            )
    for p in owned:
        p.wrote()


def clip_weight_norm_(
    parameters: Iterable[Any], max_norm: float, axis: int = 1
) -> None:
    """Scale what lies along ``axis`` to a norm of ``max_norm`` where it is longer.

    With axis 1 that is each row of a Linear's weight (out, in): what comes into a unit
    (Srivastava et al. 2014, section 5.1). ``parameters`` are weights only: biases have
    no such axis, and raise ValueError (``[p for p in model.parameters() if p.ndim >
    1]``). A norm that is NaN or infinite scales nothing.
    """
    limit = one(SIZE.check("clip_weight_norm_", "max_norm", max_norm), np.float64)
    axis = int(AXIS.check("clip_weight_norm_", "axis", axis))
    owned = list_of_weights("clip_weight_norm_", parameters)
    for i, p in enumerate(owned):
        if not -p._data.ndim <= axis < p._data.ndim:
            raise ValueError(
                f"clip_weight_norm_: parameter {i}, shape {p._data.shape}, has no axis "
                f"{axis}; give weights only: [p for p in params if p.ndim > 1]"
            )
    for p in owned:
        shape = p._data.shape
        place = axis % len(shape)
        outer, inner = math.prod(shape[:place]), math.prod(shape[place + 1 :])
        view = p._data.reshape(outer, shape[place], inner)
        launch(k.limit_norms, outer * inner, limit, view)
        p.wrote()


def list_of_weights(owner: str, parameters: Any) -> list[TensorBase]:
    """Each parameter once, fit to be written to."""
    found: dict[int, TensorBase] = {}
    listener = recorder()
    for i, p in enumerate(as_list(owner, parameters)):
        if not isinstance(p, TensorBase):
            raise TypeError(f"{owner}: parameter {i} must be a Tensor: {describe(p)}")
        check_layout(f"{owner}: parameter {i}", p._data)
        if listener is not None:
            listener.on_leaf(p)
        found[id(p)] = p
    return list(found.values())


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
