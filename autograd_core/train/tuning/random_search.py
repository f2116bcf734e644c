"""`search`: random hyper-parameters, coarse to fine."""

from __future__ import annotations

import math
import operator
import os
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autograd_core.foreign.keywords import answers
from autograd_core.random import default_generator
from autograd_core.train.history import INTERRUPTED, History
from autograd_core.train.tuning.interrupt import Presses, listening
from autograd_core.train.tuning.journal import Journal, journal
from autograd_core.train.tuning.progress import Bar
from autograd_core.train.tuning.result import COLUMNS, Search, Trial, ranked
from autograd_core.train.tuning.score import check_takes, larger_is_better, measure
from autograd_core.train.tuning.space import Scale, checked
from autograd_core.train.tuning.workers import Job, Workers, outcome_of


class Measured(NamedTuple):
    """What is known of a trial once it has ended; see `Trial`."""

    score: float
    seconds: float
    values: dict[str, float]
    error: str = ""


@answers
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
    workers: int = 1,
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

    ``workers`` processes take a trial each and share the threads; the trials are the
    same however many there are. They are forked (on macOS and Windows started anew:
    there the score must be a function of a module), so what the score changes outside
    of itself stays in them. A trial whose worker dies is tried once more, and then a
    row with that message; the others go on.

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
    seed, workers = _count(seed, "seed", 0), _count(workers, "workers", 1)
    if maximize is None:
        maximize = monitor is not None and larger_is_better(monitor, "search")
    head = {
        "seed": seed,
        "space": {name: repr(scale) for name, scale in space.items()},
        "monitor": monitor,
        "maximize": maximize,
    }
    measure = _Measure(score, seed, monitor, maximize)
    kept = default_generator.get_state()
    with (
        journal(path, head) as log,
        listening() as presses,
        Bar(trials * (1 + refine), progress) as bar,
    ):
        runner = _Runner(measure, space, trials, log, presses, workers)
        try:
            return runner.run(refine, bar)
        finally:
            default_generator.set_state(kept)


@dataclass(frozen=True)
class _Measure:
    """The score of a trial, in a process of its own or not."""

    score: Callable[..., Any]
    seed: int
    monitor: str | None
    maximize: bool

    def __call__(self, number: int, params: dict[str, Any]) -> Measured:
        """With the library's generator seeded by the trial's number."""
        default_generator.manual_seed(_seed(self.seed, number))
        start = time.perf_counter()
        try:
            result = self.score(**params)
        except FloatingPointError as error:
            text = str(error) or "FloatingPointError"
            return Measured(math.nan, time.perf_counter() - start, {}, text)
        seconds = time.perf_counter() - start
        if isinstance(result, History) and result.interrupted:
            raise KeyboardInterrupt
        score, values = measure(result, self.monitor, self.maximize)
        if math.isfinite(score):
            return Measured(score, seconds, values)
        return Measured(math.nan, seconds, values, f"the score is {score}")


class _Runner:
    """A search under way."""

    def __init__(
        self,
        measure: _Measure,
        space: dict[str, Scale],
        trials: int,
        log: Journal,
        presses: Presses,
        workers: int,
    ) -> None:
        self.measure, self.space, self.trials = measure, space, trials
        self.log, self.presses, self.workers = log, presses, workers
        self.done: list[Trial] = []

    def run(self, refine: int, bar: Bar) -> Search:
        """All trials, or those before an interrupt."""
        space, keep = self.space, max(3, self.trials // 10)
        try:
            with Workers(self.workers, self.measure, lost, self.presses) as workers:
                for round_ in range(1 + refine):
                    if round_:
                        best = ranked(self.done, self.measure.maximize)[:keep]
                        space = narrowed(space, best)
                    self._round(round_, space, workers, bar)
        except KeyboardInterrupt:
            return self.result(INTERRUPTED)
        except Exception as error:
            vars(error)["search"] = self.result("an error")
            error.add_note(
                f"train.search: the {len(self.done)} finished trials are in "
                "error.search"
            )
            raise
        return self.result()

    def result(self, stopped: str = "") -> Search:
        """What is finished."""
        return Search(list(self.done), self.space, self.measure.maximize, stopped)

    def _round(
        self, round_: int, space: dict[str, Scale], workers: Workers, bar: Bar
    ) -> None:
        """Trials of the file, and then all others."""
        jobs = []
        for number in range(round_ * self.trials, (round_ + 1) * self.trials):
            params = drawn(space, self.measure.seed, number)
            trial = self.log.read(number, params, round_, self.trials)
            if trial is None:
                jobs.append((number, params))
            else:
                self._take(trial, bar)
        several = self.workers > 1
        for job, found in workers.results(jobs) if several else self._in_turn(jobs):
            if isinstance(found, BaseException):
                found.add_note("train.search: in trial {} with {}".format(*job))
                raise found
            score, seconds, values, error = found
            trial = Trial(*job, score, seconds, values, round_, error)
            self._take(trial, bar, new=True)
            if self.presses.pressed:
                raise KeyboardInterrupt

    def _in_turn(self, jobs: list[Job]) -> Iterator[tuple[Job, Any]]:
        """In this process; the user's code may have caught the interrupt."""
        for job in jobs:
            with self.presses.trial():
                found = outcome_of(self.measure, job)
            yield job, KeyboardInterrupt() if self.presses.pressed else found

    def _take(self, trial: Trial, bar: Bar, new: bool = False) -> None:
        self.done.append(trial)
        if new:
            self.log.append(trial, self.space)
        bar.show(self.done, self.measure.maximize)


def lost(why: str) -> Measured:
    """A trial whose worker is gone."""
    return Measured(math.nan, 0.0, {}, why)


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
