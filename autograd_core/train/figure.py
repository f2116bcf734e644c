"""How every picture of this package looks; the one module that imports matplotlib."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from autograd_core.train import files

SIZE = (4.5, 3.2)  # of a panel, inches


class Picture(Figure):
    """A figure that needs no display, and that a notebook shows by itself."""

    def _repr_png_(self) -> bytes:
        return self.encoded("png")

    def encoded(self, kind: str) -> bytes:
        """The picture as a file of that kind."""
        picture = io.BytesIO()
        self.savefig(picture, format=kind, dpi=120)
        return picture.getvalue()

    def write(self, path: str | os.PathLike[str]) -> None:
        """Into a file, whole or not at all; its ending says the kind."""
        path = Path(path)
        files.replace(path, self.encoded(path.suffix[1:] or "png"))


def panels(count: int) -> tuple[Picture, list[Any]]:
    """A figure of so many axes side by side."""
    figure = Picture(layout="constrained", figsize=(SIZE[0] * count, SIZE[1]))
    FigureCanvasAgg(figure)
    axes = list(figure.subplots(1, count, squeeze=False)[0])
    for ax in axes:
        ax.grid(alpha=0.25)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes
