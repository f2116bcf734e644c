"""docs/own_op.md: every block of code runs, with warnings as errors."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_core as ag

TEXT = (Path(__file__).parents[1] / "docs" / "own_op.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
PRINTED = [
    r"check_op solve passed\n",
    r"check_op swish passed\n",
    r"check_op rms_norm passed\n[^$]*composed: \S+ ms\nrms_norm: \S+ ms\n",
    r"detect_anomaly: backward of sqrt made inf .*example.py:7\n",
]


@pytest.mark.parametrize("i", range(len(PRINTED)))
def test_its_code_runs(i, tmp_path):
    (tmp_path / "example.py").write_text(BLOCKS[i])
    run = subprocess.run(
        [sys.executable, "-W", "error", "example.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    assert re.match(PRINTED[i], run.stdout), run.stdout


def test_every_block_is_run_and_every_name_exists():
    assert len(BLOCKS) == len(PRINTED)
    for name in re.findall(r"\bag\.([a-z_]+)", TEXT):
        assert hasattr(ag, name), name
