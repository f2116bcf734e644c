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
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core.hooks import Array, recorder
from autograd_kernels import _jit
from autograd_kernels import replay as native

PATIENCE = 20_000  # spins of some 40 ns without work before a helper parks
LONGEST_CYCLE = 1024  # calls from one round of trials to the next
TRIAL_SECONDS = 4e-3  # that the trials of one way may take, two at least


class ThreadTeam:
    """Helper threads, started when first needed; ``size`` counts the caller too.

    There are no more of them than parts that a launch can have.
    """

    def __init__(self, size: int) -> None:
        self.size = min(size, native.MOST_PARTS)
        self.memory = np.zeros(16, np.int64)
        self.control = _address(self.memory)
        self.lock = threading.Lock()
        self.helpers: list[threading.Thread] = []
        self.calls: list[threading.Event] = []
        self.parked: list[bool] = []
        self.closing = False
        self.entries: dict[Any, int] = {}

    def run(
        self,
        kernel: Any,
        units: int,
        args: tuple[Any, ...],
        most: int = native.MOST_PARTS,
    ) -> None:
        """One launch, cut where its kernel may be into ``most`` parts at the most."""
        step = _jit.traits(kernel).step
        grain = -(-units // (min(self.size, most) * step)) * step
        parts = -(-units // grain)
        if parts < 2:
            kernel(0, units, *args)
            return
        words = np.array(exploded(args) + [0] * native.SIZES[-1], np.int64)
        count = len(words) - native.SIZES[-1]
        row = [self.entry(kernel, args), _address(words), count, units, parts, grain, 1]
        self.replay(np.array([row], np.int64), np.zeros(2, np.int64), parts)

    def entry(self, kernel: Any, args: tuple[Any, ...]) -> int:
        """Native address of a kernel for arguments of these types, remembered."""
        kinds = [(a.dtype, a.ndim) if isinstance(a, np.ndarray) else 0 for a in args]
        key = (kernel, *kinds)
        if key not in self.entries:
            self.entries[key] = _jit.address(kernel, (0, 1, *args))
        return self.entries[key]

    def replay(self, table: Array, counts: Array, parts: int) -> int:
        """Run a whole table with whoever is there; see ``native.replay``.

        ``parts`` has the launch of the most: more threads would only be in the way.
        """
        if self.size < 2 or not self.lock.acquire(blocking=False):
            return int(native.replay(_address(table), 0, len(table)))
        try:
            self._wake(min(self.size, parts) - 1)
            where = _address(table), len(table), _address(counts)
            return int(native.replay_shared(self.control, *where))
        finally:
            self.lock.release()

    def _wake(self, count: int) -> None:
        for i in range(len(self.helpers), count):
            self.calls.append(threading.Event())
            self.parked.append(False)
            helper = threading.Thread(target=self._help, args=(i,), daemon=True)
            self.helpers.append(helper)
            self.calls[i].set()
            helper.start()
        for i in range(count):
            if self.parked[i]:
                self.calls[i].set()

    def _help(self, i: int) -> None:
        while True:
            self.parked[i] = True
            self.calls[i].wait()
            self.calls[i].clear()
            self.parked[i] = False
            if self.closing:
                return
            native.serve(self.control, PATIENCE, i + 1)

    def close(self) -> None:
        """Send the helpers home."""
        self.closing = True
        for call in self.calls:
            call.set()
        for helper in self.helpers:
            helper.join()


class ShareOrNot:
    """Alone or shared, whichever has been faster lately for the same work.

    Cores that others use make waiting for a helper's part cost more than the help is
    worth, and no estimate knows that: so both are timed, a few calls in a row each,
    again and again at growing distances. It changes no bit.
    """

    def __init__(self) -> None:
        self.best = [
            math.inf,
            math.inf,
        ]  # seconds alone, shared; of this cycle's trials
        self.call = 0
        self.cycle = 64
        self.trials = 8  # of each way, fewer where a call is long

    def share(self) -> bool:
        """How to make the next call."""
        if self.call >= self.cycle:
            self.cycle = min(2 * self.cycle, LONGEST_CYCLE)
            self.call, self.best = 0, [math.inf, math.inf]
        if self.call < self.trials:
            return True
        if self.call < 2 * self.trials:
            return False
        return self.best[1] < self.best[0]

    def took(self, seconds: float, shared: bool) -> None:
        """What it took."""
        self.call += 1
        self.best[shared] = min(self.best[shared], seconds)
        if seconds * self.trials > TRIAL_SECONDS:  # two: the very first call is cold
            self.trials = max(2, int(TRIAL_SECONDS / seconds))


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def exploded(args: tuple[Any, ...]) -> list[int]:
    """Arguments as the words that compiled code takes (see ``_jit.address``)."""
    words: list[int] = []
    for arg in args:
        if isinstance(arg, np.ndarray):
            words += [0, 0, arg.size, arg.itemsize, _address(arg)]
            words += [*arg.shape, *arg.strides]
        else:
            words.append(int(arg))
    return words


def default_size() -> int:
    """``AUTOGRAD_CORE_NUM_THREADS``, else the cores this process may use."""
    given = os.environ.get("AUTOGRAD_CORE_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    cores = (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else (os.cpu_count() or 1)
    )
    return max(1, math.ceil(min(cores, quota(Path("/sys/fs/cgroup")))))


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


class Lock:
    """A re-entrant lock that a forked child finds free, whoever held it."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Free, held by nobody."""
        self._lock = threading.RLock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """See `threading.RLock`."""
        return self._lock.acquire(blocking, timeout)

    def release(self) -> None:
        """See `threading.RLock`."""
        self._lock.release()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


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
    """Threads that a call may use, itself included."""
    if (listener := recorder()) is not None:
        listener.on_setting(lambda: teams.current.size, "the number of threads")
    return teams.current.size


def set_num_threads(n: int) -> None:
    """Use at most ``n`` threads, 1 or more; beyond 64 as if ``n`` were 64.

    Results do not depend on it.
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise ValueError(f"set_num_threads: expected an integer >= 1, got {n!r}")
    old = teams.current
    if min(int(n), native.MOST_PARTS) != old.size:
        with old.lock:
            teams.renew(int(n))
        old.close()
