"""CONTRIBUTING.md: the kernel and the pass that it shows work as printed."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
HEADS = {
    "def without_empty": """
from collections.abc import Sequence
from autograd_core.program.events import Event, HostCall, Launch
from autograd_kernels import activations

BLOCK

events = [Launch(activations.relu, n, ()) for n in (0, 3, 0, 1)]
events.append(HostCall(abs, (), 0))
assert without_empty(events) == [events[1], *events[3:]]
""",
    "@elements\n    def cube": """
import numpy as np
from autograd_kernels.jit import elements

BLOCK

x = np.arange(2000, dtype=np.float32)
out = np.empty_like(x)
cube(1024, 2000, x, out)
cube(0, 1024, x, out)
assert (out == x * x * x).all()
""",
}


def block(start: str) -> str:
    """The indented lines from ``start`` on, up to one that is not."""
    lines = TEXT[TEXT.index(f"    {start}") :].splitlines()
    found = []
    for line in lines:
        if line and not line.startswith("    "):
            break
        found.append(line)
    return textwrap.dedent("\n".join(found))


@pytest.mark.parametrize("start", HEADS)
def test_what_it_shows_runs(start: str) -> None:
    program = HEADS[start].replace("BLOCK", block(start))
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr


def test_the_files_that_it_names_exist() -> None:
    root = Path(__file__).parents[2]
    names = re.findall(r"\b([a-z_]+\.py)\b", TEXT)
    there = {path.name for path in root.rglob("*.py")}
    assert set(names) <= there
