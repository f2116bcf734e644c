"""docs/parallel.md: its blocks run, alone and with two ranks, and say the same."""

import os
import re
import subprocess
import sys

import pytest
from pages import ROOT, blocks_of, check_block, text_of
from test_parallel import MPIEXEC

from autograd_core import train

pytest.importorskip("mpi4py")
pytest.importorskip("sklearn")

TEXT = text_of("parallel.md")
BLOCKS = blocks_of(TEXT)
PRINTED = [r"0\.[0-5]\d+\n$", r"True\n$"]


@pytest.mark.parametrize("which", range(len(PRINTED)))
def test_every_block_runs(which, tmp_path):
    alone = check_block(BLOCKS[which], PRINTED[which], tmp_path)
    if MPIEXEC is None:
        pytest.skip("there is no mpiexec")
    (tmp_path / "digits.safetensors").unlink(missing_ok=True)
    both = subprocess.run(
        [MPIEXEC, "-n", "2", sys.executable, "-m", "mpi4py", "example.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
        env={**os.environ, "AUTOGRAD_CORE_NUM_THREADS": "1"},
    )
    assert both.stdout == alone


def test_names_and_links_exist():
    assert len(BLOCKS) == len(PRINTED)
    for name in re.findall(r"\btrain\.([A-Za-z_]+)", TEXT):
        assert hasattr(train, name), name
    for page in re.findall(r"\]\(([a-z_]+\.md)\)", TEXT):
        assert (ROOT / "docs" / page).exists(), page
