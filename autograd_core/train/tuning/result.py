"""What a search has found: its trials, best first."""

from __future__ import annotations

import html
import math
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autograd_core.foreign import ElsewhereInSearch
from autograd_core.plural import count
from autograd_core.train.history import INTERRUPTED
from autograd_core.train.tuning.importance import ENOUGH, importance
from autograd_core.train.tuning.space import Scale

COLUMNS = ("trial", "round", "score", "seconds", "error")  # of `rows`, beside params
SHOWN = 10  # rows that a table shows


@dataclass(frozen=True)
class Trial:
    """One call of the score function; ``error`` is why it has no score (then NaN).

    ``number`` counts them, ``params`` are what was tried, it took ``seconds``;
    ``values`` are the other numbers that it returned, ``round`` counts refinements.
    """

    number: int
    params: dict[str, Any]
    score: float
    seconds: float = 0.0
    values: dict[str, float] = field(default_factory=dict)
    round: int = 0
    error: str = ""

    @property
    def failed(self) -> bool:
        """Has no finite score."""
        return bool(self.error)


@dataclass(repr=False)
class Search(ElsewhereInSearch):
    """The trials of a search, best first, those without a score at the end.

    ``print(result)`` and a notebook show the best ten; ``pd.DataFrame(result.rows)``
    has all; ``result.best.params`` are the parameters of the best. ``space`` and
    ``maximize`` are what `search` was given, ``stopped`` is why it ended early, or "".
    """

    trials: list[Trial]
    space: dict[str, Scale]
    maximize: bool = False
    stopped: str = ""  # why, if before the last trial

    def __post_init__(self) -> None:
        self.trials = ranked(self.trials, self.maximize)

    @property
    def interrupted(self) -> bool:
        """Ended by Ctrl-C."""
        return self.stopped == INTERRUPTED

    @property
    def best(self) -> Trial:
        """The first of the trials; raises ValueError if none has a score."""
        if not self.trials:
            raise ValueError("search: no trial was finished")
        if self.trials[0].failed:
            raise ValueError(
                f"search: no trial has a score; trial {self.trials[0].number}: "
                f"{self.trials[0].error}"
            )
        return self.trials[0]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A flat row for each trial: its numbers, parameters and other values."""
        return [
            {**trial.values, "trial": trial.number, "round": trial.round}
            | {"score": trial.score, **trial.params}
            | {"seconds": trial.seconds, "error": trial.error}
            for trial in self.trials
        ]

    def importance(self) -> dict[str, float]:
        """What mattered: see `autograd_core.train.tuning.importance`.

        Warns of those that are NaN, as there are too few trials.
        """
        found = importance(self.trials, self.space, self.maximize)
        if unknown := [name for name, share in found.items() if math.isnan(share)]:
            first = sum(trial.round == 0 for trial in self.trials)
            warnings.warn(
                f"importance: {count(first, 'trial')} before refinement are too few to "
                f"say how much {', '.join(unknown)} matters (NaN): it takes at least "
                f"{ENOUGH}, and more than a Choice has options",
                stacklevel=2,
            )
        return found

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """See `plot_search`."""
        from autograd_core.train.tuning.plot import plot_search

        return plot_search(self, path)

    def __len__(self) -> int:
        return len(self.trials)

    def __repr__(self) -> str:
        failed = sum(trial.failed for trial in self.trials)
        text = f"Search: {count(len(self.trials), 'trial')}"
        text += f", {failed} without a score" if failed else ""
        text += f", {self.stopped}" if self.stopped else ""
        if failed == len(self.trials):
            return text
        params = shown(self.best.params, self.space)
        shown_params = ", ".join(f"{n}={v}" for n, v in params.items())
        return f"{text}; best score {self.best.score:.6g} with {shown_params}"

    def __str__(self) -> str:
        head, *body = table = self._table()
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)).rstrip()
            for row in (head, *body)
        ]
        return "\n".join([repr(self), *lines, *self._rest()])

    def _repr_html_(self) -> str:
        head, *body = [[html.escape(cell) for cell in row] for row in self._table()]
        rows = ["".join(f"<td>{cell}</td>" for cell in row) for row in body]
        return (
            f"<table><caption>{html.escape(repr(self))}</caption><thead><tr>"
            + "".join(f"<th>{name}</th>" for name in head)
            + "</tr></thead><tbody>"
            + "".join(f"<tr>{row}</tr>" for row in rows)
            + "</tbody></table>"
            + "".join(f"<p>{html.escape(line)}</p>" for line in self._rest())
        )

    def _table(self) -> list[list[str]]:
        """Names, and the first rows."""
        table = [["trial", "score", *self.space, "error"]]
        for trial in self.trials[:SHOWN]:
            score = "" if trial.failed else f"{trial.score:.6g}"
            params = shown(trial.params, self.space).values()
            error = trial.error if len(trial.error) < 50 else trial.error[:47] + "..."
            table.append([str(trial.number), score, *params, error])
        if not any(row[-1] for row in table[1:]):
            return [row[:-1] for row in table]
        return table

    def _rest(self) -> list[str]:
        more = len(self.trials) - SHOWN
        return [f"... and {more} more in .trials"] if more > 0 else []


def ranked(trials: list[Trial], maximize: bool) -> list[Trial]:
    """Best first; equal ones, and those without a score, by number."""
    sign = -1.0 if maximize else 1.0
    return sorted(
        trials,
        key=lambda t: (math.inf if t.failed else sign * t.score, t.number),
    )


def shown(params: Mapping[str, Any], space: Mapping[str, Scale]) -> dict[str, str]:
    """Parameters as text."""
    return {name: scale.show(params[name]) for name, scale in space.items()}
