"""Killed at random moments and resumed: the final bits are those of a quiet run."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).with_name("killed_run.py")


def launched(path, epochs, mode):
    command = [sys.executable, SCRIPT, path, str(epochs), mode]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finished(path, epochs, mode):
    """The last line of a run that is left alone."""
    with launched(path, epochs, mode) as process:
        out, _ = process.communicate()
    assert process.returncode == 0
    return out.splitlines()[-1]


def killed(path, epochs, mode, rng):
    """Whether the run was under way when it was killed, some epochs on."""
    with launched(path, epochs, mode) as process:
        for _ in range(rng.integers(1, 9)):
            process.stdout.readline()
        time.sleep(rng.uniform(0, 0.02))  # saving, or in the middle of the next epoch
        process.kill()
    return process.returncode == -signal.SIGKILL


def survives(kills, epochs, mode, folder):
    quiet = finished(folder / "quiet", epochs, mode)
    assert quiet.startswith(f"{epochs} ")
    path, rng = folder / "run", np.random.default_rng(kills)
    assert all(killed(path, epochs, mode, rng) for _ in range(kills))
    assert path.exists()  # else it has only ever begun
    assert finished(path, epochs, mode) == quiet
    names = {file.name for file in folder.iterdir()}
    kept = {f"{run}{end}" for run in ("quiet", "run") for end in ("", ".previous")}
    assert names == kept
    return quiet


@pytest.mark.parametrize("mode", ["eager", "compiled"])
def test_three_kills(mode, tmp_path):
    survives(3, 60, mode, tmp_path)


@pytest.mark.slow
def test_twenty_kills_eager_and_compiled(tmp_path):
    results = set()
    for mode in ("eager", "compiled"):
        folder = tmp_path / mode
        folder.mkdir()
        results.add(survives(20, 500, mode, folder))
    assert len(results) == 1
