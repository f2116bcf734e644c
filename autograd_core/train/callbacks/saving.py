"""Save a run while it goes on: the last weights, and the best."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd_core.nn import check
from autograd_core.train import checkpoint, files
from autograd_core.train.callbacks.base import Callback
from autograd_core.train.monitor import Best, mode_of

if TYPE_CHECKING:
    from autograd_core.train.run import Run


class Checkpoint(Callback):
    """Saves the whole run every ``every`` epochs, at its end, and when interrupted.

    ``fit(..., resume=path)`` goes on from the file bit for bit, also from the middle of
    an epoch. ``extra`` (a Standardizer's state, class names, ...) is kept in the file
    beside the run. The file before stays, as ``path`` + ".previous": `fit` goes on from
    that, with a warning, where this one is damaged.

    The file holds the last weights. ``best``, the name of a column, also saves the best
    ones after each epoch that is better than all before, to "name.best.ending" beside
    "name.ending" (`best_path`): {"model": weights, "epoch": number, "row": the
    history's, "extra": extra}, for use and not to be resumed from. ``mode`` as in
    `EarlyStopping`.

    Raises before training: CheckpointError if the folder cannot be written to,
    TypeError for an ``extra`` that cannot be saved, KeyError for no such column. Of
    several processes the first writes.
    """

    last = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: int = 1,
        extra: Mapping[str, Any] | None = None,
        best: str | None = None,
        mode: str | None = None,
    ) -> None:
        if not isinstance(path, str | os.PathLike) or not Path(path).name:
            raise TypeError(f"Checkpoint: path must name a file, got {path!r}")
        if not isinstance(extra, Mapping | None):
            raise TypeError(
                f"Checkpoint: extra must be a dict, got {type(extra).__name__}"
            )
        self.path, self.extra = Path(path), dict(extra or {})
        self.every = check.size("Checkpoint: every", every)
        self._best = best and Best(best, mode_of(best, mode, "Checkpoint"))

    @property
    def best_path(self) -> Path:
        """Where the best weights go."""
        return self.path.with_name(f"{self.path.stem}.best{self.path.suffix}")

    def _paths(self) -> set[Path]:
        """The files that are written, wherever links lead."""
        own = [self.path, self.best_path] if self._best else [self.path]
        return {path.resolve() for path in own}

    def reset(self) -> None:
        """Another run's best is nothing to this one."""
        if self._best:
            self._best.forget()

    def check(self, run: Run) -> None:
        """Save what is small, where it will be saved, and take it away again."""
        if self._best:
            run.require_column(self._best.column, "Checkpoint")
        mine = self._paths()
        others = (c for c in run.callbacks if isinstance(c, Checkpoint))
        if any(mine & c._paths() for c in others if c is not self):
            raise ValueError(f"{self!r}: another Checkpoint saves to the same file")
        if run.rank > 0:
            return
        for path in mine:
            try:
                files.check_replaceable(path)
            except OSError as error:
                raise checkpoint.CheckpointError(
                    f"Checkpoint: {path} cannot be written: {error.strerror}; give the "
                    "path of a file"
                ) from error
        states = [c.state_dict() for c in run.callbacks]
        checkpoint.rehearse(self.path, {"extra": self.extra, "callbacks": states})

    def epoch(self, run: Run) -> None:
        """Save if it is time."""
        best = self._best
        if best and run.measured(best.column):
            row = run.history.rows[-1]
            better = best.take(run.history.last(best.column), run.epoch)
            if better and run.rank == 0:
                found = {"model": run.weights(), "epoch": run.epoch, "row": row}
                checkpoint.save(self.best_path, {**found, "extra": self.extra})
        if run.epoch % self.every == 0 or run.done:
            self._save(run)

    def end(self, run: Run) -> None:
        """Save where an interrupt came."""
        if run.history.interrupted:
            self._save(run)

    def _save(self, run: Run) -> None:
        if run.rank > 0:
            return
        tree = run.state_dict() | {"extra": self.extra}
        checkpoint.save(self.path, tree, keep=True)

    def state_dict(self) -> dict[str, Any]:
        """What the best was."""
        if not self._best:
            return {}
        return {"best": self._best.value, "best_epoch": self._best.epoch}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        if self._best:
            self._best.value, self._best.epoch = state["best"], state["best_epoch"]

    def __repr__(self) -> str:
        best = f", best={self._best.column!r}" if self._best else ""
        return f"Checkpoint({str(self.path)!r}, every={self.every}{best})"
