"""How much of a search's scores each parameter explains by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from autograd_core.hooks import Array
from autograd_core.train.tuning.space import Choice, Scale

if TYPE_CHECKING:
    from autograd_core.train.tuning.result import Trial

BINS = 8  # at most
ENOUGH = 10  # trials, for a number that says something


def importance(
    trials: Sequence[Trial], space: Mapping[str, Scale], maximize: bool = False
) -> dict[str, float]:
    """The share of the scores' variance that each parameter explains, largest first.

    Scores are replaced by their ranks (one that diverged is far off, and a rank above
    the worst says so without drowning the rest); the parameter, on its scale, is cut
    into up to 8 groups of equally many trials, a choice into its options. The number is
    the part of the ranks' variance that lies between the groups, less what chance puts
    there: epsilon squared (Kelley 1935, "An unbiased correlation ratio measure").
    0 is none, 1 all. What two parameters do only together it does not see. NaN for
    fewer than 10 trials. Only the first round counts, as the others are not drawn from
    the whole space; of trials that a sampler chose (Optuna's) the numbers are rougher.
    """
    trials = [trial for trial in trials if trial.round == 0]
    ranks = _ranks(trials, maximize)
    found = {}
    for name, scale in space.items():
        values = [trial.params[name] for trial in trials]
        places = np.array([scale.position(value) for value in values])
        found[name] = explained(ranks, _groups(places, isinstance(scale, Choice)))
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def explained(values: Array, groups: Array) -> float:
    """Epsilon squared: 1 - mean square within the groups / mean square of all."""
    count = len(np.unique(groups))
    if len(values) < max(ENOUGH, count + 1):
        return float("nan")
    total = np.sum((values - values.mean()) ** 2) / (len(values) - 1)
    if total == 0 or count < 2:
        return 0.0
    within = sum(
        np.sum((part - part.mean()) ** 2)
        for part in (values[groups == group] for group in np.unique(groups))
    ) / (len(values) - count)
    return float(max(0.0, 1.0 - within / total))


def _ranks(trials: Sequence[Trial], maximize: bool) -> Array:
    """Mean ranks: equal scores, and all without one, share theirs."""
    scores = [np.inf if t.failed else -t.score if maximize else t.score for t in trials]
    _, which, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[which], np.float64)


def _groups(places: Array, choice: bool) -> Array:
    """A group's number for each place."""
    count = min(BINS, max(2, len(places) // 5))
    distinct, which = np.unique(places, return_inverse=True)
    if choice or len(distinct) <= count:
        return which
    edges = np.quantile(places, np.linspace(0, 1, count + 1)[1:-1])
    return np.searchsorted(edges, places, side="right")
