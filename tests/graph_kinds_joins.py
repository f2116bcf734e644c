"""More kinds of step, see `graph_kinds`: indices, joins, writes in place, lists.

Lists that hold Tensors are a feature to be asked for: ``lists``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from graph_kinds import (
    KINDS,
    Array,
    Draw,
    Drawn,
    Kind,
    Params,
    Run,
    one,
    real,
    together,
    wide,
)
from graph_kinds_shape import moved

import autograd_core as ag
from autograd_core.nn import functional as F

# Indices -----------------------------------------------------------------------------


def _draw_part(d: Draw, length: int) -> Any:
    """For one axis: an index, a slice as ["s", start, stop, step], or a list."""
    how = d.int(0, 3)
    if how == 0:
        return d.int(-length, length - 1)
    if how == 1:
        return ["a", [d.int(-length, length - 1) for _ in range(d.int(1, 3))]]
    ends = [None, *range(-length, length + 1)]
    return ["s", d.choice(ends), d.choice(ends), d.choice([None, 1, 2, -1, -2])]


def _draw_index(d: Draw) -> Drawn:
    found = d.where(lambda x: real(x) and x.ndim > 0)
    if not found:
        return None
    shape = d.values[found[0]].shape
    if d.int(0, 5) == 0:
        mask = (d.rng.random(shape[: d.int(1, len(shape))]) < 0.6).tolist()
        return found, {"index": [["m", mask]], "tensor": d.flag()}
    parts = [_draw_part(d, n) for n in shape[: d.int(1, len(shape))]]
    lists = [part for part in parts if isinstance(part, list) and part[0] == "a"]
    for part in lists:  # of one length, so that they broadcast
        part[1] = (part[1] * 3)[: len(lists[0][1])]
    if d.int(0, 2) == 0:
        parts.insert(d.int(0, len(parts)), ["n"])
    if d.int(0, 3) == 0:
        parts.append(["e"])
    return found, {"index": parts, "tensor": d.flag()}


def _decoded(part: Any, made: Callable[[Any], Any]) -> Any:
    if not isinstance(part, list):
        return part
    tag, *rest = part
    if tag == "s":
        return slice(*rest)
    if tag in "am":
        return made(np.array(rest[0], bool if tag == "m" else np.int64))
    return None if tag == "n" else ...


def _index(p: Params, x: Any, made: Callable[[Any], Any] = lambda a: a) -> Any:
    parts = tuple(_decoded(part, made) for part in p["index"])
    return x[parts if len(parts) > 1 else parts[0]]


KINDS["index"] = KINDS["index again"] = KINDS["index once more"] = Kind(
    _draw_index,
    _index,
    moved(_index),
    lambda p, x: _index(p, x, ag.tensor if p["tensor"] else lambda a: a),
)


def _draw_take(d: Draw) -> Drawn:
    found = d.where(lambda x: real(x) and x.ndim > 0 and x.size > 0)
    if not found:
        return None
    shape = d.values[found[0]].shape
    axis = d.int(-len(shape), len(shape) - 1)
    rows = [[d.int(0, shape[axis] - 1) for _ in range(2)] for _ in range(d.int(1, 2))]
    return found, {"axis": axis, "rows": rows}


def _take(p: Params, x: Any) -> Any:
    return np.take(x, np.array(p["rows"]), p["axis"])


KINDS["take"] = Kind(_draw_take, _take, moved(_take))

# Joins -------------------------------------------------------------------------------


def _draw_concatenate(d: Draw) -> Drawn:
    found = d.where(lambda x: real(x) and x.ndim > 0)
    if not found:
        return None
    ndim = d.values[found[0]].ndim
    axis = d.int(-ndim, ndim - 1)

    def fits(*xs: Array) -> bool:
        shapes = [[*x.shape] for x in (xs[0], xs[-1])]
        if not real(xs[-1]) or len(shapes[0]) != len(shapes[1]):
            return False
        for shape in shapes:
            shape[axis] = 0
        return shapes[0] == shapes[1]

    first = found[0]
    more = [d.one(lambda x: fits(d.values[first], x)) for _ in range(d.int(1, 2))]
    return (*found, *(i for i in more if i is not None)), {"axis": axis}


def _draw_stack(d: Draw) -> Drawn:
    found = d.where(real, lambda a, b: real(b) and a.shape == b.shape)
    if not found:
        return None
    ndim = d.values[found[0]].ndim
    return found, {"axis": d.int(-ndim - 1, ndim)}


JOINS: dict[str, tuple[Callable[[Draw], Drawn], Run]] = {
    "concatenate": (_draw_concatenate, lambda p, *xs: np.concatenate(xs, p["axis"])),
    "stack": (_draw_stack, lambda p, *xs: np.stack(xs, p["axis"])),
    "vstack": (_draw_stack, lambda p, *xs: np.vstack(xs)),
    "hstack": (_draw_stack, lambda p, *xs: np.hstack(xs)),
}
for _name, (_draw, _join) in JOINS.items():
    KINDS[_name] = Kind(_draw, _join, moved(_join), mixed=True)


def _draw_choice(d: Draw) -> Drawn:
    found = d.where(real, lambda a, b: real(b) and a.shape == b.shape)
    if not found:
        return None
    mask = d.rng.random(d.values[found[0]].shape) < 0.5
    return found, {"mask": mask.tolist()}


def _choice(p: Params, a: Any, b: Any) -> Any:
    return np.where(np.array(p["mask"]), a, b)


KINDS["where mask"] = Kind(_draw_choice, _choice, moved(_choice), mixed=True)

# Constants and writes in place -------------------------------------------------------

KINDS["detach"] = Kind(
    one(real),
    lambda p, x: x.copy(),
    lambda torch, p, x: x.detach(),
    lambda p, x: x.detach(),
    constant=True,
)


def _written(p: Params, x: Any, buffer: Any) -> Any:
    """Into a buffer that no gradient sees."""
    buffer += x
    buffer[..., -1:] = 0.5
    buffer[0] *= 2
    buffer -= 0.25
    return buffer


KINDS["written"] = Kind(
    one(lambda x: wide(x) and x.ndim > 0),
    lambda p, x: _written(p, x, np.zeros(x.shape)),
    lambda torch, p, x: _written(p, x.detach(), torch.zeros_like(x)),
    lambda p, x: _written(p, x.detach(), (x * 0).detach().clone()),
    constant=True,
)


def _draw_in_place(d: Draw) -> Drawn:
    def fits(a: Array, b: Array) -> bool:
        return together(a, b) and np.broadcast_shapes(a.shape, b.shape) == a.shape

    found = d.where(wide, fits)
    return found and (found, {"op": d.choice(["+", "-", "*", "/"])})


def _in_place(p: Params, x: Any, y: Any) -> Any:
    """``y`` is what the name stands for after ``x op= y``."""
    if p["op"] == "+":
        x += y
    elif p["op"] == "-":
        x -= y
    elif p["op"] == "*":
        x *= y
    else:
        x /= y
    return x


KINDS["in place"] = Kind(
    _draw_in_place,
    lambda p, x, y: _in_place(p, x.copy(), y),
    lambda torch, p, x, y: _in_place(p, x.clone(), y),
    lambda p, x, y: _in_place(p, x.clone(), y),
    fine=lambda p, x, y: (
        (p["op"] != "/" or bool(abs(y).min() > 0.05))
        and (p["op"] != "-" or y.dtype != bool)
    ),
)

# Lists that hold Tensors -------------------------------------------------------------


def _draw_list(d: Draw) -> Drawn:
    """``x`` and what has the shape of its rows, or numbers along its last axis."""
    found = d.where(lambda x: wide(x) and x.ndim > 0 and x.size > 0)
    if not found:
        return None
    x, rows = d.values[found[0]], d.flag()
    count, shape = (len(x), x.shape[1:]) if rows else (x.shape[-1], ())
    parts = [d.one(lambda v: wide(v) and v.shape == shape) for _ in range(count)]
    if count > 4 or any(i is None for i in parts):
        return None
    op, left = d.choice([*WITH_LISTS]), d.flag()
    return (*found, *(i for i in parts if i is not None)), {"op": op, "left": left}


def _mask(x: Any, y: Any) -> Any:
    return np.where(np.arange(x.shape[-1]) % 2 == 0, x, y)


WITH_LISTS: dict[str, Run] = {
    "+": operator.add, "*": operator.mul, "-": operator.sub, "np.add": np.add,
    "np.multiply": np.multiply, "np.subtract": np.subtract, "where": _mask,
}  # fmt: skip


def _with_list(p: Params, x: Any, y: Any) -> Any:
    left = p["left"] and p["op"] != "where"
    return WITH_LISTS[p["op"]](*((y, x) if left else (x, y)))


KINDS["list operand"] = Kind(
    _draw_list,
    lambda p, x, *ys: _with_list(p, x, np.array(ys)),
    lambda torch, p, x, *ys: {
        "+": lambda a, b: a + b, "*": lambda a, b: a * b, "-": lambda a, b: a - b,
        "where": lambda a, b: torch.where(torch.arange(a.shape[-1]) % 2 == 0, a, b),
    }[_plain_name(p["op"])](*_in_order(p, x, torch.stack(ys))),
    lambda p, x, *ys: _with_list(p, x, list(ys)),
    feature="lists",
)  # fmt: skip


def _plain_name(op: str) -> str:
    return {"np.add": "+", "np.multiply": "*", "np.subtract": "-"}.get(op, op)


def _in_order(p: Params, x: Any, y: Any) -> tuple[Any, Any]:
    return (y, x) if p["left"] and p["op"] != "where" else (x, y)


def _draw_rows(d: Draw) -> Drawn:
    """A matrix or vector, and vectors that are the rows of one that it multiplies."""
    found = d.where(lambda x: wide(x) and x.ndim in (1, 2) and x.size > 0)
    if not found:
        return None
    count = d.values[found[0]].shape[-1]
    first = d.one(lambda v: wide(v) and v.ndim == 1)
    if first is None:
        return None
    size = d.values[first].shape
    rest = [d.one(lambda v: wide(v) and v.shape == size) for _ in range(count - 1)]
    return (*found, first, *(i for i in rest if i is not None)), {}


KINDS["list of rows"] = Kind(
    _draw_rows,
    lambda p, x, *ys: x @ np.array(ys),
    lambda torch, p, x, *ys: x @ torch.stack(ys),
    lambda p, x, *ys: x @ list(ys),
    feature="lists",
)
KINDS["list target"] = Kind(
    lambda d: (
        (
            (drawn := _draw_list(d))
            and len(drawn[0]) - 1 == d.values[drawn[0][0]].size
            and (drawn[0], {"reduction": "mean"})
        )
        or None
    ),
    lambda p, x, *ys: ((x - np.array(ys)) ** 2).mean(),
    lambda torch, p, x, *ys: ((x - torch.stack(ys)) ** 2).mean(),
    lambda p, x, *ys: F.mse_loss(x, list(ys)),
    fine=lambda p, x, *ys: x.ndim == 1,
    feature="lists",
)
KINDS["list joined"] = Kind(
    lambda d: (drawn := _draw_list(d)) and (drawn[0], {"join": d.flag()}),
    lambda p, x, *ys: (np.concatenate if p["join"] else np.stack)([x, np.array(ys)]),
    lambda torch, p, x, *ys: (torch.cat if p["join"] else torch.stack)(
        [x, torch.stack(ys)]
    ),
    lambda p, x, *ys: (np.concatenate if p["join"] else np.stack)([x, list(ys)]),
    fine=lambda p, x, *ys: x.shape == np.array(ys).shape,
    feature="lists",
)
