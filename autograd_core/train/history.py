"""What a run has measured."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np

from autograd_core.gradcheck import Report
from autograd_core.hooks import Array
from autograd_core.plural import count
from autograd_core.train.monitor import mode_of

INTERRUPTED = "interrupted"  # what Ctrl-C leaves in `History.stopped`
MOST = 30  # rows of a table, first and last ones


@dataclass(repr=False)
class History:
    """What a run has measured: a row for each epoch; ``history["loss"]`` is a column.

    "loss" is the mean over the epoch's rows of the loss as they were trained on
    (dropout active, weights moving), "cost" that of loss + penalties if there are any;
    metrics are of all the epoch's rows, as they were trained on, too. ``valid_*`` is
    measured after the epoch, in evaluation mode, of all rows at once, NaN for an epoch
    without validation. "lr" is the first group's, at the epoch's end; "seconds" counts
    from the start of training. ``gradchecks`` holds the reports of ``fit(gradcheck=)``
    by the epoch that they came after, ``stopped`` says why the run ended early, or "".
    ``pandas.DataFrame(history.rows)`` is a table.

    >>> from autograd_core.train import History
    >>> history = History([{"loss": 0.5}, {"loss": 0.25}])
    >>> history["loss"], history.last("loss"), history.best("loss")
    ([0.5, 0.25], 0.25, {'epoch': 2, 'loss': 0.25})
    >>> history
    History(2 epochs: loss 0.25)
    """

    rows: list[dict[str, float]] = field(default_factory=list)
    stopped: str = ""  # why, if before the last epoch
    gradchecks: dict[int, Report] = field(default_factory=dict)

    @property
    def interrupted(self) -> bool:
        """Ended by Ctrl-C."""
        return self.stopped == INTERRUPTED

    @property
    def columns(self) -> list[str]:
        """The names of all columns."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def __len__(self) -> int:
        """Epochs that are complete."""
        return len(self.rows)

    def __bool__(self) -> bool:
        """Always true: an empty history is one too."""
        return True

    def __iter__(self) -> Iterator[dict[str, float]]:
        """The rows."""
        return iter(self.rows)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a column."""
        return name in self.columns

    def __getitem__(self, name: str) -> list[float]:
        """A column as floats, one an epoch; KeyError names those that there are."""
        if self.rows and name not in self.columns:
            raise KeyError(
                f"no column {name!r}; there are: {', '.join(self.columns)}"
                f"{meant(name, self.columns)}"
            )
        return [row.get(name, math.nan) for row in self.rows]

    def arrays(self) -> dict[str, Array]:
        """All columns as float64 arrays (epochs,), by name."""
        return {name: np.array(self[name], np.float64) for name in self.columns}

    def last(self, name: str) -> float:
        """A column's latest value; ValueError if there are no epochs."""
        self._require_epochs(f"last({name!r})")
        return self[name][-1]

    def best(self, name: str, mode: str | None = None) -> dict[str, float]:
        """The row in which a column is best, and its "epoch", counted from 1.

        ``mode`` is "min" or "max"; it follows from names like "valid_loss" and
        "accuracy", see `EarlyStopping`. NaN is never best. Raises ValueError for no
        epochs, nothing but NaN, or a name whose mode must be said.
        """
        self._require_epochs(f"best({name!r})")
        sign = 1.0 if mode_of(name, mode, "History.best") == "min" else -1.0
        found = [(sign * v, i) for i, v in enumerate(self[name]) if not math.isnan(v)]
        if not found:
            raise ValueError(f"History.best: {name!r} is NaN in every epoch")
        place = min(found)[1]
        return {"epoch": place + 1, **self.rows[place]}

    def _require_epochs(self, what: str) -> None:
        if not self.rows:
            raise ValueError(f"History.{what}: the history has no epochs yet")

    def __repr__(self) -> str:
        epochs = count(len(self.rows), "epoch")
        values = f": {shown(self.rows[-1])}" if self.rows else ""
        return f"History({epochs}{values}{f'; {self.stopped}' * bool(self.stopped)})"

    def _repr_html_(self) -> str:
        """A table for notebooks; of a long run its first and last epochs."""
        names = self.columns
        lines = [_cells("th", ["epoch", *names])]
        for i, row in enumerate(self.rows):
            if i < MOST // 2 or i >= len(self.rows) - MOST // 2:
                values = [one(n, row[n]) if n in row else "" for n in names]
                lines.append(_cells("td", [str(i + 1), *values]))
            elif i == MOST // 2:
                lines.append(_cells("td", ["..."] * (len(names) + 1)))
        ended = f"<p>{html.escape(self.stopped)}</p>" if self.stopped else ""
        return f"<table>{''.join(lines)}</table>{ended}"


def meant(name: str, columns: Sequence[str]) -> str:
    """A hint: the column of almost that name, Keras's "val_loss" among them."""
    keras = name.replace("val_", "valid_", 1)
    found = [keras] if keras in columns else get_close_matches(name, columns, 1)
    return f". Did you mean {found[0]!r}?" if found else ""


def shown(row: Mapping[str, float]) -> str:
    """A row of the history for people: accuracies in percent."""
    return ", ".join(f"{name} {one(name, value)}" for name, value in row.items())


def one(name: str, value: float) -> str:
    """A value of a column for people."""
    return f"{value:.1%}" if name.endswith("accuracy") else f"{value:.4g}"


def _cells(tag: str, values: list[str]) -> str:
    cells = (f"<{tag}>{html.escape(value)}</{tag}>" for value in values)
    return f"<tr>{''.join(cells)}</tr>"
