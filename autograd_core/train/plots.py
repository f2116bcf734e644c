"""Pictures of runs, models and series, drawn by matplotlib without a display.

Each returns a matplotlib Figure, which a notebook shows, and with ``path`` writes it
into a file, whole or not at all; the ending chooses the kind (.png, .svg, .pdf). All
raise ImportError without matplotlib, ValueError for an unknown kind, OSError for a file
that cannot be written. Where there is ``ax``, axes of `panels` or of matplotlib's own,
the picture is drawn into these, one of several of a figure.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.nn import Module
from autograd_core.tape import TensorBase

if TYPE_CHECKING:
    from autograd_core.train.history import History

StrPath = str | os.PathLike[str]
FEW = 20  # points that are shown one by one
MANY = 6  # lines whose names find no room among them
BINS = 40
ROOM = 50  # letters beside each other in a panel
OTHER = ("epoch", "lr", "seconds")  # columns that are drawn on request


def learning_curve(
    history: History,
    path: StrPath | None = None,
    title: str = "",
    columns: Sequence[str] | None = None,
) -> Any:
    """Columns of a ``history`` by epoch, training and validation in one panel.

    By default the loss and the metrics; ``columns=["loss", "lr"]`` chooses. Few epochs
    are points as well. The axis of a loss is logarithmic if all of it is above 0. A
    value that is not finite is a gap. ``path``, ``title`` and the result are as in
    `lines`. Raises ValueError for a history without epochs or a column that it does not
    have.
    """
    rows = getattr(history, "rows", None)
    if not isinstance(rows, list):
        given = type(history).__name__
        raise TypeError(f"learning_curve: expected the History of a fit, got {given}")
    if not rows:
        raise ValueError("learning_curve: the history has no epochs")
    there = list(dict.fromkeys(name for row in rows for name in row))
    measured = [n.removeprefix("valid_") for n in there if n not in OTHER]
    names = list(dict.fromkeys(measured)) if columns is None else list(columns)
    for name in names:
        if name not in there and f"valid_{name}" not in there:
            known = ", ".join(there)
            raise ValueError(f"learning_curve: no column {name!r}; there are: {known}")
    figure, axes = panels(len(names))
    for name, ax in zip(names, axes, strict=True):
        both = {"training": name, "validation": f"valid_{name}"}
        found = {label: _points(rows, n) for label, n in both.items() if n in there}
        _draw(ax, found)
        if name in ("loss", "cost", "lr") or name.endswith(("_loss", "norm")):
            _logarithmic(ax, [y for _, values in found.values() for y in values])
        ax.set(xlabel="epoch", ylabel=name)
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[0].legend(frameon=False)
    figure.suptitle(title, fontsize=11)
    return finished(figure, path)


def lines(
    series: Mapping[str, Any],
    path: StrPath | None = None,
    *,
    xlabel: str = "step",
    ylabel: str = "",
    log: bool = False,
    title: str = "",
    ax: Any = None,
) -> Any:
    """``series`` of numbers, by name, over 1, 2, 3, ...: averages, schedules, losses.

    ``path``: a file (.png, .svg, .pdf) to write; ``xlabel``, ``ylabel``, ``title``:
    texts; ``log``: a logarithmic axis, taken only if all values are above 0; ``ax``:
    axes of matplotlib to draw into. Returns the figure; raises ImportError without
    matplotlib.
    """
    ax = axes_of(ax, len(series))
    found = {
        name: (list(range(1, len(y) + 1)), [float(v) for v in y])
        for name, y in series.items()
    }
    _draw(ax, found)
    if log:
        _logarithmic(ax, [y for _, values in found.values() for y in values])
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.xaxis.get_major_locator().set_params(integer=True)
    beside = (
        {"loc": "upper left", "bbox_to_anchor": (1, 1)} if len(found) > MANY else {}
    )
    ax.legend(frameon=False, **beside)
    return finished(ax.figure, path)


def bars(
    values: Mapping[str, float | Mapping[str, float]],
    path: StrPath | None = None,
    *,
    ylabel: str = "",
    log: bool = False,
    ax: Any = None,
) -> Any:
    """Bars by name: ``{"L2": 0.9}``, or groups of them: ``{"L2": {"train": 0.9}}``.

    ``values`` are these; ``path``, ``ylabel``, ``log``, ``ax``, the result and what is
    raised are as in `lines`.
    """
    ax = axes_of(ax, len(values))
    groups = {
        name: value if isinstance(value, Mapping) else {"": value}
        for name, value in values.items()
    }
    labels = list(dict.fromkeys(label for group in groups.values() for label in group))
    parts = {
        label: [group.get(label, math.nan) for group in groups.values()]
        for label in labels
    }
    by_layer(ax, list(groups), parts, ylabel, log=log)
    return finished(ax.figure, path)


def histograms(
    values: Mapping[str, Any], path: StrPath | None = None, *, xlabel: str = ""
) -> Any:
    """How the finite numbers of some arrays are distributed, a panel for each.

    ``values``: arrays by name. A panel says how many are exactly 0, and how many are
    not finite. ``path``, ``xlabel``, the result and what is raised are as in `lines`.
    """
    figure, axes = panels(len(values))
    for (name, value), ax in zip(values.items(), axes, strict=True):
        array = np.asarray(value._data if isinstance(value, TensorBase) else value)
        finite = array[np.isfinite(array)].astype(np.float64)
        if finite.size:
            ax.hist(finite, bins=BINS)
        zeros, lost = int((array == 0).sum()), array.size - finite.size
        note = f"\n{zeros:,} of {array.size:,} are 0" if zeros else ""
        note += f"\n{lost:,} of {array.size:,} are not finite" if lost else ""
        ax.set(title=f"{name}{note}", xlabel=xlabel)
    return finished(figure, path)


def weight_histograms(model: Module, path: StrPath | None = None) -> Any:
    """`histograms` of a ``model``'s weights: its parameters of two or more axes.

    ``path``, the result and what is raised are as there.
    """
    named = dict(model.named_parameters())
    wide = {name: p for name, p in named.items() if p.ndim > 1} or named
    if not wide:
        raise ValueError(
            f"weight_histograms: {type(model).__name__} has no parameters to draw"
        )
    return histograms(wide, path, xlabel="weight")


# What they are made of ---------------------------------------------------------------


def panels(count: int) -> tuple[Any, list[Any]]:
    """A figure and ``count`` axes, side by side, for the ``ax=`` of these functions.

    Returns ``(figure, axes)``; ``figure.write(path)`` puts it into a file; see
    `autograd_core.train.figure`. Raises ImportError without matplotlib.
    """
    if not count:
        raise ValueError("nothing to draw: no columns, series or arrays were given")
    try:
        from autograd_core.train import figure
    except ImportError as error:
        raise ImportError(
            "pictures need matplotlib: pip install 'autograd-core[demo]'"
        ) from error
    return figure.panels(count)


def axes_of(ax: Any, count: int) -> Any:
    """The axes that were given, or those of a new figure; ValueError for no values."""
    return panels(min(count, 1))[1][0] if ax is None or not count else ax


def finished(figure: Any, path: StrPath | None) -> Any:
    """The figure, which has been written if there is a path."""
    if path is not None:
        write = getattr(figure, "write", figure.savefig)  # or one of matplotlib's own
        write(path)
    return figure


def by_layer(
    ax: Any,
    names: Sequence[str],
    parts: Mapping[str, Sequence[float]],
    ylabel: str,
    log: bool = True,
) -> None:
    """Bars at each name, one for each part; all but finite numbers are left out."""
    places, width = np.arange(len(names)), 0.8 / max(len(parts), 1)
    for i, (label, values) in enumerate(parts.items()):
        heights = [v if math.isfinite(v) else 0.0 for v in values]
        ax.bar(places + (i + 0.5) * width - 0.4, heights, width, label=label)
    crowded = sum(len(name) + 2 for name in names) > ROOM
    ax.set_xticks(places, names, rotation=90 if crowded else 0, fontsize=8)
    ax.set_ylabel(ylabel)
    if any(parts):
        columns = max(1, ROOM // max(len(label) + 5 for label in parts))
        ax.legend(
            frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=columns
        )
    heights = [v for values in parts.values() for v in values if math.isfinite(v)]
    if log:
        _logarithmic(ax, [v for v in heights if v > 0])
    if not any(heights):
        ax.set_ylim(0, 1)


def _points(
    rows: Sequence[Mapping[str, float]], name: str
) -> tuple[list[int], list[float]]:
    """Epochs in which a column was measured, and its values."""
    pairs = [(i + 1, float(row[name])) for i, row in enumerate(rows) if name in row]
    return [i for i, _ in pairs], [y for _, y in pairs]


def _draw(ax: Any, series: Mapping[str, tuple[Sequence[float], list[float]]]) -> None:
    """A line for each; points too if there are few, or gaps around them."""
    for label, (x, values) in series.items():
        y = [v if math.isfinite(v) else math.nan for v in values]
        marker = "o" if len(y) <= FEW or any(map(math.isnan, y)) else ""
        ax.plot(x, y, label=label, linewidth=1.6, marker=marker, markersize=3.5)


def _logarithmic(ax: Any, values: Sequence[float]) -> None:
    """A logarithmic axis, if there is nothing that it would hide."""
    if not values or not all(v > 0 and math.isfinite(v) for v in values):
        return
    narrow = max(values) < 100 * min(values)
    ax.set_yscale("log", subs=[2, 4, 6] if narrow else [])
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("{x:g}")
