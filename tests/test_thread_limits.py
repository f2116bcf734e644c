"""Fewer threads than asked for: what the system gives, and what others allow."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from autograd_core import threads

# No more threads ----------------------------------------------------------------------

LIMITS = {
    "memory for its stack": """
threading.stack_size(1 << 30)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 28), -1))
""",
    "tasks of this user": """
os.setuid(54321)
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
""",
}


@pytest.mark.skipif(sys.platform != "linux", reason="limits as Linux has them")
@pytest.mark.parametrize("what", LIMITS)
def test_a_step_where_the_system_gives_no_thread(what: str) -> None:
    if "setuid" in LIMITS[what] and os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    code = f"""
import os, resource, threading
import numpy as np
import autograd_core as ag

x = ag.randn(600, 600, requires_grad=True)
ag.set_num_threads(2)
(x @ x).sum().backward()
expected, x.grad = x.grad.numpy(), None
ag.set_num_threads(1)
ag.set_num_threads(2)
{LIMITS[what]}
(x @ x).sum().backward()
assert (x.grad.numpy() == expected).all()
from autograd_core.threads import teams
assert teams.current.most == 0
ag.set_num_threads(1)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=120, capture_output=True
    )
    assert not done.stderr


LATE = """
import atexit, threading
import numpy as np

def step(when):
    x.grad = None
    (x @ x).sum().backward()
    print(when, (x.grad.numpy() == 1200).all(), flush=True)

def after_main():
    threading.main_thread().join()
    step("a thread")

atexit.register(step, "after ours")
import autograd_core as ag
atexit.register(step, "before ours")
ag.set_num_threads(2)
x = ag.tensor(np.ones((600, 600), "f4"), requires_grad=True)
threading.Thread(target=after_main).start()
"""


def test_a_step_while_the_interpreter_ends() -> None:
    """Some versions of CPython start no thread any more by then."""
    done = subprocess.run(
        [sys.executable, "-c", LATE], check=True, timeout=120, capture_output=True
    )
    assert done.stdout == b"a thread True\nbefore ours True\nafter ours True\n"
    assert not done.stderr


# How many there are ------------------------------------------------------------------

LIMITED = {
    "nothing": ({}, 4),
    "ours": ({"AUTOGRAD_CORE_NUM_THREADS": "7", "OMP_NUM_THREADS": "1"}, 7),
    "loky's worker": ({"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}, 1),
    "nested levels": ({"OMP_NUM_THREADS": "2,1"}, 2),
    "more than there are": ({"OMP_NUM_THREADS": "64"}, 4),
    "no number": ({"OMP_NUM_THREADS": "many"}, 4),
}


@pytest.mark.parametrize("name", LIMITED)
def test_the_number_of_threads_that_others_allow(name, monkeypatch):
    env, expected = LIMITED[name]
    for variable in (*threads.LIMITS, "AUTOGRAD_CORE_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in env.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(4))
    monkeypatch.setattr(threads, "quota", lambda _: 64)
    assert threads.default_size() == expected


@pytest.mark.parametrize("given", ["0", "-1", "2.0", "abc", "²"])
def test_a_number_of_threads_that_is_none_is_said(given, monkeypatch):
    monkeypatch.setenv("AUTOGRAD_CORE_NUM_THREADS", given)
    with pytest.raises(ImportError, match="expected a whole number > 0"):
        threads.default_size()
