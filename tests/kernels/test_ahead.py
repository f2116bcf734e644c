"""Kernels compiled ahead, by other processes; and what a terminal is told meanwhile."""

import importlib
import inspect
import os
import subprocess
import sys
import time

import pytest

from autograd_kernels import ahead


def test_a_claim_is_one_process_s_until_it_ends(tmp_path):
    path = tmp_path / "kernel.nbc"
    script = (
        "import sys, time, pathlib; from autograd_kernels import ahead\n"
        f"ahead.claim(pathlib.Path({str(path)!r}))\n"
        "print('mine', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "mine\n"
    mine = ahead.Claim(path)
    assert not mine.take()
    other.kill()
    other.wait()
    other.stdout.close()
    got = ahead.claim(path)
    assert got is not None
    assert ahead.claim(tmp_path / "another.nbc") is None  # no waiting with one in hand
    got.drop()
    assert list(tmp_path.iterdir()) == []


def test_a_helper_imports_nothing_from_the_working_folder(tmp_path, monkeypatch):
    """Where it would run a user's `secrets.py` because of its name."""
    calls, execute = [], subprocess.run
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(2), raising=False)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    monkeypatch.delenv("AUTOGRAD_CORE_AHEAD", raising=False)
    monkeypatch.setattr(
        subprocess, "run", lambda *args, **options: calls.append((args[0], options))
    )
    ahead.start()
    ((*command, _), options) = calls[0]
    (tmp_path / "secrets.py").write_text("")
    options = {**options, "stdout": subprocess.PIPE, "check": True, "text": True}
    script = "import secrets; print(secrets.__file__)"
    done = execute([*command, script], cwd=tmp_path, **options)
    assert str(tmp_path) not in done.stdout


STEP = """
import numpy as np, autograd_core as ag
from autograd_core import nn, optim
from autograd_kernels import disk_cache
ag.manual_seed(0)
model = nn.Sequential(
    nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 10)
)
opt = optim.Adam(model.parameters())
step = ag.compile(lambda x, y: update(nn.functional.cross_entropy(model(x), y)))
def update(loss):
    opt.zero_grad(); loss.backward(); opt.step()
    return loss
for _ in range(4):
    step(np.ones((32, 64), "f4"), np.arange(32) % 10)
print(*sorted(p.name for p in disk_cache.folder().iterdir()))
"""


def test_what_is_compiled_ahead_is_what_a_first_step_needs(tmp_path):
    """The table is by hand: here it is held against a step, from an empty folder."""
    env = {**os.environ, "AUTOGRAD_CORE_CACHE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", STEP],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    needed = {name.partition("-")[0] for name in done.stdout.split()}
    listed, then = (
        {f"{module}.{kernel}" for module, kernel, _ in ahead.needs(text)}
        for text in (ahead.FIRST, ahead.THEN)
    )
    assert needed - then == listed
    time.sleep(1)
    # The types too: helpers would have written other files beside the step's.
    names = [p.name.partition("-")[0] for p in tmp_path.rglob("*.nbc")]
    twice = {name for name in names if names.count(name) > 1}
    assert twice == {"elementwise.cast"}


@pytest.mark.parametrize("need", [*ahead.needs(), *ahead.needs(ahead.THEN)])
def test_what_is_listed_is_there_and_takes_as_much(need):
    module, name, kinds = need
    kernel = getattr(importlib.import_module(f"autograd_kernels.{module}"), name)
    parameters = inspect.signature(kernel.py_func).parameters
    assert len(ahead.types(module, kinds)) == len(parameters)


SLOW = """
import time
from autograd_kernels.notice import notice
for _ in range(3):
    notice.begin(); time.sleep({each}); notice.end()
"""


@pytest.mark.parametrize(("each", "said"), [(1.2, True), (0.1, False)])
def test_a_terminal_is_told_why_it_stands_still(each, said):
    import pty

    ours, theirs = pty.openpty()
    script = [sys.executable, "-c", SLOW.format(each=each)]
    with subprocess.Popen(script, stderr=theirs) as shown:
        quiet = subprocess.run(script, stderr=subprocess.PIPE, check=True)
    assert shown.returncode == 0
    os.close(theirs)
    try:
        seen = os.read(ours, 1000)
    except OSError:  # nothing was ever written
        seen = b""
    os.close(ours)
    assert (b"compiling kernels for this machine, once" in seen) is said
    assert quiet.stderr == b""
