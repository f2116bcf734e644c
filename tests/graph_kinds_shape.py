"""More kinds of step, see `graph_kinds`: products, reductions, shapes, indices, losses.

What only moves elements is told PyTorch as NumPy does it to the elements' numbers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from graph_kinds import (
    GAP,
    KINDS,
    Array,
    Draw,
    Drawn,
    Kind,
    Params,
    Run,
    axis_of,
    like,
    real,
    wide,
)

from autograd_core.nn import functional as F
from autograd_core.ops import TABLE

MOST = 6  # of tiles and repeats


def moved(run: Run) -> Run:
    """PyTorch's form of a function that moves elements."""

    def theirs(torch: Any, p: Params, *xs: Any) -> Any:
        numbers, start = [], 0
        for x in xs:
            count = x.numel()
            numbers.append(np.arange(start, start + count).reshape(tuple(x.shape)))
            start += count
        flat = torch.cat([x.reshape(-1) for x in like(torch, *xs)])
        return flat[torch.from_numpy(np.array(run(p, *numbers)))]

    return theirs


# Products ----------------------------------------------------------------------------


def _multiply(a: Array, b: Array) -> bool:
    if not (a.ndim and b.ndim and np.result_type(a, b) == np.float64):
        return False
    if "b" in (a.dtype.kind, b.dtype.kind):
        return False
    try:
        np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        return False
    return a.shape[-1] == b.shape[max(b.ndim - 2, 0)]


def _draw_matmul(d: Draw) -> Drawn:
    found = d.where(real, _multiply)
    return found and (found, {"np": d.flag()})


KINDS["matmul"] = KINDS["matmul again"] = Kind(
    _draw_matmul,
    lambda p, a, b: np.matmul(a, b) if p["np"] else a @ b,
    lambda torch, p, a, b: torch.matmul(*like(torch, a, b)),
    mixed=True,
)
KINDS["outer"] = Kind(
    lambda d: (found := d.where(wide, wide)) and (found, {}),
    lambda p, a, b: np.outer(a, b),
    lambda torch, p, a, b: torch.outer(a.reshape(-1), b.reshape(-1)),
)
KINDS["dot"] = Kind(
    lambda d: (
        (found := d.where(real, lambda a, b: b.ndim < 3 and _multiply(a, b)))
        and (found, {})
    ),
    lambda p, a, b: np.dot(a, b),
    lambda torch, p, a, b: torch.matmul(*like(torch, a, b)),
)
KINDS["linear"] = Kind(
    lambda d: (
        (
            found := d.where(
                lambda x: wide(x) and x.ndim > 0,
                lambda x, w: wide(w) and w.ndim == 2 and w.shape[1] == x.shape[-1],
                lambda x, w, b: wide(b) and b.shape == w.shape[:1],
            )
        )
        and (found, {})
    ),
    lambda p, x, w, b: x @ w.T + b,
    lambda torch, p, x, w, b: torch.nn.functional.linear(x, w, b),
    lambda p, x, w, b: F.linear(x, w, b),
)

# Reductions --------------------------------------------------------------------------


def _draw_reduction(d: Draw) -> Drawn:
    found = d.where(wide)
    if not found:
        return None
    axis = d.axes(d.values[found[0]].ndim)
    given = {"axis": axis, "keepdims": d.flag(), "method": d.flag()}
    return found, given


def _reduction(name: str, **more: Any) -> Run:
    def run(p: Params, x: Any) -> Any:
        given = {"axis": axis_of(p), "keepdims": p["keepdims"], **more}
        if p["method"]:
            return getattr(x, name)(**given)
        return getattr(np, name)(x, **given)

    return run


def _theirs(name: str, **more: Any) -> Run:
    def run(torch: Any, p: Params, x: Any) -> Any:
        axis = tuple(range(x.ndim)) if p["axis"] is None else axis_of(p)
        if not x.ndim:
            x, axis = x.reshape(1), 0  # a 0-d tensor has no axes to name
            return getattr(torch, name)(x, dim=axis, **more)
        return getattr(torch, name)(x, dim=axis, keepdim=p["keepdims"], **more)

    return run


def _no_tie(p: Params, x: Array) -> bool:
    """The two largest, and the two smallest, of each slice are apart."""
    axes = range(x.ndim) if p["axis"] is None else np.atleast_1d(axis_of(p))
    rest = [i for i in range(x.ndim) if i not in {a % x.ndim for a in axes}]
    rows = x.transpose(*rest, *(a % x.ndim for a in axes))
    rows = np.sort(rows.reshape([x.shape[i] for i in rest] + [-1]))
    return bool((np.diff(rows) > GAP).all())


def _spread(p: Params, x: Array) -> bool:
    return bool(x.var(axis=axis_of(p)).min() > 0.05)


KINDS["sum"] = Kind(_draw_reduction, _reduction("sum"), _theirs("sum"))
KINDS["mean"] = Kind(_draw_reduction, _reduction("mean"), _theirs("mean"))
KINDS["max"] = Kind(_draw_reduction, _reduction("max"), _theirs("amax"), fine=_no_tie)
KINDS["min"] = Kind(_draw_reduction, _reduction("min"), _theirs("amin"), fine=_no_tie)
for _ddof in (0, 1):
    KINDS[f"var {_ddof}"] = Kind(
        _draw_reduction,
        _reduction("var", ddof=_ddof),
        _theirs("var", correction=_ddof),
        fine=_spread,
    )
KINDS["std"] = Kind(
    _draw_reduction,
    _reduction("std", ddof=0),
    _theirs("std", correction=0),
    fine=_spread,
)
KINDS["logsumexp"] = Kind(
    _draw_reduction,
    lambda p, x: np.log(np.exp(x).sum(axis_of(p), keepdims=p["keepdims"])),
    _theirs("logsumexp"),
    lambda p, x: TABLE["logsumexp"](x, axis=axis_of(p), keepdims=p["keepdims"]),
    fine=lambda p, x: x.size > 0,
)

# Shapes ------------------------------------------------------------------------------


def _draw_reshape(d: Draw) -> Drawn:
    found = d.where(real)
    if not found:
        return None
    size = d.values[found[0]].size
    first = d.choice([n for n in range(1, size + 1) if not size % n])
    shape = d.choice([[first, size // first], [first, -1], [-1], [size, 1]])
    return found, {"shape": shape, "method": d.flag()}


def _draw_order(d: Draw) -> Drawn:
    found = d.where(real)
    if not found:
        return None
    order = d.rng.permutation(d.values[found[0]].ndim).tolist()
    return found, {"axes": d.choice([None, order])}


def _draw_axis(d: Draw, extra: int = 0) -> Drawn:
    found = d.where(lambda x: real(x) and x.ndim + extra > 0)
    if not found:
        return None
    ndim = d.values[found[0]].ndim + extra
    axis, to = d.int(-ndim, ndim - 1), d.int(-ndim, ndim - 1)
    return found, {"axis": axis, "to": to, "count": d.int(1, 3)}


def _draw_broadcast(d: Draw) -> Drawn:
    found = d.where(real)
    if not found:
        return None
    shape = [d.int(1, 3) if n == 1 else n for n in d.values[found[0]].shape]
    return found, {"shape": [d.int(1, 3)] * d.int(0, 1) + shape}


def _reshape(p: Params, x: Any) -> Any:
    return x.reshape(p["shape"]) if p["method"] else np.reshape(x, p["shape"])


def _split(p: Params, x: Any) -> Any:
    return np.split(x, [p["count"] - 1], p["axis"])[1]


MOVES: dict[str, tuple[Any, Run]] = {
    "reshape": (_draw_reshape, _reshape),
    "transpose": (_draw_order, lambda p, x: np.transpose(x, p["axes"])),
    "T": (_draw_order, lambda p, x: x.T),
    "swapaxes": (_draw_axis, lambda p, x: np.swapaxes(x, p["axis"], p["to"])),
    "moveaxis": (_draw_axis, lambda p, x: np.moveaxis(x, p["axis"], p["to"])),
    "flip": (_draw_axis, lambda p, x: np.flip(x, p["axis"])),
    "squeeze": (_draw_reshape, lambda p, x: np.squeeze(x)),
    "expand_dims": (
        lambda d: _draw_axis(d, 1), lambda p, x: np.expand_dims(x, p["axis"]),
    ),
    "broadcast_to": (_draw_broadcast, lambda p, x: np.broadcast_to(x, p["shape"])),
    "repeat": (_draw_axis, lambda p, x: np.repeat(x, p["count"], p["axis"])),
    "tile": (_draw_axis, lambda p, x: np.tile(x, (p["count"], 1))),
    "split": (_draw_axis, _split),
}  # fmt: skip

for _name, (_draw, _run) in MOVES.items():
    KINDS[_name] = Kind(_draw, _run, moved(_run))

# Softmax, losses, batch norm ---------------------------------------------------------


def _np_log_softmax(x: Array, axis: int = -1) -> Array:
    x = x - x.max(axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis, keepdims=True))


def _draw_softmax(d: Draw) -> Drawn:
    found = d.where(lambda x: wide(x) and x.ndim > 0)
    if not found:
        return None
    ndim = d.values[found[0]].ndim
    return found, {"axis": d.int(-ndim, ndim - 1)}


KINDS["softmax"] = Kind(
    _draw_softmax,
    lambda p, x: np.exp(_np_log_softmax(x, p["axis"])),
    lambda torch, p, x: torch.softmax(x, p["axis"]),
    lambda p, x: F.softmax(x, p["axis"]),
)
KINDS["log_softmax"] = Kind(
    _draw_softmax,
    lambda p, x: _np_log_softmax(x, p["axis"]),
    lambda torch, p, x: torch.log_softmax(x, p["axis"]),
    lambda p, x: F.log_softmax(x, p["axis"]),
)

REDUCED: dict[str, Run] = {"mean": np.mean, "sum": np.sum, "none": lambda x: x}


def _draw_labels(d: Draw) -> Drawn:
    found = d.where(lambda x: wide(x) and x.ndim == 2)
    if not found:
        return None
    rows, classes = d.values[found[0]].shape
    labels = [d.int(0, classes - 1) for _ in range(rows)]
    smoothing = d.choice([0.0, 0.0, 0.1])
    how = {"reduction": d.choice([*REDUCED]), "smoothing": smoothing}
    return found, {"labels": labels, **how}


def _np_cross_entropy(p: Params, x: Array) -> Any:
    logs, s = _np_log_softmax(x), p["smoothing"]
    target = (1 - s) * np.eye(x.shape[1])[p["labels"]] + s / x.shape[1]
    return REDUCED[p["reduction"]](-(target * logs).sum(1))


KINDS["cross_entropy"] = Kind(
    _draw_labels,
    _np_cross_entropy,
    lambda torch, p, x: torch.nn.functional.cross_entropy(
        x, torch.tensor(p["labels"], dtype=torch.int64), reduction=p["reduction"],
        label_smoothing=p["smoothing"],
    ),
    lambda p, x: F.cross_entropy(
        x, np.array(p["labels"], np.int64), p["smoothing"], p["reduction"]
    ),
)  # fmt: skip


def _draw_loss(d: Draw) -> Drawn:
    found = d.where(wide, lambda x, t: wide(t) and t.shape == x.shape)
    return found and (found, {"reduction": d.choice([*REDUCED])})


def _huber(d: Array) -> Array:
    return np.where(abs(d) < 1, d * d / 2, abs(d) - 0.5)


LOSSES: dict[str, tuple[Run, Run]] = {
    "mse_loss": (lambda x, t: (x - t) ** 2, lambda x, t: True),
    "l1_loss": (lambda x, t: abs(x - t), lambda x, t: abs(x - t).min() > GAP),
    "huber_loss": (
        lambda x, t: _huber(x - t), lambda x, t: abs(abs(x - t) - 1).min() > GAP,
    ),
    "smooth_l1_loss": (
        lambda x, t: _huber(x - t), lambda x, t: abs(abs(x - t) - 1).min() > GAP,
    ),
    "binary_cross_entropy_with_logits": (
        lambda x, t: np.logaddexp(x, 0) - x * t,
        lambda x, t: t.min() >= 0 and t.max() <= 1 and x.max() < 19,
    ),
}  # fmt: skip

for _name, (_loss, _fine) in LOSSES.items():
    KINDS[_name] = Kind(
        _draw_loss,
        lambda p, x, t, run=_loss: REDUCED[p["reduction"]](run(x, t)),
        lambda torch, p, x, t, name=_name: getattr(torch.nn.functional, name)(
            x, t, reduction=p["reduction"]
        ),
        lambda p, x, t, name=_name: getattr(F, name)(x, t, reduction=p["reduction"]),
        fine=lambda p, x, t, test=_fine: bool(test(x, t)),
    )

# In a graph of the gradient softplus counts as linear from 20 on; not in PyTorch's.
KINDS["far logits"] = replace(
    KINDS["binary_cross_entropy_with_logits"],
    fine=lambda p, x, t: bool(t.min() >= 0 and t.max() <= 1),
    feature="far logits",
)


def _draw_norm(d: Draw) -> Drawn:
    def vector(x: Array, w: Array, b: Array | None = None) -> bool:
        return wide(w if b is None else b) and (w if b is None else b).shape == (
            x.shape[1],
        )

    found = d.where(lambda x: wide(x) and x.ndim in (2, 3), vector, vector)
    return found and (found, {})


def _np_norm(p: Params, x: Array, w: Array, b: Array) -> Array:
    axes = tuple(i for i in range(x.ndim) if i != 1)
    c = x - x.mean(axes, keepdims=True)
    c = c / np.sqrt((c * c).mean(axes, keepdims=True) + 1e-5)
    shape = (-1,) + (1,) * (x.ndim - 2)
    return c * w.reshape(shape) + b.reshape(shape)


KINDS["batch_norm"] = Kind(
    _draw_norm,
    _np_norm,
    lambda torch, p, x, w, b: torch.nn.functional.batch_norm(x, None, None, w, b, True),
    lambda p, x, w, b: F.batch_norm(x, None, None, w, b, True),
    fine=lambda p, x, w, b: bool(x.var((0, *range(2, x.ndim))).min() > 0.05),
)
