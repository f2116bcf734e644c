"""``backward``: the gradient of a loss, left in ``.grad`` of the leaves."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from autograd_core.hooks import RECORDING, Array
from autograd_core.launch import add_into, const, duplicate
from autograd_core.operand import operand
from autograd_core.ops.broadcasting import as_dtype
from autograd_core.ops.elementwise import add
from autograd_core.ops.shape import astype
from autograd_core.tape import TensorBase, check_gradient
from autograd_core.walk import Final, walk
from autograd_core.writes import array_of


def seed_for(root: TensorBase, gradient: Any) -> Any:
    """The cotangent to start from: ones for a scalar, else what was given, itself."""
    if gradient is None:
        if root._data.size != 1:
            raise ValueError(
                f"backward: the loss must be a scalar, got shape {root._data.shape}. "
                "Reduce it (for example with .mean()) or pass a gradient of its shape."
            )
        return _ones(root._data.dtype, root._data.shape)
    given = operand(gradient)
    g = array_of(given)
    if g.shape != root._data.shape:
        raise ValueError(
            f"backward: the gradient has shape {g.shape}, the tensor {root._data.shape}"
        )
    return given if isinstance(given, TensorBase) else g


@lru_cache(256)
def _ones(dtype: Any, shape: tuple[int, ...]) -> Array:
    return const(1.0, dtype).reshape(shape)


def backward(
    root: TensorBase,
    gradient: Any = None,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> None:
    """Add the gradient of ``root`` to ``.grad`` of every leaf it depends on."""
    _require_graph(root)
    seed, dtype = seed_for(root, gradient), root._data.dtype
    if not create_graph:
        seed = as_dtype(array_of(seed), dtype)
    elif not isinstance(seed, TensorBase):
        seed = root._result(as_dtype(seed, dtype))
    elif seed._data.dtype != dtype:
        seed = astype(seed, dtype=dtype)
    taken = {id(seed._data if create_graph else seed)}  # the caller's, perhaps
    found: dict[Any, Any] = walk(
        [root], [seed], create_graph=create_graph, retain_graph=retain_graph
    )
    # An input of a transform, whose walk is over, requires none any more.
    leaves = [(leaf, g) for leaf, g in found.items() if leaf.requires_grad]
    for leaf, g in leaves:
        check_fits(leaf, g)
    for leaf, g in leaves:
        _add_to_grad(leaf, g, taken)


def gradients_told(root: TensorBase, final: Final) -> dict[Any, Array]:
    """Gradients of ``root`` by leaf, whose ``.grad`` stays as it is; frees the graph.

    See `walk` for ``final``. The arrays may share memory; nobody may write to them.
    """
    _require_graph(root)
    return walk([root], [array_of(seed_for(root, None))], final=final)


def _require_graph(root: TensorBase) -> None:
    if not root.requires_grad:
        raise RuntimeError(
            "backward: this tensor does not require grad: none of its inputs do, or it "
            "was made under no_grad"
        )


def check_fits(leaf: Any, g: Any) -> None:
    """Raise ValueError unless ``g`` can be added to the gradient of ``leaf``.

    Before any gradient is: so nothing has been added where one does not fit.
    """
    given = g._data if isinstance(g, TensorBase) else g
    data, before = leaf._data, leaf._grad
    if given.shape != data.shape or given.dtype is not data.dtype != given.dtype:
        raise ValueError(
            f"backward: the gradient of a leaf has shape {given.shape} and dtype "
            f"{given.dtype}, but its data {data.shape} and {data.dtype}: .data was "
            "replaced after the forward pass"
        )
    if before is not None:
        hint = "backward: what is in .grad does not fit; zero_grad() after replacing "
        check_gradient(hint + ".data", before, data)


def _add_to_grad(leaf: Any, g: Any, taken: set[int]) -> None:
    """Give ``leaf`` its gradient in memory that nothing else uses."""
    graph = isinstance(g, TensorBase)
    if leaf._grad is None and not graph and g.base is None and not RECORDING:
        mine = id(g) not in taken and g.flags.carray
        taken.add(id(g))
        leaf.set_grad(leaf.result_type(g if mine else duplicate(g)))
        return
    before = leaf.grad
    if before is not None:
        if not graph and before._data.flags.writeable:
            add_into(before._data, g)
            before.wrote()
        else:
            leaf.set_grad(add(before, g if graph else leaf._result(g)))
        return
    data = g._data if graph else g
    if isinstance(data.base, np.ndarray) or not data.flags.carray or id(data) in taken:
        g = astype(g, dtype=g.dtype) if graph else duplicate(g)  # a copy
    else:
        taken.add(id(data))
    leaf.set_grad(g if graph else leaf.result_type(g))
