"""Trials in several processes, of which any may die."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any

from autograd_core.threads import get_num_threads, set_num_threads
from autograd_core.train.tuning.interrupt import Presses

Job = tuple[int, dict[str, Any]]  # a trial's number and parameters
Outcome = Any  # what the measure returns, or the exception that it raises
Measure = Callable[[int, dict[str, Any]], Outcome]

FORKS = "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
PATIENCE = 1.0  # seconds for a worker to end in


def outcome_of(measure: Measure, job: Job) -> Outcome:
    """What is measured, or the error."""
    try:
        return measure(*job)
    except BaseException as error:
        return error


class Workers:
    """Processes that measure jobs; none is left when the ``with`` block ends.

    They are forked where that is safe, so that the measure may be anything; elsewhere
    it is pickled. A job whose worker dies is given to a new one; if that dies too its
    outcome is ``lost(job, why)``. Ctrl-C is the caller's alone to handle.
    """

    def __init__(
        self,
        count: int,
        measure: Measure,
        lost: Callable[[str], Outcome],
        presses: Presses,
    ) -> None:
        self.count, self.measure = count, measure
        self.lost, self.presses = lost, presses
        self.workers: list[Worker] = []
        if count > 1 and not FORKS:
            check_portable(measure)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self.workers:
            worker.process.terminate()
        for worker in self.workers:
            worker.close()

    def results(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Outcome]]:
        """What becomes of each job, as they are finished."""
        waiting, again = deque(jobs), set[int]()
        while waiting or any(worker.job for worker in self.workers):
            self._hand_out(waiting)
            busy = {worker.pipe: worker for worker in self.workers if worker.job}
            with self.presses.trial():
                ready = wait(list(busy))
            for worker in [busy[pipe] for pipe in busy if pipe in ready]:
                job = worker.job
                assert job is not None
                try:
                    outcome, worker.job = worker.pipe.recv(), None
                except (EOFError, OSError):
                    self.workers.remove(worker)
                    code = worker.close()
                    if job[0] not in again:
                        again.add(job[0])
                        waiting.appendleft(job)
                        continue
                    outcome = self.lost(f"its worker died twice (exit code {code})")
                yield job, outcome

    def _hand_out(self, waiting: deque[Job]) -> None:
        """A job to each idle worker, and to new ones up to their number."""
        while len(self.workers) < min(self.count, len(waiting)):
            threads = max(1, get_num_threads() // self.count)
            pipes = [worker.pipe for worker in self.workers]
            self.workers.append(Worker(self.measure, threads, pipes))
        for worker in self.workers:
            if waiting and not worker.job:
                worker.give(waiting.popleft())


def check_portable(measure: Measure) -> None:
    """TypeError for what another process cannot be given."""
    try:
        pickle.dumps(measure)
    except Exception as error:
        raise TypeError(
            "search: workers are started anew on this system, so score must be a "
            f"function of a module, not one in another or a lambda: {error}"
        ) from error


class Worker:
    """A process that measures a job at a time; ``job`` is the one it is at."""

    def __init__(
        self, measure: Measure, threads: int, others: list[Connection]
    ) -> None:
        context: Any = multiprocessing.get_context("fork" if FORKS else "spawn")
        self.pipe, theirs = context.Pipe()
        inherited = [*others, self.pipe] if FORKS else []
        self.process = context.Process(
            target=serve, args=(theirs, measure, threads, inherited)
        )
        self.job: Job | None = None
        with warnings.catch_warnings():  # our threads and locks do survive a fork
            warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
            self.process.start()
        theirs.close()

    def give(self, job: Job) -> None:
        """Have it measured; a worker that is gone is noticed when it is waited for."""
        self.job = job
        try:
            self.pipe.send(job)
        except OSError:
            return

    def close(self) -> int | None:
        """Wait for its end, or see to it; the exit code."""
        self.pipe.close()
        self.process.join(PATIENCE)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        code: int | None = self.process.exitcode
        return code


def serve(
    pipe: Connection, measure: Measure, threads: int, inherited: list[Connection]
) -> None:
    """Measure what comes through the pipe until its other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in inherited:  # or no worker would see that the parent is gone
        other.close()
    set_num_threads(threads)
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        pipe.send(portable(outcome_of(measure, job)))


def portable(outcome: Outcome) -> Outcome:
    """Itself if it can be pickled; an error says where it was raised."""
    if not isinstance(outcome, BaseException):
        return outcome
    text = "".join(traceback.format_exception(outcome))
    try:
        pickle.loads(pickle.dumps(outcome))  # noqa: S301 - made in the line itself
    except Exception:
        outcome = RuntimeError(f"{type(outcome).__name__}: {outcome}")
    outcome.add_note(f"It was raised in a worker process:\n{text}")
    return outcome
