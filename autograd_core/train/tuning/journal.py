"""The file of a search: a line for each finished trial, on the disk before the next."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from io import FileIO
from typing import Any

from autograd_core.train.tuning.result import Trial
from autograd_core.train.tuning.space import Scale, label

FORMAT = 1


class Journal:
    """The trials that a file holds, and a way to append more; without a file, none.

    The first line says which search it is; the rest is one JSON object a line, in the
    order in which trials were finished. A last line that a crash has cut is dropped:
    its trial is done again. Raises ValueError for a line that is damaged.
    """

    def __init__(self, file: FileIO | None = None, lines: Sequence[bytes] = ()) -> None:
        self.file = file
        self.found: dict[int, Trial] = {}
        for place, line in enumerate(lines, 2):
            trial = self._trial(place, line)
            if trial.number in self.found:
                raise ValueError(
                    f"search: line {place} of {self._name} has trial {trial.number} "
                    "for the second time; delete one of the two"
                )
            self.found[trial.number] = trial

    def read(
        self, number: int, params: dict[str, Any], round_: int, trials: int
    ) -> Trial | None:
        """The trial of that number, if it is finished.

        Raises ValueError if it is of another round.
        """
        trial = self.found.get(number)
        if trial is None:
            return None
        if trial.round != round_:
            raise ValueError(
                f"search: {self._name} has trial {number} in round {trial.round}, with "
                f"trials={trials} it is of round {round_}: go on with as many trials a "
                "round as before, or give another path"
            )
        return replace(trial, params=params)

    def _trial(self, place: int, line: bytes) -> Trial:
        """Of a line, without its parameters, which follow from the number."""
        try:
            row = json.loads(line)
            return Trial(
                int(row["trial"]),
                {},
                float("nan") if row["score"] is None else float(row["score"]),
                float(row["seconds"]),
                {str(n): _number(v) for n, v in row["values"].items()},
                int(row["round"]),
                str(row["error"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"search: line {place} of {self._name} is damaged ({error!r}); delete "
                "it, and its trial is done again"
            ) from error

    def append(self, trial: Trial, space: Mapping[str, Scale]) -> None:
        """Put a trial on the disk; raises OSError."""
        if self.file is None:
            return
        row = {
            "trial": trial.number,
            "round": trial.round,
            "score": None if trial.failed else trial.score,
            "params": {name: _plain(trial.params[name]) for name in space},
            "values": trial.values,
            "seconds": trial.seconds,
            "error": trial.error,
        }
        _write(self.file, row)

    @property
    def _name(self) -> str:
        return "" if self.file is None else str(self.file.name)


@contextmanager
def journal(
    path: str | os.PathLike[str] | None, head: Mapping[str, Any]
) -> Iterator[Journal]:
    """Open the file of the search ``head``, or make it.

    Raises ValueError if it is another's, OSError if it cannot be written or another
    process is writing it.
    """
    if path is None:
        yield Journal()
        return
    head = {"search": FORMAT, **head}
    with open(path, "a+b", buffering=0) as file:  # appends, wherever it was read
        _lock(file)
        file.seek(0)
        text = file.read()
        if _encoded(head).startswith(text):  # new, or killed while it was made
            file.truncate(0)
            _write(file, head)
            yield Journal(file)
            return
        whole, _, cut = text.rpartition(b"\n")
        first, *lines = whole.split(b"\n")
        _check_head(first, head, file.name)
        file.truncate(len(text) - len(cut))
        yield Journal(file, lines)


def _encoded(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row).encode() + b"\n"


def _write(file: FileIO, row: Mapping[str, Any]) -> None:
    """A line, all of it, and on the disk; raises OSError."""
    line = _encoded(row)
    while line:
        line = line[file.write(line) :]
    os.fsync(file.fileno())


def _check_head(line: bytes, head: Mapping[str, Any], path: Any) -> None:
    """Raise ValueError unless the file is of this search."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("search") != FORMAT:
        raise ValueError(f"search: {path} is no file of train.search; not touched")
    for name, value in head.items():
        if found.get(name) != value:
            raise ValueError(
                f"search: {path} was searched with {name}={found.get(name)!r}, this "
                f"search has {value!r}; give it another path"
            )


def _lock(file: FileIO) -> None:
    """Keep other processes out until the file is closed, or this process killed."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise BlockingIOError(
            f"search: another process is searching with {file.name}; give each its "
            "own path, or let several workers share an Optuna study (docs/tuning.md)"
        ) from None
    except OSError:  # a file system without locks
        return


def _number(value: Any) -> float:
    """As it was; ValueError or TypeError if it is none."""
    return value if isinstance(value, int) else float(value)


def _plain(value: Any) -> Any:
    """What JSON can hold."""
    with suppress(TypeError):
        json.dumps(value)
        return value
    return label(value)
