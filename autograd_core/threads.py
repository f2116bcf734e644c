"""The team: threads that help with large launches, alone or in a Program.

A helper spins in native code for about a millisecond after the last work, then parks.
The caller never waits for one to come: it takes whatever part of a launch nobody has
claimed. If the team is busy with another caller, a Program runs in one thread; the bits
are the same.
"""

from __future__ import annotations

import atexit
import math
import os
import threading
import weakref
from _thread import RLock
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from autograd_core.hooks import recorder
from autograd_kernels.driver import replay as native
from autograd_kernels.native import Array, data_of, exploded, kinds_of

PATIENCE = 20_000  # spins of some 40 ns without work before a helper parks
TRIALS = 8  # calls of each way in a round, fewer where a call is long
TRIAL_SECONDS = 4e-3  # that those of one way may take, two at least
FIRST_PRICE = 0.1  # of all time, that trials of the slower way may cost ...
PRICE = 0.01  # ... once the same way has won again and again
LEAST_REST = 64  # calls between two rounds
GAIN = 0.9  # of the time alone: what takes longer is not worth another core


class Helper(threading.Thread):
    """A thread that helps one team, parked until it is called."""

    def __init__(self, memory: Array, number: int) -> None:
        super().__init__(daemon=True)
        self.memory, self.number = memory, number  # of the team; 0 is the caller
        # In C from end to end: an interrupt inside `threading.Event` may leave its
        # lock taken, and whoever called next would wait for ever.
        self.calls: SimpleQueue[None] = SimpleQueue()
        self.parked = False
        self.closing = False
        self.calls.put(None)

    def run(self) -> None:
        """Work until told to go home."""
        while True:
            self.parked = True
            self.calls.get()
            self.parked = False
            while not self.calls.empty():  # called again before it came
                self.calls.get()
            if self.closing:
                return
            native.serve(data_of(self.memory), PATIENCE, self.number)

    def close(self) -> None:
        """Go home."""
        self.closing = True
        self.calls.put(None)
        self.join()


class ThreadTeam:
    """Helper threads, started when first needed; ``size`` counts the caller too.

    There are no more of them than parts that a launch can have. Who has the team is a
    word that native code sets and clears: no Python runs in between, so no exception
    of a signal handler can leave it taken.
    """

    def __init__(self, size: int) -> None:
        self.size = min(size, native.MOST_PARTS)
        self.memory = np.zeros(16, np.int64)
        self.control = data_of(self.memory)
        self.lock = threading.RLock()  # while helpers are started
        self.helpers: list[Helper] = []
        self.most = self.size - 1  # helpers; less if the system has no more threads

    def run(
        self,
        kernel: Any,
        units: int,
        args: tuple[Any, ...],
        most: int = native.MOST_PARTS,
    ) -> None:
        """One launch, cut where its kernel may be into ``most`` parts at the most."""
        step = kernel.traits.step
        grain = -(-units // (min(self.size, most) * step)) * step
        parts = -(-units // grain)
        if parts < 2:
            kernel(0, units, *args)
            return
        words = np.array(exploded(args) + [0] * native.SIZES[-1], np.int64)
        count = len(words) - native.SIZES[-1]
        address = kernel.address(kinds_of(args))
        row = [address, data_of(words), count, units, parts, grain]
        memory = np.array([*row, 1, 0, 0, 0], np.int64)  # alone, after nothing
        table = data_of(memory)
        self.replay(table, 1, table + 8 * native.COLUMNS, parts)

    def replay(self, table: int, rows: int, counts: int, parts: int) -> int:
        """Run a whole table with whoever is there; see ``native.replay_shared``.

        ``table`` and ``counts``, two words a row, are addresses. ``parts`` has the
        launch of the most: more threads would only be in the way.
        """
        if self.size > 1:
            self.wake(parts)
            stopped = int(native.replay_shared(self.control, table, rows, counts))
            if stopped != native.BUSY:
                return stopped
        return int(native.replay(table, 0, rows))

    def wake(self, parts: int) -> None:
        """Call as many helpers as launches in ``parts`` can have."""
        count = min(self.size, parts) - 1
        if len(self.helpers) < min(count, self.most):
            self._start(count)
        for helper in self.helpers[:count]:
            if helper.parked:
                helper.calls.put(None)

    def _start(self, count: int) -> None:
        with self.lock:
            while len(self.helpers) < min(count, self.most):
                helper = Helper(self.memory, len(self.helpers) + 1)
                try:
                    helper.start()
                except RuntimeError:  # no more threads: the caller does what is left
                    self.most = len(self.helpers)
                else:
                    self.helpers.append(helper)

    def close(self) -> None:
        """Send the helpers home; whoever still calls the team works alone."""
        with self.lock:
            self.most = 0
            helpers, self.helpers = self.helpers, []
        for helper in helpers:
            helper.close()


class ShareOrNot:
    """Alone or shared, whichever has been faster lately for the same work.

    Cores that others use make waiting for a helper's part cost more than the help is
    worth, and so do cores that are far from each other; no estimate knows that. Both
    ways are timed, a few calls in a row each, and again after so long that it costs
    next to nothing. Sharing ends before its time once it has lost what it had won. It
    changes no bit.
    """

    def __init__(self) -> None:
        self.before, self.price = False, FIRST_PRICE  # what was chosen
        self._begin()

    def _begin(self) -> None:
        self.trials = TRIALS
        self.times: tuple[list[float], list[float]] = ([], [])  # alone, shared
        self.waking = 0.0  # seconds of the first shared call: helpers come too late
        self.trying = True
        self.chosen = False  # shared, until the next round
        self.alone = math.inf  # seconds that a call takes alone, typically
        self.won = 0.0  # seconds, by sharing
        self.rest = 0.0  # seconds until the next round

    def share(self) -> bool:
        """How to make the next call."""
        if self.trying:
            return len(self.times[0]) >= self.trials
        if self.rest <= 0:
            self._begin()
        return self.chosen

    @property
    def alike(self) -> float:
        """Calls that may be made the way that `share` has said, without asking."""
        if not self.trying:
            return math.inf
        return max(self.trials - len(self.times[self.share()]), 1)

    def took(self, seconds: float, shared: bool) -> None:
        """What it took."""
        if self.trying:
            self._tried(seconds, shared)
            return
        self.rest -= seconds
        if shared:
            self.won += self.alone - seconds
            if self.won < -TRIALS * self.alone:
                self._rest_after(-self.won, False)

    def _tried(self, seconds: float, shared: bool) -> None:
        if seconds * self.trials > TRIAL_SECONDS:
            self.trials = max(2, int(TRIAL_SECONDS / seconds))
        if shared and not self.waking:
            self.waking = seconds
            return
        self.times[shared].append(seconds)
        alone, together = self.times
        hopeless = sum(together) > 2 * TRIALS * _typical(alone)
        if len(alone) >= self.trials and (len(together) >= self.trials or hopeless):
            self._choose()

    def _choose(self) -> None:
        self.trying = False
        self.alone, together = map(_typical, self.times)
        shared = together < GAIN * self.alone
        best, slower = min(self.alone, together), self.times[not shared]
        slow = slower if shared else [*slower, min(self.waking, max(slower))]
        self._rest_after(sum(slow) - len(slow) * best, shared)
        self.rest = max(self.rest, LEAST_REST * best)

    def _rest_after(self, lost: float, shared: bool) -> None:
        """Choose a way for as long as what trials lost is worth."""
        settled, self.chosen = shared == self.before, shared
        self.price = max(self.price / 2, PRICE) if settled else FIRST_PRICE
        self.before = shared
        self.rest = lost / self.price


def _typical(times: list[float]) -> float:
    """The median, or the less of two: the very first call is cold."""
    return sorted(times)[(len(times) - 1) // 2] if times else math.inf


# What joblib, loky, dask and batch systems set in the workers that they start.
LIMITS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS")


def default_size() -> int:
    """``AUTOGRAD_CORE_NUM_THREADS``, else the cores that this process may use.

    These are no more than the threads that others have given to a worker. Raises
    ImportError if the first is set, and no whole number above 0.
    """
    given = os.environ.get("AUTOGRAD_CORE_NUM_THREADS", "")
    if given:
        if not (given.isascii() and given.isdigit() and int(given)):
            raise ImportError(
                f"AUTOGRAD_CORE_NUM_THREADS is {given!r}, expected a whole number > 0"
            )
        return int(given)
    cores = (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else (os.cpu_count() or 1)
    )
    limits = [os.environ.get(name, "").partition(",")[0] for name in LIMITS]
    allowed = [int(n) for n in limits if n.isascii() and n.isdigit() and int(n)]
    return max(1, math.ceil(min(cores, *allowed, quota(Path("/sys/fs/cgroup")))))


def quota(cgroup: Path) -> float:
    """Cores whose time a container has a right to, or infinity.

    It may see all cores of its host: as many threads would be stopped most of the time.
    """
    v1 = cgroup / "cpu"
    for files in (
        (cgroup / "cpu.max",),
        (v1 / "cpu.cfs_quota_us", v1 / "cpu.cfs_period_us"),
    ):
        try:
            share, period = " ".join(f.read_text() for f in files).split()
            return int(share) / int(period) if int(share) > 0 else math.inf
        except (OSError, ValueError, ZeroDivisionError):  # none, or "max"
            continue
    return math.inf


class Lock(RLock):  # type: ignore[misc]  # is not final
    """A re-entrant lock that a forked child finds free, whoever held it.

    All that takes or frees it is C: an exception of a signal handler, which comes
    between two steps of Python, finds it taken or free, and ``with`` knows which.
    """

    def renew(self) -> None:
        """Free, held by nobody."""
        self._at_fork_reinit()  # type: ignore[attr-defined]


class _Teams:
    """The one team of this process, and all locks; a forked child gets new ones."""

    def __init__(self) -> None:
        self.current = ThreadTeam(default_size())
        self.locks: weakref.WeakSet[Lock] = weakref.WeakSet()
        atexit.register(self.close)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forked)

    def renew(self, size: int | None = None) -> None:
        """Another team, of as many threads unless told otherwise."""
        self.current = ThreadTeam(size or self.current.size)

    def forked(self) -> None:
        """Helpers do not survive a fork; locks may have been held."""
        self.renew()
        for held in self.locks:
            held.renew()

    def close(self) -> None:
        self.current.close()


teams = _Teams()


def lock() -> Lock:
    """A new `Lock`."""
    made = Lock()
    teams.locks.add(made)
    return made


def get_num_threads() -> int:
    """How many threads a call may use, itself included. Returns an int, 1 to 64."""
    if (listener := recorder()) is not None:
        listener.on_setting(lambda: teams.current.size, "the number of threads")
    return teams.current.size


def set_num_threads(n: int) -> None:
    """Use at most ``n`` threads, for the whole process; results do not depend on it.

    ``n`` is an integer, 1 or more (beyond 64 as if it were 64), ValueError otherwise.
    The default is the number of cores that this process may use, or what the variable
    AUTOGRAD_CORE_NUM_THREADS says.
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise ValueError(f"set_num_threads: expected an integer >= 1, got {n!r}")
    old = teams.current
    if min(int(n), native.MOST_PARTS) != old.size:
        teams.renew(int(n))
        old.close()
