"""Pages of docs/, as their tests read them."""

import re
import subprocess
import sys
from pathlib import Path

import autograd_core as ag

ROOT = Path(__file__).parents[1]
# The modules that the reference is made of.
REFERENCE = [
    name
    for page in sorted((ROOT / "docs" / "reference").glob("*.md"))
    for name in re.findall(r"\.\. names:: (\S+)", page.read_text(encoding="utf-8"))
]


def text_of(name):
    """What docs/``name`` says."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks_of(text):
    """Its blocks of Python."""
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def check_block(block, printed, folder):
    """It runs as a file, warnings being errors, and prints what it should: this."""
    (folder / "example.py").write_text(block)
    run = subprocess.run(
        [sys.executable, "-W", "error", "example.py"],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert run.returncode == 0, run.stderr
    assert re.match(printed, run.stdout), run.stdout
    return run.stdout


def check_names(text):
    """Every name of ours that it uses exists."""
    for name in re.findall(r"\bag\.([a-z_]+)", text):
        assert hasattr(ag, name), name
