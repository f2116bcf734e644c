"""Pictures of a run, drawn by matplotlib without a display."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd_core.train import files

if TYPE_CHECKING:
    from autograd_core.train.history import History


def learning_curve(
    history: History, path: str | os.PathLike[str], title: str = ""
) -> None:
    """Draw loss and metrics by epoch, training and validation, into a picture file.

    The ending of ``path`` chooses the format (.png, .svg, .pdf); it is written whole or
    not at all. Raises ValueError for a history without epochs or an unknown format,
    OSError if it cannot be written, ImportError if matplotlib is missing.
    """
    if not history.rows:
        raise ValueError("learning_curve: the history has no epochs")
    figure = _figure()
    other = ("lr", "seconds")
    names = [n for n in history.rows[0] if n not in other and n[:6] != "valid_"]
    axes = figure.subplots(1, len(names), squeeze=False)[0]
    for name, ax in zip(names, axes, strict=True):
        _draw(ax, history, name)
    axes[0].legend(frameon=False)
    figure.set_size_inches(4.5 * len(names), 3.2)
    figure.suptitle(title, fontsize=11)
    picture, path = io.BytesIO(), Path(path)
    figure.savefig(picture, format=path.suffix[1:] or "png", dpi=120)
    files.replace(path, picture.getvalue())


def _draw(ax: Any, history: History, name: str) -> None:
    """One column of a history and its validation."""
    epochs = range(1, len(history.rows) + 1)
    for column, label in ((name, "training"), (f"valid_{name}", "validation")):
        if column in history.rows[0]:
            ax.plot(epochs, history[column], label=label, linewidth=1.6)
    if name == "loss":
        ax.set_yscale("log", subs=[2, 4, 6])
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("{x:g}")
    ax.set_xlabel("epoch")
    ax.set_ylabel(name)
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)


def _figure() -> Any:
    """A figure that needs no display and leaves pyplot's state alone."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "pictures need matplotlib: pip install 'autograd-core[demo]'"
        ) from error
    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    return figure
