"""Optimizers on a function of a few numbers: the way each takes, and a picture."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd_core.create import tensor
from autograd_core.hooks import Array
from autograd_core.optim import Optimizer
from autograd_core.tape import grad_mode
from autograd_core.tensor import Tensor
from autograd_core.train import plots

Surface = Callable[[Tensor], Any]
Box = tuple[tuple[float, float], tuple[float, float]]
GRID = 80  # points along each side of a picture
LEVELS = 24
COLORS = [f"tab:{c}" for c in ["red", "orange", "green", "purple", "brown", "pink"]]
FAR = 10  # times the median distance from the start


def descend(
    f: Surface,
    start: Any,
    make: Callable[[list[Tensor]], Optimizer],
    steps: int = 100,
) -> Array:
    """The way of an optimizer down ``f`` from ``start``, float64 (steps + 1, n).

    ``f`` takes a Tensor (n,) and returns one number; ``make`` gets a list with that
    Tensor. A way that comes to where point or value are not finite ends before, and is
    shorter.

    >>> from autograd_core import optim, train
    >>> def bowl(p):
    ...     return p[0] ** 2 + 10 * p[1] ** 2
    >>> train.descend(bowl, (1.0, 1.0), lambda p: optim.SGD(p, lr=0.25), 2).tolist()
    [[1.0, 1.0], [0.5, -4.0], [0.25, 16.0]]

    Raises ValueError unless ``start`` is finite numbers along one axis and ``f`` is
    finite there, TypeError if ``f`` does not return one number as a Tensor.
    """
    first = np.array(start, np.float64)
    if first.ndim != 1 or not first.size or not np.isfinite(first).all():
        raise ValueError(f"descend: start must be finite numbers (n,), got {start!r}")
    if steps < 0:
        raise ValueError(f"descend: steps cannot be negative, got {steps}")
    point = tensor(first, requires_grad=True)
    opt = make([point])
    path: list[Array] = []
    with grad_mode(True), np.errstate(all="ignore"):
        while len(path) <= steps and np.isfinite(point._data).all():
            opt.zero_grad()
            value = _value(f, point)
            if not math.isfinite(value.item()):
                break
            path.append(point._data.copy())
            value.backward()
            opt.step()
    if not path:
        raise ValueError(f"descend: the function is {value.item()} at {start}")
    return np.array(path)


def paths(
    f: Surface,
    ways: Mapping[str, Any],
    path: str | os.PathLike[str] | None = None,
    *,
    box: Box | None = None,
    title: str = "",
    ax: Any = None,
) -> Any:
    """Draw ways over the contours of ``f``, a function of two numbers: a Figure.

    ``ways`` are arrays (points, 2) by name, as `descend` gives them. ``box`` is what is
    shown, ``((x low, x high), (y low, y high))``; by default all of every way, but for
    what went ten times as far from the start as most. The contours are drawn through
    equal shares of the picture, so that flat and steep parts are seen alike. ``path``,
    ``title``, ``ax`` and what is raised are as in `lines`; ValueError for ways that are
    not (points, 2).
    """
    ways = {name: np.asarray(way, np.float64) for name, way in ways.items()}
    for name, way in ways.items():
        if way.ndim != 2 or way.shape[1] != 2 or not len(way):
            raise ValueError(
                f"paths: {name!r} must be points (n, 2), got shape {way.shape}"
            )
    if not ways and box is None:
        raise ValueError("paths: nothing to draw, got no ways and no box")
    (left, right), (low, high) = box or _box(np.concatenate(list(ways.values())))
    xs, ys = np.linspace(left, right, GRID), np.linspace(low, high, GRID)
    heights = np.array([[_height(f, np.array([x, y])) for x in xs] for y in ys])
    if ax is None:
        figure, (ax,) = plots.panels(1)
        figure.set_size_inches(5.5, 4.5)
    finite = heights[np.isfinite(heights)]
    levels = np.unique(np.quantile(finite, np.linspace(0, 1, LEVELS)))
    if len(levels) > 1:
        shown = np.ma.masked_invalid(heights)
        ranks = np.ma.array(np.interp(shown.filled(0), levels, range(len(levels))))
        ranks.mask = shown.mask
        ax.contourf(xs, ys, ranks, range(len(levels)), cmap="Blues_r", alpha=0.8)
    ax.set_prop_cycle(color=COLORS)
    for name, way in ways.items():
        (line,) = ax.plot(way[:, 0], way[:, 1], ".-", label=name, lw=1.4, markersize=4)
        ax.plot(*way[-1], "*", color=line.get_color(), markersize=12)
    if ways:
        ax.plot(*next(iter(ways.values()))[0], "ko", markersize=5)
        ax.legend(loc="best")
    ax.set(xlim=(left, right), ylim=(low, high), xlabel="$x_0$", ylabel="$x_1$")
    ax.set_title(title)
    ax.grid(False)
    return plots.finished(ax.figure, path)


def _value(f: Surface, point: Tensor) -> Tensor:
    value = f(point)
    if not isinstance(value, Tensor) or value.size != 1:
        given = getattr(value, "shape", type(value).__name__)
        raise TypeError(f"the function must return one number as a Tensor, got {given}")
    return value


def _height(f: Surface, point: Array) -> float:
    with grad_mode(False), np.errstate(all="ignore"):
        return float(_value(f, tensor(point)).item())


def _box(points: Array) -> Box:
    """What to show: all points but those that went far away, and a margin."""
    away = np.abs(points - points[0]).max(1)
    near = points[away <= FAR * max(np.median(away), 1e-300)]
    low, high = near.min(0), near.max(0)
    margin = 0.1 * (high - low) + 0.05 * max(float((high - low).max()), 1e-3)
    (left, bottom), (right, top) = low - margin, high + margin
    return (left, right), (bottom, top)
