"""What a run is saved as, and whether another one may go on from that."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from autograd_core.nn import Module
from autograd_core.random import default_generator
from autograd_core.train import reports
from autograd_core.train.checkpoint import CheckpointError
from autograd_core.train.data import Batches
from autograd_core.train.history import History
from autograd_core.train.state import check_progress, check_taken

if TYPE_CHECKING:
    from autograd_core.train.run import Run


class ResumeError(CheckpointError, ValueError):
    """A checkpoint that is whole but of another run, model or optimizer."""


def state_of(run: Run) -> dict[str, Any]:
    """Everything that the rest of a run follows from."""
    history, average = run.history, run.average
    return {
        "model": run.model.state_dict(),
        "optimizer": run.opt.state_dict(),
        "average": None if average is None else average.state_dict(),
        "generator": default_generator.get_state(),
        "step": run.step,
        "sums": dict(run.sums),
        "outputs": list(run.outputs_so_far()) if run.outputs else [],
        "history": history.rows,
        "gradchecks": reports.state_of(history.gradchecks),
        "stopped": "" if history.interrupted else history.stopped,
        "settings": settings_of(run),
        "callbacks": [c.state_dict() for c in _stateful(run)],
    }


def restore(run: Run, state: Mapping[str, Any]) -> None:
    """Go on from there; raises ResumeError, and changes nothing, if it cannot."""
    before = state_of(run)
    try:
        _check(run, state)
        check_progress(state, run.batches.steps)
        _take(run, state)
        check_taken(state, state_of(run))
        for callback in _stateful(run):
            callback.check(run)
    except Exception as error:  # a tree from a file may hold anything
        _take(run, before)
        if isinstance(error, ResumeError):
            raise
        what = error if isinstance(error, ValueError) else repr(error)
        raise ResumeError(f"resume: not a state of this run: {what}") from error


def _take(run: Run, state: Mapping[str, Any]) -> None:
    run.model.load_state_dict(state["model"])
    run.opt.load_state_dict(state["optimizer"])
    average = run.average
    if average is not None:
        average.load_state_dict(state["average"])
    default_generator.set_state(state["generator"])
    for callback, given in zip(_stateful(run), state["callbacks"], strict=True):
        callback.load_state_dict(given)
    run.step, run.sums = state["step"], dict(state["sums"])
    run.outputs = [tuple(state["outputs"])] if state["outputs"] else []
    run.history = History(
        [dict(r) for r in state["history"]],
        state["stopped"],
        reports.reports_of(state["gradchecks"]),
    )


def settings_of(run: Run) -> dict[str, Any]:
    """What a resumed run must have again, under the names that `fit` gives it."""
    return {
        **run.batches.describe(),
        "loss": name_of(run.loss),
        "metrics": {name: name_of(metric) for name, metric in run.metrics.items()},
        "valid": _validation(run),
        "valid_every": run.valid_every,
        "shards": run.shards,
        **asdict(run.options),
        "callbacks": [c.kind for c in _stateful(run)],
    }


def _stateful(run: Run) -> list[Any]:
    """Callbacks that have something to keep: others may come and go."""
    return [c for c in run.callbacks if c.state_dict()]


def _check(run: Run, state: Mapping[str, Any]) -> None:
    missing = state_of(run).keys() - state.keys()
    if missing:
        what = f"not the state of a run: no {sorted(missing)}"
        if {"model", "epoch", "row"} <= state.keys():
            what = (
                "this file holds best weights only, and its run is in the one beside it"
            )
        raise ResumeError(f"resume: {what}")
    given = state["settings"]
    for name, value in settings_of(run).items():
        if name not in given or given[name] != value:
            what = f"another {name}: " if name in ("data", "valid") else ""
            what += "its rows have another checksum: " * (name == "data")
            raise ResumeError(
                f"resume: {what}the run was saved with {name}={given.get(name)!r}, "
                f"this one has {value!r}"
            )


def _validation(run: Run) -> dict[str, Any] | None:
    """Rows and their fingerprint."""
    if run.valid is None:
        return None
    x, y, weight = run.valid
    found = Batches(x, y, sample_weight=weight, shuffle=False).describe()
    return {name: found[name] for name in ("rows", "data")}


def name_of(function: Any) -> str:
    """A loss in words, the same in every process."""
    if isinstance(function, Module):
        return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(function))
    if isinstance(function, functools.partial):
        return f"{name_of(function.func)} with {function.args}, {function.keywords}"
    return str(getattr(function, "__name__", type(function).__name__))
