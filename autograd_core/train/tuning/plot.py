"""The picture of what mattered in a search."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from autograd_core.train.plots import finished, panels
from autograd_core.train.tuning.importance import importance
from autograd_core.train.tuning.result import Search, Trial
from autograd_core.train.tuning.space import Choice, Log, OneMinus, Scale, Whole

ROUNDS = ("#9aa5b1", "#4c72b0", "#1b2a49")
FAILED, BEST = "#c44e52", "#dd8452"


def plot_search(result: Search, path: str | os.PathLike[str] | None = None) -> Any:
    """Draw the score against each parameter on its scale, what mattered most first.

    Each panel of ``result`` says how much of the scores' variance its parameter
    explains (see `autograd_core.train.tuning.importance`); trials without a score are
    crosses at the worst edge, a star is the best. Returns the matplotlib Figure, and
    saves it if there is a ``path`` (.png, .svg, .pdf). Raises ValueError if no trial
    has a score, ImportError without matplotlib.
    """
    best = result.best
    shares = importance(result.trials, result.space, result.maximize)
    figure, axes = panels(len(shares))
    for (name, share), ax in zip(shares.items(), axes, strict=True):
        _panel(ax, name, result.space[name], result, best)
        ax.set_title("" if np.isnan(share) else f"explains {share:.0%}", fontsize=10)
    for ax in axes[1:]:
        ax.sharey(axes[0])
    scores = [trial.score for trial in result.trials if not trial.failed]
    if min(scores) > 0 and max(scores) > 10 * min(scores):
        axes[0].set_yscale("log")
    axes[0].set_ylabel("score")
    if any(trial.round for trial in result.trials):
        axes[0].legend(frameon=False, fontsize=8)
    return finished(figure, path)


def _panel(ax: Any, name: str, scale: Scale, result: Search, best: Trial) -> None:
    """Score against one parameter."""

    def x(trial: Trial) -> float:
        return _x(scale, trial.params[name], trial.number)

    _axis(ax, name, scale)
    good = [trial for trial in result.trials if not trial.failed]
    for number in sorted({trial.round for trial in good}):
        part = [trial for trial in good if trial.round == number]
        ax.scatter(
            [x(trial) for trial in part],
            [trial.score for trial in part],
            c=ROUNDS[number % len(ROUNDS)],
            s=16,
            label=f"round {number}",
        )
    failed = [x(trial) for trial in result.trials if trial.failed]
    edge = [0.02 if result.maximize else 0.98] * len(failed)
    ends = ax.get_xaxis_transform()  # whatever the limits of the scores
    ax.scatter(failed, edge, c=FAILED, marker="x", s=20, transform=ends)
    ax.update_datalim([(place, 1.0) for place in failed], updatey=False)
    ax.scatter([x(best)], [best.score], c=BEST, marker="*", s=120, zorder=3)
    ax.autoscale_view()


def _axis(ax: Any, name: str, scale: Scale) -> None:
    """A parameter's name and scale."""
    ax.set_xlabel(f"1 - {name}" if isinstance(scale, OneMinus) else name)
    if isinstance(scale, Choice):
        ax.set_xticks(range(len(scale.options)), map(scale.show, scale.options))
    elif isinstance(scale, Log | OneMinus) or (isinstance(scale, Whole) and scale.log):
        ax.set_xscale("log")


def _x(scale: Scale, value: Any, number: int) -> float:
    """Where a value is drawn; options are spread a little, each in its column."""
    if isinstance(scale, Choice):
        return scale.index(value) + (number * 0.618 % 1 - 0.5) * 0.4
    return 1.0 - value if isinstance(scale, OneMinus) else float(value)
