"""Whole Jacobians and Hessians, a row or a column at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, ParamSpec, overload

import numpy as np

from autograd_core.foreign.keywords import answers
from autograd_core.launch import copy_into, empty
from autograd_core.ops.shape import astype, concatenate, reshape
from autograd_core.signatures import Call
from autograd_core.tensor import Tensor
from autograd_core.transforms.gradients import Argnum, Chosen, derivative, grad
from autograd_core.transforms.products import push_of
from autograd_core.transforms.run import Run
from autograd_core.trees import shaped

P = ParamSpec("P")
FORWARD = 2  # about what a column costs, in rows


@overload
def jacobian(f: Callable[P, Any], argnum: int = 0) -> Call[P, Tensor]: ...
@overload
def jacobian(
    f: Callable[P, Any], argnum: tuple[int, ...] | list[int]
) -> Call[P, tuple[Tensor, ...]]: ...
@answers
def jacobian(f: Callable[..., Any], argnum: Argnum = 0) -> Any:
    """The function that gives ``d out / d in``, of shape ``out.shape + in.shape``.

    One backward walk for each element of what ``f`` returns, or one for each of the
    input where these are fewer. For nested outputs it is nested likewise, with the
    nesting of the arguments in the place of each output. ``argnum`` and what is raised
    are those of `value_and_grad`, but that outputs need not be scalars.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> ag.jacobian(np.square)(np.array([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]], dtype=float64)
    """

    def run(*args: Any, **kwargs: Any) -> Any:
        chosen = Chosen(f, args, kwargs, argnum)
        done = chosen.run("jacobian")
        rows = sum(out.size for out in done.outs)
        columns = sum(x.size for x in done.inputs)
        blocks = None
        if FORWARD * columns < rows:
            blocks = _by_columns(done)
        if blocks is None:
            blocks = _by_rows(done)
        if rows:
            done.warn_if_constant()
        return shaped(done.tree, [chosen.shaped(block) for block in blocks])

    return derivative(run, f, "jacobian")


@answers
def hessian(f: Callable[P, Any], argnum: Argnum = 0) -> Call[P, Tensor]:
    """The function that gives the second derivatives, of shape ``in.shape * 2``.

    For nested arguments it is a nesting of nestings, as `jacobian` says. ``f`` is
    scalar; ``argnum`` and what is raised are those of `value_and_grad`.

    >>> import autograd_core as ag
    >>> import numpy as np
    >>> ag.hessian(lambda x: x[0] * x[1] ** 2)(np.array([1.0, 2.0]))
    tensor([[0., 4.],
            [4., 2.]], dtype=float64)
    """
    slope: Any = grad(f, argnum)
    return derivative(jacobian(slope, argnum), f, "hessian")


def _by_rows(done: Run) -> list[list[Tensor]]:
    """By output and input, what each element of the output gives."""
    return [_blocks(done, k, axis=0) for k in range(len(done.outs))]


def _by_columns(done: Run) -> list[list[Tensor]] | None:
    """The same by elements of the inputs; None if some op has no second derivative."""
    try:
        push = push_of(done)
    except (ValueError, TypeError, NotImplementedError):
        return None
    parts = [_blocks(push, k, axis=1) for k in range(len(push.outs))]
    return [list(block) for block in zip(*parts, strict=True)]


def _blocks(run: Run, k: int, axis: int) -> list[Tensor]:
    """What the elements of output k pull, one after the other, for each input.

    They are rows of Jacobians (``axis`` 0), or columns if the run is a pullback itself.
    """
    out = run.outs[k]
    if run.nested and out.size:
        flat = _joined(_pulled(run, k), axis)
    else:
        flat = _filled(run, k, axis)
    shapes = [(out.shape, x.shape)[:: 1 - 2 * axis] for x in run.inputs]
    dtypes = [out.dtype if axis else x.dtype for x in run.inputs]  # the input's own
    blocks = []
    for block, (first, second), dtype in zip(flat, shapes, dtypes, strict=True):
        block = reshape(block, shape=(*first, *second))
        blocks.append(block if block.dtype == dtype else astype(block, dtype=dtype))
    return blocks


def _pulled(run: Run, k: int) -> Iterator[list[Tensor]]:
    """What each element of output k pulls."""
    out = run.outs[k]
    seeds: list[Any] = [None] * len(run.outs)
    for i in range(out.size):
        one = np.zeros(out.size, out.dtype)
        one[i] = 1
        seeds[k] = one.reshape(out.shape)
        yield run.pull(seeds, retain=True)


def _filled(run: Run, k: int, axis: int) -> list[Tensor]:
    """Matrices that hold nothing but numbers, filled line by line."""
    count = run.outs[k].size
    sizes = [(count, x.size)[:: 1 - 2 * axis] for x in run.inputs]
    found = [empty(s, x.dtype) for s, x in zip(sizes, run.inputs, strict=True)]
    for i, lines in enumerate(_pulled(run, k)):
        for matrix, line in zip(found, lines, strict=True):
            values = reshape(line._data, shape=(line.size,))
            copy_into(values, matrix[:, i] if axis else matrix[i])
    return [Tensor(matrix) for matrix in found]


def _joined(pulled: Iterator[list[Tensor]], axis: int) -> list[Tensor]:
    """Matrices with a graph, joined a part at a time: a tensor is large by a line."""
    parts: list[list[Tensor]] = []
    while some := list(islice(pulled, 256)):
        parts.append(
            [
                concatenate(*[_line(x, axis) for x in lines], axis=axis)
                for lines in zip(*some, strict=True)
            ]
        )
    if len(parts) == 1:
        return parts[0]
    return [concatenate(*some, axis=axis) for some in zip(*parts, strict=True)]


def _line(x: Tensor, axis: int) -> Tensor:
    shape = (x.size, 1) if axis else (1, x.size)
    line: Tensor = reshape(x, shape=shape)
    return line
