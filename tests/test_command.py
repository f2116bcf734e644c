"""`python -m autograd_core` and its `warm`."""

import os
import subprocess
import sys

import numpy as np
import pytest

import autograd_core as ag
from autograd_core import __main__ as command
from autograd_core import warm
from autograd_core.ops import TABLE
from autograd_kernels import disk_cache


def test_it_says_what_a_bug_report_needs(capsys):
    assert command.main([]) == 0
    lines = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    assert lines["autograd_core"].startswith(ag.__version__)
    assert np.__version__ in lines["NumPy, Numba"]
    assert lines["threads"].strip() == str(ag.get_num_threads())
    assert str(disk_cache.folder()) in lines["cache"]


def test_a_cache_that_cannot_be_looked_into_has_no_kernels(
    capsys, monkeypatch, tmp_path
):
    for folder in (tmp_path / "none", tmp_path / ("x" * 300)):
        monkeypatch.setattr(disk_cache, "folder", lambda folder=folder: folder)
        assert command.main([]) == 0
        assert "0 kernels, 0.0 MB" in capsys.readouterr().out


def test_an_unknown_command_is_refused(capsys):
    with pytest.raises(SystemExit):
        command.main(["warn"])
    assert "invalid choice: 'warn'" in capsys.readouterr().err


def test_warm_covers_the_op_table_in_both_dtypes():
    assert {name for name, _ in warm.tasks()} == {*TABLE, *warm.OPTIMIZERS}
    assert {dtype for _, dtype in warm.tasks()} == {"float32", "float64"}


SMALL = """
import sys
from autograd_core import warm
warm.tasks = lambda: [("neg", "float32"), ("exp", "float32")]
if __name__ == "__main__":
    print([*warm.warm(2)])
"""


def test_warm_leaves_nothing_to_compile(tmp_path):
    script = tmp_path / "small.py"
    script.write_text(SMALL)
    env = {**os.environ, "AUTOGRAD_CORE_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, script], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[(1, 2), (2, 2)]"
    files = {path.name.partition("-")[0] for path in (tmp_path / "cache").rglob("*")}
    assert {"elementwise.neg", "elementwise.exp"} <= files
