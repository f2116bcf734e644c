"""`search`: random hyper-parameters, coarse to fine."""

from __future__ import annotations

import math
import operator
import os
import time
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd_core.random import default_generator
from autograd_core.train.history import INTERRUPTED, History
from autograd_core.train.tuning.interrupt import Presses, listening
from autograd_core.train.tuning.journal import Journal, journal
from autograd_core.train.tuning.progress import Bar
from autograd_core.train.tuning.result import COLUMNS, Search, Trial, ranked
from autograd_core.train.tuning.score import check_takes, larger_is_better, measure
from autograd_core.train.tuning.space import Scale, checked


def search(
    score: Callable[..., Any],
    space: Mapping[str, Scale],
    trials: int = 60,
    seed: int = 0,
    refine: int = 0,
    *,
    monitor: str | None = None,
    maximize: bool | None = None,
    path: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Search:
    """Call ``score`` with random parameters from ``space``; return a `Search`.

    ``score(lr=0.01, width=32)`` is called with the names of the space and returns a
    number, the smaller the better unless ``maximize``; or the `History` of a fit, or a
    dict of numbers, of which the best, or the one, of the column ``monitor`` counts
    ("valid_loss" of a History; losses are minimised, accuracies, f1, auc and r2
    maximised). Values are drawn at random, not on a grid, because of ten parameters two
    matter, and of those random trials try as many values as there are trials (Bergstra
    and Bengio 2012, "Random search for hyper-parameter optimization").

    ``refine`` more rounds of as many trials draw from a part of each range only, that
    of the best tenth (at least three) of all trials before. What is drawn follows from
    ``seed`` and the trial's number alone: more trials or rounds keep the first ones.
    The library's generator is seeded anew for each trial and put back afterwards.

    A trial that diverges (FloatingPointError, or a score that is not finite) is a row
    with its message. Any other exception ends the search; it has the finished trials as
    ``error.search``. Ctrl-C ends the search, not one trial, and returns what is
    finished, with ``interrupted`` set.

    With ``path`` each finished trial is on the disk before the next starts; the same
    call with the same file, after a kill or with more trials, goes on as if it had
    never stopped. ``progress`` shows a bar with the best so far.

    Raises before the first trial: TypeError and ValueError for a space, a score or
    numbers that cannot be searched, or the file of another search.

    >>> from autograd_core import train
    >>> space = {"lr": train.Log(1e-4, 1), "beta": train.OneMinus(1e-3, 0.5)}
    >>> found = train.search(lambda lr, beta: (lr - 0.1) ** 2 + beta, space, trials=20)
    >>> sorted(found.best.params)
    ['beta', 'lr']
    """
    space = checked(space, "search")
    taken = set(COLUMNS) & set(space)
    if taken:
        raise ValueError(f"search: {sorted(taken)} name columns of the result; rename")
    check_takes(score, space, "search")
    trials, refine = _count(trials, "trials", 1), _count(refine, "refine", 0)
    seed = _count(seed, "seed", 0)
    if maximize is None:
        maximize = monitor is not None and larger_is_better(monitor, "search")
    head = {
        "seed": seed,
        "space": {name: repr(scale) for name, scale in space.items()},
        "monitor": monitor,
        "maximize": maximize,
    }
    kept = default_generator.get_state()
    total = trials * (1 + refine)
    with (
        journal(path, head) as log,
        listening() as presses,
        Bar(total, progress) as bar,
    ):
        runner = _Runner(score, space, trials, seed, monitor, maximize, log, presses)
        try:
            return runner.run(total, bar)
        finally:
            default_generator.set_state(kept)


class _Runner:
    """A search under way."""

    def __init__(
        self,
        score: Callable[..., Any],
        space: dict[str, Scale],
        trials: int,
        seed: int,
        monitor: str | None,
        maximize: bool,
        log: Journal,
        presses: Presses,
    ) -> None:
        self.score, self.space, self.trials, self.seed = score, space, trials, seed
        self.monitor, self.maximize = monitor, maximize
        self.log, self.presses = log, presses
        self.done: list[Trial] = []

    def run(self, total: int, bar: Bar) -> Search:
        """All trials, or those before an interrupt."""
        space = self.space
        for number in range(total):
            if number and number % self.trials == 0:
                keep = max(3, self.trials // 10)
                space = narrowed(space, ranked(self.done, self.maximize)[:keep])
            params = drawn(space, self.seed, number)
            try:
                self._trial(number, params)
            except KeyboardInterrupt:
                return self.result(INTERRUPTED)
            except Exception as error:
                vars(error)["search"] = self.result("an error")
                error.add_note(
                    f"train.search: in trial {number} with {params}; the "
                    f"{len(self.done)} finished trials are in error.search"
                )
                raise
            bar.show(self.done, self.maximize)
            if self.presses.pressed:
                return self.result(INTERRUPTED)
        return self.result()

    def result(self, stopped: str = "") -> Search:
        """What is finished."""
        return Search(list(self.done), self.space, self.maximize, stopped)

    def _trial(self, number: int, params: dict[str, Any]) -> None:
        """One trial, of the file or anew."""
        round_ = number // self.trials
        trial = self.log.read(number, params, round_, self.trials)
        if trial is None:
            start = time.perf_counter()
            score, values, error = self._measured(number, params)
            seconds = time.perf_counter() - start
            trial = Trial(number, params, score, seconds, values, round_, error)
            self.done.append(trial)
            self.log.append(trial, self.space)
        else:
            self.done.append(trial)

    def _measured(
        self, number: int, params: dict[str, Any]
    ) -> tuple[float, dict[str, float], str]:
        """(score, values, why it has none)."""
        default_generator.manual_seed(_seed(self.seed, number))
        try:
            with self.presses.trial():
                result = self.score(**params)
        except FloatingPointError as error:
            return math.nan, {}, str(error) or "FloatingPointError"
        cut = isinstance(result, History) and result.interrupted
        if cut or self.presses.pressed:  # the user's code may have caught it
            raise KeyboardInterrupt
        score, values = measure(result, self.monitor, self.maximize)
        if math.isfinite(score):
            return score, values, ""
        return math.nan, values, f"the score is {score}"


def drawn(space: Mapping[str, Scale], seed: int, number: int) -> dict[str, Any]:
    """The parameters of a trial: each follows from seed, number and its own name."""
    places = {
        name: np.random.default_rng([seed, number, zlib.crc32(name.encode())]).random()
        for name in space
    }
    return {name: scale.at(places[name]) for name, scale in space.items()}


def narrowed(space: Mapping[str, Scale], best: list[Trial]) -> dict[str, Scale]:
    """The part of a space that the best trials lie in; without any, all of it."""
    found = [trial.params for trial in best if not trial.failed]
    if not found:
        return dict(space)
    return {
        name: scale.around([params[name] for params in found])
        for name, scale in space.items()
    }


def _seed(seed: int, number: int) -> int:
    """Of the library's generator in a trial."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0])


def _count(value: Any, name: str, least: int) -> int:
    """A whole number, at least so large."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ValueError(
            f"search: {name} must be a whole number >= {least}, got {value!r}"
        )
    return number
