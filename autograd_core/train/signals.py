"""`signals`: what a batch and its gradients look like in every layer of a model.

X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
networks", AISTATS 2010, looks at the same numbers.
"""

from __future__ import annotations

import html
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd_core.hooks import Array, observe
from autograd_core.nn import Module
from autograd_core.nn.describe import label
from autograd_core.nn.parameter import Parameter
from autograd_core.tape import Node, grad_mode
from autograd_core.tensor import Tensor
from autograd_core.train import plots
from autograd_core.train.aside import (
    as_written,
    batch_at,
    batches_of,
    dtype_of,
    loss_of,
    unchanged,
)
from autograd_core.train.loss import Loss
from autograd_core.walk import walk

LIMIT = 1e3  # by what factor a signal may shrink or grow
MANY = 0.5  # the share of units whose death is told
HEAD = {  # column: what the table calls it
    "layer": "layer",
    "kind": "kind",
    "mean": "mean",
    "std": "std",
    "zeros": "zeros",
    "dead": "dead",
    "stuck": "stuck",
    "output_grad": "|output grad|",
    "grad": "|grad|",
    "ratio": "|grad| / |weight|",
    "flag": "",
}
SHARES = ("zeros", "dead", "stuck")


@dataclass
class Signals:
    """What `signals` found: a row for each layer, in the order of their calls.

    ``rows`` are dicts; the columns are

    - ``layer``, ``kind``: its path, as `gradcheck` and ``state_dict`` name it; its repr
    - ``mean``, ``std``: of its output, over rows and units
    - ``zeros``: the share of its output that is exactly 0
    - ``dead``: the share of units that were 0 in every row
    - ``stuck``: the share of units that no gradient reached in any row
    - ``output_grad``: the norm of the gradient of the loss by its output
    - ``grad``, ``ratio``: the norm of the gradient of its own parameters, and that by
      the norm of these; times the learning rate it is how far a step of SGD moves them
    - ``flag``: what is wrong, or ""

    What a layer does not have is NaN. Flagged are activations whose std is over 1000
    times the root mean square of the inputs, and of 1, or under 1/1000 of both;
    gradients whose root mean square by the layer's output is over 1000 times, or under
    1/1000, of that by the model's output; half of the units or more dead; and values
    that are not finite.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def flagged(self) -> list[str]:
        """The layers with a flag."""
        return [row["layer"] for row in self.rows if row["flag"]]

    def __getitem__(self, column: str) -> list[Any]:
        if column not in HEAD:
            raise KeyError(f"no column {column!r}; there are: {', '.join(HEAD)}")
        return [row[column] for row in self.rows]

    def __repr__(self) -> str:
        lines = [tuple(HEAD.values()), *map(_shown, self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(w.ljust(n) for w, n in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in HEAD.values())
        body = (
            "".join(f"<td>{html.escape(text)}</td>" for text in _shown(row))
            for row in self.rows
        )
        lines = "".join(f"<tr>{cells}</tr>" for cells in body)
        return f"<table><tr>{head}</tr>{lines}</table>"

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Activations, shares of zeros and gradients by layer: a Figure."""
        figure, (left, middle, right) = plots.panels(3)
        names = self["layer"]
        plots.by_layer(left, names, {"std": self["std"]}, "activations")
        shares = {name: self[name] for name in ("zeros", "dead")}
        plots.by_layer(middle, names, shares, "share", log=False)
        grads = {"output": self["output_grad"], "parameters": self["grad"]}
        plots.by_layer(right, names, grads, "gradient norm")
        return plots.finished(figure, path)


def signals(
    model: Module, loss: Loss, x: Any, y: Any, sample_weight: Any = None
) -> Signals:
    """Run one batch forward and back; a table of what each layer makes of it.

    A layer is a module that holds no other, or has parameters of its own; one called
    twice has two rows, and of several outputs each has its row. Axis 0 are the rows of
    the batch ``x``, ``y`` (and ``sample_weight``, which ``loss`` is called with),
    everything after it units. The model runs in the mode that it is in; parameters,
    gradients, buffers, modes and the random generator are left as they are.

    Raises TypeError and ValueError for data that is not finite numbers. A model that
    makes NaN or infinity of it is no error: it is flagged, from the first layer on.

    >>> import numpy as np
    >>> from autograd_core import nn, train
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    >>> x, y = np.eye(4, dtype=np.float32), np.array([0, 1, 2, 0])
    >>> found = train.signals(model, nn.functional.cross_entropy, x, y)
    >>> found["layer"], found.flagged
    (['0', '1', '2'], [])
    """
    model = as_written(model)
    batches = batches_of((x, y, sample_weight), sys.maxsize, shuffle=False)
    x, *rest = batch_at(batches, 0, dtype_of(model))
    seen = _Seen(model)
    with unchanged(model), grad_mode(True), np.errstate(all="ignore"):
        with observe(seen):
            output = model(x)
        value = _loss(loss, output, *rest)
        grads = {} if value is None else _gradients(value, seen.places, model)
        return _judged(seen, grads, x)


class _Seen:
    """Looks at what the layers of a model give."""

    def __init__(self, model: Module) -> None:
        self.names = {m: n or type(m).__name__ for n, m in model.named_modules()}
        self.rows: list[dict[str, Any]] = []
        self.places: list[Any] = []  # where the output of each row was made
        self.layers: list[Module] = []
        self.last: Any = None  # where the model's own output was made
        self.last_size = 1

    def __call__(self, module: Module, output: Any) -> None:
        if module not in self.names:  # the loss, say
            return
        many = isinstance(output, list | tuple)
        outputs = [o for o in (output if many else [output]) if isinstance(o, Tensor)]
        if outputs:
            self.last, self.last_size = outputs[0].node or outputs[0], outputs[0].size
        if list(module.children()) and not _own(module):
            return
        for i, out in enumerate(outputs):
            name = self.names[module] + (f"[{i}]" if many else "")
            self.rows.append({"layer": name, "kind": label(module), **_measured(out)})
            self.places.append(out.node or out)
            self.layers.append(module)


def _own(module: Module) -> list[Parameter]:
    return [p for _, p in module.members() if isinstance(p, Parameter)]


def _measured(out: Tensor) -> dict[str, Any]:
    """The columns of the output, now: something may be written over it later."""
    a = out._data
    wide = a.astype(np.float64) if a.dtype.kind in "fiub" else np.abs(a)
    return {
        "mean": float(wide.mean()) if a.size else math.nan,
        "std": float(wide.std()) if a.size else math.nan,
        "zeros": float((a == 0).mean()) if a.size else math.nan,
        "dead": _never(a),
        "size": a.size,
    }


def _never(a: Array) -> float:
    """The share of units that are 0 in every row."""
    if not a.size:
        return math.nan
    units = a.reshape(len(a), -1) if a.ndim > 1 else a.reshape(-1, 1)
    return float((units == 0).all(0).mean())


def _loss(loss: Loss, output: Any, *rest: Array) -> Tensor | None:
    """None if it has no gradient, or refuses an output that is not finite."""
    try:
        value = loss_of(loss, output, *rest)
    except (ValueError, FloatingPointError):
        if isinstance(output, Tensor) and not np.isfinite(output._data).all():
            return None
        raise
    return value if value.requires_grad else None


def _gradients(value: Tensor, places: list[Any], model: Module) -> dict[Any, Array]:
    """Gradients by the places and by the parameters.

    A walk ends at the places that it is asked for. So there is one from each, newest
    first: then all that reaches it has come together.
    """
    targets: set[Any] = {p for p in model.parameters() if p.requires_grad}
    targets |= {p for p in places if isinstance(p, Node) or p.requires_grad}
    start = value.node or value
    found: dict[Any, Array] = {start: np.ones(value.shape, value.dtype)}
    nodes = {place for place in (*targets, start) if isinstance(place, Node)}
    for node in sorted(nodes, key=lambda node: node.number, reverse=True):
        if node in found:
            root: Any = SimpleNamespace(node=node)
            seed = found[node].copy()
            more = walk([root], [seed], [*(targets - {node})], retain_graph=True)
            for place, g in more.items():
                found[place] = np.asarray(g) + found.get(place, 0)
    return found


def _judged(seen: _Seen, grads: dict[Any, Array], x: Array) -> Signals:
    """The rows with what the gradients say, and their flags."""
    for row, place, module in zip(seen.rows, seen.places, seen.layers, strict=True):
        own = [p for p in _own(module) if p.requires_grad]
        g = grads.get(place)
        row["output_grad"] = _norm([g])
        row["stuck"] = math.nan if g is None else _never(g)
        row["grad"] = _norm([grads.get(p) for p in own])
        row["ratio"] = row["grad"] / (_norm([p._data for p in own]) or math.nan)
    scale = 1.0 if x.dtype.kind in "iub" else _norm([x]) / math.sqrt(x.size)
    reference = _norm([grads.get(seen.last)]) / math.sqrt(seen.last_size)
    for row in seen.rows:
        row["flag"] = ", ".join(_flags(row, scale, reference))
    return Signals([{name: row[name] for name in HEAD} for row in seen.rows])


def _norm(arrays: list[Array | None]) -> float:
    """The length of all of them as one vector; NaN of none."""
    known = [np.linalg.norm(a.astype(np.float64)) for a in arrays if a is not None]
    return math.hypot(*known) if known else math.nan


def _flags(row: dict[str, Any], scale: float, reference: float) -> Iterator[str]:
    """What is wrong with a layer: see `Signals`."""
    std, gradient = row["std"], row["output_grad"] / math.sqrt(row["size"] or 1)
    if row["size"] and not math.isfinite(std):
        yield "not finite"
    elif row["size"] > 1 and std < min(1.0, scale) / LIMIT:
        yield "activations vanish"
    elif std > max(1.0, scale) * LIMIT:
        yield "activations explode"
    if math.isinf(gradient):
        yield "gradients not finite"
    elif gradient < reference / LIMIT:
        yield "gradients vanish"
    elif gradient > reference * LIMIT:
        yield "gradients explode"
    if row["dead"] >= MANY:
        yield f"{row['dead']:.0%} dead"


def _shown(row: dict[str, Any]) -> tuple[str, ...]:
    """A row as text; what it does not have is "-"."""
    return tuple(_text(name, row[name]) for name in HEAD)


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return "-"
    return f"{value:.0%}" if name in SHARES else f"{value:.3g}"
