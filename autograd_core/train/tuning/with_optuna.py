"""The same spaces, and pruning by a fit's curve, on Optuna (the extra ``tune``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from autograd_core.train.callbacks import Callback
from autograd_core.train.tuning.result import Search, Trial
from autograd_core.train.tuning.score import larger_is_better
from autograd_core.train.tuning.space import (
    Choice,
    Log,
    OneMinus,
    Scale,
    Whole,
    checked,
    label,
)

if TYPE_CHECKING:
    from autograd_core.train.run import Run


def suggest(trial: Any, space: Mapping[str, Scale]) -> dict[str, Any]:
    """Parameters that an Optuna trial suggests from ``space``, by name.

    The scales become Optuna's distributions: `Log` a float with ``log=True``,
    `OneMinus` one of the name "1 - beta", `Whole` an int, `Choice` a categorical (an
    option that is no str, number or None goes by its name). ``trial`` may be a
    ``FixedTrial``. Raises TypeError and ValueError for what is no space.
    """
    return {
        name: _suggest(trial, name, scale)
        for name, scale in checked(space, "suggest").items()
    }


class Prune(Callback):
    """Reports a column to an Optuna trial every epoch; ends it if Optuna says so.

    For ``fit(..., callbacks=[train.Prune(trial)])`` inside an objective: the study's
    pruner compares the curve with those of other trials, and `optuna.TrialPruned` goes
    through fit to the study. Ctrl-C ends the study, not one fit: KeyboardInterrupt is
    raised when the interrupted fit is over (its `Checkpoint` is saved), and the trial
    counts as failed. One Prune may be used for several fits, k folds, one after
    another: their epochs are counted on.

    Epochs without validation are not reported. Raises before the first step: KeyError
    if there will be no such column, ValueError if the study goes the other way.
    """

    last = True
    keeps = ("reported",)  # folds are counted on

    def __init__(self, trial: Any, monitor: str = "valid_loss") -> None:
        self.trial, self.monitor = trial, monitor
        self.reported = self.before = 0  # epochs in all, and before this fit

    def __repr__(self) -> str:
        return f"Prune(trial {self.trial.number}, {self.monitor!r})"

    def check(self, run: Run) -> None:
        """The column must be there, and the study go where it becomes better."""
        run.require_column(self.monitor, "Prune")
        study = getattr(self.trial, "study", None)  # a FixedTrial has none
        if study is not None:
            _check_direction(study, self.monitor)

    def start(self, run: Run) -> None:
        """Count on from the fit before."""
        self.before = max(self.reported - run.epoch, 0)

    def epoch(self, run: Run) -> None:
        """Report; raises optuna.TrialPruned."""
        optuna = _optuna()
        if not run.measured(self.monitor):
            return
        self.reported = self.before + run.epoch
        value = run.history.last(self.monitor)
        self.trial.report(value, self.reported)
        if self.trial.should_prune():
            raise optuna.TrialPruned(
                f"pruned after epoch {run.epoch}: {self.monitor} {value:.6g}"
            )

    def close(self, run: Run) -> None:
        """Ctrl-C goes on to the study."""
        if run.history.interrupted:
            raise KeyboardInterrupt


def _check_direction(study: Any, monitor: str) -> None:
    """Raise ValueError unless the study goes where the column becomes better."""
    if len(study.directions) > 1:
        raise ValueError("Prune: Optuna does not prune studies of several objectives")
    try:
        larger = larger_is_better(monitor, "Prune")
    except ValueError:  # the name does not say, the study does
        return
    if larger != (study.direction.name == "MAXIMIZE"):
        better, right = ("larger", "max") if larger else ("smaller", "min")
        raise ValueError(
            f"Prune: {monitor!r} is better {better}, the study goes the other way: "
            f'optuna.create_study(direction="{right}imize")'
        )


def requeue(study: Any) -> list[int]:
    """Give the trials that killed workers have left to the next worker; their numbers.

    A worker that is killed leaves its trial RUNNING for ever: such trials are told to
    have failed, and their parameters put into the study's queue. Call it when no worker
    is running, as nothing tells a dead worker's trial from a live one's. (Optuna's
    ``RDBStorage(url, heartbeat_interval=60, failed_trial_callback=
    RetryFailedTrialCallback())`` knows by itself, for databases.)
    """
    states = _optuna().trial.TrialState
    left = study.get_trials(deepcopy=False, states=[states.RUNNING])
    for trial in left:
        study.tell(trial.number, state=states.FAIL)
        if trial.params:
            study.enqueue_trial(trial.params, {"retried_trial": trial.number})
    return [trial.number for trial in left]


def from_study(study: Any, space: Mapping[str, Scale]) -> Search:
    """The finished trials of an Optuna study as a `Search`: table, importance, picture.

    A pruned trial has no score, as it was not finished, a failed one neither; trials
    still running and those without the parameters of ``space`` are left out.
    """
    space = checked(space, "from_study")
    trials = [_trial(trial, space) for trial in study.get_trials(deepcopy=False)]
    found = [trial for trial in trials if trial is not None]
    return Search(found, space, study.direction.name == "MAXIMIZE")


def _trial(trial: Any, space: Mapping[str, Scale]) -> Trial | None:
    state = trial.state.name
    if not trial.state.is_finished():
        return None
    names = {name: _name(name, scale) for name, scale in space.items()}
    if not set(names.values()) <= trial.params.keys():
        return None
    params = {
        name: _value(scale, trial.params[names[name]]) for name, scale in space.items()
    }
    seconds = trial.duration.total_seconds() if trial.duration else 0.0
    complete = state == "COMPLETE"
    score = trial.value if complete else float("nan")
    return Trial(
        trial.number, params, score, seconds, error="" if complete else state.lower()
    )


def _name(name: str, scale: Scale) -> str:
    """The parameter's name in a study."""
    return f"1 - {name}" if isinstance(scale, OneMinus) else name


def _suggest(trial: Any, name: str, scale: Scale) -> Any:
    name = _name(name, scale)
    if isinstance(scale, Choice):
        return _value(scale, trial.suggest_categorical(name, list(_options(scale))))
    if isinstance(scale, Whole):
        return trial.suggest_int(name, scale.low, scale.high, log=scale.log)
    real: Any = scale
    log = isinstance(scale, Log | OneMinus)
    return _value(scale, trial.suggest_float(name, real.low, real.high, log=log))


def _value(scale: Scale, suggested: Any) -> Any:
    """The parameter, of what the study holds for it."""
    if isinstance(scale, OneMinus):
        return 1.0 - suggested
    if isinstance(scale, Choice):
        return _options(scale)[suggested]
    return suggested


def _options(scale: Choice) -> dict[Any, Any]:
    """What stands for each option in a study: itself, or its name."""
    plain = all(
        option is None or isinstance(option, bool | int | float | str)
        for option in scale.options
    )
    named = {o if plain else label(o): o for o in scale.options}
    if len(named) < len(scale.options):
        raise ValueError(f"suggest: {scale!r} has options of one name")
    return named


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise ImportError(
            "Prune and requeue need Optuna: pip install 'autograd-core[tune]'"
        ) from error
    return optuna
